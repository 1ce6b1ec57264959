"""Read a list of submissions: a CSV file with a line for each, of git URLs or of paths.

Columns: `login`, `source`, and if you like `commit` and `collected` (a time: the teacher's record). The
`grades.csv` of GitHub Classroom is such a list. A commit is read out of a bare clone, file by file: nothing
of it is ever checked out, so no hook, filter, link or submodule of a student has any effect.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from grader.classroom.finding import Found, kept_name, opener
from grader.classroom.roster import Roster, moment
from grader.classroom.sheets import read_sheet
from grader.classroom.work import take_away
from grader.errors import GraderError, SubmissionError, UsageError
from grader.submission import Submission, read_files
from grader.submission.archive import ENTRIES, Reader
from grader.submission.folder import NotReadable, printable

ENDINGS = (".csv", ".txt", ".list")
CLONE_SECONDS = 300
_ALIASES = {"github_username": "login", "student_repository_url": "source", "url": "source", "path": "source",
            "submission_timestamp": "collected", "date": "collected", "student": "login"}
_SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "safe.directory=*")
_URL = re.compile(r"(?:https?|ssh|git|file)://\S+|[\w.-]+@[\w.-]+:\S+")
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")
_ENTRY = re.compile(r"100(?:644|755) blob ([0-9a-f]{40,64}) +(\d+)\t(.+)", re.DOTALL)
_CREDENTIALS = re.compile(r"://[^/@\s]+@")
_ZONE = re.compile(r" UTC$")


def read_list(path: Path, roster: Roster) -> list[Found]:
    """List the submissions that a file names; raises UsageError with file and line."""
    table = read_sheet(path, "this list")
    columns = [_ALIASES.get(name, name) for name in (cell.strip().lower() for cell in table.head)]
    if not {"login", "source"} <= set(columns):
        raise UsageError("this list has no columns login and source.", where=f"{path}:1",
                         fix="write a first line: login,source,commit,collected")
    return [_found(where, path.parent, dict(zip(columns, cells, strict=False)), roster)
            for where, cells in table.body]


def _found(where: str, folder: Path, cells: Mapping[str, str], roster: Roster) -> Found:
    login, source, commit, collected = (cells.get(name, "").strip()
                                        for name in ("login", "source", "commit", "collected"))
    if not login or not source:
        raise UsageError("this line has no login or no source.", where=where, fix="write both.")
    if not source.isprintable():
        raise UsageError(f"the source {source!r} has a character that cannot be seen.", where=where,
                         fix="write it anew.")
    if commit and not _COMMIT.fullmatch(commit):
        raise UsageError(f"{commit!r} is no commit.", where=where, fix="write 7 to 64 hexadecimal digits.")
    team = roster.team_of(login) or kept_name(login)
    at = moment(_ZONE.sub("+00:00", collected), where) if collected else None
    return Found(team, kept_name(_without_password(source)), _opener(source, folder, commit), at)


def _opener(source: str, folder: Path, commit: str) -> Callable[[str], Submission]:
    if _URL.fullmatch(source) and not source.startswith("-"):
        return partial(_read_commit, source, commit)
    path = folder / source
    return partial(_read_commit, str(path.resolve()), commit) if commit else opener(path)


def _read_commit(url: str, commit: str, package: str) -> Submission:
    """Read one commit of a repository, HEAD without one."""
    folder = tempfile.mkdtemp(prefix="grader-clone-")
    try:
        place = _without_password(url)
        _git("clone", "--bare", "--quiet", "--no-tags", "--no-local", "--", url, folder, where=place)
        found = _git("-C", folder, "rev-parse", "--verify", "--quiet", "--end-of-options",
                     f"{commit or 'HEAD'}^{{commit}}", where=place,
                     missing=f"there is no commit {commit}" if commit else "there is no commit yet")
        full = found.decode("ascii", "replace").strip()
        listed = _git("-C", folder, "ls-tree", "-r", "-z", "-l", full, where=place)
        files = dict(_files(folder, listed.decode("utf-8", "surrogateescape").split("\0")[:ENTRIES]))
        return read_files(files, package, id=place.rstrip("/").rpartition("/")[2], place=Path(place),
                          source="git", commit=full)
    finally:
        take_away(folder)  # what a git that took too long had started may still be writing


def _without_password(url: str) -> str:
    """Take out what a URL says before its `@`: it may be a token."""
    return _CREDENTIALS.sub("://", url)


def _files(folder: str, lines: list[str]) -> list[tuple[str, Reader]]:
    entries = filter(None, (_ENTRY.fullmatch(line) for line in lines))
    return [(entry[3], partial(_blob, folder, entry[1], int(entry[2]))) for entry in entries]


def _blob(folder: str, digest: str, size: int, limit: int) -> bytes:
    if size > limit:
        raise NotReadable(f"is larger than {limit // 1024} KiB")
    return _git("-C", folder, "cat-file", "blob", digest, where=folder)


def _git(*arguments: str, where: str, missing: str = "") -> bytes:
    """Run git without asking anybody anything, and without any hook."""
    environment = {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes", **os.environ, "LC_ALL": "C",
                   "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file"}
    try:
        done = subprocess.run(  # noqa: S603 - the words before a stranger's are ours, and end in `--`
            ["git", *_SAFE, *arguments],  # noqa: S607 - the teacher's own git
            capture_output=True, check=False, stdin=subprocess.DEVNULL, env=environment,
            timeout=CLONE_SECONDS)
    except FileNotFoundError:
        raise UsageError("git is not installed here, and this list names repositories.",
                         fix="install git, or list folders.") from None
    except subprocess.TimeoutExpired:
        raise GraderError(f"git took longer than {CLONE_SECONDS} seconds", where=where,
                          fix="run the same command again.") from None
    if done.returncode == 0:
        return done.stdout
    if missing:
        raise SubmissionError(missing, where=where, fix="name a commit that was pushed.")
    first = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
    said = printable(_without_password(first))[:200]
    raise GraderError(f"git could not read this repository ({said})", where=where,
                      fix="check the address and your access, and run the same command again.")
