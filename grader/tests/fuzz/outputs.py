"""Hostile texts in a class: its page, Markdown, CSV and screen keep the form of a harmless one."""

from __future__ import annotations

import csv
import io
import random
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from markdown_it import MarkdownIt

from grader.classroom.report.model import ClassReport, make_report
from grader.classroom.report.page import render
from grader.classroom.report.records import Change, Pair
from grader.classroom.report.table import to_csv
from grader.classroom.report.texts import on_paper, to_markdown
from grader.classroom.sheets import sheet
from grader.course import Course
from grader.tests.class_samples import cell, course, record, student

PIECES = (
    "<",
    ">",
    "&",
    '"',
    "'",
    "`",
    "=",
    "+",
    "-",
    "@",
    "|",
    "*",
    "_",
    "#",
    "[x](javascript:alert(1))",
    "![i](x)",
    "{{ 7*7 }}",
    "{% raw %}",
    "<script>",
    "</script>",
    "<!--",
    "-->",
    "]]>",
    "<img src=x onerror=alert(1)>",
    "&lt;",
    "&#60;",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\0",
    "\x1b[31m",
    "\x9b31m",
    "\u202e",
    "\u2028",
    "\u200d",
    "\ufeff",
    "\ud800",
    "＝",
    "::error::x",
    "##[error]x",
    "::",
    "https://example.org",
    "www.example.org",
    "a@example.org",
    "```",
    "~~~",
    "1. ",
    "> ",
    "    ",
    "\\",
    "|--|",
    ",",
    ";",
    "é",
    "文",
    "🙂",
    " ",
    "x",
    "word",
    "=HYPERLINK(1)",
    "\u3000",
    "\u00a0",
)
FORMULA = tuple("=+-@\t\r＝＋－＠")
UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff\ud800-\udfff]"
)
TEXTS = 12
"""So many texts of strangers are in the class below."""


def texts(seed: int, count: int) -> Iterator[tuple[str, ...]]:
    """Make the texts for so many classes."""
    rng = random.Random(seed)
    for _ in range(count):
        yield tuple(
            "".join(rng.choice(PIECES) for _ in range(rng.choice((1, 2, 3, 8))))
            for _ in range(TEXTS)
        )


@cache
def _course() -> Course:
    return course(Path(tempfile.mkdtemp(prefix="fuzz-")))


def report(words: tuple[str, ...]) -> ClassReport:
    """Make a class in which everything that a stranger can write is one of the words."""
    people = [
        replace(
            student("eve", cell("values", mistake="swaps_1_1")),
            id="eve",
            name=words[0],
            team=words[1],
            reason=words[2],
            remarks=(words[3],),
            late=words[4],
        ),
        replace(student("mal"), id="mal", name="Mal", state="rejected", reason=words[5]),
    ]
    change = Change("eve", "lesson 1", "1", "2", words[6], "2026-11-26T12:00:00Z", words[7], "eve")
    made = record(
        people,
        overrides=(change,),
        pairs=(Pair("1.1", words[8], words[9], 0.9, 0.2, 3),),
        code={("1.1", "swaps_1_1"): (words[10],)},
        ids=((words[11], "mal"),),
    )
    return make_report(_course(), made)


class _Form(HTMLParser):
    """The elements of a page with the names of their attributes, and all text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.shown: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count an element."""
        self.elements[tag, tuple(sorted(name for name, _ in attrs))] += 1
        self.shown += [value or "" for _, value in attrs]
        self.addresses += [
            value or "" for name, value in attrs if name in ("href", "src", "action")
        ]

    def handle_data(self, data: str) -> None:
        """Keep what is read."""
        self.shown.append(data)


def _html(text: str) -> _Form:
    form = _Form()
    form.feed(text)
    form.close()
    return form


def _markdown(text: str) -> Counter[str]:
    """Count the kinds of tokens, less those that only join or break text."""
    parser = MarkdownIt("commonmark").enable("table")
    tokens = [inner for token in parser.parse(text) for inner in (token, *(token.children or ()))]
    return Counter(
        t.type for t in tokens if t.type not in ("text", "text_special", "softbreak", "inline")
    )


@cache
def _harmless() -> tuple[_Form, Counter[str], list[int]]:
    made = report(tuple(f"word{number}" for number in range(TEXTS)))
    return (
        _html(render(made)),
        _markdown(to_markdown(made)),
        [len(row) for row in _rows(to_csv(made))],
    )


def _rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def look_at(words: tuple[str, ...]) -> str:
    """Write a class in every form; raises AssertionError where a word is more than a word."""
    made, (page, tokens, widths) = report(words), _harmless()
    text = render(made)
    form = _html(text)
    _equal(form.elements, page.elements, "elements of the page")
    _equal(form.addresses, page.addresses, "addresses in the page")
    _equal(UNSEEN.findall(text.replace("\n", "")), [], "unseen characters of the page")
    markdown = to_markdown(made)
    _equal(_markdown(markdown), tokens, "parts of the Markdown")
    table = to_csv(made)
    _equal([len(row) for row in _rows(table)], widths, "cells of the table")
    for name, said in (("Markdown", markdown), ("table", table), ("screen", on_paper(made))):
        _equal(UNSEEN.findall(said), [], f"unseen characters of the {name}")
        _equal(re.findall(r"(?m)^\s*::|##\[", said), [], f"commands in the {name}")
    rows = _rows(sheet([words, words]))
    _equal([len(row) for row in rows], [TEXTS, TEXTS], "cells of a sheet")
    for row in (*rows, *_rows(table)):
        _equal([value for value in row if value.lstrip().startswith(FORMULA)], [], "formulas")
    return "harmless"


def _equal(found: object, expected: object, what: str) -> None:
    if found != expected:
        raise AssertionError(f"other {what}: {found!r}, not {expected!r}")
