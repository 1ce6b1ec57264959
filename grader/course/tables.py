"""Read TOML tables strictly, and know the line of every key (`tomllib` tells none)."""

from __future__ import annotations

import difflib
import json
import math
import re
import tomllib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from grader.errors import CourseError

_KEY = r"""(?:"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[\w-]+)"""
_DOTTED = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_STATEMENT = re.compile(rf"[ \t]*(?:(?P<open>\[\[?)[ \t]*(?P<header>{_DOTTED})|(?P<key>{_DOTTED})[ \t]*=)")
_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*|[\[{\]}\n]|[^"'#\[{\]}\n]+|.''',
    re.DOTALL,
)
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")

Place = tuple[str | int, ...]


def locate(text: str) -> dict[Place, int]:
    """Map each table and key of valid TOML to its line, as `("exercise", 0, "points") -> 12`."""
    lines: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    position, line = 0, 1
    while position < len(text):
        statement = _STATEMENT.match(text, position)
        if statement and statement["header"]:
            table = _open(counts, _parts(statement["header"]), array=statement["open"] == "[[")
            _note(lines, table, 0, line)
        elif statement:
            _note(lines, table + _parts(statement["key"]), len(table), line)
        end = _end_of_statement(text, statement.end() if statement else position)
        line += text.count("\n", position, end)
        position = end
    return lines


def _parts(dotted: str) -> Place:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, dotted))


def _open(counts: dict[Place, int], parts: Place, *, array: bool) -> Place:
    """Find the place a header opens: the newest item of each array of tables on the way."""
    place: Place = ()
    for part in parts[:-1]:
        place += (part,)
        if place in counts:
            place += (counts[place] - 1,)
    place += parts[-1:]
    if array:
        counts[place] = counts.get(place, 0) + 1
        place += (counts[place] - 1,)
    return place


def _note(lines: dict[Place, int], place: Place, above: int, line: int) -> None:
    for length in range(above + 1, len(place) + 1):
        lines.setdefault(place[:length], line)


def _end_of_statement(text: str, position: int) -> int:
    """Skip to behind the line end that is in no string and no bracket."""
    depth = 0
    for token in _TOKEN.finditer(text, position):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if token[0] == "\n" and depth <= 0:
            return token.end()
    return len(text)


class Table:
    """One table of a TOML file; every reader refuses what does not fit, with file and line."""

    def __init__(self, file: str, data: dict[str, Any], lines: dict[Place, int], place: Place = ()) -> None:
        self.file = file
        self._data = data
        self._lines = lines
        self._place = place

    @classmethod
    def parse(cls, file: str, text: str) -> Table:
        """Parse a whole file."""
        try:
            data = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            message = str(error)
            at = _AT_LINE.search(message)
            line = int(at[1]) if at else text.rstrip().count("\n") + 1
            raise CourseError(f"this is not TOML: {_AT_LINE.sub('', message)}", where=f"{file}:{line}",
                              fix="Correct the line; strings stand in quotes.") from None
        return cls(file, data, locate(text))

    def where(self, key: str | None = None, item: int | None = None) -> str:
        """Give `file:line` of a key, of one item of an array of tables, or of the table itself."""
        place = self._place if key is None else (*self._place, key)
        place = place if item is None else (*place, item)
        while place and place not in self._lines:
            place = place[:-1]
        return f"{self.file}:{self._lines.get(place, 1)}"

    def refuse(self, problem: str, fix: str, key: str | None = None) -> CourseError:
        """Make the error that says what is wrong with a key, and where."""
        return CourseError(problem, where=self.where(key), fix=fix)

    def without(self, *keys: str) -> bytes:
        """Write the table without some of its keys; the same content gives the same bytes."""
        kept = {key: value for key, value in self._data.items() if key not in keys}
        return json.dumps(kept, sort_keys=True, default=str).encode("utf-8", "surrogatepass")

    def only(self, *known: str) -> None:
        """Refuse a key that means nothing here."""
        for key in self._data:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                fix = f"Did you mean `{near[0]}`?" if near else f"Known keys here: {', '.join(known)}."
                raise self.refuse(f"unknown key `{key}`", fix, key)

    def text(self, key: str, default: str | None = None) -> str:
        """Read a string that is not empty (an empty one only as the default)."""
        value = self._data.get(key, default)
        self._present(key, value)
        if not isinstance(value, str) or (not value.strip() and key in self._data):
            raise self._wrong(key, "some text in quotes")
        return value

    def word(self, key: str, pattern: str, meaning: str, default: str | None = None) -> str:
        """Read a string of a fixed form."""
        value = self.text(key, default)
        if not re.fullmatch(pattern, value):
            raise self.refuse(f"`{key}` is {value!r}, which is not {meaning}", f"Write {meaning}.", key)
        return value

    def count(self, key: str, default: int | None = None) -> int:
        """Read a whole number above zero."""
        value = self._data.get(key, default)
        self._present(key, value)
        if type(value) is not int or value < 1:
            raise self._wrong(key, "a whole number above 0")
        return value

    def number(self, key: str) -> float:
        """Read a number above zero."""
        value = self._data.get(key)
        self._present(key, value)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
            raise self._wrong(key, "a number above 0")
        return float(value)

    def integers(self, key: str) -> tuple[int, ...]:
        """Read a list of whole numbers, at least one."""
        value = self._data.get(key)
        self._present(key, value)
        if not isinstance(value, list) or not value or any(type(item) is not int for item in value):
            raise self._wrong(key, "a list of whole numbers")
        return tuple(value)

    def counts(self, key: str) -> tuple[int, ...]:
        """Read a list of whole numbers above zero; it may be empty."""
        value = self._data.get(key)
        self._present(key, value)
        if not isinstance(value, list) or any(type(item) is not int or item < 1 for item in value):
            raise self._wrong(key, "a list of whole numbers above 0, like [2, 3]")
        return tuple(value)

    def flag(self, key: str) -> bool:
        """Read true or false; absent means false."""
        value = self._data.get(key, False)
        if type(value) is not bool:
            raise self._wrong(key, "true or false")
        return value

    def texts(self, key: str, default: Iterable[str] | None = None) -> tuple[str, ...]:
        """Read a list of different strings."""
        value = self._data.get(key, None if default is None else list(default))
        self._present(key, value)
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            raise self._wrong(key, "a list of texts in quotes")
        twice = next((item for item in value if value.count(item) > 1), None)
        if twice is not None:
            raise self.refuse(f"`{key}` names {twice!r} twice", "Name it once.", key)
        return tuple(value)

    def span(self, key: str) -> tuple[int, int]:
        """Read two whole numbers, the smaller first."""
        value = self._data.get(key)
        self._present(key, value)
        match value:
            case [int(low), int(high)] if 0 < low <= high and bool not in (type(low), type(high)):
                return low, high
        raise self._wrong(key, "two whole numbers, the smaller first, like [2, 3]")

    def tables(self, key: str) -> tuple[Table, ...]:
        """Read an array of tables; absent means none."""
        value = self._data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self._wrong(key, f"tables, each under its own [[{self._header(key)}]]")
        return tuple(
            Table(self.file, item, self._lines, (*self._place, key, number))
            for number, item in enumerate(value)
        )

    def table(self, key: str) -> Table | None:
        """Read a table; None where it is absent."""
        value = self._data.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self._wrong(key, f"a table, under [{self._header(key)}]")
        return Table(self.file, value, self._lines, (*self._place, key))

    def moment(self, key: str) -> datetime:
        """Read a time with its zone."""
        value = self._data.get(key)
        self._present(key, value)
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise self._wrong(key, "a time with its zone and no quotes, like 2026-12-01T23:59:00+01:00")
        return value

    def _header(self, key: str) -> str:
        return ".".join([*(part for part in self._place if isinstance(part, str)), key])

    def _present(self, key: str, value: object) -> None:
        if value is None:
            raise self.refuse(f"`{key}` is missing", f"Add `{key} = …` here.")

    def _wrong(self, key: str, wanted: str) -> CourseError:
        return self.refuse(f"`{key}` must be {wanted}", f"Write {wanted}.", key)
