"""`grader bundle`: the folder of an autograder for a service."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.say import say
from grader.cli.words import check_path, course_here, course_option
from grader.errors import UsageError

WARNING = (
    "Warning: this bundle holds the hidden tests, the known mistakes, the keys of the questions and the "
    "reference.\nClassroom 50 publishes it: whoever finds its address can read all of them."
)


@click.command("bundle")
@click.argument("service", type=click.Choice(["classroom50"]))
@course_option
@click.option("--output", type=click.Path(path_type=Path), metavar="DIR", help="Where; else autograder/.")
@click.option("--path", metavar="P", help="The learning path of the class.")
@click.option("--with-hidden", is_flag=True, help="Put the hidden tests in, where students can read them.")
def command(
    *, service: str, course_folder: Path | None, output: Path | None, path: str | None, with_hidden: bool
) -> None:
    """Make the folder of an autograder for Classroom 50.

    Put what it makes into CLASSROOM/autograders/ASSIGNMENT/ of the class's repository.
    """
    root = course_here(course_folder)

    from grader.build.bundle import plan_bundle, write_bundle
    from grader.course import load_course

    course = load_course(root)
    if course.edition == "student":
        raise UsageError("this is a student's copy of the course.", where=str(root),
                         fix="make the bundle in the teacher's repository.")
    check_path(course, path)
    if path and with_hidden:
        raise UsageError("--path and --with-hidden do not go together.",
                         fix="leave one out: with hidden tests, everything is graded.")
    target = output or Path("autograder")
    plan = plan_bundle(course, path=path, with_hidden=with_hidden)
    done = write_bundle(plan, target)
    say(f"{len(done)} of {len(plan)} files changed in {target}, for {service}.")
    if with_hidden:
        say(WARNING, err=True)
