"""`grader review`: read free texts and drawings, one after another, with three keys."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.gradebooks import book_argument, course_of, opened
from grader.cli.keys import reading_keys
from grader.cli.override import decider, who_option
from grader.cli.say import say
from grader.cli.words import check_targets, course_option, plain_option
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.classroom import Gradebook
    from grader.classroom.decisions import Waiting

_FILE = click.Path(path_type=Path)
KEYS = "1 2 3 give that level · c comment, then the level · s skip · b back · q stop"
ANSWER_LINES = 200
WAIT = 60.0
END_OF_INPUT = "\x04"


@click.command("review")
@book_argument
@course_option
@click.option("--again", is_flag=True, help="Also show answers that have a review already.")
@click.option("--export", "out", type=_FILE, metavar="F", help="Write the answers as CSV, for a spreadsheet.")
@click.option("--import", "filled", type=_FILE, metavar="F", help="Read a CSV with levels and comments.")
@who_option
@plain_option
def command(
    *,
    gradebook: Path | None,
    course_folder: Path | None,
    again: bool,
    out: Path | None,
    filled: Path | None,
    who: str | None,
    plain: bool,
) -> None:
    """Read free texts and drawings, and give each a level.

    Texts come without names, and the same answer of two students is read once. Every review is kept at
    once, so you can stop at any time.
    """
    if out and filled:
        raise click.UsageError("--export and --import are two steps.")
    check_targets([out])
    with opened(gradebook, writing=not out) as book:
        from grader.classroom.decisions import to_sheet, waiting

        found = waiting(book, course_of(book, course_folder), again=again)
        if out:
            from grader.result import write_text

            write_text(to_sheet(found), out)
            say(f"{len(found)} answers are in {out}. Fill in level (1, 2, 3) and comment, and give it to "
                "--import.", err=True)
        elif filled:
            _import(book, filled, decider(who))
        else:
            _ask(book, found, decider(who), plain=plain)


def _import(book: Gradebook, filled: Path, who: str) -> None:
    """Keep all reviews of a sheet; an error in it keeps none."""
    from grader.classroom.decisions import from_sheet

    verdicts = from_sheet(filled, book)
    for verdict in verdicts:
        book.add_review(verdict.answer, verdict.level, who=who, comment=verdict.comment)
    say(f"{len(verdicts)} reviews kept.")


def _ask(book: Gradebook, found: Sequence[Waiting], who: str, *, plain: bool) -> None:
    if not found:
        say("Nothing waits for a review.")
        return
    place, kept = 0, 0
    while place < len(found):
        key = _key(partial(_show, found[place], place + 1, len(found), plain=plain), "123sbqc")
        comment = ""
        if key == "c":
            comment = click.prompt("Comment", default="", show_default=False)
            key = _key(lambda: say("Level: 1, 2 or 3"), "123sbq")
        if key == "q":
            break
        if key in "123":
            book.add_review(found[place].answer, int(key), who=who, comment=comment)
            kept += 1
        place = max(0, place - 1) if key == "b" else place + 1
    say(f"{kept} reviews kept.")


def _key(show: Callable[[], None], meant: str) -> str:
    """Show something, and wait for one of these keys. What is typed meanwhile is not lost, nor echoed."""
    with reading_keys() as keys:
        if keys is None:
            raise UsageError("a review needs a keyboard, and this is no terminal.",
                             fix="use a spreadsheet: grader review --export answers.csv")
        show()
        while True:
            key = keys(WAIT).lower()
            if key and key in meant:
                return key
            if key == END_OF_INPUT:
                return "q"


def _show(one: Waiting, number: int, count: int, *, plain: bool) -> None:
    from grader.course import text_with
    from grader.render.screen import Screen, open_console

    screen = Screen(open_console(plain=plain), plain=plain)
    screen.blank()
    students = "1 student" if one.students == 1 else f"{one.students} students"
    place = f"{number} of {count} · checkpoint {one.checkpoint.id} · {one.question.id}"
    screen.row(place, students, style="bold")
    screen.labelled("Question", text_with(one.question, None))
    for level, text in enumerate(one.question.levels, start=1):
        screen.labelled(f"Level {level}", text)
    screen.blank()
    if one.answer.text.strip():
        screen.verbatim(one.answer.text, indent=4, most=ANSWER_LINES)
    if one.answer.file:
        screen.labelled("Drawing", f"{one.place}/answers/{one.answer.file}")
    screen.blank()
    screen.sentence(KEYS, style="dim")
    screen.show()
