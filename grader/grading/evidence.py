"""What the trusted side saw while an exercise was tested: the raw material of scores and feedback."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from grader.course import TestFunction
from grader.testing import CheckFailed, StudentFailed
from grader.testing.record import Call, Tolerance

Outcome = Literal["passed", "failed", "unrun"]


@dataclass(frozen=True)
class TestEvidence:
    """One run of one test (each case of a parametrized test is one)."""

    __test__ = False
    function: TestFunction
    case: str
    outcome: Outcome
    failure: CheckFailed | StudentFailed | None
    calls: tuple[Call, ...]
    tolerance: Tolerance


@dataclass
class ExerciseEvidence:
    """Everything seen of one exercise."""

    tests: list[TestEvidence] = field(default_factory=list)
    line: int | None = None
    """The student's `def` line."""
    not_started: bool = False
    seconds: float = 0.0

    @property
    def calls(self) -> list[tuple[Call, Tolerance]]:
        """List every recorded call with its test's tolerance."""
        return [(call, test.tolerance) for test in self.tests for call in test.calls]
