"""What stood where an error came up: the operation, what its names held, and a name that is near.

This runs in the worker, on the student's own frames. It evaluates nothing, and looks only into exact
builtin and NumPy types, so that it calls no code of the student's.
"""

from __future__ import annotations

import ast
import builtins
import difflib
from collections.abc import Iterator, Mapping
from types import FrameType, ModuleType, TracebackType
from typing import Any

import numpy as np

from grader.sandbox.answers import NAME_LIMIT, OPERANDS_LIMIT

Operand = list[Any]
"""Name, kind, and shape or None."""

_SHOWN = (np.ndarray, list, tuple, dict, str, int, float, complex, bool, type(None))
_CANDIDATES_LIMIT = 2000
_Positions = list[int]


def scene(error: BaseException, texts: Mapping[str, str]) -> dict[str, Any]:
    """Describe the innermost line of the package: `o` positions, `n` operands, `s` a near name."""
    try:
        return _scene(error, texts)
    except BaseException:  # a class or a name of the student's own may do anything here
        return {"o": [], "n": [], "s": ""}


def _scene(error: BaseException, texts: Mapping[str, str]) -> dict[str, Any]:
    innermost = _innermost(error.__traceback__, texts)
    if innermost is None or isinstance(error, SyntaxError):
        return {"o": [], "n": [], "s": ""}
    frame, positions = innermost
    text = texts[frame.f_code.co_filename]
    positions = _condition(cut(text, positions), positions) if positions else []
    names = _names(cut(text, positions)) if positions else ()
    return {"o": positions, "n": list(_operands(frame, names)), "s": _near(error, frame)}


def _innermost(
    trace: TracebackType | None, texts: Mapping[str, str]
) -> tuple[FrameType, _Positions] | None:
    found = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in texts:
            found = trace
        trace = trace.tb_next
    return None if found is None else (found.tb_frame, _positions(found))


def _positions(trace: TracebackType) -> _Positions:
    """Give first line, last line, first column, end column of what was computed; nothing if unknown."""
    for number, place in enumerate(trace.tb_frame.f_code.co_positions()):
        if number == trace.tb_lasti // 2:
            return [part for part in place if part is not None] if None not in place else []
    return []


def _condition(operation: str, positions: _Positions) -> _Positions:
    """Narrow a whole `if` or `while`, which Python 3.11 gives where others give its condition."""
    first, _, start, _ = positions
    taken = 2 if operation.startswith("elif") else 0
    try:
        statement = ast.parse(operation[taken:]).body[0]
    except (SyntaxError, ValueError, RecursionError, MemoryError, IndexError):
        return positions
    if not isinstance(statement, (ast.If, ast.While)):
        return positions
    test = statement.test
    lines = test.lineno, test.end_lineno or test.lineno
    columns = test.col_offset, test.end_col_offset or 0
    return [*(first + line - 1 for line in lines),
            *(c + (start + taken if line == 1 else 0) for line, c in zip(lines, columns, strict=True))]


def cut(text: str, positions: _Positions) -> str:
    """Cut the text between two places; columns count bytes of UTF-8, as Python does."""
    first, last, start, end = positions
    lines = [line.encode("utf-8", "surrogatepass") for line in source_lines(text)[first - 1:last]]
    if not lines:
        return ""
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    return b"\n".join(lines).decode("utf-8", "replace")


def source_lines(text: str) -> list[str]:
    r"""Split a source as Python counts its lines: at \n, \r\n and \r alone."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _names(operation: str) -> tuple[str, ...]:
    """List the names in an operation, in their order, each once."""
    for form in (f"({operation}\n)", operation):
        try:
            tree = ast.parse(form)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        found = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        found.sort(key=lambda node: (node.lineno, node.col_offset))
        return tuple(dict.fromkeys(node.id for node in found))
    return ()


def _operands(frame: FrameType, names: tuple[str, ...]) -> Iterator[Operand]:
    shown = 0
    for name in names:
        for scope in (frame.f_locals, frame.f_globals):
            if name in scope:
                described = _described(scope[name])
                if described and len(name) <= NAME_LIMIT and shown < OPERANDS_LIMIT:
                    yield [name, *described]
                    shown += 1
                break


def _described(value: object) -> tuple[str, list[int] | None] | None:
    """Say what a value is: its dtype or type, and its shape or length; None where that says nothing."""
    kind = type(value)
    if kind is np.ndarray or issubclass(kind, np.generic):
        array = np.asarray(value)
        return array.dtype.name, list(array.shape)
    if kind not in _SHOWN:
        return None
    length = [len(value)] if isinstance(value, (list, tuple, dict)) else None
    return kind.__name__, length


def _near(error: BaseException, frame: FrameType) -> str:
    """Find a name that is there and looks like the one that is not."""
    wanted = getattr(error, "name", None)
    if type(wanted) is not str or not isinstance(error, (NameError, AttributeError)):
        return ""
    if isinstance(error, AttributeError):
        candidates = _attributes(error.obj)
    else:
        candidates = [*frame.f_locals, *frame.f_globals, *vars(builtins)]
    names = [n for n in candidates if type(n) is str and n != wanted and n.isidentifier()]
    near = difflib.get_close_matches(wanted, names[:_CANDIDATES_LIMIT], n=1, cutoff=0.8)
    return near[0][:NAME_LIMIT] if near else ""


def _attributes(owner: object) -> list[str]:
    if type(owner) is ModuleType:
        return [name for name in vars(owner) if not name.startswith("_")]
    return [name for name in dir(type(owner)) if not name.startswith("_")] if type(owner) in _SHOWN else []
