"""Find code that is more alike than usual in this class. A reason to talk, never a penalty.

copydetect makes the fingerprints: names, comments and layout do not count. What stands in the starter, and
what many students of the class have, is taken out first, so that only rare parts are compared.
"""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from grader.classroom.code import anonymous, code_of
from grader.classroom.collected import Collected
from grader.classroom.gradebook import Gradebook
from grader.classroom.report.records import Pair
from grader.course import Course, Exercise
from grader.errors import GraderError, UsageError
from grader.submission import Submission

TOKENS = 12
"""Characters of filtered code in a fingerprint."""
COMMON = 0.2
"""What more than this share of the class has is ordinary."""
FEWEST_COMMON = 3
FEWEST_RARE = 10
"""Rare fingerprints that two students must share to be named."""
LIKENESS = 0.6
"""Share of their rare fingerprints that two students must have in common."""
MOST_PAIRS = 50

Fingerprint = Callable[[str], frozenset[int]]


@dataclass(frozen=True)
class Prints:
    """The fingerprints of one student's code for one exercise."""

    team: str
    hashes: frozenset[int]


def similar_pairs(book: Gradebook, course: Course, collected: Collected) -> tuple[Pair, ...]:
    """Compare the newest submissions of all teams, exercise by exercise; most rare parts first."""
    fingerprint = fingerprints()
    trees = dict(_newest(book, collected))
    names = _names(book)
    found: list[Pair] = []
    for exercise in course.exercises.values():
        stub = fingerprint("\n".join(_stub(course, exercise)))
        prints = [Prints(team, fingerprint("\n".join(code_of(course, tree, exercise))) - stub)
                  for team, tree in trees.items()]
        found += pairs(exercise.id, [one for one in prints if one.hashes], names)
    return tuple(sorted(found, key=lambda pair: (-pair.rare, -pair.likeness))[:MOST_PAIRS])


def shared_ids(book: Gradebook, collected: Collected) -> tuple[tuple[str, ...], ...]:
    """Group the students whose own numbers come from the same id in `answers/me.toml`."""
    names = _names(book)
    teams: dict[str, list[str]] = {}
    for team, tree in _newest(book, collected):
        if tree.answers.student is not None:
            teams.setdefault(tree.answers.student, []).append(names.get(team, team))
    return tuple(tuple(group) for group in teams.values() if len(group) > 1)


def fingerprints() -> Fingerprint:
    """Give the function that makes fingerprints; say what to install where copydetect is missing."""
    try:
        from copydetect import CodeFingerprint
    except ImportError:
        raise UsageError("comparing code needs the package copydetect, which is not installed.",
                         fix="python -m pip install 'transformer-classroom[teacher]'") from None

    @cache
    def make(code: str) -> frozenset[int]:
        if len(code) < TOKENS:
            return frozenset()
        made = CodeFingerprint("function.py", TOKENS, 1, fp=io.StringIO(code), language="python")
        return frozenset(map(int, made.hashes))

    return make


def pairs(exercise: str, prints: Sequence[Prints], names: Mapping[str, str]) -> Iterator[Pair]:
    """Name the pairs that share more rare code than is usual in this class."""
    rare = _rare(prints)
    alike, sizes = _overlaps([one.hashes for one in prints])
    shared, own = _overlaps([one.hashes & rare for one in prints])
    usual = _median_likeness(alike, sizes)
    for first in range(len(prints)):
        for second in range(first + 1, len(prints)):
            common, smaller = shared[first, second], min(own[first], own[second])
            if common >= FEWEST_RARE and common >= LIKENESS * smaller:
                likeness = 2 * alike[first, second] / (sizes[first] + sizes[second])
                one, other = (names.get(prints[n].team, prints[n].team) for n in (first, second))
                yield Pair(exercise, one, other, float(likeness), usual, int(common))


def _rare(prints: Sequence[Prints]) -> frozenset[int]:
    """Keep what few of the class have."""
    counts = Counter(value for one in prints for value in one.hashes)
    most = max(FEWEST_COMMON, math.floor(COMMON * len(prints)))
    return frozenset(value for value, count in counts.items() if count <= most)


def _overlaps(sets: Sequence[Iterable[int]]) -> tuple[Any, Any]:
    """Count what every two sets have in common ([n, n]), and how much each has ([n])."""
    place: dict[int, int] = {}
    rows = [[place.setdefault(value, len(place)) for value in one] for one in sets]
    member = np.zeros((len(rows), max(1, len(place))), dtype=np.float32)
    for number, columns in enumerate(rows):
        member[number, columns] = 1
    return member @ member.T, member.sum(axis=1)


def _median_likeness(alike: Any, sizes: Any) -> float:
    count = len(sizes)
    if count < 2:  # noqa: PLR2004 - a pair
        return 0.0
    first, second = np.triu_indices(count, k=1)
    return float(np.median(2 * alike[first, second] / (sizes[first] + sizes[second])))


def _newest(book: Gradebook, collected: Collected) -> Iterator[tuple[str, Submission]]:
    """Read the newest submission of each team; one that cannot be read is left out."""
    teams = {student.team: student.team_name for student in book.students()}
    newest = {attempt.team: attempt for attempt in book.attempts()}
    for team, attempt in newest.items():
        try:
            yield teams.get(team, ""), collected.read(attempt)
        except GraderError:
            continue


def _names(book: Gradebook) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for student in book.students():
        found.setdefault(student.team_name, []).append(student.name or student.login)
    return {team: ", ".join(names) for team, names in found.items()}


def _stub(course: Course, exercise: Exercise) -> tuple[str, ...]:
    stub = course.lesson(exercise.lesson).folder / f"{exercise.module}.py"
    return anonymous(stub.read_text(encoding="utf-8"), exercise.function) if stub.is_file() else ()
