"""Tried: a directory where the teacher lets the report be written.

Must: exit code 2 with a clear word, nothing lost.
"""


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong)
    kit.write("results.json/keep.txt", "x")
    return kit.folder / "results.json"
