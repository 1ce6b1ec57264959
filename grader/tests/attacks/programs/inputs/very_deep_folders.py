"""Tried: folders three hundred levels deep, with a module at the end.

Must: set aside.
"""


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong)
    kit.write("minigpt/" + "d/" * 300 + "x.py", "x = 1\n")
