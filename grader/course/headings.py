"""Find the headings of a Markdown file, the anchors that GitHub makes of them, and the text below each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_TAG = re.compile(r"<[^>]+>")
_EMPHASIS = re.compile(r"(?<!\w)_([^_]+)_(?!\w)")


class Section(NamedTuple):
    """A heading, and the lines down to the next heading that is not below it."""

    level: int
    title: str
    anchor: str
    first: int
    """Number of the heading's line, from 0."""
    end: int
    """Number of the first line behind the section."""


def slug(heading: str) -> str:
    """Make the anchor of one heading: lower case, hyphens for spaces, punctuation dropped."""
    text = _EMPHASIS.sub(r"\1", _TAG.sub("", _LINK.sub(r"\1", heading)))
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def anchors(markdown: str) -> list[str]:
    """List the anchors of a file, in order; a repeated heading gets -1, then -2."""
    return [section.anchor for section in sections(markdown)]


def sections(markdown: str) -> list[Section]:
    """List the sections of a file, in order; a section holds those that are below it."""
    found = list(_headings(markdown))
    lines = markdown.count("\n") + 1
    result: list[Section] = []
    counts: dict[str, int] = {}
    for place, (first, level, title) in enumerate(found):
        name = slug(title)
        number = counts.get(name, 0)
        counts[name] = number + 1
        end = next((line for line, other, _ in found[place + 1:] if other <= level), lines)
        result.append(Section(level, title, f"{name}-{number}" if number else name, first, end))
    return result


def _headings(markdown: str) -> Iterator[tuple[int, int, str]]:
    """Give line, level and title of each heading; a line with a # inside a code block is none."""
    fence = ""
    for number, line in enumerate(markdown.split("\n")):
        mark = _FENCE.match(line)
        if fence:
            closes = mark and mark[1].startswith(fence) and not line.strip().strip(fence[0])
            fence = "" if closes else fence
        elif mark:
            fence = mark[1]
        elif heading := _HEADING.match(line):
            yield number, len(heading[1]), heading[2]
