"""The course as a whole: full marks and none on every path, one bug one exercise, a student's walk."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from grader.build import plan_build, write_build
from grader.course import Course, Exercise, load_course, points_on_path
from grader.grading import Grader
from grader.grading.variants import variant
from grader.result import Result
from grader.submission import read_submission
from grader.verify.proofs import submission_of

ROOT = Path(__file__).resolve().parents[3]
COURSE = load_course(ROOT)
PATHS = [None, *(path.id for path in COURSE.paths)]
SECRET = b"a secret for the whole course..."


def statuses(result: Result) -> dict[str, str]:
    """Map each exercise and question to its status."""
    found: dict[str, str] = {e.id: e.status for lesson in result.lessons for e in lesson.exercises}
    return found | {f"{c.id} {q.id}": q.status for c in result.checkpoints for q in c.questions}


def apart(course: Course) -> set[str]:
    """Name the exercises that do not run the whole package."""
    return {e.id for e in course.exercises.values() if not any(c.package for c in e.criteria)}


@pytest.mark.parametrize("path", PATHS)
def test_the_reference_earns_everything(course: Course, course_grader: Grader, path: str | None) -> None:
    """Every lesson and question has full marks: 100 points a lesson, 20 for a checkpoint's questions."""
    result = course_grader.grade(read_submission(course.reference, course.package), path=path)
    assert set(statuses(result).values()) == {"passed"}
    assert result.score == result.max_score
    assert {lesson.max_score for lesson in result.lessons} == {100}
    assert {sum(q.max_score for q in c.questions) for c in result.checkpoints} == {20}
    assert result.passed


@pytest.mark.parametrize("path", PATHS)
def test_the_starter_earns_nothing(course_grader: Grader, path: str | None) -> None:
    """The starter has no accidental point, and nothing of it is called a failure."""
    result = course_grader.grade(read_submission(ROOT / "starter", COURSE.package), path=path)
    assert result.score == 0
    assert set(statuses(result).values()) == {"not_started"}


@pytest.mark.parametrize("path", PATHS[1:])
def test_the_starter_of_a_path_earns_nothing_on_it(
    course: Course, course_grader: Grader, tmp_path: Path, path: str
) -> None:
    """What is given on a path is worth nothing on it, and helps to no point."""
    write_build(course, plan_build(course, path=path), tmp_path / "starter")
    result = course_grader.grade(read_submission(tmp_path / "starter", course.package), path=path)
    assert result.score == 0
    assert set(statuses(result).values()) == {"not_started"}


@pytest.mark.parametrize("exercise", [e.id for e in COURSE.exercises.values()])
def test_one_bug_costs_one_exercise(exercise: str, course: Course, course_grader: Grader) -> None:
    """One known mistake in a right submission costs no other exercise a point, in no lesson."""
    planted = next(m for lesson in course.lessons for m in lesson.misconceptions
                   if m.exercise == exercise and not m.recognises)
    modules = variant(course, planted, course_grader.reference)
    wanted = apart(course) | {exercise}
    result = course_grader.grade(submission_of(modules), exercises=wanted, secret=SECRET)
    lost = {name for name, status in statuses(result).items() if status != "passed"}
    assert lost == {exercise}


# ---------------------------------------------------------------- a student's walk


def function_text(source: str, function: str) -> tuple[int, int, str]:
    """Find a function's lines, counted from 0, and its text."""
    node = next(n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name == function)
    lines = source.split("\n")
    assert node.end_lineno is not None
    return node.lineno - 1, node.end_lineno, "\n".join(lines[node.lineno - 1:node.end_lineno])


def paste(stub: Path, reference: str, function: str) -> None:
    """Put the reference's function in the stub's place, and the helpers and imports that it uses."""
    text = stub.read_text(encoding="utf-8")
    start, end, _ = function_text(text, function)
    lines = text.split("\n")
    lines[start:end] = function_text(reference, function)[2].split("\n")
    stub.write_text("\n".join(lines), encoding="utf-8")


def add_helpers(stub: Path, reference: str, helpers: tuple[str, ...]) -> None:
    """Write the reference's own helpers below: a student would write some of their own."""
    text = stub.read_text(encoding="utf-8")
    tree = ast.parse(reference)
    definitions = (ast.FunctionDef, ast.ClassDef)
    own = [node for node in tree.body if isinstance(node, definitions) and node.name in helpers]
    lines = reference.split("\n")
    for node in own:
        assert node.end_lineno is not None
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        text += "\n\n" + "\n".join(lines[first - 1:node.end_lineno]) + "\n"
    stub.write_text(text, encoding="utf-8")


def check(folder: Path, what: str) -> dict[str, int]:
    """Run `grader check` in a student's repository, as a program; map exercise to public score."""
    file = folder / "result.json"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GRADER"))}
    said = subprocess.run(
        [sys.executable, "-m", "grader", "check", what, "--json", str(file), "--plain"],
        cwd=folder, env=environment | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=900, check=False)
    assert said.returncode in (0, 1), said.stderr
    result = json.loads(file.read_text(encoding="utf-8"))
    return {e["id"]: e["score"] for lesson in result["lessons"] for e in lesson["exercises"]}


def public_points(exercise: Exercise, weights: Mapping[tuple[str, str], int]) -> int:
    """Sum the points of the criteria that have a public test."""
    return sum(weights[exercise.id, c.id] for c in exercise.criteria if c.public)


@pytest.mark.parametrize("path", [None, "quick"])
@pytest.mark.parametrize("lesson", [lesson.id for lesson in COURSE.lessons])
def test_a_new_students_walk(course: Course, tmp_path: Path, lesson: str, path: str | None) -> None:
    """From the starter, function by function: each right one adds exactly its own public points.

    Earlier lessons are solved already, since the walk goes through them in the same way.
    """
    here = course.lesson(lesson)
    on_path = [e for e in here.exercises if path is None or path in e.paths]
    if not on_path:
        pytest.skip(f"lesson {lesson} is given whole on the path {path}")
    write_build(course, plan_build(course, path=path), tmp_path)
    reference = read_submission(course.reference, course.package).modules
    for earlier in course.lessons[:course.lessons.index(here)]:
        solved = tmp_path / course.package / f"{earlier.module}.py"
        solved.write_text(reference[earlier.module], encoding="utf-8")
    stub = tmp_path / course.package / f"{here.module}.py"
    missing = tuple(h for h in here.solution if f"def {h}(" not in stub.read_text(encoding="utf-8"))
    add_helpers(stub, reference[here.module], missing)
    weights = points_on_path(here, path)
    expected = dict.fromkeys((e.id for e in on_path), 0)
    assert check(tmp_path, lesson) == expected
    for exercise in on_path:
        paste(stub, reference[here.module], exercise.function)
        expected[exercise.id] = public_points(exercise, weights)
        assert expected[exercise.id] > 0
        assert check(tmp_path, lesson) == expected
