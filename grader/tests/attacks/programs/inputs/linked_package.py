"""Tried: the folder minigpt as a link to the reference's.

Must: a clear error, exit code 2.
"""


def build_tree(kit):
    (kit.folder / "minigpt").symlink_to(kit.course / "reference/minigpt")
