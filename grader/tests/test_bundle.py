"""The autograder folder for Classroom 50: what is in it, and what it makes of submissions."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from grader.build import bundle as bundle_room
from grader.build.bundle import plan_bundle, write_bundle
from grader.cli.bundle import WARNING
from grader.course import Course
from grader.errors import CourseError, GraderError
from grader.tests.runner_commands import commands
from grader.tests.test_cli import Run, run
from grader.tests.test_exchange import RUNNER, check_classroom50, check_markdown

__all__ = ["run"]
ROOT = Path(__file__).resolve().parents[2]
HALF = ROOT / "grader" / "tests" / "submissions" / "half_done"
LEFT = shutil.ignore_patterns("__pycache__", ".grader")


@pytest.fixture(scope="module")
def plan(course: Course) -> Mapping[str, bytes]:
    """Plan the bundle of the real course, once."""
    return plan_bundle(course)


@pytest.fixture(scope="module")
def bundle(plan: Mapping[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the bundle of the real course."""
    folder = tmp_path_factory.mktemp("bundle") / "autograder"
    write_bundle(plan, folder)
    return folder


def graded(bundle: Path, checkout: Path) -> subprocess.CompletedProcess[str]:
    """Run the autograder in a checkout, as Classroom 50's runner does."""
    environment = {**{k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}, **RUNNER}
    return subprocess.run([sys.executable, str(bundle / "autograder.py")], cwd=checkout, env=environment,
                          capture_output=True, text=True, check=False, timeout=600)  # fmt: skip


def checked(bundle: Path, checkout: Path) -> dict[str, Any]:
    """Grade a checkout that can be graded, and check both files by the contract."""
    done = graded(bundle, checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert commands(done.stdout + done.stderr) == []
    body = (checkout / "release-body.md").read_text(encoding="utf-8")
    check_markdown(body)
    data = check_classroom50((checkout / "result.json").read_text(encoding="utf-8"))
    assert (data["classroom"], data["owner"]) == ("spring", "ada")
    assert f"{data['score']} of {data['max-score']} points" in body
    return data


def test_the_reference_earns_every_public_point(bundle: Path, tmp_path: Path) -> None:
    """The perfect submission has all points and only passed tests."""
    shutil.copytree(ROOT / "reference", tmp_path / "work", ignore=LEFT)
    data = checked(bundle, tmp_path / "work")
    assert data["score"] == data["max-score"] > 400
    assert all(test["passed"] for test in data["tests"])


def test_the_starter_earns_none(bundle: Path, tmp_path: Path) -> None:
    """The empty submission has no point and no passed test."""
    shutil.copytree(ROOT / "starter", tmp_path / "work", ignore=LEFT)
    data = checked(bundle, tmp_path / "work")
    assert data["score"] == 0
    assert not any(test["passed"] for test in data["tests"])


def test_a_half_solved_submission_is_told_what_is_wrong(bundle: Path, tmp_path: Path) -> None:
    """Some points; a lost test says which criterion it lost; planted files do not stand in the way."""
    shutil.copytree(HALF, tmp_path / "work")
    (tmp_path / "work" / "result.json").mkdir()
    (tmp_path / "work" / "result.json" / "x").write_text("x")
    (tmp_path / "work" / "release-body.md").symlink_to(tmp_path / "elsewhere")
    for name in ("grader.py", "numpy.py", "sitecustomize.py"):
        (tmp_path / "work" / name).write_text("raise SystemExit(0)\n")
    data = checked(bundle, tmp_path / "work")
    assert 0 < data["score"] < data["max-score"]
    lost = next(test for test in data["tests"] if test["test-name"].startswith("1.4 "))
    assert not lost["passed"]
    assert "true-attends: " in lost["output"]
    assert not (tmp_path / "elsewhere").exists()


def test_tests_of_the_students_own_do_not_count(bundle: Path, tmp_path: Path) -> None:
    """A changed public test, rubric or given module in the checkout changes nothing."""
    shutil.copytree(ROOT / "starter", tmp_path / "work", ignore=LEFT)
    shutil.copy(HALF / "minigpt" / "attention.py", tmp_path / "work" / "minigpt" / "attention.py")
    before = checked(bundle, tmp_path / "work")
    for file in (tmp_path / "work" / "assignments").rglob("test_public.py"):
        file.write_text("def test_nothing():\n    pass\n")
    (tmp_path / "work" / "minigpt" / "__init__.py").write_text("raise SystemExit(0)\n")
    after = checked(bundle, tmp_path / "work")
    assert (after["score"], after["max-score"]) == (before["score"], before["max-score"])


def test_what_cannot_be_graded_exits_as_an_error(bundle: Path, tmp_path: Path) -> None:
    """Without a package there is no result; the runner makes one of its own from the exit code."""
    done = graded(bundle, tmp_path)
    assert done.returncode == 2
    assert "there is no folder minigpt/" in done.stderr
    assert not (tmp_path / "result.json").exists()


def test_nothing_secret_is_in_it(plan: Mapping[str, bytes]) -> None:
    """No hidden test, misconception, key, review or solution: it is what the starter has, byte for byte."""
    inside = [name for name in plan if name.startswith("course/")]
    assert not [n for n in inside if re.search(r"hidden|misconception|keys|reviews|goldens|reference", n)]
    for name in inside:  # a test of the build proves that the starter has no secret, and is fresh
        assert plan[name] == (ROOT / "starter" / name.removeprefix("course/")).read_bytes(), name
    assert not [name for name in plan if "/tests/" in name or name.endswith(".pyc")]


def test_the_grader_in_it_needs_what_is_listed(plan: Mapping[str, bytes]) -> None:
    """The requirements are the package's own; the program's list of modules names each of them."""
    listed = re.findall(r"^[\w-]+", plan["requirements.txt"].decode(), re.MULTILINE)
    assert sorted(listed) == ["click", "nbformat", "numpy", "pytest", "pytest-json-report", "rich"]
    assert plan["autograder.py"].decode().count("pytest_jsonreport") == 1
    assert plan["lib/grader/result/schema.json"]


def test_with_hidden_tests_it_grades_everything(toy: Course, tmp_path: Path, run: Run) -> None:
    """If the teacher says so, the whole course is in it, with a warning that students can read it."""
    said = run("bundle", "classroom50", "--course", toy.root, "--output", tmp_path / "b", "--with-hidden")
    assert said.code == 0
    assert said.err == WARNING + "\n"
    assert re.fullmatch(r"(\d+) of \1 files changed in \S+, for classroom50\.\n", said.out)
    assert (tmp_path / "b" / "course" / "assignments" / "01_add" / "test_hidden.py").is_file()
    shutil.copytree(toy.reference, tmp_path / "work")
    data = checked(tmp_path / "b", tmp_path / "work")
    assert data["score"] == data["max-score"] == 200


def test_a_path_is_the_classs_path(toy: Course, tmp_path: Path, run: Run) -> None:
    """A bundle for a path grades what is on it; with hidden tests there is no path to choose."""
    said = run("bundle", "classroom50", "--course", toy.root, "--output", tmp_path / "b", "--path", "short")
    assert said.code == 0
    assert 'on_path = "short"' in (tmp_path / "b" / "course" / "assignments" / "course.toml").read_text()
    both = run("bundle", "classroom50", "--course", toy.root, "--output", tmp_path / "c", "--path", "short",
               "--with-hidden")  # fmt: skip
    assert both == (2, "", "Error: --path and --with-hidden do not go together.\n"
                           "  Next: leave one out: with hidden tests, everything is graded.\n")  # fmt: skip


def test_a_student_cannot_make_one(toy_student: Path, run: Run) -> None:
    """A student's copy is refused: there is nothing in it that is not in theirs."""
    said = run("bundle", "classroom50", "--course", toy_student)
    assert said == (2, "", f"Error: {toy_student}: this is a student's copy of the course.\n"
                           "  Next: make the bundle in the teacher's repository.\n")  # fmt: skip


def test_a_second_bundle_replaces_the_first(toy: Course, tmp_path: Path) -> None:
    """Nothing changes twice; what is no longer part of it goes; a foreign folder is left alone."""
    plan, folder = plan_bundle(toy), tmp_path / "b"
    assert sorted(write_bundle(plan, folder)) == sorted(plan)
    assert write_bundle(plan, folder) == []
    (folder / "course" / "old.py").write_text("")
    assert write_bundle(plan, folder) == ["course/old.py"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "autograder.py").write_text("print('mine')\n")
    with pytest.raises(CourseError) as refused:
        write_bundle(plan, tmp_path / "mine")
    assert str(refused.value) == (f"{tmp_path / 'mine'}: this folder holds something else than an earlier "
                                  "bundle\n  Next: Name an empty folder, or a new one.")  # fmt: skip
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["autograder.py"]


def test_a_grader_that_is_not_installed_cannot_be_packed(
    toy: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without metadata nobody can tell what it needs."""
    monkeypatch.setattr(bundle_room, "_DISTRIBUTION", "no-such-distribution-here")
    with pytest.raises(GraderError) as missing:
        plan_bundle(toy)
    assert str(missing.value) == ("this grader was not installed, so nobody can tell what it needs\n"
                                  "  Next: Install it with pip, then try again.")  # fmt: skip
