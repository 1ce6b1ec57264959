"""Write a lesson and a module as the cells of a notebook: text, code to write, and a check below each."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from grader.course import Course, Exercise, Lesson
from grader.course.files import CourseFiles
from grader.course.headings import sections
from grader.student.lesson_text import PAGE
from grader.student.path import chosen_path, on_path
from grader.student.sources import function_extent, lines_of
from grader.student.steps import file_of

PREFIX = "grader-"
ABOUT = """\
# {title} · notebook

Write the functions of lesson {id} here, or in `{module}`: both are checked and graded in the same way.

- **Save, then run the check** below a function. It looks at the saved notebook.
- **What counts**: functions, classes, imports, and names for plain values, in any cell.
- **What does not count**: calls that try something, prints, plots, loops, `%` and `!` lines. They stay yours.
- A function that stands in two cells counts as it was written last.
- What you may import is the same as in the module: NumPy and a part of the standard library.
- The next lessons import from `{module}`. When this one is done, run `grader notebook {id} --to-module`.
- If cells were lost or doubled, `grader notebook {id}` repairs them.
- What a command changes is kept in `.grader/backup/` first.
"""
SETUP = """\
import sys

sys.path.insert(0, "..")  # so that Jupyter finds the package {package}
"""
CHECK = """\
# Save the notebook, then run this cell.
import sys

!"{{sys.executable}}" -m grader check {id}
"""
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|/|#", re.I)
_NO_ID = re.compile(r"[^A-Za-z0-9_-]+")


class Page(NamedTuple):
    """A cell as it is made."""

    id: str
    kind: Literal["code", "markdown"]
    text: str


def pages(course: Course, lesson: Lesson, module: str) -> list[Page]:
    """Make the cells of a lesson's notebook from its text and the module as it stands."""
    functions, rest = _cut(course, lesson, module)
    made = [
        Page(f"{PREFIX}about", "markdown",
             ABOUT.format(title=lesson.title, id=lesson.id, module=file_of(course, lesson.exercises[0]))),
        Page(f"{PREFIX}setup", "code", SETUP.format(package=course.package)),
        *(Page(f"{PREFIX}part-{number}", "code", text) for number, text in enumerate(rest, start=1)),
    ]
    waiting = {e.id: e for e in lesson.exercises}
    for anchor, text in _texts(course, lesson):
        made.append(Page(f"{PREFIX}text-{anchor}"[:64], "markdown", text))
        for exercise in [e for e in waiting.values() if f"**Exercise {e.id}**" in text]:
            made += _exercise(course, lesson, waiting.pop(exercise.id), functions)
    for exercise in waiting.values():
        made += _exercise(course, lesson, exercise, functions)
    return made


def exercise_cell(exercise: Exercise) -> str:
    """Name the cell that an exercise is written in."""
    return f"{PREFIX}exercise-{exercise.id.replace('.', '-')}"


def _exercise(
    course: Course, lesson: Lesson, exercise: Exercise, functions: dict[str, str]
) -> Iterator[Page]:
    if exercise.id not in functions:
        return
    yield Page(exercise_cell(exercise), "code", functions[exercise.id])
    if exercise in on_path(lesson, chosen_path(course)):
        yield Page(f"{PREFIX}check-{exercise.id.replace('.', '-')}", "code", CHECK.format(id=exercise.id))


def _cut(course: Course, lesson: Lesson, module: str) -> tuple[dict[str, str], list[str]]:
    """Cut a module into its exercises and the pieces between them."""
    where = file_of(course, lesson.exercises[0])
    extents = {e.id: function_extent(module, e.function, where) for e in lesson.exercises}
    known = sorted((extent, name) for name, extent in extents.items() if extent)
    lines, functions, rest, at = lines_of(module), {}, [], 0
    for (first, last), name in known:
        rest.append(_joined(lines[at:first]))
        functions[name] = _joined(lines[first:last])
        at = last
    rest.append(_joined(lines[at:]))
    return functions, [piece for piece in rest if piece]


def _joined(lines: list[str]) -> str:
    text = "".join(lines).replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    return f"{text}\n" if text.strip() else ""


def _texts(course: Course, lesson: Lesson) -> Iterator[tuple[str, str]]:
    """Give the lesson's text, heading by heading, with links that hold in the notebook's folder."""
    markdown = CourseFiles(course.root).text(lesson.folder / PAGE)
    folder = lesson.folder.relative_to(course.root).as_posix()
    lines = markdown.split("\n")
    found = sections(markdown)
    for section, after in zip(found, [*(s.first for s in found[1:]), len(lines)], strict=True):
        text = "\n".join(lines[section.first:after]).strip()
        yield _NO_ID.sub("-", section.anchor), _relinked(text, folder)


def _relinked(text: str, folder: str) -> str:
    def moved(link: re.Match[str]) -> str:
        target = link[2]
        if target.startswith("#"):
            target = f"{PAGE}{target}"
        if not _ELSEWHERE.match(target):
            target = posixpath.normpath(posixpath.join("..", folder, target))
        return f"{link[1]}{target}{link[3]}"

    return _LINK.sub(moved, text)
