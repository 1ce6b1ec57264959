"""What `grader check` saw, run by run: `.grader/history.jsonl`, read by everything that looks back."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, get_args

from grader.course import Course
from grader.result import Result, Status
from grader.student import journal

FILE = "history.jsonl"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_STATUSES: dict[str, Status] = {status: status for status in get_args(Status)}


@dataclass(frozen=True)
class Seen:
    """How an exercise ended when it was last checked."""

    status: Status
    score: int
    max_score: int
    at: datetime
    tries: int
    """Different sources that were checked, up to the first that passed; an untouched stub is none."""


@dataclass(frozen=True)
class History:
    """All that was seen in this repository."""

    runs: int = 0
    last: datetime | None = None
    digest: str = ""
    """Names the sources of the last run."""
    exercises: Mapping[str, Seen] = field(default_factory=dict)
    questions: Mapping[str, Mapping[str, Status]] = field(default_factory=dict)
    """Checkpoint -> question -> status, from the last run that looked at them."""

    def passed(self, exercise: str) -> bool:
        """Tell whether an exercise passed when it was last checked."""
        return exercise in self.exercises and self.exercises[exercise].status == "passed"


def remember(course: Course, result: Result) -> None:
    """Add one run to the history; raises UsageError where that cannot be done."""
    checked = [e for lesson in result.lessons for e in lesson.exercises if e.criteria]
    journal.append(course.root, FILE, {
        "time": result.graded_at,
        "course": course.id,
        "digest": result.submission.digest,
        "score": result.score,
        "max_score": result.max_score,
        "exercises": {e.id: [e.status, e.score, e.max_score] for e in checked},
        "questions": {c.id: {q.id: q.status for q in c.questions}
                      for c in result.checkpoints if c.questions},
    })


def read_history(course: Course) -> History:
    """Read all runs; whatever in them is not understood is passed over."""
    reading = _Reading()
    for entry in journal.entries(course.root, FILE):
        if entry.get("course") == course.id:
            with contextlib.suppress(ValueError, TypeError, AttributeError, KeyError):
                reading.run(entry)
    exercises = {name: seen for name, seen in reading.exercises.items() if name in course.exercises}
    return History(reading.runs, reading.last, reading.digest, exercises, reading.questions)


@dataclass
class _Reading:
    runs: int = 0
    last: datetime | None = None
    digest: str = ""
    exercises: dict[str, Seen] = field(default_factory=dict)
    questions: dict[str, dict[str, Status]] = field(default_factory=dict)
    sources: dict[str, set[str]] = field(default_factory=dict)
    won: set[str] = field(default_factory=set)

    def run(self, entry: dict[str, Any]) -> None:
        """Take one run in; raises at what is not a run."""
        at = datetime.strptime(entry["time"], _TIME).replace(tzinfo=UTC)
        digest = str(entry["digest"])
        seen = {name: self._seen(name, row, at, digest) for name, row in entry["exercises"].items()}
        questions = {checkpoint: {name: _STATUSES[status] for name, status in rows.items()}
                     for checkpoint, rows in entry["questions"].items()}
        self.exercises |= seen
        self.questions |= questions
        self.runs, self.last, self.digest = self.runs + 1, at, digest

    def _seen(self, name: str, row: list[Any], at: datetime, digest: str) -> Seen:
        word, score, most = row
        status = _STATUSES[word]
        if status != "not_started" and name not in self.won:
            self.sources.setdefault(name, set()).add(digest)
        if status == "passed":
            self.won.add(name)
        return Seen(status, _points(score), _points(most), at, len(self.sources.get(name, ())))


def _points(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value
