"""Tried: minigpt/attention.py as a link to the reference.

Must: set aside; no points.
"""


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
    (kit.folder / "minigpt/attention.py").symlink_to(kit.course / "reference/minigpt/attention.py")
