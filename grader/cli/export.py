"""`grader export`: give a class's scores to another gradebook."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.gradebooks import book_argument, course_of, make_folder, opened
from grader.cli.say import emit, say
from grader.cli.words import check_targets, course_option
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.classroom import Gradebook
    from grader.classroom.export.rows import Row
    from grader.classroom.export.tables import Export
    from grader.course import Course

_FILE = click.Path(path_type=Path)
FORMS = ("canvas", "moodle", "gradescope", "classroom", "classroom50", "csv")
SHOWN = 20


@click.command("export")
@click.argument("form", type=click.Choice(FORMS))
@book_argument
@course_option
@click.option("--output", type=_FILE, metavar="F", help="Where it goes; a folder for gradescope.")
@click.option("--roster", type=_FILE, metavar="F", help="Names, addresses and numbers that are newer.")
@click.option("--template", type=_FILE, metavar="F", help="canvas: your own export, to be filled in.")
@click.option("--column", "columns", multiple=True, metavar="TITLE=WHAT",
              help='canvas: which column gets what: "Homework 3=lesson 1"; repeatable.')
def command(
    *,
    form: str,
    gradebook: Path | None,
    course_folder: Path | None,
    output: Path | None,
    roster: Path | None,
    template: Path | None,
    columns: tuple[str, ...],
) -> None:
    """Give a class's scores to another gradebook.

    The scores are those that count: after overrides, reviews, due dates and the choice of attempt. Who
    cannot be exported is listed, with the reason.
    """
    _check_words(form, template, columns, output)
    with opened(gradebook) as book:
        course = course_of(book, course_folder)
        from grader.classroom.export.rows import read_rows
        from grader.classroom.roster import read_roster

        known = read_roster(roster, [lesson.id for lesson in course.lessons]) if roster else None
        rows = read_rows(book, course, known)
        if form == "gradescope":
            _write_folder(book, rows, output)
            return
        if form == "canvas":
            export = _canvas(course, rows, template, _chosen(course, columns))
        else:
            export = _export(book, course, rows, form)
    _deliver(export, output)


def _check_words(form: str, template: Path | None, columns: Sequence[str], output: Path | None) -> None:
    if form == "canvas" and template is None:
        raise UsageError("a Canvas import is made from your own export: it makes a new assignment of every "
                         "title that it does not know.",
                         fix="export the gradebook in Canvas, and name the file with --template F.")
    if form != "canvas" and (template or columns):
        raise click.UsageError("--template and --column are for canvas.")
    if form == "gradescope" and output is None:
        raise click.UsageError("gradescope writes a folder: name it with --output DIR.")
    if form != "gradescope":
        check_targets([output])


def _chosen(course: Course, columns: Sequence[str]) -> dict[str, str]:
    from grader.classroom.export.rows import titles

    chosen = {}
    for word in columns:
        title, _, kind = word.rpartition("=")
        if not title or kind.strip() not in titles(course):
            raise UsageError(f"--column {word!r} names no column and points.",
                             fix=f'write "Title=WHAT"; WHAT is one of: {", ".join(titles(course))}.')
        chosen[title.strip()] = kind.strip()
    return chosen


def _canvas(course: Course, rows: Sequence[Row], template: Path | None, chosen: dict[str, str]) -> Export:
    from grader.classroom.export.canvas import to_canvas

    assert template is not None  # _check_words has seen to it
    return to_canvas(course, rows, template, chosen)


def _export(book: Gradebook, course: Course, rows: Sequence[Row], form: str) -> Export:
    from grader.classroom.export.services import to_scores
    from grader.classroom.export.tables import Export, to_classroom, to_csv, to_moodle

    if form == "classroom50":
        return Export(to_scores(book, course, rows))
    return {"moodle": to_moodle, "classroom": to_classroom, "csv": to_csv}[form](course, rows)


def _deliver(export: Export, output: Path | None) -> None:
    from grader.result import write_text

    if output:
        write_text(export.text, output)
        say(f"Wrote {output}.", err=True)
    else:
        emit(export.text)
    if export.left_out:
        say(f"Left out: {len(export.left_out)}", err=True)
    for login, reason in export.left_out[:SHOWN]:
        say(f"  {login} {reason}", err=True)
    if len(export.left_out) > SHOWN:
        say(f"  and {len(export.left_out) - SHOWN} more", err=True)


def _write_folder(book: Gradebook, rows: Sequence[Row], folder: Path | None) -> None:
    from grader.classroom.export.services import to_gradescope_files
    from grader.classroom.report.own_pages import folder_name
    from grader.result import write_text

    assert folder is not None
    count = 0
    for login, text in to_gradescope_files(book, rows):
        place = make_folder(folder / folder_name(login))
        write_text(text, place / "results.json")
        count += 1
    say(f"Wrote {count} files results.json to {folder}, one folder for each student.", err=True)
