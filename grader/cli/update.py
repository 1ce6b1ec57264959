"""`grader update`: a newer edition of the course, without touching what is the student's."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.words import course_here, course_option, plain_option

if TYPE_CHECKING:
    from grader.render.screen import Screen
    from grader.student.update import Update

SHOWN = 8


@click.command("update")
@click.argument("source", default="upstream")
@course_option
@click.option("--allow-older", is_flag=True, help="Go back to an older edition.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@plain_option
def command(
    *, source: str, course_folder: Path | None, allow_older: bool, dry_run: bool, plain: bool
) -> None:
    """Take a newer edition of the course; your work stays.

    SOURCE is your teacher's starter: a folder, the address of a git repository, or the name of a git
    remote (without it: upstream). Your functions, answers and notes stay as they are; of any other file
    that you changed, a copy is kept.
    """
    root = course_here(course_folder)

    from grader.render.screen import Screen, open_console
    from grader.student.edition import read_edition
    from grader.student.update import apply_update, plan_update

    update = plan_update(root, read_edition(source, root), allow_older=allow_older)
    if not dry_run:
        apply_update(root, update)
    screen = Screen(open_console(plain=plain), plain=plain)
    _report(update, screen, dry_run=dry_run)
    screen.show()


def _report(update: Update, screen: Screen, *, dry_run: bool) -> None:
    if update.nothing:
        screen.sentence(f"You have edition {update.new_version} already: there is nothing to do.")
    else:
        verb = "would go" if dry_run else "went"
        screen.sentence(f"Your copy {verb} from edition {update.old_version} to {update.new_version}.")
    for label, names in (("New", update.new), ("Updated", update.updated), ("Removed", update.remove)):
        if names:
            screen.labelled(label, _listed(names))
    for line in update.merged:
        screen.labelled("In yours", line)
    for line in update.look:
        screen.labelled("Look at", line)
    if update.keep:
        where = f"as they were: {update.backup}/" if update.backup else "in .grader/backup/"
        screen.labelled("Kept", f"{_listed(update.keep)}, {where}")
    if not update.nothing and not dry_run:
        installs = update.installs
        screen.labelled("Next", "pip install -r requirements.txt" if installs else "grader check",
                        style="bold")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
