"""What `--ci` does in GitHub Actions: fenced text, annotations, the step summary, and outputs."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from grader.cli.say import emit
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.course import Course
    from grader.result import Result

ci_option = click.option(
    "--ci", is_flag=True, help="In GitHub Actions: annotations, a step summary, and outputs."
)


def ci_file() -> Path:
    """Name the result file of a run in Actions where no other is given."""
    return Path(os.environ.get("RUNNER_TEMP") or ".") / "result.json"


def show_result(
    result: Result, course: Course, mode: Literal["check", "grade"], *, plain: bool, ci: bool = False,
    root: Path | None = None,
) -> None:
    """Show a result on the terminal; in Actions tell it to GitHub, too. `root` is the submission's folder."""
    from grader.exchange import fence
    from grader.render.terminal import open_console, render_result

    before, after = fence() if ci else ("", "")
    if ci:
        click.echo(before)
    render_result(result, course, mode=mode, console=open_console(plain=plain), plain=plain)
    if ci:
        click.echo(after)
        _tell_github(result, root or course.root)


def _tell_github(result: Result, root: Path) -> None:
    from grader.exchange import step_summary, to_annotations, to_classroom

    emit(to_annotations(result, folder=_folder(root)))
    _append("GITHUB_STEP_SUMMARY", step_summary(result))
    passed = "true" if result.passed else "false"
    words = {"score": result.score, "max-score": result.max_score, "passed": passed, "trust": result.trust}
    _append("GITHUB_OUTPUT", to_classroom(result) + "".join(f"{n}={v}\n" for n, v in words.items()))


def _folder(root: Path) -> str:
    """Say where a submission lies in the repository, in front of the names of its files."""
    workspace = os.environ.get("GITHUB_WORKSPACE")
    if not workspace or not root.resolve().is_relative_to(Path(workspace).resolve()):
        return ""
    inside = root.resolve().relative_to(Path(workspace).resolve()).as_posix()
    return "" if inside == "." else f"{inside}/"


def _append(variable: str, text: str) -> None:
    """Add text to a file of the runner's; outside of Actions there is none."""
    name = os.environ.get(variable)
    if not name:
        return
    try:
        with Path(name).open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
    except OSError as error:
        problem = f"the file that {variable} names cannot be written: {error.strerror or error}."
        raise UsageError(problem, where=name, fix=f"take {variable} away, or name a file.") from error
