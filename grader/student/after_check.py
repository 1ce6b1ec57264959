"""What `grader check` leaves behind: a line of history, and ticks."""

from __future__ import annotations

from grader.course import Course
from grader.errors import GraderError
from grader.result import Result
from grader.student.history import read_history, remember
from grader.student.ticks import tick


def after_check(course: Course, result: Result) -> list[str]:
    """Keep what a check saw, and tick the student's list; give sentences about what could not be done.

    Nothing here may cost a student the result that is about to be shown.
    """
    try:
        remember(course, result)
    except GraderError as error:
        return [f"This check was not kept in your history: {error}"]
    return tick(course, read_history(course))
