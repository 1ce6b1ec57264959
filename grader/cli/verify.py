"""`grader verify`: the proofs of a lesson."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.say import say
from grader.cli.words import course_here, course_option, lesson_named, plain_option

if TYPE_CHECKING:
    from grader.verify import Report


@click.command("verify")
@click.argument("lesson", required=False)
@course_option
@click.option("--seeds", type=click.IntRange(1, 1000), default=20, help="Seeds for each known mistake (20).")
@plain_option
@click.pass_context
def command(
    ctx: click.Context, *, lesson: str | None, course_folder: Path | None, seeds: int, plain: bool
) -> None:
    """Prove that the tests of a lesson are good.

    The reference earns every point, the stub earns none, and each known mistake loses exactly the
    criteria that it claims and is recognised by name. Without LESSON, all lessons are proved.
    """
    root = course_here(course_folder)

    from grader.sandbox import open_box

    # Only the author's own code runs here, so any level of isolation will do.
    with open_box(minimum="process") as box:
        from grader.course import load_course
        from grader.render.progress import progress
        from grader.render.screen import open_console
        from grader.verify import verify

        course = load_course(root)
        chosen = [lesson_named(course, lesson)] if lesson else course.lessons
        proved = True
        for one in chosen:
            with progress(open_console(plain=plain, err=True), plain=plain) as show:
                report = verify(course, one.id, box=box, seeds=seeds, progress=show)
            say("\n".join(_lines(report)))
            proved = proved and report.ok
    ctx.exit(0 if proved else 1)


def _lines(report: Report) -> list[str]:
    problems = [f"  problem: {problem}" for problem in report.problems]
    verdict = "proved" if report.ok else "not proved"
    lesson = report.lesson
    return [
        f"Lesson {lesson.id} · {lesson.title}: {verdict}",
        *(f"  {line}" for line in report.lines),
        *problems,
    ]
