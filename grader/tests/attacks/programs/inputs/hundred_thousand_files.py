"""Tried: a hundred thousand files beside the module.

Must: a clear word, quickly.
"""
import os


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong)
    first = kit.folder / "minigpt" / "f.py"
    first.write_text("x = 1\n")
    for i in range(100_000):
        name = f"{kit.folder}/minigpt/f{i // 50_000}_{i}.py"
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
