"""The nouns of the sandbox: what a worker can answer. Plain data, no NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

PRINTED_LIMIT = 64 * 1024
MESSAGE_LIMIT = 2 * 1024
FRAMES_LIMIT = 20
NAME_LIMIT = 100


@dataclass(frozen=True)
class Value:
    """What a function returned, rebuilt as exact builtins, ndarrays and NumPy scalars."""

    value: Any
    printed: str
    """Captured stdout and stderr of the call, at most 64 KiB; says so when it was cut."""
    generators: tuple[list[Any], ...] = ()
    """States of the call's random generators afterwards, in the order of the arguments."""


@dataclass(frozen=True)
class Frame:
    """One line of a traceback that lies in the submitted package."""

    file: str
    line: int
    function: str


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


@dataclass(frozen=True)
class Exit:
    """How a worker ended, in the kernel's words (wait4)."""

    code: int | None
    signal: int | None
    cpu_seconds: float
    max_rss_bytes: int
