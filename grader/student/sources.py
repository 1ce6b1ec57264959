"""Read a student's module, and find the lines of a function in it, also where Python cannot read it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from grader.errors import UsageError
from grader.submission.source import NotText, source_text

_LINE_END = re.compile(r"\r\n|\r|\n")
_OUTSIDE = re.compile(r"[^\s#)\]}]")
"""A line that begins so is behind a function, also in a file that Python cannot read."""


def read_source(root: Path, path: Path) -> str:
    """Read a module's text as it is, line ends and all; raises UsageError where it is no text."""
    try:
        data = path.read_bytes()
        source_text(data)
        return data.decode("utf-8")
    except NotText as problem:
        raise UsageError(f"this file {problem}", where=path.relative_to(root).as_posix()) from None
    except OSError as error:
        raise UsageError(f"this file cannot be read: {error.strerror or error}.",
                         where=path.relative_to(root).as_posix(),
                         fix="make it a file that you may read.") from error


def function_extent(text: str, function: str, where: str) -> tuple[int, int] | None:
    """Find the lines of a function, counted from 0; the comments above it are not its own."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _by_eye(text, function, where)
    nodes = [node for node in tree.body if function in _bound(node)]
    _refuse_odd(nodes, function, where)
    if not nodes:
        return None
    node = nodes[0]
    assert isinstance(node, ast.FunctionDef)
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
    return first, _with_comments(lines_of(text), node.end_lineno or node.lineno)


def _bound(node: ast.stmt) -> set[str]:
    """Name what a statement at the top level binds, as far as it could be an exercise."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    return {inner.name if isinstance(inner, (ast.FunctionDef, ast.ClassDef)) else inner.id
            for inner in ast.walk(node)
            if isinstance(inner, (ast.FunctionDef, ast.ClassDef))
            or (isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store))}


def _refuse_odd(nodes: list[ast.stmt], function: str, where: str) -> None:
    """Refuse a name that is bound twice, or by something else than a plain `def`."""
    if len(nodes) > 1:
        raise _twice(function, len(nodes), f"{where}:{nodes[-1].lineno}")
    if nodes and not isinstance(nodes[0], ast.FunctionDef):
        raise UsageError(f"`{function}` is not a plain function at the top level of the file.",
                         where=f"{where}:{nodes[0].lineno}", fix="take it out, then run this again.")


def _twice(function: str, times: int, where: str) -> UsageError:
    return UsageError(f"`{function}` is defined {times} times, so it is not clear which one is meant.",
                      where=where, fix="take the others out, then run this again.")


def _by_eye(text: str, function: str, where: str) -> tuple[int, int] | None:
    """Find a function in a file that Python cannot read: up to the next line that is not indented."""
    lines = lines_of(text)
    starts = [n for n, line in enumerate(lines) if re.match(rf"def[ \t]+{function}\b", line)]
    if len(starts) > 1:
        raise _twice(function, len(starts), f"{where}:{starts[-1] + 1}")
    if not starts:
        return None
    first = starts[0]
    last = next((n for n in range(first + 1, len(lines)) if _OUTSIDE.match(lines[n])), len(lines))
    # Blank lines, and comments at the left edge, belong to what follows.
    while last - 1 > first and (not lines[last - 1].strip() or lines[last - 1].startswith("#")):
        last -= 1
    return first, last


def _with_comments(lines: list[str], last: int) -> int:
    """Take the indented comments below a function's last statement with it."""
    end = last
    for number in range(last, len(lines)):
        line = lines[number]
        if line.strip() and not (line[0].isspace() and line.lstrip().startswith("#")):
            break
        end = number + 1 if line.strip() else end
    return end


def lines_of(text: str) -> list[str]:
    """Split where Python does, and nowhere else; the line ends stay."""
    ends = [found.end() for found in _LINE_END.finditer(text)]
    pieces = [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]
    return [piece for piece in pieces if piece]


def lines_between(text: str, first: int, last: int) -> str:
    """Cut lines out of a text, counted from 0."""
    return "".join(lines_of(text)[first:last])
