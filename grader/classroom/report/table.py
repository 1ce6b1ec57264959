"""The report as CSV: a row for each student and exercise, a table that any spreadsheet can pivot."""

from __future__ import annotations

from collections.abc import Iterator

from grader.classroom.report.model import ClassReport
from grader.classroom.report.records import StudentRecord
from grader.classroom.sheets import sheet

HEAD = ("student", "name", "state", "reason", "authenticated", "exercise", "status", "score", "max_score",
        "lost", "misconception", "attempts", "late", "remarks")
Row = tuple[str | int, ...]


def to_csv(report: ClassReport) -> str:
    """Write what each student has for each exercise; who has no result keeps one row with the reason."""
    return sheet([HEAD, *(row for student in report.students for row in _rows(student))])


def _rows(student: StudentRecord) -> Iterator[Row]:
    signed = "yes" if student.authenticated else "no"
    front = (student.id, student.name, student.state, student.reason, signed)
    back = (len(student.tries), student.late, "; ".join(student.remarks))
    if not student.cells:
        yield (*front, "", "", "", "", "", "", *back)
    for name, cell in student.cells.items():
        points = (cell.status, cell.score, cell.max_score)
        yield (*front, name, *points, " ".join(cell.lost), cell.mistake, *back)
