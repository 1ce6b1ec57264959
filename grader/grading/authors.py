"""Run an author's file: tests, keys, known mistakes. They are trusted, and nothing is written beside them."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType


def run_file(path: Path, name: str, *, findable: bool = False) -> ModuleType:
    """Run a file as a module of that name; `findable` puts it into `sys.modules`, where classes look."""
    seen = path.stat()
    code = _compiled(path, seen.st_mtime_ns, seen.st_size)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    if findable:
        sys.modules[name] = module
    exec(code, vars(module))  # noqa: S102 - the author's own file; student text never comes near this
    return module


@cache
def _compiled(path: Path, changed: int, size: int) -> CodeType:
    """Compile a file once for a whole class: Python's own cache would be a file, here or beside it."""
    return compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
