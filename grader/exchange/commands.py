"""GitHub Actions: annotations on the student's lines, the step summary, and a fence for other output.

A runner reads commands out of whatever a step prints. So what people are meant to read is printed between
two markers that nobody can guess, and the only commands are the ones made here.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from grader.exchange.lines import LONGEST, WRONG, ScoredLine, clip, scored_lines
from grader.render.markdown import to_markdown
from grader.render.text import defang, neutralise
from grader.result import Result

MOST_ANNOTATIONS = 10
LONGEST_MESSAGE = 4096
LARGEST_SUMMARY = 200 * 1024
"""Bytes. The limit of GitHub is 1 MiB; a page that long is read by nobody."""

_CUTS = (LONGEST, 2000, 400, 80)
_T = TypeVar("_T")


def to_annotations(result: Result, *, folder: str = "") -> str:
    """Write the commands that put the feedback on the lines it is about: at most ten of a type.

    `folder` is where the submission lies in the repository. The first wrong criterion of each exercise is
    shown: one bug, one mark.
    """
    wrong = {line.number: line for line in reversed(scored_lines(result)) if line.status in WRONG}
    errors = [_error(line, folder) for line in reversed(wrong.values())]
    aside = [_command("warning", f"{problem.file}: {problem.problem}", title="Set aside")
             for problem in result.integrity]
    title = f"{result.score} of {result.max_score} points ({result.trust})"
    note = "The grade of record is your teacher's own run." if result.trust == "advisory" else ""
    told = _command("notice", note or f"Graded {result.graded_at}.", title=title)
    return "\n".join([*_ten(errors, "error"), *_ten(aside, "warning"), told]) + "\n"


def step_summary(result: Result, *, limit: int = LARGEST_SUMMARY) -> str:
    """Write the result as Markdown of at most `limit` bytes; a longer one loses the ends of its texts."""
    for longest in _CUTS:
        clipped = _clipped(result, longest)
        text = ("" if clipped == result else _CUT) + to_markdown(clipped)
        if len(text.encode()) <= limit:
            return text
    bare = replace(_clipped(result, _CUTS[-1]), lessons=(), checkpoints=(), integrity=(), warnings=())
    return _CUT + to_markdown(bare)


def fence() -> tuple[str, str]:
    """Give two lines; of what is printed between them, the runner takes nothing for a command."""
    token = secrets.token_hex(16)
    return f"::stop-commands::{token}", f"::{token}::"


_CUT = "*This page is shortened. The whole result is in the result file.*\n\n"


def _error(line: ScoredLine, folder: str) -> str:
    place = {"file": f"{folder}{line.file}", "line": str(line.line)} if line.file else {}
    title = f"{line.number} {line.function}: {line.part}"
    return _command("error", f"{line.sentence}\n{line.detail}".rstrip(), **place, title=title)


def _ten(commands: list[str], kind: str) -> Iterator[str]:
    """Keep ten: the last place says how many more there are."""
    if len(commands) <= MOST_ANNOTATIONS:
        yield from commands
        return
    yield from commands[: MOST_ANNOTATIONS - 1]
    more = len(commands) - MOST_ANNOTATIONS + 1
    yield _command(kind, "The summary of this run lists them all.", title=f"{more} more")


def _command(kind: str, message: str, **properties: str) -> str:
    words = ",".join(f"{name}={_property(clip(text, 200))}" for name, text in properties.items())
    message = clip(message, LONGEST_MESSAGE)
    data = _data(neutralise(message, multiline=True))
    while len(data) > LONGEST_MESSAGE:  # escapes are longer than what they stand for
        message = clip(message, len(message) * 3 // 4)
        data = _data(neutralise(message, multiline=True))
    return f"::{kind} {words}::{data}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(defang(neutralise(text))).replace(":", "%3A").replace(",", "%2C")


def _clipped(value: _T, longest: int) -> _T:
    """Cut every text in a value of dataclasses and tuples."""
    if isinstance(value, str):
        return clip(value, longest)  # type: ignore[return-value]
    if isinstance(value, tuple):
        return tuple(_clipped(item, longest) for item in value)  # type: ignore[return-value]
    if is_dataclass(value) and not isinstance(value, type):
        members: Mapping[str, object] = {f.name: getattr(value, f.name) for f in fields(value)}
        return replace(value, **{name: _clipped(member, longest) for name, member in members.items()})
    return value
