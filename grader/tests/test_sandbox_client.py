"""The trusted end alone, against a worker that follows a script; and the layers that refuse to be put on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from grader.errors import IsolationError
from grader.sandbox import (
    Door,
    Exit,
    FunctionSeen,
    Inspection,
    Killed,
    Reply,
    Value,
    confine,
    open_box,
    proof,
    wire,
)
from grader.sandbox.channel import Gone, Limits
from grader.sandbox.client import Worker

ROOT = Path(__file__).resolve().parents[2]


class Script:
    """A channel whose worker answers each request with the next header of a script, and its right id."""

    limits_itself = False
    pid = 0

    def __init__(self, *headers: dict[str, Any] | str) -> None:
        self.headers = list(headers)
        self.sent: list[dict[str, Any]] = []

    def send(self, pieces: Sequence[wire.Buffer], limits: Limits) -> None:
        """Keep the header of the request."""
        data = b"".join(pieces)
        size, _ = wire.lengths(data[:12], wire.REQUEST_LIMITS)
        self.sent.append(wire.parse_header(data[12 : 12 + size]))

    def receive(self, limits: Limits) -> tuple[memoryview, memoryview]:
        """Give the next header of the script."""
        if not self.headers:
            raise Gone
        header = self.headers.pop(0)
        number = self.sent[-1]["id"] if self.sent else ""
        text = header if isinstance(header, str) else json.dumps({"id": number, **header})
        return memoryview(text.encode()), memoryview(b"")

    def cpu_seconds(self) -> float:
        """Use no time."""
        return 0.0

    def limit_cpu(self, total: float) -> None:
        """Accept any limit."""

    def end(self, patience: float = 0.0) -> Exit:
        """End by a signal that no one knows."""
        return Exit(None, 99, 0.0, 0)


def inspected(functions: Any, refused: Any = ()) -> Inspection | Killed:
    """Give what the trusted end makes of an inspection."""
    fields = {"k": "inspection", "functions": functions, "refused": list(refused)}
    return Worker(Script(fields)).inspect("main")


def test_an_inspection_is_rebuilt_strictly() -> None:
    """Lines are integers and bodies are digests, or the worker is not believed."""
    digest = "0" * 64
    assert inspected({"f": [3, digest]}) == Inspection({"f": FunctionSeen(3, digest)}, None)
    for entry, why in (
        ([3], "of the wrong form"),
        ("ab", "of the wrong form"),
        ([True, None], "without a line"),
        ([-1, None], "without a line"),
        ([3, "0" * 63], "with an odd digest"),
        ([3, 5], "with an odd digest"),
    ):
        assert inspected({"f": entry}) == Killed("protocol", None, f"the worker sent a function {why}")
    assert inspected({"f" * 101: [1, None]}) == Killed(
        "protocol", None, "the worker sent a text that is too long"
    )


def test_refused_imports_are_rebuilt_strictly() -> None:
    """A line and a dotted name, or the worker is not believed."""
    assert inspected({}, [[3, "a.b"]]) == Inspection({}, None, ((3, "a.b"),))
    for entry, why in (
        ([3], "an import of the wrong form"),
        ([True, "a"], "an import of the wrong form"),
        ([0, "a"], "an import without a line or a name"),
        ([1, "a b"], "an import without a line or a name"),
        ([1, "a" * 101], "a text that is too long"),
    ):
        assert inspected({}, [entry]) == Killed("protocol", None, f"the worker sent {why}")
    assert inspected({}, [[1, "a"]] * 21) == Killed("protocol", None, "the worker sent too many imports")


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ({"i": 1, "args": {"T": []}, "kwargs": {"D": []}}, "a question through a door that does not exist"),
        ({"i": -1, "args": {"T": []}, "kwargs": {"D": []}}, "a question through a door that does not exist"),
        ({"i": 0, "args": [], "kwargs": {"D": []}}, "a question that is not a call"),
        ({"i": 0, "args": {"T": []}, "kwargs": {"T": []}}, "a question that is not a call"),
        ({"i": 0}, "fields ['i', 'k'], not ['args', 'i', 'k', 'kwargs']"),
    ],
)
def test_odd_questions_through_a_door_are_refused(question: dict[str, Any], why: str) -> None:
    """Only calls through the doors of this exercise are relayed."""
    asked: list[Door] = []

    def answer(door: Door, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reply:
        asked.append(door)
        return Value(1, "")

    worker = Worker(Script({"k": "door", **question}))
    reply = worker.begin("main", doors=[Door("a", "g")], answer=answer, cpu_seconds=1, wall_seconds=1)
    assert reply == Killed("protocol", None, f"the worker sent {why}")
    assert asked == []


def test_each_frame_of_a_conversation_has_a_new_id() -> None:
    """An id that was echoed once is worth nothing afterwards."""
    script = Script(
        {"k": "door", "i": 0, "args": {"T": []}, "kwargs": {"D": []}},
        {"k": "value", "v": 1, "g": [], "w": [], "p": 0},
    )
    reply = Worker(script).begin(
        "main", doors=[Door("a", "g")], answer=lambda *_: Value(2, ""), cpu_seconds=1, wall_seconds=1
    )
    assert reply == Value(1, "")
    assert script.sent[0]["id"] != script.sent[1]["id"]
    assert script.sent[1]["v"] == 2


def test_an_unknown_signal_is_told_by_its_number() -> None:
    """A signal without a name does not break the verdict."""
    reply = Worker(Script()).begin("main", cpu_seconds=1, wall_seconds=1)
    assert reply == Killed("crash", 99, "the process was ended by signal 99")


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (Script({"id": "forged", "attempts": {}, "limits": {}}), ["forge an answer"]),
        (Script({"attempts": {}, "limits": {}}), ["fork"]),
        (Script({"attempts": {}, "limits": {}}), ["exceed limit 7"]),
    ],
)
def test_the_self_test_believes_no_one(script: Script, found: list[str]) -> None:
    """A canary that answers oddly, or reports nothing, is an escape."""
    assert set(found) <= set(proof._probe(script, "file"))  # type: ignore[arg-type]


def test_a_canary_that_dies_is_an_escape() -> None:
    """A canary that ends before its self-test, or in it, leaves no box."""

    class Dead(Script):
        def send(self, pieces: Sequence[wire.Buffer], limits: Limits) -> None:
            raise Gone

    assert proof._probe(Dead(), "file") == ["end before its self-test"]  # type: ignore[arg-type]
    with pytest.raises(IsolationError, match=r"a confined worker did not start \(Gone\)"):
        proof._probe(Script(), "file")  # type: ignore[arg-type]


_CONFINED = """
import os, sys
from grader.sandbox import confine
os.dup2(0, 3)
os.dup2(1, 4)
layers = confine.Confinement()
parent = os.getppid()
{change}
try:
    layers.apply(parent, ())
except confine.ConfinementError as error:
    os.write(4, str(error).encode())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel box is for Linux")
@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("parent = -1", "the zygote is gone"),
        ("layers._program.length = 0", "seccomp is refused: Invalid argument"),
        ("confine._PR_SET_NO_NEW_PRIVS = 9999", "prctl(9999) is refused: Invalid argument"),
        ("", ""),
    ],
)
def test_a_layer_that_is_refused_says_so(change: str, text: str) -> None:
    """A process that cannot be confined in full says which layer failed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = _CONFINED.format(change=change)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == text


def test_elsewhere_than_on_linux_there_is_no_kernel_box(monkeypatch: pytest.MonkeyPatch) -> None:
    """On other systems the error names what there is to do; level `process` can be had."""
    monkeypatch.setattr(sys, "platform", "darwin")
    with (
        open_box() as box,
        pytest.raises(IsolationError, match=r"the kernel box is for Linux\n.*WSL2, in Docker"),
    ):
        box.worker()
    with open_box(minimum="process") as box:
        assert box.level == "process"


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel box is for Linux")
@pytest.mark.parametrize(("layer", "function"), [("landlock", "_landlock"), ("uid", "_drop_user")])
def test_a_layer_that_does_not_hold_is_not_claimed(layer: str, function: str) -> None:
    """Landlock and the other uid are claimed only if what they forbid was tried and failed."""
    code = f"""
import os
from grader.sandbox import confine
confine.{function} = lambda *_: False
os.dup2(1, 4)
found = confine.Confinement().apply(os.getppid(), ())
os.write(4, " ".join(found).encode())
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert layer not in done.stdout.split()
    assert set(done.stdout.split()) <= {"landlock", "uid"}
    assert confine.REPLY_FD == 4
