"""What a test saw: the calls it made, the answers it got, and the tolerance it compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from grader.testing.failure import FirstWarning, StudentFailed


@dataclass(frozen=True)
class Tolerance:
    """How close two floats must be: |a − b| <= atol + rtol · |b|."""

    rtol: float = 1e-7
    atol: float = 1e-9

    def loosest(self, other: Tolerance) -> Tolerance:
        """Give the wider of the two, term by term."""
        return Tolerance(max(self.rtol, other.rtol), max(self.atol, other.atol))


@dataclass(frozen=True)
class Call:
    """One call of a student's function: its inputs and its answer, or why there is none."""

    function: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    answer: Any = None
    failure: StudentFailed | None = None
    warned: FirstWarning | None = None


@dataclass
class Recording:
    """The calls of one test, in order."""

    calls: list[Call] = field(default_factory=list)
    tolerance: Tolerance | None = None

    def compared_with(self, tolerance: Tolerance) -> None:
        """Remember the loosest tolerance that the test used."""
        self.tolerance = tolerance if self.tolerance is None else self.tolerance.loosest(tolerance)


_current: list[Recording] = []


def start() -> Recording:
    """Begin the recording of one test; comparators report their tolerance to it."""
    recording = Recording()
    _current[:] = [recording]
    return recording


def stop() -> None:
    """End the recording."""
    _current.clear()


def report(tolerance: Tolerance) -> None:
    """Tell the running test's recording, if there is one, which tolerance was used."""
    for recording in _current:
        recording.compared_with(tolerance)
