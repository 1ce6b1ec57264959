"""Classroom 50: `result.json` (classroom50/result/v1) and `release-body.md`.

Who and what it is about comes from the variables that its runner sets. Outside of a runner, the result
itself says what can be said.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from grader.exchange.commands import step_summary
from grader.exchange.lines import SETTLED, ScoredLine, clip, scored_lines
from grader.render.text import neutralise
from grader.result import Result

SCHEMA = "classroom50/result/v1"
MOST_TESTS = 100
LONGEST_NAME = 100
"""Bytes of a test's name, in UTF-8."""
_LONGEST_BODY = 100_000
_GRAINS: tuple[Callable[[ScoredLine], str], ...] = (
    lambda line: line.name,
    lambda line: f"{line.number} {line.function}" if line.function else line.name,
    lambda line: line.group,
    lambda line: "the whole course",
)


def to_classroom50(result: Result, environment: Mapping[str, str] = os.environ) -> str:
    """Write `result.json`."""
    commit = environment.get("COMMIT_URL") or result.submission.commit or "unknown"
    data = {
        "schema": SCHEMA,
        "classroom": environment.get("CLASSROOM") or "unknown",
        "assignment": environment.get("ASSIGNMENT") or result.course.id,
        "assignment_type": _one_of(environment.get("ASSIGNMENT_TYPE"), ("individual", "group", "team")),
        "owner": environment.get("OWNER") or environment.get("USERNAME") or _login(result),
        "submission": _tag(result, environment),
        "commit": commit,
        "release": environment.get("RELEASE_URL") or commit,
        "review": environment.get("REVIEW_URL") or commit,
        "datetime": result.graded_at,
        "graded_at": result.graded_at,
        "score": result.score,
        "max-score": result.max_score,
        "tests": _tests(result),
    }
    return json.dumps(data, indent=2, allow_nan=False) + "\n"


def release_body(result: Result) -> str:
    """Write `release-body.md`: the whole feedback, cut where it would be too long for a release."""
    return step_summary(result, limit=_LONGEST_BODY)


def _one_of(word: str | None, known: tuple[str, ...]) -> str:
    return word if word in known else known[0]


def _login(result: Result) -> str:
    return neutralise(result.submission.id) or "unknown"


def _tag(result: Result, environment: Mapping[str, str]) -> str:
    tag = environment.get("SUBMISSION_TAG", "")
    moment = result.graded_at.replace(":", "-")
    return tag if tag.startswith("submit/") else f"submit/{moment}"


def _tests(result: Result) -> list[dict[str, Any]]:
    """Give the finest grain with at most a hundred tests: criteria, exercises, lessons, or all in one."""
    lines = [line for line in scored_lines(result) if line.points]
    for grain in _GRAINS:
        grouped: dict[str, list[ScoredLine]] = {}
        for line in lines:
            grouped.setdefault(grain(line), []).append(line)
        if len(grouped) <= MOST_TESTS:
            break
    unique = _unique(grouped)
    return [_test(short, members) for short, members in zip(unique, grouped.values(), strict=True)]


def _test(name: str, lines: list[ScoredLine]) -> dict[str, Any]:
    lost = [line for line in lines if line.status not in SETTLED]
    return {
        "test-name": name,
        "passed": all(line.score == line.points for line in lines),
        "score": sum(line.score for line in lines),
        "max-score": sum(line.points for line in lines),
        "output": clip("\n".join(f"{line.part}: {line.sentence}" for line in lost), 2000),
    }


def _unique(names: Iterable[str]) -> list[str]:
    """Cut names to their limit; where two become the same, number them."""
    made: list[str] = []
    for name in names:
        short, number = _cut(name, ""), 1
        while short in made:
            number += 1
            short = _cut(name, f" ({number})")
        made.append(short)
    return made


def _cut(name: str, ending: str) -> str:
    data = neutralise(name).encode("utf-8", "backslashreplace")[: LONGEST_NAME - len(ending)]
    return data.decode("utf-8", "ignore") + ending
