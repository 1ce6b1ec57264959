r"""Read a submission out of an archive, in memory: nothing is ever unpacked to the disk.

An archive is a list of names that a stranger wrote. A name that climbs out (`..`, `/x`, `C:\x`), a link
or a device is set aside; a name that stands twice is refused; no more is inflated than a file may have.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from grader.errors import SubmissionError
from grader.submission.folder import Folder, Kind, NotReadable, printable
from grader.submission.reader import Submission, read_tree

ARCHIVE_BYTES = 64 << 20
DIRECTORY_BYTES = 4 << 20
"""An archive lists its files at its end; a longer list is read for nobody."""
ENTRIES = 20_000
STEPS = 20
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The library inflates other kinds in steps that are too large."""
_END = b"PK\x05\x06"
_END_SIZE = 22
_LARGE = b"PK\x06\x07"
_LARGE_SIZE = 20
"""What stands before the end of an archive of the large form, which no student needs."""
_LONGEST_COMMENT = 1 << 16
_JUNK = ("__MACOSX", ".DS_Store", "Thumbs.db")
_FIX = "Hand in a plain .zip of the repository's folder."

Reader = Callable[[int], bytes]
"""Give a file's bytes, or raise NotReadable if it has more than so many."""


@dataclass
class _Node:
    """A name in a tree: a folder with names in it, or a file or something else."""

    kind: Kind = "folder"
    read: Reader | None = None
    names: dict[str, _Node] = field(default_factory=dict)
    twice: bool = False


class TreeInMemory(Folder):
    """A folder that is in no file system."""

    def __init__(self, node: _Node) -> None:
        super().__init__(Path(), None)
        self._node = node

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave it; there is nothing to close."""

    def names(self, limit: int) -> list[str]:
        """List at most `limit` names, sorted."""
        return sorted(self._node.names)[:limit]

    def kind(self, name: str) -> Kind:
        """Tell what a name stands for."""
        node = self._node.names.get(name)
        return "missing" if node is None else node.kind

    def folder(self, name: str) -> Folder:
        """Go into a folder in this one."""
        return TreeInMemory(self._find(name, "folder"))

    def read(self, name: str, limit: int) -> bytes:
        """Read a file of at most `limit` bytes."""
        node = self._find(name, "file")
        assert node.read is not None
        return node.read(limit)

    def _find(self, name: str, kind: Kind) -> _Node:
        node = self._node.names.get(name)
        if node is None:
            raise NotReadable("is not there")
        if node.twice:
            raise NotReadable("stands twice in the archive")
        if node.kind != kind:
            raise NotReadable(f"is a {node.kind}, not a plain {kind}")
        return node

    def below_the_only(self, wanted: str) -> TreeInMemory:
        """Go into the one folder that holds `wanted`, where it is not here: most archives have one on top."""
        node = self._node
        for _ in range(STEPS):
            folders = [inner for inner in node.names.values() if inner.kind == "folder"]
            holders = [inner for inner in folders if wanted in inner.names]
            if wanted in node.names or not folders:
                break
            if len(holders) == 1:
                return TreeInMemory(holders[0])
            if len(folders) > 1:
                break
            node = folders[0]
        return TreeInMemory(node if wanted in node.names else self._node)


def read_archive(path: Path, package: str, *, id: str) -> Submission:
    """Read a .zip; raises SubmissionError where it is none, or is made to do harm."""
    where = printable(str(path))
    with Folder.open_root(path.parent) as folder:
        try:
            data = folder.read(path.name, ARCHIVE_BYTES)
        except NotReadable as error:
            raise SubmissionError(f"this archive {error}", where=where, fix=_FIX) from None
    tree = _tree_of_zip(data, where)
    return read_tree(tree.below_the_only(package), package, id=id, place=path, source="zip")


def read_files(
    files: Mapping[str, Reader], package: str, *, id: str, place: Path, source: str, commit: str | None = None
) -> Submission:
    """Read a submission whose files are told by name, such as those of a commit."""
    root = _Node()
    for name, read in files.items():
        _put(root, name, "file", read)
    return read_tree(TreeInMemory(root).below_the_only(package), package, id=id, place=place, source=source,
                     commit=commit)


def _tree_of_zip(data: bytes, where: str) -> TreeInMemory:
    _refuse_long_list(data, where)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OSError) as error:
        raise SubmissionError(f"this archive is damaged ({printable(str(error))[:100]})", where=where,
                              fix=_FIX) from None
    root = _Node()
    for entry in filter(lambda entry: entry.filename, entries):  # the library trips over an empty name
        kind = _kind(entry)
        _put(root, entry.filename, kind, _reader(archive, entry) if kind == "file" else None)
    return TreeInMemory(root)


def _refuse_long_list(data: bytes, where: str) -> None:
    """Look at the list of files before the library reads it: a million names would fill the memory."""
    end = data.rfind(_END, max(0, len(data) - _END_SIZE - _LONGEST_COMMENT))
    if end < 0 or len(data) < end + _END_SIZE:
        raise SubmissionError("this is no .zip archive", where=where, fix=_FIX)
    count, size = struct.unpack_from("<HI", data, end + 10)
    large = data[max(0, end - _LARGE_SIZE):end].startswith(_LARGE)
    if count > ENTRIES or size > DIRECTORY_BYTES or large:
        raise SubmissionError(f"this archive lists more than {ENTRIES} files", where=where, fix=_FIX)


def _kind(entry: zipfile.ZipInfo) -> Kind:
    """Tell what an entry claims to be; only those made on Unix say more than file or folder."""
    mode = entry.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "symbolic link"
    if entry.is_dir():
        return "folder"
    return "file" if stat.S_IFMT(mode) in (0, stat.S_IFREG) else "device"


def _put(root: _Node, name: str, kind: Kind, read: Reader | None) -> None:
    """Put a name into the tree, unless it would lead out of it."""
    steps = [step for step in name.replace("\\", "/").split("/") if step not in ("", ".")]
    leads_out = ".." in steps or name.startswith(("/", "\\")) or (steps and steps[0].endswith(":"))
    if not steps or leads_out or len(steps) > STEPS or steps[0] in _JUNK or steps[-1] in _JUNK:
        return
    node = root
    for step in steps[:-1]:
        node = node.names.setdefault(step, _Node())
        if node.kind != "folder":
            node.twice = True
            return
    known = node.names.get(steps[-1])
    if known is None:
        node.names[steps[-1]] = _Node(kind, read)
    elif not (known.kind == kind == "folder"):
        known.twice = True


def _reader(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Reader:
    def read(limit: int) -> bytes:
        if entry.flag_bits & 1:
            raise NotReadable("is encrypted")
        if entry.compress_type not in _PLAIN:
            raise NotReadable("is packed in a way that is not read here")
        try:
            with archive.open(entry) as stream:
                data = stream.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError,
                RuntimeError, ValueError) as error:
            raise NotReadable(f"is damaged ({printable(str(error))[:100]})") from None
        if len(data) > limit:
            raise NotReadable(f"is larger than {limit // 1024} KiB")
        return data

    return read
