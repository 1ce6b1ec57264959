"""Why a test did not pass, as data that feedback can be made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FailureKind = Literal[
    "type", "dtype", "shape", "structure", "finiteness", "values", "property", "no_error", "wrong_error"
]

StudentKind = Literal[
    "raised", "unsupported", "cpu", "wall", "crash", "protocol", "import_failed", "missing", "rejected"
]


class CheckFailed(AssertionError):
    """A comparator found a difference.

    `sentence` says which kind of difference without any number of the test, so it may be shown for
    hidden tests too; `actual` and `expected` hold numbers and are shown for public tests only.
    """

    def __init__(self, kind: FailureKind, sentence: str, *, actual: str = "", expected: str = "") -> None:
        super().__init__("\n".join(p for p in (sentence, actual and f"  yours:    {actual}",
                                               expected and f"  expected: {expected}") if p))
        self.kind = kind
        self.sentence = sentence
        self.actual = actual
        self.expected = expected


@dataclass(frozen=True)
class StudentFrame:
    """One line of the student's own code on the way to an error."""

    file: str
    line: int
    function: str


class StudentFailed(Exception):
    """The student's function gave no answer: it raised, ran out of time, crashed, or is not there."""

    def __init__(
        self,
        kind: StudentKind,
        sentence: str,
        *,
        error: str = "",
        bases: tuple[str, ...] = (),
        frames: tuple[StudentFrame, ...] = (),
    ) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence
        self.error = error
        self.bases = bases
        self.frames = frames

    def is_a(self, error: type[BaseException]) -> bool:
        """Tell whether the student's function raised `error` or a subclass of it."""
        return self.kind == "raised" and error.__name__ in (self.error, *self.bases)
