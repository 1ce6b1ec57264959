"""Find what a submission changed of the files that students do not write: tests, rubrics, workflows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from grader.course.shipped import content_digest, without_path
from grader.errors import SubmissionError
from grader.submission.folder import Folder, NotReadable, printable
from grader.submission.reader import FILE_BYTES, NAMES, Problem

WORKFLOWS = ".github/workflows"


def changed_files(root: Path, given: Mapping[str, str], *, all_there: bool) -> tuple[Problem, ...]:
    """Compare a submission with the digests of what was handed out.

    `all_there`: a missing file is a change, too. A workflow that was not handed out is always one.
    """
    try:
        with Folder.open_root(root) as folder:
            found = [Problem(name, problem) for name, digest in sorted(given.items())
                     if (problem := _problem(folder, name, digest, all_there=all_there))]
            return (*found, *_added(folder, given))
    except SubmissionError:  # it was there a moment ago, and has been graded
        return ()


def _problem(root: Folder, name: str, digest: str, *, all_there: bool) -> str | None:
    *folders, last = name.split("/")
    try:
        with ExitStack() as opened:
            folder = root
            for step in folders:
                if folder.kind(step) == "missing":
                    return "This file is missing." if all_there else None
                folder = opened.enter_context(folder.folder(step))
            if folder.kind(last) == "missing":
                return "This file is missing." if all_there else None
            data = folder.read(last, FILE_BYTES)
    except NotReadable as error:
        return f"This file, or a folder above it, {error}."
    same = content_digest(data) == digest or content_digest(without_path(data)) == digest
    return None if same else "This file is not as it was handed out."


def _added(root: Folder, given: Mapping[str, str]) -> Iterator[Problem]:
    """List workflows that were not handed out. Where none were, they are nobody's business."""
    if not any(name.startswith(f"{WORKFLOWS}/") for name in given):
        return
    try:
        with root.folder(".github") as github, github.folder("workflows") as folder:
            names = folder.names(NAMES)
    except NotReadable:
        return
    for name in names:
        if f"{WORKFLOWS}/{name}" not in given:
            yield Problem(f"{WORKFLOWS}/{printable(name)[:120]}", "This workflow was not handed out.")
