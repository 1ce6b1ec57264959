"""Item analysis: how hard each check is, whether it tells strong from weak, and which test to look at.

Every definition is a sentence in `DEFINITIONS`, which the report prints beside its numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.classroom.report.records import StudentRecord
from grader.course import Criterion, Exercise

FEWEST = 5
"""With fewer students a correlation says nothing."""
FEW = 20
"""With fewer students a correlation is to be read with care."""
FEWEST_SUSPICIOUS = 8
ONE_IN_TWENTY = 1.65
"""A correlation below −1.65/√n comes from chance alone in one class of twenty."""
STRONGEST = 4
"""The strongest quarter."""

DEFINITIONS = {
    "tried": "Students who began the exercise: its function is not the stub's any more.",
    "difficulty": "Share of those who tried that won the check. 1 is easy, 0 is hard.",
    "discrimination": (
        "Point-biserial correlation, among those who tried, between winning the check (1 or 0) and the rest "
        "of the score (all points of exercises but this check's). Near 1: strong students win it, weak "
        f"ones do not. Not given below {FEWEST} students, or if all or none win; below {FEW} students, read "
        "it with care."
    ),
    "suspicious": (
        f"At least {FEWEST_SUSPICIOUS} students tried, and either the discrimination is further below 0 than "
        f"chance brings it in one class of twenty (−{ONE_IN_TWENTY}/√tried), or at least half of the "
        "strongest quarter (by the rest of the score) lose the check, and win it less often than the others. "
        "Look at the test before you look at the students."
    ),
    "gap": (
        "Share of the public points that those who tried have won, minus the share of the hidden points. "
        "A large gap: code is fitted to the public tests, or these show too little."
    ),
    "all public, not all hidden": (
        "Students who won every public check of the exercise and lost at least one hidden check."
    ),
    "stuck": (
        "Median, over the students who show the misconception in two or more attempts, of the time from the "
        "first attempt that shows it to the first that does not, or to the last attempt."
    ),
}


@dataclass(frozen=True)
class Item:
    """One check of the rubric, seen over the class."""

    exercise: str
    function: str
    criterion: str
    text: str
    visibility: str
    tried: int
    won: int
    difficulty: float | None
    discrimination: float | None
    suspicious: str
    """Why the test should be looked at; empty if it need not be."""

    @property
    def careful(self) -> bool:
        """Tell whether so few students tried it that the numbers are to be read with care."""
        return self.tried < FEW


@dataclass(frozen=True)
class Gap:
    """Public against hidden points of one exercise."""

    exercise: str
    function: str
    tried: int
    public: float
    hidden: float
    only_public: int

    @property
    def gap(self) -> float:
        """Give the share of public points won minus that of hidden points."""
        return self.public - self.hidden


Weights = Mapping[tuple[str, str], int]
"""(exercise, criterion) -> its points on the path of the class."""


def analyse(
    exercises: Sequence[Exercise], students: Sequence[StudentRecord], weights: Weights
) -> tuple[Item, ...]:
    """Analyse every criterion of the exercises over the students who tried them."""
    totals = {s.id: sum(cell.score for cell in s.cells.values()) for s in students}
    found: list[Item] = []
    for exercise in exercises:
        tried = _tried(exercise, students)
        score = np.array([totals[student.id] for student in tried], dtype=float)
        lost = [student.cells[exercise.id].lost for student in tried]
        for criterion in exercise.criteria:
            won = np.array([criterion.id not in one for one in lost], dtype=bool)
            rest = score - weights.get((exercise.id, criterion.id), 0) * won
            found.append(_item(exercise, criterion, won, rest))
    return tuple(found)


def gaps(
    exercises: Sequence[Exercise], students: Sequence[StudentRecord], weights: Weights
) -> tuple[Gap, ...]:
    """Compare public with hidden points, exercise by exercise; the widest gap comes first."""
    found = (_gap(exercise, _tried(exercise, students), weights) for exercise in exercises)
    return tuple(sorted((gap for gap in found if gap), key=lambda gap: -gap.gap))


def point_biserial(won: Any, rest: Any) -> float | None:
    """Correlate won or lost (bool [n]) with the rest of the score ([n]); None where that says nothing."""
    if len(won) < FEWEST or won.all() or not won.any():
        return None
    spread = float(rest.std())
    if spread == 0.0:
        return None
    share = float(won.mean())
    difference = float(rest[won].mean() - rest[~won].mean())
    return difference / spread * float(np.sqrt(share * (1.0 - share)))


def _tried(exercise: Exercise, students: Sequence[StudentRecord]) -> list[StudentRecord]:
    return [s for s in students
            if exercise.id in s.cells and s.cells[exercise.id].status != "not_started"]


def _item(exercise: Exercise, criterion: Criterion, won: Any, rest: Any) -> Item:
    power = point_biserial(won, rest)
    return Item(
        exercise=exercise.id, function=exercise.function, criterion=criterion.id, text=criterion.text,
        visibility="public" if criterion.public else "hidden", tried=len(won), won=int(won.sum()),
        difficulty=float(won.mean()) if len(won) else None, discrimination=power,
        suspicious=_suspicion(won, rest, power),
    )


def _suspicion(won: Any, rest: Any, power: float | None) -> str:
    """Say why a test should be looked at: strong students lose what others win."""
    if len(won) < FEWEST_SUSPICIOUS or not won.any():
        return ""
    if power is not None and power < -ONE_IN_TWENTY / np.sqrt(len(won)):
        return f"weaker students win it more often than stronger ones (discrimination {power:.2f})"
    order = np.argsort(-rest, kind="stable")
    strongest, others = np.split(order, [max(2, len(won) // STRONGEST)])
    lost = int((~won[strongest]).sum())
    if 2 * lost >= len(strongest) and won[strongest].mean() < won[others].mean():
        return f"{lost} of the {len(strongest)} strongest students lose it"
    return ""


def _gap(exercise: Exercise, tried: list[StudentRecord], weights: Weights) -> Gap | None:
    points = {c: weights.get((exercise.id, c.id), 0) for c in exercise.criteria}
    public = {c.id: worth for c, worth in points.items() if c.public and worth}
    hidden = {c.id: worth for c, worth in points.items() if not c.public and worth}
    if not tried or not public or not hidden:
        return None
    lost = [set(student.cells[exercise.id].lost) for student in tried]
    return Gap(
        exercise.id, exercise.function, len(tried), _share_won(public, lost), _share_won(hidden, lost),
        sum(not (one & public.keys()) and bool(one & hidden.keys()) for one in lost),
    )


def _share_won(points: dict[str, int], lost: list[set[str]]) -> float:
    won = sum(worth for one in lost for name, worth in points.items() if name not in one)
    return won / (len(lost) * sum(points.values()))
