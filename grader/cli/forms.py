"""The forms that a result can be given in: `--format` and `--output` of `grade` and `check`."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.say import emit

if TYPE_CHECKING:
    from grader.result import Result

_WRITERS = {
    "json": ("grader.result", "dumps"),
    "markdown": ("grader.render.markdown", "to_markdown"),
    "classroom": ("grader.exchange", "to_classroom"),
    "classroom50": ("grader.exchange", "to_classroom50"),
    "gradescope": ("grader.exchange", "to_gradescope"),
    "exercism": ("grader.exchange", "to_exercism"),
    "junit": ("grader.exchange", "to_junit"),
    "github": ("grader.exchange", "to_annotations"),
}
FORMS = tuple(_WRITERS)

format_option = click.option(
    "--format", "form", type=click.Choice(FORMS), help="Another form of the result."
)
output_option = click.option(
    "--output", type=click.Path(path_type=Path), metavar="F",
    help="Where the form of --format goes; else it takes the place of the terminal's text.",
)  # fmt: skip


def check_form(form: str | None, output: Path | None, *, ci: bool) -> None:
    """Refuse a file without a form, and two texts for one terminal."""
    if output and not form:
        raise click.UsageError(f"--output needs --format, one of: {', '.join(FORMS)}.")
    if ci and form and not output:
        raise click.UsageError("--ci prints a text of its own: give --format a file with --output, too.")


def deliver_form(result: Result, form: str, output: Path | None) -> None:
    """Write a result in a form to a file, or print it."""
    from grader.result import write_text

    module, name = _WRITERS[form]
    text: str = getattr(import_module(module), name)(result)
    if output is None:
        emit(text)
        return
    write_text(text, output)
    if form == "classroom50":
        from grader.exchange import release_body

        write_text(release_body(result), output.with_name("release-body.md"))
