"""Take one function out of a stranger's text: no comments, no docstring, no strings, and nothing is run.

Only the tokenizer looks at the text. It does not recurse, so nothing in the text can exhaust it.
"""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator

from grader.course import Course, Exercise
from grader.grading.notebooks import choose_sources
from grader.submission import Submission

LARGEST = 40_000
"""Characters of a module that are looked at."""
LONGEST = 200
"""Lines of a function."""
_LAYOUT = (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT)
_STRINGS = frozenset({tokenize.STRING, *(getattr(tokenize, name) for name in ("FSTRING_MIDDLE",)
                                         if hasattr(tokenize, name))})
Marks = dict[int, list[tuple[int, int, str]]]
"""Line -> from column, to column (-1: the end), and what stands there instead."""


def code_of(course: Course, submission: Submission, exercise: Exercise) -> tuple[str, ...]:
    """Give the lines of a student's function without comments, docstring and the words of strings.

    They come from where they count: a module, or the notebook that stands for it.
    """
    modules = choose_sources(course, submission).submission.modules
    return anonymous(modules.get(exercise.module, ""), exercise.function)


def anonymous(text: str, function: str) -> tuple[str, ...]:
    """Give the lines of a function at the left margin; nothing where it is not, or the text is no Python."""
    if len(text) > LARGEST:
        return ()
    lines = text.split("\n")
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError, ValueError, SystemError):  # 3.12's own bug
        return ()
    span = _span(tokens, function)
    if span is None or span[1] - span[0] > LONGEST:
        return ()
    marks = _marks(tokens, *span)
    return tuple(_written(lines, span, marks))


def _span(tokens: list[tokenize.TokenInfo], function: str) -> tuple[int, int] | None:
    """Find the first and the last line of `def function` at the left margin."""
    for place, token in enumerate(tokens[:-1]):
        if token.string == "def" and token.start[1] == 0 and tokens[place + 1].string == function:
            return token.start[0], _last_line(tokens, place)
    return None


def _last_line(tokens: list[tokenize.TokenInfo], start: int) -> int:
    last = tokens[start].start[0]
    for token in tokens[start + 1:]:
        if token.type in _LAYOUT or token.type == tokenize.COMMENT:
            continue
        if token.type == tokenize.ENDMARKER or (token.start[1] == 0 and token.start[0] > last):
            break
        last = token.end[0]
    return last


def _marks(tokens: list[tokenize.TokenInfo], first: int, last: int) -> Marks:
    """Say for each line which columns are left out, and what stands there instead."""
    marks: Marks = {}
    before = tokenize.NEWLINE
    for token in tokens:
        if not first <= token.start[0] <= last:
            continue
        if token.type == tokenize.COMMENT:
            _leave_out(marks, token, "")
        elif token.type in _STRINGS:
            instead = '"…"' if token.type == tokenize.STRING else "…"
            _leave_out(marks, token, "" if before in _LAYOUT else instead)
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            before = token.type
    return marks


def _leave_out(marks: Marks, token: tokenize.TokenInfo, instead: str) -> None:
    (first, start), (last, end) = token.start, token.end
    for line in range(first, last + 1):
        marks.setdefault(line, []).append(
            (start if line == first else 0, end if line == last else -1, instead if line == first else ""))


def _written(lines: list[str], span: tuple[int, int], marks: Marks) -> Iterator[str]:
    for number in range(span[0], span[1] + 1):
        line = lines[number - 1]
        for start, end, instead in sorted(marks.get(number, []), reverse=True):
            line = line[:start] + instead + (line[end:] if end >= 0 else "")
        if line.strip():
            yield line.rstrip()
