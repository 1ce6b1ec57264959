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
SEE_IT, RUN_TESTS, CHECK, GRADE, CLASS, NEW = BLOCKS
GUIDE = (ROOT / "assignments" / "README.md").read_text(encoding="utf-8")
CLASS_GUIDE = re.findall(r"^```sh\n(.*?)^```$", GUIDE[GUIDE.index("## Grade a class"):],
                         flags=re.MULTILINE | re.DOTALL)
TEMPLATE = "Student,ID,SIS Login ID,Section,Lesson 1 (7)\n    Points Possible,,,,10\nOne,1,{login},A,\n"
LEFT_BEHIND = ("__pycache__", ".venv*", ".git", ".mypy_cache", ".ruff_cache", ".hypothesis", ".pytest_cache")


def copy_of_the_tree(folder: Path) -> Path:
    """Copy the working tree without what tools leave behind."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    return folder


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the README with this interpreter's `grader` first in line."""
    command = re.sub(r"^grader ", f"{sys.executable} -m grader ", command, flags=re.MULTILINE)
    return subprocess.run(["bash", "-c", command], cwd=cwd, text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=1800)


def test_see_it_grade_works_from_nothing(tmp_path: Path) -> None:
    """The first command installs and grades the reference and a wrong submission."""
    tree = copy_of_the_tree(tmp_path / "tree")
    command = SEE_IT.replace("python3 -m venv", f"{sys.executable} -m venv", 1)
    run = shell(command, tree)
    if "No matching distribution" in run.stderr or "Could not find a version" in run.stderr:
        pytest.skip("no package registry can be reached from here")
    assert run.returncode == 1, run.stderr  # the exit code of the second grading: not all has passed
    perfect = re.findall(r"Total +(\d+)/(\d+) points", run.stdout)[0]
    assert perfect[0] == perfect[1]
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
    assert RUN_TESTS.strip().endswith("-m pytest -q -n auto --dist loadfile")


def test_a_student_checks_a_lesson(tmp_path: Path) -> None:
    """The student's command works in a copy of the starter."""
    left = shutil.ignore_patterns(*LEFT_BEHIND)
    copy = shutil.copytree(ROOT / "starter", tmp_path / "starter", ignore=left)
    run = shell(f"export PYTHONPATH={ROOT}\n" + CHECK, copy)
    assert run.returncode == 1
    assert "not started" in run.stdout


def test_a_teacher_grades_a_submission(tmp_path: Path) -> None:
    """The teacher's command writes a result."""
    file = tmp_path / "r.json"
    command = GRADE.replace("PATH/TO/SUBMISSION", "reference").replace("result.json", str(file))
    assert shell(command, ROOT).returncode == 0
    result = json.loads(file.read_text())
    assert result["score"] == result["max_score"] > 0


def test_a_teacher_takes_the_tour_of_a_class(tmp_path: Path) -> None:
    """The four commands of the README make up a class, grade it, report it and export it."""
    tree = copy_of_the_tree(tmp_path / "tree")
    assert "--students 200" in CLASS
    run = shell("set -e\n" + CLASS.replace("--students 200", "--students 5"), tree)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "5 submissions: " in run.stdout
    assert (tree / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tree / "class.csv").read_text(encoding="utf-8").count("\n") == 6


def test_the_guide_to_a_class_works(tmp_path: Path) -> None:
    """Every command of "Grade a class" runs, one after another, on a smaller class."""
    tree = copy_of_the_tree(tmp_path / "tree")
    make, report, decide, export = CLASS_GUIDE
    assert shell("set -e\n" + make.replace("--students 20", "--students 5"), tree).returncode == 0
    assert shell("set -e\n" + report, tree).returncode == 0
    assert len(list((tree / "pages").glob("*.html"))) == 5
    login = (tree / "class" / "roster.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[0]
    review, override, explain = decide.replace(" ada ", f" {login} ").splitlines()
    assert "Nothing waits for a review." in shell(review, tree).stdout  # only lesson 1 was graded
    assert "exercise 1.5: 15 of " in shell(override, tree).stdout
    assert shell(explain, tree).returncode == 0
    assert "the same verdict, word for word" in (tree / "appeal.md").read_text(encoding="utf-8")
    (tree / "export.csv").write_text(TEMPLATE.format(login=login))
    assert shell(export, tree).returncode == 0
    assert re.search(r"^One,1,.+,A,[0-9.]+$", (tree / "canvas.csv").read_text(encoding="utf-8"), re.MULTILINE)


def test_an_author_makes_a_lesson(tmp_path: Path) -> None:
    """A new lesson is made, built and proved by the three commands, as they stand."""
    tree = copy_of_the_tree(tmp_path / "tree")
    run = shell("set -e\n" + NEW, tree)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Lesson 7" in run.stdout
    assert "proved" in run.stdout
