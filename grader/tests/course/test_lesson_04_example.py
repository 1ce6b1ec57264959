"""Lesson 4's example, run as a student runs it: before, while and after the exercises are solved."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "04_positional_encoding"
REFERENCE = ROOT / "reference" / "minigpt"
README = (LESSON / "README.md").read_text(encoding="utf-8")
STUB = (LESSON / "positional.py").read_text(encoding="utf-8")
SOLVED = (REFERENCE / "positional.py").read_text(encoding="utf-8")
# A right bias in another spelling: slope times the place of the key, the same for every query.
BY_PLACE = '''
def alibi_bias(n_head, t_q, t_k):
    slopes = [2 ** (-8 * h / n_head) for h in range(1, n_head + 1)]
    return np.array([[[slope * j for j in range(t_k)] for _ in range(t_q)] for slope in slopes])
'''
HALF_SOLVED = '''
def sinusoidal_encoding(n_positions, d_model, base=10000.0):
    raise ValueError("shapes\\\\ndo not \\u2603 fit " + "x" * 500)

def add_positions(x, table, offset=0):
    x += table[offset:offset + 2]
    return x

def rotary_angles(positions, d_head, base=10000.0):
    return positions

def alibi_bias(n_head, t_q, t_k):
    return np.zeros((n_head, t_q, t_k))
'''


def student_tree(home: Path, module: str | None) -> Path:
    """Make a student's repository with this module and the example; give the example's path."""
    lesson = home / "assignments" / LESSON.name
    lesson.mkdir(parents=True)
    if module is not None:
        (home / "minigpt").mkdir()
        for name in ("__init__.py", "live.py", "show.py"):
            shutil.copy(REFERENCE / name, home / "minigpt")
        (home / "minigpt" / "positional.py").write_text(module, encoding="utf-8")
    shutil.copy(LESSON / "example_04_positional.json", lesson)
    return Path(shutil.copy(LESSON / "example_04_positional.py", lesson))


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


def verdicts(printed: str) -> dict[str, str]:
    """Find what the example says about each exercise, unfolded."""
    lines = re.split(r"\n  (?=\S)", printed)
    found = [" ".join(line.split()).split(" ", 2) for line in lines if re.match(r"4\.\d \w+ ", line)]
    return {exercise: verdict for exercise, _, verdict in found}


def fits(printed: str) -> bool:
    """Tell whether every line fits 80 columns and ends without blanks."""
    return all(len(line) <= 80 and line == line.rstrip() for line in printed.splitlines())


def test_tells_its_story_before_anything_is_solved(tmp_path: Path) -> None:
    """With stubs it shows what the text works out, draws the recorded table, and calls all six unwritten."""
    code, printed, complaint = run(student_tree(tmp_path, STUB))
    assert (code, complaint) == (0, "")
    assert verdicts(printed) == {f"4.{n}": "not written yet" for n in range(1, 7)}
    assert "Next: grader check 4.1" in printed
    assert fits(printed)
    outputs = re.findall(r"output (\[.+\])", printed)
    assert outputs[0] == outputs[1] != outputs[2] != outputs[3]
    worked = re.findall(r"(?:= |output of sat )(\[0\.\d{3}, 0\.\d{3}\])", README)
    assert outputs == worked
    for numbers in re.findall(r"scaled score +(\d\.\d{3}.*)\n", README):
        assert "  ".join(numbers.split()) in re.sub(r" +", "  ", printed)


@pytest.mark.parametrize("module", [SOLVED, SOLVED + BY_PLACE], ids=["reference", "by_place"])
def test_runs_live_when_solved(tmp_path: Path, module: str) -> None:
    """With solved exercises it says that all agree, and draws table and scores from the student's answers."""
    (tmp_path / "elsewhere").mkdir()
    code, printed, complaint = run(student_tree(tmp_path / "home", module), cwd=tmp_path / "elsewhere")
    assert (code, complaint) == (0, "")
    assert "All six agree with the recorded numbers." in printed
    recorded, yours = (part.split("\n\n")[0].splitlines()[2:] for part in
                       (printed.split("written as sines")[1], printed.split("Drawn from your")[1]))
    assert recorded == yours
    assert len(yours) == 13
    assert fits(printed)


def test_scores_are_constant_down_each_diagonal() -> None:
    """The rotary scores that it prints depend on the distance alone, in the course's own tree as well."""
    code, printed, complaint = run(LESSON / "example_04_positional.py", cwd=ROOT)
    assert (code, complaint) == (0, "")
    block = printed.split("turned by the angles")[1].split("Down every")[0].splitlines()[2:-1]
    table = [line.split()[1:] for line in block]
    assert len(table) == 5
    diagonals = [{table[i][i + shift] for i in range(5) if 0 <= i + shift < 5} for shift in range(-4, 5)]
    assert all(len(numbers) == 1 for numbers in diagonals)
    assert len(set().union(*diagonals)) == 9


def test_names_what_is_wrong_in_a_half_solved_module(tmp_path: Path) -> None:
    """Raising, writing, odd, missing and wrong functions each get their own words, in ASCII too."""
    module = SOLVED.replace("def shift_matrix", "def shifting") + HALF_SOLVED.replace("\\\\n", "\\n")
    code, printed, complaint = run(student_tree(tmp_path, module), encoding="ascii")
    assert (code, complaint) == (0, "")
    found = verdicts(printed)
    assert found["4.1"].startswith("raises ValueError: shapes do not ? fit")
    assert "read-only" in found["4.2"]
    assert found["4.3"] == "is missing"
    assert found["4.4"] == "should return 2 things"
    assert found["4.5"] == "agrees"
    assert found["4.6"] == "differs in 6 of 8 numbers"
    assert "Next: grader check 4.1" in printed
    assert "####" in printed.replace(" ", "")
    assert fits(printed)


@pytest.mark.parametrize(("module", "words"), [
    ("x = 1\ndef add_positions(x:\n", "cannot be imported: SyntaxError"),
    ("raise SystemExit('bye')\n", "cannot be imported: SystemExit: bye"),
    (None, "There is no minigpt/live.py in"),
], ids=["syntax", "exit", "none"])
def test_survives_a_broken_or_missing_module(tmp_path: Path, module: str | None, words: str) -> None:
    """A module that cannot be imported, or is not there, is named after the story was told."""
    code, printed, complaint = run(student_tree(tmp_path, module))
    assert (code, complaint) == (0, "")
    assert "now order counts" in printed
    assert words in " ".join(printed.split())


def test_writes_only_what_is_asked_for(tmp_path: Path) -> None:
    """A run leaves no file behind, no byte code either; --svg writes just the picture, or says why not."""
    example = student_tree(tmp_path / "repository", SOLVED)
    before, picture = sorted(tmp_path.rglob("*")), tmp_path / "table.svg"
    code, printed, _ = run(example, "--svg", str(picture))
    assert code == 0
    assert str(picture) in printed
    assert sorted(tmp_path.rglob("*")) == sorted([*before, picture])
    svg = ElementTree.parse(picture).getroot()
    cells = [element for element in svg.iter() if element.attrib.get("width") == "25"]
    assert (svg.attrib["role"], len(cells)) == ("img", 12 * 16)
    code, _, complaint = run(example, "--svg", str(tmp_path / "none" / "table.svg"))
    assert code == 2
    assert "No such file or directory. Choose another place." in complaint


def test_says_what_is_not_installed(tmp_path: Path) -> None:
    """Without NumPy the story is told and the next step named; without matplotlib --plot says so."""
    example = student_tree(tmp_path, SOLVED)
    (example.parent / "matplotlib.py").write_text("raise ImportError('none here')\n", encoding="utf-8")
    code, printed, _ = run(example, "--plot")
    assert code == 0
    assert "pip install matplotlib" in printed
    (example.parent / "numpy.py").write_text("raise ImportError('none here')\n", encoding="utf-8")
    code, printed, _ = run(example)
    assert code == 0
    assert "now order counts" in printed
    assert "pip install numpy" in printed


def test_the_record_is_what_the_reference_gives() -> None:
    """Recorded anew with the reference, the numbers beside the example are the same."""
    path = ROOT / "reference" / "oracle" / "record_example_04.py"
    spec = importlib.util.spec_from_file_location("record_example_04", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kept = (LESSON / "example_04_positional.json").read_text(encoding="utf-8")
    fresh = module.record()
    assert kept == module.text(json.loads(kept))
    assert fresh.keys() == json.loads(kept).keys()
    for name, numbers in json.loads(kept).items():
        assert flat(numbers) == pytest.approx(flat(fresh[name]), abs=2e-9), name


def flat(numbers: object) -> list[float]:
    """Take the numbers out of nested lists."""
    if isinstance(numbers, list):
        return [number for part in numbers for number in flat(part)]
    assert isinstance(numbers, float)
    return [numbers]
