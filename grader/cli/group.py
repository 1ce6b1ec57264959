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
    "grade": Entry("Teacher", "grader.cli.grade", "Grade one submission with public and hidden tests."),
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
@click.version_option(grader.__version__, prog_name="grader")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Grade a course of Python exercises, and say which mistake was made."""
    if ctx.invoked_subcommand is None:
        from grader.cli.here import show_place

        show_place()
