"""Tried: NUL bytes in the source.

Must: rejected with a clear word.
"""


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong + "\nx = '\0'\n")
