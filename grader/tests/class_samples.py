"""Classes made by hand and by a seeded generator, for the tests of what sums up a class."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from grader.classroom.report.records import Cell, ClassRecord, Gate, Origin, StudentRecord, Try
from grader.course.model import Checkpoint, Course, Criterion, Exercise, Lesson, Misconception, TestFunction
from grader.result import Status

README = """# Lesson {lesson}

## Which axis?

Add along the *last* axis, as in [the table](x.md).
Then `total` gives one number a row.

Another paragraph.

## Nothing
"""
EXERCISES_A_LESSON = 10
POINTS = (5, 3, 2)
HOSTILE = '<img src=x onerror="alert(1)">\u202egnp\x1b[31m=1+1'
START = "2026-11-{day:02}T{hour:02}:{minute:02}:00Z"


def course(root: Path, *, lessons: int = 1) -> Course:
    """Make a course: ten exercises a lesson, three criteria each (two public); its texts are on the disk."""
    made = tuple(_lesson(root, str(number)) for number in range(1, lessons + 1))
    return Course(
        root=root, id="toy", title="Toy course", version="2026.1", package="toypkg", edition="teacher",
        digest="a" * 64, given_modules=(), lessons=made,
        checkpoints=(Checkpoint("1", "You can add", ("1",)),), paths=(),
    )


def _lesson(root: Path, number: str) -> Lesson:
    folder = root / "assignments" / f"{int(number):02}_toy"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(README.format(lesson=number), encoding="utf-8")
    exercises = tuple(_exercise(number, place, folder) for place in range(1, EXERCISES_A_LESSON + 1))
    mistakes = tuple(
        Misconception(f"{kind}_{e.id.replace('.', '_')}", e.id, f"{kind} the rows", ("values",),
                      "Your answer adds the columns.\n\nWhich numbers belong together?", 3)
        for e in exercises for kind in ("swaps", "forgets"))
    return Lesson(number, folder, f"Lesson {number}", "toy", (1, 2), (), (), exercises, mistakes)


def _exercise(lesson: str, place: int, folder: Path) -> Exercise:
    def criterion(name: str, points: int, *, public: bool) -> Criterion:
        test = TestFunction(f"test_{name}", folder / "test.py", 1, f"The {name} hold.", public)
        return Criterion(name, points, f"The {name} hold.", "README.md#which-axis", (test,))

    criteria = (criterion("values", POINTS[0], public=True), criterion("edges", POINTS[1], public=True),
                criterion("secret", POINTS[2], public=False))
    return Exercise(f"{lesson}.{place}", f"function_{place}", "toy", lesson, (), (), 2, ("Why?", "b", "c"),
                    criteria)


def cell(*lost: str, status: Status | None = None, mistake: str = "") -> Cell:
    """Make a cell that has lost these criteria."""
    worth = dict(zip(("values", "edges", "secret"), POINTS, strict=True))
    score = sum(points for name, points in worth.items() if name not in lost)
    return Cell(status or ("failed" if lost else "passed"), score, sum(POINTS), lost, mistake)


NOT_STARTED = cell("values", "edges", "secret", status="not_started")


def student(name: str, *cells: Cell, **rest: object) -> StudentRecord:
    """Make a student with these cells for exercises 1.1, 1.2 and so on."""
    mine = {f"1.{place}": one for place, one in enumerate(cells, start=1)}
    score = sum(one.score for one in cells)
    most = sum(one.max_score for one in cells)
    gates = {"1": Gate("passed" if score == most else "failed", score, most)} if cells else {}
    made = StudentRecord(id=name.casefold(), name=name, state="graded" if cells else "missing",
                         authenticated=True, score=score, max_score=most, cells=mine, gates=gates)
    return replace(made, **rest)  # type: ignore[arg-type]


def record(students: Sequence[StudentRecord], **rest: object) -> ClassRecord:
    """Make a class of these students."""
    origin = Origin("gradebook.db", "grader report gradebook.db", "toy 2026.1", ("a" * 64,), ("0.1.0",),
                    ("0123456789abcdef",))
    made = ClassRecord("Toy class", "2026-11-26T12:00:00Z", tuple(students), origin)
    return replace(made, **rest)  # type: ignore[arg-type]


def random_class(course: Course, count: int, *, seed: int = 7) -> ClassRecord:
    """Draw a class: each student has a strength, each exercise a difficulty."""
    draw = random.Random(seed)
    return record([_drawn(course, draw, number) for number in range(count)])


def _drawn(course: Course, draw: random.Random, number: int) -> StudentRecord:
    strength = draw.gauss(1.2, 1.0)
    cells = {e.id: _drawn_cell(draw, strength - place / 40, e.id)
             for place, e in enumerate(course.exercises.values())}
    score = sum(one.score for one in cells.values())
    mistakes = frozenset((name, one.mistake) for name, one in cells.items() if one.mistake)
    times = [START.format(day=20 + n, hour=8 + n, minute=draw.randrange(60)) for n in range(3)]
    tries = tuple(Try(at, score - 2 + n, mistakes) for n, at in enumerate(times[:draw.randrange(1, 4)]))
    most = sum(POINTS) * len(cells)
    gate = Gate("failed", sum(one.score for name, one in cells.items() if name.startswith("1.")), 100,
                {"why": "awaiting_review"})
    return StudentRecord(f"student{number:04}", f"Student {number:04}", "graded", authenticated=True,
                         isolation="kernel", score=score, max_score=most, cells=cells, gates={"1": gate},
                         tries=tries)


def _drawn_cell(draw: random.Random, strength: float, exercise: str) -> Cell:
    if draw.gauss(strength, 1) < -1:
        return NOT_STARTED
    lost = [name for name, hard in (("values", -1.0), ("edges", 0.0), ("secret", 0.5))
            if draw.gauss(strength, 0.7) < hard]
    named = "values" in lost and draw.random() < 0.6
    kind = draw.choice(("swaps", "forgets"))
    return cell(*lost, mistake=f"{kind}_{exercise.replace('.', '_')}" if named else "")
