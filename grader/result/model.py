"""What grading one submission gives: plain frozen data, the same in memory and in JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["passed", "failed", "error", "timeout", "blocked", "not_started", "awaiting_review"]
Visibility = Literal["public", "hidden"]
Certainty = Literal["sure", "one_of"]
Trust = Literal["advisory", "authoritative"]

SCHEMA = "grader/result/v1"
_SETTLED = ("passed", "awaiting_review")


@dataclass(frozen=True)
class MisconceptionFound:
    """A known wrong implementation whose numbers are the student's."""

    id: str
    title: str
    text: str
    certainty: Certainty
    others: tuple[str, ...] = ()
    """Titles of the other candidates when the certainty is "one_of"."""


@dataclass(frozen=True)
class Feedback:
    """The text of one criterion. Built from an allow-list of fields, safe to show to the student."""

    summary: str
    detail: str = ""
    expected: str | None = None
    actual: str | None = None
    misconception: MisconceptionFound | None = None
    hint: str = ""
    read: str = ""
    next: str = ""


@dataclass(frozen=True)
class Location:
    """A line of the student's own code: the one that raised, else the `def`."""

    file: str
    line: int


@dataclass(frozen=True)
class CriterionResult:
    """One line of the rubric: all of its points, or none."""

    id: str
    text: str
    points: int
    score: int
    status: Status
    visibility: Visibility
    feedback: Feedback | None = None


@dataclass(frozen=True)
class ExerciseResult:
    """One function. `waits_for` names the exercises that a `blocked` one depends on."""

    id: str
    function: str
    status: Status
    score: int
    max_score: int
    seconds: float
    criteria: tuple[CriterionResult, ...]
    location: Location | None = None
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class LessonResult:
    """One lesson; `max_score` counts the criteria that were graded."""

    id: str
    title: str
    score: int
    max_score: int
    exercises: tuple[ExerciseResult, ...]
    checkpoint: str | None = None
    unchecked: int = 0
    """Points of criteria that this run could not check (hidden ones, in a student's copy)."""


@dataclass(frozen=True)
class QuestionResult:
    """One question of a checkpoint."""

    id: str
    kind: str
    status: Status
    score: int
    max_score: int
    feedback: str = ""


@dataclass(frozen=True)
class CheckpointResult:
    """A gate of the course: the sum of its lessons and questions."""

    id: str
    title: str
    status: Status
    score: int
    max_score: int
    feedback: str
    lessons: tuple[str, ...]
    questions: tuple[QuestionResult, ...] = ()


@dataclass(frozen=True)
class CourseStamp:
    """Which course, byte for byte."""

    id: str
    version: str
    digest: str


@dataclass(frozen=True)
class SubmissionStamp:
    """Which submission, byte for byte."""

    id: str
    commit: str | None
    digest: str
    source: str


@dataclass(frozen=True)
class Isolation:
    """How well the student's code was locked in, as proved on this machine in this run."""

    level: str
    proved: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class IntegrityProblem:
    """A file of the submission that was set aside, and why."""

    file: str
    problem: str


@dataclass(frozen=True)
class Result:
    """What grading one submission gives (schema `grader/result/v1`)."""

    course: CourseStamp
    submission: SubmissionStamp
    graded_at: str
    """UTC, ISO 8601, to the second: 2026-11-23T12:00:00Z."""
    seed_id: str
    """Names the seed without telling it."""
    grader_version: str
    isolation: Isolation
    trust: Trust
    score: int
    max_score: int
    path: str | None
    checkpoints: tuple[CheckpointResult, ...]
    lessons: tuple[LessonResult, ...]
    integrity: tuple[IntegrityProblem, ...] = ()
    warnings: tuple[str, ...] = ()
    signature: str | None = None

    @property
    def passed(self) -> bool:
        """Tell whether all that was graded has passed; what waits for a review is not graded yet."""
        questions = (q.status for checkpoint in self.checkpoints for q in checkpoint.questions)
        exercises = (e.status for lesson in self.lessons for e in lesson.exercises)
        return all(s == "passed" for s in exercises) and all(s in _SETTLED for s in questions)
