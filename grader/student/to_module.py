"""Bring the functions of a notebook into its module, with what they use; the rest of both stays."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator
from dataclasses import dataclass

from grader.course import Course, Lesson
from grader.errors import UsageError
from grader.result import write_text
from grader.sandbox.cells import cell_and_line, join_cells, parse_cells, unreadable
from grader.sandbox.trees import bound_names
from grader.student.backup import keep_backup
from grader.student.notebook import Done, module_text
from grader.student.sources import lines_of
from grader.student.steps import file_of
from grader.submission.folder import NotReadable
from grader.submission.functions import is_stub, notebook_file
from grader.submission.notebooks import Notebook, parse_notebook
from grader.submission.source import NotText

_IMPORTS = (ast.Import, ast.ImportFrom)


def bring_to_module(course: Course, lesson: Lesson) -> Done:
    """Write the exercises of a lesson's notebook into its module, after the old one was kept.

    What counts is what counts when the notebook is graded. Raises UsageError where there is no notebook,
    or one of the two cannot be read.
    """
    file, target = notebook_file(lesson), file_of(course, lesson.exercises[0])
    notebook = _read(course, lesson, file)
    joined = join_cells((cell.number, cell.text) for cell in notebook.cells)
    tree = parse_cells(joined, target)
    for line, problem in unreadable(tree):
        number, at = cell_and_line(joined, line)
        raise UsageError(f"Python cannot read this cell: {problem}.", where=f"{file} cell {number}:{at}",
                         fix="mend it, save the notebook, and run this again.")
    path = course.root / target
    old = module_text(course, lesson)
    end = "\r\n" if "\r\n" in old else "\n"
    merging = _Merging(_pieces(joined, tree), old.replace("\r\n", "\n"), target)
    merging.take(lesson)
    new = merging.text().replace("\n", end)
    if new == old and path.exists():
        return Done(target)
    backup = keep_backup(course.root, path, f"module-{lesson.id}") if path.exists() else ""
    write_text(new, path)
    return Done(target, tuple(f"{name} is as in the notebook now." for name in merging.taken), backup)


def _read(course: Course, lesson: Lesson, file: str) -> Notebook:
    make = f"make one with `grader notebook {lesson.id}`."
    try:
        return parse_notebook((course.root / file).read_bytes(), file)
    except FileNotFoundError:
        raise UsageError(f"lesson {lesson.id} has no notebook.", where=file, fix=make) from None
    except (NotReadable, NotText, OSError) as error:
        raise UsageError(f"this notebook {error}", where=file, fix=make) from None


@dataclass(frozen=True)
class _Piece:
    """A statement at the top level: its names, its text, and its lines from 0."""

    names: frozenset[str]
    text: str
    first: int
    last: int
    statement: ast.stmt

    @property
    def needs(self) -> set[str]:
        """List the global names that it uses."""
        return set(_globals(self.text)) - self.names


def _pieces(text: str, tree: ast.Module) -> list[_Piece]:
    lines = lines_of(text)
    found = []
    for statement in tree.body:
        decorators = getattr(statement, "decorator_list", [])
        first = min([statement.lineno, *(one.lineno for one in decorators)]) - 1
        last = statement.end_lineno or statement.lineno
        words = "".join(lines[first:last]).rstrip("\n")
        if statement.col_offset or words.count("\n") != last - first - 1 or ";" in words.split("\n")[-1]:
            words = ast.unparse(statement)
        found.append(_Piece(frozenset(bound_names(statement)), words, first, last, statement))
    return found


def _globals(text: str) -> Iterator[str]:
    """List the names that a statement takes from its module."""
    waiting = [symtable.symtable(text, "piece", "exec")]
    while waiting:
        table = waiting.pop()
        yield from (symbol.get_name() for symbol in table.get_symbols()
                    if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module"))
        waiting += table.get_children()


class _Merging:
    """A module on the way to holding what a notebook holds."""

    def __init__(self, cells: list[_Piece], module: str, where: str) -> None:
        self._cells = {name: piece for piece in cells for name in piece.names}
        self._lines = lines_of(module)
        self._changes: list[tuple[int, int, str]] = []
        self._added: list[_Piece] = []
        self.taken: list[str] = []
        try:
            self._own = _pieces(module, ast.parse(module))
        except (SyntaxError, ValueError, RecursionError) as error:
            line = getattr(error, "lineno", None) or 1
            raise UsageError(f"Python cannot read this file: {getattr(error, 'msg', error)}.",
                             where=f"{where}:{line}", fix="mend that line first.") from None

    def take(self, lesson: Lesson) -> None:
        """Take the exercises that are written in the notebook, and all that they use."""
        waiting = []
        for exercise in lesson.exercises:
            piece = self._cells.get(exercise.function)
            if piece and not is_stub(piece.text, exercise):
                waiting.append(exercise.function)
        self._functions = {exercise.function for exercise in lesson.exercises}
        seen: set[str] = set()
        while waiting:
            name = waiting.pop(0)
            piece = self._cells.get(name)
            if name in seen or piece is None:
                continue
            seen |= piece.names
            self._place(name, piece)
            waiting += sorted(piece.needs - seen - self._functions)

    def _place(self, name: str, piece: _Piece) -> None:
        own = [one for one in self._own if name in one.names]
        if own and own[-1].text == piece.text:
            return
        if own and isinstance(own[-1].statement, _IMPORTS) and isinstance(piece.statement, _IMPORTS):
            return
        self.taken.append(name)
        if own:
            self._changes.append((own[-1].first, own[-1].last, piece.text + "\n"))
        else:
            self._added.append(piece)

    def text(self) -> str:
        """Give the module's new text: changes in place, and what is new below the imports."""
        changes = [*self._changes, *self._additions()]
        lines = list(self._lines)
        for first, last, text in sorted(changes, key=lambda change: change[:2], reverse=True):
            lines[first:last] = [text]
        return "".join(lines)

    def _additions(self) -> Iterator[tuple[int, int, str]]:
        imports = sorted({piece.text for piece in self._added if isinstance(piece.statement, _IMPORTS)})
        others = [piece for piece in sorted(self._added, key=lambda piece: piece.first)
                  if not isinstance(piece.statement, _IMPORTS)]
        above = [one.last for one in self._own if isinstance(one.statement, _IMPORTS)]
        top = max(above, default=self._head())
        text = "".join(f"{line}\n" for line in imports)
        text += "".join(f"\n\n{piece.text}\n" if isinstance(piece.statement, (ast.FunctionDef, ast.ClassDef))
                        else f"\n{piece.text}\n" for piece in others)
        if text:
            yield top, top, text

    def _head(self) -> int:
        """Find the line behind the module's docstring."""
        first = self._own[0] if self._own else None
        is_text = first and isinstance(first.statement, ast.Expr) and isinstance(
            first.statement.value, ast.Constant)
        return first.last if first and is_text else 0
