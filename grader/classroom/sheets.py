"""Read and write CSV for spreadsheets and importers: through the `csv` module, without live formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from grader.errors import UsageError
from grader.render.text import neutralise

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What makes a spreadsheet calculate; the wide forms are taken for the narrow ones by some."""
LARGEST = 32 << 20
_FIX = "save it as CSV in UTF-8."


class Line(NamedTuple):
    """A row of a sheet, and `file:line`."""

    where: str
    cells: list[str]


@dataclass(frozen=True)
class Sheet:
    """A table that a teacher brings."""

    lines: tuple[Line, ...]
    """The head is the first one; lines without a cell are left out."""
    delimiter: str
    """A comma, or a semicolon, which spreadsheets write in countries with a decimal comma."""

    @property
    def head(self) -> list[str]:
        """Give the cells of the first line."""
        return self.lines[0].cells if self.lines else []

    @property
    def body(self) -> tuple[Line, ...]:
        """Give the lines below the head that say anything."""
        return tuple(line for line in self.lines[1:] if any(cell.strip() for cell in line.cells))


def read_sheet(path: Path, what: str) -> Sheet:
    """Read a CSV; raises UsageError, in which `what` names it, for what is none."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{what} cannot be read: {error.strerror or error}.", where=str(path),
                         fix="name a file that you can read.") from error
    if len(data) > LARGEST:
        raise UsageError(f"{what} has more than {LARGEST >> 20} MiB.", where=str(path),
                         fix="take out what is not needed.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} is not UTF-8 text.", where=str(path), fix=_FIX) from error
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        lines = tuple(Line(f"{path}:{rows.line_num}", cells) for cells in rows if cells)
    except csv.Error as error:
        raise UsageError(f"{what} is no CSV: {error}.", where=f"{path}:{rows.line_num}",
                         fix="look for a quotation mark that is not closed.") from error
    return Sheet(lines, delimiter)


def sheet(rows: Iterable[Sequence[str | int | float | None]]) -> str:
    """Write rows as CSV; numbers stay numbers, and what a spreadsheet would run gets a quote in front."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def cell(value: str | float | None) -> str | int | float:
    """Make one cell harmless."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    text = neutralise(value, multiline=True).replace("\n", " ")
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
