"""The numbers of a report as words: one spelling of each for all of its forms."""

from __future__ import annotations

from grader.classroom.report.items import Item
from grader.classroom.report.records import Cell

MINUTES_AN_HOUR = 60
HOURS_A_DAY = 24
SYMBOLS = {
    "passed": "✓", "failed": "✗", "error": "!", "timeout": "∞", "blocked": "–", "not_started": "·",
    "awaiting_review": "?",
}
PART = "◐"
"""Some of the points."""
WORDS = {
    "passed": "passed", "part": "part of the points", "failed": "no points", "error": "error",
    "timeout": "out of time", "blocked": "blocked", "not_started": "not started",
    "awaiting_review": "awaits review", "none": "not graded",
}


def look(cell: Cell | None) -> tuple[str, str]:
    """Give the symbol of a cell and its word, which also names its colour."""
    if cell is None:
        return "", "none"
    if cell.score and cell.status not in ("passed", "awaiting_review"):
        return PART, "part"
    return SYMBOLS[cell.status], cell.status


def percent(share: float | None) -> str:
    """Write a share as percent."""
    return "–" if share is None else f"{round(100 * share)} %"


def number(value: float | None) -> str:
    """Write a number with two decimals."""
    return "–" if value is None else f"{value:.2f}"


def duration(minutes: float | None) -> str:
    """Write a time in the largest unit that fits; None is unknown."""
    if minutes is None:
        return "unknown (nobody has shown it twice)"
    if minutes < MINUTES_AN_HOUR:
        return f"{round(minutes)} min"
    hours = minutes / MINUTES_AN_HOUR
    return f"{hours:.1f} h" if hours < HOURS_A_DAY else f"{hours / HOURS_A_DAY:.1f} days"


def reading(item: Item) -> str:
    """Say what is to be known before the numbers of an item are read."""
    if item.suspicious:
        return f"suspicious test: {item.suspicious}"
    return "few students: read with care" if item.careful else ""
