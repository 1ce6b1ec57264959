"""Tick `MY_PROGRESS.md` between its two markers, and leave every other byte of it alone."""

from __future__ import annotations

import re
from pathlib import Path

from grader.course import Course
from grader.errors import GraderError
from grader.result import write_text
from grader.student.history import History
from grader.student.path import chosen_path, on_path

FILE = "MY_PROGRESS.md"
START, END = "<!-- grader:progress:start -->", "<!-- grader:progress:end -->"
_TRACE = "grader:progress"
_BOX = re.compile(r"(?P<lead>\s*[-*+] \[)(?P<mark>[ xX])(?P<rest>\]\s+(?P<id>\d+\.\d+)\b.*)", re.DOTALL)
_LARGEST = 1 << 20


def tick(course: Course, history: History) -> list[str]:
    """Tick what has passed, untick what no longer does; give sentences about what could not be done.

    A student who took the file away does not get it back.
    """
    path = course.root / FILE
    if not path.is_file() or not history.exercises:
        return []
    try:
        old = _read(path)
        new = ticked(old, history) if _marked(old) else old + _list(course, history, old)
        if new != old:
            write_text(new, path)
    except _NotTicked as problem:
        return [f"{FILE} {problem} Nothing in it was changed."]
    except (OSError, GraderError) as error:
        return [f"{FILE} could not be ticked: {error}"]
    return []


class _NotTicked(Exception):
    """The file cannot be ticked; the text says why, after its name."""


def _read(path: Path) -> str:
    if path.stat().st_size > _LARGEST:
        raise _NotTicked("is larger than a list of exercises ever is.")
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise _NotTicked("is not UTF-8 text. Save it as UTF-8, and it is ticked again.") from None


def _marked(text: str) -> bool:
    """Tell whether both markers are there, in order; raise _NotTicked where they are damaged."""
    marks = [line.strip() for line in text.splitlines() if line.strip() in (START, END)]
    if marks == [START, END]:
        return True
    if _TRACE not in text:
        return False
    raise _NotTicked(f"has damaged markers: one line {START} and, below it, one line {END} should be there.")


def ticked(text: str, history: History) -> str:
    """Set the boxes between the markers to what was last seen; boxes of nothing seen stay as they are."""
    lines = text.splitlines(keepends=True)
    plain = [line.strip() for line in lines]
    for number in range(plain.index(START) + 1, plain.index(END)):
        box = _BOX.fullmatch(lines[number])
        if box and box["id"] in history.exercises:
            mark = "x" if history.passed(box["id"]) else " "
            if mark != box["mark"].lower():
                lines[number] = f"{box['lead']}{mark}{box['rest']}"
    return "".join(lines)


def _list(course: Course, history: History, text: str) -> str:
    """Write a list for a file without one, to stand at its end."""
    path = chosen_path(course)
    lines = ["", START]
    for lesson in course.lessons:
        exercises = on_path(lesson, path)
        if exercises:
            lines += [f"## Lesson {lesson.id} · {lesson.title}", ""]
            lines += [f"- [{'x' if history.passed(e.id) else ' '}] {e.id} {e.function}" for e in exercises]
            lines += [""]
    end = "\r\n" if "\r\n" in text else "\n"
    lead = "" if not text or text.endswith("\n") else end
    return lead + end.join([*lines[:-1], END, ""])
