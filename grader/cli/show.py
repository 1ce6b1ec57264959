"""`grader show`: a sentence as heat maps, in the terminal and as a page."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.words import check_targets, course_here, course_option, lesson_named, plain_option

if TYPE_CHECKING:
    from grader.course import Course, HeatMap
    from grader.render.screen import Screen
    from grader.student.show import Shown


@click.command("show")
@click.argument("lesson", required=False)
@click.argument("sentence", nargs=-1)
@course_option
@click.option("--output", "page", type=click.Path(path_type=Path), metavar="F", help="Write the page there.")
@plain_option
def command(
    *, lesson: str | None, sentence: tuple[str, ...], course_folder: Path | None, page: Path | None,
    plain: bool,
) -> None:
    """Draw a sentence as heat maps, with your own functions.

    LESSON is one that has a map; without it, they are listed. SENTENCE is any sentence. The same maps are
    written as a page for the browser, which needs no network.
    """
    check_targets((page,))
    root = course_here(course_folder)

    from grader.render.screen import Screen, open_console
    from grader.sandbox import open_box

    screen = Screen(open_console(plain=plain), plain=plain)
    if lesson is None:
        from grader.course import load_course

        _list(load_course(root), screen)
        screen.show()
        return
    with open_box(minimum="process") as box:
        from grader.course import load_course

        course = load_course(root)

        from grader.student.show import draw, map_for

        wanted = map_for(course, lesson_named(course, lesson).id)
        text = " ".join(sentence) if sentence else wanted.sentence
        shown = draw(course, wanted, text, box)
    file = _write_page(course, wanted, text, shown, page)

    from grader.render.heat_map import show_maps

    show_maps(shown.maps, screen)
    screen.blank()
    screen.labelled("Source", _source(shown))
    screen.labelled("Page", f"open in a browser: {file}")
    if shown.missing:
        screen.labelled("Next", f"grader read {shown.missing.split()[0]}")
    screen.show()


def _list(course: Course, screen: Screen) -> None:
    """Say which lessons have a map."""
    if not course.maps:
        screen.sentence("No lesson of this course has a map.")
    for one in course.maps:
        title = course.lesson(one.lesson).title
        screen.sentence(f'Lesson {one.lesson} · {title}: grader show {one.lesson} "{one.sentence}"')


def _source(shown: Shown) -> str:
    if shown.missing:
        return f"the course's own arithmetic, until {shown.missing} is written"
    return "your own functions"


def _write_page(course: Course, wanted: HeatMap, sentence: str, shown: Shown, page: Path | None) -> Path:
    from grader.render.heat_page import Heading, render_page
    from grader.result import write_text
    from grader.student.journal import made_folder

    file = page or made_folder(course.root, "show") / f"lesson_{wanted.lesson}.html"
    title = f"Lesson {wanted.lesson} · {course.lesson(wanted.lesson).title}"
    source = _source(shown)
    write_text(render_page(shown.maps, Heading(title, sentence, f"From {source}.")), file)
    return file
