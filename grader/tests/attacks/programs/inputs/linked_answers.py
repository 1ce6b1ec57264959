"""Tried: answers that are links to the reference's and to the teacher's files, pipes, folders, and a device.

Must: set aside unread; nothing waits.
Lessons: all
"""
import os


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
    answers = kit.folder / "answers"
    answers.mkdir()
    (answers / "me.toml").symlink_to(kit.canary)
    (answers / "checkpoint_1.toml").symlink_to(kit.course / "reference/answers/checkpoint_1.toml")
    os.mkfifo(answers / "checkpoint_3.toml")
    (answers / "checkpoint_6.toml").mkdir()
    (answers / "drawing.png").symlink_to("/dev/zero")
