"""Level `process`: the same answers from a plain child, with deadlines, and without any promise."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from grader.errors import IsolationError
from grader.sandbox import (
    Box,
    Door,
    Frame,
    Killed,
    Raised,
    Reply,
    Unsupported,
    Value,
    Worker,
    open_box,
    process,
)

TEXT = """
import numpy as np, warnings
from .base import g
os = warnings.sys.modules["os"]
def twice(x):
    print("hello")
    return x * 2
def fails(): return 1 / 0
def odd(): return {1}
def spins():
    while True: pass
def sleeps():
    import time
    time.sleep(60)
def dies(): os._exit(4)
def asks(x): return g(x, y=1)
def forges(): os.write(4, b"x" * 100); sleeps()
def sees(): return os.getcwd(), sorted(os.environ)
def forks():
    pid = os.fork()
    if pid == 0:
        sleeps()
    return pid
"""


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """Open a box that leaves the kernel out, as on macOS and Windows."""
    with open_box(minimum="process", without=["kernel"]) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared(box: Box) -> Iterator[Worker]:
    """Share one child among the tests that do not kill it."""
    with box.worker() as worker:
        begin(worker)
        yield worker


def answer(door: Door, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reply:
    """Answer with what was asked."""
    return Value([door.function, *args, kwargs], "")


def begin(worker: Worker, *, cpu: float = 20.0, wall: float = 20.0) -> None:
    """Load and begin the text; the deadline is that of the calls which follow."""
    worker.load("pkg", {"main": TEXT})
    reply = worker.begin("main", doors=[Door("base", "g")], answer=answer, cpu_seconds=cpu, wall_seconds=20.0)
    assert reply == Value(None, ""), reply
    worker._wall_seconds = wall


def test_it_promises_nothing(box: Box) -> None:
    """The level is `process`, and every layer is missing."""
    assert (box.level, box.proved) == ("process", ())
    assert {"seccomp", "rlimits", "landlock", "uid"} <= set(box.missing)


def test_without_the_kernel_box_there_is_none_unless_asked() -> None:
    """A box that must be confined is refused with what to do."""
    with (
        open_box(without=["kernel"]) as box,
        pytest.raises(IsolationError, match=r"the kernel box was left out\n.*--allow-isolation process"),
    ):
        box.worker()


def test_the_kernel_box_is_taken_where_there_is_one() -> None:
    """Asking for less than the kernel box still gives it on Linux."""
    with open_box(minimum="process") as box:
        assert box.level.startswith("kernel") == (sys.platform == "linux")


def test_answers_are_the_same(shared: Worker) -> None:
    """Values, prints, exceptions with lines, unsupported answers and doors work as in the kernel box."""
    x = np.arange(1 << 18, dtype=np.float64)[::-1]
    reply = shared.call("twice", (x,), {})
    assert isinstance(reply, Value)
    assert np.array_equal(reply.value, x * 2)
    assert reply.printed == "hello\n"
    error = shared.call("fails", (), {})
    assert isinstance(error, Raised)
    assert (error.type, error.frames) == ("ZeroDivisionError", (Frame("pkg/main.py", 8, "fails"),))
    assert isinstance(shared.call("odd", (), {}), Unsupported)
    assert shared.call("asks", (3,), {}) == Value(["g", 3, {"y": 1}], "")


def test_the_child_has_a_clean_environment(shared: Worker) -> None:
    """Nothing of the grader's environment and folder is passed on."""
    reply = shared.call("sees", (), {})
    if isinstance(reply, Value):
        assert "PATH" not in reply.value[1]
    else:
        assert isinstance(reply, Raised)  # the folder is gone, so it has no name
        assert reply.type == "FileNotFoundError"


@pytest.mark.parametrize(
    ("function", "cpu", "wall", "verdict"),
    [
        ("spins", 0.3, 20.0, "cpu"),
        ("sleeps", 20.0, 0.3, "wall"),
        ("dies", 20.0, 20.0, "crash"),
        ("forges", 20.0, 20.0, "protocol"),
    ],
)
def test_verdicts(box: Box, function: str, cpu: float, wall: float, verdict: str) -> None:
    """Loops, sleeps, deaths and forged bytes give the same verdicts; the child is gone afterwards."""
    with box.worker() as worker:
        begin(worker, cpu=cpu, wall=wall)
        reply = worker.call(function, (), {})
        assert isinstance(reply, Killed)
        assert reply.reason == verdict
        assert worker.call(function, (), {}) is reply
        assert not worker.alive
        assert worker.cpu_seconds >= 0


@pytest.mark.skipif(sys.platform != "linux", reason="looks at the process table by pidfd")
def test_grandchildren_are_killed_too(box: Box) -> None:
    """Whatever the child has started in its session dies with it."""
    with box.worker() as worker:
        begin(worker)
        reply = worker.call("forks", (), {})
        assert isinstance(reply, Value)
        pidfd = os.pidfd_open(reply.value)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    assert poll.poll(20_000)
    os.close(pidfd)


def test_closing_kills(box: Box) -> None:
    """A child that lives is killed when its worker is closed."""
    worker = box.worker()
    assert worker.close().signal == signal.SIGKILL
    assert worker.close().signal == signal.SIGKILL


def test_a_child_that_cannot_start_is_an_isolation_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that ends at once is told with what to check."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(IsolationError, match=r"a child process did not start \(Gone\)\n.*grader doctor"):
        process.ready_worker()
