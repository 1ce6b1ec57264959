"""`grader notebook`: a lesson as a notebook, and its functions back in the module."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.say import say
from grader.cli.words import course_option, lesson_named, students_course

if TYPE_CHECKING:
    from grader.course import Course, Lesson
    from grader.student.notebook import Done


@click.command("notebook")
@click.argument("lesson")
@course_option
@click.option("--to-module", is_flag=True, help="Write the notebook's functions into the module.")
@click.option("--from-module", is_flag=True, help="Write the module's functions into the notebook.")
def command(*, lesson: str, course_folder: Path | None, to_module: bool, from_module: bool) -> None:
    """Make a lesson's notebook, repair it, or sync it.

    LESSON is 3, 03 or the lesson's folder. What is written in the notebook is checked and graded like
    the module. Whatever is changed is kept in .grader/backup/ first.
    """
    if to_module and from_module:
        raise click.UsageError("--to-module and --from-module are two directions: use one of them.")
    course = students_course(course_folder)
    wanted = lesson_named(course, lesson)
    done = _do(course, wanted, to_module=to_module, from_module=from_module)
    if done.is_new:
        say(f"Made {done.file}: the text of lesson {wanted.id}, and a cell for each function.")
        say("  Open it in Jupyter, VS Code or Colab, write, save, and run the checks in it.")
    elif done.news:
        say(f"{done.file}:")
        say("\n".join(f"  {sentence}" for sentence in done.news))
    else:
        say(f"{done.file}: nothing to do.")
    if done.backup:
        say(f"  The file as it was is kept in {done.backup}")
    say(f"  Next: grader check {wanted.id}")


def _do(course: Course, lesson: Lesson, *, to_module: bool, from_module: bool) -> Done:
    if to_module:
        from grader.student.to_module import bring_to_module

        return bring_to_module(course, lesson)
    from grader.student.notebook import make_notebook

    return make_notebook(course, lesson, from_module=from_module)
