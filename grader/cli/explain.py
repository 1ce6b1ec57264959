"""`grader explain`: replay one verdict, with inputs and numbers, for an appeal."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.gradebooks import book_option, class_option, class_secret, course_of, opened
from grader.cli.say import emit, say
from grader.cli.words import check_targets, course_option, exercise_named, plain_option

if TYPE_CHECKING:
    from grader.classroom import Gradebook
    from grader.classroom.explain import Explanation
    from grader.course import Course

_FILE = click.Path(path_type=Path)


@click.command("explain")
@click.argument("student")
@click.argument("exercise")
@book_option
@course_option
@click.option("--submission", type=_FILE, metavar="DIR", help="The submission, if it lies elsewhere now.")
@class_option
@click.option("--secret", "secret_file", type=_FILE, metavar="FILE", help="The class's secret.")
@click.option("--format", "form", type=click.Choice(["markdown", "json"]), help="Another form.")
@click.option("--output", type=_FILE, metavar="F", help="Where it goes; else the terminal.")
@click.option("--allow-isolation", type=click.Choice(["process"]),
              help="Run where the kernel cannot confine student code.")
@plain_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    student: str,
    exercise: str,
    gradebook: Path | None,
    course_folder: Path | None,
    submission: Path | None,
    class_folder: Path | None,
    secret_file: Path | None,
    form: str | None,
    output: Path | None,
    allow_isolation: str | None,
    plain: bool,
) -> None:
    """Replay one verdict, with its numbers, for an appeal.

    Shown are the inputs, the student's numbers, the reference's, the seed and all versions.

    Exit code: 0 when the replay gives the stored verdict word for word, 1 when it does not.
    """
    check_targets([output])
    with opened(gradebook) as book:
        course = course_of(book, course_folder)
        secret = class_secret(book, secret_file)
        found = _explained(book, course, (student, exercise), submission or class_folder,
                           alone=submission is not None, secret=secret, process=bool(allow_isolation))
    _deliver(found, form or ("json" if output and output.suffix == ".json" else None), output, plain=plain)
    ctx.exit(0 if found.same else 1)


def _explained(
    book: Gradebook, course: Course, names: tuple[str, str], place: Path | None, *, alone: bool,
    secret: bytes, process: bool,
) -> Explanation:
    from grader.sandbox import open_box

    with open_box(minimum="process" if process else "kernel") as box:
        from grader.classroom.collected import Collected
        from grader.classroom.explain import explain, stored_verdict
        from grader.submission import read_submission

        stored = stored_verdict(book, book.student(names[0]), exercise_named(course, names[1]))
        if alone:
            assert place is not None
            tree = read_submission(place, course.package)
        else:
            tree = Collected(book, course, place).read(stored.attempt)
        return explain(stored, course, tree, secret=secret, box=box)


def _deliver(found: Explanation, form: str | None, output: Path | None, *, plain: bool) -> None:
    from grader.classroom.explained import blocks, title, to_json
    from grader.render.blocks import show_blocks, to_markdown
    from grader.render.screen import Screen, open_console
    from grader.result import write_text

    if form is None and output is None:
        screen = Screen(open_console(plain=plain), plain=plain)
        screen.sentence(title(found), style="bold")
        show_blocks(screen, blocks(found))
        screen.show()
        return
    text = to_json(found) if form == "json" else to_markdown(title(found), blocks(found))
    if output is None:
        emit(text)
    else:
        write_text(text, output)
        say(f"Wrote {output}.", err=True)
