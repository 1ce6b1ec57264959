"""A verdict is replayed bit for bit from what is kept; where something has changed, it says what."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.classroom import Gradebook
from grader.classroom.collected import Collected
from grader.classroom.explain import Explanation, exact, explain, stored_verdict
from grader.classroom.explained import conclusion
from grader.course import Course, load_course
from grader.errors import CourseError, UsageError
from grader.grading import Grader
from grader.sandbox import Box
from grader.testing.record import Call
from grader.tests.gradebooks import WRONG_ADD, grade, write
from grader.tests.test_cli import Run, run

__all__ = ["run"]
SECRET = b"the secret of a class in the tests"
Explain = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def graded(toy: Course, toy_reference: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grade a class of two, one of whom subtracts; give its gradebook."""
    folder = tmp_path_factory.mktemp("explained")
    secret = folder / "g.db.secret"
    secret.write_bytes(SECRET)
    secret.chmod(0o600)
    write(folder / "class" / "right", toy.package, toy_reference)
    write(folder / "class" / "wrong", toy.package, {**toy_reference, "add": WRONG_ADD})
    grade(toy.root, folder / "class", folder / "g.db", "--jobs", "1")
    return folder / "g.db"


@pytest.fixture
def said(graded: Path, toy: Course, run: Run) -> Explain:
    """Run `grader explain` on the class."""
    return lambda *words: run("explain", *words, "--gradebook", graded, "--course", toy.root)


def replayed(graded: Path, course: Course, box: Box, folder: Path | None = None) -> Explanation:
    """Replay 1.1 of who subtracts."""
    with Gradebook.open(graded) as book:
        stored = stored_verdict(book, book.student("wrong"), course.exercises["1.1"])
        tree = Collected(book, course, folder).read(stored.attempt)
        return explain(stored, course, tree, secret=SECRET, box=box)


def test_a_verdict_is_replayed_bit_for_bit(graded: Path, toy: Course, box: Box) -> None:
    """The replay gives the stored verdict, all but the seconds, twice in the same bits."""
    first, second = replayed(graded, toy, box), replayed(graded, toy, box)
    assert first.same
    assert first.differing == ()
    assert first.tests == second.tests
    assert replace(first.replayed, seconds=0) == replace(first.stored.exercise, seconds=0)
    failed = [test for test in first.tests if test.outcome == "failed"]
    assert {test.visibility for test in failed} == {"public", "hidden"}
    assert all(not call.same for test in failed for call in test.calls)


def test_inputs_and_numbers_are_written_in_full(graded: Path, toy: Course, box: Box) -> None:
    """From the text of a call, the inputs come back bit for bit, and the reference's sum is theirs."""
    tests = replayed(graded, toy, box).tests
    test = next(t for t in tests if t.visibility == "hidden" and t.outcome == "failed")
    call = test.calls[0]
    words: dict[str, Any] = {"array": lambda value, dtype, shape: np.array(value, dtype).reshape(shape),
                             "float64": "float64", "add": lambda a, b: (a, b), "shape": tuple}
    a, b = eval(call.call, words)
    assert np.array_equal(a + b, eval(call.reference, words))
    assert np.array_equal(a - b, eval(call.student, words))


def test_the_screen_is_fit_for_an_appeal(said: Explain) -> None:
    """Score, conclusion, checks, inputs, both answers, digests and versions are on it."""
    code, out, _ = said("wrong", "1.1", "--plain")
    assert code == 0
    for text in ("0 of 60 points, failed.", "the same verdict, word for word.", "call: add(array(",
                 "student: array(", "reference: array(", "They differ.", "what: seed; recorded:",
                 "what: NumPy; recorded: not recorded; now: " + np.__version__,
                 "This text shows the inputs of hidden tests"):
        assert text in out


def test_other_forms(said: Explain, tmp_path: Path) -> None:
    """Markdown and JSON hold the same, the JSON all calls; --output says where."""
    code, out, _ = said("wrong", "add", "--format", "markdown")
    assert code == 0
    assert out.startswith("# wrong: 1.1 add\n")
    code, out, err = said("wrong", "1.1", "--output", tmp_path / "e.json")
    assert (code, out, err) == (0, "", f"Wrote {tmp_path / 'e.json'}.\n")
    data = json.loads((tmp_path / "e.json").read_text())
    assert (data["schema"], data["same"], data["differs"]) == ("grader/explanation/v1", True, [])
    assert data["stored"] == data["replayed"]


def test_what_passed_is_explained_too(said: Explain) -> None:
    """A verdict without a fault lists the tests that passed."""
    code, out, _ = said("right", "1.1", "--plain")
    assert code == 0
    assert "Tests that passed" in out
    assert "They differ." not in out


def test_a_changed_submission_is_named(graded: Path, toy: Course, toy_reference: Mapping[str, str],
                                       said: Explain, tmp_path: Path) -> None:
    """Mended since then: another verdict, exit 1, and the submission is said to differ."""
    write(tmp_path / "mended", toy.package, toy_reference)
    code, out, _ = said("wrong", "1.1", "--submission", tmp_path / "mended", "--plain")
    assert code == 1
    assert "another verdict. This is not as it was recorded: submission." in out


def test_a_changed_course_is_named(graded: Path, toy: Course, box: Box, tmp_path: Path) -> None:
    """With another text of a test the course's digest differs, and the explanation says so."""
    root = tmp_path / "course"
    shutil.copytree(toy.root, root, ignore=shutil.ignore_patterns("__pycache__"))
    file = root / "assignments" / "01_add" / "test_hidden.py"
    file.write_text(file.read_text() + "\n# changed\n")
    found = replayed(graded, load_course(root), box)
    assert found.differing == ("course",)
    assert found.same
    assert conclusion(found).endswith("word for word although this is not as it was recorded: course.")


def test_a_verdict_that_differs_without_a_reason(graded: Path, toy: Course, box: Box) -> None:
    """Where all that is recorded is the same and the verdict is not, it says where to look."""
    found = replayed(graded, toy, box)
    other = replace(found, replayed=replace(found.replayed, score=1))
    assert not other.same
    assert "Look at the time limits" in conclusion(other)


def test_another_secret_is_refused(said: Explain, tmp_path: Path) -> None:
    """With another secret the inputs would be others: no replay."""
    file = tmp_path / "other"
    file.write_text("another secret of another class")
    code, _, err = said("wrong", "1.1", "--secret", file)
    assert (code, "this is another secret than the one of this verdict (" in err) == (2, True)


def test_what_cannot_be_found(said: Explain, tmp_path: Path) -> None:
    """No student, no exercise, no class, no submission: exit 2, and what to do."""
    assert "there is no student 'eve'" in said("eve", "1.1")[2]
    assert "there is no exercise '9.9'" in said("wrong", "9.9")[2]
    assert "there is no class here." in said("wrong", "1.1", "--class", tmp_path / "none")[2]
    (tmp_path / "class" / "other" / "toypkg").mkdir(parents=True)
    err = said("wrong", "1.1", "--class", tmp_path / "class")[2]
    assert "the submission 'wrong' is not there any more." in err


def test_what_a_gradebook_does_not_hold(graded: Path, toy: Course, run: Run, tmp_path: Path) -> None:
    """No secret beside it, no verdict of a student, no place of the class: each says what to do."""
    alone = tmp_path / "alone.db"
    shutil.copy(graded, alone)
    code, _, err = run("explain", "wrong", "1.1", "--gradebook", alone, "--course", toy.root)
    assert (code, "the class's secret is not here." in err) == (2, True)
    with Gradebook.create(alone) as book:
        with book.writing() as connection:
            connection.execute("DELETE FROM setting WHERE key = 'place'")
            connection.execute("INSERT INTO team (name) VALUES ('eve')")
            connection.execute("INSERT INTO student (login, team) SELECT name, id FROM team"
                               " WHERE name = 'eve'")
        with pytest.raises(UsageError, match="eve has no verdict for 1"):
            stored_verdict(book, book.student("eve"), toy.exercises["1.1"])
        with pytest.raises(UsageError, match="this gradebook does not say where its submissions are"):
            Collected(book, toy)


@pytest.mark.parametrize(("value", "text"), [
    (0.1 + 0.2, "0.30000000000000004"), ((1,), "(1,)"), ([None, "x"], "[None, 'x']"), ({"a": 1}, "{'a': 1}"),
    (np.float32(0.1), "np.float32(0.1)"),
    (np.array([0.1, 1 / 3]), "array([0.1               , 0.3333333333333333], dtype=float64, shape=(2,))")])
def test_values_are_exact(value: object, text: str) -> None:
    """Every value is written with the digits that make it unique."""
    assert exact(value) == text


def test_large_arrays_and_generators_are_named() -> None:
    """An array of thousands shows its corners and its sum, a generator its state."""
    text = exact(np.ones(3000))
    assert "..." in text
    assert "sum np.float64(3000.0)" in text
    assert exact(np.random.default_rng(1)).startswith("Generator(PCG64, {'state': ")


def test_a_students_copy_has_no_reference(toy_student: Path, box: Box) -> None:
    """Where the reference is not, no answer of it is made up."""
    copy = load_course(toy_student)
    problem = "there is no reference in a student's copy"
    with Grader(copy, box) as engine, pytest.raises(CourseError, match=problem):
        engine.reference_answer(copy.exercises["1.1"], Call("add", (1, 2), {}))
