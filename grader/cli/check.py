"""`grader check`: a student's own work, public tests."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.say import showing_exercises
from grader.cli.words import check_targets, course_here, course_option, exercises_named, plain_option
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.course import Course

_FILE = click.Path(path_type=Path)


@click.command("check")
@click.argument("what", required=False)
@course_option
@click.option("--json", "json_file", type=_FILE, metavar="F", help="Write the result as JSON, too.")
@plain_option
@click.pass_context
def command(
    ctx: click.Context, *, what: str | None, course_folder: Path | None, json_file: Path | None, plain: bool
) -> None:
    """Check your own work with the public tests.

    WHAT is a lesson (1) or an exercise (1.5); without it, everything is checked.
    """
    check_targets((json_file,))
    root = course_here(course_folder)

    from grader.sandbox import open_box

    # The box comes first: it warms up in its own process while this one imports.
    with open_box(minimum="process") as box:
        from grader.course import load_course

        course = load_course(root)
        _check_edition(course)
        wanted = exercises_named(course, what) if what else None

        from grader.grading import check
        from grader.submission import read_submission

        tree = read_submission(root, course.package)
        with showing_exercises(plain=plain) as show:
            result = check(course, tree, exercises=wanted, box=box, progress=show)
    if json_file:
        from grader.result import write_result

        write_result(result, json_file)

    from grader.render.terminal import open_console, render_result

    render_result(result, course, mode="check", console=open_console(plain=plain), plain=plain)
    ctx.exit(0 if result.passed else 1)


def _check_edition(course: Course) -> None:
    if course.edition == "teacher":
        raise UsageError(
            "this is the teacher's course: there is no student's work beside it to check.",
            where=str(course.root),
            fix="run `grader grade SUBMISSION`, or go to the student's repository.",
        )
