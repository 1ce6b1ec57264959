"""The box: open it, have it prove what it holds, and take workers from it."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self
from weakref import WeakSet

from grader.errors import IsolationError

if TYPE_CHECKING:
    from grader.sandbox.client import Worker
    from grader.sandbox.host import Host
    from grader.sandbox.proof import Proof

LAYERS_TO_LEAVE_OUT = frozenset({"landlock", "uid", "kernel"})


class Box:
    """Where untrusted code runs: one zygote and its workers, or plain child processes."""

    def __init__(self, minimum: Literal["kernel", "process"], without: frozenset[str]) -> None:
        self._minimum = minimum
        self._without = without
        self._lock = threading.Lock()
        self._proof: Proof | None = None
        self._host: Host | None = None
        self._refusal = _closed()
        self._closed = False
        self._workers: WeakSet[Worker] = WeakSet()
        try:
            self._host = _start_zygote(without)
        except IsolationError as error:
            self._refusal = error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def level(self) -> str:
        """Name the level that was proved: `kernel+`, `kernel` or `process`."""
        return self._proven().level

    @property
    def proved(self) -> tuple[str, ...]:
        """Name the layers that the self-test found in place."""
        return self._proven().proved

    @property
    def missing(self) -> tuple[str, ...]:
        """Name the layers that are not there, or were left out."""
        return self._proven().missing

    @property
    def folder(self) -> Path | None:
        """Give a folder that is gone when the box is closed, also when this process is killed."""
        with contextlib.suppress(IsolationError):  # the self-test will say it
            return self._host.folder if self._host else None
        return None

    def worker(self) -> Worker:
        """Start a fresh confined process."""
        from grader.sandbox import client, process, proof

        level = self._proven().level
        if self._host is None or level == "process":
            worker = client.Worker(process.ready_worker())
        else:
            worker = client.Worker(proof.ready_worker(self._host, self._without)[0])
        self._workers.add(worker)
        return worker

    def close(self) -> None:
        """End the zygote and all its workers."""
        self._closed = True
        for worker in list(self._workers):
            with contextlib.suppress(IsolationError):
                worker.close()
        self._drop_host()

    def _proven(self) -> Proof:
        """Run the self-test once; without its proof, no student code runs."""
        from grader.sandbox.proof import NOTHING_PROVED, prove

        with self._lock:
            if self._closed:
                raise _closed()
            if self._proof is None and self._host is not None:
                try:
                    self._proof = prove(self._host, self._without - {"kernel"})
                except IsolationError as error:
                    self._refusal = error
                    self._drop_host()
            if self._proof is None and self._minimum == "process":
                self._proof = NOTHING_PROVED
            if self._proof is None:
                raise self._refusal
            return self._proof

    def _drop_host(self) -> None:
        if self._host is not None:
            self._host.close()
            self._host = None


def _closed() -> IsolationError:
    return IsolationError("this box is closed", fix="open another one")


def _start_zygote(without: Collection[str]) -> Host:
    if "kernel" in without or sys.platform != "linux":
        raise IsolationError(
            "the kernel box is for Linux" if sys.platform != "linux" else "the kernel box was left out",
            fix="grade on Linux, in WSL2, in Docker or on GitHub Actions; or accept less with "
                "--allow-isolation process",
        )
    from grader.sandbox.host import Host

    return Host()


def open_box(*, minimum: Literal["kernel", "process"] = "kernel", without: Collection[str] = ()) -> Box:
    """Open a box. Returns at once, while the zygote warms up; what it can do is proved at its first use.

    `without` leaves layers out, for tests: "landlock", "uid", or "kernel" for level `process`.
    """
    unknown = frozenset(without) - LAYERS_TO_LEAVE_OUT
    if unknown:
        raise IsolationError(f"no layer is called {', '.join(sorted(unknown))}",
                             fix=f"leave out only {', '.join(sorted(LAYERS_TO_LEAVE_OUT))}")
    return Box(minimum, frozenset(without))
