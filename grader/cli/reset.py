"""`grader reset`: one function back to its stub."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.say import say
from grader.cli.words import course_option, exercise_named, students_course


@click.command("reset")
@click.argument("exercise")
@course_option
def command(*, exercise: str, course_folder: Path | None) -> None:
    """Bring one function back to its stub; yours is kept.

    EXERCISE is an id (3.3) or a function. Nothing else in the file changes.
    """
    course = students_course(course_folder)
    wanted = exercise_named(course, exercise)

    from grader.student.reset import reset_exercise

    done = reset_exercise(course, wanted)
    say(f"{wanted.id} {wanted.function} is a stub again: {done.file}:{done.line}")
    if done.backup:
        say(f"  The file as it was is kept in {done.backup}")
    say(f"  Next: grader read {wanted.id}")
