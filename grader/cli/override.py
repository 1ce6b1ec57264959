"""`grader override`: set a score by hand, with a reason that stays."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.gradebooks import book_option, course_of, opened
from grader.cli.say import say
from grader.cli.words import course_option
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.classroom import Gradebook, Student

who_option = click.option("--who", metavar="NAME", help="Who decides; without it, your name on this machine.")


@click.command("override")
@click.argument("student")
@click.argument("target")
@click.argument("score", type=click.IntRange(0), required=False)
@click.option("--back", is_flag=True, help="Take an earlier override back.")
@click.option("--why", required=True, metavar="TEXT",
              help="The reason; it is kept, and the student reads it.")
@who_option
@book_option
@course_option
def command(
    *,
    student: str,
    target: str,
    score: int | None,
    back: bool,
    why: str,
    who: str | None,
    gradebook: Path | None,
    course_folder: Path | None,
) -> None:
    """Set a score by hand, with a reason that stays.

    TARGET is a lesson (1), an exercise (1.5), a criterion (1.5/id) or a question (checkpoint/id).

    Nothing is overwritten: who, when and why stay in the gradebook, and the newest override holds.
    """
    if (score is None) != back:
        raise click.UsageError("give a score, or --back to take an earlier one back.")
    if not why.strip():
        raise UsageError("an override needs a reason.", fix='write one: --why "the test was wrong".')
    with opened(gradebook, writing=True) as book:
        from grader.classroom.decisions import target_named

        course = course_of(book, course_folder)
        known = book.student(student)
        found = target_named(course, target, _path(book, known))
        if score is not None and score > found.most:
            raise UsageError(f"{found.kind} {target} has at most {found.most} points.",
                             fix=f"give 0 to {found.most}.")
        before = _total(book, known)
        book.add_override(known, found.kind, found.name, score, who=decider(who), why=why.strip())
        say(f"{known.name or known.login}, {found.kind} {target}: "
            f"{'as graded' if score is None else f'{score} of {found.most}'}. "
            f"In all {before} before, {_total(book, known)} now.")


def decider(name: str | None) -> str:
    """Name who decides."""
    if name and name.strip():
        return name.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise UsageError("your name is not known on this machine.", fix="give it with --who NAME.") from None


def _path(book: Gradebook, student: Student) -> str | None:
    """Give the learning path that the student was graded on last."""
    gradings = [g for a in book.attempts(student.team) for g in book.gradings(a.id)]
    return gradings[-1].path or None if gradings else None


def _total(book: Gradebook, student: Student) -> int:
    from grader.classroom import standings

    return next(s.score for s in standings(book) if s.student.id == student.id)
