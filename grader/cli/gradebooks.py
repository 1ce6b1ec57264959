"""Open the gradebook that a command is about, and the course that it belongs to."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.words import course_here
from grader.errors import CourseError, UsageError

if TYPE_CHECKING:
    from grader.classroom import Gradebook
    from grader.course import Course

DEFAULT = Path("gradebook.db")
book_argument = click.argument(
    "gradebook", type=click.Path(path_type=Path), required=False, metavar="[GRADEBOOK]")
book_option = click.option(
    "--gradebook", type=click.Path(path_type=Path), metavar="F", help="The gradebook; else gradebook.db.")
class_option = click.option(
    "--class", "class_folder", type=click.Path(path_type=Path), metavar="DIR",
    help="Where the class's submissions lie; else where they were graded.")


@contextmanager
def opened(gradebook: Path | None, *, writing: bool = False) -> Iterator[Gradebook]:
    """Open the gradebook that was named, else `gradebook.db` of this folder; it must be there."""
    from grader.classroom import Gradebook

    path = gradebook or DEFAULT
    with Gradebook.open(path) as book:
        if not writing:
            yield book
            return
    with Gradebook.create(path) as book:
        yield book


def course_of(book: Gradebook, folder: Path | None) -> Course:
    """Load the course: the one that was named, else the nearest one above, else the gradebook's own."""
    from grader.course import load_course

    course = load_course(_root(book, folder))
    if course.edition == "student":
        raise UsageError("this is a student's copy of the course.", where=str(course.root),
                         fix="name the teacher's course with --course DIR.")
    return course


def _root(book: Gradebook, folder: Path | None) -> Path:
    from grader.classroom.collected import COURSE_ROOT

    try:
        return course_here(folder)
    except CourseError:
        kept = book.settings().get(COURSE_ROOT, "")
        if kept and (Path(kept) / "assignments" / "course.toml").is_file():
            return Path(kept)
        raise


def make_folder(folder: Path) -> Path:
    """Make a folder that may be there already."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"this folder cannot be made: {error.strerror or error}.", where=str(folder),
                         fix="name another folder.") from error
    return folder


def class_secret(book: Gradebook, file: Path | None) -> bytes:
    """Read the secret that a class was graded with: the one given, else the one kept beside the gradebook."""
    from grader.cli.grade_class import BESIDE
    from grader.cli.words import read_secret

    beside = book.path.with_name(book.path.name + BESIDE)
    secret = read_secret(file) or (read_secret(beside) if beside.is_file() else None)
    if secret is None:
        raise UsageError("the class's secret is not here.", where=str(beside),
                         fix="give it with --secret FILE, or put it into the variable GRADER_SECRET.")
    return secret
