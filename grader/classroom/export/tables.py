"""Exports that are a CSV of our own making: for spreadsheets, Moodle, and readers of grades.csv."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from grader.classroom.export.rows import TOTAL, Points, Row
from grader.classroom.sheets import sheet
from grader.course import Course

MOODLE = ("Username", "ID number", "Email address")
CLASSROOM = ("assignment_name", "assignment_url", "starter_code_url", "github_username", "roster_identifier",
             "student_repository_name", "student_repository_url", "submission_timestamp", "points_awarded",
             "points_available", "group_name")
"""The columns of GitHub Classroom's grades.csv; addresses that we do not know are empty."""


@dataclass(frozen=True)
class Export:
    """A text, and who is not in it, with the reason."""

    text: str
    left_out: tuple[tuple[str, str], ...] = ()


def to_csv(course: Course, rows: Sequence[Row]) -> Export:
    """Write a row for each student with every score that counts."""
    kinds = _kinds(course, rows)
    front = ("login", "name", "email", "number", "section", "group", "state", "collected_at")
    head = (*front, *(f"{kind}{ending}" for kind in kinds for ending in ("", " max")))
    body = [(r.login, r.name, r.email, r.number, r.section, r.team, r.state, r.collected_at,
             *(value for kind in kinds for value in _pair(r.points.get(kind)))) for r in rows]
    return Export(sheet([head, *body]))


def to_moodle(course: Course, rows: Sequence[Row]) -> Export:
    """Write what Moodle imports: only students of the roster who can be told apart, the rest is listed.

    One user whom Moodle does not know stops its whole import. Each checkpoint has a feedback column.
    """
    kinds = _kinds(course, rows)
    mails = Counter(r.email.casefold() for r in rows if r.email)
    problems = {r.login: _moodle_problem(r, mails) for r in rows}
    head = (*MOODLE, *(_title(course, kind) for kind in kinds),
            *(f"{_title(course, f'checkpoint {c.id}')} feedback" for c in course.checkpoints))
    body = [(r.login, r.number, r.email, *(_score(r.points.get(kind)) for kind in kinds),
             *(r.feedback.get(c.id, "") for c in course.checkpoints)) for r in rows if not problems[r.login]]
    return Export(sheet([head, *body]), tuple(item for item in problems.items() if item[1]))


def to_classroom(course: Course, rows: Sequence[Row]) -> Export:
    """Write grades.csv as GitHub Classroom did."""
    body = [(course.title, "", "", r.login, r.number or r.email or r.name, f"{course.id}-{r.team}", "",
             r.collected_at, r.total.score, r.total.max_score, r.team if r.team != r.login else "")
            for r in rows]
    return Export(sheet([CLASSROOM, *body]))


def _kinds(course: Course, rows: Sequence[Row]) -> list[str]:
    order = [TOTAL, *(f"lesson {x.id}" for x in course.lessons),
             *(f"checkpoint {c.id}" for c in course.checkpoints)]
    return [kind for kind in order if any(kind in r.points for r in rows)]


def _title(course: Course, kind: str) -> str:
    return course.title if kind == TOTAL else kind.capitalize()


def _score(points: Points | None) -> int | str:
    return "" if points is None else points.score


def _pair(points: Points | None) -> tuple[int | str, int | str]:
    return ("", "") if points is None else (points.score, points.max_score)


def _moodle_problem(row: Row, mails: Counter[str]) -> str:
    if not row.enrolled:
        return "is not in the roster"
    if not row.email and not row.number:
        return "has neither an e-mail address nor a number in the roster"
    return "shares an e-mail address with somebody" if mails[row.email.casefold()] > 1 else ""
