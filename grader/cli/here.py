"""`grader` alone: where you are, and the next step."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.say import say
from grader.errors import CourseError

if TYPE_CHECKING:
    from grader.course import Course

OUTSIDE = """\
You are not in a course: no folder from here upwards holds assignments/course.toml.
  Next: cd to your copy of a course, and run `grader` again. All commands: grader --help"""


def show_place() -> None:
    """Print the course, its lessons and the next step; outside a course, how to get to one."""
    from grader.course import find_course, load_course

    try:
        root = find_course(Path.cwd())
    except CourseError:
        say(OUTSIDE)
        return
    say("\n".join(_lines(load_course(root))))


def _lines(course: Course) -> list[str]:
    edition = "student's copy" if course.edition == "student" else "teacher's course"
    lessons = [f"  {lesson.id:>2}  {lesson.title}" for lesson in course.lessons]
    first = course.lessons[0].id if course.lessons else None
    return [f"{course.title} · {course.version} · {edition}", *lessons, f"Next: {_next(course, first)}"]


def _next(course: Course, first: str | None) -> str:
    if first is None:
        return "start a lesson with `grader new 01_my_lesson`."
    if course.edition == "student":
        return f"read the lesson, write its functions, and run `grader check {first}`."
    return f"grade with `grader grade SUBMISSION`, or prove a lesson with `grader verify {first}`."
