"""The other Pythons of the matrix: find them, and give each an environment of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from grader.tests.attacks.catalogue import COURSE

_FOLDERS = """
import json, sys
from pathlib import Path
here = Path(sys.executable)
print(json.dumps([sys.prefix, sys.base_prefix, str(here.parent), str(here.resolve().parent),
                  *(p for p in sys.path if p.endswith("-packages"))]))
"""


@dataclass(frozen=True)
class Python:
    """An interpreter that has what the grader needs."""

    version: str
    executable: Path

    @property
    def is_this(self) -> bool:
        """Tell whether it is the one that runs this."""
        return self.executable == Path(sys.executable)

    @cached_property
    def folders(self) -> tuple[Path, ...]:
        """List the folders that it cannot do without."""
        said = subprocess.run([str(self.executable), "-c", _FOLDERS], check=True, capture_output=True)
        return tuple(map(Path, json.loads(said.stdout)))


THIS = Python(f"{sys.version_info.major}.{sys.version_info.minor}", Path(sys.executable))


def prepared(version: str) -> Python | None:
    """Make an environment for a version, or take the one that is there; None if there is no such Python.

    Raises `subprocess.CalledProcessError` if what the grader needs cannot be installed.
    """
    if version == THIS.version:
        return THIS
    base = _find(version)
    if base is None:
        return None
    folder = COURSE / ".venv" / "attacks" / version
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if not ready.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        needs = tomllib.loads((COURSE / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
        subprocess.run([str(base), "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *needs],
                       check=True)
        ready.touch()
    return Python(version, python)


def _find(version: str) -> Path | None:
    """Look where Pythons are kept; a name on the PATH may be a shim that starts none."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    named = [shutil.which(f"python{version}"), *sorted(root.glob(f"versions/{version}.*/bin/python"))]
    return next((Path(found) for found in named if found and _is(Path(found), version)), None)


def _is(python: Path, version: str) -> bool:
    say = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        said = subprocess.run([str(python), "-I", "-c", say], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return said.stdout.strip() == version
