"""`grader progress`: lessons, exercises, checkpoints, what is open."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.say import say
from grader.cli.words import course_option, plain_option, students_course


@click.command("progress")
@course_option
@plain_option
def command(*, course_folder: Path | None, plain: bool) -> None:
    """See how far you are, and tick MY_PROGRESS.md.

    It shows what your checks have seen, and runs nothing.
    """
    course = students_course(course_folder)

    from grader.render.screen import Screen, open_console
    from grader.student.history import read_history
    from grader.student.progress import show_progress
    from grader.student.ticks import tick

    screen = Screen(open_console(plain=plain), plain=plain)
    show_progress(course, screen)
    news = tick(course, read_history(course))
    screen.show()
    for line in news:
        say(line)
