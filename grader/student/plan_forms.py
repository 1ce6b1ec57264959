"""A plan on the screen, as Markdown, and as iCalendar (RFC 5545)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from grader.course import Course
from grader.render.screen import Screen
from grader.render.text import neutralise, one_line
from grader.student.plan import Plan, Session

_OCTETS = 75
"""RFC 5545, section 3.1: a line has at most so many, without its end."""
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SPECIAL = re.compile(r"([\\|`*_\[\]<>])")


def show_plan(plan: Plan, screen: Screen) -> None:
    """Write one line a day, and the sum."""
    if screen.plain:
        screen.sentence(f"Plan for {plan.path}, {plan.rhythm}: {_sum(plan)}.")
    else:
        screen.row(f"{plan.path} · {plan.rhythm}", _sum(plan), style="bold")
    for session in plan.sessions:
        texts = "; ".join(f"{task.text} ({task.minutes} min)" for task in session.tasks)
        screen.labelled(_short_day(session), texts)
    if not plan.sessions:
        screen.sentence("Nothing is open: every exercise on this path has passed.")


def plan_markdown(plan: Plan, course: Course) -> str:
    """Write the plan as a list of boxes to tick, a day each."""
    lines = [f"# Plan: {_escaped(course.title)}", "", f"{_escaped(plan.path)}, {plan.rhythm}: {_sum(plan)}.",
             "If you are late, move the plan, not the goal."]
    for session in plan.sessions:
        lines += ["", f"## {_day(session)} · {session.minutes} minutes", ""]
        lines += [f"- [ ] {_escaped(task.text)}, {task.minutes} minutes" for task in session.tasks]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", one_line(text))


def _sum(plan: Plan) -> str:
    days = f"{len(plan.sessions)} day{'' if len(plan.sessions) == 1 else 's'}"
    hours, minutes = divmod(plan.minutes, 60)
    return f"{f'{hours} h ' if hours else ''}{f'{minutes} min ' if minutes or not hours else ''}on {days}"


def _day(session: Session) -> str:
    return f"{_WEEKDAYS[session.day.weekday()]} {session.day.isoformat()}"


def plan_calendar(plan: Plan, course: Course, *, now: datetime | None = None) -> str:
    """Write the plan as a calendar: an event of the whole day for each session, which leaves one free.

    The ids depend on course, path and day alone: the same plan, read in twice, gives no event twice.
    """
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//grader//plan//EN", "CALSCALE:GREGORIAN",
             f"X-WR-CALNAME:{_text(f'{course.title} ({plan.path})')}"]
    for session in plan.sessions:
        lines += _event(plan, course, session, stamp)
    return "".join(f"{piece}\r\n" for line in [*lines, "END:VCALENDAR"] for piece in _folded(line))


def _short_day(session: Session) -> str:
    day = session.day
    return f"{_WEEKDAYS[day.weekday()]} {day.day:>2} {_MONTHS[day.month - 1]}"


def _event(plan: Plan, course: Course, session: Session, stamp: str) -> list[str]:
    key = hashlib.sha256(f"{course.id}\0{plan.path}\0{session.day}".encode()).hexdigest()[:32]
    what = ", ".join(task.text for task in session.tasks)
    tasks = "\n".join(f"{task.text}: {task.minutes} min" for task in session.tasks)
    end = session.day + timedelta(days=1)
    return [
        "BEGIN:VEVENT", f"UID:{key}@grader", f"DTSTAMP:{stamp}",
        f"DTSTART;VALUE=DATE:{_basic(session.day)}", f"DTEND;VALUE=DATE:{_basic(end)}",
        f"SUMMARY:{_text(f'{session.minutes} min: {what}')}", f"DESCRIPTION:{_text(tasks)}",
        "TRANSP:TRANSPARENT", "END:VEVENT",
    ]


def _basic(day: date) -> str:
    return day.isoformat().replace("-", "")


def _text(text: str) -> str:
    """Escape a text (RFC 5545, section 3.3.11)."""
    text = neutralise(text, multiline=True)
    for sign, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(sign, written)
    return text


def _folded(line: str) -> Iterator[str]:
    """Break a line after at most 75 octets, never inside a character; what follows begins with a blank."""
    piece = ""
    for character in line:
        if len((piece + character).encode()) > _OCTETS:
            yield piece
            piece = " "
        piece += character
    yield piece
