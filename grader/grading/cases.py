"""Collect a lesson's tests without the machinery that they do not use.

Most tests ask for nothing but our own fixtures and direct parameters. For a file of such tests pytest
would spend more time on fixtures, markers and locations than the tests take. So each case becomes a
plain item here. A file with anything else (a fixture of the author's, a class, another mark) is left to
pytest itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from grader.grading.authors import run_file
from grader.testing.plugin import FIXTURES, Provider

PLAIN_ID = (str, int, float, complex, bool, type(None))
"""Parameters whose text pytest puts into a test's name as it is."""
OTHER_KINDS = ("setup_module", "teardown_module", "setup_function", "teardown_function", "pytestmark")

Case = tuple[str, dict[str, Any]]
"""The name of a test with its parameters, and their values."""


class PlainTest(pytest.Item):
    """One test function with one set of parameters."""

    def __init__(
        self, *, function: Callable[..., None], parameters: dict[str, Any], provider: Provider, **rest: Any
    ) -> None:
        super().__init__(**rest)
        self.obj = function
        self.originalname = function.__name__
        self._parameters = parameters
        self._provider = provider

    def runtest(self) -> None:
        """Call the test with its parameters and our fixtures."""
        self.obj(**{
            name: self._parameters[name] if name in self._parameters else FIXTURES[name](self._provider, self)
            for name in arguments(self.obj)
        })

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """Name the error only: a traceback costs more than the test, and feedback is written elsewhere."""
        return excinfo.typename

    @property
    def location(self) -> tuple[str, int | None, str]:
        """Give the file, the line and the name, without looking for decorators."""
        return str(self.path), self.obj.__code__.co_firstlineno, self.name


class PlainFile(pytest.File):
    """A file in which every test is plain."""

    def __init__(self, *, module: ModuleType, provider: Provider, **rest: Any) -> None:
        super().__init__(**rest)
        self._module = module
        self._provider = provider

    def collect(self) -> Iterator[pytest.Item]:
        """Make an item of every case, in the order of the file."""
        for function in tests_of(self._module):
            for name, parameters in cases(function):
                yield PlainTest.from_parent(self, name=name, function=function, parameters=parameters,
                                            provider=self._provider)


def collector_of(path: Path, parent: pytest.Collector, provider: Provider) -> pytest.Collector:
    """Collect a test file ourselves if all in it is plain; else pytest does.

    Either way its tests are named by lesson and file: pytest alone would give two lessons' tests of one
    name the same id.
    """
    nodeid = f"{path.parent.name}/{path.name}"
    return plain_file(path, parent, provider, nodeid) or pytest.Module.from_parent(
        parent, path=path, nodeid=nodeid)


def plain_file(
    path: Path, parent: pytest.Collector, provider: Provider, nodeid: str | None = None
) -> PlainFile | None:
    """Import a test file and take it, if all in it is plain."""
    module = plain_module(path)
    if module is None:
        return None
    return PlainFile.from_parent(parent, path=path, nodeid=nodeid, module=module, provider=provider)


def plain_module(path: Path) -> ModuleType | None:
    """Import a test file, if all in it is plain; errors of its import are pytest's to tell."""
    try:
        module = run_file(path, f"{path.parent.name}.{path.stem}", findable=True)
    except Exception:  # pytest imports it again, and reports what is wrong
        return None
    return module if _is_plain(module) else None


def tests_of(module: ModuleType) -> Iterator[FunctionType]:
    """Give the test functions of a module."""
    for name, value in vars(module).items():
        if name.startswith("test") and isinstance(value, FunctionType):
            yield value


def arguments(function: Callable[..., Any]) -> tuple[str, ...]:
    """Name a function's arguments."""
    code = function.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _is_plain(module: ModuleType) -> bool:
    names = vars(module)
    if any(name in names for name in OTHER_KINDS) or any(name.startswith("Test") for name in names):
        return False
    if any(type(value).__name__ == "FixtureFunctionDefinition" for value in names.values()):
        return False
    if not all(_is_plain_test(function) for function in tests_of(module)):
        return False
    labels = [name for function in tests_of(module) for name, _ in cases(function)]
    return len(set(labels)) == len(labels)


def _is_plain_test(function: FunctionType) -> bool:
    known = set(FIXTURES)
    for mark in _marks(function):
        if mark.name != "parametrize" or mark.kwargs or len(mark.args) != 2:  # noqa: PLR2004 - names, values
            return False
        if any(hasattr(values, "marks") for values in mark.args[1]):  # pytest.param(...)
            return False
        known |= set(_names(mark))
    return known.issuperset(arguments(function)) and not function.__defaults__


def _marks(function: FunctionType) -> list[pytest.Mark]:
    found: list[pytest.Mark] = getattr(function, "pytestmark", [])
    return found


def _names(mark: pytest.Mark) -> list[str]:
    names = mark.args[0]
    return [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)


def cases(function: FunctionType) -> Iterator[Case]:
    """Give every combination of a test's parameters, with the names that pytest would give."""
    marks = _marks(function)
    if not marks:
        yield function.__name__, {}
        return
    sets = [list(_rows(mark)) for mark in marks]  # the mark nearest to the function comes first
    for rows in itertools.product(*sets):
        label = "-".join(label for label, _ in rows)
        yield f"{function.__name__}[{label}]", {name: value for _, row in rows for name, value in row.items()}


def _rows(mark: pytest.Mark) -> Iterator[Case]:
    names = _names(mark)
    bare = isinstance(mark.args[0], str) and len(names) == 1  # then each value stands by itself
    for number, values in enumerate(mark.args[1]):
        row = dict(zip(names, (values,) if bare else values, strict=True))
        labels = (str(value) if isinstance(value, PLAIN_ID) else f"{name}{number}"
                  for name, value in row.items())
        yield "-".join(labels), row
