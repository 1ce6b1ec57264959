"""`grader plan`: a path, a rhythm, and dates."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

import math
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.say import say
from grader.cli.words import check_path, check_targets, course_here, course_option, plain_option

if TYPE_CHECKING:
    from grader.course import Course
    from grader.student.plan import Plan, Rhythm

_FILE = click.Path(path_type=Path)
_RHYTHMS = ("half-hour", "two-hours", "weekend")


@click.command("plan")
@course_option
@click.option("--path", metavar="P", help="Take this learning path; your choice is kept.")
@click.option("--rhythm", type=click.Choice(_RHYTHMS), help="30 minutes a day, 2 hours a day, or weekends.")
@click.option("--hours", type=float, metavar="N", help="Or so many hours …")
@click.option("--per", type=click.Choice(["day", "week"]), help="… a day, or a week.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="First day; else today.")
@click.option("--output", type=_FILE, metavar="F", help="Write the plan as Markdown, too.")
@click.option("--ics", type=_FILE, metavar="F", help="Write it for a calendar (iCalendar), too.")
@plain_option
def command(
    *,
    course_folder: Path | None,
    path: str | None,
    rhythm: str | None,
    hours: float | None,
    per: str | None,
    start: datetime | None,
    output: Path | None,
    ics: Path | None,
    plain: bool,
) -> None:
    """Choose your path, and make a plan with dates.

    Exercises that have passed are left out, so a plan that has become late is made anew in the same way.
    """
    check_targets((output, ics))
    from grader.course import load_course

    course = load_course(course_here(course_folder))
    check_path(course, path)
    chosen = _path(course, path)
    plan = _plan(course, chosen, _rhythm(rhythm, hours, per), start.date() if start else None)

    from grader.render.screen import Screen, open_console
    from grader.student.plan_forms import show_plan

    screen = Screen(open_console(plain=plain), plain=plain)
    show_plan(plan, screen)
    if chosen is None and course.paths:
        from grader.student.path import paths_text

        screen.labelled("Path", f"none is chosen yet: {paths_text(course)}; choose with --path")
    screen.show()
    _write(course, plan, output, ics)


def _path(course: Course, path: str | None) -> str | None:
    """Keep the path that was named, else give the one that was chosen before."""
    from grader.student.path import chosen_path, keep_path

    if course.edition == "teacher":
        return path
    if path is None:
        return chosen_path(course)
    before = chosen_path(course)
    keep_path(course, path)
    if before != path:
        say(f"Your path is {path} now.")
    return path


def _rhythm(rhythm: str | None, hours: float | None, per: str | None) -> Rhythm:
    from grader.student.plan import RHYTHMS, rhythm_of_hours

    if rhythm and hours is not None:
        raise click.UsageError("--rhythm and --hours are two ways to say the same: use one of them.")
    if per and hours is None:
        raise click.UsageError("--per needs --hours N.")
    if hours is None:
        return next(one for one in RHYTHMS if one.id == (rhythm or _RHYTHMS[0]))
    if not math.isfinite(hours):
        raise click.UsageError(f"--hours {hours} is no number of hours.")
    return rhythm_of_hours(hours, per or "week")


def _plan(course: Course, path: str | None, rhythm: Rhythm, start: date | None) -> Plan:
    from grader.student.history import read_history
    from grader.student.plan import make_plan

    return make_plan(course, path, rhythm, start or date.today(), read_history(course))


def _write(course: Course, plan: Plan, output: Path | None, ics: Path | None) -> None:
    from grader.result import write_text
    from grader.student.plan_forms import plan_calendar, plan_markdown

    if output:
        write_text(plan_markdown(plan, course), output)
        say(f"Wrote {output}.")
    if ics:
        write_text(plan_calendar(plan, course), ics)
        say(f"Wrote {ics}: open it with your calendar.")
