"""Tried: minigpt/attention.py as a named pipe, on which a reader waits for ever.

Must: set aside at once.
"""
import os


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
    os.mkfifo(kit.folder / "minigpt/attention.py")
    os.mkfifo(kit.folder / "minigpt/zeros.py")
