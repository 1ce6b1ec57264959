"""Bring one function back to its stub; every other byte of the file stays, and the old file is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.course import Course, Exercise
from grader.course.shipped import SHIPPED, read_shipped
from grader.errors import CourseError, UsageError
from grader.result import write_text
from grader.student.backup import keep_backup
from grader.student.sources import function_extent, lines_between, lines_of, read_source
from grader.student.steps import file_of, named

_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class Reset:
    """What was done, from the root of the repository."""

    file: str
    line: int
    backup: str
    """The old file; empty if there was none."""


def reset_exercise(course: Course, exercise: Exercise) -> Reset:
    """Replace a function by its stub, after the old file was put into `.grader/backup/`."""
    shipped = read_shipped(course.root)
    if exercise.module not in shipped.stubs:
        raise CourseError(f"the stub of {exercise.id} is not in it", where=SHIPPED,
                          fix="Ask your teacher for a newer copy of the course.")
    pristine = shipped.stubs[exercise.module]
    path = course.root / file_of(course, exercise)
    if not path.exists():
        write_text(pristine, path)
        return Reset(file_of(course, exercise), _first_line(pristine, exercise), "")
    old = read_source(course.root, path)
    text = old.removeprefix(_BYTE_ORDER_MARK)
    new = old[: len(old) - len(text)] + with_stub(text, pristine, exercise, file_of(course, exercise))
    backup = keep_backup(course.root, path, exercise.id)
    write_text(new, path)
    return Reset(file_of(course, exercise), _first_line(new, exercise), backup)


def with_stub(old: str, pristine: str, exercise: Exercise, where: str) -> str:
    """Put the stub of an exercise into a module's text; a missing function is written at its end."""
    stub = lines_between(pristine, *_extent(pristine, exercise.function, where)).rstrip()
    extent = function_extent(old, exercise.function, where)
    if extent is None:
        return _with_end(old, stub)
    lines = lines_of(old)
    mine = "".join(lines[slice(*extent)])
    end = mine[len(mine.rstrip("\r\n")):]
    stub = stub.replace("\n", "\r\n" if "\r\n" in mine else "\n") + end
    if mine == stub:
        raise UsageError(f"{named(exercise)} is still the stub: there is nothing to reset.",
                         where=f"{where}:{extent[0] + 1}", fix=f"`grader hint {exercise.id}` helps to begin.")
    return "".join([*lines[:extent[0]], stub, *lines[extent[1]:]])


def _with_end(old: str, stub: str) -> str:
    """Write a stub below all that is there."""
    end = "\r\n" if "\r\n" in old else "\n"
    gap = "" if not old.strip() else (end * 2 if old.endswith(("\n", "\r")) else end * 3)
    return f"{old}{gap}{stub.replace(chr(10), end)}{end}"


def _extent(text: str, function: str, where: str) -> tuple[int, int]:
    extent = function_extent(text, function, where)
    if extent is None:
        raise CourseError(f"the stub of `{function}` is not in it", where=SHIPPED,
                          fix="Ask your teacher for a newer copy of the course.")
    return extent


def _first_line(text: str, exercise: Exercise) -> int:
    found = re.search(rf"^{_BYTE_ORDER_MARK}?def[ \t]+{exercise.function}\b", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1
