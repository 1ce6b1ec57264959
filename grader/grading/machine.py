"""The machine under the grader: what its faults look like, and how much memory a test may ask for.

A student loses no point because a disk is full or the memory is used up.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

ROOM = 64 << 20
"""A grader that cannot have so many bytes more is itself short of memory."""
TEST_MEMORY = 2 << 30
"""How much more than before the tests may ask for, in bytes."""
FIX = "free memory or disk space, or raise the limit on open files, and grade again"


def is_to_blame(error: Exception) -> bool:
    """Tell whether an error in a test's own code is the machine's, and not the answer's.

    No answer makes a test open a file. An answer can ask for far too much memory (a column minus a row);
    then there is still room for an ordinary array.
    """
    return isinstance(error, OSError) or (isinstance(error, MemoryError) and not _has_room())


def _has_room() -> bool:
    try:
        return bool(bytearray(ROOM))
    except MemoryError:
        return False


@contextlib.contextmanager
def memory_limit() -> Iterator[None]:
    """Let no test allocate without end, whatever the answers that it computes with.

    Works where the kernel says how much is used (Linux); elsewhere there is no limit.
    """
    size = _address_space()
    if size is None:
        yield
        return
    resource = importlib.import_module("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = size + TEST_MEMORY
    if soft != resource.RLIM_INFINITY:
        wanted = min(wanted, soft)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int | None:
    """Give the bytes of address space that this process has."""
    if sys.platform != "linux":
        return None
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return None
    return pages * int(importlib.import_module("resource").getpagesize())
