"""Say where to read again: the lesson's file, the heading, and how many minutes it takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grader.course.headings import slug

if TYPE_CHECKING:
    from grader.course.model import Course

WORDS_A_MINUTE = 150
"""Slower than a novel: there are formulas in it."""

_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)


def where_to_read(course: Course, read: str) -> str:
    """Turn `folder/README.md#anchor` to `folder/README.md § Heading (2 min)`.

    A place that is not there (a student may have edited the lesson) is given as it is.
    """
    name, _, anchor = read.partition("#")
    file = course.root / name
    if not anchor or not file.resolve().is_relative_to(course.root.resolve()) or not file.is_file():
        return read
    section = _section(file.read_text(encoding="utf-8", errors="replace"), anchor)
    if section is None:
        return read
    heading, text = section
    minutes = max(1, round(len(text.split()) / WORDS_A_MINUTE))
    return f"{name} § {heading} ({minutes} min)"


def _section(markdown: str, anchor: str) -> tuple[str, str] | None:
    """Find a heading by its anchor, and the text down to the next heading that is not below it."""
    headings = list(_HEADING.finditer(markdown))
    for number, found in enumerate(headings):
        if slug(found[2]) == anchor:
            below = (h for h in headings[number + 1 :] if len(h[1]) <= len(found[1]))
            end = next((h.start() for h in below), len(markdown))
            return found[2], markdown[found.end() : end]
    return None
