"""Bring a student's repository to a newer edition, and leave what is theirs as it is.

Everything is decided before anything is written; the list of what was shipped is written last. So an update
that is interrupted is completed by another one.
"""

from __future__ import annotations

import re
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from grader.course.shipped import SHIPPED, Shipped, content_digest, read_shipped
from grader.errors import CourseError, UsageError
from grader.result import write_bytes
from grader.student import ticks
from grader.student.edition import COURSE_FILE, Edition
from grader.student.journal import FOLDER, made_folder
from grader.student.merge import NotMerged, merge_module

BACKUP = "backup"
ANSWERS = "answers"
REQUIREMENTS = "requirements.txt"
_LINE = re.compile(r"\s*[-*+] \[(?P<mark>[ xX])\]\s+(?P<id>\d+\.\d+)\b")


@dataclass
class Update:
    """What an update does: first a plan, then the report."""

    old_version: str
    new_version: str
    write: dict[str, bytes] = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)
    keep: list[str] = field(default_factory=list)
    """Files that the student changed, of which a copy is kept."""
    new: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    look: list[str] = field(default_factory=list)
    backup: str = ""

    @property
    def nothing(self) -> bool:
        """Tell whether there is nothing to do."""
        return not self.write and not self.remove

    @property
    def installs(self) -> bool:
        """Tell whether the grader itself, or what it needs, is another one now."""
        return any(name == REQUIREMENTS or name.endswith(".whl") for name in self.write)


def plan_update(root: Path, edition: Edition, *, allow_older: bool = False) -> Update:
    """Decide what an update to an edition changes; raises UsageError for an edition that does not fit."""
    table = _course(root)
    _refuse_foreign(table, edition)
    update = Update(str(table.get("version", "")), edition.version)
    if _number(edition.version) < _number(update.old_version) and not allow_older:
        problem = f"this edition is {edition.version}, and yours is {update.old_version}: it is older."
        raise UsageError(problem, fix="look for a newer one; --allow-older goes back all the same.")
    shipped = read_shipped(root)
    stubs = _stubs(shipped, edition.package)
    known = {**shipped.files, **shipped.others,
             **{name: content_digest(text.encode()) for name, text in stubs.items()}}
    exercises = _stubs(edition.shipped, edition.package)
    for name, data in edition.files.items():
        mine, before = _read(root, name), known.get(name)
        if mine is None and name in shipped.others and before == content_digest(data):
            continue  # whoever took such a file away does not get it back
        if name in exercises:
            _module(update, name, mine, (before, stubs.get(name, "")), data)
        elif name.startswith(f"{ANSWERS}/"):
            _answers(update, name, mine, before, data)
        elif name == ticks.FILE:
            _progress(update, mine, before, data)
        else:
            _file(update, name, mine, before, data)
    for name, before in known.items():
        if name not in edition.files:
            _gone(update, name, _read(root, name), before, written=name in stubs)
    if _read(root, SHIPPED) != edition.list_bytes:
        update.write[SHIPPED] = edition.list_bytes  # last: an update that was cut short begins again
    return update


def _course(root: Path) -> dict[str, object]:
    """Read the student's own course.toml: only its facts, since an update may have stopped in the middle."""
    try:
        return tomllib.loads((root / COURSE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise CourseError("this file is missing or damaged", where=COURSE_FILE,
                          fix=f"Get it back with `git checkout -- {COURSE_FILE}`.") from None


def _refuse_foreign(table: dict[str, object], edition: Edition) -> None:
    if table.get("edition") != "student":
        raise UsageError("this is the teacher's course: `grader build` writes it anew.",
                         where=COURSE_FILE, fix="go to a student's repository.")
    if (table.get("id"), table.get("package")) != (edition.course_id, edition.package):
        raise UsageError(f"this is another course: {edition.course_id!r}, and yours is {table.get('id')!r}.",
                         fix="name the starter of your own course.")
    if str(table.get("on_path", "")) != edition.on_path:
        paths = [f"for the path {path!r}" if path else "for all paths"
                 for path in (edition.on_path, str(table.get("on_path", "")))]
        raise UsageError(f"this starter was made {paths[0]}, and yours {paths[1]}.",
                         fix="ask your teacher for the one of your path.")


def _number(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _stubs(shipped: Shipped, package: str) -> dict[str, str]:
    return {f"{package}/{module.replace('.', '/')}.py": text for module, text in shipped.stubs.items()}


def _read(root: Path, name: str) -> bytes | None:
    """Read a file of the student's; None where there is none."""
    path = root / name
    for part in [*list(path.parents)[: len(PurePosixPath(name).parts) - 1][::-1], path]:
        if part.is_symlink() or (part.exists() and not (part.is_file() if part == path else part.is_dir())):
            raise UsageError("something else stands in the place of a file of the course.",
                             where=part.relative_to(root).as_posix(), fix="move it away, and update again.")
    try:
        return path.read_bytes() if path.exists() else None
    except OSError as error:
        raise UsageError(f"this file cannot be read: {error.strerror or error}.", where=name,
                         fix="make it a file that you may read.") from None


# ---- one file


def _file(update: Update, name: str, mine: bytes | None, before: str | None, data: bytes) -> None:
    """Bring in a file that students do not have to write."""
    after = content_digest(data)
    digest = None if mine is None else content_digest(mine)
    if digest == after:
        return
    if mine is not None and before == after:
        return  # the course has not changed it; what the student made of it is theirs
    if mine is not None and digest != before:
        update.keep.append(name)
    update.write[name] = data
    (update.new if before is None and mine is None else update.updated).append(name)


def _module(
    update: Update, name: str, mine: bytes | None, before: tuple[str | None, str], data: bytes
) -> None:
    """Bring a module with exercises up to date, function by function; `before` is its digest and its text."""
    digest, stub = before
    after = content_digest(data)
    if mine is None or after == digest or content_digest(mine) in (after, digest):
        _file(update, name, mine, digest, data)
        return
    try:
        merged = merge_module(stub, data.decode(), mine.decode("utf-8"))
    except (UnicodeDecodeError, NotMerged) as problem:
        said = problem if isinstance(problem, NotMerged) else "is no UTF-8 text, so it was left alone."
        update.look.append(f"{name} {said} `grader reset` brings the stubs of new exercises.")
        return
    update.merged += [f"{name}: {line}" for line in merged.done]
    update.look += [f"{name}: {line}." for line in merged.look]
    if merged.text.encode() != mine:
        update.keep.append(name)
        update.write[name] = merged.text.encode()


def _answers(update: Update, name: str, mine: bytes | None, before: str | None, data: bytes) -> None:
    """Bring in a new sheet; one that is there is the student's."""
    if mine is None:
        update.write[name] = data
        update.new.append(name)
    elif before == content_digest(mine):
        _file(update, name, mine, before, data)
    elif before != content_digest(data):
        update.look.append(f"{name}: its questions have changed. Your answers were kept; the questions "
                           "are in assignments/checkpoints/.")


def _progress(update: Update, mine: bytes | None, before: str | None, data: bytes) -> None:
    """Bring the list between the markers up to date: ticks and everything outside stay."""
    if mine is None:
        return  # whoever took it away does not get it back
    if content_digest(mine) == before:
        _file(update, ticks.FILE, mine, before, data)
        return
    try:
        new = _with_list(mine.decode("utf-8"), data.decode("utf-8"))
    except ValueError:
        return  # no text, or no markers: all of it is the student's
    if new.encode() != mine:
        update.keep.append(ticks.FILE)
        update.write[ticks.FILE] = new.encode()
        update.merged.append(f"{ticks.FILE}: the list of exercises; your ticks and notes stay")


def _with_list(mine: str, new: str) -> str:
    """Put the newer list into the student's file, with the student's ticks; ValueError without markers."""
    own, theirs = mine.splitlines(keepends=True), new.splitlines()
    first, last = _between(own)
    start, stop = _between(theirs)
    end = "\r\n" if own[first].endswith("\r\n") else "\n"
    found = [_LINE.match(line) for line in own[first:last]]
    marks = {box["id"]: box["mark"] for box in found if box}
    lines = [_ticked(line, marks) + end for line in theirs[start + 1 : stop]]
    return "".join([*own[: first + 1], *lines, *own[last:]])


def _between(lines: list[str]) -> tuple[int, int]:
    plain = [line.strip() for line in lines]
    first, last = plain.index(ticks.START), plain.index(ticks.END)
    if first > last:
        raise ValueError
    return first, last


def _ticked(line: str, marks: dict[str, str]) -> str:
    box = _LINE.match(line)
    if not box or box["id"] not in marks:
        return line
    return line[: box.start("mark")] + marks[box["id"]] + line[box.end("mark"):]


def _gone(update: Update, name: str, mine: bytes | None, before: str, *, written: bool) -> None:
    """Take away what the course no longer has; what the student wrote in it stays."""
    if mine is None:
        return
    if content_digest(mine) == before:
        update.remove.append(name)
    elif written or name.startswith(f"{ANSWERS}/") or name == ticks.FILE:
        update.look.append(f"{name} is no longer part of the course. You have written in it, so it was kept.")
    else:
        update.keep.append(name)
        update.remove.append(name)


# ---- doing it


def apply_update(root: Path, update: Update) -> None:
    """Keep copies of what the student changed, then write and remove, each file whole or not at all."""
    if update.keep:
        update.backup = _keep_copies(root, update.keep)
    for name in update.remove:
        (root / name).unlink(missing_ok=True)
        _remove_empty(root, (root / name).parent)
    for name, data in update.write.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(data, path)


def _keep_copies(root: Path, names: list[str]) -> str:
    """Copy files to a folder of their own below `.grader/backup/`."""
    stamp = time.strftime("%Y-%m-%d_%H-%M-%S_update")
    place, number = stamp, 1
    while (root / FOLDER / BACKUP / place).exists():
        number += 1
        place = f"{stamp}_{number}"
    for name in names:
        *folders, last = name.split("/")
        folder = made_folder(root, BACKUP, place, *folders)
        write_bytes((root / name).read_bytes(), folder / last)
    return f"{FOLDER}/{BACKUP}/{place}"


def _remove_empty(root: Path, folder: Path) -> None:
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
