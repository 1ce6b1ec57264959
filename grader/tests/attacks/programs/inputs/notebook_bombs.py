"""Tried: notebooks that are deep, long, cut off, endless in one string, full of keys, numbers, cells and other notebooks.

Must: each costs itself, in an instant, and the memory of none of them adds up.
"""
import json

MANY = 600


def build_tree(kit):
    kit.write("minigpt/__init__.py", "")
    kit.write("minigpt/attention.py", kit.wrong)
    cell = {"cell_type": "code", "metadata": {}, "source": "x = 1"}
    bombs = [
        '{"cells":' + "[" * 500_000, '{"cells":[' + "{}," * 500_000 + "{}]}", '{"cells":["' + '\\"' * 4_000_000,
        '{"cells":[' + "1" * 4_000_000 + "]}", '{"a":' * 200_000, "[" + "[]," * 3_000_000 + "[]]",
        json.dumps({"cells": [cell] * 100_000}), json.dumps({"cells": [{**cell, "source": "x" * (40 << 20)}]}),
        json.dumps({"cells": [{**cell, "source": ["x\n"] * 400_000}]}), '{"cells": NaN}', "\0" * (1 << 20),
        json.dumps({"cells": [{**cell, "outputs": [{"data": "A" * (60 << 20)}]}]}),
        json.dumps({"cells": [{**cell, "source": "def softmax(x): " + "-" * 500_000 + "x"}]}),
        json.dumps({"cells": [{**cell, "source": "def softmax(x): return " + "(" * 200_000}]}),
    ]
    for number, bomb in enumerate(bombs):
        kit.write(f"notebooks/01_{number:03}.ipynb", bomb)
    for number in range(MANY):
        kit.write(f"notebooks/{number:04}.ipynb", '{"cells": []}')
    with (kit.folder / "notebooks" / "01_attention_mechanism.ipynb").open("wb") as file:
        file.truncate(1 << 40)
