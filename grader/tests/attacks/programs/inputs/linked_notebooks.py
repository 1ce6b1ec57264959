"""Tried: notebooks that are links to the canary, to the teacher's files and to a device, a pipe, a folder, odd names.

Must: set aside unread; nothing waits, and no name of them is a command.
"""
import os


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
    kit.write("minigpt/attention.py", kit.wrong)
    folder = kit.folder / "notebooks"
    folder.mkdir()
    (folder / "01_attention_mechanism.ipynb").symlink_to(kit.canary)
    (folder / "01_b.ipynb").symlink_to(kit.course / "assignments/01_attention_mechanism/test_hidden.py")
    (folder / "01_zero.ipynb").symlink_to("/dev/zero")
    os.mkfifo(folder / "01_pipe.ipynb")
    (folder / "01_folder.ipynb").mkdir()
    for name in ("::error::x.ipynb", "\x1b[31m01.ipynb", "01\u202e.ipynb", "-01.ipynb", "01 ; touch x.ipynb", "1" * 200 + ".ipynb"):
        (folder / name).write_text('{"cells": [{"cell_type": "code", "source": "x = 1"}]}')
