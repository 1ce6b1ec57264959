"""`grader new`: the skeleton of a lesson."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.say import say
from grader.cli.words import course_here, course_option


@click.command("new")
@click.argument("name")
@course_option
@click.option("--module", metavar="M", help="The module that the student writes; else the name's words.")
def command(name: str, course_folder: Path | None, module: str | None) -> None:
    """Start a lesson: a small complete one to change.

    NAME is the lesson's folder, such as 07_my_lesson.
    """
    root = course_here(course_folder)

    from grader.build import new_lesson

    for file in new_lesson(root, name, module):
        say(_from(root, file))
    say(f"Next: change these files, then run `grader build` and `grader verify {name[:2].lstrip('0')}`.")


def _from(root: Path, file: Path) -> str:
    return (file.relative_to(root) if file.is_relative_to(root) else file).as_posix()
