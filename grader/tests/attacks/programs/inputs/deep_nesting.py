"""Tried: a hundred thousand brackets, which break a parser's stack.

Must: an error of that file; nothing of the grader breaks.
"""


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong + "\nx = " + "(" * 100_000 + ")" * 100_000 + "\n")
