"""The published table: what the same kinds of cheat win. Our row counts what the tests run."""

from __future__ import annotations

CLASSIC = 21
"""Kinds of cheat in the table: wrong solutions of one small assignment."""
PEERS: tuple[tuple[str, int], ...] = (
    ("GitHub Classroom's Python grader", 13),
    ("Exercism's Python test runner", 13),
    ("pytest and pytest-json-report beside the student's files", 12),
    ("Classroom 50's runner", 12),
    ("nbgrader", 10),
    ("gradescope-utils", 9),
    ("PrairieLearn's Python grader", 8),
    ("otter-grader", 5),
    ("check50", 5),
    ("pytest-prairielearn-grader, the only other one with student code in its own process", 1),
)
"""Measured in November 2026, in the versions of that month; a win is at least 97 % of the points."""
OTHER_ATTACKS = 186
"""How many further attacks our own tests run; a test compares it with the programs."""
