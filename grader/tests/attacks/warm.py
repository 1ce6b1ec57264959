"""Processes that have the grader imported, and fork it for each run: what a run costs is then the run."""

from __future__ import annotations

import json
import queue
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grader.tests.attacks.catalogue import COURSE

LAUNCHER = Path(__file__).with_name("launcher.py")


class Warm:
    """One such process for each run that goes on at the same time."""

    def __init__(self, executable: Path) -> None:
        self._executable = executable
        self._idle: queue.SimpleQueue[subprocess.Popen[str]] = queue.SimpleQueue()
        self._all: list[subprocess.Popen[str]] = []

    def run(self, order: dict[str, Any]) -> None:
        """Have one order carried out."""
        try:
            server = self._idle.get_nowait()
        except queue.Empty:
            server = self._start()
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(order) + "\n")
        server.stdin.flush()
        if server.stdout.readline() != "done\n":
            raise RuntimeError("the launcher has ended")
        self._idle.put(server)

    def _start(self) -> subprocess.Popen[str]:
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONPATH": str(COURSE),
                       "OPENBLAS_NUM_THREADS": "1"}
        server = subprocess.Popen(
            [str(self._executable), str(LAUNCHER), "--serve"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env=environment, cwd="/")
        self._all.append(server)
        return server

    def close(self) -> None:
        """End all of them."""
        for server in self._all:
            server.communicate(timeout=60)


@contextmanager
def warm(executable: Path) -> Iterator[Warm]:
    """Keep such processes while a cell is run."""
    kept = Warm(executable)
    try:
        yield kept
    finally:
        kept.close()
