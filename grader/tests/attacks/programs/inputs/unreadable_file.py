"""Tried: a module that nobody may read, and a folder that nobody may list.

Must: a clear word (root may read it, and then it earns the honest score).
"""


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong)
    kit.write("minigpt/secret/x.py", "x = 1\n")
    (kit.folder / "minigpt/attention.py").chmod(0)
    (kit.folder / "minigpt/secret").chmod(0)
