"""Every command of the README is run, from the README's own text."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
SEE_IT, RUN_TESTS, CHECK, GRADE, NEW = BLOCKS
LEFT_BEHIND = ("__pycache__", ".venv*", ".git", ".mypy_cache", ".ruff_cache", ".hypothesis", ".pytest_cache")


def copy_of_the_tree(folder: Path) -> Path:
    """Copy the working tree without what tools leave behind."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    return folder


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the README with this interpreter's `grader` first in line."""
    command = re.sub(r"^grader ", f"{sys.executable} -m grader ", command, flags=re.MULTILINE)
    return subprocess.run(["bash", "-c", command], cwd=cwd, text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=550)


def test_see_it_grade_works_from_nothing(tmp_path: Path) -> None:
    """The first command installs and grades the reference and a wrong submission."""
    tree = copy_of_the_tree(tmp_path / "tree")
    command = SEE_IT.replace("python3 -m venv", f"{sys.executable} -m venv", 1)
    run = shell(command, tree)
    if "No matching distribution" in run.stderr or "Could not find a version" in run.stderr:
        pytest.skip("no package registry can be reached from here")
    assert run.returncode == 1, run.stderr  # the exit code of the second grading: not all has passed
    assert "100/100" in run.stdout
    assert run.stdout.count("Looks like") >= 2
    assert "Traceback" not in run.stderr
    sample = re.search(r"^```text\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    assert sample
    assert sample[1] in run.stdout


def test_the_test_command_is_what_ci_runs() -> None:
    """`.ci/run` takes the second command out of the README, so it is run at every push."""
    script = (ROOT / ".ci" / "run").read_text()
    assert "### Run the tests" in README
    assert "/^### Run the tests/" in script
    assert RUN_TESTS.strip().endswith("-m pytest -q")


def test_a_student_checks_a_lesson() -> None:
    """The student's command works in the starter."""
    run = shell(CHECK, ROOT / "starter")
    assert run.returncode == 1
    assert "not started" in run.stdout


def test_a_teacher_grades_a_submission(tmp_path: Path) -> None:
    """The teacher's command writes a result."""
    file = tmp_path / "r.json"
    command = GRADE.replace("PATH/TO/SUBMISSION", "reference").replace("result.json", str(file))
    assert shell(command, ROOT).returncode == 0
    assert json.loads(file.read_text())["score"] == 100


def test_an_author_makes_a_lesson(tmp_path: Path) -> None:
    """A new lesson is made, built and proved by the three commands, as they stand."""
    tree = copy_of_the_tree(tmp_path / "tree")
    run = shell("set -e\n" + NEW, tree)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Lesson 2" in run.stdout
    assert "proved" in run.stdout
