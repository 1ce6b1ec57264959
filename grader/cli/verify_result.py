"""`grader verify-result`: tell whether a file is the result that was signed."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.say import say
from grader.cli.words import read_key
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.result import Result

_FILE = click.Path(path_type=Path)


@click.command("verify-result")
@click.argument("file", type=_FILE)
@click.option("--key", "key_file", type=_FILE, metavar="K", help="Your key; without it, GRADER_KEY is used.")
@click.option("--submission", metavar="S", help="Whose result it must be: an id, a commit or a digest.")
def command(*, file: Path, key_file: Path | None, submission: str | None) -> None:
    """Tell whether a result is as you signed it.

    Exit code: 0 when it is, 2 when it was changed, is not signed, was signed with another key, or is the
    result of another submission.
    """
    key = read_key(key_file)
    if key is None:
        fix = "name its file with --key FILE, or put it into the variable GRADER_KEY."
        raise UsageError("there is no key to verify with.", fix=fix)

    from grader.result import read_result, verify

    result = read_result(file)
    verify(result, key, submission=submission, where=str(file))
    say(_summary(result))


def _summary(result: Result) -> str:
    commit = f", commit {result.submission.commit[:12]}" if result.submission.commit else ""
    return (
        f"This result is as it was signed: {result.submission.id}{commit}, "
        f"{result.score} of {result.max_score} points, graded {result.graded_at}.\n"
        f"It is {result.trust}; isolation {result.isolation.level}."
    )
