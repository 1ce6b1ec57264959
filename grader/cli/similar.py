"""`grader similar`: code that is more alike than usual in this class."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.gradebooks import book_argument, class_option, course_of, opened
from grader.cli.words import course_option, plain_option


@click.command("similar")
@book_argument
@course_option
@class_option
@plain_option
def command(
    *, gradebook: Path | None, course_folder: Path | None, class_folder: Path | None, plain: bool
) -> None:
    """Show code that is more alike than usual in a class.

    It is a reason to talk, never a penalty. The starter's text, and what many students have, is taken out
    first. `grader report --similar` puts the same into the report.
    """
    with opened(gradebook) as book:
        from grader.classroom.collected import Collected
        from grader.classroom.report.model import CAUTION
        from grader.classroom.similar import shared_ids, similar_pairs
        from grader.render.screen import Screen, open_console

        course = course_of(book, course_folder)
        collected = Collected(book, course, class_folder)
        found, ids = similar_pairs(book, course, collected), shared_ids(book, collected)
    screen = Screen(open_console(plain=plain), plain=plain)
    screen.sentence(CAUTION)
    screen.blank()
    for pair in found:
        numbers = f"{pair.rare} rare parts, {pair.likeness:.2f} alike (usual {pair.usual:.2f})"
        if plain:
            screen.sentence(f"{pair.exercise}: {pair.first} and {pair.second}, {numbers}.")
        else:
            screen.row(f"{pair.exercise}  {pair.first} and {pair.second}", numbers)
    if not found:
        screen.sentence("No pair stands out.")
    for group in ids:
        names = ", ".join(group)
        screen.sentence(f"The same id in answers/me.toml, so the same numbers to work out: {names}.")
    screen.show()
