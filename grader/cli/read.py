"""`grader read`: a lesson in the terminal."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.words import course_here, course_option, exercise_named, lesson_named, plain_option
from grader.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from grader.course import Course
    from grader.student.lesson_text import Passage


@click.command("read")
@click.argument("what", required=False)
@click.argument("words", nargs=-1)
@course_option
@plain_option
def command(*, what: str | None, words: tuple[str, ...], course_folder: Path | None, plain: bool) -> None:
    """Read a lesson, or a part of it, in the terminal.

    WHAT is a lesson (1) or an exercise (1.5); without it, the lesson that you are at. WORDS are words
    of a heading in it: grader read 1 common mistakes
    """
    from grader.course import load_course

    course = load_course(course_here(course_folder))
    passage = _passage(course, what, " ".join(words))

    from grader.render.page import render_page
    from grader.render.screen import Screen, open_console

    console = open_console(plain=plain)
    lines = render_page(passage.markdown, folder=passage.folder, console=console, plain=plain)
    if _is_long(console, len(lines)) and not plain:
        _page_through(console, lines)
    else:
        for line in lines:
            console.print(line, soft_wrap=True)
    if passage.also:
        screen = Screen(console, plain=plain)
        screen.blank()
        screen.labelled("See also", "; ".join(passage.also))
        screen.show()


def _passage(course: Course, what: str | None, words: str) -> Passage:
    from grader.student.lesson_text import section_about, section_of, whole_lesson
    from grader.student.standing import read_standing

    if not course.lessons:
        raise UsageError("this course has no lesson yet.", where=str(course.root),
                         fix="start one with `grader new 01_my_lesson`.")
    if what is None:
        at = read_standing(course).next if course.edition == "student" else None
        return whole_lesson(course, course.lesson(at.exercise.lesson) if at else course.lessons[0])
    if "." in what or what in [e.function for e in course.exercises.values()]:
        exercise = exercise_named(course, what)
        lesson = course.lesson(exercise.lesson)
        return section_about(course, lesson, words) if words else section_of(course, exercise)
    lesson = lesson_named(course, what)
    return section_about(course, lesson, words) if words else whole_lesson(course, lesson)


def _is_long(console: Console, lines: int) -> bool:
    return console.is_terminal and sys.stdin.isatty() and lines >= console.height


def _page_through(console: Console, lines: list[Text]) -> None:
    with console.capture() as captured:
        for line in lines:
            console.print(line, soft_wrap=True)
    click.echo_via_pager(captured.get())
