"""Odd bytes where files are read: notebooks, archives, rosters, lists, exports of Canvas."""

from __future__ import annotations

import csv
import io
import json
import math
import random
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from grader.classroom.code import anonymous
from grader.classroom.export import canvas
from grader.classroom.export.canvas import to_canvas
from grader.classroom.export.rows import Points, Row
from grader.classroom.listing import read_list
from grader.classroom.roster import Roster, read_roster
from grader.course import load_course
from grader.errors import SubmissionError, UsageError
from grader.result import dumps, loads
from grader.submission.archive import read_archive
from grader.submission.folder import NotReadable
from grader.submission.functions import function_text
from grader.submission.notebooks import parse_notebook
from grader.submission.source import NotText
from grader.tests import result_samples
from grader.tests.conftest import TOY
from grader.tests.fuzz import mutate
from grader.tests.notebook_samples import STILL_SOLVED, UNREADABLE, solved

SMALL = 1 << 14
"""A seed is at most so long: long ones are tried by tests of their own."""


def odd_bytes(seed: int, count: int, seeds: Sequence[bytes], *ways: mutate.Change) -> Iterator[bytes]:
    """Change seeds byte by byte, and in ways that their kind has."""
    rng = random.Random(seed)
    every = [*ways, *ways, mutate.flip, mutate.cut, mutate.splice(seeds), mutate.grow]
    for _ in range(count):
        yield mutate.mutants(rng, seeds, every)


# Notebooks

_CELLS: tuple[Any, ...] = (
    None,
    True,
    -1,
    1e308,
    "",
    "x",
    "def add(a, b):\n    return a\n",
    "%%bash\nls",
    "\ud800",
    "\0",
    "# %% cell 1",
    [],
    {},
    [[]],
    ["a", 1],
    {"cell_type": "code", "source": "x = 1"},
    {"cell_type": "code", "source": ["a", 2]},
    {"cell_type": ["code"]},
    {"kernelspec": {"language": 3}},
    "grader-exercise-1-1",
    "(" * 300,
    "\u202e::error::",
)


@cache
def notebook_seeds() -> list[bytes]:
    """Give the notebooks of the tests that are not too long."""
    seeds = []
    for name, change in STILL_SOLVED.items():
        if "megabytes" not in name:
            notebook = solved()
            change(notebook)
            seeds.append(json.dumps(notebook).encode())
    return [data for data in (*seeds, *(text for text, _ in UNREADABLE.values())) if 0 < len(data) < SMALL]


def notebooks(seed: int, count: int) -> Iterator[bytes]:
    """Make notebooks that something has spoilt."""
    return odd_bytes(seed, count, notebook_seeds(), mutate.json_tree(_CELLS))


def read_a_notebook(data: bytes) -> str:
    """Read one; what comes of it is text that a worker can be sent, and sentences that can be printed."""
    try:
        found = parse_notebook(data, "notebooks/01.ipynb")
    except (NotReadable, NotText) as error:
        _must(str(error).isprintable(), "a sentence that can be printed", str(error))
        return "refused"
    for cell in found.cells:
        _must("\r" not in cell.text, "no carriage return", cell.text)
        cell.text.encode()
    _must(all(text.isprintable() for text in found.warnings), "printable warnings", found.warnings)
    return "read"


# Archives


@cache
def archive_seeds() -> list[bytes]:
    """Give archives of submissions, plain and odd."""
    made = []
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        for front in ("", "repo-main/", "../", "/", "a/../", "C:\\", "__MACOSX/"):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", compression) as archive:
                archive.writestr(f"{front}toypkg/add.py", "def add(a, b):\n    return a + b\n" * 3)
                archive.writestr(f"{front}toypkg/add.py/inner", "x")
                archive.writestr(f"{front}answers/checkpoint_1.toml", '[order]\nanswer = "b"\n')
                archive.writestr(f"{front}answers/me.toml", 'id = "eve"\n')
                link = zipfile.ZipInfo(f"{front}toypkg/link.py")
                link.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(link, "/etc/passwd")
            made.append(out.getvalue())
    return made


def archives(seed: int, count: int) -> Iterator[bytes]:
    """Make archives that something has spoilt."""
    pieces = (
        b"PK\x01\x02",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"PK\x06\x07",
        b"\xff" * 4,
        b"\0" * 4,
        b"..",
        b"/",
    )
    return odd_bytes(seed, count, archive_seeds(), mutate.insert(pieces))


def read_an_archive(data: bytes) -> str:
    """Read one; what comes of it is modules as text, and problems that can be printed."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        file = Path(folder, "eve.zip")
        file.write_bytes(data)
        try:
            found = read_archive(file, "toypkg", id="eve")
        except SubmissionError as error:
            _must(str(error).replace("\n", "").isprintable(), "a printable sentence", str(error))
            return "refused"
        _must(
            sorted(p.name for p in Path(folder).iterdir()) == ["eve.zip"],
            "nothing unpacked",
            folder,
        )
    for problem in found.problems:
        _must(
            problem.file.isprintable() and problem.problem.isprintable(),
            "printable problems",
            problem,
        )
    return "read"


# Tables that teachers bring

_ROSTERS = (
    b"login,name,email,section,number,group,extension,extension 1\n"
    b'ada,"King, Ada",ada@example.org,A,1,,2026-12-01T10:00:00Z,\nbob,Bob,b@example.org,B,2,team,,\n',
    b"\xef\xbb\xbfLogin;Name\r\nada;Ada\r\n",
    b"login,name\n\n,,\neve,Eve\n",
)
_LISTS = (
    b"login,source,commit,collected\nada,subs/ada,,2026-12-01T10:00:00+01:00\n"
    b"bob,https://token@example.org/bob.git,0123abc,2026-12-01 10:00:00 UTC\n"
    b"eve,git@example.org:eve/x.git,,\n",
    b'student,repository\nada,"subs/a,b.zip"\n',
)
_CANVAS = (
    b"Student,ID,SIS User ID,SIS Login ID,Section,Lesson 1 (7),Current Score\n"
    b'    Points Possible,,,,,100,(read only)\n"King, Ada",1,1,ada,A,,\nBob,2,2,bob,B,3,\n',
    b"Student;ID;SIS Login ID;Section;Lesson 1 (7)\n    Points Possible;;;;10,5\nAda;1;ada;A;\n",
)
_PIECES = (
    b'"',
    b",",
    b";",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"=1+1",
    b"\xff",
    b"\xef\xbb\xbf",
    b"login",
    b"source",
    b"ID",
    b"nan",
    b"inf",
    b"1e999",
    b"-5",
    b"0001-01-01T00:00:00+14:00",
    b"9999-12-31T23:59:59-14:00",
    b"extension 1",
    b"::error::",
    b"\x1b[31m",
    b"../../etc",
    b"--upload-pack=x",
    b"ext::sh -c x",
    b"Points Possible",
    b"x" * 70_000,
)


@cache
def _toy_class() -> tuple[Any, tuple[Row, ...]]:
    course = load_course(TOY)
    points = {"total": Points(3, 10), "lesson 1": Points(3, 10)}
    rows = tuple(
        Row(
            login,
            login.title(),
            f"{login}@example.org",
            number,
            "A",
            login,
            True,
            "graded",
            "",
            points,
            {},
            1,
        )
        for login, number in (("ada", "1"), ("bob", "2"), ("=1+1", "3"))
    )
    return course, rows


def tables(seed: int, count: int) -> Iterator[bytes]:
    """Make CSV that something has spoilt; the first byte says what it is meant to be."""
    kinds = [
        bytes([number]) + text for number, texts in enumerate((_ROSTERS, _LISTS, _CANVAS)) for text in texts
    ]
    return odd_bytes(seed, count, kinds, mutate.insert(_PIECES))


def read_a_table(data: bytes) -> str:
    """Read a roster, a list or an export of Canvas: it is what it says, or refused with its place."""
    kind, course, rows = data[:1], *_toy_class()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        file = Path(folder, "table.csv")
        file.write_bytes(data[1:])
        try:
            if kind == b"\0":
                people = read_roster(file, ("1", "2")).people
                _must(
                    len({p.login.casefold() for p in people}) == len(people),
                    "each login once",
                    people,
                )
                return "roster read"
            if kind == b"\1":
                read_list(file, Roster())
                return "list read"
            filled = to_canvas(course, rows, file, {}).text
            before, delimiter = canvas._read(file)
        except UsageError as error:
            _must(bool(error.where) and bool(error.fix), "a place and a fix", str(error))
            return "refused"
    for old, new in zip(before, csv.reader(io.StringIO(filled), delimiter=delimiter), strict=True):
        for place, cell in enumerate(new[1:], start=1):
            if place >= len(old) or cell != old[place]:
                _must(cell == "" or math.isfinite(float(cell)), "a number", cell)
    return "Canvas filled"


# Results that a repository has made of itself


@cache
def result_seeds() -> list[bytes]:
    """Give two results, in the words of our own writer."""
    return [dumps(made).encode() for made in (result_samples.mixed(), result_samples.all_passed())]


def results(seed: int, count: int) -> Iterator[bytes]:
    """Make results that somebody has changed."""
    odd: tuple[Any, ...]
    odd = (None, True, -1, 10**30, 1.5, "", "passed", "\ud800", [], {}, [[]], {"score": 1}, "x" * 300)
    return odd_bytes(seed, count, result_seeds(), mutate.json_tree(odd))


def read_a_result(data: bytes) -> str:
    """Read one: it keeps every rule of the schema, or is refused with a sentence."""
    try:
        found = loads(data.decode("utf-8", "replace"))
    except UsageError as error:
        _must(str(error).replace("\n", "").isprintable(), "a printable sentence", str(error))
        return "refused"
    _must(loads(dumps(found)) == found, "the same when it is written and read", found)
    return "read"


# Code, which is looked at as text

_PYTHON = (
    b'def add(a, b):\n    """A text."""\n    x = f"{a!r:>{b}} {\'x\'}"  # a word\n'
    b"    return a + b\n",
    b"import numpy as np\n\n\nasync def add(a,\n  b):\n\treturn (a +\n b)\n"
    b"class X:\n    def add(self):\n        pass\n",
    b'@np.vectorize\ndef add(a, b=rb"\\x00", *c: int) -> """""":\n'
    b'    return a if b else [c for c in """\n"""]\n',
)


def modules(seed: int, count: int) -> Iterator[bytes]:
    """Make code that nobody wrote."""
    pieces = (
        b"(",
        b")",
        b'"""',
        b"'",
        b"\\\n",
        b"\n",
        b"\t",
        b"\f",
        b"{",
        b"f'{",
        b"def add(",
        b"0x",
        b"1_",
        b"\0",
        b"#",
        b"\xc2\xa0",
        b"\xe2\x80\xa8",
        b"    ",
        b"$",
        b"?",
        b"!",
        b"lambda",
        b"match",
        b"9" * 5000,
    )
    return odd_bytes(seed, count, _PYTHON, mutate.insert(pieces))


def read_a_module(data: bytes) -> str:
    """Cut a function out: a report shows its lines, without comments and the words of strings."""
    text = data.decode("utf-8", "replace")
    lines = anonymous(text, "add")
    function_text(text, "add")
    _must(all("\n" not in line and line in line.rstrip() for line in lines), "lines", lines)
    return "cut out" if lines else "nothing"


def _must(holds: object, what: str, seen: object) -> None:
    if not holds:
        raise AssertionError(f"not {what}: {str(seen)[:2000]!r}")
