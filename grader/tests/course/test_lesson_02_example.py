"""Lesson 2's example, run as a student runs it: before, while and after the exercises are solved."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "02_self_attention"
README = (LESSON / "README.md").read_text(encoding="utf-8")
EXERCISES = [f"2.{number}" for number in range(1, 8)]


def student_tree(home: Path, module: str | None = None, package: str = "reference") -> Path:
    """Make a student's repository with the package of a tree, one module changed; give the example's path."""
    lesson = home / "assignments" / LESSON.name
    lesson.mkdir(parents=True)
    shutil.copytree(ROOT / package / "minigpt", home / "minigpt",
                    ignore=shutil.ignore_patterns("__pycache__"))
    if module is not None:
        (home / "minigpt" / "self_attention.py").write_text(module, encoding="utf-8")
    return Path(shutil.copy(LESSON / "example_02_self_attention.py", lesson))


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
    """List what the example says about each exercise, unfolded."""
    lines = [" ".join(line.split()) for line in re.split(r"\n  (?=\S)", printed)]
    return {line[:3]: line.split(" ", 2)[2] for line in lines if re.match(r"2\.\d ", line)}


def fits(printed: str) -> bool:
    """Tell whether no line is longer than 80 characters or ends in blanks."""
    return not [line for line in printed.splitlines() if len(line) > 80 or line != line.rstrip()]


def test_tells_the_story_before_anything_is_solved(tmp_path: Path) -> None:
    """With stubs it tells the numbers of the text, calls all exercises unwritten, and names the next step."""
    code, printed, complaint = run(student_tree(tmp_path, package="starter"))
    assert (code, complaint) == (0, "")
    assert verdicts(printed) == dict.fromkeys(EXERCISES, "not written yet")
    assert "Next: grader check 2.1" in printed
    assert re.findall(r"share (\d\.\d{3})", printed)[:4] == re.findall(r"share (\d\.\d{3})", README)
    for water, money in re.findall(r"water (\d\.\d\d), money (\d\.\d\d)\n", printed):
        assert f"[{water}, {money}]" in README
    assert fits(printed)


def test_runs_live_when_solved_from_any_folder(tmp_path: Path) -> None:
    """With solved exercises all agree, maps and entropies are drawn from them, and no file is left behind."""
    example = student_tree(tmp_path / "repository")
    before = sorted(tmp_path.rglob("*"))
    code, printed, complaint = run(example, cwd=tmp_path)
    assert (code, complaint) == (0, "")
    assert verdicts(printed) == dict.fromkeys(EXERCISES, "agrees")
    assert "All seven agree with the numbers worked out by hand." in printed
    assert "entropy: the 1.39, bank 0.92, was 1.39, muddy 1.39" in printed
    mine, yours = (printed.split(title)[1].splitlines()[1:6]
                   for title in ("Causal mask: nobody looks ahead", "with a causal mask, drawn"))
    assert mine == yours
    assert sorted(tmp_path.rglob("*")) == before
    assert fits(printed)


def test_takes_other_right_answers(tmp_path: Path) -> None:
    """Masks of 0 and 1, float32 and a -0.0 are as good to the example; the grader is stricter."""
    module = (ROOT / "reference" / "minigpt" / "self_attention.py").read_text(encoding="utf-8") + '''
right_mask, right_attention, right_entropy = causal_mask, self_attention, attention_entropy

def causal_mask(t_q, t_k=None):
    return right_mask(t_q, t_k) * 1

def self_attention(x, w_q, w_k, w_v, mask=None):
    return right_attention(*(a.astype(np.float32) for a in (x, w_q, w_k, w_v)), mask)

def attention_entropy(weights):
    entropy = right_entropy(weights)
    return np.where(entropy == 0, -0.0, entropy)
'''
    code, printed, _ = run(student_tree(tmp_path, module))
    assert code == 0
    assert verdicts(printed) == dict.fromkeys(EXERCISES, "agrees")
    assert "entropy: the 0.00, bank 0.69" in printed


def test_names_what_is_wrong(tmp_path: Path) -> None:
    """Removed, wrong, raising, writing and odd functions each get their own words."""
    module = (ROOT / "reference" / "minigpt" / "self_attention.py").read_text(encoding="utf-8")
    module = module.replace("def padding_mask", "def padding") + '''
def embed(ids, table):
    table *= 1
    return table[ids]

def project_qkv(x, *matrices):
    return x

def causal_mask(t_q, t_k=None):
    return np.triu(np.ones((t_q, t_q), dtype=bool))

def self_attention(x, w_q, w_k, w_v, mask=None):
    raise ValueError("operands\\ndo not \\u2603 fit " + "x" * 500)

def attention_entropy(weights):
    return None
'''
    code, printed, _ = run(student_tree(tmp_path, module), encoding="ascii")
    found = verdicts(printed)
    assert code == 0
    assert "read-only" in found["2.1"]
    assert found["2.2"] == "should return 3 things"
    assert found["2.3"] == "differs in 12 of 16 numbers"
    assert found["2.4"] == "is missing"
    assert found["2.5"].startswith("raises ValueError: operands do not ? fit")
    assert (found["2.6"], found["2.7"]) == ("agrees", "returns nothing")
    assert fits(printed)


@pytest.mark.parametrize(("module", "words"), [
    ("def embed(ids:\n", "cannot be imported: SyntaxError"),
    ("raise SystemExit('bye')\n", "cannot be imported: SystemExit: bye"),
])
def test_survives_a_broken_module(tmp_path: Path, module: str, words: str) -> None:
    """A module that cannot be imported is named with its reason, after the first part was told."""
    code, printed, complaint = run(student_tree(tmp_path, module))
    assert (code, complaint) == (0, "")
    assert "Padding mask: nobody looks at the blank" in printed
    assert all(verdict.startswith(words) for verdict in verdicts(printed).values())


def test_draws_in_ascii_where_it_must(tmp_path: Path) -> None:
    """On a terminal that knows only ASCII the maps are drawn with other characters."""
    code, printed, complaint = run(student_tree(tmp_path), encoding="ascii")
    assert (code, complaint) == (0, "")
    assert "   bank    0.10    0.10    0.10 ** 0.71\n" in printed


def test_writes_the_picture_that_was_asked_for(tmp_path: Path) -> None:
    """--svg writes the map, solved or not; a place that cannot be written to is told without a traceback."""
    for package in ("starter", "reference"):
        example, picture = student_tree(tmp_path / package, package=package), tmp_path / f"{package}.svg"
        code, printed, _ = run(example, "--svg", str(picture))
        assert code == 0
        assert str(picture) in printed.replace("\n", "")
        shown = {element.text for element in ElementTree.parse(picture).iter() if element.text}
        assert {"the", "bank", "was", "muddy", "0.71", "0.25"} <= shown
    code, _, complaint = run(example, "--svg", str(tmp_path / "none" / "map.svg"))
    assert code == 2
    assert "Choose another place." in complaint
    assert "Traceback" not in complaint


def test_says_what_is_missing_around_it(tmp_path: Path) -> None:
    """Without NumPy, or without the package, it says so in one sentence and leaves."""
    example = student_tree(tmp_path)
    (example.parent / "numpy.py").write_text("raise ImportError('none here')\n", encoding="utf-8")
    code, printed, complaint = run(example)
    assert (code, printed) == (1, "")
    assert "pip install numpy" in " ".join(complaint.split())
    (example.parent / "numpy.py").unlink()
    shutil.rmtree(tmp_path / "minigpt")
    code, printed, complaint = run(example)
    assert (code, printed) == (1, "")
    assert "There is no minigpt/live.py" in " ".join(complaint.split())
    assert "Traceback" not in complaint


def test_the_recorded_entropy_is_right() -> None:
    """The one number that the example does not compute itself is the entropy of the word "bank"."""
    shares = [1 / (3 + math.exp(2))] * 3 + [math.exp(2) / (3 + math.exp(2))]
    entropy = -math.fsum(share * math.log(share) for share in shares)
    written = re.findall(r"0\.\d{6,}", (LESSON / "example_02_self_attention.py").read_text(encoding="utf-8"))
    assert [float(number) for number in written] == [pytest.approx(entropy, abs=1e-7)]
