"""`grader` alone: where you are, and the next step."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.say import say
from grader.errors import CourseError, GraderError

if TYPE_CHECKING:
    from grader.course import Course

OUTSIDE = """\
You are not in a course: no folder from here upwards holds assignments/course.toml.
  Next: cd to your copy of a course, and run `grader` again. All commands: grader --help"""


def show_place(*, plain: bool = False) -> None:
    """Print the course, its lessons and the next step; outside a course, how to get to one."""
    from grader.course import find_course, load_course

    try:
        root = find_course(Path.cwd())
    except CourseError:
        say(OUTSIDE)
        return
    course = load_course(root)
    if course.edition == "teacher":
        say("\n".join(_lines(course)))
        return
    if sys.stdin.isatty() and sys.stdout.isatty():
        _ask_for_path(course, plain=plain)

    from grader.render.screen import Screen, open_console
    from grader.student.place import show_place as show

    screen = Screen(open_console(plain=plain), plain=plain)
    show(course, screen)
    screen.show()


def _ask_for_path(course: Course, *, plain: bool) -> None:
    """Ask once which path the student takes; whoever has not decided is asked again next time."""
    from grader.student.path import chosen_path, keep_path, show_paths

    if not course.paths or chosen_path(course):
        return
    from grader.render.screen import Screen, open_console

    screen = Screen(open_console(plain=plain), plain=plain)
    show_paths(course, screen)
    screen.show()
    known = [path.id for path in course.paths]
    while True:
        typed = str(click.prompt("  Your path, its name or its number; Enter to decide later", default="",
                                 show_default=False)).strip().lower()
        number = int(typed) if typed.isascii() and typed.isdigit() else 0
        choice = known[number - 1] if 1 <= number <= len(known) else typed
        if choice in known:
            try:
                keep_path(course, choice)
            except GraderError as error:  # where the student is can be shown all the same
                say(f"Your choice was not kept: {error}", err=True)
        if choice in known or not typed:
            say("")
            return
        say(f"  There is no path {typed!r}.")


def _lines(course: Course) -> list[str]:
    lessons = [f"  {lesson.id:>2}  {lesson.title}" for lesson in course.lessons]
    first = course.lessons[0].id if course.lessons else None
    return [f"{course.title} · {course.version} · teacher's course", *lessons, f"Next: {_next(first)}"]


def _next(first: str | None) -> str:
    if first is None:
        return "start a lesson with `grader new 01_my_lesson`."
    return f"grade with `grader grade SUBMISSION`, or prove a lesson with `grader verify {first}`."
