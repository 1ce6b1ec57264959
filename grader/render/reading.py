"""Say where to read again: the lesson's file, the heading, and how many minutes it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.course.headings import sections

if TYPE_CHECKING:
    from grader.course.model import Course

WORDS_A_MINUTE = 150
"""Slower than a novel: there are formulas in it."""


def where_to_read(course: Course, read: str) -> str:
    """Turn `folder/README.md#anchor` to `folder/README.md § Heading (2 min)`.

    A place that is not there (a student may have edited the lesson) is given as it is.
    """
    name, _, anchor = read.partition("#")
    file = course.root / name
    if not anchor or not file.resolve().is_relative_to(course.root.resolve()) or not file.is_file():
        return read
    text = file.read_text(encoding="utf-8", errors="replace")
    section = next((section for section in sections(text) if section.anchor == anchor), None)
    if section is None:
        return read
    below = "\n".join(text.split("\n")[section.first + 1 : section.end])
    return f"{name} § {section.title} ({minutes_to_read(below)} min)"


def minutes_to_read(text: str) -> int:
    """Estimate how long a text takes, at least a minute."""
    return max(1, round(len(text.split()) / WORDS_A_MINUTE))
