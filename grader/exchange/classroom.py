"""The result protocol of GitHub Classroom, as `autograding-grading-reporter` reads it.

The reporter shows two numbers: a notice with the sum of the tests' scores, and a table with the share of
passed tests times `max_score`. They agree for every possible score only if each test weighs the same, and
any score of so many points can occur; so each point becomes a test of weight one. The first test of a lost
criterion carries its text.

The protocol hands one payload over in an environment variable, which fails near 131 kB. A course that does
not fit is cut between lessons into `result`, `result2`, …: several runners of the reporter.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from grader.errors import UsageError
from grader.exchange.lines import WRONG, ScoredLine, clip, scored_lines
from grader.result import Result

LARGEST = 96_000
"""Characters of one payload in base64."""

_TEXTS = (600, 300, 150, 80, 0)
"""How long a text may be: the first of these with which the payload fits."""
_FOR_TEXTS = 12_000
"""Characters that are kept for texts when payloads are cut."""


def classroom_payloads(result: Result) -> tuple[dict[str, Any], ...]:
    """Give the payloads, one for each runner; raises UsageError where there are no points to report."""
    if not result.max_score:
        problem = "this result has no points, and the protocol needs some."
        raise UsageError(problem, fix="choose other lessons, or another path.")
    status = "pass" if result.passed else "fail"
    return tuple(_payload(lines, status) for lines in _packed(scored_lines(result)))


def to_classroom(result: Result) -> str:
    """Give the lines for `$GITHUB_OUTPUT`: a payload each, and `runners`, which names them."""
    payloads = classroom_payloads(result)
    names = ["result", *(f"result{number}" for number in range(2, len(payloads) + 1))]
    lines = [f"{name}={_encoded(payload)}" for name, payload in zip(names, payloads, strict=True)]
    return "\n".join([*lines, f"runners={','.join(names)}"]) + "\n"


def _packed(lines: Sequence[ScoredLine]) -> Iterator[list[ScoredLine]]:
    """Put lessons and checkpoints together, in their order, as long as they fit."""
    pack: list[ScoredLine] = []
    for group, members in groupby((line for line in lines if line.points), key=lambda line: line.group):
        part = list(members)
        if not _fits(part):
            raise UsageError(f"{group} has too many points for this protocol.", fix="use another --format.")
        if pack and not _fits([*pack, *part]):
            yield pack
            pack = []
        pack += part
    yield pack


def _fits(lines: Sequence[ScoredLine]) -> bool:
    return len(_encoded(_payload_of(lines, "fail", 0))) <= LARGEST - _FOR_TEXTS


def _payload(lines: Sequence[ScoredLine], status: str) -> dict[str, Any]:
    made = (_payload_of(lines, status, limit) for limit in _TEXTS)
    return next(payload for payload in made if len(_encoded(payload)) < LARGEST)


def _payload_of(lines: Sequence[ScoredLine], status: str, limit: int) -> dict[str, Any]:
    return {
        "version": 1,
        "status": status,
        "max_score": sum(line.points for line in lines),
        "tests": [test for line in lines for test in _tests(line, limit)],
    }


def _tests(line: ScoredLine, limit: int) -> Iterator[dict[str, Any]]:
    """Write a test a point. The reporter shows `test_code` of a failed one, and never its `message`."""
    for point in range(line.points):
        told = point == line.score and line.status in WRONG
        count = f" ({point + 1} of {line.points})" if line.points > 1 else ""
        yield {
            "name": clip(f"{line.number} {line.part}", 80) + count,
            "status": "pass" if point < line.score else "fail",
            "score": 1 if point < line.score else 0,
            "message": clip(line.sentence, limit) if told else "",
            "test_code": clip(f"{line.sentence}\n{line.detail}".rstrip(), limit) if told else "",
            "filename": clip(line.file, 100) if told else "",
            "line_no": line.line if told else 0,
            "duration": 0,
        }


def _encoded(payload: dict[str, Any]) -> str:
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(text.encode()).decode("ascii")
