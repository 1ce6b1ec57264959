"""`grader report`: what a class has done, and what to teach tomorrow."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

import contextlib
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.gradebooks import DEFAULT, class_option, course_of, make_folder, opened
from grader.cli.say import emit
from grader.cli.words import check_targets, course_option, plain_option, read_key
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.classroom import Gradebook
    from grader.classroom.report.model import ClassReport
    from grader.classroom.report.records import ClassRecord
    from grader.course import Course

_FILE = click.Path(path_type=Path)
FORMS = ("terminal", "html", "markdown", "json", "csv")


@click.command("report")
@click.argument("gradebook", type=_FILE, required=False, metavar="[GRADEBOOK or CLASS_DIR]")
@course_option
@click.option("--format", "form", type=click.Choice(FORMS), help="Without it, what --output ends with.")
@click.option("--output", type=_FILE, metavar="F", help="Where it goes; else the terminal.")
@click.option("--students", type=_FILE, metavar="DIR", help="Write a page for each student there, too.")
@click.option("--key", "key_file", type=_FILE, metavar="FILE", help="Verify every signature with this key.")
@class_option
@click.option("--similar", is_flag=True, help="Compare the submissions with each other, too.")
@plain_option
def command(
    *,
    gradebook: Path | None,
    course_folder: Path | None,
    form: str | None,
    output: Path | None,
    students: Path | None,
    key_file: Path | None,
    class_folder: Path | None,
    similar: bool,
    plain: bool,
) -> None:
    """See what a class has done, and what to teach tomorrow.

    GRADEBOOK is the file that `grader grade CLASS_DIR --gradebook F` wrote (gradebook.db, if you name none).
    For a folder of submissions, what is not graded yet is graded first.
    """
    check_targets([output])
    form = form or form_of(output)
    key = read_key(key_file)

    with opened(_graded(gradebook, course_folder, key_file, plain=plain)) as book:
        from grader.classroom.report.model import make_report
        from grader.classroom.report.source import read_class

        course = course_of(book, course_folder)
        record = read_class(book, course, command=_command(book.path, form, output), key=key)
        record = _with_submissions(record, book, course, class_folder, similar=similar)
        report = make_report(course, record)
        _deliver(report, form, output, plain=plain)
        if students:
            _write_students(book, course, report, students)


def form_of(output: Path | None) -> str:
    """Guess the form from the file's ending."""
    endings = {".html": "html", ".md": "markdown", ".json": "json", ".csv": "csv"}
    return endings.get(output.suffix.lower(), "terminal") if output else "terminal"


def _graded(place: Path | None, course: Path | None, key: Path | None, *, plain: bool) -> Path | None:
    """Grade a folder of submissions first, as far as it is not; give its gradebook."""
    if place is None or not place.is_dir():
        return place
    from grader.cli.grade_class import INTERRUPTED, Words, grade_class

    gradebook = place / DEFAULT
    with contextlib.redirect_stdout(sys.stderr):  # stdout is the report's
        code = grade_class(Words(place, gradebook, course, key=key, plain=plain))
    if code == INTERRUPTED:
        raise click.Abort
    return gradebook


def _with_submissions(
    record: ClassRecord, book: Gradebook, course: Course, folder: Path | None, *, similar: bool
) -> ClassRecord:
    """Add what only the submissions themselves can tell: lines of code, and what is alike."""
    from dataclasses import replace

    from grader.classroom.collected import Collected
    from grader.classroom.report.samples import with_code

    try:
        collected = Collected(book, course, folder)
    except UsageError:
        if folder or similar:
            raise
        return record  # the report is whole without them
    if collected.local or folder or similar:  # else a report would clone repositories
        record = with_code(record, book, course, collected)
    if similar:
        from grader.classroom.similar import shared_ids, similar_pairs

        record = replace(record, pairs=similar_pairs(book, course, collected),
                         ids=shared_ids(book, collected))
    return record


def _command(gradebook: Path, form: str, output: Path | None) -> str:
    where = ["--output", str(output)] if output else []
    return shlex.join(["grader", "report", str(gradebook), "--format", form, *where])


def _deliver(report: ClassReport, form: str, output: Path | None, *, plain: bool) -> None:
    if form == "terminal" and output is None:
        from grader.classroom.report.texts import show
        from grader.render.screen import open_console

        show(report, console=open_console(plain=plain), plain=plain)
        return
    text = _text(report, form)
    if output is None:
        emit(text)
        return
    from grader.cli.say import say
    from grader.result import write_text

    write_text(text, output)
    say(f"Wrote {output}.", err=True)


def _text(report: ClassReport, form: str) -> str:
    from grader.classroom.report.table import to_csv
    from grader.classroom.report.texts import on_paper, to_json, to_markdown

    if form == "html":
        from grader.classroom.report.page import render

        return render(report)
    return {"markdown": to_markdown, "json": to_json, "csv": to_csv, "terminal": on_paper}[form](report)


def _write_students(book: Gradebook, course: Course, report: ClassReport, folder: Path) -> None:
    from grader.classroom.report.own_pages import own_pages
    from grader.cli.say import say
    from grader.result import write_text

    make_folder(folder)
    count = 0
    for name, page in own_pages(book, course, report):
        write_text(page, folder / name)
        count += 1
    say(f"Wrote {count} pages to {folder}, each with one student's own data.", err=True)
