"""`grader merge`: one gradebook out of those of several shards."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.say import say
from grader.errors import UsageError

_FILE = click.Path(path_type=Path)


@click.command("merge")
@click.argument("gradebooks", nargs=-1, required=True, type=_FILE)
@click.option("--gradebook", required=True, type=_FILE, metavar="OUT", help="Where all of them are joined.")
def command(*, gradebooks: tuple[Path, ...], gradebook: Path) -> None:
    """Join the gradebooks of several shards in one.

    What OUT has already stays.
    """
    from grader.classroom.gradebook import Gradebook
    from grader.classroom.merge import merge

    if gradebook.resolve() in [path.resolve() for path in gradebooks]:
        raise UsageError("this gradebook is one of those to be joined.", where=str(gradebook),
                         fix="name a new file behind --gradebook.")
    added = 0
    sources = [Gradebook.open(path) for path in gradebooks]
    with Gradebook.create(gradebook) as target:
        for source in sources:
            with source:
                added += merge(target, source)
        students = len(target.students())
    say(f"{added} gradings added; {gradebook} now has {students} students")
