"""Start our own code in a clean interpreter: isolated, an environment from an allow-list, an empty folder."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import grader

PREFIX = "grader-"
"""What our temporary folders are called."""
_KEPT_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
"""What an interpreter may need to find its own libraries."""

_START = """
import importlib.util, sys
folder, module, *words = sys.argv[1:]
spec = importlib.util.spec_from_file_location(
    "grader", folder + "/__init__.py", submodule_search_locations=[folder])
sys.modules["grader"] = package = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
importlib.import_module(module).main(*map(int, words))
"""
"""Import this very package by its folder, wherever it was found, without adding to sys.path."""


def environment() -> dict[str, str]:
    """Build a child's environment: nothing of the grader's but what the interpreter needs."""
    threads = dict.fromkeys(
        ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
         "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, **threads, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def start(
    module: str, words: Sequence[int], *, fds: Sequence[int] = (), pipes: bool = False,
    folder: str | None = None,
) -> subprocess.Popen[bytes]:
    """Start `module.main(*words)`, in a session of its own.

    It starts in `folder`, else in an empty one that is gone once it runs.
    """
    stream = subprocess.PIPE if pipes else subprocess.DEVNULL
    package = str(Path(grader.__file__).resolve().parent)
    command = [sys.executable, "-I", "-X", "utf8", "-c", _START, package, module, *map(str, words)]
    with contextlib.ExitStack() as undo:
        empty = folder or undo.enter_context(
            tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True))
        return subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
            command, stdin=stream, stdout=stream, stderr=subprocess.DEVNULL, env=environment(),
            cwd=empty, start_new_session=True, pass_fds=tuple(fds), bufsize=0,
        )
