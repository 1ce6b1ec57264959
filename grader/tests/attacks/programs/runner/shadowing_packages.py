"""Tried: folders and modules called numpy, grader, pytest and like the standard library's.

Must: the real ones are used; numpy and grader are set aside.
"""


def build_tree(kit):
    kit.write("minigpt/attention.py", kit.wrong)
    evil = f"open('/tmp/{kit.marker}', 'w').write('ran')\nraise SystemExit(0)\n"
    for folder in ("", "minigpt/"):
        for name in ("numpy", "grader", "pytest", "pytest_jsonreport", "_pytest", "click", "rich"):
            kit.write(f"{folder}{name}/__init__.py", evil)
        for name in ("math", "json", "random", "typing", "os", "struct"):
            kit.write(f"{folder}{name}.py", evil)
