"""Find the submissions of a class again: where they lay when they were graded, or where they lie now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.classroom.finding import Found, find
from grader.classroom.gradebook import Gradebook
from grader.classroom.ledger import set_settings
from grader.classroom.listing import ENDINGS, read_list
from grader.classroom.records import Attempt
from grader.classroom.roster import Roster
from grader.course import Course
from grader.errors import UsageError
from grader.submission import Submission

PLACE = "place"
"""The setting of a gradebook that says where its class was graded last."""
COURSE_ROOT = "course_root"
"""And where the course was."""


def keep_place(book: Gradebook, place: Path, course: Course) -> None:
    """Keep where a class and its course lie, so that its submissions are found again."""
    with book.writing() as connection:
        set_settings(connection, {PLACE: str(place.resolve()), COURSE_ROOT: str(course.root)})


def submissions_at(place: Path, course: Course, roster: Roster) -> Sequence[Found]:
    """List the submissions of a folder, or of a list; raises UsageError where there is no class."""
    if place.is_file() and place.name.lower().endswith(ENDINGS):
        return read_list(place, roster)
    if not place.is_dir():
        raise UsageError("there is no class here." if not place.exists() else "this is no class.",
                         where=str(place), fix="name a folder of submissions, or a list of them (.csv).")
    return find(place, course.package, roster)


class Collected:
    """The submissions of a gradebook's class, by the place of their attempts."""

    def __init__(self, book: Gradebook, course: Course, folder: Path | None = None) -> None:
        kept = book.settings().get(PLACE, "")
        if folder is None and not kept:
            raise UsageError("this gradebook does not say where its submissions are.", where=str(book.path),
                             fix="name the folder or the list with --class DIR.")
        self._course = course
        self._where = folder or Path(kept)
        self._found = {one.place: one for one in submissions_at(self._where, course, Roster())}

    @property
    def local(self) -> bool:
        """Tell whether they lie in a folder here: a list may name repositories elsewhere."""
        return self._where.is_dir()

    def read(self, attempt: Attempt) -> Submission:
        """Read the submission of an attempt as it is now; UsageError if it is gone."""
        found = self._found.get(attempt.place)
        if found is None:
            raise UsageError(f"the submission {attempt.place!r} is not there any more.",
                             where=str(self._where), fix="name where it is with --class DIR.")
        return found.open(self._course.package)
