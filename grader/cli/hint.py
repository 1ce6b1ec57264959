"""`grader hint`: the next hint of an exercise."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.words import course_option, exercise_named, lesson_named, plain_option, students_course
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.course import Course, Exercise


@click.command("hint")
@click.argument("what", required=False)
@course_option
@click.option("--again", is_flag=True, help="The last hint once more; it counts as the same one.")
@plain_option
def command(*, what: str | None, course_folder: Path | None, again: bool, plain: bool) -> None:
    """Read the next hint of an exercise.

    WHAT is an exercise (1.5), or a lesson (1) for its first open exercise; without it, the first open
    exercise of all. There are three: a question, a pointer, nearly the code. Hints cost nothing.
    """
    course = students_course(course_folder)
    exercise = _exercise(course, what)

    from grader.render.screen import Screen, open_console
    from grader.student.hints import show_hint

    screen = Screen(open_console(plain=plain), plain=plain)
    show_hint(course, exercise, screen, again=again)
    screen.show()


def _exercise(course: Course, what: str | None) -> Exercise:
    if what and ("." in what or what in [e.function for e in course.exercises.values()]):
        return exercise_named(course, what)
    lesson = lesson_named(course, what) if what else None

    from grader.student.standing import read_standing

    for standing in read_standing(course).exercises:
        if not standing.passed and (lesson is None or standing.exercise.lesson == lesson.id):
            return standing.exercise
    where = f"in lesson {lesson.id} " if lesson else ""
    raise UsageError(f"nothing {where}is open: every exercise of your path has passed there.",
                     fix="name one to read where it says why it works: grader hint 1.1")
