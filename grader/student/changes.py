"""See that a student's files have changed, by looking at them: this works in WSL and on network folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from grader.course.answer_sheets import FOLDER as ANSWERS
from grader.submission.notebooks import ENDING
from grader.submission.notebooks import FOLDER as NOTEBOOKS

Seen = Mapping[str, tuple[int, int]]
"""File -> time of its last change, and its size."""
FILES = 500
_ENDINGS = (".py", ENDING, ".toml")


def seen_files(root: Path, package: str) -> Seen:
    """Look at the files that a check reads. What cannot be looked at is not there."""
    found: dict[str, tuple[int, int]] = {}
    for path in _files(root, package):
        try:
            seen = path.stat()
        except OSError:
            continue
        found[path.relative_to(root).as_posix()] = (seen.st_mtime_ns, seen.st_size)
        if len(found) >= FILES:
            break
    return found


def changed_files(before: Seen, now: Seen) -> list[str]:
    """Name what is new, changed or gone."""
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def _files(root: Path, package: str) -> Iterator[Path]:
    for name in (package, NOTEBOOKS, ANSWERS):
        for folder, below, files in os.walk(root / name):
            below[:] = [one for one in below if one[:1] not in "._"]
            yield from (Path(folder) / file for file in sorted(files)
                        if file.endswith(_ENDINGS) and file[:1] != ".")
