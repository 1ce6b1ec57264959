"""The group of commands. It knows their names and one sentence each; a command is imported when it runs."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

import click

import grader


class Entry(NamedTuple):
    """A command of the table: who it is for, where it is, and the sentence in the help."""

    audience: str
    module: str
    help: str


COMMANDS = {
    "check": Entry("Student", "grader.cli.check", "Check your own work with the public tests."),
    "hint": Entry("Student", "grader.cli.hint", "Read the next hint of an exercise."),
    "progress": Entry("Student", "grader.cli.progress", "See how far you are, and tick MY_PROGRESS.md."),
    "read": Entry("Student", "grader.cli.read", "Read a lesson, or a part of it, in the terminal."),
    "show": Entry("Student", "grader.cli.show", "Draw a sentence as heat maps, with your own functions."),
    "notebook": Entry("Student", "grader.cli.notebook", "Make a lesson's notebook, repair it, or sync it."),
    "reset": Entry("Student", "grader.cli.reset", "Bring one function back to its stub; yours is kept."),
    "update": Entry("Student", "grader.cli.update", "Take a newer edition of the course; your work stays."),
    "plan": Entry("Student", "grader.cli.plan", "Choose your path, and make a plan with dates."),
    "doctor": Entry("Student", "grader.cli.doctor", "See whether this machine and your copy are fit."),
    "grade": Entry("Teacher", "grader.cli.grade", "Grade a submission, or a class, with all tests."),
    "merge": Entry("Teacher", "grader.cli.merge", "Join the gradebooks of several shards in one."),
    "report": Entry("Teacher", "grader.cli.report", "See what a class has done, and what to teach tomorrow."),
    "export": Entry("Teacher", "grader.cli.export", "Give a class's scores to another gradebook."),
    "review": Entry("Teacher", "grader.cli.review", "Read free texts and drawings, and give each a level."),
    "override": Entry("Teacher", "grader.cli.override", "Set a score by hand, with a reason that stays."),
    "explain": Entry("Teacher", "grader.cli.explain", "Replay one verdict, with its numbers, for an appeal."),
    "similar": Entry("Teacher", "grader.cli.similar", "Show code that is more alike than usual in a class."),
    "demo": Entry("Teacher", "grader.cli.demo", "Make up a class, to try all this on."),
    "verify-result": Entry(
        "Teacher", "grader.cli.verify_result", "Tell whether a result is as you signed it."
    ),
    "feedback": Entry(
        "Teacher", "grader.cli.feedback", "Write the feedback of a class, one text a repository."
    ),
    "bundle": Entry("Teacher", "grader.cli.bundle", "Make the folder of an autograder for Classroom 50."),
    "selftest": Entry("Teacher", "grader.cli.selftest", "Prove what this machine can hold."),
    "new": Entry("Author", "grader.cli.new", "Start a lesson: a small complete one to change."),
    "verify": Entry("Author", "grader.cli.verify", "Prove that the tests of a lesson are good."),
    "build": Entry("Author", "grader.cli.build", "Make the stubs and the student's repository."),
}


class LazyGroup(click.Group):
    """A group that lists its commands from the table, and imports only the one that is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = import_module(entry.module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by audience, without importing any."""
        for audience in dict.fromkeys(entry.audience for entry in COMMANDS.values()):
            with formatter.section(audience):
                formatter.write_dl(_rows(audience))


def _rows(audience: str) -> Sequence[tuple[str, str]]:
    return [(name, entry.help) for name, entry in COMMANDS.items() if entry.audience == audience]


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Without a command: where you are, and the next step.",
)
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback if the grader fails.")
@click.option("--plain", is_flag=True, help="Without a command: words for symbols, no colours, no columns.")
@click.version_option(grader.__version__, prog_name="grader")
@click.pass_context
def cli(ctx: click.Context, *, plain: bool) -> None:
    """Grade a course of Python exercises, and say which mistake was made."""
    if ctx.invoked_subcommand is None:
        from grader.cli.here import show_place

        show_place(plain=plain)
    elif plain:
        raise click.UsageError(f"write --plain behind the command: grader {ctx.invoked_subcommand} --plain")
