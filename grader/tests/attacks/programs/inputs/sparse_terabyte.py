"""Tried: a file that says it has a terabyte.

Must: set aside without being read.
"""
import os


def build_tree(kit):
    kit.write("minigpt/attention.py", "")
    os.truncate(kit.folder / "minigpt/attention.py", 1 << 40)
    kit.write("minigpt/big.py", "#" * (2 << 20))
