"""Turn a misconception into a whole submission: the reference with one function replaced."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from grader.course import Course, Exercise, Misconception
from grader.errors import CourseError

FILE = "misconceptions.py"


def variant(
    course: Course, misconception: Misconception, reference: Mapping[str, str]
) -> dict[str, str]:
    """Give the reference's modules with the misconception in place of its exercise's function.

    What the misconception needs of its own file travels with it: imports and undecorated functions.
    Raises `CourseError` when such a function has the name of one of the reference's.
    """
    exercise = course.exercises[misconception.exercise]
    folder = course.lesson(exercise.lesson).folder
    text = reference[exercise.module]
    wrong = _wrong_source(course, folder / FILE, misconception, exercise, text)
    return {**reference, exercise.module: with_function(text, exercise.function, wrong)}


@cache
def _parsed(source: str) -> tuple[ast.Module, list[str]]:
    """Parse a text once for all misconceptions; `ast.get_source_segment` would split it again each time."""
    return ast.parse(source), source.split("\n")


def _segment(source: str, node: ast.stmt) -> str:
    """Give the lines of a statement that stands at the top level, without its decorators."""
    return "\n".join(_parsed(source)[1][node.lineno - 1:node.end_lineno])


def _wrong_source(
    course: Course, file: Path, misconception: Misconception, exercise: Exercise, reference: str
) -> str:
    source = file.read_text(encoding="utf-8")
    parts = []
    taken = {n.name for n in _parsed(reference)[0].body if isinstance(n, ast.FunctionDef)}
    for node in _parsed(source)[0].body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            parts.append(_import_line(node, course.package, exercise.module))
        elif isinstance(node, ast.FunctionDef) and not node.decorator_list:
            if node.name in taken:
                raise CourseError(
                    f"{node.name} is also a function of the reference, which it would replace",
                    where=f"{file.relative_to(course.root)}:{node.lineno}", fix="give it another name")
            parts.append(_segment(source, node))
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            parts.append(_segment(source, node))
    wrong = next(n for n in _parsed(source)[0].body
                 if isinstance(n, ast.FunctionDef) and n.name == misconception.id)
    code = _segment(source, wrong)
    parts.append(re.sub(rf"\bdef {wrong.name}\b", f"def {exercise.function}", code, count=1))
    return "\n\n".join(part for part in parts if part)


def _import_line(node: ast.Import | ast.ImportFrom, package: str, module: str) -> str:
    """Keep an import, but not of the decorators, and not of the module that it becomes a part of."""
    if isinstance(node, ast.Import):
        return ast.unparse(node)
    if node.module in ("__future__", "grader.testing"):
        return ""
    if node.module == f"{package}.{module}":
        return "\n".join(f"{a.asname} = {a.name}" for a in node.names if a.asname)
    return ast.unparse(node)


def with_function(text: str, function: str, source: str) -> str:
    """Put other source in the place of a module's function."""
    node = next(n for n in _parsed(text)[0].body
                if isinstance(n, ast.FunctionDef) and n.name == function)
    lines = text.splitlines(keepends=True)
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return "".join(lines[: first - 1]) + source + "\n" + "".join(lines[node.end_lineno:])
