"""The nouns of a course. All frozen; `load_course` makes them, nothing changes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

Edition = Literal["teacher", "student"]


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
class Checkpoint:
    """A gate of the course; it groups lessons."""

    id: str
    title: str
    lessons: tuple[str, ...]


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

    def lesson(self, lesson_id: str) -> Lesson:
        """Find a lesson by its id."""
        return next(lesson for lesson in self.lessons if lesson.id == lesson_id)

    @cached_property
    def exercise_modules(self) -> frozenset[str]:
        """Name the modules that hold exercises."""
        return frozenset(lesson.module for lesson in self.lessons)
