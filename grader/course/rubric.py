"""Read one lesson: its rubric, its tests, its misconceptions, and what they say of each other."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from grader.course.decorators import Mark, read_misconceptions, read_tests
from grader.course.files import CourseFiles
from grader.course.model import Criterion, Exercise, Lesson, Misconception, TestFunction
from grader.course.tables import Table
from grader.errors import CourseError

NAME = r"[A-Za-z][A-Za-z0-9_]*"
KEBAB = r"[a-z0-9]+(-[a-z0-9]+)*"
KEBAB_MEANING = "small words joined by hyphens"
LESSON_POINTS = 100
HINTS = 3
CPU_SECONDS = 2


@dataclass(frozen=True)
class Surroundings:
    """What a lesson must know of its course."""

    files: CourseFiles
    package: Path | None
    """The reference package; None in a student's copy."""
    paths: tuple[str, ...]
    earlier: Mapping[str, Exercise]


def read_lesson(around: Surroundings, folder: Path, lesson_id: str) -> Lesson:
    """Read and check the lesson in a folder."""
    path = folder / "rubric.toml"
    table = Table.parse(around.files.name(path), around.files.text(path))
    table.only("title", "module", "hours", "given", "solution", "exercise")
    module = table.word("module", NAME, "the name of a Python module")
    rows = table.tables("exercise")
    if not rows:
        raise table.refuse("no exercise", "Add an [[exercise]].")
    given, solution = table.texts("given", ()), table.texts("solution", ())
    exercises = [_exercise(row, lesson_id, module, around) for row in rows]
    _check_exercises(rows, exercises, around)
    _check_points(table, exercises)
    for row, exercise in zip(rows, exercises, strict=True):
        _check_reads(row, exercise, folder, around.files)
    if around.package:
        _check_reference(table, rows, exercises, around)
    marks = _marks(around, folder)
    lesson = Lesson(
        id=lesson_id, folder=folder, title=table.text("title"), module=module, hours=table.span("hours"),
        given=given, solution=solution,
        exercises=_with_tests(rows, exercises, marks, teacher=around.package is not None),
    )
    return replace(lesson, misconceptions=_misconceptions(around, lesson)) if around.package else lesson


def _exercise(row: Table, lesson_id: str, module: str, around: Surroundings) -> Exercise:
    row.only("id", "function", "needs", "paths", "cpu_seconds", "hints", "criterion")
    hints = row.texts("hints")
    if len(hints) != HINTS:
        raise row.refuse(f"{len(hints)} hints", f"Write {HINTS}: a question, a pointer, nearly the code.",
                         "hints")
    criteria = row.tables("criterion")
    if not criteria:
        raise row.refuse("no criterion", "Add an [[exercise.criterion]] below the exercise.")
    paths = row.texts("paths", around.paths)
    for path in paths:
        if path not in around.paths:
            raise row.refuse(f"unknown path {path!r}", _near(path, around.paths, "course.toml has"), "paths")
    exercise = Exercise(
        id=row.word("id", rf"{re.escape(lesson_id)}\.[1-9][0-9]*", f"of the form {lesson_id}.1"),
        function=row.word("function", NAME, "the name of a Python function"),
        module=module, lesson=lesson_id, needs=row.texts("needs", ()), paths=paths,
        cpu_seconds=row.count("cpu_seconds", CPU_SECONDS), hints=hints,
        criteria=tuple(_criterion(criterion) for criterion in criteria),
    )
    _refuse_twice(criteria, [criterion.id for criterion in exercise.criteria], "id", "criterion")
    return exercise


def _criterion(row: Table) -> Criterion:
    row.only("id", "points", "text", "read", "package")
    return Criterion(
        id=row.word("id", KEBAB, KEBAB_MEANING), points=row.count("points"),
        text=row.text("text"), read=row.text("read", ""), tests=(), package=row.flag("package"),
    )


def _refuse_twice(rows: Collection[Table], names: list[str], key: str, noun: str) -> None:
    for number, (row, name) in enumerate(zip(rows, names, strict=True)):
        if name in names[:number]:
            raise row.refuse(f"a second {noun} {name!r}", f"Give each {noun} its own `{key}`.", key)


def _check_exercises(rows: tuple[Table, ...], exercises: list[Exercise], around: Surroundings) -> None:
    """Refuse ids and functions that come twice, and needs that do not point back."""
    _refuse_twice(rows, [exercise.id for exercise in exercises], "id", "exercise")
    _refuse_twice(rows, [exercise.function for exercise in exercises], "function", "exercise of the function")
    here = {exercise.id: exercise for exercise in exercises}
    known = set(around.earlier)
    for row, exercise in zip(rows, exercises, strict=True):
        for need in exercise.needs:
            if need not in known:
                raise row.refuse(*_bad_need(exercise, need, here), "needs")
        known.add(exercise.id)


def _bad_need(exercise: Exercise, need: str, here: Mapping[str, Exercise]) -> tuple[str, str]:
    if need not in here:
        return f"{exercise.id} needs {need!r}, which no earlier lesson has", "Name earlier exercises."
    circle = _circle(exercise.id, need, here)
    if circle:
        return f"{exercise.id} needs itself: {' → '.join(circle)}", "Take one of the needs away."
    return f"{exercise.id} needs {need}, which comes later", f"Move {need} above {exercise.id}."


def _circle(start: str, need: str, here: Mapping[str, Exercise]) -> list[str]:
    """Find the way along the needs from an exercise back to itself."""
    ways, seen = [[start, need]], {need}
    while ways:
        way = ways.pop()
        if way[-1] == start:
            return way
        for step in here[way[-1]].needs:
            if step in here and step not in seen:
                seen.add(step)
                ways.append([*way, step])
    return []


def _check_points(table: Table, exercises: list[Exercise]) -> None:
    points = sum(exercise.points for exercise in exercises)
    if points != LESSON_POINTS:
        raise table.refuse(f"the points of this lesson sum to {points}, not {LESSON_POINTS}",
                           f"Change the points of some criteria by {LESSON_POINTS - points:+d} in all.")


def _check_reads(row: Table, exercise: Exercise, folder: Path, files: CourseFiles) -> None:
    """Refuse a `read` that leads nowhere."""
    for criterion, line in zip(exercise.criteria, row.tables("criterion"), strict=True):
        if not criterion.read:
            continue
        name, _, anchor = criterion.read.partition("#")
        if not anchor or not re.fullmatch(r"[\w-]+\.md", name):
            raise line.refuse(f"`read` is {criterion.read!r}", "Write it as README.md#heading-of-a-section.",
                              "read")
        if not (folder / name).is_file():
            raise line.refuse(f"`read` names {name}, which is not there", "Write the file, or correct it.",
                              "read")
        known = files.anchors(folder / name)
        if anchor not in known:
            raise line.refuse(f"{name} has no heading for #{anchor}", _near(anchor, known, f"{name} has"),
                              "read")


def _near(word: str, known: Collection[str], has: str) -> str:
    close = difflib.get_close_matches(word, known, 1)
    return f"Did you mean {close[0]!r}?" if close else f"{has}: {', '.join(known) or 'none'}."


def _check_reference(
    table: Table, rows: tuple[Table, ...], exercises: list[Exercise], around: Surroundings
) -> None:
    """Refuse an exercise, given or solution that the reference module does not define."""
    assert around.package is not None
    path = around.package / f"{exercises[0].module}.py"
    if not path.is_file():
        raise table.refuse(f"the reference has no module {around.files.name(path)}",
                           "Write it, or correct `module`.", "module")
    body, name = around.files.tree(path).body, around.files.name(path)
    functions = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    every = functions | {node.name for node in body if isinstance(node, (ast.ClassDef, ast.AsyncFunctionDef))}
    for row, exercise in zip(rows, exercises, strict=True):
        if exercise.function not in functions:
            raise row.refuse(f"{name} has no function `{exercise.function}` at its top level",
                             "Write it in the reference, or correct `function`.", "function")
    taken = {exercise.function: f"exercise {exercise.id}" for exercise in exercises}
    for key in ("given", "solution"):
        for word in table.texts(key, ()):
            if word not in every:
                raise table.refuse(f"{name} has no function or class `{word}`", f"Correct `{key}`.", key)
            if word in taken:
                raise table.refuse(f"`{word}` is both {key} and {taken[word]}", "Name it in one place.", key)
            taken[word] = key


def _marks(around: Surroundings, folder: Path) -> list[Mark]:
    marks = []
    for name, public in (("test_public.py", True), ("test_hidden.py", False)):
        if (folder / name).is_file() and (public or around.package):
            marks += read_tests(around.files, folder / name, public=public)
    return marks


def _with_tests(
    rows: tuple[Table, ...], exercises: list[Exercise], marks: list[Mark], *, teacher: bool
) -> tuple[Exercise, ...]:
    """Hang each test on its criterion; refuse the ones that fit nowhere, and criteria left without."""
    tests: dict[tuple[str, str], list[TestFunction]] = {
        (exercise.id, criterion.id): [] for exercise in exercises for criterion in exercise.criteria
    }
    for mark in marks:
        _check_name(mark.exercise, mark.criterion, exercises, mark.where)
        tests[mark.exercise, mark.criterion].append(mark.test)
    for row, exercise in zip(rows, exercises, strict=True):
        for line, criterion in zip(row.tables("criterion"), exercise.criteria, strict=True):
            if teacher and not tests[exercise.id, criterion.id]:
                raise line.refuse(
                    f"no test checks {exercise.id} {criterion.id!r}",
                    f'Put @criterion("{exercise.id}", "{criterion.id}") above a test of this lesson.', "id")

    def checked(exercise: Exercise) -> tuple[Criterion, ...]:
        return tuple(replace(c, tests=tuple(tests[exercise.id, c.id])) for c in exercise.criteria)

    return tuple(replace(exercise, criteria=checked(exercise)) for exercise in exercises)


def _check_name(exercise_id: str, criterion_id: str, exercises: Collection[Exercise], where: str) -> None:
    exercise = next((exercise for exercise in exercises if exercise.id == exercise_id), None)
    if exercise is None:
        raise CourseError(f"this lesson has no exercise {exercise_id!r}", where=where,
                          fix=_near(exercise_id, [e.id for e in exercises], "It has"))
    names = [criterion.id for criterion in exercise.criteria]
    if criterion_id not in names:
        raise CourseError(f"exercise {exercise_id} has no criterion {criterion_id!r}", where=where,
                          fix=_near(criterion_id, names, "It has"))


def _misconceptions(around: Surroundings, lesson: Lesson) -> tuple[Misconception, ...]:
    path = lesson.folder / "misconceptions.py"
    if not path.is_file():
        return ()
    titles: set[tuple[str, str]] = set()
    found = read_misconceptions(around.files, path)
    for marked in found:
        known = marked.misconception
        for criterion in known.loses:
            _check_name(known.exercise, criterion, lesson.exercises, marked.where)
        if (known.exercise, known.title) in titles:
            raise CourseError(f"a second misconception of {known.exercise} is called {known.title!r}",
                              where=marked.where, fix="Give each its own title.")
        titles.add((known.exercise, known.title))
    return tuple(marked.misconception for marked in found)
