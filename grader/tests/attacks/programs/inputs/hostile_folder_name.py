"""Tried: a repository whose own name is a workflow command with an escape sequence.

Must: neutralised wherever it is shown.
"""


def build_tree(kit):
    kit.folder = kit.folder / "x\n::error::FORGED\x1b[31m\u202e"
    kit.write("minigpt/attention.py", kit.wrong)
