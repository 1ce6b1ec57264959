"""Read an author's files, once each, and remember their bytes for the course's digest."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from grader.course.headings import anchors
from grader.errors import CourseError


class CourseFiles:
    """The files of one course: what was parsed is what the digest covers."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._bytes: dict[Path, bytes] = {}
        self._anchors: dict[Path, list[str]] = {}

    def name(self, path: Path) -> str:
        """Name a file as error messages do: from the course's root, with slashes."""
        return path.relative_to(self.root).as_posix()

    def raw(self, path: Path) -> bytes:
        """Read a file's bytes; they then count for the digest."""
        if path not in self._bytes:
            try:
                self._bytes[path] = path.read_bytes()
            except FileNotFoundError:
                raise CourseError("this file is missing", where=self.name(path),
                                  fix="Write it, or restore it from your repository.") from None
            except OSError as error:
                raise CourseError(f"this file cannot be read ({error.strerror or error})",
                                  where=self.name(path), fix="Make it a file that you may read.") from None
        return self._bytes[path]

    def text(self, path: Path) -> str:
        """Read a file as UTF-8 with plain line ends."""
        data = self.raw(path)
        if b"\0" in data:
            line = data[: data.index(b"\0")].count(b"\n") + 1
            raise CourseError("a NUL byte: this is no text", where=f"{self.name(path)}:{line}",
                              fix="Save the file as UTF-8 text.")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise CourseError(f"byte 0x{data[error.start]:02x} is not UTF-8",
                              where=f"{self.name(path)}:{line}", fix="Save the file as UTF-8.") from None
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def tree(self, path: Path) -> ast.Module:
        """Parse a Python file of the course, without running it."""
        text = self.text(path)
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None) or 1
            message = error.msg if isinstance(error, SyntaxError) else "too deeply nested"
            raise CourseError(f"this is not Python: {message}", where=f"{self.name(path)}:{line}",
                              fix="Correct the line; `python -m py_compile` shows the place.") from None

    def anchors(self, path: Path) -> list[str]:
        """List the anchors of a Markdown file's headings, in order."""
        if path not in self._anchors:
            self._anchors[path] = anchors(self.text(path))
        return self._anchors[path]

    def digest(self, more: Iterable[Path], instead: Mapping[Path, bytes]) -> str:
        """Hash names and bytes of the given files, in the order of their names.

        `instead` gives what counts of a file that matters only in part.
        """
        total = hashlib.sha256()
        for name, path in sorted((self.name(path), path) for path in more):
            data = instead[path] if path in instead else self.raw(path)
            total.update(f"{len(name.encode())}:{name}:{len(data)}:".encode() + data)
        return total.hexdigest()
