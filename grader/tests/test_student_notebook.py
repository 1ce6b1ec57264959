"""`grader notebook`: made from the lesson and the module, repaired, and brought back into the module."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import nbformat
import pytest

from grader.course import load_course
from grader.errors import UsageError
from grader.student.notebook import make_notebook
from grader.student.to_module import bring_to_module
from grader.submission import read_submission
from grader.tests.notebook_samples import (
    ADD,
    FILE,
    STILL_SOLVED,
    STUB,
    TOTAL,
    UNREADABLE,
    Change,
    code,
    put,
    solved,
)
from grader.tests.student_samples import grader_program

MODULE = "toypkg/add.py"
IDS = [
    "grader-about", "grader-setup", "grader-part-1", "grader-text-lesson-1-adding",
    "grader-text-sums", "grader-text-your-inputs-belong-to-the-caller", "grader-text-totals",
    "grader-exercise-1-1", "grader-check-1-1", "grader-exercise-1-2", "grader-check-1-2",
]


def cells(root: Path) -> list[dict[str, Any]]:
    """Read a notebook's cells, after nbformat has approved of it."""
    nbformat.validate(nbformat.read(root / FILE, as_version=nbformat.NO_CONVERT))
    return list(json.loads((root / FILE).read_text(encoding="utf-8"))["cells"])


def source(root: Path, name: str) -> str:
    """Read one cell."""
    [cell] = [cell for cell in cells(root) if cell["id"] == name]
    return "".join(cell["source"])


def change(root: Path, how: Change) -> None:
    """Change a notebook by hand."""
    notebook = json.loads((root / FILE).read_text(encoding="utf-8"))
    how(notebook)
    put(root, notebook)


def make(root: Path, *, from_module: bool = False) -> Any:
    """Make or repair the notebook of lesson 1."""
    course = load_course(root)
    return make_notebook(course, course.lesson("1"), from_module=from_module)


def bring(root: Path) -> Any:
    """Bring the notebook of lesson 1 into its module."""
    course = load_course(root)
    return bring_to_module(course, course.lesson("1"))


def write(cell: str, text: str) -> Change:
    """Write into one cell."""
    return lambda notebook: next(c for c in notebook["cells"] if c["id"] == cell).update(source=text)


def test_a_notebook_has_the_lesson_and_its_functions(toy_student: Path) -> None:
    """Text, the functions of the module as they are, a check below each; valid, and made once."""
    readme = toy_student / "assignments/01_add/README.md"
    readme.write_text(readme.read_text(encoding="utf-8").replace(
        "The total of", "**Exercise 1.1** is here. ![a](a.svg) [b](../02_scale/README.md) [c](#sums) "
        "[d](https://e.org/f)\n\nThe total of", 1), encoding="utf-8")
    assert make(toy_student).is_new
    names = [cell["id"] for cell in cells(toy_student)]
    assert names == IDS
    assert [name for name in IDS if "\ndef " in f"\n{source(toy_student, name)}"] == [
        "grader-part-1", "grader-exercise-1-1", "grader-exercise-1-2"]
    assert source(toy_student, "grader-check-1-1").endswith('!"{sys.executable}" -m grader check 1.1')
    assert ("![a](../assignments/01_add/a.svg) [b](../assignments/02_scale/README.md) "
            "[c](../assignments/01_add/README.md#sums) [d](https://e.org/f)"
            ) in source(toy_student, "grader-text-totals")
    done = make(toy_student)
    assert (done.news, done.backup, done.is_new) == ((), "", False)


def test_it_begins_with_what_is_written(toy_student: Path) -> None:
    """Work that is in the module already is in the notebook; a function that is missing has no cell."""
    (toy_student / MODULE).write_text("import numpy as np\r\n\r\n\r\n" + ADD.replace("\n", "\r\n"),
                                      encoding="utf-8", newline="")
    make(toy_student)
    assert source(toy_student, "grader-exercise-1-1") == ADD.rstrip()
    assert "grader-exercise-1-2" not in [cell["id"] for cell in cells(toy_student)]


@pytest.mark.parametrize("how", sorted(set(STILL_SOLVED) - {"as it is"}))
def test_every_damage_is_repaired(how: str, toy_student: Path) -> None:
    """All of our cells are there once, the student's functions are kept, and so is the old file."""
    notebook = solved()
    STILL_SOLVED[how](notebook)
    path = put(toy_student, notebook)
    old = path.read_bytes()
    done = make(toy_student)
    assert (toy_student / done.backup).read_bytes() == old
    names = [cell["id"] for cell in cells(toy_student)]
    assert [names.count(name) for name in IDS] == [1] * len(IDS)
    assert ADD.strip() in source(toy_student, "grader-exercise-1-1").replace("\r\n", "\n")
    assert TOTAL.strip() in source(toy_student, "grader-exercise-1-2").replace("\r\n", "\n")
    assert make(toy_student).news == ()


@pytest.mark.parametrize("how", UNREADABLE)
def test_what_cannot_be_read_is_made_anew(how: str, toy_student: Path) -> None:
    """The damaged file is kept, byte for byte."""
    data, sentence = UNREADABLE[how]
    put(toy_student, data)
    done = make(toy_student)
    assert done.news[0].startswith(f"It {sentence}")
    assert (toy_student / done.backup).read_bytes() == data
    assert [cell["id"] for cell in cells(toy_student)] == IDS


def test_twins_become_one(toy_student: Path) -> None:
    """Of two cells with an id, the one that is written keeps it; another text of the student's stays."""
    make(toy_student)
    change(toy_student, lambda n: n["cells"].extend([
        code(ADD, "grader-exercise-1-1"), code(STUB, "grader-exercise-1-1"),
        code("mine = 1", "grader-setup")]))
    done = make(toy_student)
    assert done.news == ("3 cells had the id grader-exercise-1-1; one has it now.",
                         "2 cells had the id grader-setup; one has it now.")
    assert source(toy_student, "grader-exercise-1-1") == ADD
    assert [c for c in cells(toy_student) if "".join(c["source"]) == "mine = 1"] != []


def test_to_the_module_and_back(toy_student: Path) -> None:
    """Functions go over with what they use; scratch work and other functions stay where they are."""
    make(toy_student)
    before = (toy_student / MODULE).read_text(encoding="utf-8")
    change(toy_student, write("grader-exercise-1-1", (
        "%matplotlib inline\nimport math\nimport matplotlib.pyplot as plt\nTINY = 1e-9  # small\n"
        "OTHER = 3\n\n"
        "def helper(x):\n    return x + TINY * 0\n\ndef unused(x):\n    return x\n\n"
        "def add(a, b):\n    # mine\n    return np.add(helper(a), b) * math.cos(0)\n\nadd([1], [2])")))
    done = bring(toy_student)
    assert (toy_student / done.backup).read_text(encoding="utf-8") == before
    assert done.news == tuple(f"{name} is as in the notebook now." for name in
                              ("add", "helper", "math", "TINY"))
    start = before.index("def add")
    end = before.index("def total")
    head = before[:start].replace("import numpy as np\n", (
        "import numpy as np\nimport math\n\nTINY = 1e-9  # small\n\n\ndef helper(x):\n"
            "    return x + TINY * 0\n"))
    new = "def add(a, b):\n    # mine\n    return np.add(helper(a), b) * math.cos(0)\n\n\n"
    assert (toy_student / MODULE).read_text(encoding="utf-8") == head + new + before[end:]
    assert bring(toy_student).news == ()
    assert grader_program(toy_student, "check", "1.1", "--plain").code == 0

    text = (toy_student / MODULE).read_text(encoding="utf-8")
    (toy_student / MODULE).write_text(text.replace("# mine", "# changed"), encoding="utf-8")
    done = make(toy_student, from_module=True)
    assert "The cell grader-exercise-1-1 holds what is in the module now." in done.news
    assert source(toy_student, "grader-exercise-1-1") == new.replace("# mine", "# changed").rstrip()
    assert read_submission(toy_student, "toypkg").problems == ()


def test_an_unwritten_notebook_changes_no_module(toy_student: Path) -> None:
    """A stub never replaces a function."""
    make(toy_student)
    text = (toy_student / MODULE).read_text(encoding="utf-8")
    text = text[: text.index("def add")] + ADD + "\n\n" + text[text.index("def total"):]
    (toy_student / MODULE).write_text(text, encoding="utf-8", newline="")
    assert (bring(toy_student).news, (toy_student / MODULE).read_text(encoding="utf-8")) == ((), text)


def test_windows_line_ends_stay(toy_student: Path) -> None:
    """A module with Windows line ends keeps them."""
    module = toy_student / MODULE
    module.write_bytes(module.read_bytes().replace(b"\n", b"\r\n"))
    make(toy_student)
    change(toy_student, write("grader-exercise-1-1", ADD))
    bring(toy_student)
    data = module.read_bytes()
    assert ADD.replace("\n", "\r\n").encode() in data
    assert data.count(b"\n") == data.count(b"\r\n")


def test_a_deleted_module_comes_back(toy_student: Path) -> None:
    """The stub and the notebook's functions make a module."""
    make(toy_student)
    change(toy_student, write("grader-exercise-1-1", ADD))
    (toy_student / MODULE).unlink()
    assert bring(toy_student).backup == ""
    assert ADD in (toy_student / MODULE).read_text(encoding="utf-8")


@pytest.mark.parametrize(("notebook", "module", "where", "problem"), [
    (None, None, FILE, "lesson 1 has no notebook."),
    (b"{", None, FILE, "this notebook is no notebook: the file is damaged or cut off."),
    ({"cells": [code(ADD + "x = (")]}, None, f"{FILE} cell 1:3",
     "Python cannot read this cell: '(' was never closed."),
    ({"cells": [code(ADD)]}, "x = (\n", f"{MODULE}:1", "Python cannot read this file: '(' was never closed."),
    ({"cells": [code(ADD)]}, b"\xff", MODULE,
     "this file has the byte 0xff in line 1, which is not UTF-8."),
])
def test_what_cannot_be_brought_over_is_told(
    notebook: Any, module: str | bytes | None, where: str, problem: str, toy_student: Path
) -> None:
    """The place and the next step; nothing is changed."""
    if notebook:
        put(toy_student, notebook)
    if module:
        (toy_student / MODULE).write_bytes(module if isinstance(module, bytes) else module.encode())
    old = (toy_student / MODULE).read_bytes()
    with pytest.raises(UsageError) as caught:
        bring(toy_student)
    assert (caught.value.where, caught.value.problem[: len(problem)]) == (where, problem)
    assert (toy_student / MODULE).read_bytes() == old
    assert not (toy_student / ".grader").exists()


def test_a_backup_is_needed(toy_student: Path) -> None:
    """Where nothing can be kept, nothing is changed."""
    path = put(toy_student, solved())
    old = path.read_bytes()
    (toy_student / ".grader").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="this cannot be written"):
        make(toy_student)
    assert path.read_bytes() == old


def test_the_command_says_what_it_did(toy_student: Path) -> None:
    """Made, repaired, brought over, nothing to do; two directions at once are refused."""
    said = grader_program(toy_student, "notebook", "1")
    assert (said.code, said.err) == (0, "")
    assert said.out == (f"Made {FILE}: the text of lesson 1, and a cell for each function.\n"
                        "  Open it in Jupyter, VS Code or Colab, write, save, and run the checks in it.\n"
                        "  Next: grader check 1\n")
    change(toy_student, lambda n: n["cells"].pop(1))
    assert "  1 cell was missing, and is back: grader-setup\n" in grader_program(
        toy_student, "notebook", "1", PYTHONIOENCODING="ascii").out
    assert "nothing to do." in grader_program(toy_student, "notebook", "1", "--to-module").out
    change(toy_student, write("grader-exercise-1-1", ADD))
    assert "  add is as in the notebook now.\n" in grader_program(
        toy_student, "notebook", "1", "--to-module").out
    assert "is in today's now" not in grader_program(toy_student, "notebook", "1", "--from-module").out
    both = grader_program(toy_student, "notebook", "1", "--from-module", "--to-module")
    assert (both.code, "use one of them." in both.err) == (2, True)


def test_it_runs_in_jupyter(toy_student: Path) -> None:
    """Every cell runs in a kernel, in the notebook's folder, and the checks see what was saved."""
    nbclient = pytest.importorskip("nbclient", reason="nbclient comes with the extra [notebook]")
    pytest.importorskip("ipykernel", reason="ipykernel comes with the extra [notebook]")
    make(toy_student)
    change(toy_student, write("grader-exercise-1-1", ADD + "\nadd([1], [2])"))
    change(toy_student, write("grader-exercise-1-2", TOTAL + "\ntotal([1, 2])"))
    notebook = nbformat.read(toy_student / FILE, as_version=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages that are not ours
        nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3",
                                resources={"metadata": {"path": str(toy_student / "notebooks")}}).execute()
    outputs = {cell["id"]: json.dumps(cell.get("outputs", [])) for cell in notebook["cells"]}
    assert "array([3])" in outputs["grader-exercise-1-1"]
    assert "3.0" in outputs["grader-exercise-1-2"]
    for name in ("grader-check-1-1", "grader-check-1-2"):
        assert "all public checks passed" in outputs[name]
    nbformat.write(notebook, toy_student / FILE)
    assert make(toy_student).news == ()
