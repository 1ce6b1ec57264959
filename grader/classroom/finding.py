"""Find the submissions of a class, and say whose each one is. Nothing of them is opened here.

A folder of clones (gh-classroom, Classroom 50, or any folder of folders), of archives (Moodle, Canvas), an
export of Gradescope, or a list (`listing.py`). The names come from strangers: they are only compared.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.classroom.roster import Roster, in_utc, moment
from grader.classroom.sheets import read_sheet
from grader.errors import SubmissionError, UsageError
from grader.submission import Submission, read_archive, read_submission
from grader.submission.folder import printable

ARCHIVES = (".zip",)
OTHER_ARCHIVES = (".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")
COLLECTED = "collected.csv"
"""In the folder of a class: when each submission was collected. Columns `place` and `collected`."""
METADATA = "submission_metadata.yml"
_JUNK = ("__MACOSX", "__pycache__")
_MOODLE = re.compile(r"(?P<who>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+_?(?P<file>.*)")
_CANVAS = re.compile(r"(?P<who>[^_]+)_(?:LATE_)?(?P<id>\d+)_\d+_.+")
_METADATA_ENTRY = re.compile(r"(submission_\d+):\s*")
_METADATA_FIELD = re.compile(r"[\s-]*:?(email|name|sid|created_at):\s*['\"]?(.*?)['\"]?\s*")
_LARGEST_METADATA = 64 << 20
_LONGEST_LINE = 1000
_CLASSROOM_PARTS = 2
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Found:
    """One submission: whose it is, where it is, and how to read it."""

    team: str
    place: str
    """Its name in the class, the same at every run."""
    open: Callable[[str], Submission]
    """Read it, given the name of the package; raises SubmissionError."""
    collected_at: str | None = None
    """The teacher's record, if there is one."""


def find(root: Path, package: str, roster: Roster) -> list[Found]:
    """List the submissions in a folder, in the order of their names."""
    if (root / package).is_dir():
        raise UsageError("this is one submission, not a class.", where=str(root),
                         fix="name the folder that holds the submissions, or leave --gradebook out.")
    metadata, collected = _gradescope(root), _collected(root)
    root, assignment = _downloads(root, package)
    entries = [entry for entry in sorted(root.iterdir()) if _may_be_one(entry)]
    if not entries:
        raise UsageError("there is no submission in this folder.", where=str(root),
                         fix="name the folder that holds a folder or a .zip for each student.")
    whose = _Owners(roster, assignment, [entry.name for entry in entries], metadata)
    found = whose.told_apart([whose.found(entry) for entry in entries])
    return [replace(one, collected_at=collected.get(one.place) or collected.get(Path(one.place).stem)
                    or one.collected_at) for one in found]


def _may_be_one(entry: Path) -> bool:
    if entry.name.startswith(".") or entry.name in _JUNK:
        return False
    return entry.is_dir() or entry.name.lower().endswith((*ARCHIVES, *OTHER_ARCHIVES))


def _downloads(root: Path, package: str) -> tuple[Path, str]:
    """Step into gh-classroom's `<assignment>-submissions`; give the assignment's name."""
    suffix = "-submissions"
    inside = [e for e in root.iterdir() if e.is_dir() and not e.name.startswith(".")]
    if len(inside) == 1 and inside[0].name.endswith(suffix) and not (inside[0] / package).is_dir():
        root = inside[0]
    return root, root.name.removesuffix(suffix) if root.name.endswith(suffix) else ""


@dataclass(frozen=True)
class _Submitter:
    """What Gradescope's export says of one submission."""

    words: tuple[str, ...]
    created_at: str | None


class _Owners:
    """Tells whose a submission is from its name."""

    def __init__(
        self, roster: Roster, assignment: str, names: Sequence[str], metadata: dict[str, _Submitter]
    ) -> None:
        self.roster = roster
        self.metadata = metadata
        self.prefix = f"{assignment}-" if assignment else _classroom_prefix(names)

    def found(self, entry: Path) -> Found:
        """Put together one submission."""
        submitter = self.metadata.get(entry.name)
        words = submitter.words if submitter else self._words(_stem(entry))
        known = next((team for word in words if (team := self.roster.team_of(word))), None)
        return Found(kept_name(known or words[0]), kept_name(entry.name), opener(entry),
                     submitter.created_at if submitter else None)

    def _words(self, name: str) -> tuple[str, ...]:
        """Give what a name says of its owner, the likeliest first."""
        for form in (_MOODLE, _CANVAS):
            match = form.fullmatch(name)
            if match:
                return match["who"], match["id"]
        login = name[len(self.prefix):] if self.prefix and name.startswith(self.prefix) else name
        ends = sorted((known for known in self.roster.names() if name.endswith(f"-{known}")), key=len)
        return (*reversed(ends), login or name)

    def told_apart(self, found: list[Found]) -> list[Found]:
        """Keep two of one name apart, unless the roster says that they are one team's."""
        known = {person.team for person in self.roster.people}
        names = [one.team for one in found]
        return [one if one.team in known or names.count(one.team) == 1
                else replace(one, team=f"{one.team} ({one.place})") for one in found]


def kept_name(name: str) -> str:
    """Write a stranger's name as it can be kept: printable, not endless, and still one of its own."""
    text = printable(name)
    if len(text) <= _LONGEST_NAME:
        return text
    return f"{text[:_LONGEST_NAME]}…{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _stem(entry: Path) -> str:
    return entry.name if entry.is_dir() else entry.name.rpartition(".")[0]


def _classroom_prefix(names: Sequence[str]) -> str:
    """Find `<classroom>-<assignment>-`: what all names begin with, if it has two parts at least."""
    first, last = min(names), max(names)
    common = next((first[:i] for i, letter in enumerate(first) if last[i:i + 1] != letter), first)
    prefix = common[: common.rfind("-") + 1]
    return prefix if len(names) > 1 and prefix.count("-") >= _CLASSROOM_PARTS else ""


def opener(entry: Path) -> Callable[[str], Submission]:
    """Give what reads a folder, an archive, or the one archive in a folder."""
    def read(package: str) -> Submission:
        if not entry.is_dir() or entry.is_symlink():
            return _archive(entry, package, entry.name)
        inside = _only_archive(entry, package)
        return _archive(inside, package, entry.name) if inside else read_submission(entry, package)

    return read


def _archive(entry: Path, package: str, name: str) -> Submission:
    if entry.is_symlink() or not entry.name.lower().endswith(ARCHIVES):
        what = "a link" if entry.is_symlink() else "an archive of another kind"
        raise SubmissionError(f"this is {what}", where=entry.name, fix="Hand in a plain .zip.")
    return read_archive(entry, package, id=name)


def _only_archive(folder: Path, package: str) -> Path | None:
    """Find the one archive that stands in a folder instead of the package, as Moodle and Canvas keep it."""
    try:
        inside = [e for e in folder.iterdir() if not e.name.startswith(".") and e.name not in _JUNK]
    except OSError:
        return None
    archives = [e for e in inside if e.name.lower().endswith(ARCHIVES)]
    return archives[0] if len(archives) == 1 and not any(e.name == package for e in inside) else None


def _collected(root: Path) -> dict[str, str]:
    """Read the teacher's record of times, if there is one beside the submissions."""
    path = root / COLLECTED
    if not path.is_file():
        return {}
    table = read_sheet(path, "this file")
    if not {"place", "collected"} <= set(table.head):
        raise UsageError("this file has no columns place and collected.", where=f"{path}:1",
                         fix="write a first line: place,collected")
    times = {}
    for where, cells in table.body:
        row = dict(zip(table.head, cells, strict=False))
        times[row.get("place", "")] = moment(row.get("collected", ""), where)
    return times


def _gradescope(root: Path) -> dict[str, _Submitter]:
    """Read whose a submission is from Gradescope's `submission_metadata.yml`, line by line.

    Only the first submitter's words are needed: the roster knows who is in a group.
    """
    path = root / METADATA
    if not path.is_file():
        return {}
    try:
        text = path.read_bytes()[:_LARGEST_METADATA].decode("utf-8", "replace")
    except OSError as error:
        raise UsageError(f"this file cannot be read: {error.strerror or error}.", where=str(path),
                         fix="check its permissions.") from error
    fields: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in (line[:_LONGEST_LINE] for line in text.splitlines()):
        entry, value = _METADATA_ENTRY.fullmatch(line), _METADATA_FIELD.fullmatch(line)
        if entry:
            current = fields.setdefault(entry[1], {})
        elif value and value[2]:
            current.setdefault(value[1], value[2])
    return {name: _submitter(name, known) for name, known in fields.items()}


def _submitter(name: str, known: dict[str, str]) -> _Submitter:
    words = tuple(known[key] for key in ("email", "sid", "name") if key in known)
    return _Submitter(words or (name,), _created(known.get("created_at", "")))


def _created(text: str) -> str | None:
    """Read Ruby's `2026-11-01 10:00:00.000000000 -07:00`."""
    match = re.fullmatch(r"(\S+) (\d\d:\d\d:\d\d)(?:\.\d+)? ?(Z|[+-]\d\d:?\d\d)", text)
    return in_utc(f"{match[1]}T{match[2]}{match[3]}") if match else None


def shard_of(team: str, shards: int) -> int:
    """Give the part of the class that a team is in: the same one on every machine."""
    return int.from_bytes(hashlib.sha256(team.encode()).digest()[:8], "big") % shards
