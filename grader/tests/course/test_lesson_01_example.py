"""Lesson 1's example, run as a student runs it: before, while and after the exercises are solved."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "01_attention_mechanism"
NAMES = ("softmax", "attention_scores", "scale_scores", "mask_scores", "scaled_dot_product_attention")

STUB = "\n".join(
    f"def {name}(*arguments, **words):\n    raise NotImplementedError('1.{number} {name}')\n"
    for number, name in enumerate(NAMES, 1)
)
# Right answers by plain loops: slow and narrow, and the example must take them as well as any.
SOLVED = '''
import math
import numpy as np

def softmax(x, axis=-1):
    parts = [[math.exp(score - max(row)) for score in row] for row in x]
    return np.array([[part / sum(row) for part in row] for row in parts])

def attention_scores(q, k):
    return np.array([[float(sum(a * b for a, b in zip(one, other))) for other in k] for one in q])

def scale_scores(scores, d_k):
    return scores * d_k ** -0.5

def mask_scores(scores, mask):
    return np.array([[s if may else FORBIDDEN for s, may in zip(*rows)] for rows in zip(scores, mask)])

def scaled_dot_product_attention(q, k, v, mask=None):
    weights = softmax(mask_scores(scale_scores(attention_scores(q, k), k.shape[-1]), mask))
    return np.array([[sum(w * x for w, x in zip(row, column)) for column in v.T] for row in weights]), weights
'''
SOLVED_LOW = SOLVED.replace("FORBIDDEN", "-1e9")
SOLVED_INFINITE = SOLVED.replace("FORBIDDEN", "-math.inf")


def student_tree(home: Path, module: str | None) -> Path:
    """Make a student's repository with this module and the example; give the example's path."""
    lesson = home / "assignments" / LESSON.name
    lesson.mkdir(parents=True)
    if module is not None:
        (home / "minigpt").mkdir()
        (home / "minigpt" / "__init__.py").write_text("", encoding="utf-8")
        (home / "minigpt" / "attention.py").write_text(module, encoding="utf-8")
    return Path(shutil.copy(LESSON / "example_01_attention.py", lesson))


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


def test_runs_before_anything_is_solved(tmp_path: Path) -> None:
    """With stubs it tells the story, and calls every exercise unwritten."""
    code, printed, complaint = run(student_tree(tmp_path, STUB))
    assert (code, complaint) == (0, "")
    assert [verdict(printed, f"1.{n}") for n in range(1, 6)] == ["not written yet"] * 5
    assert "Next: grader check 1.1" in printed


def test_tells_the_numbers_of_the_text(tmp_path: Path) -> None:
    """The shares and outputs that it prints are those of the lesson's worked example."""
    _, printed, _ = run(student_tree(tmp_path, STUB))
    worked = (LESSON / "README.md").read_text(encoding="utf-8").split("## A worked example by hand")[1]
    told = re.findall(r"share (\d\.\d{3})", printed)
    assert told == re.findall(r"share (\d\.\d{3})", worked)[: len(told)]
    assert len(told) == 6
    for output in ("[0.910, 0.335]", "[0.424, 0.788]"):
        assert output in printed
        assert output in worked


@pytest.mark.parametrize("module", [SOLVED_LOW, SOLVED_INFINITE], ids=["-1e9", "-inf"])
def test_runs_live_when_solved(tmp_path: Path, module: str) -> None:
    """With solved exercises it says that all agree, and draws the map from the student's weights."""
    code, printed, complaint = run(student_tree(tmp_path, module))
    assert (code, complaint) == (0, "")
    assert "All five agree with the numbers worked out by hand." in printed
    assert "drawn from your weights" in printed
    mine, yours = (printed.split(title)[1].splitlines()[2:4] for title in ("With a mask", "drawn from your"))
    assert mine == yours


def test_names_what_is_missing_in_a_half_solved_module(tmp_path: Path) -> None:
    """Solved, removed, unwritten, wrong, raising and odd functions each get their own words."""
    module = SOLVED_LOW.replace("def scale_scores", "def scaling") + '''
def softmax(x, axis=-1):
    return x

def attention_scores(q, k):
    raise ValueError("operands\\ndo not \\u2603 fit " + "x" * 500)

def mask_scores(scores, mask):
    scores += 1
    return scores

def scaled_dot_product_attention(q, k, v, mask=None):
    return q
'''
    code, printed, _ = run(student_tree(tmp_path, module))
    assert code == 0
    assert verdict(printed, "1.1") == "differs in 6 of 6 numbers"
    assert verdict(printed, "1.2").startswith("raises ValueError: operands do not ☃ fit")
    assert verdict(printed, "1.3") == "is missing"
    assert "read-only" in verdict(printed, "1.4")
    assert verdict(printed, "1.5") == "should return two things: output and weights"
    assert max(map(len, printed.splitlines())) <= 80


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return None", "returns nothing"),
        ("return x[0]", "has shape [3], not [2, 3]"),
        ("return 'shares'", "raises ValueError"),
        ("raise SystemExit(3)", "raises SystemExit: 3"),
        pytest.param("return softmax(x)", "raises RecursionError", marks=pytest.mark.skipif(
            sys.version_info[:3] == (3, 13, 0), reason="CPython 3.13.0 itself hangs on endless recursion")),
        ("return [].shape", "raises AttributeError: 'list' object has no attribute 'shape'"),
    ],
)  # fmt: skip
def test_survives_any_function(tmp_path: Path, body: str, words: str) -> None:
    """Whatever a function does, the example says so and goes on."""
    code, printed, _ = run(student_tree(tmp_path, f"{STUB}\ndef softmax(x, axis=-1):\n    {body}\n"))
    assert code == 0
    assert verdict(printed, "1.1").startswith(words)
    assert verdict(printed, "1.5") == "not written yet"


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("def softmax(x:\n", "SyntaxError"),
        ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemExit('bye')\n", "SystemExit: bye"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
    ],
)
def test_survives_a_broken_module(tmp_path: Path, module: str, words: str) -> None:
    """A module that cannot be imported is named with its reason, after the first part was shown."""
    code, printed, _ = run(student_tree(tmp_path, module))
    assert code == 0
    assert "With a mask" in printed
    unfolded = " ".join(printed.split())
    assert f"minigpt/attention.py cannot be imported: {words}" in unfolded


def test_says_the_line_of_a_syntax_error(tmp_path: Path) -> None:
    """A syntax error comes with its line."""
    _, printed, _ = run(student_tree(tmp_path, "x = 1\ndef softmax(x:\n"))
    assert "(line 2)" in " ".join(printed.split())


def test_runs_without_a_package(tmp_path: Path) -> None:
    """Without minigpt/ it says where it looked."""
    code, printed, _ = run(student_tree(tmp_path, None))
    assert code == 0
    assert "There is no minigpt/attention.py in" in printed


def test_runs_without_numpy(tmp_path: Path) -> None:
    """Without NumPy the first part runs, and the second says what to install."""
    example = student_tree(tmp_path, SOLVED_LOW)
    (example.parent / "numpy.py").write_text("raise ImportError('none here')\n", encoding="utf-8")
    code, printed, _ = run(example)
    assert code == 0
    assert "pip install numpy" in " ".join(printed.split())


def test_draws_in_ascii_where_it_must(tmp_path: Path) -> None:
    """On a terminal that knows only ASCII the map is drawn with other characters."""
    example = student_tree(tmp_path, STUB)
    code, printed, complaint = run(example, encoding="ascii")
    assert (code, complaint) == (0, "")
    assert "  it   **** 0.67        0.09   .... 0.24" in printed
    _, shaded, _ = run(example)
    assert "  it   ▓▓▓▓ 0.67        0.09   ░░░░ 0.24" in shaded


def test_prints_strange_messages_in_ascii(tmp_path: Path) -> None:
    """A student's message in any alphabet does not stop it on an ASCII terminal."""
    code, printed, _ = run(student_tree(tmp_path, "raise ValueError('日本')\n"), encoding="ascii")
    assert code == 0
    assert "ValueError: ??" in " ".join(printed.split())


@pytest.mark.parametrize("module", [STUB, SOLVED_LOW], ids=["stub", "solved"])
def test_fits_80_columns_without_trailing_blanks(tmp_path: Path, module: str) -> None:
    """No line is longer than 80 characters or ends in blanks."""
    lines = run(student_tree(tmp_path, module))[1].splitlines()
    assert [line for line in lines if len(line) > 80 or line != line.rstrip()] == []


def test_writes_nothing_unless_asked(tmp_path: Path) -> None:
    """A run leaves no file behind, no byte code either; --svg writes just the picture."""
    example = student_tree(tmp_path / "repository", SOLVED_LOW)
    before = sorted(tmp_path.rglob("*"))
    assert run(example)[0] == 0
    assert sorted(tmp_path.rglob("*")) == before
    picture = tmp_path / "map.svg"
    code, printed, _ = run(example, "--svg", str(picture))
    assert code == 0
    assert str(picture) in printed
    assert sorted(tmp_path.rglob("*")) == sorted([*before, picture])
    shown = [element.text for element in ElementTree.parse(picture).iter() if element.text]
    assert {"cat", "sat", "mat", "it", "then", "0.88", "0.12", "0.58"} <= set(shown)


def test_says_that_a_picture_cannot_be_written(tmp_path: Path) -> None:
    """A place that cannot be written to is an error with a next step, not a traceback."""
    code, _, complaint = run(student_tree(tmp_path, STUB), "--svg", str(tmp_path / "none" / "map.svg"))
    assert code == 2
    assert "No such file or directory. Choose another place." in complaint
    assert "Traceback" not in complaint


def test_says_that_matplotlib_is_missing(tmp_path: Path) -> None:
    """Without matplotlib, --plot says what to install."""
    example = student_tree(tmp_path, STUB)
    (example.parent / "matplotlib.py").write_text("raise ImportError('none here')\n", encoding="utf-8")
    code, printed, _ = run(example, "--plot")
    assert code == 0
    assert "pip install matplotlib" in printed


def test_runs_from_any_folder(tmp_path: Path) -> None:
    """It finds the student's package from wherever it is started."""
    example = student_tree(tmp_path / "repository", SOLVED_LOW)
    (tmp_path / "elsewhere").mkdir()
    _, printed, _ = run(example, cwd=tmp_path / "elsewhere")
    assert "All five agree" in printed


def test_runs_in_the_course_itself() -> None:
    """In the teacher's tree it runs on the reference, and agrees with it."""
    code, printed, complaint = run(LESSON / "example_01_attention.py", cwd=ROOT)
    assert (code, complaint) == (0, "")
    assert "All five agree" in printed
