"""The guide's walk through a lesson 07, done with the page's own files and commands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "assignments" / "README.md").read_text(encoding="utf-8")
WALK = GUIDE.split("## Lesson 07 in an afternoon\n")[1].split("\n## Keep hidden tests private\n")[0]
# A block follows the name of its file, or stands alone and is a list of commands or what they print.
BLOCK = re.compile(r"^(?:`([\w./]+)`:\n\n)?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LESSONS = 6  # the walk begins in a course of this many lessons, however many there are by now
LEFT_BEHIND = ("__pycache__", ".git", ".venv*", ".*_cache", ".hypothesis")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the commands of the page are for a POSIX shell")


class Step(NamedTuple):
    """One command of the page and what came of it."""

    command: str
    returncode: int
    printed: str


def copy_of_the_course(home: Path) -> Path:
    """Copy the course as it was before its seventh lesson."""
    for folder in ("assignments", "reference", "starter"):
        shutil.copytree(ROOT / folder, home / folder, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    toml = home / "assignments" / "course.toml"
    text = toml.read_text(encoding="utf-8")
    later = re.findall(r'^ *"(?:0[7-9]|[1-9]\d)_\w+",\n', text, re.MULTILINE)
    for line in later:
        text = text.replace(line, "")
        shutil.rmtree(home / "assignments" / line.strip().strip('",'))
    toml.write_text(text, encoding="utf-8")
    return home


def run(block: str, home: Path) -> Iterator[Step]:
    """Run the commands of a block one after another."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1",
                   "PYTHONDONTWRITEBYTECODE": "1"}
    for command in block.splitlines():
        words = {"grader": [sys.executable, "-m", "grader"], "python": [sys.executable]}
        first, *rest = command.split()
        done = subprocess.run([*words[first], *rest], cwd=home, env=environment, capture_output=True,
                              encoding="utf-8", check=False, stdin=subprocess.DEVNULL, timeout=900)
        yield Step(command, done.returncode, done.stdout + done.stderr)


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    """Do what the page says, from its first line to its last."""
    home = copy_of_the_course(tmp_path_factory.mktemp("walk") / "course")
    done: list[Step] = []
    for file, kind, block in BLOCK.findall(WALK):
        if file:
            assert (home / file).is_file(), f"`grader new` does not make {file}"
            (home / file).write_text(block, encoding="utf-8")
        elif kind == "bash":
            done += run(block, home)
    return done


def test_every_command_succeeds(steps: list[Step]) -> None:
    """Each command ends well; the student's check exits with 1, since nothing is solved."""
    wrong = [step for step in steps if step.returncode != (1 if "check 7" in step.command else 0)]
    assert wrong == []
    assert "not started        0/70" in next(s.printed for s in steps if "check 7" in s.command)
    assert "100/100" in next(s.printed for s in steps if "grade reference" in s.command)


def test_the_skeleton_and_the_new_lesson_are_proved(steps: list[Step]) -> None:
    """`grader verify 7` proves the skeleton, then the lesson, with the lines that the page shows."""
    proofs = [step.printed for step in steps if "verify 7" in step.command]
    assert ["proved" in proof and "not proved" not in proof for proof in proofs] == [True, True]
    shown = next(block for _, kind, block in BLOCK.findall(WALK) if kind == "text")
    assert shown in proofs[1]


def test_the_walk_replaces_every_file_that_the_skeleton_has() -> None:
    """The page shows each file of the skeleton, so nothing of the skeleton's own exercise is left."""
    names = [Path(file).name for file, _, _ in BLOCK.findall(WALK) if file]
    assert sorted(names) == sorted([
        "README.md", "rubric.toml", "test_public.py", "test_hidden.py", "misconceptions.py",
        "example_07_root_mean_square.py", "rms.py",
    ])  # fmt: skip


def test_the_advice_for_problems_names_real_ones(tmp_path: Path) -> None:
    """A misconception that claims too much is reported, as the page's table says."""
    home = copy_of_the_course(tmp_path / "course")
    files = {file: block for file, _, block in BLOCK.findall(WALK) if file}
    commands = [block for file, kind, block in BLOCK.findall(WALK) if kind == "bash"]
    list(run(commands[0].splitlines()[0], home))
    for file, block in files.items():
        (home / file).write_text(block.replace('loses=["epsilon"]', 'loses=["epsilon", "pure"]'), "utf-8")
    _, proof = run("grader build\ngrader verify 7 --seeds 1", home)
    assert proof.returncode == 1
    assert "not proved" in proof.printed
    assert "epsilon_outside" in proof.printed
