"""Tried: each lesson's module is something else: a bomb of brackets, latin-1, a NUL, a link, a folder, a pipe.

Must: each costs itself and says what is wrong.
Lessons: 2 3 4 5 6
"""
import os


def build_tree(kit):
    broken = {"2": b"(" * 100_000, "3": "é = 1".encode("latin-1"), "4": b"x = 1\0", "6": b"\xff\xfe" + b"x\0" * 9}
    for lesson in "2346":
        kit.write(kit.module_of(lesson), kit.wrong_of(lesson) if kit.honest else broken[lesson])
    if kit.honest:
        kit.write(kit.module_of("5"), kit.wrong_of("5"))
    else:
        os.mkfifo(kit.folder / kit.module_of("5"))
