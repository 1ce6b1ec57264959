"""Canvas: fill the scores into the teacher's own export, and change nothing else in it.

Canvas makes a new assignment of every title that it does not know, so no file is made from nothing here.
Students are found by login or e-mail address (`SIS Login ID`) or by number (`SIS User ID`).
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.classroom.export.rows import Points, Row, titles
from grader.classroom.export.tables import Export
from grader.classroom.sheets import cell, read_sheet
from grader.course import Course
from grader.errors import UsageError

POINTS_POSSIBLE = "Points Possible"
_TITLE = re.compile(r"(?P<title>.*?)\s*\((?P<id>\d+)\)\s*")
_KEYS = {"SIS Login ID": ("login", "email"), "SIS User ID": ("number", "login")}
_FIRST = ("Student", "ID")
_FIX = "take the file that Canvas writes: Grades, Export, Export Entire Gradebook."


@dataclass(frozen=True)
class _Column:
    """A column to fill, and out of how many points it is in Canvas (None: as ours)."""

    place: int
    kind: str
    possible: float | None


def to_canvas(
    course: Course, rows: Sequence[Row], template: Path, chosen: Mapping[str, str]
) -> Export:
    """Fill a template; `chosen` maps titles of its columns to `total`, `lesson 1` or `checkpoint 1`."""
    lines, delimiter = _read(template)
    head = lines[0]
    columns = _columns(course, lines, chosen, template)
    matches = _Matches(rows, head, lines[1:])
    filled = [head]
    for line in lines[1:]:
        row = matches.of(line)
        filled.append(_filled(line, row, columns) if row else line)
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(_guarded(line) for line in filled)
    return Export(out.getvalue(), tuple(matches.left_out(rows)))


def _read(template: Path) -> tuple[list[list[str]], str]:
    table = read_sheet(template, "the template")
    head = [name.strip() for name in table.head]
    if tuple(head[:2]) != _FIRST or not _KEYS.keys() & set(head):
        raise UsageError("this is no export of a Canvas gradebook.", where=f"{template}:1", fix=_FIX)
    return [line.cells for line in table.lines], table.delimiter


def _columns(
    course: Course, lines: Sequence[Sequence[str]], chosen: Mapping[str, str], template: Path
) -> list[_Column]:
    known = {name.casefold(): kind for kind, names in titles(course).items() for name in names}
    known |= {title.casefold(): kind for title, kind in chosen.items()}
    possible = next((line for line in lines if POINTS_POSSIBLE in line[0]), [])
    found = []
    for place, header in enumerate(lines[0]):
        match = _TITLE.fullmatch(header)
        kind = known.get((match["title"] if match else header).casefold())
        if match and kind:
            found.append(_Column(place, kind, _number(possible[place] if place < len(possible) else "")))
    if not found:
        names = ", ".join(names[0] for names in titles(course).values())
        raise UsageError("no column of the template has the title of this course, a lesson or a checkpoint.",
                         where=str(template), fix=f"give an assignment one of these titles: {names}; "
                         'or name it: --column "Its title=lesson 1".')
    return found


def _number(text: str) -> float | None:
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


class _Matches:
    """Finds the student of a line; one that fits two, or two that fit one, is left alone."""

    def __init__(self, rows: Sequence[Row], head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
        self._places = [(head.index(name), keys) for name, keys in _KEYS.items() if name in head]
        self._known: dict[str, dict[str, list[Row]]] = {}
        for _, keys in self._places:
            for key in keys:
                self._known[key] = _by(rows, key)
        found = (self._find(line) for line in lines)
        self._counts = Counter(row.login for row in found if row)

    def of(self, line: Sequence[str]) -> Row | None:
        """Give the row of a line that no other line has."""
        row = self._find(line)
        return row if row and self._counts[row.login] == 1 else None

    def _find(self, line: Sequence[str]) -> Row | None:
        for place, keys in self._places:
            word = line[place].strip().casefold() if place < len(line) else ""
            for key in keys:
                fitting = self._known[key].get(word, []) if word else []
                if len(fitting) == 1:
                    return fitting[0]
        return None

    def left_out(self, rows: Sequence[Row]) -> Iterable[tuple[str, str]]:
        """List the students who were not filled in."""
        for row in rows:
            if self._counts[row.login] != 1:
                times = self._counts[row.login]
                yield row.login, f"fits {times} lines of the template" if times else "is not in the template"


def _by(rows: Sequence[Row], key: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        word = str(getattr(row, key)).casefold()
        if word:
            found.setdefault(word, []).append(row)
    return found


def _filled(line: Sequence[str], row: Row, columns: Iterable[_Column]) -> list[str]:
    whole = list(line)
    for column in columns:
        points = row.points.get(column.kind)
        if points is not None and row.grading is not None:
            whole += [""] * (column.place + 1 - len(whole))
            whole[column.place] = _scaled(points, column.possible)
    return whole


def _scaled(points: Points, possible: float | None) -> str:
    """Write a score out of the points that the assignment has in Canvas."""
    if possible is None or not points.max_score or possible == points.max_score:
        return str(points.score)
    return f"{points.score * possible / points.max_score:.2f}".rstrip("0").rstrip(".")


def _guarded(line: Sequence[str]) -> list[str]:
    """Guard the name, by which Canvas finds nobody who has an ID; all else must come back as it was."""
    if len(line) > 1 and line[1].strip():
        return [str(cell(line[0])), *line[1:]]
    return list(line)
