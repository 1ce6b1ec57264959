"""`grader grade`: one submission, public and hidden tests."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.say import emit, showing_exercises
from grader.cli.words import (
    check_path,
    check_targets,
    course_for,
    course_option,
    lesson_named,
    plain_option,
    read_secret,
)
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.course import Course
    from grader.result import Result

_FILE = click.Path(path_type=Path)
_LAYERS = ("landlock", "uid")


@click.command("grade")
@click.argument("submission", type=_FILE)
@course_option
@click.option("--lesson", "lessons", multiple=True, metavar="L", help="Only this lesson; repeatable.")
@click.option("--path", metavar="P", help="Grade on this learning path.")
@click.option("--json", "json_file", type=_FILE, metavar="F", help="Write the result as JSON, too.")
@click.option("--format", "form", type=click.Choice(["markdown", "json"]), help="Another form of the result.")
@click.option("--output", type=_FILE, metavar="F", help="Where the form of --format goes; else the terminal.")
@click.option("--secret", "secret_file", type=_FILE, metavar="FILE", help="The course's secret.")
@click.option(
    "--allow-isolation",
    type=click.Choice(["process"]),
    help="Run where the kernel cannot confine student code. Stamped on the result.",
)
@click.option("--record", type=_FILE, metavar="F", help="Keep the raw record (for the teacher alone).")
@plain_option
@click.option("--without-layer", "without", multiple=True, type=click.Choice(_LAYERS), hidden=True)
@click.pass_context
def command(
    ctx: click.Context,
    *,
    submission: Path,
    course_folder: Path | None,
    lessons: tuple[str, ...],
    path: str | None,
    json_file: Path | None,
    form: str | None,
    output: Path | None,
    secret_file: Path | None,
    allow_isolation: str | None,
    record: Path | None,
    plain: bool,
    without: tuple[str, ...],
) -> None:
    """Grade one submission with public and hidden tests.

    Exit code: 0 when every criterion passed, 1 when one did not, 2 when something given is wrong,
    3 when the grader itself failed.
    """
    if output and not form:
        raise click.UsageError("--output needs --format markdown or --format json.", ctx)
    check_targets((json_file, output, record))
    secret = read_secret(secret_file)
    root = course_for(course_folder, submission)

    from grader.sandbox import open_box

    # The box comes first: it warms up in its own process while this one imports.
    with open_box(minimum="process" if allow_isolation else "kernel", without=without) as box:
        from grader.course import load_course

        course = load_course(root)
        _check_edition(course)
        check_path(course, path)
        wanted = frozenset(lesson_named(course, word).id for word in lessons) or None

        from grader.grading import grade
        from grader.submission import read_submission

        tree = read_submission(submission, course.package)
        with showing_exercises(plain=plain) as show:
            result = grade(
                course,
                tree,
                lessons=wanted,
                path=path,
                secret=secret,
                box=box,
                record=record,
                progress=show,
            )
    if not any(lesson.exercises for lesson in result.lessons):
        problem = "there is nothing to grade: no exercise of these lessons is on this path."
        raise UsageError(problem, fix="choose another --lesson or --path.")
    _deliver(result, course, json_file=json_file, form=form, output=output, plain=plain)
    ctx.exit(0 if result.passed else 1)


def _check_edition(course: Course) -> None:
    if course.edition == "student":
        raise UsageError(
            "this is a student's copy of the course: the hidden tests are not in it.",
            where=str(course.root),
            fix="run `grader check`, or name the teacher's course with --course DIR.",
        )


def _deliver(
    result: Result,
    course: Course,
    *,
    json_file: Path | None,
    form: str | None,
    output: Path | None,
    plain: bool,
) -> None:
    """Write the files, then show the result."""
    from grader.result import write_result, write_text

    if json_file:
        write_result(result, json_file)
    if form and output:
        write_text(_text(result, form), output)
    if form and not output:
        emit(_text(result, form))
        return
    from grader.render.terminal import open_console, render_result

    render_result(result, course, mode="grade", console=open_console(plain=plain), plain=plain)


def _text(result: Result, form: str) -> str:
    from grader.render.markdown import to_markdown
    from grader.result import dumps

    return to_markdown(result) if form == "markdown" else dumps(result)
