"""Tried: bytes that are not UTF-8.

Must: rejected with a clear word.
"""


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong.encode() + b"\n# caf\xe9\n")
