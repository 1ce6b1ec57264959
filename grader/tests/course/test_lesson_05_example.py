"""Lesson 5's example, run as a student runs it: before, while and after the exercises are solved."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "05_feed_forward_networks"
NAME = "example_05_transformer_block"
STUB = (LESSON / "feed_forward.py").read_text(encoding="utf-8")
SOLVED = (ROOT / "reference" / "minigpt" / "feed_forward.py").read_text(encoding="utf-8")
EXERCISES = [f"5.{number}" for number in range(1, 9)]


def student_tree(home: Path, module: str | None) -> Path:
    """Make a student's repository with this module and the example; give the example's path."""
    lesson = home / "assignments" / LESSON.name
    lesson.mkdir(parents=True)
    if module is not None:
        (home / "minigpt").mkdir()
        for given in ("__init__.py", "live.py"):
            shutil.copy(ROOT / "reference" / "minigpt" / given, home / "minigpt")
        (home / "minigpt" / "feed_forward.py").write_text(module, encoding="utf-8")
    shutil.copy(LESSON / f"{NAME}.json", lesson)
    return Path(shutil.copy(LESSON / f"{NAME}.py", lesson))


def run(
    example: Path, *arguments: str, encoding: str = "utf-8", cwd: Path | None = None
) -> tuple[int, str, str]:
    """Run the example; give its exit code, what it printed, and what went to stderr."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PYTHONIOENCODING"] = encoding
    done = subprocess.run(
        [sys.executable, str(example), *arguments],
        capture_output=True, env=environment, cwd=cwd or example.parent, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding)


def verdict(printed: str, exercise: str) -> str:
    """Find what the example says about one exercise, unfolded."""
    lines = re.split(r"\n  (?=\S)", printed)
    line = next(line for line in lines if line.startswith(exercise))
    return " ".join(line.split()).split(" ", 2)[2]


def close(a: Any, b: Any) -> bool:
    """Compare two records: the same names and words, and numbers up to rounding."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(close(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(close(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == pytest.approx(b, abs=2e-9)) if isinstance(a, float) else bool(a == b)


def test_the_record_is_what_the_reference_gives() -> None:
    """Recorded again from the reference, the numbers are the same."""
    path = ROOT / "reference" / "oracle" / "record_example_05.py"
    spec = importlib.util.spec_from_file_location("record_example_05", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    recorded = json.loads((LESSON / f"{NAME}.json").read_text(encoding="utf-8"))
    before = list(sys.path)
    try:
        assert close(recorded, module.record()), "run reference/oracle/record_example_05.py"
    finally:
        sys.path[:] = before


def test_runs_before_anything_is_solved(tmp_path: Path) -> None:
    """With stubs it tells the story with the numbers of the text, and calls every exercise unwritten."""
    example = student_tree(tmp_path, STUB)
    before = sorted(tmp_path.rglob("*"))
    code, printed, complaint = run(example)
    assert (code, complaint) == (0, "")
    assert [verdict(printed, exercise) for exercise in EXERCISES] == ["not written yet"] * 8
    assert "Next: grader check 5.1" in printed
    assert sorted(tmp_path.rglob("*")) == before, "it writes nothing unless asked"
    worked = (LESSON / "README.md").read_text(encoding="utf-8").split("## A worked example by hand")[1]
    for number in re.findall(r"-?\d+\.\d{3}", printed.split("The same as bars")[0]):
        assert number in worked
    assert max(map(len, printed.splitlines())) <= 80


def test_runs_live_when_solved(tmp_path: Path) -> None:
    """With solved exercises all agree, from any folder, and the bars are drawn from the student's answers."""
    example, picture = student_tree(tmp_path / "repository", SOLVED), tmp_path / "block.svg"
    code, printed, complaint = run(example, "--svg", str(picture), cwd=tmp_path)
    assert (code, complaint) == (0, "")
    assert [verdict(printed, exercise) for exercise in EXERCISES[:7]] == ["agrees"] * 7
    assert "All eight agree with the recorded numbers." in printed
    mine = printed.split("The same as bars")[1].splitlines()[1:6]
    assert printed.split("drawn from your answers")[1].splitlines()[1:6] == mine
    shown = [element.text for element in ElementTree.parse(picture).iter() if element.text]
    assert {"stream", "post-LN", "3.455", "13.045", "-1.955"} <= set(shown)
    lines = printed.splitlines()
    # The last line holds the path of the picture, which may be of any length.
    assert [line for line in lines[:-1] if len(line) > 80 or line != line.rstrip()] == []


def test_names_what_is_missing_in_a_half_solved_module(tmp_path: Path) -> None:
    """Wrong, removed, raising and odd functions each get their own words."""
    module = SOLVED.replace("def add_and_norm", "def add_then_norm") + '''
def gelu(x, approximate="tanh"):
    return np.maximum(x, 0)

def layer_norm(x, gamma, beta, eps=1e-5):
    x -= 1
    return x

def layer_norm_backward(d_out, x, gamma, eps=1e-5):
    return d_out

def feed_forward(x, params):
    raise ValueError("operands\\ndo not \\u2603 fit " + "x" * 500)

def dropout(x, p, rng, training=True):
    return None
'''
    code, printed, _ = run(student_tree(tmp_path, module))
    assert code == 0
    assert verdict(printed, "5.1") == "differs in 3 of 3 numbers"
    assert verdict(printed, "5.2") == "agrees"
    assert "read-only" in verdict(printed, "5.3")
    assert verdict(printed, "5.4") == "should return 3 things"
    assert verdict(printed, "5.5").startswith("raises ValueError: operands do not ☃ fit")
    assert verdict(printed, "5.7") == "is missing"
    assert verdict(printed, "5.8").startswith("returns nothing")
    assert max(map(len, printed.splitlines())) <= 80


@pytest.mark.parametrize("module", ["def gelu(x:\n", "raise SystemExit('日本')\n"])
def test_survives_a_broken_module_in_ascii(tmp_path: Path, module: str) -> None:
    """A module that cannot be imported is named with its reason, also on a terminal that knows only ASCII."""
    code, printed, complaint = run(student_tree(tmp_path, module), encoding="ascii")
    assert (code, complaint) == (0, "")
    assert verdict(printed, "5.1").startswith("cannot be imported: S")
    assert "  found             |#####     #|           |###    ####|" in printed


def test_runs_without_numpy_or_a_package(tmp_path: Path) -> None:
    """Without NumPy, and without minigpt/, the first part runs and the second says what is missing."""
    code, printed, _ = run(student_tree(tmp_path / "one", None))
    assert code == 0
    assert "There is no minigpt/live.py in" in " ".join(printed.split())
    example = student_tree(tmp_path / "two", SOLVED)
    (example.parent / "numpy.py").write_text("raise ImportError('none here')\n", encoding="utf-8")
    code, printed, _ = run(example)
    assert code == 0
    assert "pip install numpy" in " ".join(printed.split())
    assert "+ thought" in printed


def test_says_what_cannot_be_read_or_written(tmp_path: Path) -> None:
    """A missing record, or a place that cannot be written to, is an error with a next step."""
    example = student_tree(tmp_path, STUB)
    code, _, complaint = run(example, "--svg", str(tmp_path / "none" / "block.svg"))
    assert code == 2
    assert "No such file or directory. Choose another place." in complaint
    example.with_suffix(".json").unlink()
    code, _, complaint = run(example)
    assert code == 2
    assert "Fetch it anew." in complaint
    assert "Traceback" not in complaint
