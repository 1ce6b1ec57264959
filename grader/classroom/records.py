"""The rows of a gradebook, as plain frozen data. Times are UTC, ISO 8601."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from grader.course import AttemptRule, LateRule
from grader.result import Certainty, Status, Visibility

State = Literal["graded", "partial", "rejected", "failed"]
OverrideKind = Literal["lesson", "exercise", "criterion", "question"]


@dataclass(frozen=True)
class Student:
    """One person. Those who hand in together share a team."""

    id: int
    login: str
    team: int
    name: str = ""
    email: str = ""
    section: str = ""
    number: str = ""
    """The school's own number (SIS ID)."""
    enrolled: bool = False
    """Whether the roster names this student."""
    team_name: str = ""


@dataclass(frozen=True)
class Attempt:
    """One state of a team's work, as the teacher found it."""

    id: int
    team: int
    place: str
    """The folder, archive or line of a list that it came from."""
    version: int
    digest: str
    source: str
    commit: str | None
    collected_at: str
    """The teacher's record; it decides what is late."""


@dataclass(frozen=True)
class Grading:
    """What grading an attempt once gave; the newest that has a lesson counts for it."""

    id: int
    attempt: int
    number: int
    state: State
    reason: str
    score: int
    max_score: int
    path: str
    lessons: str
    """`1,2` where only these were asked for; empty for all."""
    course_digest: str
    course_version: str
    grader_version: str
    seed_id: str
    key_id: str
    isolation: str
    trust: str
    graded_at: str


@dataclass(frozen=True)
class LessonOutcome:
    """The plain score of a lesson in one grading."""

    grading: int
    lesson: str
    score: int
    max_score: int


@dataclass(frozen=True)
class ExerciseOutcome:
    """The plain score of an exercise in one grading."""

    grading: int
    exercise: str
    status: Status
    score: int
    max_score: int
    seconds: float


@dataclass(frozen=True)
class CriterionOutcome:
    """The plain score of a criterion in one grading."""

    grading: int
    lesson: str
    exercise: str
    criterion: str
    visibility: Visibility
    status: Status
    score: int
    points: int


@dataclass(frozen=True)
class QuestionOutcome:
    """The plain score of a question in one grading."""

    grading: int
    checkpoint: str
    question: str
    kind: str
    status: Status
    score: int
    max_score: int


@dataclass(frozen=True)
class MisconceptionSeen:
    """A known mistake that one grading found."""

    grading: int
    exercise: str
    criterion: str
    misconception: str
    title: str
    certainty: Certainty
    others: int


@dataclass(frozen=True)
class AnswerText:
    """A text or a drawing's name that a teacher reads. It is a stranger's: neutralise it."""

    attempt: int
    checkpoint: str
    question: str
    digest: str
    text: str
    file: str


@dataclass(frozen=True)
class Override:
    """A score that a person set by hand."""

    id: int
    student: int
    kind: OverrideKind
    target: str
    """`1`, `1.5`, `1.5/stable`, or `3/why-scale`: checkpoint and question."""
    score: int | None
    """None takes an earlier override back."""
    who: str
    why: str
    at: str


@dataclass(frozen=True)
class Review:
    """A teacher's verdict on exactly one answer, whoever wrote it."""

    id: int
    checkpoint: str
    question: str
    answer_digest: str
    level: int
    """1: no points, 2: half of them, 3: all."""
    comment: str
    who: str
    at: str


@dataclass(frozen=True)
class Agreement:
    """Due dates, extensions and what happens to late work, as at the last run."""

    late: LateRule = "none"
    percent_per_day: int = 0
    attempt: AttemptRule = "latest"
    due: dict[str, str] = field(default_factory=dict)
    """Lesson -> time."""
    extensions: dict[tuple[int, str], str] = field(default_factory=dict)
    """Student and lesson ("" for all) -> time."""
