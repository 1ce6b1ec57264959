"""The command line: parse, call one function, print, exit code."""

from grader.cli.group import COMMANDS, cli

__all__ = ["COMMANDS", "cli"]
