"""Students who need their teacher, the most urgent first, each with a reason that can be acted on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from grader.classroom.report.records import StudentRecord
from grader.course import Course

Kind = Literal["grader failed", "nothing read", "nothing handed in", "nothing started", "errors", "stuck",
               "files to look at"]
STUCK_TRIES = 3
"""So many attempts in a row without a gain, or with the same misconception."""


@dataclass(frozen=True)
class Need:
    """One student and why."""

    student: str
    name: str
    kind: Kind
    reason: str


def needs(course: Course, students: Sequence[StudentRecord]) -> tuple[Need, ...]:
    """List who needs help; a student may stand here for several reasons."""
    found = [Need(student.id, student.name, kind, reason)
             for kind, look in _LOOKS for student in students for reason in look(course, student)]
    return tuple(found)


def _failed(course: Course, student: StudentRecord) -> Iterator[str]:
    if student.state == "failed":
        yield student.reason or "the grader itself failed on this submission"


def _rejected(course: Course, student: StudentRecord) -> Iterator[str]:
    if student.state == "rejected":
        yield student.reason or "nothing of the submission could be read"


def _missing(course: Course, student: StudentRecord) -> Iterator[str]:
    if student.state == "missing":
        yield student.reason or "in the roster, but there is no submission"


def _untouched(course: Course, student: StudentRecord) -> Iterator[str]:
    if student.graded and all(cell.status == "not_started" for cell in student.cells.values()):
        yield "every exercise is still the stub"


def _errors(course: Course, student: StudentRecord) -> Iterator[str]:
    """Say it once for a module: one syntax error costs all of its exercises."""
    for one, several, status in (("exercise ends in an error", "exercises end in an error", "error"),
                                 ("exercise runs out of time", "exercises run out of time", "timeout")):
        broken = [name for name, cell in student.cells.items() if cell.status == status]
        if broken:
            yield f"{len(broken)} {one if len(broken) == 1 else several}: {_short(broken)}"


def _stuck(course: Course, student: StudentRecord) -> Iterator[str]:
    recent = student.tries[-STUCK_TRIES:]
    if len(recent) < STUCK_TRIES:
        return
    titles = {(m.exercise, m.id): m.title for lesson in course.lessons for m in lesson.misconceptions}
    same = frozenset.intersection(*(one.mistakes for one in recent))
    if same:
        named = [f"{one[0]} {titles.get(one, one[1])}" for one in sorted(same)]
        yield f"the same misconception in the last {len(recent)} attempts: {_short(named)}"
    elif len({one.score for one in recent}) == 1 and student.score < student.max_score:
        yield f"no point gained in the last {len(recent)} attempts"


def _protected(course: Course, student: StudentRecord) -> Iterator[str]:
    yield from student.remarks


_LOOKS: tuple[tuple[Kind, Callable[[Course, StudentRecord], Iterator[str]]], ...] = (
    ("grader failed", _failed),
    ("nothing read", _rejected),
    ("nothing handed in", _missing),
    ("errors", _errors),
    ("stuck", _stuck),
    ("nothing started", _untouched),
    ("files to look at", _protected),
)
_SHOWN = 4


def _short(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
