"""Open folders and files of a stranger without following links, blocking, or reading too much."""

from __future__ import annotations

import os
import stat
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Literal

from grader.errors import SubmissionError

Kind = Literal["file", "folder", "symbolic link", "named pipe", "device", "socket", "missing"]

BY_HANDLE = os.open in os.supports_dir_fd and os.stat in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
"""Whether this system can open names relative to an open folder (Windows cannot)."""

_FLAGS = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
_REPARSE_POINT = 0x400
_CHUNK = 1 << 16


def printable(text: str) -> str:
    """Spell out the controls, escapes, bidi marks and line ends of a stranger's name."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


class NotReadable(Exception):
    """One file cannot be taken; the text says why, after the file's name."""


class Folder:
    """An open folder of a submission; every name is looked up in it, never along a path."""

    def __init__(self, path: Path, handle: int | None) -> None:
        self._path = path
        self._handle = handle

    @classmethod
    def open_root(cls, path: Path) -> Folder:
        """Open the folder that somebody named on the command line (a link to it is fine)."""
        try:
            if not path.is_dir():
                raise SubmissionError(
                    "this is no folder" if path.exists() else "there is nothing here",
                    where=printable(str(path)), fix="Name the folder of one student's repository.")
            handle = os.open(path, _FLAGS & ~os.O_NOFOLLOW | os.O_DIRECTORY) if BY_HANDLE else None
        except (OSError, ValueError) as error:
            raise SubmissionError(f"this folder cannot be opened ({_reason(error)})",
                                  where=printable(str(path)), fix="Check its permissions.") from None
        return cls(path, handle)

    def __enter__(self) -> Folder:
        """Give the folder itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the handle."""
        if self._handle is not None:
            os.close(self._handle)

    def names(self, limit: int) -> list[str]:
        """List at most `limit` names, sorted."""
        try:
            with os.scandir(self._path if self._handle is None else self._handle) as entries:
                return sorted(entry.name for entry in islice(entries, limit))
        except OSError as error:
            raise NotReadable(f"cannot be listed ({_reason(error)})") from None

    def kind(self, name: str) -> Kind:
        """Tell what a name stands for, without opening it."""
        try:
            return _kind(self._stat(name))
        except (OSError, ValueError):
            return "missing"

    def folder(self, name: str) -> Folder:
        """Open a folder in this one; a link is refused."""
        if self._handle is None:
            self._expect(name, "folder")
            return Folder(self._path / name, None)
        try:
            handle = os.open(name, _FLAGS | os.O_DIRECTORY, dir_fd=self._handle)
        except (OSError, ValueError) as error:
            raise NotReadable(f"cannot be opened ({_reason(error)})") from None
        return Folder(self._path / name, handle)

    def read(self, name: str, limit: int) -> bytes:
        """Read a regular file of at most `limit` bytes."""
        seen = self._expect(name, "file")
        try:
            where = self._path / name if self._handle is None else name
            handle = os.open(where, _FLAGS, dir_fd=self._handle)
        except (OSError, ValueError) as error:
            raise NotReadable(f"cannot be opened ({_reason(error)})") from None
        try:
            return _read(handle, seen, limit)
        except OSError as error:
            raise NotReadable(f"cannot be read ({_reason(error)})") from None
        finally:
            os.close(handle)

    def _expect(self, name: str, kind: Kind) -> os.stat_result:
        """Refuse a link, pipe or device before it is opened: opening alone can have effects."""
        try:
            seen = self._stat(name)
        except (OSError, ValueError) as error:
            raise NotReadable(f"cannot be opened ({_reason(error)})") from None
        found = _kind(seen)
        if found != kind:
            raise NotReadable(f"is a {found}, not a plain {kind}")
        return seen

    def _stat(self, name: str) -> os.stat_result:
        if self._handle is None:
            return os.lstat(self._path / name)
        return os.stat(name, dir_fd=self._handle, follow_symlinks=False)


def _kind(seen: os.stat_result) -> Kind:
    # A junction on Windows looks like a folder to S_ISDIR, and like a link to whoever walks into it.
    if stat.S_ISLNK(seen.st_mode) or getattr(seen, "st_file_attributes", 0) & _REPARSE_POINT:
        return "symbolic link"
    kinds: dict[int, Kind] = {
        stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket",
    }
    return kinds.get(stat.S_IFMT(seen.st_mode), "device")


def _read(handle: int, seen: os.stat_result, limit: int) -> bytes:
    """Read an open file, after proving that it is the regular file that was looked at."""
    now = os.fstat(handle)
    if not stat.S_ISREG(now.st_mode) or (now.st_dev, now.st_ino) != (seen.st_dev, seen.st_ino):
        raise NotReadable("changed while it was being read")
    data = bytearray()
    while len(data) <= limit and now.st_size <= limit:
        chunk = os.read(handle, min(_CHUNK, limit + 1 - len(data)))
        if not chunk:
            return bytes(data)
        data += chunk
    raise NotReadable(f"is larger than {limit // 1024} KiB")


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
