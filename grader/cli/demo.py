"""`grader demo`: a made-up class to try the teacher's commands on."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.say import say
from grader.cli.words import course_here, course_option
from grader.errors import UsageError

MOST = 100_000


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--students", type=click.IntRange(1, MOST), default=200, metavar="N", show_default=True,
              help="How many students there are.")
@click.option("--seed", type=int, default=1, metavar="S", show_default=True,
              help="Another seed gives another class.")
@course_option
def command(*, folder: Path, students: int, seed: int, course_folder: Path | None) -> None:
    """Make up a class, to try all this on.

    It has right and wrong, half done, broken, hostile and late submissions, in a new FOLDER.
    """
    from grader.classroom.demo import make_class
    from grader.course import load_course

    course = load_course(course_here(course_folder))
    if course.edition == "student":
        raise UsageError("this is a student's copy of the course: it has no reference to make a class of.",
                         where=str(course.root), fix="name the teacher's course with --course DIR.")
    invented = make_class(course, folder, students, seed)
    say(f"{len(invented)} students are in {folder}, with roster.csv and collected.csv")
    say(f"Next: grader grade {folder} --gradebook gradebook.db")
