"""Bring a newer stub into a module that a student has written in: their functions stay as they are.

Three texts are compared, function by function: the stub that the student got, the newer one, and the
student's own. What the student has not touched follows the newer one; what they wrote stays, byte for byte.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from grader.errors import UsageError
from grader.student.sources import function_extent, lines_of

_BYTE_ORDER_MARK = "\ufeff"


class NotMerged(Exception):
    """The module was left alone; the text says why, after the file's name."""


@dataclass
class Merged:
    """The new text of a module, and what a student should know."""

    text: str
    done: list[str] = field(default_factory=list)
    look: list[str] = field(default_factory=list)
    """Sentences about what the student has to do themselves."""


def merge_module(old: str, new: str, mine: str) -> Merged:
    """Bring the changes from `old` to `new` into `mine`; raises NotMerged where that is not safe."""
    text = mine.removeprefix(_BYTE_ORDER_MARK)
    end = "\r\n" if "\r\n" in text else "\n"
    merged = Merged(text.replace("\r\n", "\n"))
    _parsed(merged.text)
    was = merged.text
    try:
        _follow_statements(merged, old, new)
        kept = [_follow_function(merged, name, old, new) for name in _functions(new)]
        for name in _functions(old):
            if name not in _functions(new):
                _drop_function(merged, name, old)
    except UsageError as problem:
        raise NotMerged(problem.problem) from None
    _prove(merged.text, was, [name for name in kept if name])
    merged.text = mine[: len(mine) - len(text)] + merged.text.replace("\n", end)
    return merged


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        line = f" (line {problem.lineno})" if isinstance(problem, SyntaxError) else ""
        raise NotMerged(f"cannot be read by Python{line}, so it was left alone.") from None


def _functions(text: str) -> list[str]:
    return [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]


def _piece(text: str, name: str) -> str | None:
    """Give the lines of a function; None where there is none."""
    extent = function_extent(text, name, "")
    return None if extent is None else "".join(lines_of(text)[slice(*extent)]).rstrip()


def _put(text: str, name: str, piece: str) -> str:
    """Put other lines in a function's place; the blank lines behind it stay."""
    extent = function_extent(text, name, "")
    assert extent is not None
    lines = lines_of(text)
    last = "".join(lines[slice(*extent)])
    gap = last[len(last.rstrip()):]
    return "".join([*lines[: extent[0]], piece, gap, *lines[extent[1]:]])


# ---- functions


def _follow_function(merged: Merged, name: str, old: str, new: str) -> str:
    """Bring one function up to date; give its name if the student's own was kept."""
    before, after, mine = _piece(old, name), _piece(new, name), _piece(merged.text, name)
    assert after is not None
    if mine is None:
        if before is None:
            merged.text = _insert(merged.text, name, new)
            merged.done.append(f"{_called(name, after)} is new, and stands in it now")
        else:
            merged.look.append(f"{_called(name, after)} is not in it any more; `grader reset {name}` writes "
                               "its stub at the end")
        return ""
    if after in (mine, before):
        return name
    if mine == before:
        merged.text = _put(merged.text, name, after)
        merged.done.append(f"{_called(name, after)} is the newer stub now; you had not begun it")
        return ""
    return _keep(merged, name, before, after, mine)


def _keep(merged: Merged, name: str, before: str | None, after: str, mine: str) -> str:
    """Keep what the student wrote; refresh its description where that changes nothing else."""
    said = _called(name, after)
    if before is None:
        merged.look.append(f"{said} is new in the course, and you have a function of that name: it was kept")
        return name
    if _signature(before) != _signature(after):
        merged.look.append(f"{said} is called in another way now: {_first_line(after)} Yours was kept")
        return name
    if "NotImplementedError" not in after:
        merged.look.append(f"{said} is given, and has changed; you changed it too, so yours was kept")
        return name
    if _head(before) == _head(after):
        return name  # only the TODOs of the stub changed
    if _head(mine) != _head(before):
        merged.look.append(f"{said} is described in another way now; you changed its description too, "
                           "so yours was kept")
        return name
    merged.text = _put(merged.text, name, _head(after) + mine[len(_head(mine)):])
    merged.done.append(f"{said} has the newer description; your code in it was kept")
    return ""


def _drop_function(merged: Merged, name: str, old: str) -> None:
    """Take a function out that is no exercise any more, unless the student wrote it."""
    mine = _piece(merged.text, name)
    if mine is None:
        return
    if mine != _piece(old, name):
        merged.look.append(f"{name} is no exercise any more; yours was kept")
        return
    extent = function_extent(merged.text, name, "")
    assert extent is not None
    lines = lines_of(merged.text)
    head, tail = "".join(lines[: extent[0]]).rstrip("\n"), "".join(lines[extent[1]:]).lstrip("\n")
    merged.text = f"{head}\n\n\n{tail}" if tail and head else f"{head}\n{tail}"
    merged.done.append(f"{name} is no exercise any more; its stub is gone")


def _insert(text: str, name: str, new: str) -> str:
    """Write a new stub behind the function that stands before it in the course, with its comments."""
    first, last = function_extent(new, name, "") or (0, 0)
    lines = lines_of(new)
    while first and lines[first - 1].startswith("#"):
        first -= 1
    piece = "".join(lines[first:last]).rstrip()
    names = _functions(new)
    earlier = [one for one in names[: names.index(name)] if _piece(text, one) is not None]
    if not earlier:
        return f"{text.rstrip()}\n\n\n{piece}\n" if text.strip() else f"{piece}\n"
    extent = function_extent(text, earlier[-1], "")
    assert extent is not None
    mine = lines_of(text)
    tail = "".join(mine[extent[1]:])
    head = "".join(mine[: extent[1]]).rstrip()
    return f"{head}\n\n\n{piece}\n{tail if tail.startswith(chr(10)) or not tail else chr(10) * 2 + tail}"


def _signature(piece: str) -> str:
    node = _def(piece)
    returns = ast.dump(node.returns) if node.returns else ""
    return ast.dump(node.args) + returns


def _def(piece: str) -> ast.FunctionDef:
    node = ast.parse(piece).body[0]
    assert isinstance(node, ast.FunctionDef)
    return node


def _head(piece: str) -> str:
    """Give the lines of a function down to its description."""
    node = _def(piece)
    first = node.body[0]
    described = ast.get_docstring(node) is not None
    last = (first.end_lineno or first.lineno) if described else first.lineno - 1
    return "".join(lines_of(piece)[:last])


def _first_line(piece: str) -> str:
    node = _def(piece)
    return f"{node.name}({ast.unparse(node.args)})."


def _called(name: str, stub: str) -> str:
    """Name an exercise with its id, as its stub does."""
    found = re.search(r"NotImplementedError\(\"(\d+\.\d+) \w+\"\)", stub)
    return f"{found[1]} {name}" if found else name


# ---- imports, constants, the text at the top


def _follow_statements(merged: Merged, old: str, new: str) -> None:
    """Bring in what stands between the functions and is new; what the student has there stays."""
    known, mine = set(_others(old)), dict(_others(merged.text))
    for what, lines in _others(new).items():
        if what in known or what in mine:
            continue
        merged.text = _with_statement(merged.text, ast.parse(lines).body[0], lines)
        merged.done.append(f"a line is new: {lines.splitlines()[0]}")


def _others(text: str) -> dict[str, str]:
    """Map each statement that is no function and no text, without its layout, to its lines."""
    lines = lines_of(text)
    return {ast.dump(node): "".join(lines[node.lineno - 1 : node.end_lineno]).rstrip()
            for node in ast.parse(text).body
            if not isinstance(node, ast.FunctionDef)
            and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))}


def _with_statement(text: str, statement: ast.stmt, lines: str) -> str:
    """Write an import behind the last one, anything else before the first function."""
    tree = ast.parse(text)
    imports = [node for node in _leading(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    mine = lines_of(text)
    if isinstance(statement, ast.Import | ast.ImportFrom) or not tree.body:
        at = (imports[-1].end_lineno or 0) if imports else _behind_description(tree)
        gap = "" if imports or not at else "\n"
        return "".join([*mine[:at], gap, f"{lines}\n", *mine[at:]])
    at = _before_functions(tree, mine)
    return "".join([*mine[:at], f"{lines}\n\n\n", *mine[at:]])


def _leading(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            return
        yield node


def _behind_description(tree: ast.Module) -> int:
    described = ast.get_docstring(tree) is not None
    return (tree.body[0].end_lineno or 0) if described else 0


def _before_functions(tree: ast.Module, lines: list[str]) -> int:
    """Find the line of the first function, with the comments and decorators above it."""
    first = next((node for node in tree.body if isinstance(node, ast.FunctionDef)), None)
    if first is None:
        return len(lines)
    at = min([first.lineno, *(one.lineno for one in first.decorator_list)]) - 1
    while at and lines[at - 1].startswith("#"):
        at -= 1
    return at


# ---- the proof


def _prove(text: str, was: str, kept: list[str]) -> None:
    """Refuse a result that Python cannot read, or in which a kept function is not what it was."""
    _parsed(text)
    for name in kept:
        if _piece(text, name) != _piece(was, name):
            raise NotMerged(f"could not be brought up to date safely ({name}), so it was left alone.")
