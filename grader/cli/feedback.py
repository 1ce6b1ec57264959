"""`grader feedback`: the feedback of a class, a Markdown text for each repository."""

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


@click.command("feedback")
@click.argument("gradebook", type=_FILE)
@click.option("--output", type=_FILE, required=True, metavar="DIR", help="The folder for the texts.")
@click.option("--key", "key_file", type=_FILE, metavar="FILE", help="Verify every signature with this key.")
@click.option("--claims", type=_FILE, metavar="DIR", help="The repositories' own results, NAME.json.")
def command(*, gradebook: Path, output: Path, key_file: Path | None, claims: Path | None) -> None:
    """Write the feedback of a class, one text a repository.

    A text is named after the repository, and is short enough for a comment on GitHub. With --claims, what a
    repository's own check says is compared with the grading.
    """
    key = read_key(key_file)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"this folder cannot be made: {error.strerror or error}.", where=str(output),
                         fix="name another folder.") from error

    from grader.classroom.feedback_texts import feedback_texts
    from grader.classroom.gradebook import Gradebook
    from grader.result import write_text

    count = 0
    with Gradebook.open(gradebook) as book:
        for one in feedback_texts(book, key=key, claims=_claims(claims)):
            write_text(one.text, output / f"{one.repository}.md")
            count += 1
            for over in one.overclaims:
                say(f"{one.repository} claims {over.claimed} points for {over.exercise} {over.function}; "
                    f"graded are {over.graded} of {over.points}.")
    say(f"{count} texts written to {output}.")


def _claims(folder: Path | None) -> dict[str, Result]:
    """Read what repositories say of themselves; what cannot be read claims nothing."""
    from grader.result import read_result

    found = {}
    for file in sorted(folder.glob("*.json")) if folder else []:
        try:
            found[file.stem] = read_result(file)
        except UsageError as error:
            say(f"{file.stem} has a result of its own that cannot be read: {error.problem}")
    return found
