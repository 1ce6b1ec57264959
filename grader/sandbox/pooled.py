"""Processes of a pool that grade: Ctrl-C is their parent's, each has a processor, and they end with it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext
from multiprocessing.queues import SimpleQueue

Places = SimpleQueue[int]


def places(width: int, context: SpawnContext) -> Places | None:
    """Give each process of a pool a processor, if they take them all; else the system places them best."""
    allowed: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    processors = sorted(allowed(0)) if allowed else []
    if not processors or width < len(processors):
        return None
    queue: Places = context.SimpleQueue()
    for number in range(width):
        queue.put(processors[number % len(processors)])
    return queue


@contextlib.contextmanager
def starting() -> Iterator[None]:
    """Have Ctrl-C wait while a pool is given work: the processes that start now do not hear it at all."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def begin(free: Places | None, last: Callable[[], None] = lambda: None) -> None:
    """Begin a process of a pool: leave Ctrl-C to the parent, take a processor, and watch the parent.

    When the parent is gone, the process does the last thing and ends at once. A pool's processes wait for
    work as long as one of them lives: without this, killing the command would leave them all behind.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if free is not None:
        _stay_on(free.get())
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel, last), daemon=True).start()


def _stay_on(processor: int) -> None:
    """Stay on a processor, with whatever this process starts.

    Of a grader and its worker one always waits for the other, and wakes it soonest where it ran itself.
    """
    with contextlib.suppress(OSError):  # only a matter of speed
        os.sched_setaffinity(0, {processor})


def _end_with(sentinel: int, last: Callable[[], None]) -> None:
    wait([sentinel])
    try:
        last()
    finally:
        os._exit(1)
