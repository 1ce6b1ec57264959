"""Read the code cells of a notebook as one module: what counts is kept, scratch work is left out.

A student's notebook holds functions, and calls that try them, plots, shell lines and prints. Kept are
imports, functions, classes, and names for values that no code of the student's own has to make. A cell
with a slip in it costs its own functions and no others, as in Jupyter. All this happens in the worker:
the trusted side only puts the texts of the cells below each other.
"""

from __future__ import annotations
import __future__

import ast
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MARK = "# %% cell "
"""Begins the line above each cell; no line of a cell's own does."""

_CELL = re.compile(rf"^{MARK}(\d+)$", re.MULTILINE)
_OTHER_LANGUAGE = re.compile(r"\s*%%(?!(?:time|timeit|capture|prun)\b)")
_FOR_JUPYTER = re.compile(r"[%!?].*|[\w., ]+=\s*[%!].*|[\w.]+\?{1,2}\s*")
_INDENTED = re.compile(rf"(\s*)(?:{_FOR_JUPYTER.pattern})")
_DEF = re.compile(r"^(?:async[ \t]+)?def[ \t]+(\w+)", re.MULTILINE)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_STUB, _UNREADABLE, _WRITTEN = range(3)
_QUIET = (ast.Import, ast.ImportFrom, *_FUNCTIONS, ast.ClassDef)


class _Cell(NamedTuple):
    text: str
    line: int
    """The line of the joined text that its first line is."""


def join_cells(cells: Iterable[tuple[int, str]]) -> str:
    """Put cells, with their numbers, below each other."""
    return "".join(f"{MARK}{number}\n{_own_lines(text)}\n" for number, text in cells)


def _own_lines(text: str) -> str:
    return "\n".join(f" {line}" if line.startswith(MARK) else line for line in text.split("\n"))


def is_joined(text: str) -> bool:
    """Tell whether a module's text was put together from cells."""
    return text.startswith(MARK)


def cell_and_line(text: str, line: int) -> tuple[int, int]:
    """Give the number of the cell that a line of a joined text lies in, and its line there."""
    number, first = 0, 0
    for place, words in enumerate(text.split("\n")[:line], start=1):
        if words.startswith(MARK):
            number, first = int(words.removeprefix(MARK)), place
    return number, max(1, line - first)


def parse_source(text: str, file: str) -> ast.Module:
    """Parse a module's text, or what counts of a joined one; raise SyntaxError as `ast.parse` does."""
    return parse_cells(text, file) if is_joined(text) else ast.parse(text, file)


def parse_cells(text: str, file: str) -> ast.Module:
    """Parse a joined text cell by cell, and keep what counts."""
    statements: list[ast.stmt] = []
    for cell in _cells(text):
        statements += _parsed(cell, file)
    package = file.partition("/")[0]
    tools = {name for statement in statements for name in _imported(statement, package)}
    counting = [statement for statement in statements if _counts(statement, tools)]
    return ast.Module(_last_of_each(counting), [])


def unreadable(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """List the functions of cells that Python cannot read: line of the joined text, and the reason."""
    for statement in tree.body:
        if isinstance(statement, _FUNCTIONS) and _rank(statement) == _UNREADABLE:
            error = statement.body[0]
            assert isinstance(error, ast.Raise) and isinstance(error.exc, ast.Call)
            yield error.lineno, str(ast.literal_eval(error.exc.args[0]))


def future_flags(tree: ast.Module) -> int:
    """Give the compiler's flags for what cells import from `__future__`."""
    names = [alias.name for statement in tree.body
             if isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
             for alias in statement.names]
    flags = 0
    for name in set(names) & set(__future__.all_feature_names):
        flags |= getattr(__future__, name).compiler_flag
    return flags


def _cells(text: str) -> Iterator[_Cell]:
    marks = list(_CELL.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    for mark, end in zip(marks, ends, strict=False):  # a text without cells has an end, too
        yield _Cell(text[mark.end() + 1:end], text.count("\n", 0, mark.end()) + 2)


def _parsed(cell: _Cell, file: str) -> list[ast.stmt]:
    """Parse a cell; where Python cannot read it, its functions raise the error that says why."""
    if _OTHER_LANGUAGE.match(cell.text):
        return []
    problem: SyntaxError | None = None
    for text in _spellings(cell.text):
        try:
            tree = ast.parse(text, file)
            compile(tree, file, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except SyntaxError as error:
            problem = problem or error
        except (ValueError, RecursionError, MemoryError) as error:
            problem = problem or SyntaxError(str(error) or "this cell is nested too deeply")
        else:
            ast.increment_lineno(tree, cell.line - 1)
            return tree.body
    assert problem is not None
    return list(_broken(cell, problem))


def _spellings(text: str) -> Iterator[str]:
    """Give the text as it is, and without what is meant for Jupyter; the lines keep their numbers."""
    yield text
    lines = text.split("\n")
    yield "\n".join("" if _FOR_JUPYTER.fullmatch(line) else line for line in lines)
    yield "\n".join(f"{found[1]}pass" if (found := _INDENTED.fullmatch(line)) else line for line in lines)


def _broken(cell: _Cell, problem: SyntaxError) -> Iterator[ast.stmt]:
    line = cell.line + max(1, problem.lineno or 1) - 1
    for found in _DEF.finditer(cell.text):
        first = cell.line + cell.text.count("\n", 0, found.start())
        source = f"def {found[1]}(*args, **kwargs):\n    raise SyntaxError({problem.msg!r})"
        try:
            function = ast.parse(source).body[0]
        except SyntaxError:  # a `def` named like a word of Python's own
            continue
        ast.increment_lineno(function, first - 1)
        ast.increment_lineno(function.body[0], max(0, line - first - 1))  # type: ignore[attr-defined]
        yield function


def _imported(statement: ast.stmt, package: str) -> Iterator[str]:
    """Name what a statement imports from elsewhere than the student's own package."""
    if isinstance(statement, ast.ImportFrom) and (
            statement.level or (statement.module or "").partition(".")[0] == package):
        return
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        for alias in statement.names:
            if alias.name.partition(".")[0] != package:
                yield (alias.asname or alias.name).partition(".")[0]


def _counts(statement: ast.stmt, tools: set[str]) -> bool:
    if isinstance(statement, _QUIET):
        return True
    if isinstance(statement, ast.Assign):
        return all(map(_is_name, statement.targets)) and _is_quiet(statement.value, tools)
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        return _is_name(statement.target) and _is_quiet(statement.value, tools)
    return False


def _is_name(target: ast.expr) -> bool:
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(map(_is_name, target.elts))
    return isinstance(target, ast.Name)


def _is_quiet(value: ast.expr, tools: set[str]) -> bool:
    """Tell whether a value is made without calling anything but what was imported."""
    waiting: list[ast.AST] = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)):
            return False
        if isinstance(node, ast.Call) and _root(node.func) not in tools:
            return False
        waiting.extend(ast.iter_child_nodes(node))
    return True


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _last_of_each(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Keep one definition of a function that several cells hold: the last one that is written."""
    best: dict[str, tuple[int, int]] = {}
    for place, statement in enumerate(statements):
        if isinstance(statement, _FUNCTIONS):
            best[statement.name] = max(best.get(statement.name, (0, 0)), (_rank(statement), place))
    return [statement for place, statement in enumerate(statements)
            if not isinstance(statement, _FUNCTIONS) or best[statement.name][1] == place]


def _rank(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Rank a stub below a function that cannot be read, and that below one that can."""
    last = function.body[-1]
    if not isinstance(last, ast.Raise) or not isinstance(last.exc, ast.Call):
        return _WRITTEN
    name = last.exc.func.id if isinstance(last.exc.func, ast.Name) else ""
    if name == NotImplementedError.__name__:
        return _STUB
    is_ours = name == SyntaxError.__name__ and len(function.body) == 1 and function.args.vararg is not None
    return _UNREADABLE if is_ours else _WRITTEN
