"""The trusted end of one worker's pipes: deadlines, kills, and whole frames."""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from grader.sandbox import wire
from grader.sandbox.answers import Exit

if TYPE_CHECKING:
    from grader.sandbox.host import Host, Spawned

CHUNK = 64 * 1024


@dataclass(frozen=True)
class Limits:
    """When a conversation is over: a point of the monotonic clock, and a total of the worker's CPU time."""

    wall: float
    cpu: float


class Expired(Exception):
    """The wall clock or the CPU budget ran out."""

    def __init__(self, reason: Literal["cpu", "wall"]) -> None:
        super().__init__(reason)
        self.reason: Literal["cpu", "wall"] = reason


class Gone(Exception):
    """The worker closed its end, which it does by dying."""


class Channel(Protocol):
    """What a conversation needs, at every level."""

    limits_itself: bool
    """The worker has to set its own CPU limit."""

    def send(self, pieces: Sequence[wire.Buffer], limits: Limits) -> None:
        """Send one frame."""

    def receive(self, limits: Limits) -> tuple[memoryview, memoryview]:
        """Receive one frame: header and payload."""

    def cpu_seconds(self) -> float:
        """Give the CPU time used so far."""

    def limit_cpu(self, total: float) -> None:
        """Let the kernel end the worker soon after this total of CPU time."""

    def end(self, patience: float = 0.0) -> Exit:
        """Wait so long for the worker to end by itself, kill it if it lives, and close everything."""


class KernelChannel:
    """Two pipes and a pidfd of a worker that the zygote forked."""

    limits_itself = False

    def __init__(self, host: Host, spawned: Spawned) -> None:
        self._host = host
        self.pid, self._pidfd = spawned.pid, spawned.pidfd
        self._request, self._reply = spawned.request, spawned.reply
        self._clock = (~spawned.pid << 3) | 2
        self._receiving, self._sending = select.poll(), select.poll()
        for poll in (self._receiving, self._sending):
            poll.register(self._reply, select.POLLIN)
            poll.register(self._pidfd, select.POLLIN)
        self._sending.register(self._request, select.POLLOUT)

    def cpu_seconds(self) -> float:
        """Read the kernel's CPU clock of the worker's process."""
        return time.clock_gettime(self._clock)

    def limit_cpu(self, total: float) -> None:
        """Raise the worker's soft limit; without the right to, the clock that we read is the only limit."""
        import resource  # Windows has none, and no channel of this kind

        hard = resource.prlimit(self.pid, resource.RLIMIT_CPU)[1] if self._host.may_limit else 0
        if hard:
            soft = min(math.ceil(total) + 1, hard)
            resource.prlimit(self.pid, resource.RLIMIT_CPU, (soft, hard))

    def send(self, pieces: Sequence[wire.Buffer], limits: Limits) -> None:
        """Send one frame; bytes that come before it is sent were not asked for."""
        if self._receiving.poll(0):
            self._refuse_early_bytes()
        for piece in pieces:
            view = memoryview(piece)
            while view:
                try:
                    view = view[os.write(self._request, view):]
                except BlockingIOError:
                    self._wait_to_send(limits)
                except BrokenPipeError:
                    raise Gone from None

    def _wait_to_send(self, limits: Limits) -> None:
        ready = self._wait(self._sending, limits)
        if self._reply in ready or self._pidfd in ready:
            self._refuse_early_bytes()

    def _refuse_early_bytes(self) -> None:
        if self._read(1):
            raise wire.WireError("bytes that nobody asked for")

    def _wait(self, poll: select.poll, limits: Limits) -> dict[int, int]:
        while True:
            wall, cpu = limits.wall - time.monotonic(), limits.cpu - self.cpu_seconds()
            if wall <= 0:
                raise Expired("wall")
            if cpu <= 0:
                raise Expired("cpu")
            ready = poll.poll(math.ceil(min(wall, cpu) * 1000))
            if ready:
                return dict(ready)

    def _read(self, size: int) -> bytes:
        """Read what is there, at least one byte if the worker still has its end; else raise Gone."""
        try:
            data = os.read(self._reply, size)
        except BlockingIOError:
            data = b""
        if not data:
            raise Gone
        return data

    def receive(self, limits: Limits) -> tuple[memoryview, memoryview]:
        """Receive one frame; sizes are checked before memory is reserved."""
        data = bytearray()
        self._collect(data, wire.HEAD.size, limits)
        header, payload = wire.lengths(data[:wire.HEAD.size], wire.REPLY_LIMITS)
        start = wire.HEAD.size + header
        self._collect(data, start, limits)
        view = memoryview(data)
        rest = len(data) - start
        if rest > payload:
            raise wire.WireError("bytes after the end of the frame")
        if rest == payload:
            return view[wire.HEAD.size:start], memoryview(bytearray(view[start:]))
        return view[wire.HEAD.size:start], self._payload(view[start:], payload, limits)

    def _collect(self, data: bytearray, size: int, limits: Limits) -> None:
        while len(data) < size:
            self._wait(self._receiving, limits)
            data += self._read(CHUNK)

    def _payload(self, begun: memoryview, size: int, limits: Limits) -> memoryview:
        payload = wire.blank(size)
        payload[:len(begun)] = begun
        done = len(begun)
        while done < size:
            self._wait(self._receiving, limits)
            try:
                count = os.readv(self._reply, [payload[done:]])
            except BlockingIOError:
                count = 0
            if not count:
                raise Gone
            done += count
        return payload

    def end(self, patience: float = 0.0) -> Exit:
        """Kill by pidfd (never by a number that may be someone else's by now), wait, close."""
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        if not poll.poll(math.ceil(patience * 1000)):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        try:
            return self._host.reap(self.pid)
        finally:
            for fd in (self._request, self._reply, self._pidfd):
                os.close(fd)
