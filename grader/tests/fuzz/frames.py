"""Mutated frames: the wire as the trusted side reads it, from the two lengths to the reply."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from grader.sandbox import Door, Killed, Value, client, values, wire
from grader.sandbox.answers import Exit, Inspection, Raised, Unsupported
from grader.sandbox.channel import Gone, Limits
from grader.tests.fuzz import mutate

MODULES = {"main": "def f():\n    return 1\n"}
_ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1 << 40,
    1 << 63,
    10**63,
    1.5,
    1e308,
    "",
    "nan",
    "float64",
    "PCG64",
    "0" * 16,
    "\udcff",
    [],
    [[]],
    {},
    {"T": []},
    {"D": [["a", 1], ["a", 2]]},
    {"F": "inf"},
    {"S": ["float64", "00" * 8]},
    {"A": ["float64", [0, 1 << 40]]},
    {"A": ["bool", [3]]},
    {"A": ["float64", [1 << 40, 1 << 40]]},
    {"G": ["PCG64", 1, 1, 0, 0]},
    ["PCG64", 1, 1, 0, 0],
    {"A": 1, "T": 2},
    {"X": None},
    "x" * 300,
)


class Spoken:
    """A channel on which the worker says the bytes that were made, whatever it is asked."""

    limits_itself = True

    def __init__(self) -> None:
        self.data = b""
        self._number = ""

    def send(self, pieces: Any, limits: Limits) -> None:
        """Learn the number of the request, as a worker does."""
        data = b"".join(map(bytes, pieces))
        self._number = json.loads(data[12 : 12 + int.from_bytes(data[:4], "little")])["id"]

    def receive(self, limits: Limits) -> tuple[memoryview, memoryview]:
        """Take one frame apart, as the real channel does."""
        data = self.data.replace(b"0123456789abcdef", self._number.encode())
        if len(data) < wire.HEAD.size:
            raise Gone
        header, payload = wire.lengths(data[: wire.HEAD.size], wire.REPLY_LIMITS)
        start = wire.HEAD.size + header
        if len(data) < start + payload:
            raise Gone
        if len(data) > start + payload:
            raise wire.WireError("bytes after the end of the frame")
        self.data = b""
        return memoryview(data)[wire.HEAD.size : start], memoryview(bytearray(data[start:]))

    def cpu_seconds(self) -> float:
        """Say that no time was used."""
        return 0.0

    def limit_cpu(self, total: float) -> None:
        """Limit nothing."""

    def end(self, patience: float = 0.0) -> Exit:
        """Be killed."""
        return Exit(None, 9, 0.0, 0)


@cache
def seeds() -> list[bytes]:
    """Give one frame of every kind, in the words of the worker's own code."""
    rng = np.random.default_rng(0)
    state = values.generator_state(rng)
    trees: list[Any] = [
        None,
        [1, 2.5, "text"],
        {"a": np.ones((2, 3)), "b": [np.float32(1), float("nan")]},
        (np.arange(4), np.array([True, False]), {"h": [{"w": np.zeros((2, 2), np.float32)}]}),
        np.zeros((0, 3)),
    ]
    frames = []
    for tree in trees:
        encoder = values.Encoder(layout=False)
        node = encoder.encode(tree)
        frames.append(
            _frame({"k": "value", "v": node, "g": [state], "w": [], "p": 3}, [*encoder.buffers, b"out"])
        )
        frames.append(
            _frame(
                {"k": "door", "i": 0, "args": {"T": [node]}, "kwargs": {"D": [["x", node]]}},
                [*encoder.buffers, *encoder.buffers],
            )
        )
    told = {
        "t": "ValueError",
        "b": ["ValueError", "Exception", "BaseException"],
        "m": "no",
        "f": [["pkg/main.py", 2, "f"]],
        "o": [2, 2, 4, 12],
        "n": [],
        "s": "near",
        "p": 0,
    }
    warned = ["overflow", "exp", "pkg/main.py", 2, "f"]
    return [
        *frames,
        _frame({"k": "raised", **told}, ()),
        _frame({"k": "unsupported", "t": "set", "d": "the answer is a set", "p": 0}, ()),
        _frame(
            {
                "k": "inspection",
                "functions": {"f": [1, "0" * 64], "g": [2, None]},
                "refused": [[1, "os.path"]],
            },
            (),
        ),
        _frame({"k": "value", "v": 1, "g": [], "w": warned, "p": 0}, ()),
        _frame({"k": "loaded"}, ()),
    ]


def _frame(header: dict[str, Any], buffers: Any) -> bytes:
    pieces = wire.frame({"id": "0123456789abcdef", **header}, buffers, wire.REPLY_LIMITS)
    return b"".join(map(bytes, pieces))


def mutants(seed: int, count: int) -> Iterator[bytes]:
    """Make so many frames: most are odd in one place, some in several."""
    rng, known = random.Random(seed), seeds()
    ways = [_nodes, _nodes, _nodes, mutate.flip, mutate.cut, mutate.splice(known), mutate.grow]
    for _ in range(count):
        yield mutate.mutants(rng, known, ways)


def _nodes(rng: random.Random, frame: bytes) -> bytes:
    """Replace something inside the header by something else, and keep the lengths right."""
    try:
        size = int.from_bytes(frame[:4], "little")
        header, rest = json.loads(frame[12 : 12 + size]), frame[12 + size :]
    except (ValueError, RecursionError):
        return frame
    header = mutate.replaced(rng, header, _ODD)
    text = json.dumps(header).encode()
    return wire.HEAD.pack(len(text), len(rest)) + text + rest


OPERATIONS = ("call", "call", "call", "begin", "inspect")


def hear(data: bytes, operation: str = "call") -> object:
    """Let a worker answer with these bytes; give the reply. Whatever is no reply must not come out."""
    channel = Spoken()
    channel.data = data
    worker = client.Worker(channel)
    worker._package, worker._modules = "pkg", MODULES
    worker._texts = {"pkg/main.py": MODULES["main"]}
    worker._doors, worker._answer = (Door("main", "g"),), lambda door, args, kwargs: Value(args, "")
    reply: object
    if operation == "inspect":
        reply = worker.inspect("main")
    elif operation == "begin":
        reply = worker.begin("main", cpu_seconds=1, wall_seconds=1)
    else:
        reply = worker.call("f", (), {})
    if not isinstance(reply, (Value, Raised, Unsupported, Killed, Inspection)):
        raise TypeError(f"a reply of type {type(reply).__name__}")
    return reply
