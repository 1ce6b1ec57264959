"""The nouns of a course. All frozen; `load_course` makes them, nothing changes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

Edition = Literal["teacher", "student"]
LateRule = Literal["none", "percent", "cut-off"]
AttemptRule = Literal["latest", "best"]
QuestionKind = Literal["compute", "choose", "order", "explain", "draw"]


@dataclass(frozen=True)
class TestFunction:
    """One test of a criterion, as found in the syntax tree (never imported)."""

    __test__ = False
    name: str
    file: Path
    line: int
    sentence: str
    """First docstring line: what the student reads."""
    public: bool


@dataclass(frozen=True)
class Criterion:
    """One line of the rubric, worth whole points, won when all its tests pass."""

    id: str
    points: int
    text: str
    read: str
    """`README.md#anchor` in the lesson's folder, or empty."""
    tests: tuple[TestFunction, ...]
    package: bool = False
    """Runs the student's whole package as it is, without doors."""

    @property
    def public(self) -> bool:
        """Tell whether a public test checks this criterion."""
        return any(test.public for test in self.tests)


@dataclass(frozen=True)
class Exercise:
    """One function to write."""

    id: str
    function: str
    module: str
    lesson: str
    needs: tuple[str, ...]
    paths: tuple[str, ...]
    cpu_seconds: int
    hints: tuple[str, ...]
    criteria: tuple[Criterion, ...]

    @property
    def points(self) -> int:
        """Sum the points of all criteria."""
        return sum(c.points for c in self.criteria)


@dataclass(frozen=True)
class Misconception:
    """A named wrong implementation, as found in the syntax tree of `misconceptions.py`."""

    id: str
    """Name of its function."""
    exercise: str
    title: str
    loses: tuple[str, ...]
    text: str
    line: int
    recognises: bool = False
    """True where code cannot say it: the function takes the recorded calls and returns a bool."""


@dataclass(frozen=True)
class Lesson:
    """One folder `assignments/NN_slug/`."""

    id: str
    """Without a leading zero: "1"."""
    folder: Path
    title: str
    module: str
    hours: tuple[int, int]
    given: tuple[str, ...]
    solution: tuple[str, ...]
    exercises: tuple[Exercise, ...]
    misconceptions: tuple[Misconception, ...] = ()

    @property
    def test_files(self) -> tuple[Path, ...]:
        """Give the test files that are there: the public one, then the hidden one."""
        names = ("test_public.py", "test_hidden.py")
        return tuple(self.folder / name for name in names if (self.folder / name).is_file())


@dataclass(frozen=True)
class LearningPath:
    """A named way through the course: which lessons and exercises count."""

    id: str
    title: str
    text: str = ""


@dataclass(frozen=True)
class DrawnNumbers:
    """Whole numbers that are drawn for each student."""

    name: str
    shape: tuple[int, ...]
    choices: tuple[int, ...]


@dataclass(frozen=True)
class Question:
    """One question of a checkpoint. Its key is not here: that never leaves the teacher's course."""

    id: str
    kind: QuestionKind
    points: int
    text: str
    read: str = ""
    """`01_folder/README.md#anchor`, or empty."""
    numbers: tuple[DrawnNumbers, ...] = ()
    """compute: what is drawn for each student; `{name}` in the text shows it."""
    fields: tuple[str, ...] = ()
    """compute: what the student works out."""
    tolerance: float = 0.0
    """compute: how far an answer may be off."""
    options: tuple[str, ...] = ()
    """choose and order: what there is, with the letters a, b, c …"""
    several: bool = False
    """choose: whether more than one option may be right."""
    levels: tuple[str, ...] = ()
    """explain and draw: what is worth nothing, half, all of the points."""


@dataclass(frozen=True)
class Checkpoint:
    """A gate of the course; it groups lessons, and has questions of its own."""

    id: str
    title: str
    lessons: tuple[str, ...]
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True)
class Dates:
    """When lessons are due, and what becomes of late work. They change no result, only what it counts."""

    due: Mapping[str, datetime] = field(default_factory=dict, hash=False)
    """Lesson -> time, with its zone."""
    late: LateRule = "none"
    percent_per_day: int = 0
    attempt: AttemptRule = "latest"
    """Which attempt counts."""


@dataclass(frozen=True)
class HeatMap:
    """What `grader show` draws for a lesson: a function of a given module, called with a sentence."""

    lesson: str
    module: str
    function: str
    sentence: str
    """What is shown when the student names none."""
    arrays: str = ""
    """A file of NumPy arrays in the student's folder that the function gets as well; empty for none."""
    made_by: str = ""
    """The command that makes that file."""


@dataclass(frozen=True)
class Course:
    """The whole course, read from `assignments/`."""

    root: Path
    """The folder that holds `assignments/`."""
    id: str
    title: str
    version: str
    package: str
    edition: Edition
    digest: str
    """sha256 over everything that can change a score: rubrics, tests, goldens, misconceptions, reference."""
    given_modules: tuple[str, ...]
    """Modules of the package that students get whole ("__init__" is always one)."""
    lessons: tuple[Lesson, ...]
    checkpoints: tuple[Checkpoint, ...]
    paths: tuple[LearningPath, ...]
    dates: Dates = field(default_factory=Dates)
    on_path: str | None = None
    """The path that a student's copy was built for: what is off it is given there."""
    maps: tuple[HeatMap, ...] = ()

    @property
    def assignments(self) -> Path:
        """Locate the course's data."""
        return self.root / "assignments"

    @property
    def reference(self) -> Path:
        """Locate the perfect submission (teacher edition only)."""
        return self.root / "reference"

    @cached_property
    def exercises(self) -> dict[str, Exercise]:
        """Map id to exercise over all lessons, in the order of the course."""
        return {e.id: e for lesson in self.lessons for e in lesson.exercises}

    def foundations(self, exercise: Exercise) -> tuple[Exercise, ...]:
        """List what an exercise builds on, directly or through others, in the order of the course."""
        found: set[str] = set()
        waiting = list(exercise.needs)
        while waiting:
            need = waiting.pop()
            if need not in found:
                found.add(need)
                waiting += self.exercises[need].needs
        return tuple(e for e in self.exercises.values() if e.id in found)

    def lesson(self, lesson_id: str) -> Lesson:
        """Find a lesson by its id."""
        return next(lesson for lesson in self.lessons if lesson.id == lesson_id)

    @cached_property
    def exercise_modules(self) -> frozenset[str]:
        """Name the modules that hold exercises."""
        return frozenset(lesson.module for lesson in self.lessons)
