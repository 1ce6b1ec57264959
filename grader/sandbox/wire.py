"""The wire between the grader and a worker: frames.

A frame is two lengths, a JSON header, and raw C-order buffers. Nothing is unpickled, and no name that
arrives is looked up anywhere but in the fixed tables of `values`. Both ends use this module; the
trusted end believes nothing: whatever is odd is a `WireError`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Buffer = bytes | bytearray | memoryview
HEAD = struct.Struct("<IQ")
"""Length of the header, length of the payload."""
MAX_DIGITS = 64
ALIGNMENT = 16
SMALL = 4096
"""Arrays up to this size are copied rather than referred to."""
JOINED = 256 * 1024
"""Frames up to this size go out in one piece."""


@dataclass(frozen=True)
class Limits:
    """How much one end may send."""

    header: int
    payload: int


REPLY_LIMITS = Limits(header=256 * 1024, payload=64 * 1024 * 1024 + 128 * 1024)
REQUEST_LIMITS = Limits(header=64 * 1024 * 1024, payload=256 * 1024 * 1024)


class WireError(Exception):
    """A frame that the protocol does not know."""


class NotPlain(Exception):
    """A value that cannot travel; `where` is the way to it inside the whole."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.where = ""

    def sentence(self, whole: str) -> str:
        """Say what was found, and where in `whole`."""
        place = f"{whole}{self.where}" if self.where else whole
        return f"{place} is {self.detail}"


_WRITER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def frame(header: dict[str, Any], buffers: Sequence[Buffer], limits: Limits) -> list[Buffer]:
    """Make the pieces of one frame; small ones are joined, so that one system call sends them."""
    text = _WRITER.encode(header).encode("ascii")
    if len(text) > limits.header:
        raise NotPlain("too big", f"too big to be sent: {len(text):,} bytes of text and structure")
    pieces, size = _padded(buffers)
    if size > limits.payload:
        raise NotPlain("too big", f"too big to be sent: {size:,} bytes of arrays")
    first = HEAD.pack(len(text), size) + text
    if size <= JOINED:
        return [b"".join([first, *pieces])]
    return [first, *pieces]


def _padded(buffers: Sequence[Buffer]) -> tuple[list[Buffer], int]:
    pieces: list[Buffer] = []
    size = 0
    for buffer in buffers:
        gap = -size % ALIGNMENT
        if gap:
            pieces.append(bytes(gap))
        pieces.append(buffer)
        size += gap + len(buffer)
    return pieces, size


def lengths(head: Buffer, limits: Limits) -> tuple[int, int]:
    """Read the two lengths of a frame, and refuse what exceeds the limits before anything is built."""
    header, payload = HEAD.unpack(head)
    if header > limits.header:
        raise WireError(f"a header of {header} bytes")
    if payload > limits.payload:
        raise WireError(f"a payload of {payload} bytes")
    return header, payload


def blank(size: int) -> memoryview:
    """Reserve memory for a payload without filling it."""
    return np.empty(size, dtype=np.uint8).data if size > SMALL else memoryview(bytearray(size))


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS + 1:
        raise ValueError("an integer with too many digits")
    return int(text)


def _no_constant(text: str) -> float:
    raise ValueError(f"the literal {text}")


_JSON = json.JSONDecoder(parse_int=_integer, parse_constant=_no_constant)


def parse_header(text: Buffer) -> dict[str, Any]:
    """Parse a header strictly: ASCII, an object, no NaN or Infinity, no giant integers."""
    try:
        header = _JSON.decode(bytes(text).decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise WireError(f"a header that is not strict JSON ({error})") from None
    if type(header) is not dict:
        raise WireError("a header that is not an object")
    return header


def take(header: dict[str, Any], **fields: type) -> list[Any]:
    """Take exactly these fields, of exactly these types (`object`: any), out of a header."""
    if header.keys() != fields.keys():
        raise WireError(f"fields {sorted(header)[:10]}, not {sorted(fields)}")
    for name, kind in fields.items():
        if kind is not object and type(header[name]) is not kind:
            raise WireError(f"field {name} is not of type {kind.__name__}")
    return [header[name] for name in fields]
