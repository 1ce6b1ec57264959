"""Read due dates and the late policy from `course.toml`: `[[due]]` and `[late]`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from grader.course.model import AttemptRule, Dates, LateRule
from grader.course.tables import Table

WHOLE = 100


def read_dates(table: Table, lessons: Sequence[str]) -> Dates:
    """Read when lessons are due and what becomes of late work; absent means that nothing is ever late."""
    due = {}
    for row in table.tables("due"):
        row.only("lesson", "at")
        lesson = row.text("lesson")
        if lesson not in lessons:
            raise row.refuse(f"there is no lesson {lesson!r}", f"The lessons are: {', '.join(lessons)}.",
                             "lesson")
        if lesson in due:
            raise row.refuse(f"a second date for lesson {lesson}", "Keep one.", "lesson")
        due[lesson] = row.moment("at")
    late = table.table("late")
    if late is None:
        return Dates(due)
    late.only("rule", "percent_per_day", "attempt")
    rule = cast(LateRule, late.word("rule", "none|percent|cut-off", "none, percent or cut-off", "none"))
    percent = late.count("percent_per_day") if rule == "percent" else 0
    if percent > WHOLE:
        raise late.refuse(f"`percent_per_day` is {percent}", "Write 1 to 100.", "percent_per_day")
    attempt = cast(AttemptRule, late.word("attempt", "latest|best", "latest or best", "latest"))
    return Dates(due, rule, percent, attempt)
