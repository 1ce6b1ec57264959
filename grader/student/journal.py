"""The folder `.grader/` of a repository: lines that are only ever added, and small texts.

Nothing in it is needed to grade. A line is added in one write and reaches the disk before the command
goes on, so two commands at once lose nothing, and a power cut can tear only the line it meets.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from grader.errors import UsageError
from grader.result import write_text

FOLDER = ".grader"
TAIL_BYTES = 16 << 20
"""A history is read from its end: so many bytes are years of work."""

_NEVER_FOLLOW = (
    getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
_FIX = f"Move what stands in its place away. Nothing in {FOLDER}/ is needed to grade."


def append(root: Path, name: str, entry: Mapping[str, object]) -> None:
    """Add one line to a file; raises UsageError where that cannot be done."""
    path = made_folder(root) / name
    line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | _NEVER_FOLLOW, 0o666)
        try:
            _append(handle, line)
        finally:
            os.close(handle)
    except OSError as error:
        raise _unusable(root, path, error) from error


def _append(handle: int, line: bytes) -> None:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise OSError("this is no regular file")
    with _alone(handle):
        # A line that was torn by a power cut must not swallow this one.
        whole = (b"\n" if _torn(handle) else b"") + line
        if os.write(handle, whole) != len(whole):
            raise OSError("the disk is full")
        os.fsync(handle)


def _torn(handle: int) -> bool:
    if os.lseek(handle, 0, os.SEEK_END) == 0:
        return False
    os.lseek(handle, -1, os.SEEK_END)
    return os.read(handle, 1) != b"\n"


@contextlib.contextmanager
def _alone(handle: int) -> Iterator[None]:
    """Let no other command write at the same time; where files have no locks, O_APPEND must do."""
    with contextlib.suppress(OSError):
        _lock(handle)
    yield  # closing the handle, or the end of the process, gives the lock back


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        # Far behind the end of the file: the lock must not keep others from reading.
        os.lseek(handle, 1 << 40, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)


def entries(root: Path, name: str) -> Iterator[dict[str, Any]]:
    """Read the lines of a file, oldest first; a line that is torn or foreign is passed over."""
    for line in _tail(root / FOLDER / name).split(b"\n"):
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, dict):
            yield entry


def _tail(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | _NEVER_FOLLOW)
    except OSError:
        return b""
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return b""
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        return file.read(TAIL_BYTES)


def keep(root: Path, name: str, text: str) -> None:
    """Write a small text, whole or not at all."""
    write_text(text, made_folder(root) / name)


def kept(root: Path, name: str) -> str:
    """Read a small text; nothing where there is none."""
    return _tail(root / FOLDER / name).decode("utf-8", "replace")


def made_folder(root: Path, *below: str) -> Path:
    """Make the folder, or one below it; raises UsageError where something else stands in its place."""
    folder = root
    for name in (FOLDER, *below):
        folder = folder / name
        try:
            folder.mkdir(exist_ok=True)
            if folder.is_symlink():
                raise OSError("this is a symbolic link")
        except OSError as error:
            raise _unusable(root, folder, error) from error
    return folder


def _unusable(root: Path, path: Path, error: OSError) -> UsageError:
    return UsageError(f"this cannot be written: {error.strerror or error}.",
                      where=path.relative_to(root).as_posix(), fix=_FIX)
