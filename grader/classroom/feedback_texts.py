"""The feedback of a class as Markdown, a text for each repository: what a comment on GitHub can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from grader.classroom.gradebook import Gradebook
from grader.classroom.records import Attempt, Grading
from grader.exchange import step_summary
from grader.render.markdown import escape
from grader.result import Overclaim, Result, overclaims, verify

LARGEST = 60_000
"""Bytes. A comment may have 65,536 characters."""

_FOR_CLAIMS, _SHOWN = 4_000, 20
_REPOSITORY = re.compile(r"[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True)
class FeedbackText:
    """The text for one repository, and what its own result claims too much."""

    repository: str
    text: str
    overclaims: tuple[Overclaim, ...] = ()


def feedback_texts(
    book: Gradebook, *, key: bytes | None = None, claims: Mapping[str, Result] | None = None
) -> Iterator[FeedbackText]:
    """Give the text of each submission's newest grading, in the order of the repositories.

    Places whose names no repository can have are left out. With `key`, each result must be signed with it;
    raises UsageError where one is not. `claims` maps repositories to the results that they made themselves.
    """
    newest = {repository_of(attempt.place): attempt for attempt in book.attempts()}
    for name, attempt in sorted(newest.items()):
        gradings = book.gradings(attempt.id)
        if name and gradings:
            result = book.result(gradings[-1].id)
            claim = (claims or {}).get(name)
            over = overclaims(claim, result) if claim and result else ()
            yield FeedbackText(name, _text(attempt, gradings[-1], result, key) + _claims(over), over)


def repository_of(place: str) -> str:
    """Take the repository's name from a folder, an address or a path; empty where it can be none."""
    name = place.rstrip("/").rpartition("/")[2].removesuffix(".git")
    return name if _REPOSITORY.fullmatch(name) and not name.startswith(".") else ""


def _text(attempt: Attempt, grading: Grading, result: Result | None, key: bytes | None) -> str:
    if result is None:
        return f"# {escape(attempt.place)}: not graded\n\n{escape(grading.reason)}\n"
    if key:
        verify(result, key, where=attempt.place)
    return step_summary(result, limit=LARGEST - _FOR_CLAIMS)


def _claims(over: tuple[Overclaim, ...]) -> str:
    """Tell the student what their own repository says too much of itself."""
    if not over:
        return ""
    lines = [f"- {escape(one.exercise)} {escape(one.function)}: it says {one.claimed}, "
             f"graded are {one.graded} of {one.points} public points" for one in over[:_SHOWN]]
    more = [f"- and {len(over) - _SHOWN} more"] if len(over) > _SHOWN else []
    return "\n## What the repository's own check says\n\n" + "\n".join([*lines, *more]) + "\n"
