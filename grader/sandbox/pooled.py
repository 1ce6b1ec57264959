"""What the processes of a pool that grades have in common: each has a processor, and ends with its parent."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Callable
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


def take_place(free: Places | None) -> None:
    """Take a processor, and stay there with whatever this process starts.

    Of a grader and its worker one always waits for the other, and wakes it soonest where it ran itself.
    """
    if free is not None:
        with contextlib.suppress(OSError):  # only a matter of speed
            os.sched_setaffinity(0, {free.get()})


def end_with_parent(last: Callable[[], None] = lambda: None) -> None:
    """Watch the process that started this one; when it is gone, do the last thing and end at once.

    A pool's processes wait for work as long as one of them lives: without this, killing the command
    would leave them all behind.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel, last), daemon=True).start()


def _end_with(sentinel: int, last: Callable[[], None]) -> None:
    wait([sentinel])
    try:
        last()
    finally:
        os._exit(1)
