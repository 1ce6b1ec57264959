"""Read a student's answers to the questions of the checkpoints: small TOML files, never trusted.

`answers/me.toml` holds the id that the student's own numbers are drawn from, `answers/checkpoint_1.toml`
one table for each question, and a picture beside them is what a `draw` question may name.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.submission.folder import Folder, NotReadable
from grader.submission.source import NotText, source_text

FOLDER = "answers"
ME = "me.toml"
ANSWER_BYTES = 64 * 1024
DRAWING_BYTES = 4 << 20
DRAWINGS = (".png", ".jpg", ".jpeg", ".svg", ".pdf")
NAMES = 100
KEY_PARTS = 4
"""A dotted key of thousands of parts would take the parser minutes."""
ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_FILE = re.compile(r"checkpoint_([a-z0-9-]{1,40})\.toml")
_DEEP = re.compile(r"[\[{][\s\[{]*")
_DOTTED = re.compile(rf"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){{{KEY_PARTS},}}+")
"""Begins where a name begins, and gives nothing back: the time it takes grows with the text and no faster."""
DEPTH = 8

Answer = Mapping[str, Any]
"""What stands in one question's table: texts, numbers, lists of them."""


@dataclass(frozen=True)
class Answers:
    """All answers of a student."""

    student: str | None = None
    """The id in `answers/me.toml`, which the student's own numbers are drawn from."""
    given: Mapping[str, Mapping[str, Answer]] = field(default_factory=dict)
    """Checkpoint -> question -> answer."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """File below `answers/` -> what is wrong with it, and what to do."""
    drawings: Mapping[str, str] = field(default_factory=dict)
    """File below `answers/` -> sha256 of its bytes."""
    digest: str = ""
    """sha256 over everything that was read."""


def read_answers(root: Folder) -> Answers:
    """Read the folder `answers/` of a submission; a bad file only costs itself."""
    if root.kind(FOLDER) != "folder":
        return Answers()
    reading = _Reading()
    try:
        with root.folder(FOLDER) as folder:
            for name in folder.names(NAMES):
                reading.read(folder, name)
    except NotReadable as error:
        reading.problems["."] = f"The folder {FOLDER}/ {error}."
    return Answers(reading.student, reading.given, reading.problems, reading.drawings,
                   reading.total.hexdigest() if reading.seen else "")


@dataclass
class _Reading:
    student: str | None = None
    given: dict[str, Mapping[str, Answer]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    drawings: dict[str, str] = field(default_factory=dict)
    total: Any = field(default_factory=hashlib.sha256)
    seen: bool = False

    def read(self, folder: Folder, name: str) -> None:
        """Read one file, if it is one of those that count."""
        checkpoint = _FILE.fullmatch(name)
        drawing = name.lower().endswith(DRAWINGS)
        if not (checkpoint or drawing or name == ME):
            return
        try:
            data = folder.read(name, DRAWING_BYTES if drawing else ANSWER_BYTES)
            self._count(name, data)
            if drawing:
                self.drawings[name] = hashlib.sha256(data).hexdigest()
            elif checkpoint:
                self.given[checkpoint[1]] = _tables(parse_answers(source_text(data)))
            else:
                self.student = _student(parse_answers(source_text(data)))
        except (NotReadable, NotText, ValueError) as error:
            self.problems[name] = str(error)

    def _count(self, name: str, data: bytes) -> None:
        self.seen = True
        self.total.update(f"{len(name.encode())}:{name}:{len(data)}:".encode() + data)


def parse_answers(text: str) -> dict[str, Any]:
    """Parse TOML that a stranger wrote; raises ValueError with a sentence for the student.

    What would make the parser slow or deep is refused before it sees it.
    """
    outside = _without_texts(text)
    if any(len(re.sub(r"\s", "", run[0])) > DEPTH for run in _DEEP.finditer(outside)):
        raise ValueError("has brackets within brackets within brackets. Write plain lists of numbers.")
    if _DOTTED.search(outside):
        raise ValueError("has a name with many dots. Write each answer under its own [question].")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"is not TOML: {str(error)[:200]}. Texts stand in quotes, lists in [brackets].") from None


_TEXTS = re.compile(
    r'''"""(?:\\.|[^\\])*?(?:"{3,5}|\\?\Z)|\'\'\'.*?(?:'{3,5}|\Z)|"(?:\\.|[^"\\\n])*+"?|'[^'\n]*+'?|#[^\n]*+''',
    re.DOTALL)
"""A text without an end reaches to the end of its line or of the file, so no place is looked at twice."""


def _without_texts(text: str) -> str:
    return _TEXTS.sub('""', text)


def _tables(parsed: dict[str, Any]) -> dict[str, Answer]:
    loose = next((key for key, value in parsed.items() if not isinstance(value, dict)), None)
    if loose is not None:
        raise ValueError(f"has {loose[:40]!r} outside of any question. Write it below its [question].")
    return parsed


def _student(parsed: dict[str, Any]) -> str:
    student = parsed.get("id")
    if not isinstance(student, str) or not ID.fullmatch(student):
        raise ValueError('has no usable id. Write id = "…" with up to 64 letters and digits.')
    return student
