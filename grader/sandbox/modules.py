"""The submitted package inside a worker: imported from memory, with its rule about imports, and its doors."""

from __future__ import annotations

import ast
import builtins
import importlib
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from grader.sandbox.allowed import ALLOWED_MODULES, explain_refusal
from grader.sandbox.cells import future_flags, is_joined, parse_cells
from grader.sandbox.trees import bound_names, hidden_name, put_doors

COMPILED = 500
"""Modules whose code is kept: the known mistakes of a course share all but one of theirs."""

DoorFunctions = Mapping[str, Mapping[str, Callable[..., Any]]]
"""By module name inside the package, then by function name."""


def file_of(package: str, module: str) -> str:
    """Name the file of a module as the student knows it."""
    return f"{package}/{module.replace('.', '/')}.py"


class Package:
    """A finder and loader for one package whose source texts are held in memory."""

    def __init__(self, name: str, modules: Mapping[str, str], owned: Collection[str]) -> None:
        self.name = name
        self._texts = dict(modules)
        self._owned = frozenset(owned)
        self._entry = ""
        self._doors: DoorFunctions = {}
        self._real_import = builtins.__import__
        self._builtins: dict[str, Any] = {}
        self.files = {file_of(name, module): text for module, text in modules.items()}
        """The source texts by file."""

    def begin(self, entry: str, doors: DoorFunctions) -> ModuleType:
        """Import a module in fresh namespaces, with these doors."""
        self.forget()
        self._entry, self._doors = entry, doors
        self._builtins = {**vars(builtins), "__import__": self._import}
        sys.meta_path.insert(0, self)
        return importlib.import_module(f"{self.name}.{entry}" if entry != "__init__" else self.name)

    def forget(self) -> None:
        """Drop all modules of the package."""
        sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Package)]
        for name in [n for n in sys.modules if n == self.name or n.startswith(f"{self.name}.")]:
            del sys.modules[name]

    # the import system's side
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module of the package; leave all others to the other finders."""
        top, _, inner = fullname.partition(".")
        if top != self.name:
            return None
        found = self._key(inner)
        if found is None:
            return None
        is_package = not inner or found.endswith("__init__") or self._has_children(inner)
        return ModuleSpec(fullname, self, origin=file_of(self.name, found), is_package=is_package)  # type: ignore[arg-type]

    def _key(self, inner: str) -> str | None:
        """Give the key of a module's text; a folder without one, or a module with only doors, is empty."""
        init = f"{inner}.__init__" if inner else "__init__"
        for key in (init, inner):
            if key in self._texts:
                return key
        if not inner or self._has_children(inner):
            return init
        return inner if self._doors.get(inner) else None

    def _has_children(self, inner: str) -> bool:
        return any(key.startswith(f"{inner}.") for key in self._texts)

    def create_module(self, spec: ModuleSpec) -> None:
        """Let the import system make the module object."""

    def exec_module(self, module: ModuleType) -> None:
        """Run a module's text. An exercise's module that breaks costs itself, not those that import it."""
        inner = module.__name__.partition(".")[2]
        key = self._key(inner) or inner
        doors = self._doors.get(key, {})
        before = dict(vars(module))
        try:
            self._run(module, key, doors)
        except BaseException as error:
            if key not in self._owned or key == self._entry:
                raise
            vars(module).clear()
            vars(module).update(before, **doors, __getattr__=_fails_late(error))

    def _run(self, module: ModuleType, key: str, doors: Mapping[str, Callable[..., Any]]) -> None:
        namespace = vars(module)
        namespace["__builtins__"] = self._builtins
        namespace["__file__"] = file = file_of(self.name, key)
        namespace.update(doors)
        namespace.update({hidden_name(name): door for name, door in doors.items()})
        for part in _compile(self._texts.get(key, ""), file, frozenset(doors)):
            part.run(namespace)
        namespace.update(doors)

    def _import(
        self, name: str, globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None, fromlist: Sequence[str] = (), level: int = 0,
    ) -> ModuleType:
        """Import for a statement in a student's module: the package itself, and what is allowed."""
        # C code imports with its caller's builtins; its `fromlist` is a list, a statement's is not.
        by_statement = level == 0 and type(fromlist) is not list
        top = name.partition(".")[0]
        if by_statement and top != self.name and name not in ALLOWED_MODULES:
            if self._key(top) is not None:
                advice = f"{top} is a module of {self.name}: write `from .{name} import …`"
                raise ModuleNotFoundError(advice, name=name)
            raise ModuleNotFoundError(explain_refusal(name), name=name)
        return self._real_import(name, globals, locals, fromlist, level)


class Part(NamedTuple):
    """Code that is run in one piece: a whole module, or a statement of a notebook."""

    code: CodeType
    binds: Sequence[str] | None = None
    """For a statement of a notebook: its names, which fail late if it does."""

    def run(self, namespace: dict[str, Any]) -> None:
        """Run the code in a module's namespace."""
        if self.binds is None:
            exec(self.code, namespace)  # noqa: S102 - in the box
            return
        try:
            exec(self.code, namespace)  # noqa: S102 - in the box
        except Exception as error:  # in Jupyter, too, a cell that fails costs only itself
            for name in self.binds:
                namespace.setdefault(name, _Absent(error))


class _Absent:
    """Stands for what a statement of a notebook could not make; raises the reason when it is used."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __call__(self, *args: object, **kwargs: object) -> object:
        raise self._error.with_traceback(None)

    def __getattr__(self, name: str) -> object:
        raise self._error.with_traceback(None)


@lru_cache(maxsize=COMPILED)
def _compile(text: str, file: str, doors: frozenset[str]) -> Sequence[Part]:
    """Compile a module's text once for each set of doors, however many exercises and variants import it."""
    if is_joined(text):
        return _compile_cells(text, file, doors)
    if not doors:
        return [Part(compile(text, file, "exec", dont_inherit=True))]
    tree = ast.parse(text, file)
    put_doors(tree, doors)
    return [Part(compile(tree, file, "exec", dont_inherit=True))]


def _compile_cells(text: str, file: str, doors: Collection[str]) -> Sequence[Part]:
    tree = parse_cells(text, file)
    put_doors(tree, doors)
    flags = future_flags(tree)
    return [Part(compile(ast.Module([statement], []), file, "exec", flags, dont_inherit=True),
                  tuple(bound_names(statement))) for statement in tree.body]


def _fails_late(error: BaseException) -> Callable[[str], Any]:
    """Make a module's `__getattr__` that raises what its import raised, once something is asked of it."""
    trace = error.__traceback__

    def __getattr__(name: str) -> Any:  # noqa: N807 - the import system's name
        if name.startswith("__"):
            raise AttributeError(name)
        raise error.with_traceback(trace)

    return __getattr__
