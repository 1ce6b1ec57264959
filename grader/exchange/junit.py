"""JUnit XML, made from the Result: pytest's own would carry the text of hidden tests."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree

from grader.exchange.lines import WORDS, ScoredLine, clip, scored_lines
from grader.render.text import neutralise
from grader.result import Result

_LONGEST = 10_000
_NO_XML = re.compile("[^\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KINDS = {"failed": "failure", "timeout": "failure", "error": "error"}


def to_junit(result: Result) -> str:
    """Write a suite for each lesson and checkpoint, a case for each criterion and question."""
    lines = scored_lines(result)
    name = _text(neutralise(result.submission.id))
    root = ElementTree.Element("testsuites", {"name": name, **_counts(lines)})
    for group, members in groupby(lines, key=lambda line: line.group):
        suite = list(members)
        element = ElementTree.SubElement(
            root, "testsuite", {"name": _text(group), "timestamp": result.graded_at, **_counts(suite)})
        for line in suite:
            _case(element, line)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _counts(lines: Sequence[ScoredLine]) -> dict[str, str]:
    kinds = Counter(_kind(line) for line in lines)
    return {
        "tests": str(len(lines)), "failures": str(kinds["failure"]), "errors": str(kinds["error"]),
        "skipped": str(kinds["skipped"]), "time": f"{sum(line.seconds for line in lines):.3f}",
    }  # fmt: skip


def _kind(line: ScoredLine) -> str:
    """Name what a case is: what was not reached is skipped, not failed."""
    return "" if line.status == "passed" else _KINDS.get(line.status, "skipped")


def _case(suite: ElementTree.Element, line: ScoredLine) -> None:
    case = ElementTree.SubElement(suite, "testcase", {
        "classname": _text(f"{line.number} {line.function or 'checkpoint'}"), "name": _text(line.part),
        "time": f"{line.seconds:.3f}",
    })  # fmt: skip
    if line.file:
        case.attrib |= {"file": _text(line.file), "line": str(line.line)}
    properties = ElementTree.SubElement(case, "properties")
    for name, points in (("score", line.score), ("max_score", line.points)):
        ElementTree.SubElement(properties, "property", {"name": name, "value": str(points)})
    kind = _kind(line)
    if kind:
        message = f"{WORDS[line.status]}: {line.sentence}"
        found = ElementTree.SubElement(case, kind, {"message": _text(message)})
        found.text = _text(line.detail)


def _text(text: str) -> str:
    """Leave out what no XML file may hold."""
    return _NO_XML.sub("?", clip(text, _LONGEST))
