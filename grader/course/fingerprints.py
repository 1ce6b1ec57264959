"""How a lesson's known mistakes answer its public tests: `fingerprints.json` in a student's copy.

`grader build` writes it, so that `grader check` can name a mistake without the teacher's files. It holds
no code: for each call that a public test makes, the form of what a wrong function answered and a few
rounded numbers of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.course.files import CourseFiles
from grader.course.model import Misconception
from grader.errors import CourseError

FILE = "fingerprints.json"
_ABOUT = ("Written by `grader build`. With it `grader check` knows a common mistake by what it answers "
          "to the public tests. It holds no code, and of each answer a few rounded numbers.")

Place = tuple[str, int]
"""A test with its parameters, and the number of the call in it, from 0."""


@dataclass(frozen=True)
class Sketch:
    """The form of a value, exactly, and a few rounded numbers of it."""

    form: str
    numbers: tuple[float, ...] = ()


@dataclass(frozen=True)
class SketchedCall:
    """One call of a wrong function: what it was given, and what it answered."""

    given: Sketch
    answer: Sketch


@dataclass(frozen=True)
class Fingerprint:
    """All that a known mistake does in the public tests of its exercise, call by call."""

    misconception: Misconception
    calls: Mapping[Place, SketchedCall]


def write_fingerprints(fingerprints: Sequence[Fingerprint]) -> str:
    """Write a lesson's file: each call that several mistakes answer alike stands in it once."""
    exercises = sorted({f.misconception.exercise for f in fingerprints}, key=_by_number)
    parts = [f"  {json.dumps(e)}: {_exercise([f for f in fingerprints if f.misconception.exercise == e])}"
             for e in exercises]
    return (f'{{\n "about": {json.dumps(_ABOUT)},\n "exercises": {{\n' + ",\n".join(parts) + "\n }\n}\n")


def _by_number(exercise: str) -> tuple[int, ...]:
    return tuple(map(int, exercise.split(".")))


def _exercise(fingerprints: Sequence[Fingerprint]) -> str:
    tests = sorted({test for f in fingerprints for test, _ in f.calls})
    rows = sorted({_row(tests, place, call) for f in fingerprints for place, call in f.calls.items()})
    position = {row: number for number, row in enumerate(rows)}
    mistakes = [
        json.dumps({"id": f.misconception.id, "title": f.misconception.title, "text": f.misconception.text,
                    "calls": sorted(position[_row(tests, *item)] for item in f.calls.items())},
                   ensure_ascii=False)
        for f in fingerprints
    ]
    lists = {"tests": map(json.dumps, tests), "calls": map(_line, rows), "mistakes": mistakes}
    return "{\n" + ",\n".join(f'   "{name}": [\n    ' + ",\n    ".join(lines) + "\n   ]"
                              for name, lines in lists.items()) + "\n  }"


_Row = tuple[int, int, str, tuple[float, ...], str, tuple[float, ...]]


def _row(tests: Sequence[str], place: Place, call: SketchedCall) -> _Row:
    return (tests.index(place[0]), place[1], call.given.form, call.given.numbers,
            call.answer.form, call.answer.numbers)


def _line(row: _Row) -> str:
    return json.dumps(row, separators=(",", ":"))


def read_fingerprints(root: Path, folder: Path) -> tuple[Fingerprint, ...]:
    """Read a lesson's file; there are none where it is missing. Raises CourseError if it is damaged."""
    path = folder / FILE
    if not path.is_file():
        return ()
    files = CourseFiles(root)
    text = files.text(path)
    try:
        return tuple(_fingerprints(json.loads(text)))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise CourseError("this file is damaged", where=files.name(path),
                          fix=f"Get it back with `git checkout -- {files.name(path)}`.") from None


def _fingerprints(data: Any) -> Iterator[Fingerprint]:
    for exercise, part in data["exercises"].items():
        tests = [_text(test) for test in part["tests"]]
        calls = [_call(tests, row) for row in part["calls"]]
        for mistake in part["mistakes"]:
            found = Misconception(id=_text(mistake["id"]), exercise=exercise, title=_text(mistake["title"]),
                                  loses=(), text=_text(mistake["text"]), line=0)
            yield Fingerprint(found, dict(calls[number] for number in mistake["calls"]))


def _call(tests: Sequence[str], row: Any) -> tuple[Place, SketchedCall]:
    test, number, given, given_numbers, answer, answer_numbers = row
    return (tests[test], int(number)), SketchedCall(
        Sketch(_text(given), tuple(map(float, given_numbers))),
        Sketch(_text(answer), tuple(map(float, answer_numbers))))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
