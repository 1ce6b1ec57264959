"""Read the questions of a checkpoint: `assignments/checkpoints/N.toml`. Their keys are in another file."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from pathlib import Path

from grader.course.files import CourseFiles
from grader.course.model import DrawnNumbers, Question, QuestionKind
from grader.course.tables import Table

FOLDER = "checkpoints"
KEYS_FILE = "keys.py"
REVIEWS_FILE = "reviews.toml"
CHECKPOINT_POINTS = 20
LETTERS = "abcdefgh"
LEVELS = 3
_ID = r"[a-z0-9]+(-[a-z0-9]+)*"
_NAME = r"[a-z][a-z0-9_]*"
_PLACE = re.compile(r"\{([^{}]*)\}")

Numbers = int | list["Numbers"]
"""Whole numbers, nested as deep as the shape says."""


def questions_file(assignments: Path, checkpoint: str) -> Path:
    """Locate the questions of a checkpoint."""
    return assignments / FOLDER / f"{checkpoint}.toml"


def read_questions(files: CourseFiles, checkpoint: str) -> tuple[Question, ...]:
    """Read and check the questions of one checkpoint; no file means no questions."""
    path = questions_file(files.root / "assignments", checkpoint)
    if not path.is_file():
        return ()
    table = Table.parse(files.name(path), files.text(path))
    table.only("question")
    rows = table.tables("question")
    questions = [_question(row, files) for row in rows]
    for number, (row, question) in enumerate(zip(rows, questions, strict=True)):
        if question.id in [earlier.id for earlier in questions[:number]]:
            raise row.refuse(f"a second question {question.id!r}", "Give each question its own `id`.", "id")
    points = sum(question.points for question in questions)
    if points != CHECKPOINT_POINTS:
        raise table.refuse(f"the points of these questions sum to {points}, not {CHECKPOINT_POINTS}",
                           f"Change them by {CHECKPOINT_POINTS - points:+d} in all.")
    return tuple(questions)


def _question(row: Table, files: CourseFiles) -> Question:
    kinds: dict[str, QuestionKind] = {
        "compute": "compute", "choose": "choose", "order": "order", "explain": "explain", "draw": "draw"}
    kind = kinds[row.word("kind", "|".join(kinds), f"one of {', '.join(kinds)}")]
    only = {"compute": ("fields", "number", "tolerance"), "choose": ("options", "several"),
            "order": ("options",), "explain": ("levels",), "draw": ("levels",)}[kind]
    row.only("id", "kind", "points", "text", "read", *only)
    question = Question(
        id=row.word("id", _ID, "small words joined by hyphens"), kind=kind, points=row.count("points"),
        text=row.text("text").strip(), read=row.text("read", ""),
        fields=row.texts("fields") if kind == "compute" else (),
        numbers=tuple(_drawn(number) for number in row.tables("number")) if kind == "compute" else (),
        tolerance=row.number("tolerance") if kind == "compute" else 0.0,
        options=_options(row) if kind in ("choose", "order") else (),
        several=row.flag("several") if kind == "choose" else False,
        levels=_levels(row) if kind in ("explain", "draw") else (),
    )
    _check_text(row, question)
    _check_read(row, question, files)
    return question


def _drawn(row: Table) -> DrawnNumbers:
    row.only("name", "shape", "choices")
    return DrawnNumbers(row.word("name", _NAME, "a small word"), row.counts("shape"), row.integers("choices"))


def _options(row: Table) -> tuple[str, ...]:
    options = row.texts("options")
    if len(options) not in range(2, len(LETTERS) + 1):
        raise row.refuse(f"{len(options)} options", f"Write 2 to {len(LETTERS)} of them.", "options")
    return options


def _levels(row: Table) -> tuple[str, ...]:
    levels = row.texts("levels")
    if len(levels) != LEVELS:
        raise row.refuse(f"{len(levels)} levels", f"Write {LEVELS}: for no, half, all of the points.",
                         "levels")
    return levels


def _check_text(row: Table, question: Question) -> None:
    """Refuse a text that asks for numbers that are not drawn, and numbers that it does not show."""
    shown = set(_PLACE.findall(question.text)) if question.kind == "compute" else set()
    drawn = {number.name for number in question.numbers}
    if shown != drawn:
        wrong = ", ".join(sorted(shown ^ drawn))
        raise row.refuse(f"the text and the numbers of {question.id!r} do not fit: {wrong}",
                         "Write {name} in the text for each [[question.number]], no other braces.", "text")
    if question.kind == "compute" and not all(re.fullmatch(_NAME, field) for field in question.fields):
        raise row.refuse("a field is not a small word", "Name each number to be worked out.", "fields")


def _check_read(row: Table, question: Question, files: CourseFiles) -> None:
    if not question.read:
        return
    name, _, anchor = question.read.partition("#")
    page = files.root / "assignments" / name
    if not re.fullmatch(r"\w+/[\w-]+\.md", name) or not page.is_file():
        raise row.refuse(f"`read` names {name}, which is not there",
                         "Write it as 01_folder/README.md#heading.", "read")
    if anchor not in files.anchors(page):
        raise row.refuse(f"{name} has no heading for #{anchor}", "Correct the anchor.", "read")


def numbers_for(course: str, checkpoint: str, question: Question, student: str) -> dict[str, Numbers]:
    """Draw a student's own numbers; the same id always gives the same ones."""
    def draw(drawn: DrawnNumbers) -> Numbers:
        key = f"{course}\0{checkpoint}\0{question.id}\0{drawn.name}\0{student}"
        picks = [_pick(drawn.choices, f"{key}\0{place}") for place in range(math.prod(drawn.shape))]
        return _nested(drawn.shape, picks)

    return {drawn.name: draw(drawn) for drawn in question.numbers}


def _pick(choices: tuple[int, ...], key: str) -> int:
    return choices[int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % len(choices)]


def _nested(shape: tuple[int, ...], flat: list[int]) -> Numbers:
    if len(shape) <= 1:
        return list(flat) if shape else flat[0]
    step = math.prod(shape[1:])
    return [_nested(shape[1:], flat[i * step:(i + 1) * step]) for i in range(shape[0])]


def text_with(question: Question, numbers: Mapping[str, Numbers] | None) -> str:
    """Put the numbers into a question's text; without them, their names stand there."""
    shown = numbers or {}
    return _PLACE.sub(lambda place: str(shown.get(place[1], f"({place[1]})")), question.text)
