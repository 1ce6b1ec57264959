"""Read the quiz about what a course expects: `assignments/prerequisites.toml`.

It is for the student alone, so its answers stand in it, and a damaged one stops nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader.course.checkpoints import LETTERS
from grader.course.files import CourseFiles
from grader.course.tables import Table

FILE = "prerequisites.toml"


@dataclass(frozen=True)
class QuizQuestion:
    """One question with options, one of them right."""

    title: str
    text: str
    options: tuple[str, ...]
    answer: str
    """The letter of the right option: a, b, c …"""
    why: str
    refresh: str
    """What to do when the answer did not come."""


@dataclass(frozen=True)
class Quiz:
    """The questions, and how long they take."""

    minutes: int
    questions: tuple[QuizQuestion, ...]


def read_quiz(root: Path) -> Quiz | None:
    """Read and check the quiz of a course; no file means no quiz."""
    files = CourseFiles(root)
    path = root / "assignments" / FILE
    if not path.is_file():
        return None
    table = Table.parse(files.name(path), files.text(path))
    table.only("minutes", "question")
    rows = table.tables("question")
    if not rows:
        raise table.refuse("no question", "Add a [[question]].")
    return Quiz(table.count("minutes"), tuple(_question(row) for row in rows))


def _question(row: Table) -> QuizQuestion:
    row.only("title", "text", "options", "answer", "why", "refresh")
    options = row.texts("options")
    if len(options) not in range(2, len(LETTERS) + 1):
        raise row.refuse(f"{len(options)} options", f"Write 2 to {len(LETTERS)} of them.", "options")
    letters = LETTERS[: len(options)]
    return QuizQuestion(
        title=row.text("title"), text=row.text("text").strip(), options=options,
        answer=row.word("answer", f"[{letters}]", f"one of the letters {', '.join(letters)}"),
        why=row.text("why"), refresh=row.text("refresh"),
    )
