"""From evidence to points. The denominator is the rubric, never what was collected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grader.course import Course, Criterion, Exercise, points_on_path
from grader.grading.evidence import ExerciseEvidence, TestEvidence
from grader.result import Status
from grader.testing import CheckFailed, StudentFailed

LONGEST = 200
"""So many numbers of an array are looked at: the shortest input is never longer."""

__all__ = ["Verdict", "exercise_status", "judge", "points_on_path", "selected"]


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
        first = min(failed, key=_hard_to_read)
        return Verdict(criterion, _status(first), first)
    if not wanted or not all(runs.values()):
        return Verdict(criterion, "error", None)
    return Verdict(criterion, "passed", None)


def _hard_to_read(test: TestEvidence) -> tuple[bool, bool, int]:
    """Order failed tests: public ones first, then those with an error, which has a line, then by input."""
    if not test.function.public:
        return True, False, 0
    length = _length((test.calls[-1].args, test.calls[-1].kwargs)) if test.calls else 0
    return False, not isinstance(test.failure, StudentFailed), length


def _length(value: Any) -> int:
    """Count the characters that it takes to write an input's numbers down."""
    if isinstance(value, (tuple, list)):
        return sum(map(_length, value))
    if isinstance(value, dict):
        return sum(map(_length, value.values()))
    if hasattr(value, "ravel"):
        return sum(len(f"{number:.5g}") for number in value.ravel()[:LONGEST]) + int(value.size)
    return len(str(value))


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
