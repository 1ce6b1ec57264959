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
    code: str = ""
    """The line itself."""


@dataclass(frozen=True)
class StudentOperand:
    """A name in what was being computed, and what it held: dtype and shape, or type and length."""

    name: str
    kind: str
    shape: tuple[int, ...] | None


@dataclass(frozen=True)
class Scene:
    """What stood where an error came up."""

    operation: str = ""
    """What was being computed, in the student's own text."""
    operands: tuple[StudentOperand, ...] = ()
    near: str = ""
    """A name that is there, and looks like the one that was not found."""


@dataclass(frozen=True)
class FirstWarning:
    """The first operation of a call of which NumPy warned, and its line."""

    what: str
    operation: str
    frame: StudentFrame


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
        scene: Scene | None = None,
        message: str = "",
    ) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence
        self.error = error
        self.bases = bases
        self.frames = frames
        self.scene = scene or Scene()
        self.message = message
        """The error's own words, which `sentence` may hold too."""

    def is_a(self, error: type[BaseException]) -> bool:
        """Tell whether the student's function raised `error` or a subclass of it."""
        return self.kind == "raised" and error.__name__ in (self.error, *self.bases)
