"""Let a process that grades for another one end when that one does, however it ended."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from multiprocessing.connection import wait


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
