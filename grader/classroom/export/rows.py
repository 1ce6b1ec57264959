"""What every export is made of: a row for each student, with the scores that count."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from grader.classroom.gradebook import Gradebook
from grader.classroom.roster import Person, Roster
from grader.classroom.standing import Standing, standings
from grader.course import Course

TOTAL = "total"


@dataclass(frozen=True)
class Points:
    """A score and its maximum."""

    score: int
    max_score: int


@dataclass(frozen=True)
class Row:
    """One student."""

    login: str
    name: str
    email: str
    number: str
    section: str
    team: str
    enrolled: bool
    state: str
    collected_at: str
    points: Mapping[str, Points]
    """`total`, `lesson 1`, `checkpoint 1` -> what counts."""
    feedback: Mapping[str, str] = field(default_factory=dict)
    """Checkpoint -> a paragraph."""
    grading: int | None = None
    """The newest grading that counts."""

    @property
    def total(self) -> Points:
        """Give the sum of all that counts."""
        return self.points[TOTAL]


def read_rows(book: Gradebook, course: Course, roster: Roster | None = None) -> tuple[Row, ...]:
    """Read the rows of a class, by login; a roster adds what the gradebook does not know."""
    times = {attempt.id: attempt.collected_at for attempt in book.attempts()}
    people = {person.login.casefold(): person for person in (roster.people if roster else ())}
    rows = (_row(book, course, standing, times) for standing in standings(book))
    return tuple(_enrolled(row, people.get(row.login.casefold())) for row in rows)


def titles(course: Course) -> dict[str, Sequence[str]]:
    """Give the names that a column of a gradebook may have, for each kind of points."""
    found: dict[str, Sequence[str]] = {TOTAL: (course.title, "Total")}
    for lesson in course.lessons:
        found[f"lesson {lesson.id}"] = _names("Lesson", lesson.id, lesson.title)
    for checkpoint in course.checkpoints:
        found[f"checkpoint {checkpoint.id}"] = _names("Checkpoint", checkpoint.id, checkpoint.title)
    return found


def _names(kind: str, number: str, title: str) -> tuple[str, ...]:
    return f"{kind} {number}: {title}", f"{kind} {number}", title


def _row(book: Gradebook, course: Course, standing: Standing, times: Mapping[int, str]) -> Row:
    student = standing.student
    gradings = [lesson.grading for lesson in standing.lessons if lesson.grading is not None]
    newest = max(gradings, default=None)
    return Row(
        student.login, student.name or student.login, student.email, student.number, student.section,
        student.team_name, student.enrolled, standing.state,
        times.get(standing.latest, "") if standing.latest is not None else "",
        dict(_points(course, standing)),
        dict(_feedback(book, newest)) if newest is not None else {}, newest,
    )


def _points(course: Course, standing: Standing) -> Iterator[tuple[str, Points]]:
    yield TOTAL, Points(standing.score, standing.max_score)
    for lesson in standing.lessons:
        yield f"lesson {lesson.lesson}", Points(lesson.score, lesson.max_score)
    for checkpoint in course.checkpoints:
        parts = [(x.score, x.max_score) for x in standing.lessons if x.lesson in checkpoint.lessons]
        parts += [(q.score, q.max_score) for q in standing.questions if q.checkpoint == checkpoint.id]
        if parts:
            yield f"checkpoint {checkpoint.id}", Points(sum(s for s, _ in parts), sum(m for _, m in parts))


def _feedback(book: Gradebook, grading: int) -> Iterator[tuple[str, str]]:
    """Read the checkpoints' paragraphs of a stored result."""
    text = book.result_text(grading)
    for checkpoint in json.loads(text)["checkpoints"] if text else ():
        yield checkpoint["id"], checkpoint["feedback"]


def _enrolled(row: Row, person: Person | None) -> Row:
    if person is None:
        return row
    return replace(row, name=person.name or row.name, email=person.email or row.email,
                   number=person.number or row.number, section=person.section or row.section, enrolled=True)
