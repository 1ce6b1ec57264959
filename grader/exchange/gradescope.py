"""Gradescope: `results.json` of an autograder."""

from __future__ import annotations

import json
from typing import Any

from grader.exchange.lines import WORDS, ScoredLine, clip, scored_lines
from grader.result import Result

_LONGEST = 10_000


def to_gradescope(result: Result) -> str:
    """Write `results.json`: a test for each criterion and question. Its scores sum to the score."""
    seconds = sum(exercise.seconds for lesson in result.lessons for exercise in lesson.exercises)
    data = {
        "score": result.score,
        "execution_time": round(seconds, 3),
        "output": f"{result.score} of {result.max_score} points ({result.trust})",
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [_test(line) for line in scored_lines(result)],
        "extra_data": {
            "trust": result.trust,
            "isolation": result.isolation.level,
            "course": f"{result.course.id} {result.course.version}",
            "submission": result.submission.digest,
            "commit": result.submission.commit or "",
        },
    }
    return json.dumps(data, indent=2, allow_nan=False) + "\n"


def _test(line: ScoredLine) -> dict[str, Any]:
    return {
        "score": line.score,
        "max_score": line.points,
        "status": "passed" if line.score == line.points else "failed",
        "name": clip(line.name, 200),
        "number": line.number,
        "output": clip(f"{line.sentence}\n{line.detail}".rstrip(), _LONGEST),
        "output_format": "text",
        "tags": [line.group, WORDS[line.status]],
        "visibility": "visible",
    }
