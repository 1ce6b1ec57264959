"""The report of a class as plain data: every form of it (page, Markdown, JSON, CSV, terminal) shows this."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

import grader
from grader.classroom.report.gates import GateSummary, gate_summaries
from grader.classroom.report.items import DEFINITIONS, Gap, Item, Weights, analyse, gaps
from grader.classroom.report.needs import Need, needs
from grader.classroom.report.records import Change, ClassRecord, Pair, StudentRecord
from grader.classroom.report.teach import Topic, topics
from grader.course import Course, Exercise, points_on_path

SCHEMA = "grader/report/v1"
CAUTION = (
    "Alike is not copied. Two honest textbook solutions of a 15-line function are 0.86 alike, and a short "
    "function has few ways to be right. Use a pair as a reason to talk, never as a penalty."
)
EXPORTS = (
    "canvas {book} --template export.csv --output canvas.csv", "moodle {book} --output moodle.csv",
    "gradescope {book} --output gradescope", "classroom {book} --output grades.csv",
    "classroom50 {book} --output scores.json", "csv {book} --output class.csv",
)


@dataclass(frozen=True)
class ClassReport:
    """Everything that a teacher reads about a class, in the order of the page."""

    title: str
    made_at: str
    banner: tuple[str, ...]
    """Why these numbers cannot all be trusted; empty if they can."""
    counts: Mapping[str, int]
    topics: tuple[Topic, ...]
    needs: tuple[Need, ...]
    exercises: tuple[Exercise, ...]
    students: tuple[StudentRecord, ...]
    gates: tuple[GateSummary, ...]
    items: tuple[Item, ...]
    gaps: tuple[Gap, ...]
    overrides: tuple[Change, ...]
    late: tuple[StudentRecord, ...]
    regrades: tuple[Change, ...]
    pairs: tuple[Pair, ...] | None
    ids: tuple[tuple[str, ...], ...]
    exports: tuple[str, ...]
    origin: Mapping[str, str]

    @property
    def suspicious(self) -> tuple[Item, ...]:
        """List the checks whose tests should be looked at."""
        return tuple(item for item in self.items if item.suspicious)

    @property
    def definitions(self) -> Mapping[str, str]:
        """Say what each number means."""
        return DEFINITIONS


def make_report(course: Course, record: ClassRecord) -> ClassReport:
    """Work out the report of a class."""
    path = record.origin.path or None
    seen = {name for student in record.graded for name in student.cells}
    exercises = tuple(e for e in course.exercises.values() if e.id in seen)
    weights: Weights = {key: points for lesson in course.lessons
                        for key, points in points_on_path(lesson, path).items()}
    return ClassReport(
        title=record.title or course.title,
        made_at=record.made_at,
        banner=tuple(_banner(course, record)),
        counts=_counts(record),
        topics=topics(course, record),
        needs=needs(course, record.students),
        exercises=exercises,
        students=tuple(sorted(record.students, key=lambda s: (s.name.casefold(), s.id))),
        gates=gate_summaries(course, record),
        items=analyse(exercises, record.submissions, weights),
        gaps=gaps(exercises, record.submissions, weights),
        overrides=record.overrides,
        late=tuple(student for student in record.students if student.late),
        regrades=record.regrades,
        pairs=record.pairs,
        ids=record.ids,
        exports=tuple(f"grader export {form.format(book=shlex.quote(record.origin.gradebook))}"
                      for form in EXPORTS),
        origin=_origin(course, record),
    )


def _banner(course: Course, record: ClassRecord) -> list[str]:
    failed = sum(student.state == "failed" for student in record.students)
    open_ = sum(not student.authenticated for student in record.graded)
    found = []
    if failed:
        found.append(f"The grader itself failed on {_students(failed)}: they have no score, not 0 points. "
                     "Grade them again; the reason stands below.")
    if open_:
        verb = "is" if open_ == 1 else "are"
        found.append(f"{open_} of {len(record.graded)} results {verb} not authenticated (not signed with "
                     "your key, or not run in a confined process): advice, not grades.")
    if any(digest != course.digest for digest in record.origin.course_digests):
        found.append("Some results come from another state of the course than the one beside this report: "
                     "grade again before you compare.")
    return found


def _students(count: int) -> str:
    return f"{count} student" if count == 1 else f"{count} students"


def _counts(record: ClassRecord) -> dict[str, int]:
    states = ("graded", "partial", "rejected", "failed", "missing")
    return {"students": len(record.students)} | {
        state: sum(student.state == state for student in record.students) for state in states}


def _origin(course: Course, record: ClassRecord) -> dict[str, str]:
    origin = record.origin
    return {
        "command": origin.command,
        "gradebook": origin.gradebook,
        "course": origin.course,
        "course digests in the gradebook": ", ".join(origin.course_digests) or "none",
        "course digest now": course.digest,
        "grader versions in the gradebook": ", ".join(origin.grader_versions) or "none",
        "grader version now": grader.__version__,
        "seeds": ", ".join(origin.seed_ids) or "none",
        "path": origin.path or "none",
    }
