"""Sketches and fingerprint files: what fits, what does not, and what a damaged file says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from grader.build import fingerprints as building
from grader.build import plan_build
from grader.course import Course, Misconception, load_course
from grader.course.fingerprints import (
    FILE,
    Fingerprint,
    Sketch,
    SketchedCall,
    read_fingerprints,
    write_fingerprints,
)
from grader.errors import CourseError
from grader.grading.sketch import fits, sketch
from grader.testing.record import Tolerance
from grader.tests.conftest import TOY

EXACT = Tolerance(0.0, 0.0)
NUMBERS = arrays.arrays(np.float64, arrays.array_shapes(max_dims=3, max_side=5),
                        elements=st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6))
ONE = SketchedCall(Sketch("float64[2]", (1.0, 2.0)), Sketch("!ValueError"))


def found(name: str, exercise: str = "1.1") -> Misconception:
    """Make a misconception as a student's copy knows it."""
    return Misconception(name, exercise, f"the title of {name}", (), "A text.\n\nWith “signs”.", 0)


@given(NUMBERS)
def test_a_value_fits_its_own_sketch(value: Any) -> None:
    """Rounding never turns a value away, at the strictest tolerance."""
    assert fits(value, sketch(value), EXACT)
    assert fits((value, {"a": [value]}), sketch((value, {"a": [value]})), EXACT)


@given(NUMBERS, st.data())
def test_one_other_number_does_not_fit(value: Any, data: st.DataObject) -> None:
    """A change of any single number by a hundredth is seen, wherever it stands."""
    place = tuple(data.draw(st.integers(0, side - 1)) for side in value.shape)
    other = value.copy()
    other[place] += 0.01 * np.abs(value).max() + 0.01
    assert not fits(other, sketch(value), Tolerance())


@given(NUMBERS)
def test_the_tolerance_of_the_test_counts(value: Any) -> None:
    """What a test would take for equal fits as well."""
    tolerance = Tolerance(1e-4, 1e-6)
    assert fits(value * (1 + 0.9e-4), sketch(value), tolerance)


@pytest.mark.parametrize(("one", "other"), [
    (np.ones(2), np.ones((2, 1))),
    (np.ones(2), np.ones(2, np.float32)),
    (np.ones(2), [1.0, 1.0]),
    (np.array([1, 2]), np.array([1, 3])),
    (np.array([True]), np.array([False])),
    (np.array([1.0, np.nan]), np.array([1.0, np.inf])),
    (np.array([np.nan, 1.0]), np.array([1.0, np.nan])),
    (np.array([np.inf]), np.array([-np.inf])),
    (1.0, np.float64(1.0)),
    (1, True),
    (None, "None"),
    ("a", "b"),
    ({"a": 1}, {"b": 1}),
    ((1, 2), [1, 2]),
    (np.array([1j]), np.array([2j])),
])
def test_another_form_does_not_fit(one: Any, other: Any) -> None:
    """Types, dtypes, shapes, words, whole numbers and the places of nan must be equal."""
    assert fits(one, sketch(one), Tolerance())
    assert fits(other, sketch(other), Tolerance())
    assert not fits(other, sketch(one), Tolerance(0.1, 0.1))


def test_what_two_processors_differ_by_is_rounded_away() -> None:
    """A last bit more or less changes no byte of a sketch."""
    value = np.random.default_rng(0).normal(size=(40, 50)) * 10.0 ** np.arange(-5, 45, 1)
    assert sketch(np.nextafter(value, np.inf)) == sketch(value)
    assert sketch(np.array([1e-17, 1.0])) == sketch(np.array([0.0, 1.0 - 1e-16]))


def test_an_answer_is_as_precise_as_its_input() -> None:
    """float64 that was made from float32 has three digits: the others are chance."""
    given, value = np.ones(2, np.float32), np.array([0.002280482, 1.0])
    assert sketch(value, made_from=given).numbers == (0.00228, 1.0)
    assert fits(value + 1e-7, sketch(value, made_from=given), Tolerance(), made_from=given)
    assert not fits(value + 0.01, sketch(value, made_from=given), Tolerance(), made_from=given)


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    """Two mistakes that answer alike share a row, and both come back whole."""
    folder = tmp_path / "assignments" / "01_add"
    folder.mkdir(parents=True)
    other = SketchedCall(ONE.given, Sketch("float64[2]", (0.5, -1e-7)))
    made = (Fingerprint(found("a"), {("test_x", 0): ONE, ("test_x[1-a]", 1): other}),
            Fingerprint(found("b"), {("test_x", 0): ONE}),
            Fingerprint(found("c", "1.10"), {("test_y", 0): other}))
    text = write_fingerprints(made)
    (folder / FILE).write_text(text, encoding="utf-8")
    assert read_fingerprints(tmp_path, folder) == made
    assert len(json.loads(text)["exercises"]["1.1"]["calls"]) == 2
    assert read_fingerprints(tmp_path, tmp_path / "assignments") == ()


@pytest.mark.parametrize("text", [
    "", "[]", "{}", '{"exercises": 1}', '{"exercises": {"1.1": {}}}', "[" * 100_000,
    '{"exercises": {"1.1": {"tests": [1], "calls": [], "mistakes": []}}}',
    '{"exercises": {"1.1": {"tests": ["t"], "calls": [[9,0,"",[],"",[]]], "mistakes": []}}}',
    '{"exercises": {"1.1": {"tests": ["t"], "calls": [[0,0,"",["x"],"",[]]], "mistakes": []}}}',
    '{"exercises": {"1.1": {"tests": [], "calls": [], "mistakes": [{"id": "a", "title": "b", "text": "c", '
    '"calls": [7]}]}}}',
])
def test_a_damaged_file_says_how_to_get_it_back(tmp_path: Path, text: str) -> None:
    """Whatever stands in it, the message names the file and the next step."""
    folder = tmp_path / "assignments" / "01_add"
    folder.mkdir(parents=True)
    (folder / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(CourseError) as caught:
        read_fingerprints(tmp_path, folder)
    assert caught.value.problem == "this file is damaged"
    assert caught.value.where == "assignments/01_add/fingerprints.json"
    assert caught.value.fix == "Get it back with `git checkout -- assignments/01_add/fingerprints.json`."


def test_the_same_course_gives_the_same_bytes(toy: Course) -> None:
    """Recording twice gives one file, listed by its digest in what was shipped."""
    first = plan_build(toy)
    building._file_of.cache_clear()
    assert plan_build(toy) == first
    shipped = json.loads(first["starter/assignments/shipped.json"])
    assert f"assignments/01_add/{FILE}" in shipped["files"]


def test_recording_leaves_no_trace_in_this_process(toy: Course) -> None:
    """Random numbers go on as before, and the course's package is not left imported."""
    import random
    import sys

    random.seed(5)
    np.random.seed(5)
    wanted = random.random(), np.random.random()
    random.seed(5)
    np.random.seed(5)
    building._file_of.cache_clear()
    plan_build(toy)
    assert (random.random(), np.random.random()) == wanted
    assert toy.package not in sys.modules


def test_public_tests_that_need_more_of_pytest_have_no_fingerprints(tmp_path: Path) -> None:
    """A fixture of the author's own is pytest's to run: the lesson is built without the file."""
    root = tmp_path / "course"
    shutil.copytree(TOY, root, ignore=shutil.ignore_patterns("__pycache__"))
    tests = root / "assignments/01_add/test_public.py"
    tests.write_text(tests.read_text(encoding="utf-8")
                     + "\n\nimport pytest\n\n\n@pytest.fixture\ndef two():\n    return 2\n", encoding="utf-8")
    plan = plan_build(load_course(root))
    assert f"starter/assignments/01_add/{FILE}" not in plan
    assert f"starter/assignments/02_scale/{FILE}" in plan
