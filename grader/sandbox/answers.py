"""The nouns of the sandbox: what a worker can answer. Plain data, no NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

PRINTED_LIMIT = 64 * 1024
MESSAGE_LIMIT = 2 * 1024
FRAMES_LIMIT = 20
NAME_LIMIT = 100
SIGKILL = 9
OPERANDS_LIMIT = 8
REFUSED_LIMIT = 20
CODE_LIMIT = 160


@dataclass(frozen=True)
class Warned:
    """The first operation of a call that NumPy warned of."""

    what: str
    """An overflow, a division by zero, or an invalid value."""
    operation: str
    """NumPy's name of it: "exp", "divide"."""
    frame: Frame


@dataclass(frozen=True)
class Value:
    """What a function returned, rebuilt as exact builtins, ndarrays and NumPy scalars."""

    value: Any
    printed: str
    """Captured stdout and stderr of the call, at most 64 KiB; says so when it was cut."""
    generators: tuple[list[Any], ...] = ()
    """States of the call's random generators afterwards, in the order of the arguments."""
    warned: Warned | None = None


@dataclass(frozen=True)
class Frame:
    """One line of a traceback that lies in the submitted package."""

    file: str
    line: int
    function: str
    code: str = field(default="", compare=False)
    """The line itself, cut from the submitted text; so it says nothing that file and line do not."""


@dataclass(frozen=True)
class Operand:
    """A name in the operation that failed, and what it held: dtype and shape, or type and length."""

    name: str
    kind: str
    shape: tuple[int, ...] | None


@dataclass(frozen=True)
class Raised:
    """An exception left the function. All of it is the worker's word, checked only for its form."""

    type: str
    bases: tuple[str, ...]
    """Names of the builtin exception classes it inherits from."""
    message: str
    frames: tuple[Frame, ...]
    """Only of the submitted package; the innermost is the last."""
    printed: str
    operation: str = ""
    """What was being computed in the innermost line, from the submitted text."""
    operands: tuple[Operand, ...] = ()
    near: str = ""
    """A name that is there, and looks like the one that was not found."""


@dataclass(frozen=True)
class Unsupported:
    """The function returned something that is not plain data; `detail` says what, in a sentence."""

    type: str
    detail: str
    printed: str


KillReason = Literal["cpu", "wall", "crash", "protocol"]


@dataclass(frozen=True)
class Killed:
    """The worker is dead; `signal` is set if a signal ended it that was not the grader's."""

    reason: KillReason
    signal: int | None
    detail: str

    @property
    def by_a_stranger(self) -> bool:
        """Tell whether somebody outside shot it: student code cannot, but a kernel without memory does.

        Such a call is worth a second try in a fresh worker.
        """
        return self.reason == "crash" and self.signal == SIGKILL


Reply = Value | Raised | Unsupported | Killed


class Door(NamedTuple):
    """A function of the package that someone else answers."""

    module: str
    function: str


@dataclass(frozen=True)
class FunctionSeen:
    """A name at a module's top level. `body` is None unless one plain `def` binds it, once."""

    line: int
    body: str | None


@dataclass(frozen=True)
class Inspection:
    """What the syntax tree of a module says."""

    functions: Mapping[str, FunctionSeen]
    syntax_error: Raised | None
    refused: tuple[tuple[int, str], ...] = ()
    """Imports inside of functions and blocks that will be refused, with their lines."""


@dataclass(frozen=True)
class Exit:
    """How a worker ended, in the kernel's words (wait4)."""

    code: int | None
    signal: int | None
    cpu_seconds: float
    max_rss_bytes: int
