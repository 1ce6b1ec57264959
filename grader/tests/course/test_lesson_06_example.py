"""Lesson 6's example, run as a student runs it, and the record that it tells of, as far as that is cheap."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "06_transformer_architecture"
EXAMPLE = "example_06_mini_gpt.py"
RECORD = json.loads((LESSON / "example_06_mini_gpt.json").read_text(encoding="utf-8"))
EXERCISES = [f"6.{number}" for number in range(1, 10)]


@pytest.fixture(scope="module")
def recorder() -> Iterator[Any]:
    """Load the script that records, and forget the reference again."""
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "minigpt"}
    path = list(sys.path)
    spec = importlib.util.spec_from_file_location(
        "record_example_06", ROOT / "reference" / "oracle" / "record_example_06.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path[:] = path
        for name in [name for name in sys.modules if name.split(".")[0] == "minigpt"]:
            del sys.modules[name]
        sys.modules.update(before)


def student_tree(home: Path, module: str | None = None, package: Path = ROOT / "starter") -> Path:
    """Make a student's repository, with this transformer.py if one is given; give the example's path."""
    lesson = home / "assignments" / LESSON.name
    lesson.mkdir(parents=True)
    shutil.copytree(package / "minigpt", home / "minigpt", ignore=shutil.ignore_patterns("__pycache__"))
    if module is not None:
        (home / "minigpt" / "transformer.py").write_text(module, encoding="utf-8")
    shutil.copy(LESSON / "example_06_mini_gpt.json", lesson)
    return Path(shutil.copy(LESSON / EXAMPLE, lesson))


def run(example: Path, *arguments: str, encoding: str = "utf-8") -> tuple[int, str, str]:
    """Run the example from another folder; give its exit code, what it printed, and what went to stderr."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PYTHONIOENCODING"] = encoding
    done = subprocess.run(
        [sys.executable, str(example), *arguments],
        capture_output=True, env=environment, cwd=example.anchor, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding)


def verdicts(printed: str) -> dict[str, str]:
    """Find what the example says about each exercise."""
    lines = [line.split(None, 2) for line in printed.splitlines() if line.startswith("  6.")]
    return {exercise: words for exercise, _, words in lines}


def test_tells_the_recorded_story_before_anything_is_solved(tmp_path: Path) -> None:
    """With stubs it shows bounds, curve, samples and a map on any terminal, and calls all unwritten."""
    example = student_tree(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    for encoding, shades in (("utf-8", "░▒▓█"), ("ascii", ":*#")):
        code, printed, complaint = run(example, encoding=encoding)
        assert (code, complaint) == (0, "")
        assert set(verdicts(printed).values()) == {"not written yet"}
        assert list(verdicts(printed)) == EXERCISES
        assert "Next: grader check 6.1" in printed
        assert any(shade * 2 in printed for shade in shades)
        assert [line for line in printed.splitlines() if len(line) > 80 or line != line.rstrip()] == []
    for number in (*RECORD["bounds"].values(), *(point[2] for point in RECORD["small"]["curve"])):
        assert f"{number:.3f}" in printed
    for sample in RECORD["small"]["samples"]:
        assert sample["text"].split("\n")[0].rstrip() in printed
    assert sorted(tmp_path.rglob("*")) == before, "nothing is written unless asked, no byte code either"


def test_trains_live_when_solved(tmp_path: Path) -> None:
    """With the reference all agree, a model learns, it writes, and the picture is its own curve."""
    example = student_tree(tmp_path, package=ROOT / "reference")
    picture = tmp_path / "curve.svg"
    code, printed, complaint = run(example, "--steps", "16", "--svg", str(picture))
    assert (code, complaint) == (0, "")
    assert set(verdicts(printed).values()) == {"agrees"}
    assert "All nine agree with the recorded numbers." in printed
    assert "step    16   training loss" in printed
    assert "what it writes:" in printed
    assert "of these sentences are grammatical" in printed
    lines = printed.replace(str(picture), "").splitlines()
    assert [line for line in lines if len(line) > 80 or line != line.rstrip()] == []
    shown = [element.text for element in ElementTree.parse(picture).iter() if element.text]
    assert {"Your own model", "16 steps"} <= set(shown)


def test_names_what_is_wrong(tmp_path: Path) -> None:
    """Wrong, raising, odd and missing functions each get their own words, and nothing is trained."""
    right = (ROOT / "reference" / "minigpt" / "transformer.py").read_text(encoding="utf-8")
    module = right.replace("def get_batch", "def batches") + '''

def transformer_block(x, params, n_head, mask=None):
    return x

def gpt_forward(ids, params, n_head):
    ids += 1

def cross_entropy(logits, targets, ignore_index=-100):
    return 0.5

def adamw_step(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    raise ValueError("no \\u2603 today")

def generate(*arguments, **more):
    return None
'''
    code, printed, complaint = run(student_tree(tmp_path, module, ROOT / "reference"))
    assert (code, complaint) == (0, "")
    said = verdicts(printed)
    assert said["6.1"] == "differs in 12 of 12 numbers"
    assert "read-only" in said["6.2"]
    assert said["6.3"] == "should return 2 parts"
    assert said["6.4"] == "is missing"
    assert said["6.6"] == "raises ValueError: no ☃ today"
    assert said["6.7"] == "agrees"
    assert said["6.8"] == "returns nothing"
    assert "training loss" not in printed


def test_names_the_gradient_that_is_wrong(tmp_path: Path) -> None:
    """A wrong branch of a tree is named by its way."""
    module = (ROOT / "reference" / "minigpt" / "transformer.py").read_text(encoding="utf-8") + '''

right = gpt_loss_and_gradients

def gpt_loss_and_gradients(ids, targets, params, n_head):
    loss, grads = right(ids, targets, params, n_head)
    return loss, {**grads, "wpe": {"weight": grads["wpe"]["weight"] * 2}}
'''
    _, printed, _ = run(student_tree(tmp_path, module, ROOT / "reference"))
    assert verdicts(printed)["6.5"].startswith("1.wpe.weight differs in ")


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("def gpt_forward(x:\n", "SyntaxError"),
        ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemExit('日本')\n", "SystemExit: ??"),
    ],
)
def test_survives_a_broken_module(tmp_path: Path, module: str, words: str) -> None:
    """A module that cannot be imported is named with its reason, after the story was told."""
    code, printed, complaint = run(student_tree(tmp_path, module), encoding="ascii")
    assert (code, complaint) == (0, "")
    assert "What it writes on the way" in printed
    assert f"minigpt/transformer.py cannot be imported: {words}" in " ".join(printed.split())


def test_survives_a_training_that_fails(tmp_path: Path) -> None:
    """Functions that are right on small numbers and fail on larger ones are told so."""
    module = (ROOT / "reference" / "minigpt" / "transformer.py").read_text(encoding="utf-8") + '''

right = train_step

def train_step(params, state, ids, targets, n_head, lr):
    if len(ids) > 2:
        raise MemoryError("too large")
    return right(params, state, ids, targets, n_head, lr)
'''
    code, printed, complaint = run(student_tree(tmp_path, module, ROOT / "reference"), "--steps", "2")
    assert (code, complaint) == (0, "")
    assert "Your functions stopped the training: MemoryError: too large" in printed


def test_says_what_is_missing(tmp_path: Path) -> None:
    """Without NumPy, the package, the record, a place for the picture or matplotlib it says what to do."""
    example = student_tree(tmp_path / "repository")
    code, _, complaint = run(example, "--svg", str(tmp_path / "none" / "curve.svg"))
    assert code == 2
    assert "No such file or directory. Choose another place." in complaint
    assert run(example, "--steps", "-1")[0] == 2
    (example.parent / "matplotlib.py").write_text("raise ImportError('none here')\n", encoding="utf-8")
    assert "pip install matplotlib" in run(example, "--plot")[1]
    (example.parent / "numpy.py").write_text("raise ImportError('none here')\n", encoding="utf-8")
    code, printed, complaint = run(example)
    assert (code, complaint) == (0, "")
    assert "pip install numpy" in " ".join(printed.split())
    (example.parent / "numpy.py").unlink()
    shutil.rmtree(tmp_path / "repository" / "minigpt")
    code, printed, complaint = run(example)
    assert (code, complaint) == (0, "")
    assert "There is no minigpt/transformer.py in" in printed
    (example.parent / "example_06_mini_gpt.json").write_text("{", encoding="utf-8")
    code, _, complaint = run(example)
    assert code == 2
    assert "Get it again from the course." in complaint
    assert "Traceback" not in complaint


# ---------------------------------------------------------------- the record


def test_the_first_steps_are_as_recorded(recorder: Any) -> None:
    """The reference, trained for a few steps, loses what the record says, but for sums of float32."""
    losses = recorder.first_losses(recorder.FIRST_STEPS)
    assert losses == pytest.approx(RECORD["first_losses"], abs=2e-3)
    assert RECORD["small"]["size"] == recorder.SIZES["small"]._asdict()
    assert RECORD["large"]["size"] == recorder.SIZES["large"]._asdict()


def test_the_bounds_are_those_of_the_stories(recorder: Any) -> None:
    """What follows from the grammar is computed again."""
    assert recorder.bounds() == pytest.approx(RECORD["bounds"], abs=1e-6)


def test_the_answers_are_those_of_the_reference(recorder: Any) -> None:
    """Part two compares with what the reference gives today."""
    answers = recorder.answers()
    assert list(answers) == EXERCISES
    for exercise, parts in RECORD["answers"].items():
        assert answers[exercise].keys() == parts.keys()
        for name, value in parts.items():
            assert np.asarray(answers[exercise][name]) == pytest.approx(np.asarray(value), abs=1e-7)


def test_the_recorded_models_are_honest(recorder: Any) -> None:
    """The curves end above their window bounds and below the trigram, the large one within five per cent."""
    bounds = RECORD["bounds"]
    for name, bound in (("small", bounds["window_32"]), ("large", bounds["window_64"])):
        curve = RECORD[name]["curve"]
        assert curve[0][2] == pytest.approx(bounds["uniform"], abs=0.2)
        assert bound < curve[-1][2] < bounds["trigram"]
        shares = [recorder.stories.is_grammatical(line) for line in curve_end(name)]
        assert sum(shares) / len(shares) > 0.4
    assert RECORD["large"]["curve"][-1][2] < 1.05 * bounds["window_64"]
    assert RECORD["large"]["grammatical"] > 0.85
    assert RECORD["mistakes"]["no causal mask"] < bounds["window_32"] / 2
    assert all(loss < bounds["bigram"] for loss in RECORD["mistakes"].values())
    assert list(RECORD["mistakes"]) == list(recorder.MISTAKES)


def curve_end(name: str) -> list[str]:
    """Give the whole lines of a model's last sample."""
    text: str = RECORD[name]["samples"][-1]["text"]
    return text.split("\n")[:-1]


def test_the_mistakes_are_mistakes(recorder: Any) -> None:
    """Each mistake changes what one step does, and leaves no trace afterwards."""
    right = recorder.first_losses(3)
    for name, mistake in recorder.MISTAKES.items():
        with mistake():
            assert recorder.first_losses(3) != right, name
    assert recorder.first_losses(3) == right


def test_the_map_is_a_causal_map() -> None:
    """Nobody looks ahead, and no row is larger than one; what is missing went to the line break before."""
    weights = np.array(RECORD["attention"]["weights"])
    assert weights.shape == (6, 6)
    assert np.triu(weights, 1).max() == 0
    assert weights.sum(axis=1).max() < 1.001
    assert math.isfinite(weights.sum())


def test_the_record_is_written_as_json(recorder: Any) -> None:
    """The file is the record's text, one key a line."""
    text = (LESSON / "example_06_mini_gpt.json").read_text(encoding="utf-8")
    assert text == recorder.in_lines(RECORD) + "\n"
