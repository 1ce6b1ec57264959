"""Find tests and misconceptions in the syntax tree of an author's files; nothing is imported."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.course.files import CourseFiles
from grader.course.model import Misconception, TestFunction
from grader.errors import CourseError

_CRITERION_ARGUMENTS = 2


@dataclass(frozen=True)
class Mark:
    """One `@criterion` above one test."""

    exercise: str
    criterion: str
    test: TestFunction
    where: str


@dataclass(frozen=True)
class MarkedMisconception:
    """One `@misconception`, and the place to name in a refusal."""

    misconception: Misconception
    where: str


def read_tests(files: CourseFiles, path: Path, *, public: bool) -> list[Mark]:
    """List the criteria that each test of a file checks."""
    tree, name = files.tree(path), files.name(path)
    _refuse_hidden_places(tree, name)
    marks: list[Mark] = []
    for function in _functions(tree):
        calls = _decorators(function, "criterion")
        _check_name(function, marked=bool(calls), name=name)
        if calls:
            marks += _marks(function, calls, path, name, public=public)
    _refuse_twice([node for node in _functions(tree) if node.name.startswith("test")], name)
    return marks


def _check_name(function: ast.FunctionDef, *, marked: bool, name: str) -> None:
    where = f"{name}:{function.lineno}"
    if function.name.startswith("test") and not marked:
        raise CourseError(f"the test `{function.name}` belongs to no criterion", where=where,
                          fix='Put @criterion("exercise", "criterion") above it.')
    if marked and not function.name.startswith("test_"):
        raise CourseError(f"`{function.name}` has a @criterion, but pytest would not run it", where=where,
                          fix=f"Call it `test_{function.name}`.")


def _marks(
    function: ast.FunctionDef, calls: list[ast.expr], path: Path, name: str, *, public: bool
) -> list[Mark]:
    test = TestFunction(
        name=function.name, file=path, line=function.lineno, public=public,
        sentence=_docstring(function, name, "the student reads its first line").splitlines()[0].strip(),
    )
    pairs = [(_criterion(call, name), f"{name}:{call.lineno}") for call in calls]
    for number, (pair, where) in enumerate(pairs):
        if pair in [earlier for earlier, _ in pairs[:number]]:
            raise CourseError(f"`{function.name}` names the criterion {pair[0]} {pair[1]} twice",
                              where=where, fix="Name it once.")
    return [Mark(exercise, criterion, test, where) for (exercise, criterion), where in pairs]


def read_misconceptions(files: CourseFiles, path: Path) -> list[MarkedMisconception]:
    """List the misconceptions of a file; functions without the decorator only serve them."""
    tree, name = files.tree(path), files.name(path)
    found = [
        MarkedMisconception(_misconception(function, calls, name), f"{name}:{calls[0].lineno}")
        for function in _functions(tree)
        if (calls := _decorators(function, "misconception"))
    ]
    _refuse_twice(_functions(tree), name)
    return found


def _misconception(function: ast.FunctionDef, calls: list[ast.expr], name: str) -> Misconception:
    where = f"{name}:{calls[0].lineno}"
    call = calls[0]
    if len(calls) > 1:
        raise CourseError(f"`{function.name}` has two @misconception lines", where=where,
                          fix="Write one function for each exercise.")
    exercise, words = _misconception_words(call, where)
    loses = words.get("loses", [])
    if not loses:
        raise CourseError(f"the misconception `{function.name}` loses nothing", where=where,
                          fix='Name the criteria it costs: loses=["…"].')
    return Misconception(
        id=function.name, exercise=exercise, title=words["title"], loses=tuple(loses),
        text=_docstring(function, name, "the student reads it"), line=function.lineno,
        recognises=words.get("recognise", False),
    )


def _misconception_words(call: ast.expr, where: str) -> tuple[str, dict[str, Any]]:
    """Read the literal arguments of `@misconception`."""
    shapes: dict[str, Callable[[Any], bool]] = {
        "loses": _is_texts, "title": _is_text, "recognise": lambda value: isinstance(value, bool)
    }
    if isinstance(call, ast.Call):
        exercise = [_literal(argument) for argument in call.args]
        words = {str(keyword.arg): _literal(keyword.value) for keyword in call.keywords}
        fits = all(key in shapes and shapes[key](value) for key, value in words.items())
        if len(exercise) == 1 and _is_text(exercise[0]) and fits and "title" in words:
            return exercise[0], words
    raise CourseError(
        "@misconception takes literal words only", where=where,
        fix='Write @misconception("1.1", loses=["criterion"], title="…"), '
            "with recognise=True if it takes the recorded calls.",
    )


def _criterion(call: ast.expr, name: str) -> tuple[str, str]:
    if isinstance(call, ast.Call) and not call.keywords:
        words = [_literal(argument) for argument in call.args]
        if len(words) == _CRITERION_ARGUMENTS and all(_is_text(word) for word in words):
            return words[0], words[1]
    raise CourseError("@criterion takes two literal words", where=f"{name}:{call.lineno}",
                      fix='Write @criterion("1.1", "criterion").')


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_texts(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(_is_text(item) for item in value)


def _functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in tree.body if isinstance(node, ast.FunctionDef)]


def _decorators(function: ast.FunctionDef, wanted: str) -> list[ast.expr]:
    """Find the decorators of one name, written `name(…)` or `module.name(…)`."""
    found = []
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", None)
        if name == wanted:
            found.append(decorator)
    return found


def _docstring(function: ast.FunctionDef, name: str, why: str) -> str:
    text = inspect.cleandoc(ast.get_docstring(function) or "")
    if not text:
        raise CourseError(f"`{function.name}` has no docstring ({why})",
                          where=f"{name}:{function.lineno}", fix="Write one, as a sentence about behaviour.")
    return text


def _refuse_hidden_places(tree: ast.Module, name: str) -> None:
    """Refuse tests that pytest would collect but this reader does not see at the top level."""
    top = set(map(id, _functions(tree)))
    for node in _statements(tree.body):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or id(node) in top:
            continue
        if node.name.startswith("test"):
            raise CourseError(f"the test `{node.name}` is not a plain function at the top of the file",
                              where=f"{name}:{node.lineno}",
                              fix="Write tests as `def` at the top level, outside classes and blocks.")


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Walk through all statements, at any depth, but not into their expressions."""
    for node in body:
        yield node
        for part in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(node, part, ()))
        for branch in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            yield from _statements(branch.body)


def _refuse_twice(functions: list[ast.FunctionDef], name: str) -> None:
    counts = Counter(function.name for function in functions)
    for function in reversed(functions):
        if counts[function.name] > 1:
            raise CourseError(f"`{function.name}` is defined twice, so only the last one counts",
                              where=f"{name}:{function.lineno}", fix="Rename one of them.")
