"""Measure whole processes by the kernel's own account, and pair each with a baseline."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Cost:
    """What one run of a process and all its children cost."""

    cpu: float
    wall: float
    peak_mb: float
    """The largest single process, in MB."""


def process(arguments: Sequence[str], *, cwd: Path, expect: Sequence[int] = (0,),
            environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end; raise if its exit code is not one of those expected."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        child = subprocess.Popen(arguments, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                 env={**os.environ, **ONE_THREAD, **(environment or {})})
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in expect:
            output.seek(0)
            raise RuntimeError(f"{' '.join(arguments)} ended with {child.returncode}:\n"
                               + output.read().decode(errors="replace")[-2000:])
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def pairs(ours: Callable[[], Cost], baseline: Callable[[], Cost], runs: int) -> list[tuple[Cost, Cost]]:
    """Run the two in turn, after one uncounted round."""
    ours(), baseline()
    return [(ours(), baseline()) for _ in range(runs)]


def ratio(measured: Sequence[tuple[Cost, Cost]]) -> float:
    """Give the median of the CPU ratios, pair by pair."""
    return statistics.median(a.cpu / b.cpu for a, b in measured)


def python(*arguments: str) -> list[str]:
    """Name this interpreter with its arguments."""
    return [sys.executable, *arguments]


def median_ms(samples: Sequence[float]) -> float:
    """Give the median of seconds, in milliseconds."""
    return 1000 * statistics.median(samples)


def timed(action: Callable[[], object], runs: int) -> list[float]:
    """Time an action, after one uncounted round."""
    action()
    samples = []
    for _ in range(runs):
        started = time.perf_counter()
        action()
        samples.append(time.perf_counter() - started)
    return samples
