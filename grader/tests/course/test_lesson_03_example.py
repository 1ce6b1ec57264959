"""Lesson 3's example, run as a student runs it: before, while and after the exercises are solved."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "03_multi_head_attention"
NAME = "example_03_multi_head"
EXERCISES = [f"3.{number}" for number in range(1, 8)]


def student_tree(home: Path, module: str | None = None, *, solved: bool = False) -> Path:
    """Make a student's repository with the example; give the example's path.

    Lessons 1 and 2 are solved; lesson 3 is this module, the stub, or the reference.
    """
    lesson = home / "assignments" / LESSON.name
    lesson.mkdir(parents=True)
    shutil.copytree(ROOT / "reference" / "minigpt", home / "minigpt", ignore=shutil.ignore_patterns("__py*"))
    if not solved:
        text = (LESSON / "multi_head.py").read_text(encoding="utf-8") if module is None else module
        (home / "minigpt" / "multi_head.py").write_text(text, encoding="utf-8")
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


def test_runs_before_anything_is_solved(tmp_path: Path) -> None:
    """With stubs it tells the story with the numbers of the text, within 80 columns, and writes nothing."""
    example = student_tree(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    code, printed, complaint = run(example)
    assert (code, complaint) == (0, "")
    assert [verdict(printed, exercise) for exercise in EXERCISES[:6]] == ["not written yet"] * 6
    assert "Next: grader check 3.1" in printed
    worked = (LESSON / "README.md").read_text(encoding="utf-8")
    shares = re.findall(r"share (\d\.\d{3})", printed)
    assert shares == re.findall(r"share (\d\.\d{3})", worked)
    for shown in ("[1.79, 0.21, 0.11, 1.89]", "1.79 + 1.89 = 3.68"):
        assert shown in printed
        assert shown in worked
    row = re.search(r"head 0 +0\.910 +0\.333 +0\.054 +0\.352 +looks at the word before", printed)
    assert row is not None
    assert [line for line in printed.splitlines() if len(line) > 80 or line != line.rstrip()] == []
    assert sorted(tmp_path.rglob("*")) == before


def test_runs_live_when_solved(tmp_path: Path) -> None:
    """With solved exercises all agree, and the maps drawn from them are those of part one."""
    code, printed, complaint = run(student_tree(tmp_path, solved=True), cwd=tmp_path)
    assert (code, complaint) == (0, "")
    assert [verdict(printed, exercise).split()[0] for exercise in EXERCISES] == ["agrees"] * 7
    assert "All seven agree with the recorded numbers." in printed
    recorded, live = (printed.split(title)[1].splitlines()[1:13] for title in
                      ("under a causal mask:", "drawn from your weights:"))
    assert recorded == live
    assert printed.count("looks at the word before") == 2
    assert [line for line in printed.splitlines() if len(line) > 80 or line != line.rstrip()] == []


def test_names_what_is_wrong_in_a_half_solved_module(tmp_path: Path) -> None:
    """Removed, unwritten, wrong, raising and writing functions each get their own words."""
    module = (ROOT / "reference" / "minigpt" / "multi_head.py").read_text(encoding="utf-8")
    module = module.replace("def merge_heads(", "def merging(").replace("merge_heads(", "merging(") + '''
def split_qkv(x, weight, bias):
    return None

def cross_attention(x, memory, params, n_head, mask=None):
    raise ValueError("operands\\ndo not \\u2603 fit " + "x" * 500)

def head_statistics(weights):
    weights += 1
    return weights

def split_heads(x, n_head):
    return x.reshape(*x.shape[:-2], n_head, x.shape[-2], -1)
'''
    code, printed, complaint = run(student_tree(tmp_path, module), encoding="ascii")
    assert (code, complaint) == (0, "")
    assert verdict(printed, "3.1") == "differs in 4 of 8 numbers"
    assert verdict(printed, "3.2") == "is missing"
    assert verdict(printed, "3.3") == "returns nothing"
    assert verdict(printed, "3.5").startswith("raises ValueError: operands do not ? fit")
    assert "read-only" in verdict(printed, "3.7")
    assert max(map(len, printed.splitlines())) <= 80


def test_survives_a_broken_module(tmp_path: Path) -> None:
    """A module that cannot be imported is named with its reason, after the first part was shown."""
    code, printed, complaint = run(student_tree(tmp_path, "x = 1\ndef split_heads(x:\n"))
    assert (code, complaint) == (0, "")
    assert "Who looks at whom, under a causal mask:" in printed
    assert verdict(printed, "3.1").startswith("cannot be imported: SyntaxError")


def test_draws_in_ascii_where_it_must(tmp_path: Path) -> None:
    """On a terminal that knows only ASCII the maps are drawn with other characters."""
    code, printed, complaint = run(student_tree(tmp_path), encoding="ascii")
    assert (code, complaint) == (0, "")
    assert "    cat ## 0.94    0.06    0.00    0.00" in printed


def test_runs_without_its_companions(tmp_path: Path) -> None:
    """Without NumPy, the package or its record it says what to do, and shows no traceback."""
    example = student_tree(tmp_path, solved=True)
    (example.parent / "numpy.py").write_text("raise ModuleNotFoundError('none', name='numpy')\n")
    code, printed, complaint = run(example)
    assert (code, complaint) == (0, "")
    assert "pip install numpy" in " ".join(printed.split())
    shutil.rmtree(tmp_path / "minigpt")
    code, printed, complaint = run(example, "--svg", str(tmp_path / "maps.svg"))
    assert code == 2
    assert "share 0.892" in printed
    assert "There is no minigpt/live.py in" in printed
    assert "Traceback" not in complaint
    (example.parent / f"{NAME}.json").unlink()
    code, printed, complaint = run(example)
    assert code == 2
    assert "Copy it from the course again." in " ".join(complaint.split())


def test_writes_a_picture_when_asked(tmp_path: Path) -> None:
    """With --svg it writes just the picture; where it cannot, it says what to do."""
    example = student_tree(tmp_path / "repository")
    before = sorted(tmp_path.rglob("*"))
    picture = tmp_path / "maps.svg"
    code, printed, _ = run(example, "--svg", str(picture))
    assert code == 0
    assert str(picture) in printed.replace("\n", "")
    assert sorted(tmp_path.rglob("*")) == sorted([*before, picture])
    shown = {element.text for element in ElementTree.parse(picture).iter() if element.text}
    assert {"head 0", "head 1", "young", "0.94", "0.47"} <= shown
    code, _, complaint = run(example, "--svg", str(tmp_path / "none" / "maps.svg"))
    assert code == 2
    assert "Choose another place." in " ".join(complaint.split())
    assert "Traceback" not in complaint


def test_the_record_is_what_the_reference_gives() -> None:
    """The numbers beside the example are those that the script records today."""
    oracle = ROOT / "reference" / "oracle"
    code = (f"import sys; sys.path.insert(0, {str(oracle)!r}); import record_example_03 as r; "
            "sys.stdout.write(r.packed(r.record()))")
    done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, check=True, timeout=60)
    recorded = (LESSON / f"{NAME}.json").read_text(encoding="utf-8")
    assert recorded == done.stdout.decode(), "run reference/oracle/record_example_03.py"
