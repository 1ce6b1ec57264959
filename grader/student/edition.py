"""Read an edition of the course from the teacher's starter: a folder, or a git repository.

What is read is named in the edition's own list, and each file must be what that list says. Nothing of it
is run, no link is followed, and a git repository is never checked out: its files are read as objects.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grader.course.shipped import SHIPPED, Shipped, content_digest, parse_shipped
from grader.errors import UsageError
from grader.submission.folder import Folder, NotReadable, printable

COURSE_FILE = "assignments/course.toml"
LARGEST_FILE, LARGEST_EDITION, MOST_FILES = 8 << 20, 64 << 20, 2_000
GIT_SECONDS = 300
_NEVER = frozenset({".git", ".grader", ".venv", "answers/me.toml"})
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://.+|[\w.-]+@[\w.-]+:.+", re.IGNORECASE)
_ODD_NAME = re.compile(r"[\x00-\x1f\x7f\\:*?\"<>|]|[. ](?:/|$)|(?:^|/)git~", re.IGNORECASE)
"""What no name needs, and what Windows takes for another name."""
_SAFE = {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "file:git:https:ssh", "LC_ALL": "C"}
_OF_ANOTHER_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.ext.allow=never")

Read = Callable[[str, int], bytes]
"""Read a file of the source by its name, up to so many bytes; raises NotReadable."""


@dataclass(frozen=True)
class Edition:
    """A starter, read whole and found to be what it says."""

    course_id: str
    package: str
    version: str
    on_path: str
    shipped: Shipped
    list_bytes: bytes
    """The file that lists it, as it is."""
    files: dict[str, bytes]
    """Everything else, by name from the root."""


def read_edition(source: str, root: Path) -> Edition:
    """Read the edition that a folder, an address, or the name of a git remote gives.

    Raises UsageError where there is no starter, or where it is not what its own list says.
    """
    with _opened(source, root) as read:
        return _edition(read, printable(source))


@contextmanager
def _opened(source: str, root: Path) -> Iterator[Read]:
    folder = Path(source)
    if folder.is_dir() and not _is_bare(folder):
        with Folder.open_root(folder) as opened:
            yield lambda name, limit: _from_folder(opened, name, limit)
        return
    with _cloned(_address(source, root)) as clone:
        blobs = _blobs(clone)
        yield lambda name, limit: _from_git(clone, blobs, name, limit)


def _is_bare(folder: Path) -> bool:
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir()


def _from_folder(root: Folder, name: str, limit: int) -> bytes:
    *parents, last = name.split("/")
    if not parents:
        return root.read(last, limit)
    with root.folder(parents[0]) as inner:
        return _from_folder(inner, "/".join([*parents[1:], last]), limit)


# ---- git


def _address(source: str, root: Path) -> str:
    """Find the address: it was given, or a remote of the student's repository has it."""
    if _ADDRESS.fullmatch(source) or _is_bare(Path(source)):
        return source
    if re.fullmatch(r"[A-Za-z0-9][\w.-]*", source) and (root / ".git").exists():
        done = _git("-C", str(root), "remote", "get-url", source)
        if done.returncode == 0:
            return done.stdout.decode("utf-8", "replace").strip()
    raise UsageError(
        f"{printable(source)!r} is no folder, no address of a git repository, and no remote of yours.",
        fix="name the folder or the address of your teacher's starter, or add it once with "
            "`git remote add upstream ADDRESS`.")


@contextmanager
def _cloned(address: str) -> Iterator[Path]:
    """Fetch the newest state into a bare repository of its own: no checkout, no hook, no template."""
    with tempfile.TemporaryDirectory(prefix="grader-update-") as folder:
        clone = Path(folder, "clone")
        done = _git(*_NO_HOOKS, "clone", "--quiet", "--bare", "--depth=1", "--no-local", "--no-tags",
                    "--template=", "--", address, str(clone))
        if done.returncode:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["git says nothing"]
            raise UsageError(f"git could not fetch this: {printable(lines[-1])}", where=printable(address),
                             fix="check the address, the network, and your rights.")
        yield clone


def _git(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    git = shutil.which("git")
    if git is None:
        raise UsageError("git is not installed.", fix="install it, or name a folder.")
    environment = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER_REPOSITORY}
    try:
        return subprocess.run([git, *words], env=environment | _SAFE, input=given,  # noqa: S603
                              capture_output=True, check=False, timeout=GIT_SECONDS)
    except subprocess.TimeoutExpired:
        raise UsageError("git did not answer in time.", fix="try again, or name a folder.") from None


def _blobs(clone: Path) -> dict[str, str]:
    """Map each regular file of the newest commit to its object; links and submodules are left out."""
    listed = _git("-C", str(clone), "ls-tree", "-r", "-z", "HEAD").stdout.decode("utf-8", "replace")
    rows = [row.partition("\t") for row in listed.split("\0") if row]
    return {name: facts.split()[2] for facts, _, name in rows if facts.startswith("100")}


def _from_git(clone: Path, blobs: dict[str, str], name: str, limit: int) -> bytes:
    if name not in blobs:
        raise NotReadable("is no plain file")
    size = _git("-C", str(clone), "cat-file", "-s", blobs[name]).stdout
    if int(size or b"0") > limit:
        raise NotReadable(f"is larger than {limit // 1024} KiB")
    return _git("-C", str(clone), "cat-file", "blob", blobs[name]).stdout


# ---- what is read


def _edition(read: Read, source: str) -> Edition:
    """Read the list, the course's own facts, and every file that the list names."""
    try:
        listed = read(SHIPPED, LARGEST_FILE)
        table = tomllib.loads(read(COURSE_FILE, LARGEST_FILE).decode("utf-8"))
        shipped = parse_shipped(listed.decode("utf-8"))
        words = {key: str(table.get(key, "")) for key in ("id", "package", "version", "edition", "on_path")}
    except (NotReadable, ValueError):
        words = {}
    if not words or words["edition"] != "student" or not words["package"].isidentifier():
        raise UsageError("this is no starter of a course.", where=source,
                         fix=f"name what your teacher published for students: it holds {SHIPPED}.")
    stubs = {f"{words['package']}/{module.replace('.', '/')}.py": text
             for module, text in shipped.stubs.items()}
    _check_stubs(stubs, source)
    digests = {**shipped.files, **shipped.others}
    for name in stubs.keys() & digests.keys():
        raise _damaged(name, "is listed twice", source)
    files = {**{name: text.encode() for name, text in stubs.items()}, **_files(read, digests, source)}
    return Edition(words["id"], words["package"], words["version"], words["on_path"], shipped, listed, files)


def _check_stubs(stubs: dict[str, str], source: str) -> None:
    for name, text in stubs.items():
        _check_name(name, source)
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise _damaged(name, "is no Python", source) from None


def _files(read: Read, digests: dict[str, str], source: str) -> dict[str, bytes]:
    if len({name.lower() for name in digests}) < len(digests):
        raise _damaged(SHIPPED, "names a file in two spellings", source)
    if len(digests) > MOST_FILES:
        raise _damaged(SHIPPED, f"names more than {MOST_FILES} files", source)
    files: dict[str, bytes] = {}
    left = LARGEST_EDITION
    for name, digest in digests.items():
        _check_name(name, source)
        try:
            files[name] = read(name, min(LARGEST_FILE, left))
        except NotReadable as problem:
            raise _damaged(name, str(problem), source) from None
        left -= len(files[name])
        if content_digest(files[name]) != digest:
            raise _damaged(name, f"is not what {SHIPPED} says", source)
    return files


def _check_name(name: str, source: str) -> None:
    """Refuse a name that leads out of the repository, or to what is not the course's."""
    path = PurePosixPath(name)
    odd = path.is_absolute() or path.as_posix() != name or ".." in path.parts or _ODD_NAME.search(name)
    plain = name.lower()  # as a disk compares that knows no capitals
    if odd or not path.parts or plain in _NEVER or plain.split("/")[0] in _NEVER or plain == SHIPPED:
        raise _damaged(name, "is a place where no course may write", source)


def _damaged(name: str, problem: str, source: str) -> UsageError:
    return UsageError(f"this starter is damaged: {printable(name)} {problem}.", where=source,
                      fix="nothing of yours was changed. Ask your teacher for a whole one.")
