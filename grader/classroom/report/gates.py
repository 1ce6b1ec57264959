"""The checkpoints of a class: who has passed, how the points are spread, how many tries it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median

from grader.classroom.report.records import ClassRecord, Gate
from grader.course import Course

BANDS = 10
"""The spread of points is shown in tenths of the maximum."""
PASS_SHARE = 0.8


@dataclass(frozen=True)
class GateSummary:
    """One checkpoint over the class."""

    id: str
    title: str
    students: int
    passed: int
    """Students with at least 80 % of the points."""
    mean_share: float | None
    median_share: float | None
    bands: tuple[int, ...]
    """Students by tenth of the maximum; full marks are in the last."""
    median_tries: float | None
    questions: Mapping[str, Mapping[str, int]]
    """Question -> status -> students."""

    @property
    def pass_rate(self) -> float | None:
        """Give the share of students who passed."""
        return self.passed / self.students if self.students else None


def gate_summaries(course: Course, record: ClassRecord) -> tuple[GateSummary, ...]:
    """Sum up each checkpoint of the course that somebody has a result for."""
    return tuple(
        _summary(checkpoint.id, checkpoint.title, record)
        for checkpoint in course.checkpoints
        if any(checkpoint.id in student.gates for student in record.graded)
    )


def _summary(name: str, title: str, record: ClassRecord) -> GateSummary:
    entered = [s for s in record.graded if name in s.gates and s.gates[name].max_score]
    gates = [s.gates[name] for s in entered]
    shares = [gate.score / gate.max_score for gate in gates]
    tries = [len(s.tries) for s in entered if s.tries]
    spread = bands([(gate.score, gate.max_score) for gate in gates])
    return GateSummary(
        id=name, title=title, students=len(entered), passed=sum(share >= PASS_SHARE for share in shares),
        mean_share=mean(shares) if shares else None, median_share=median(shares) if shares else None,
        bands=spread, median_tries=median(tries) if tries else None, questions=_questions(gates),
    )


def bands(points: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """Count scores by tenths of their maximum."""
    counts = Counter(min(BANDS - 1, score * BANDS // most) for score, most in points)
    return tuple(counts[band] for band in range(BANDS))


def _questions(gates: Sequence[Gate]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for gate in gates:
        for question, status in gate.questions.items():
            found.setdefault(question, Counter())[status] += 1
    return {question: dict(counts) for question, counts in found.items()}
