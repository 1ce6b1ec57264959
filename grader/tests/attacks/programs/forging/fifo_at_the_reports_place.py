"""Tried: a named pipe without a reader where the teacher lets the report be written.

Must: grading does not hang.
"""
import os


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong)
    os.mkfifo(kit.folder / "results.json")
    return kit.folder / "results.json"
