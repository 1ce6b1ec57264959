"""The report as one self-contained HTML page: no network, no library; styles and script are in it.

Every text goes through Jinja2's autoescape, and before that through `neutralise`. The page's own policy
allows nothing but its own style and script, by their digests.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

from grader.classroom.report import forms
from grader.classroom.report.model import CAUTION, ClassReport
from grader.classroom.report.records import Cell, StudentRecord
from grader.errors import UsageError
from grader.render.text import neutralise

if TYPE_CHECKING:
    from jinja2 import Environment

PAGES = "pages"
PARTS = (
    ("teach", "What to teach tomorrow"), ("needs", "Students who need you"), ("map", "Class map"),
    ("gates", "Checkpoints"), ("items", "Difficulty and discrimination"), ("gap", "Public against hidden"),
    ("changes", "Overrides, late work, regrades"), ("alike", "Similarity"), ("exports", "Exports"),
    ("again", "How to make these numbers again"),
)
_CLASSES = {
    "part": "p", "failed": "f", "error": "e", "timeout": "t", "blocked": "b", "not_started": "n",
    "awaiting_review": "r", "none": "x",
}
_STATUSES = ("passed", "failed", "awaiting_review", "not_started")

Evidence = tuple[int, str, int, int, tuple[str, ...], str]
"""Exercise (its place), word, score, maximum, criteria lost, misconception."""


def environment() -> Environment:
    """Make the Jinja2 environment of the pages; say what to install where it is missing."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        fix = "python -m pip install 'transformer-classroom[teacher]', or --format markdown."
        raise UsageError("an HTML page needs the package Jinja2, which is not installed.", fix=fix) from None
    made = Environment(
        loader=PackageLoader("grader.classroom.report", PAGES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, finalize=_harmless,
    )
    made.globals.update(percent=forms.percent, number=forms.number, duration=forms.duration,
                        reading=forms.reading, words=forms.WORDS)
    return made


def render(report: ClassReport) -> str:
    """Write the page of a class."""
    from markupsafe import Markup

    made = environment()
    style, script = part("page.css"), part("page.js")
    evidence: dict[Evidence, int] = {}
    rows = "".join(_rows(report, evidence))
    parts: Any = made.get_template("parts.html").module
    return made.get_template("page.html").render(
        r=report, parts=PARTS, policy=policy(style, script), caution=CAUTION, statuses=_STATUSES,
        style=Markup(style), script=Markup(script), rows=Markup(rows),  # noqa: S704 - ours, or escaped there
        data=Markup(_data(report, evidence)),  # noqa: S704 - JSON without <, > and &
        key=_key(), passed=_passed(report),
        topic=parts.topic, needy=parts.needy, changes=parts.changes, chart=parts.chart,
    )


def part(name: str) -> str:
    """Read a style or a script of the pages."""
    return resources.files("grader.classroom.report").joinpath(PAGES, name).read_text(encoding="utf-8")


def policy(style: str, script: str = "") -> str:
    """Allow this style and this script, and nothing else: no request leaves the page."""
    scripts = f"; script-src {_digest(script)}" if script else ""
    return f"default-src 'none'; style-src {_digest(style)}{scripts}; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _harmless(value: object) -> object:
    """Show control and bidirectional characters of any text as escapes; what is markup already stays."""
    return neutralise(value, multiline=True) if type(value) is str else value


def _key() -> list[tuple[str, str]]:
    order = ("passed", "part", "failed", "error", "timeout", "blocked", "awaiting_review", "not_started")
    return [(forms.PART if word == "part" else forms.SYMBOLS[word], word) for word in order]


def _rows(report: ClassReport, evidence: dict[Evidence, int]) -> Iterator[str]:
    """Write a row for each student; equal evidence is kept once, so that a cell is a few bytes."""
    needy = {need.student for need in report.needs}
    places = {exercise.id: place for place, exercise in enumerate(report.exercises)}
    for student in report.students:
        name = html.escape(neutralise(student.name))
        need = " data-n" if student.id in needy else ""
        points = f"{student.score}/{student.max_score}" if student.graded else student.state
        cells = "".join(_cell(student, exercise, place, evidence) for exercise, place in places.items())
        yield f'<tr data-s="{student.share:.4f}"{need}><th scope=row>{name}<td>{points}{cells}\n'


def _cell(student: StudentRecord, exercise: str, place: int, evidence: dict[Evidence, int]) -> str:
    cell = student.cells.get(exercise)
    symbol, word = forms.look(cell)
    if word == "passed":
        return f"<td>{symbol}"
    found = _evidence(cell, place, word)
    number = evidence.setdefault(found, len(evidence))
    return f"<td class={_CLASSES[word]} data-e={number}>{symbol}"


def _evidence(cell: Cell | None, place: int, word: str) -> Evidence:
    if cell is None:
        return place, word, 0, 0, (), ""
    return place, word, cell.score, cell.max_score, cell.lost, cell.mistake


def _data(report: ClassReport, evidence: Mapping[Evidence, int]) -> str:
    """Write what the script shows for a cell; not even a `<` of it can end the script's element."""
    exercises = [
        (e.id, e.function, {c.id: (c.text, "public" if c.public else "hidden") for c in e.criteria},
         _most(report, e.id)) for e in report.exercises]
    data = {
        "evidence": list(evidence), "exercises": exercises, "words": forms.WORDS,
        "mistakes": {f"{t.exercise}/{t.misconception}": t.title for t in report.topics},
    }
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _most(report: ClassReport, exercise: str) -> int:
    return next((s.cells[exercise].max_score for s in report.students if exercise in s.cells), 0)


def _passed(report: ClassReport) -> list[str]:
    shares = []
    for exercise in report.exercises:
        cells = [s.cells[exercise.id] for s in report.students if exercise.id in s.cells]
        shares.append(forms.percent(sum(c.status == "passed" for c in cells) / len(cells)).replace(" ", ""))
    return shares
