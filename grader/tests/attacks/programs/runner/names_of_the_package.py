"""Tried: modules that are called like pytest, like the grader's own, and like lessons that do not exist; a folder too.

Must: a package of one's own has such names to itself; nothing outside of it is replaced.
Lesson: 2
"""


def build_tree(kit):
    kit.write("minigpt/self_attention.py", kit.wrong_of("2") + "" if kit.honest else kit.wrong_of("2")
              + "\nfrom . import pytest, wire, values, worker\n")
    if not kit.honest:
        for name in ("pytest", "wire", "values", "worker", "test_hidden", "conftest", "sandbox/client", "numpy/__init__"):
            kit.write(f"minigpt/{name}.py", "import sys\nfor m in list(sys.modules.values()):\n"
                      "    vars(m).update(REPLY_LIMITS=None, problems=None) if 'grader' in m.__name__ else None\n")
