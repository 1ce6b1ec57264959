"""Exercism: `results.json` of a test runner, version 3."""

from __future__ import annotations

import json
from typing import Any

from grader.errors import UsageError
from grader.exchange.lines import ScoredLine, clip, scored_lines
from grader.result import Result

LONGEST_OUTPUT = 500
_LONGEST = 5_000
_ERRORS = ("error", "timeout")


def to_exercism(result: Result) -> str:
    """Write `results.json`. `task_id` counts the exercises; a question belongs to none."""
    lines = scored_lines(result)
    if not lines:
        raise UsageError("this result has no tests, and this format needs some.",
                         fix="choose other lessons, or another path.")
    tasks = {number: index for index, number in enumerate(dict.fromkeys(
        line.number for line in lines if line.function), start=1)}
    data = {
        "version": 3,
        "status": "pass" if all(line.status == "passed" for line in lines) else "fail",
        "message": None,
        "tests": [_test(line, tasks.get(line.number) if line.function else None) for line in lines],
    }
    return json.dumps(data, indent=2, allow_nan=False) + "\n"


def _test(line: ScoredLine, task: int | None) -> dict[str, Any]:
    passed = line.status == "passed"
    test: dict[str, Any] = {
        "name": clip(line.name, 200),
        "test_code": clip(line.sentence, _LONGEST),
        "status": "pass" if passed else "error" if line.status in _ERRORS else "fail",
        "message": None if passed else clip(f"{line.sentence}\n{line.detail}".rstrip(), _LONGEST),
        "output": clip(f"{line.score} of {line.points} points", LONGEST_OUTPUT),
    }
    return test if task is None else {**test, "task_id": task}
