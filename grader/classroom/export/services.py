"""Exports that are JSON of another service: Gradescope's results, Classroom 50's scores.json."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from grader.classroom.export.rows import Row
from grader.classroom.gradebook import Gradebook
from grader.course import Course
from grader.exchange.classroom50 import to_classroom50
from grader.exchange.gradescope import to_gradescope
from grader.render.text import neutralise

SCORES = "classroom50/scores/v1"


def to_gradescope_files(book: Gradebook, rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Give for each student who has a result the login and a results.json with the score that counts."""
    for row in rows:
        result = book.result(row.grading) if row.grading is not None else None
        if result is not None:
            data = json.loads(to_gradescope(result))
            data["score"] = row.total.score
            data["extra_data"]["graded_score"] = result.score
            yield row.login, _text(data)


def to_scores(book: Gradebook, course: Course, rows: Sequence[Row]) -> str:
    """Write scores.json of Classroom 50: an entry for each team, with the submission that counts."""
    teams: dict[str, list[Row]] = {}
    for row in rows:
        if row.grading is not None:
            teams.setdefault(row.team, []).append(row)
    entries = [_entry(book, team, members) for team, members in teams.items()]
    kind = "group" if any(len(members) > 1 for members in teams.values()) else "individual"
    return _text({"schema": SCORES, "assignments": {course.id: {"type": kind, "entries": entries}}})


def _entry(book: Gradebook, team: str, members: Sequence[Row]) -> dict[str, Any]:
    first = members[0]
    assert first.grading is not None
    result = book.result(first.grading)
    assert result is not None  # a grading that counts has a result
    submission = json.loads(to_classroom50(result, {"OWNER": neutralise(team)}))
    submission.pop("assignment")
    submission |= {"score": first.total.score, "max-score": first.total.max_score,
                   "datetime": first.collected_at or submission["datetime"]}
    return {"owner": neutralise(team), "member_usernames": [neutralise(row.login) for row in members],
            "submissions": [submission]}


def _text(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2, allow_nan=False) + "\n"
