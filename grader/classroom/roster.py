"""Read `roster.csv`: who is in the class, who hands in together, who has more time.

Columns, in any order: `login` (or `github_username`), and if you like `name`, `email`, `section`, `number`
(or `identifier`), `group`, `extension` (a time for every lesson) and `extension 2` (for lesson 2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from grader.classroom import ledger
from grader.classroom.gradebook import Gradebook
from grader.classroom.sheets import read_sheet
from grader.errors import UsageError

FILE = "roster.csv"
_ALIASES = {"github_username": "login", "username": "login", "identifier": "number",
            "roster_identifier": "number", "sis_id": "number", "team": "group", "group_name": "group"}
_KNOWN = ("login", "name", "email", "section", "number", "group")
_EXTENSION = re.compile(r"extension(?:[ _](\S+))?")


@dataclass(frozen=True)
class Person:
    """One line of the roster."""

    login: str
    name: str = ""
    email: str = ""
    section: str = ""
    number: str = ""
    group: str = ""
    extensions: Mapping[str, str] = field(default_factory=dict)
    """Lesson ("" for all) -> time, UTC."""

    @property
    def team(self) -> str:
        """Name the team that this person hands in with."""
        return self.group or self.login


@dataclass(frozen=True)
class Roster:
    """The class, by what a submission may be named after."""

    people: tuple[Person, ...] = ()

    def team_of(self, word: str) -> str | None:
        """Find the team of a login, a group, an e-mail address, a number or a whole name; None if unknown."""
        wanted = word.casefold()
        for key in ("login", "group", "email", "number", "name"):
            teams = {p.team for p in self.people if getattr(p, key) and getattr(p, key).casefold() == wanted}
            if len(teams) == 1:
                return teams.pop()
        return None

    def names(self) -> frozenset[str]:
        """Give the logins and groups."""
        return frozenset(name for p in self.people for name in (p.login, p.group) if name)


def read_roster(path: Path, lessons: Iterable[str]) -> Roster:
    """Read a roster; raises UsageError with file and line for what cannot be meant."""
    table = read_sheet(path, "the roster")
    columns = _columns(path, table.head, tuple(lessons))
    people: dict[str, Person] = {}
    for where, cells in table.body:
        person = _person(where, dict(zip(columns, cells, strict=False)))
        if person.login.casefold() in people:
            raise UsageError(f"the login {person.login!r} stands here twice.", where=where,
                             fix="keep one of the lines.")
        people[person.login.casefold()] = person
    return Roster(tuple(people.values()))


def _columns(path: Path, header: list[str], lessons: tuple[str, ...]) -> list[str]:
    names = [_ALIASES.get(name, name) for name in (cell.strip().lower() for cell in header)]
    if "login" not in names:
        raise UsageError("the roster has no column login.", where=f"{path}:1",
                         fix="write a first line such as: login,name,email,section,group")
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice:
        raise UsageError(f"the roster has two columns for {twice}.", where=f"{path}:1", fix="keep one.")
    for name in names:
        extension = _EXTENSION.fullmatch(name)
        if extension and extension[1] and extension[1] not in lessons:
            raise UsageError(f"{name!r}: there is no lesson {extension[1]}.", where=f"{path}:1",
                             fix=f"the lessons are: {', '.join(lessons)}.")
    return names


def _person(where: str, cells: Mapping[str, str]) -> Person:
    plain = {name: cells.get(name, "").strip() for name in _KNOWN}
    if not plain["login"]:
        raise UsageError("this line has no login.", where=where, fix="write one, or take the line out.")
    extensions = {}
    for name, cell in cells.items():
        column = _EXTENSION.fullmatch(name)
        if column and cell.strip():
            extensions[column[1] or ""] = moment(cell.strip(), where)
    return Person(**plain, extensions=extensions)


def moment(text: str, where: str) -> str:
    """Turn a time with its zone into UTC, as the gradebook writes it."""
    time = in_utc(text.strip())
    if time is None:
        raise UsageError(f"{text!r} is no time with a time zone.", where=where,
                         fix="write it like 2026-12-01T23:59:00+01:00, or with Z for UTC.")
    return time


def in_utc(text: str) -> str | None:
    """Read a time with its zone, and write it in UTC; None for what is none, or outside of the calendar."""
    try:
        time = datetime.fromisoformat(text)
        utc = time.astimezone(UTC) if time.tzinfo else None
    except (ValueError, OverflowError):
        return None
    return utc.isoformat(timespec="seconds").replace("+00:00", "Z") if utc else None


def enrol(book: Gradebook, roster: Roster) -> None:
    """Bring the students of a gradebook up to date with the roster; nobody is ever taken out."""
    with book.writing() as connection:
        connection.execute("DELETE FROM extension")
        for person in roster.people:
            student = ledger.enrol(connection, person.login, person.team,
                                   (person.name, person.email, person.section, person.number), enrolled=True)
            connection.executemany("INSERT INTO extension VALUES (?,?,?)",
                                   [(student, *item) for item in person.extensions.items()])
