"""`grader check`: a student's own work, public tests."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.actions import ci_file, ci_option, show_result
from grader.cli.forms import check_form, deliver_form, format_option, output_option
from grader.cli.say import say, showing_exercises
from grader.cli.words import check_targets, course_here, course_option, exercises_named, plain_option
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.course import Course
    from grader.grading import Grader
    from grader.result import Result

_FILE = click.Path(path_type=Path)


@click.command("check")
@click.argument("what", required=False)
@course_option
@click.option("--json", "json_file", type=_FILE, metavar="F", help="Write the result as JSON, too.")
@click.option("--watch", is_flag=True, help="Check again whenever a file of yours changes.")
@format_option
@output_option
@ci_option
@click.option("--submission", type=_FILE, metavar="DIR", help="Whose work; else that in the course's folder.")
@plain_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    what: str | None,
    course_folder: Path | None,
    json_file: Path | None,
    watch: bool,
    form: str | None,
    output: Path | None,
    ci: bool,
    submission: Path | None,
    plain: bool,
) -> None:
    """Check your own work with the public tests.

    WHAT is a lesson (1) or an exercise (1.5); without it, everything is checked.
    """
    check_form(form, output, ci=ci)
    if watch and (ci or form or submission):
        raise click.UsageError("--watch goes with none of --ci, --format and --submission.", ctx)
    way = _Way(ci_file() if ci and not json_file else json_file, form, output, submission, ci=ci, plain=plain,
               watch=watch)
    check_targets((way.json_file, output))
    root = course_here(course_folder)

    from grader.sandbox import open_box

    # The box comes first: it warms up in its own process while this one imports.
    with open_box(minimum="process") as box:
        from grader.course import load_course

        course = load_course(root)
        _check_edition(course)
        wanted = exercises_named(course, what) if what else None

        from grader.grading import Grader

        with Grader(course, box) as grading:

            def check_once(exercises: frozenset[str] | None) -> Result:
                return _check_once(grading, exercises, way)

            if watch:
                from grader.cli.watch import watch as watch_files

                ctx.exit(watch_files(course, wanted, check_once, plain=plain))
            result = check_once(wanted)
    ctx.exit(0 if result.passed else 1)


@dataclass(frozen=True)
class _Way:
    """Whose work is checked, and how its result is told."""

    json_file: Path | None
    form: str | None
    output: Path | None
    submission: Path | None
    ci: bool
    plain: bool
    watch: bool

    @property
    def own(self) -> bool:
        """Neither a machine nor somebody else's work gets a history, ticks or numbers of its own."""
        return not self.ci and self.submission is None


def _check_once(grading: Grader, wanted: frozenset[str] | None, way: _Way) -> Result:
    """Check the student's files as they are now; write and print the result."""
    from grader.student import after_check, prepare_answers
    from grader.submission import read_submission

    course = grading.course
    saved = _saved(course)
    tree = read_submission(way.submission or course.root, course.package)
    news = prepare_answers(course, tree) if way.own else []
    tree = read_submission(course.root, course.package) if news else tree
    with showing_exercises(plain=way.plain) as show:
        result = grading.check(tree, exercises=wanted, progress=show)
    news += after_check(course, result) if way.own else []
    _tell(result, course, way, news, saved)
    return result


def _saved(course: Course) -> str:
    """Say how old the newest of the student's files is."""
    from datetime import UTC, datetime

    from grader.render.statuses import ago
    from grader.student.changes import seen_files

    times = [time for time, _ in seen_files(course.root, course.package).values()]
    return ago(datetime.fromtimestamp(max(times, default=0) / 1e9, UTC), datetime.now(UTC))


def _tell(result: Result, course: Course, way: _Way, news: list[str], saved: str) -> None:
    if way.json_file:
        from grader.result import write_result

        write_result(result, way.json_file)
    if way.form:
        deliver_form(result, way.form, way.output)
    if way.output or not way.form:
        if way.own and not way.watch:
            _say_head(course, saved, plain=way.plain)
        show_result(result, course, "check", plain=way.plain, ci=way.ci, root=way.submission)
        if news:
            say("\n".join(news))


def _say_head(course: Course, saved: str, *, plain: bool) -> None:
    """Say how old the files are, and which check this is: who has forgotten to save sees it here."""
    from grader.render.screen import Screen, open_console
    from grader.student.history import read_history

    screen, run = Screen(open_console(plain=plain), plain=plain), read_history(course).runs
    if plain:
        screen.sentence(f"Your files were saved {saved}. This is run {run}.")
    else:
        screen.row("", f"saved {saved} · run {run}", style="dim")
    screen.show()


def _check_edition(course: Course) -> None:
    if course.edition == "teacher":
        raise UsageError(
            "this is the teacher's course: there is no student's work beside it to check.",
            where=str(course.root),
            fix="run `grader grade SUBMISSION`, or go to the student's repository.",
        )
