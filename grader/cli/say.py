"""Print lines of text, whatever the stream can show and whatever the text holds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

import click

from grader.render.text import fit, neutralise


def say(text: str, *, err: bool = False) -> None:
    """Print text for people on stdout or stderr."""
    stream: TextIO = sys.stderr if err else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    click.echo(fit(neutralise(text, multiline=True), encoding), file=stream)


def emit(text: str) -> None:
    """Print text for programs on stdout: UTF-8, whatever the terminal's encoding is."""
    click.echo(text.encode("utf-8", "backslashreplace"), nl=False)


@contextmanager
def showing_exercises(*, plain: bool) -> Iterator[Callable[[str], None]]:
    """Give a function that shows on a terminal which exercise is being graded; a log needs no such line."""
    from grader.render.progress import progress
    from grader.render.screen import open_console

    with progress(open_console(plain=plain, err=True), plain=plain, lines=False) as show:
        yield lambda exercise: show(f"grading {exercise}")
