"""Grade the submission in the working folder, for Classroom 50's runner.

The runner calls this file with the student's checkout as working folder. It leaves `result.json` and
`release-body.md` there, and exits 0 whenever it could grade. Nothing of the checkout is imported here: the
course and the grader lie beside this file.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULT, BODY = "result.json", "release-body.md"
NEEDS = ("numpy", "pytest", "pytest_jsonreport", "nbformat", "click", "rich")
HAS_HIDDEN_TESTS = (HERE / "course" / "reference").is_dir()


def main() -> int:
    """Install what is missing, grade, and put the two files into the checkout."""
    checkout = Path.cwd()
    if not all(importlib.util.find_spec(name) for name in NEEDS):
        _install()
    with tempfile.TemporaryDirectory() as folder:
        code = _grade(checkout, Path(folder))
        if code not in (0, 1):  # neither passed nor failed: there is no result
            return code
        for name in (RESULT, BODY):
            _bring(Path(folder) / name, checkout / name)
    return 0


def _install() -> None:
    words = ["pip", "install", "--quiet", "--disable-pip-version-check", "--user"]
    needed = ["--requirement", str(HERE / "requirements.txt")]
    subprocess.run([sys.executable, "-P", "-m", *words, *needed], check=True, cwd=HERE)  # noqa: S603 - ours


def _grade(checkout: Path, folder: Path) -> int:
    work = ["grade", str(checkout)] if HAS_HIDDEN_TESTS else ["check", "--submission", str(checkout)]
    words = [*work, "--course", str(HERE / "course"), "--plain", "--format", "classroom50"]
    environment = {**os.environ, "PYTHONPATH": str(HERE / "lib"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-P", "-m", "grader", *words, "--output", str(folder / RESULT)]
    return subprocess.run(command, check=False, cwd=folder, env=environment).returncode  # noqa: S603 - ours


def _bring(source: Path, target: Path) -> None:
    """Move a file to the checkout, in the place of whatever a student put there."""
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)
    shutil.move(source, target)


if __name__ == "__main__":
    sys.exit(main())
