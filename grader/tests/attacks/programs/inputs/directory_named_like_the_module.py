"""Tried: a directory named attention.py, with the reference's name inside.

Must: rejected with a clear word.
"""


def build_tree(kit):
    kit.write("minigpt/attention.py/__init__.py", kit.wrong)
    kit.write("minigpt/attention/__init__.py", kit.wrong)
