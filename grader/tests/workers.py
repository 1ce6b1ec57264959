"""What the tests of the sandbox share: begin a text in a worker, call a function, expect a kind of reply."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Collection
from typing import Any

from grader.sandbox import Door, Killed, Raised, Reply, Value, Worker

SYSTEM = "import warnings\nsys = warnings.sys\nos = sys.modules['os']\nctypes = sys.modules['ctypes']\n"
"""How student code gets at modules that it may not import: the import rule is no boundary, the box is."""


def begin(
    worker: Worker,
    text: str,
    *,
    doors: Collection[Door] = (),
    owned: Collection[str] = (),
    answer: Callable[[Door, tuple[Any, ...], dict[str, Any]], Reply] | None = None,
    cpu: float = 5.0,
    wall: float = 20.0,
    **others: str,
) -> Reply:
    """Load `main` and other modules, and begin `main`."""
    modules = {"main": textwrap.dedent(text), **{k: textwrap.dedent(v) for k, v in others.items()}}
    worker.load("pkg", modules, owned=owned)
    return worker.begin("main", doors=doors, answer=answer, cpu_seconds=cpu, wall_seconds=wall)


def run(worker: Worker, body: str, *args: Any, cpu: float = 5.0, wall: float = 20.0) -> Reply:
    """Call a function `f(*args)` with this body, which has sys, os and ctypes at hand.

    The deadline is the call's: the import before it has the usual one.
    """
    text = SYSTEM + "def f(*args):\n" + textwrap.indent(textwrap.dedent(body), "    ")
    began = begin(worker, text, cpu=cpu)
    assert began == Value(None, ""), began
    worker._wall_seconds = wall
    return worker.call("f", args, {})


def value(reply: Reply) -> Any:
    """Give the value of a reply that has one."""
    assert isinstance(reply, Value), reply
    return reply.value


def raised(reply: Reply) -> Raised:
    """Give the exception of a reply that has one."""
    assert isinstance(reply, Raised), reply
    return reply


def killed(reply: Reply) -> Killed:
    """Give the verdict of a worker that was killed."""
    assert isinstance(reply, Killed), reply
    return reply
