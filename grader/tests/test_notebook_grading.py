"""A notebook as a submission: graded like the module, however it was written or broken."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.classroom.code import code_of
from grader.course import Course
from grader.errors import SubmissionError
from grader.grading import Grader
from grader.result import ExerciseResult, Location, Result
from grader.sandbox.cells import cell_and_line, join_cells, parse_cells
from grader.submission import read_submission
from grader.submission.folder import NotReadable
from grader.submission.notebooks import parse_notebook, without_outputs
from grader.submission.source import NotText
from grader.tests.notebook_samples import (
    ADD,
    FILE,
    IMPORTS,
    STILL_SOLVED,
    TOTAL,
    UNREADABLE,
    code,
    put,
    solved,
)


def graded(grader: Grader, root: Path) -> Result:
    """Grade a repository."""
    return grader.grade(read_submission(root, grader.course.package), lessons=["1"])


def exercises(result: Result) -> dict[str, ExerciseResult]:
    """Map exercise id to its result."""
    return {e.id: e for lesson in result.lessons for e in lesson.exercises}


@pytest.mark.parametrize("how", STILL_SOLVED)
def test_a_solved_notebook_is_graded_like_the_module(
    how: str, toy_grader: Grader, toy_student: Path
) -> None:
    """Whatever happened to it, the functions in its cells earn their points."""
    notebook = solved()
    STILL_SOLVED[how](notebook)
    put(toy_student, notebook)
    result = graded(toy_grader, toy_student)
    assert (result.score, result.max_score) == (100, 100), (result.warnings, result.integrity)


@pytest.mark.parametrize(("how", "warning"), [
    ("another kernel", f"{FILE}: its kernel is for r, not for Python; its cells were read as Python"),
    ("cells that are none", f"{FILE}: left out what is no whole cell: 6, 7, 8, 9, 10, …"),
    ("an empty copy of a cell below it",
     f"{FILE}: several cells have the same id (grader-exercise-1-1); all of them were read"),
])
def test_what_was_repaired_is_said(how: str, warning: str, toy_grader: Grader, toy_student: Path) -> None:
    """A warning names the cells."""
    notebook = solved()
    STILL_SOLVED[how](notebook)
    put(toy_student, notebook)
    assert warning in graded(toy_grader, toy_student).warnings


@pytest.mark.parametrize("how", UNREADABLE)
def test_what_cannot_be_read_is_said(how: str, toy_grader: Grader, toy_student: Path) -> None:
    """One sentence says what is wrong with the file, and nothing is started."""
    data, sentence = UNREADABLE[how]
    put(toy_student, data)
    result = graded(toy_grader, toy_student)
    assert (result.score, result.max_score) == (0, 100)
    feedback = exercises(result)["1.1"].criteria[0].feedback
    said = f"{' '.join(p.problem for p in result.integrity)} {feedback.detail if feedback else ''}"
    assert f"{FILE} {sentence}" in said
    assert f"This file {sentence}" in said


def test_outputs_cost_little_memory(toy_student: Path) -> None:
    """Sixty megabytes of small things in outputs are passed over, not built."""
    bulk = b'{"outputs": [' + b"0.125," * (10 << 20) + b'0], "source": "\\"outputs\\": [1]"}'
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert without_outputs(bulk) == b'{"outputs": null, "source": "\\"outputs\\": [1]"}'
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # KiB
    put(toy_student, b" " * ((64 << 20) + 1))
    read = read_submission(toy_student, "toypkg").notebooks["01_add"]
    assert read.rejected == f"{FILE} is larger than 65536 KiB. Clear its outputs, and save it."


def test_a_notebook_alone_is_a_submission(toy_grader: Grader, tmp_path: Path) -> None:
    """Without a package folder, the notebook counts; without both, the error says what is missing."""
    with pytest.raises(SubmissionError, match="there is no folder toypkg/ here"):
        read_submission(tmp_path, "toypkg")
    put(tmp_path, solved())
    assert graded(toy_grader, tmp_path).score == 100
    put(tmp_path, solved(), "elsewhere.ipynb")
    problems = read_submission(tmp_path, "toypkg").problems
    assert [(p.file, p.problem) for p in problems] == [
        ("elsewhere.ipynb", "This notebook is not read here. Move it into notebooks/.")]


def test_the_code_that_teachers_see_is_the_notebooks(toy: Course, toy_student: Path) -> None:
    """Where a notebook stands for a module, the report and the comparison show its function, not the stub."""
    put(toy_student, solved())
    lines = code_of(toy, read_submission(toy_student, toy.package), toy.exercises["1.1"])
    assert lines[0].startswith("def add(")
    assert len(lines) > 1
    assert not any("NotImplementedError" in line for line in lines)


def test_where_both_were_changed_the_module_counts(toy_grader: Grader, toy_student: Path) -> None:
    """It says so; where the notebook only has more than the module, the notebook counts in silence."""
    put(toy_student, solved())
    module = toy_student / "toypkg/add.py"
    stubs = module.read_text(encoding="utf-8")
    module.write_text(f"{IMPORTS}\n\n{ADD.replace('np.add(a, b)', 'a')}\n\n{TOTAL}", encoding="utf-8")
    result = graded(toy_grader, toy_student)
    assert exercises(result)["1.1"].status == "failed"
    assert result.warnings == (
        "toypkg/add.py and notebooks/01_add.ipynb were both changed, and differ in 1.1; toypkg/add.py "
        "counts. To take what is in the notebook: grader notebook 1 --to-module",)
    module.write_text(stubs[: stubs.index("def add")] + ADD + "\n\n" + stubs[stubs.index("def total"):],
                      encoding="utf-8")
    result = graded(toy_grader, toy_student)
    assert (result.score, result.warnings) == (100, ())
    put(toy_student, {"cells": [code(ADD)]})
    assert graded(toy_grader, toy_student).score == 60


def test_one_slip_costs_one_cell(toy_grader: Grader, toy_student: Path) -> None:
    """A cell that Python cannot read costs its own function, and its line is named."""
    notebook = solved()
    notebook["cells"][3] = code("# mine\n" + TOTAL + "\nprint((", "grader-exercise-1-2")
    put(toy_student, notebook)
    result = exercises(graded(toy_grader, toy_student))
    assert [result["1.1"].status, result["1.2"].status] == ["passed", "error"]
    assert result["1.2"].location == Location(f"{FILE} cell 4", 5)
    checked = exercises(toy_grader.check(read_submission(toy_student, "toypkg")))["1.2"]
    detail = next(c.feedback.detail for c in checked.criteria if c.feedback)
    assert f"SyntaxError in {FILE} cell 4, line 5" in detail
    assert "never closed" in detail


def test_a_line_is_named_by_its_cell(toy_grader: Grader, toy_student: Path) -> None:
    """An error is shown at the cell and the line there; a refused import says why when it is used."""
    notebook = solved()
    notebook["cells"][2] = code("import torch\n\ndef add(a, b):\n    return torch.add(a, b)")
    put(toy_student, notebook)
    result = exercises(toy_grader.check(read_submission(toy_student, "toypkg")))["1.1"]
    assert result.location == Location(f"{FILE} cell 3", 4)
    detail = next(c.feedback.detail for c in result.criteria if c.feedback)
    assert f"ModuleNotFoundError in {FILE} cell 3, line 4" in detail
    assert "torch" in detail


def test_two_notebooks_of_one_lesson(toy_grader: Grader, toy_student: Path) -> None:
    """The one with the folder's name counts, and the copy is named; twice written is told."""
    notebook = solved()
    notebook["cells"].append(code(ADD.replace("np.add(a, b)", "np.add(b, a)")))
    put(toy_student, notebook)
    put(toy_student, {"cells": [code(ADD)]}, "notebooks/01_add-Copy1.ipynb")
    result = graded(toy_grader, toy_student)
    assert result.score == 100
    assert result.warnings == (
        f"notebooks/01_add-Copy1.ipynb: not read, because {FILE} is the notebook of lesson 1",
        f"{FILE}: 1.1 add is written in the cells 3, 6; the last one counts")


def test_a_notebook_changes_the_digest(toy: Course, toy_student: Path) -> None:
    """Outputs do not, a letter of code does."""
    notebook = solved()
    put(toy_student, notebook)
    first = read_submission(toy_student, toy.package).digest
    notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "hello"}]
    put(toy_student, notebook)
    assert read_submission(toy_student, toy.package).digest == first
    notebook["cells"][1]["source"].append("#")
    put(toy_student, notebook)
    assert read_submission(toy_student, toy.package).digest != first


# Rules for every file

_PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_KEYS = st.sampled_from(["cells", "worksheets", "cell_type", "source", "input", "outputs", "metadata", "id",
                         "attachments", "kernelspec", "language", "a"])
_VALUES = _PLAIN | st.sampled_from(["code", "markdown", 'x = "outputs": [1]', "%%time\nx = 1", "\\", '"'])
_JSON = st.recursive(_VALUES, lambda inner: st.lists(inner, max_size=4)
                     | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=25)


def _bare(value: Any) -> Any:
    """Put None in the place of outputs and attachments, as long as they are lists or objects."""
    if isinstance(value, list):
        return [_bare(part) for part in value]
    if isinstance(value, dict):
        return {key: None if key in ("outputs", "attachments") and isinstance(part, (list, dict))
                else _bare(part) for key, part in value.items()}
    return value


@given(_JSON)
@settings(max_examples=150)
def test_only_outputs_are_passed_over(value: Any) -> None:
    """All the rest of a file stays as it is, whatever its texts look like."""
    data = json.dumps(value).encode()
    assert json.dumps(json.loads(without_outputs(data))) == json.dumps(_bare(json.loads(data)))


@given(_JSON.map(lambda value: json.dumps({"cells": value}).encode()) | st.binary(max_size=40), st.data())
@settings(max_examples=150)
def test_every_file_is_read_or_refused(data: bytes, draw: st.DataObject) -> None:
    """Whole, cut off or damaged, a file gives cells of plain text or one sentence."""
    cut = data[: draw.draw(st.integers(len(data) // 2, len(data)))]
    try:
        notebook = parse_notebook(cut, FILE)
    except (NotReadable, NotText) as error:
        assert str(error).endswith(".")
        return
    parse_cells(join_cells((cell.number, cell.text) for cell in notebook.cells), "pkg/m.py")
    assert all(cell.text == cell.text.encode().decode() for cell in notebook.cells)


# What counts


def kept(*cells: str) -> list[str]:
    """Name what counts of some cells."""
    tree = parse_cells(join_cells(enumerate(cells, start=1)), "pkg/m.py")
    return [type(statement).__name__ for statement in tree.body]


@pytest.mark.parametrize(("cell", "counts"), [
    ("EPS = 1e-9", True), ("A, B = 1, 2", True), ("C: int = 3", True), ("twice = lambda x: f(x)", True),
    ("import numpy as np\nM = np.sqrt(2 / np.pi)", True), ("other = softly", True),
    ("x = add(1, 2)", False), ("from pkg.a import add\nx = add(1, 2)", False),
    ("from .a import f\nf()", False),
    ("a[0] = 1", False), ("if True:\n    y = 1", False), ("x = [f(i) for i in range(3)]", False),
    ("(z := 3)", False), ("del x", False), ("x = await f()", False),
])
def test_what_counts_of_a_cell(cell: str, counts: bool) -> None:
    """Names for plain values count; what calls a student's own function does not."""
    assert ({"Assign", "AnnAssign"} & set(kept(cell)) != set()) == counts


def test_lines_are_those_of_the_cell() -> None:
    """A line of the joined text is a line of one cell."""
    text = join_cells([(2, "a = 1\nb = 2"), (5, "# %% cell 9\nc = 3")])
    lines = text.split("\n")
    assert cell_and_line(text, lines.index("b = 2") + 1) == (2, 2)
    assert cell_and_line(text, lines.index("c = 3") + 1) == (5, 2)


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own on Windows")
def test_links_are_not_followed(toy_student: Path, tmp_path: Path) -> None:
    """Neither a linked notebook nor a linked folder of notebooks is read; both are named."""
    put(tmp_path, solved())
    (toy_student / "notebooks").symlink_to(tmp_path / "notebooks")
    read = read_submission(toy_student, "toypkg")
    assert [(p.file, p.problem) for p in read.problems] == [
        ("notebooks", "This file is a symbolic link, not a plain folder.")]
    (toy_student / "notebooks").unlink()
    (toy_student / "notebooks").mkdir()
    (toy_student / FILE).symlink_to(tmp_path / FILE)
    [problem] = read_submission(toy_student, "toypkg").problems
    assert problem.problem == (
        "This file is a symbolic link, not a plain file. Put the notebook itself in its place.")


def test_all_notebooks_together_have_a_limit(toy_student: Path) -> None:
    """What does not fit any more is named; what came before is read."""
    for number in range(1, 7):
        put(toy_student, {"cells": [code("#" * 1_000_000)]}, f"notebooks/{number}.ipynb")
    read = read_submission(toy_student, "toypkg").notebooks
    assert [bool(read[str(number)].cells) for number in range(1, 7)] == [True] * 4 + [False] * 2
    assert read["5"].rejected == (
        "notebooks/5.ipynb does not fit: all notebooks together may have 4 MiB of code.")


def test_what_is_not_written_yet_is_not_started(toy_grader: Grader, toy_student: Path) -> None:
    """A stub in a cell is a stub."""
    notebook = solved()
    stub = 'def total(values):\n    result = ZERO\n    raise NotImplementedError("1.2 total")\n'
    notebook["cells"][3] = code(stub, "grader-exercise-1-2")
    put(toy_student, notebook)
    result = exercises(graded(toy_grader, toy_student))
    assert [result["1.1"].status, result["1.2"].status] == ["passed", "not_started"]
