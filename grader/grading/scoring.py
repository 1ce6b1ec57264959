"""From evidence to points. The denominator is the rubric, never what was collected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.course import Course, Criterion, Exercise, Lesson
from grader.grading.evidence import ExerciseEvidence, TestEvidence
from grader.result import Status
from grader.testing import CheckFailed, StudentFailed

LESSON_POINTS = 100


@dataclass(frozen=True)
class Verdict:
    """How one criterion ended, and the test that decided it (None where all passed or none ran)."""

    criterion: Criterion
    status: Status
    decided_by: TestEvidence | None


def judge(criterion: Criterion, evidence: ExerciseEvidence, *, public_only: bool) -> Verdict:
    """Judge one criterion: passed only when each of its tests ran and passed."""
    if evidence.not_started:
        return Verdict(criterion, "not_started", None)
    wanted = [t for t in criterion.tests if t.public or not public_only]
    runs = {t: [e for e in evidence.tests if e.function == t] for t in wanted}
    failed = [e for runs_of_test in runs.values() for e in runs_of_test if e.outcome != "passed"]
    if failed:
        first = min(failed, key=lambda e: not e.function.public)
        return Verdict(criterion, _status(first), first)
    if not wanted or not all(runs.values()):
        return Verdict(criterion, "error", None)
    return Verdict(criterion, "passed", None)


def _status(test: TestEvidence) -> Status:
    failure = test.failure
    if isinstance(failure, CheckFailed):
        return "failed"
    if isinstance(failure, StudentFailed):
        if failure.kind in ("cpu", "wall"):
            return "timeout"
        return "failed" if failure.kind == "unsupported" else "error"
    return "error"


def exercise_status(verdicts: Sequence[Verdict]) -> Status:
    """Sum up: passed if all are, else the first that is not."""
    return next((v.status for v in verdicts if v.status != "passed"), "passed")


def selected(course: Course, lessons: Sequence[str] | None, path: str | None) -> tuple[Exercise, ...]:
    """List the exercises to grade, in the order of the course, which is an order of dependency."""
    return tuple(
        e for e in course.exercises.values()
        if (lessons is None or e.lesson in lessons) and (path is None or path in e.paths)
    )


def points_on_path(lesson: Lesson, path: str | None) -> dict[tuple[str, str], int]:
    """Weigh a lesson's criteria so that those on the path make 100 points.

    The largest-remainder method: everyone gets the whole part of an exact share, and the points left
    over go to the largest fractions, ties by order. Whole numbers in, whole numbers out.
    """
    criteria = [
        ((e.id, c.id), c.points)
        for e in lesson.exercises if path is None or path in e.paths for c in e.criteria
    ]
    total = sum(points for _, points in criteria)
    if total in (0, LESSON_POINTS):
        return dict(criteria)
    shares = {key: divmod(points * LESSON_POINTS, total) for key, points in criteria}
    left = LESSON_POINTS - sum(whole for whole, _ in shares.values())
    lucky = sorted(shares, key=lambda key: -shares[key][1])[:left]  # sorted() is stable: ties by order
    return {key: whole + (key in lucky) for key, (whole, _) in shares.items()}
