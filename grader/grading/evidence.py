"""What the trusted side saw while an exercise was tested: the raw material of scores and feedback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from grader.course import TestFunction
from grader.testing import CheckFailed, StudentFailed
from grader.testing.record import Call, Tolerance

Outcome = Literal["passed", "failed", "unrun"]


class Seen(NamedTuple):
    """One recorded call, with what is needed to compare another answer with its own."""

    call: Call
    tolerance: Tolerance
    place: tuple[str, int]
    """The test with its parameters, and the number of the call in it."""


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

    @property
    def seen(self) -> Iterator[Seen]:
        """Give every recorded call."""
        return (Seen(call, self.tolerance, (self.case, number)) for number, call in enumerate(self.calls))


@dataclass
class ExerciseEvidence:
    """Everything seen of one exercise."""

    tests: list[TestEvidence] = field(default_factory=list)
    line: int | None = None
    """The student's `def` line."""
    not_started: bool = False
    seconds: float = 0.0

    @property
    def calls(self) -> list[Seen]:
        """List every recorded call."""
        return [seen for test in self.tests for seen in test.seen]
