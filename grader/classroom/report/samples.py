"""Take from the class's own submissions what shows a misconception: a few anonymous lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from grader.classroom.code import code_of
from grader.classroom.collected import Collected
from grader.classroom.gradebook import Gradebook
from grader.classroom.records import Attempt
from grader.classroom.report.records import ClassRecord
from grader.course import Course
from grader.errors import GraderError

TOPICS = 30
"""The most frequent misconceptions get lines."""
LOOKED_AT = 3
"""Students whose code is looked at for the shortest."""
LONGEST = 16
"""Lines; of a longer function the beginning is shown."""

Mistake = tuple[str, str]


def with_code(record: ClassRecord, book: Gradebook, course: Course, collected: Collected) -> ClassRecord:
    """Add to a record the shortest code of somebody who shows each of the frequent misconceptions."""
    counts = Counter((exercise, cell.mistake) for student in record.graded
                     for exercise, cell in student.cells.items() if cell.mistake)
    newest = {attempt.team: attempt for attempt in book.attempts()}
    attempts = {student.login: newest[student.team] for student in book.students()
                if student.team in newest}
    found: dict[Mistake, tuple[str, ...]] = {}
    for mistake, _ in counts.most_common(TOPICS):
        showing = [attempts[login] for login in _showing(record, mistake)[:LOOKED_AT]]
        codes = list(_codes(course, collected, showing, mistake[0]))
        if codes:
            found[mistake] = _cut(min(codes, key=len))
    return replace(record, code=found)


def _showing(record: ClassRecord, mistake: Mistake) -> list[str]:
    return [s.id for s in record.graded if (cell := s.cells.get(mistake[0])) and cell.mistake == mistake[1]]


def _codes(
    course: Course, collected: Collected, attempts: Iterable[Attempt], exercise: str
) -> Iterator[tuple[str, ...]]:
    """Give the code of an exercise in some submissions; what cannot be read is left out."""
    for attempt in attempts:
        try:
            lines = code_of(course, collected.read(attempt), course.exercises[exercise])
        except GraderError:
            continue
        if lines:
            yield lines


def _cut(lines: tuple[str, ...]) -> tuple[str, ...]:
    return lines if len(lines) <= LONGEST else (*lines[:LONGEST], "    …")
