"""Give the anchors that GitHub makes of a Markdown file's headings."""

from __future__ import annotations

import re

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_TAG = re.compile(r"<[^>]+>")
_EMPHASIS = re.compile(r"(?<!\w)_([^_]+)_(?!\w)")


def slug(heading: str) -> str:
    """Make the anchor of one heading: lower case, hyphens for spaces, punctuation dropped."""
    text = _EMPHASIS.sub(r"\1", _TAG.sub("", _LINK.sub(r"\1", heading)))
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def anchors(markdown: str) -> list[str]:
    """List the anchors of a file, in order; a repeated heading gets -1, then -2."""
    found: list[str] = []
    counts: dict[str, int] = {}
    fence = ""
    for line in markdown.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            closes = mark and mark[1].startswith(fence) and not line.strip().strip(fence[0])
            fence = "" if closes else fence
        elif mark:
            fence = mark[1]
        elif heading := _HEADING.match(line):
            name = slug(heading[1])
            number = counts.get(name, 0)
            counts[name] = number + 1
            found.append(f"{name}-{number}" if number else name)
    return found
