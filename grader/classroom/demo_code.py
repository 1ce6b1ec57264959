"""Write modules as students do: right in several styles, with a known mistake, half done, broken, hostile.

All of it is made from the course's reference, stubs and misconceptions, so it serves any course.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection, Mapping
from random import Random
from typing import Any

from grader.course import Course, Lesson, Misconception
from grader.errors import CourseError
from grader.grading.variants import variant, with_function

MISTAKE = 0.4
"""How often a student who is not perfect makes a known mistake in a lesson."""
HOSTILE = {
    "reads files": "open('/etc/passwd').read()",
    "leaves early": "__import__('os')._exit(0)",
    "starts a program": "__import__('os').system('true')",
    "never ends": "while True:\n        pass",
}


def right(text: str, style: int) -> str:
    """Write a right module in one of a few styles: as it is, without comments, with other names."""
    if style == 0:
        return text
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            if style > 1:
                _rename_locals(node, "my_" if style == 2 else "the_")  # noqa: PLR2004 - the number of a style
            _drop_docstring(node)
    return ast.unparse(tree) + "\n"


STYLES = 4


def _drop_docstring(node: ast.FunctionDef) -> None:
    if len(node.body) > 1 and ast.get_docstring(node) is not None:
        del node.body[0]


def _rename_locals(function: ast.FunctionDef, prefix: str) -> None:
    """Rename what a plain function assigns; leave one alone that has functions or scopes of its own in it."""
    inner = [n for n in ast.walk(function) if n is not function]
    if any(isinstance(n, (ast.FunctionDef, ast.Lambda, ast.Global, ast.Nonlocal, ast.ClassDef, ast.Import,
                          ast.ImportFrom)) for n in inner):
        return
    arguments = {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)}
    own = {n.id for n in inner if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} - arguments
    for node in inner:
        if isinstance(node, ast.Name) and node.id in own:
            node.id = f"{prefix}{node.id}"


def with_mistakes(
    course: Course, lesson: Lesson, modules: Mapping[str, str], random: Random, done: Collection[str]
) -> dict[str, str]:
    """Put one known mistake into a lesson's module, if there is one that code can say."""
    known = [m for m in lesson.misconceptions if not m.recognises and m.exercise in done]
    if not known:
        return dict(modules)
    return mistaken(course, lesson, modules, random.choice(known))


def mistaken(
    course: Course, lesson: Lesson, modules: Mapping[str, str], mistake: Misconception
) -> dict[str, str]:
    """Put a known mistake into a module, without the text that explains it."""
    try:
        changed = variant(course, mistake, modules)
    except CourseError:  # it needs a helper of the name that this module has already
        return dict(modules)
    before = {n.name for n in ast.parse(modules[lesson.module]).body if isinstance(n, ast.FunctionDef)}
    new = {course.exercises[mistake.exercise].function} | _functions(changed[lesson.module]) - before
    changed[lesson.module] = _without_docstrings(changed[lesson.module], new)
    return changed


def _functions(text: str) -> set[str]:
    return {n.name for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)}


def _without_docstrings(text: str, functions: Collection[str]) -> str:
    lines = text.split("\n")
    for node in reversed(ast.parse(text).body):
        if isinstance(node, ast.FunctionDef) and node.name in functions and len(node.body) > 1:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                del lines[first.lineno - 1:first.end_lineno]
    return "\n".join(lines)


def unfinished(text: str, stub: str, functions: Collection[str]) -> str:
    """Put the stubs of some functions back into a module."""
    lines = stub.split("\n")
    for node in ast.parse(stub).body:
        if isinstance(node, ast.FunctionDef) and node.name in functions:
            text = with_function(text, node.name, "\n".join(lines[node.lineno - 1:node.end_lineno]))
    return text


def hostile(text: str, function: str, what: str) -> str:
    """Put something into a function that no solution needs."""
    node = next(n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == function)
    first = node.body[1] if len(node.body) > 1 and ast.get_docstring(node) else node.body[0]
    lines = text.split("\n")
    lines.insert(first.lineno - 1, f"    {HOSTILE[what]}")
    return "\n".join(lines)


def notebook(text: str) -> bytes:
    """Write a module as a notebook: a cell for each function, and one for what stands before them."""
    lines, start = text.split("\n"), 0
    cells: list[str] = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
            cells += ["\n".join(lines[start:first]), "\n".join(lines[first:node.end_lineno])]
            start = node.end_lineno or first
    cells.append("\n".join(lines[start:]))
    rows: list[dict[str, Any]] = [
        {"cell_type": "code", "execution_count": None, "id": f"cell-{n}", "metadata": {}, "outputs": [],
         "source": cell.strip("\n")} for n, cell in enumerate(cells) if cell.strip()]
    return json.dumps({"cells": rows, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1).encode()


def broken(text: str, random: Random) -> str:
    """Break a module's syntax as a slip of the hand does: a colon is missing."""
    places = [m.end() - 1 for m in re.finditer(r"^def [^\n]*:$", text, re.MULTILINE)]
    place = random.choice(places) if places else len(text) - 1
    return text[:place] + text[place + 1:]
