"""`grader doctor`: machine, copy of the course, prerequisites."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

import sys
from pathlib import Path

import click

from grader.cli.say import say
from grader.cli.words import course_here, course_option, plain_option
from grader.errors import UsageError


@click.command("doctor")
@course_option
@click.option("--quiz", is_flag=True, help="Ask about the prerequisites instead: two minutes.")
@plain_option
@click.pass_context
def command(ctx: click.Context, *, course_folder: Path | None, quiz: bool, plain: bool) -> None:
    """See whether this machine and your copy are fit.

    Each finding that is not well comes with its fix. Exit code: 0 when all is well, else 1.
    """
    root = course_here(course_folder)
    ctx.exit(_quiz(root, plain=plain) if quiz else _examine(root, plain=plain))


def _examine(root: Path, *, plain: bool) -> int:
    from grader.render.screen import Screen, open_console
    from grader.student.doctor import examine, show_finding

    console = open_console(plain=plain)
    bad = 0
    for finding in examine(root, console):
        screen = Screen(console, plain=plain)
        show_finding(screen, finding)
        screen.show()
        bad += not finding.well
    if bad:
        say(f"{bad} thing{'' if bad == 1 else 's'} to mend. Next: do the first fix, then run it again.")
    else:
        say("All is well. Next: grader")
    return 1 if bad else 0


def _quiz(root: Path, *, plain: bool) -> int:
    from grader.course.prerequisites import FILE, read_quiz

    quiz = read_quiz(root)
    if quiz is None:
        raise UsageError("this course has no quiz about its prerequisites.", where=f"assignments/{FILE}",
                         fix="begin with `grader read`.")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the quiz asks questions, so it needs a terminal.",
                         fix="run `grader doctor --quiz` in a terminal of your own.")

    from grader.render.screen import Screen, open_console
    from grader.student.quiz import ask_quiz, verdict

    console = open_console(plain=plain)
    wrong = ask_quiz(quiz, _ask, lambda: Screen(console, plain=plain))
    say("")
    for line in verdict(quiz, wrong):
        say(line)
    return 1 if wrong else 0


def _ask(prompt: str) -> str:
    return str(click.prompt(prompt, default="", show_default=False))
