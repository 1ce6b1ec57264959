"""Tried: a link to someone else's file where the teacher lets the report be written.

Must: that file stays as it is.
"""


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong)
    (kit.folder / "results.json").symlink_to(kit.canary)
    return kit.folder / "results.json"
