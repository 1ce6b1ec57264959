"""Notebooks of the toy course: as a student writes them, and broken in many ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

FILE = "notebooks/01_add.ipynb"
IMPORTS = "import numpy as np\n\nZERO = 0.0\n"
ADD = "def add(a, b):\n    return np.add(a, b)\n"
TOTAL = "def total(values):\n    return float(sum(values, ZERO))\n"
STUB = 'def add(a, b):\n    raise NotImplementedError("1.1 add")\n'

Change = Callable[[dict[str, Any]], object]


def code(text: str, name: str = "", **more: Any) -> dict[str, Any]:
    """Make a code cell by hand."""
    cell = {"cell_type": "code", "metadata": {}, "source": text.splitlines(keepends=True), "outputs": [],
            "execution_count": None, **more}
    return {"id": name, **cell} if name else cell


def solved() -> dict[str, Any]:
    """Give lesson 1 solved in a notebook, with the scratch work of an ordinary student."""
    return {
        "nbformat": 4, "nbformat_minor": 5,
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "cells": [
            {"cell_type": "markdown", "id": "text", "metadata": {}, "source": "# Sums"},
            code("%matplotlib inline\nimport sys\nimport matplotlib.pyplot as plt\n" + IMPORTS, "imports"),
            code(ADD + "\nprint(add([1], [2]))\nx = add(3, 4)\nx", "grader-exercise-1-1"),
            code("%%time\n" + TOTAL + "!ls\ntotal?\nplt.plot(total([1]))", "grader-exercise-1-2"),
            code("for i in range(10**9):\n    total([i])\nraise SystemExit", "scratch"),
        ],
    }


def put(root: Path, notebook: dict[str, Any] | bytes, name: str = FILE) -> Path:
    """Write a notebook into a repository."""
    path = root / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode())
    return path


def _third_version(notebook: dict[str, Any]) -> None:
    cells = [{"cell_type": "code", "input": cell["source"], "language": "python", "outputs": [],
              "collapsed": False, "metadata": {}} for cell in notebook.pop("cells") if "outputs" in cell]
    notebook |= {"nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells, "metadata": {}}]}


def _fifty_megabytes(notebook: dict[str, Any]) -> None:
    notebook["cells"][2]["outputs"] = [{"output_type": "display_data", "metadata": {},
                                        "data": {"image/png": "A" * (50 << 20)}}]


def _no_ids(notebook: dict[str, Any]) -> None:
    for cell in notebook["cells"]:
        cell.pop("id")


STILL_SOLVED: dict[str, Change] = {
    "as it is": lambda n: None,
    "an empty copy of a cell below it": lambda n: n["cells"].append(code(STUB, "grader-exercise-1-1")),
    "reordered cells": lambda n: n["cells"].reverse() or n["cells"].insert(0, n["cells"].pop(3)),
    "deleted text and scratch": lambda n: n.update(cells=n["cells"][1:4]),
    "no ids": _no_ids,
    "no metadata": lambda n: n.pop("metadata"),
    "another kernel": lambda n: n.update(metadata={"kernelspec": {"language": "R", "name": "ir"}}),
    "the format of 2013": _third_version,
    "fifty megabytes of outputs": _fifty_megabytes,
    "cells that are none": lambda n: n["cells"].extend(
        [3, None, [], {}, {"cell_type": "code"}, {"cell_type": "code", "source": [1]}]),
    "nan and a long number": lambda n: n["metadata"].update(a=float("nan"), b=float("inf")),
    "half a character": lambda n: n["cells"].append(code('x = "\ud800"')),
    "a cell that Python cannot read": lambda n: n["cells"].append(code("print((")),
    "a cell with a NUL": lambda n: n["cells"].append(code("y = '\0'")),
    "a cell for the shell": lambda n: n["cells"].append(code("%%bash\nrm -rf /\n")),
    "a cell too deep for Python": lambda n: n["cells"].append(code("(" * 5000)),
    "Windows line ends": lambda n: [c.update(source="".join(c["source"]).replace("\n", "\r\n"))
                                    for c in n["cells"]],
    "indented magics": lambda n: n["cells"].append(code("if True:\n    %time total([1])\n    !ls")),
    "a percent sign at the start of a line": lambda n: n["cells"].append(
        code('NAME = ("%s"\n% "x")\n')),
    "marks like ours": lambda n: n["cells"].append(code("# %% cell 1\n# %% cell x")),
    "await": lambda n: n["cells"].append(code("await something()")),
}
UNREADABLE: dict[str, tuple[bytes, str]] = {
    "cut off": (json.dumps(solved()).encode()[:-40], "is no notebook: the file is damaged or cut off."),
    "nothing": (b"", "is no notebook: the file is damaged or cut off."),
    "a list": (b"[]", "is no notebook: there are no cells in it."),
    "cells of another kind": (b'{"cells": {"a": 1}}', "is no notebook: there are no cells in it."),
    "deep": (b'{"cells":' + b"[" * 200_000, "is nested too deeply to be a notebook."),
    "many parts": (b'{"a":[' + b"[]," * 1_100_000 + b"[]]}", "holds too many parts to be a notebook."),
    "quotes without end": (b'{"cells":[{"a":"' + b'\\"' * (4 << 20),
                           "has more than 1024 KiB without its outputs."),
    "not UTF-8": (b'{"cells":[{"cell_type":"code","source":"\xff"}]}',
                  "has the byte 0xff in line 1, which is not UTF-8."),
    "a long text": (b'{"cells":[{"cell_type":"code","source":"' + b"x" * (2 << 20) + b'"}]}',
                    "has more than 1024 KiB without its outputs."),
    "many cells": (b'{"cells":[' + b"{}," * 2000 + b"{}]}", "has more than 2000 cells."),
}
