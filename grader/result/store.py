"""Write files so that a reader finds the old text or the new one, never half of it."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from grader.errors import UsageError
from grader.result.model import Result
from grader.result.schema import FIX
from grader.result.serialise import LARGEST, dumps, loads


def read_result(path: Path) -> Result:
    """Read a result file; raises UsageError where it cannot be read, or is none."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            data = file.read(LARGEST + 1) or b""
    except OSError as error:
        problem = f"this file cannot be read: {error.strerror or error}."
        raise UsageError(problem, where=str(path), fix="name the file that --json wrote.") from error
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError("this is not UTF-8 text.", where=str(path), fix=FIX) from error
    return loads(text, where=str(path))


def write_result(result: Result, path: Path) -> None:
    """Write a result as JSON, atomically; what may not be replaced is refused as in `check_target`."""
    write_text(dumps(result), path)


def write_text(text: str, path: Path) -> None:
    """Write a UTF-8 file atomically."""
    write_bytes(text.encode("utf-8", "backslashreplace"), path)


def write_bytes(data: bytes, path: Path) -> None:
    """Write a file atomically: a temporary file beside it, fsync, rename."""
    check_target(path)
    temporary = path.with_name(f".{path.name[:80]}.{secrets.token_hex(8)}.tmp")
    try:
        _write_new(temporary, data)
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def check_target(path: Path) -> None:
    """Refuse a target that cannot or must not be replaced: better now than after an hour of grading.

    A link is refused because a student's folder may hold one that points to a file of the teacher's.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        _check_folder(path)
        return
    except OSError as error:
        raise _unwritable(path, error) from error
    if not stat.S_ISREG(mode):
        kind = _kind(mode)
        problem = f"there is {kind} at this place, and only a regular file may be replaced."
        raise UsageError(problem, where=str(path), fix="name another file, or move this away.")
    _check_folder(path)


def _check_folder(path: Path) -> None:
    if not path.parent.is_dir():
        fix = "make the folder first, or name another file."
        raise UsageError("the folder of this file does not exist.", where=str(path), fix=fix)
    if not os.access(path.parent, os.W_OK):
        fix = "name a file in a folder of yours."
        raise UsageError("the folder of this file may not be written.", where=str(path), fix=fix)


def _kind(mode: int) -> str:
    names = {
        stat.S_IFDIR: "a folder",
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
    }
    return names.get(stat.S_IFMT(mode), "a device")


def _write_new(path: Path, content: bytes) -> None:
    # O_EXCL: never through a link that somebody put there in the meantime.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o666), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut; Windows has no handle for a folder."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(path: Path, error: OSError) -> UsageError:
    problem = f"this file cannot be written: {error.strerror or error}."
    return UsageError(problem, where=str(path), fix="name another file.")
