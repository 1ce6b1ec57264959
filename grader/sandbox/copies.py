"""Copy plain data as the wire would: what a function gets and gives when no process lies between."""

from __future__ import annotations

from typing import Any

from grader.sandbox import values, wire


def as_sent(arguments: Any) -> Any:
    """Copy a call's arguments with their layout; raises `NotPlain`."""
    return _there(arguments, layout=True)


def as_answered(answer: Any) -> Any:
    """Copy an answer, which travels in plain order and without generators; raises `NotPlain`."""
    return _there(answer, layout=False)


def _there(value: Any, *, layout: bool) -> Any:
    encoder = values.Encoder(layout=layout, accept_generators=layout)
    node = encoder.encode(value)
    data = memoryview(b"".join(wire.frame({"v": node}, encoder.buffers, wire.REQUEST_LIMITS)))
    size, _ = wire.lengths(data[: wire.HEAD.size], wire.REQUEST_LIMITS)
    text, payload = data[wire.HEAD.size : wire.HEAD.size + size], data[wire.HEAD.size + size :]
    # A copy that may be written to, as in a worker.
    decoder = values.Decoder(memoryview(bytearray(payload)), layout=layout, accept_generators=layout)
    return decoder.decode(wire.parse_header(text)["v"])
