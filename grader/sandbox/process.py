"""Level `process`: a plain child process per worker, for where there is no kernel box.

It protects from accidents (endless loops, crashes, floods), not from malice: nothing is confined.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Sequence

from grader.errors import IsolationError
from grader.sandbox import launch, wire
from grader.sandbox.answers import Exit
from grader.sandbox.channel import Expired, Gone, Limits

READY_SECONDS = 60.0
MEMORY_LIMIT = 4 << 30
"""More than in a box: what an interpreter reserves differs between systems."""
POLL_SECONDS = 0.002
_HAS_CLOCK = sys.platform == "linux"

Heard = tuple[memoryview, memoryview] | wire.WireError | Gone


def main() -> None:
    """Be a worker that talks over what were its stdin and stdout."""
    from grader.sandbox import worker

    request, reply = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, resource.getrlimit(resource.RLIMIT_AS)[1]))
    worker.serve(worker.Pipes(request, reply), ())


class ProcessChannel:
    """Pipes to a child process, with a thread each way so that deadlines work everywhere."""

    limits_itself = True

    def __init__(self) -> None:
        self._process = launch.start("grader.sandbox.process", [], pipes=True)
        self._heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._outgoing: queue.SimpleQueue[Sequence[wire.Buffer] | None] = queue.SimpleQueue()
        self._clock = (~self._process.pid << 3) | 2
        self._waited = 0.0
        for loop in (self._read_all, self._write_all):
            threading.Thread(target=loop, daemon=True).start()

    def send(self, pieces: Sequence[wire.Buffer], limits: Limits) -> None:
        """Send one frame; a frame that came before it was not asked for."""
        with contextlib.suppress(queue.Empty):
            early = self._heard.get_nowait()
            raise Gone if isinstance(early, Gone) else wire.WireError("bytes that nobody asked for")
        self._outgoing.put(pieces)

    def receive(self, limits: Limits) -> tuple[memoryview, memoryview]:
        """Wait for one frame until a limit is reached."""
        started = time.monotonic()
        try:
            while True:
                wall, cpu = limits.wall - time.monotonic(), limits.cpu - self.cpu_seconds()
                if wall <= 0:
                    raise Expired("wall")
                if cpu <= 0 and _HAS_CLOCK:
                    raise Expired("cpu")
                with contextlib.suppress(queue.Empty):
                    heard = self._heard.get(timeout=min(wall, cpu) if _HAS_CLOCK else wall)
                    if isinstance(heard, (Gone, wire.WireError)):
                        raise heard
                    return heard
        finally:
            self._waited += time.monotonic() - started

    def cpu_seconds(self) -> float:
        """Read the process's CPU clock; where there is none, give the time that was spent waiting for it."""
        return time.clock_gettime(self._clock) if _HAS_CLOCK else self._waited

    def limit_cpu(self, total: float) -> None:
        """Leave it to the worker, which sets its own limit when an exercise begins."""

    def end(self, patience: float = 0.0) -> Exit:
        """Wait so long for the child to end by itself, then kill it and whatever it has started."""
        used = self.cpu_seconds()
        until = time.monotonic() + patience
        while self._process.poll() is None and time.monotonic() < until:
            time.sleep(POLL_SECONDS)
        self._kill()
        code = self._process.wait()
        self._outgoing.put(None)
        return Exit(code if code >= 0 else None, -code if code < 0 else None, used, 0)

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)

    # the two threads; each closes its own pipe, so that no descriptor is closed under a blocked call
    def _read_all(self) -> None:
        pipe = self._process.stdout
        with pipe if pipe else contextlib.nullcontext():
            try:
                while True:
                    header, payload = wire.lengths(self._exactly(wire.HEAD.size), wire.REPLY_LIMITS)
                    self._heard.put((self._exactly(header), self._exactly(payload)))
            except (Gone, wire.WireError) as error:
                self._heard.put(error)

    def _exactly(self, size: int) -> memoryview:
        pipe, view, done = self._process.stdout, wire.blank(size), 0
        while done < size:
            try:
                count = pipe.readinto(view[done:]) if pipe else 0  # type: ignore[attr-defined]
            except OSError:
                count = 0
            if not count:
                raise Gone
            done += count
        return view

    def _write_all(self) -> None:
        pipe = self._process.stdin
        with pipe if pipe else contextlib.nullcontext(), contextlib.suppress(OSError):
            while (pieces := self._outgoing.get()) is not None:
                for piece in pieces:
                    view = memoryview(piece)
                    while view and pipe:
                        view = view[pipe.write(view):]


def ready_worker() -> ProcessChannel:
    """Start a child and wait until it can be asked."""
    channel = ProcessChannel()
    try:
        now = time.monotonic()
        wire.parse_header(channel.receive(Limits(now + READY_SECONDS, READY_SECONDS))[0])
    except (Gone, Expired, wire.WireError) as error:
        channel.end()
        raise IsolationError(
            f"a child process did not start ({type(error).__name__})",
            fix="run `grader doctor`; it checks that this Python can import numpy",
        ) from None
    return channel
