"""`grader grade`: one submission, public and hidden tests."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.actions import ci_option, show_result
from grader.cli.forms import check_form, deliver_form, format_option, output_option
from grader.cli.say import showing_exercises
from grader.cli.words import (
    check_path,
    check_targets,
    course_for,
    course_option,
    lesson_named,
    plain_option,
    read_key,
    read_secret,
)
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.course import Course

_FILE = click.Path(path_type=Path)
_LAYERS = ("landlock", "uid")


@click.command("grade")
@click.argument("submission", type=_FILE)
@course_option
@click.option("--lesson", "lessons", multiple=True, metavar="L", help="Only this lesson; repeatable.")
@click.option("--path", metavar="P", help="Grade on this learning path.")
@click.option("--json", "json_file", type=_FILE, metavar="F", help="Write the result as JSON, too.")
@format_option
@output_option
@ci_option
@click.option("--secret", "secret_file", type=_FILE, metavar="FILE", help="The course's secret.")
@click.option("--key", "key_file", type=_FILE, metavar="FILE", help="Your key, to sign the result with.")
@click.option(
    "--allow-isolation",
    type=click.Choice(["process"]),
    help="Run where the kernel cannot confine student code. Stamped on the result.",
)
@click.option("--record", type=_FILE, metavar="F", help="Keep the raw record (for the teacher alone).")
@click.option("--gradebook", type=_FILE, metavar="F", help="Grade a whole class, and keep the results in F.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Class: so many processes at once.")
@click.option("--executor", metavar="URL", help="Class: grade on a Dask cluster, tcp://scheduler:8786.")
@click.option("--shard", metavar="i/n", help="Class: only the i-th of n parts; `grader merge` joins them.")
@click.option("--roster", type=_FILE, metavar="F", help="Class: who is in it; else roster.csv beside them.")
@click.option("--collected", metavar="TIME", help="Class: when it was collected; else now.")
@click.option("--allow-lower", is_flag=True, help="Class: let a regrade take points away.")
@plain_option
@click.option("--without-layer", "without", multiple=True, type=click.Choice(_LAYERS), hidden=True)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    submission: Path,
    course_folder: Path | None,
    lessons: tuple[str, ...],
    path: str | None,
    json_file: Path | None,
    form: str | None,
    output: Path | None,
    ci: bool,
    secret_file: Path | None,
    key_file: Path | None,
    allow_isolation: str | None,
    record: Path | None,
    gradebook: Path | None,
    plain: bool,
    without: tuple[str, ...],
    **of_a_class: Any,
) -> None:
    """Grade a submission, or a class, with all tests.

    A class is what --gradebook keeps the results of. All tests: public and hidden ones.

    Exit code: 0 when every criterion passed, 1 when one did not, 2 when something given is wrong,
    3 when the grader itself failed. For a class: 0 when every submission has a result, 1 when a regrade
    would have taken points away, 3 when one of them failed.
    """
    for_one = {"json": json_file, "format": form, "output": output, "ci": ci, "record": record}
    _check_kind(ctx, for_one if gradebook else {}, {} if gradebook else of_a_class)
    if gradebook:
        from grader.cli.grade_class import Words, grade_class

        words = Words(submission, gradebook, course_folder, lessons, path, secret=secret_file, key=key_file,
                      process=allow_isolation == "process", without=without, plain=plain, **of_a_class)
        ctx.exit(grade_class(words))
    check_form(form, output, ci=ci)
    check_targets((json_file, output, record))
    secret, key = read_secret(secret_file), read_key(key_file)
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
    if key:
        from grader.result import sign

        result = sign(result, key)
    if json_file:
        from grader.result import write_result

        write_result(result, json_file)
    if form:
        deliver_form(result, form, output)
    if output or not form:
        show_result(result, course, "grade", plain=plain, ci=ci, root=submission)
    ctx.exit(0 if result.passed else 1)


def _check_kind(ctx: click.Context, for_one: dict[str, Any], for_a_class: dict[str, Any]) -> None:
    """Refuse options of one submission for a class, and the other way round."""
    for name in [name for name, value in for_one.items() if value]:
        raise click.UsageError(f"--{name} is for one submission, not for a class.", ctx)
    for name in [name for name, value in for_a_class.items() if value]:
        raise click.UsageError(f"--{name.replace('_', '-')} is for a class: name its --gradebook, too.", ctx)


def _check_edition(course: Course) -> None:
    if course.edition == "student":
        raise UsageError(
            "this is a student's copy of the course: the hidden tests are not in it.",
            where=str(course.root),
            fix="run `grader check`, or name the teacher's course with --course DIR.",
        )
