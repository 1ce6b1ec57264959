"""How a status looks and reads; how far something is, and how long ago it was."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from grader.render.screen import Symbol

if TYPE_CHECKING:
    from grader.result import Status

GOOD = Symbol("✓", "+", "green")
BAD = Symbol("✗", "x", "red")
WAITS = Symbol("–", "-", "dim")
OPEN = Symbol("·", ".", "dim")
SYMBOLS: dict[Status, Symbol] = {
    "passed": GOOD,
    "failed": BAD,
    "error": BAD,
    "timeout": BAD,
    "blocked": WAITS,
    "not_started": OPEN,
    "awaiting_review": OPEN,
}
WORDS: dict[Status, str] = {
    "passed": "passed",
    "failed": "failed",
    "error": "error",
    "timeout": "out of time",
    "blocked": "blocked",
    "not_started": "not started",
    "awaiting_review": "awaits review",
}
_STEPS = ((60, "second"), (60, "minute"), (24, "hour"), (7, "day"), (52, "week"))


def bar(part: int, whole: int, cells: int = 16) -> str:
    """Draw a bar: full only at the very end, and not empty once anything is there."""
    full = cells * part // whole if whole else 0
    full = max(full, 1) if part else full
    return "█" * full + "░" * (cells - full)


def ago(then: datetime, now: datetime) -> str:
    """Say how long ago something was, in one unit."""
    count = int((now - then).total_seconds())
    if count < 1:
        return "just now"
    for size, unit in _STEPS:
        if count < size:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
        count //= size
    return f"on {then.date().isoformat()}"
