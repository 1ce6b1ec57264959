"""Compare what a result claims with what grading gave: an advisory one can be written by anybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from grader.result.model import ExerciseResult, Result


@dataclass(frozen=True)
class Overclaim:
    """An exercise for which a result claims more than it is worth, over the criteria that both have."""

    exercise: str
    function: str
    claimed: int
    graded: int
    points: int


def overclaims(claimed: Result, graded: Result) -> tuple[Overclaim, ...]:
    """List the exercises for which `claimed` says more than `graded`, in the order of the course.

    Less is no claim: without doors, a check may hold an exercise back that grading gives points for.
    """
    mine = dict(_exercises(graded))
    pairs = ((one, mine[name]) for name, one in _exercises(claimed) if name in mine)
    found = (_compare(claim, grade) for claim, grade in pairs)
    return tuple(one for one in found if one.claimed > one.graded)


def _exercises(result: Result) -> Iterator[tuple[str, ExerciseResult]]:
    for lesson in result.lessons:
        for exercise in lesson.exercises:
            yield exercise.id, exercise


def _compare(claim: ExerciseResult, grade: ExerciseResult) -> Overclaim:
    """Count criteria by the points of the grading: those of a claim are a claim, too."""
    said = {criterion.id for criterion in claim.criteria if criterion.score}
    both = {criterion.id for criterion in claim.criteria}
    common = [criterion for criterion in grade.criteria if criterion.id in both]
    return Overclaim(
        grade.id, grade.function, sum(c.points for c in common if c.id in said),
        sum(c.score for c in common), sum(c.points for c in common),
    )
