"""The proofs hold for a good lesson and fail, with a sentence, for each way to break one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.build import plan_build, write_build
from grader.course import load_course
from grader.sandbox import Box
from grader.tests.conftest import TOY
from grader.verify import Report, verify


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Copy the toy course."""
    shutil.copytree(TOY, tmp_path / "toy", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "toy"


def change(tree: Path, file: str, old: str, new: str) -> None:
    """Replace a text that must be there."""
    path = tree / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def prove(tree: Path, box: Box, lesson: str = "1", *, build: bool = True, jobs: int = 1) -> Report:
    """Build and prove one lesson of the copy."""
    course = load_course(tree)
    if build:
        write_build(course, plan_build(course))
    return verify(course, lesson, box=box, seeds=2, jobs=jobs)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_good_lesson_is_proved(tree: Path, box: Box, jobs: int) -> None:
    """Every line says what was shown, in one process and in two."""
    report = prove(tree, box, jobs=jobs)
    assert report.ok, report.problems
    text = "\n".join(report.lines)
    assert "reference 100/100" in text
    assert "stub 0/100" in text
    claim = r"(\d+) of \1 misconceptions lose exactly what they claim and are named, on 2 seeds"
    assert re.search(claim, text)


def children_of(pid: int) -> list[str]:
    """List the children of a process."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


def wait_until(what: Callable[[], bool]) -> bool:
    """Wait at most two minutes for something to be so: a busy machine starts processes slowly."""
    end = time.monotonic() + 120
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
    return what()


@pytest.mark.skipif(sys.platform != "linux", reason="looks at the process table of Linux")
def test_its_processes_end_with_it(tree: Path, tmp_path: Path) -> None:
    """Killed at once, the command leaves none of its processes behind."""
    write_build(load_course(tree), plan_build(load_course(tree)))
    command = subprocess.Popen(
        [sys.executable, "-m", "grader", "verify", "1", "--course", str(tree), "--seeds", "60"],
        env=os.environ | {"TMPDIR": str(tmp_path)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True)
    try:
        assert wait_until(lambda: len(children_of(command.pid)) > 2)  # a zygote, a tracker, the pool's
    finally:
        command.kill()
        command.wait()
    assert wait_until(lambda: not group_is_there(command.pid))


def group_is_there(leader: int) -> bool:
    """Tell whether a process of the group that a command led still lives."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_wrong_claim_is_found(tree: Path, box: Box) -> None:
    """A misconception that loses more than it says is named with both lists."""
    change(tree, "assignments/01_add/misconceptions.py", 'loses=["values", "pure"]', 'loses=["values"]')
    report = prove(tree, box)
    assert "1.1 subtracts: loses 1.1/pure, 1.1/values but claims 1.1/values (seed 0)" in report.problems


def test_a_criterion_that_nothing_loses_is_found(tree: Path, box: Box) -> None:
    """A check that nobody can fail is no check."""
    file = tree / "assignments/01_add/misconceptions.py"
    text = file.read_text()
    start = text.index('@misconception("1.2", loses=["empty"]')
    file.write_text(text[:start])
    assert "no misconception loses 1.2/empty" in prove(tree, box).problems


def test_two_mistakes_with_the_same_numbers_are_found(tree: Path, box: Box) -> None:
    """Neither of two equal misconceptions can be named for sure."""
    file = tree / "assignments/01_add/misconceptions.py"
    file.write_text(file.read_text() + (
        '\n\n@misconception("1.1", loses=["values", "pure"], title="taking away")\n'
        'def takes_away(a, b):\n    """Your numbers are differences, too."""\n'
        '    return np.subtract(a, b)\n'))
    report = prove(tree, box)
    assert any('are named with certainty "sure"' in problem for problem in report.problems)


def test_a_call_outside_the_needs_is_found(tree: Path, box: Box) -> None:
    """The reference may use only the exercises that it declares."""
    change(tree, "assignments/01_add/rubric.toml", 'needs = ["1.1"]', "needs = []")
    report = prove(tree, box)
    line = "1.2 total uses 1.1 add, which is not in its needs (reference/toypkg/add.py:"
    assert any(problem.startswith(line) for problem in report.problems)


def test_a_broken_reference_is_found(tree: Path, box: Box) -> None:
    """A reference that loses a point is not perfect."""
    change(tree, "reference/toypkg/add.py", "return first + _as_numbers(b)", "return first - _as_numbers(b)")
    report = prove(tree, box)
    assert not report.ok
    assert "1.1/values" in report.problems


def test_a_missing_stub_is_found(tree: Path, box: Box) -> None:
    """Without its stub the lesson cannot tell what is not started."""
    report = prove(tree, box, build=False)
    assert "there is no stub add.py: run `grader build` first" in report.problems


def test_a_test_that_asks_nothing_is_found(tree: Path, box: Box) -> None:
    """A criterion that a function returning None wins gives points for nothing."""
    file = tree / "assignments/01_add/test_hidden.py"
    text = file.read_text()
    file.write_text(re.sub(r"    check_\w+\((?:.|\n)*?\n(?=\n|\Z)", "    student\n", text))
    public = tree / "assignments/01_add/test_public.py"
    public.write_text(re.sub(r"    check_\w+\((?:.|\n)*?\n(?=\n|\Z)", "    student\n", public.read_text()))
    assert any(problem.startswith("a stub returning None wins") for problem in prove(tree, box).problems)
