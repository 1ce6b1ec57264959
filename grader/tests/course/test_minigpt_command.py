"""`python -m minigpt`: train, generate and chat on the student's own functions."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT / "reference" / "minigpt"
STARTER = ROOT / "starter" / "minigpt"


def environment() -> dict[str, str]:
    """Leave the settings of this Python out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}


def command(*words: str) -> list[str]:
    """Give the command as a student types it."""
    return [sys.executable, "-m", "minigpt", *words]


def run(home: Path, *words: str, typed: str = "") -> tuple[int, str, str]:
    """Run it in a folder; give its exit code, what it printed, and what went to stderr."""
    done = subprocess.run(command(*words), cwd=home, env=environment(), input=typed, capture_output=True,
                          encoding="utf-8", check=False, timeout=600)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a repository with everything solved, and train a model in it for a few steps."""
    home = tmp_path_factory.mktemp("solved")
    shutil.copytree(REFERENCE, home / "minigpt", ignore=shutil.ignore_patterns("__pycache__"))
    code, printed, complaint = run(home, "train", "--steps", "20")
    assert (code, complaint) == (0, "")
    assert re.findall(r"^step +(\d+) ", printed, re.MULTILINE) == ["10", "20"]
    losses = [float(loss) for loss in re.findall(r"validation loss (\d\.\d+)", printed)]
    assert losses[1] < losses[0] < np.log(29)
    assert "The weights are in my_model.npz. It writes:" in printed
    assert printed.endswith("Next: python -m minigpt chat\n")
    return home


def test_generate_writes_on_from_a_prompt(solved: Path) -> None:
    """The same seed writes the same text, of the length that was asked for; another seed another one."""
    words = ("generate", "the cat", "--characters", "40", "--seed")
    code, printed, complaint = run(solved, *words, "1")
    assert (code, complaint) == (0, "")
    assert printed.startswith("the cat")
    assert len(printed) == len("the cat") + 40 + 1
    assert run(solved, *words, "1")[1] == printed != run(solved, *words, "2")[1]


def test_chat_ends_sentences_until_an_empty_line(solved: Path) -> None:
    """Each line is written on; a character that it has never seen is named, and the talk goes on."""
    code, printed, complaint = run(solved, "chat", "--characters", "20", "--seed", "1",
                                   typed="the cat\nThe cat\na dog\n\nnever read\n")
    assert (code, complaint) == (0, "")
    lines = printed.splitlines()
    assert lines[0].startswith("Begin a sentence")
    assert lines[1].startswith("> the cat")
    assert "Sorry, the model has never seen 'T'." in printed
    assert "> a dog" in printed
    assert "never read" not in printed


def test_a_text_of_ones_own_is_learnt(solved: Path) -> None:
    """The model's characters are those of the text."""
    (solved / "mine.txt").write_text("αβγ αβγ\n" * 80, encoding="utf-8")
    words = ("--model", "greek.npz")
    code, printed, complaint = run(solved, "train", "--text", "mine.txt", "--steps", "5", *words)
    assert (code, complaint) == (0, "")
    assert "It learns from mine.txt, 640 characters." in printed
    assert printed.endswith("Next: python -m minigpt chat --model greek.npz\n")
    written = run(solved, "generate", "αβ", *words)[1]
    assert set(written) <= set("αβγ \n")


@pytest.mark.parametrize(("words", "problem", "advice"), [
    (("generate", "--model", "none.npz"), "cannot read none.npz: No such file or directory.",
     "python -m minigpt train makes a model; --model FILE names another one."),
    (("chat", "--model", "minigpt/chat.py"), "minigpt/chat.py is not a file of weights that this course has "
     "written.", "python -m minigpt train makes a model; --model FILE names another one."),
    (("generate", "É"), "the model has never seen 'É'. It knows these characters:",
     "begin with characters that it knows, or train on a text that has them."),
    (("train", "--text", "none.txt"), "cannot read none.txt: No such file or directory.",
     "--text FILE names a text in UTF-8."),
    (("train", "--text", "short.txt"), "a text to learn from must have more than 33 characters",
     "take another --text or --model; `python -m minigpt train -h` lists all."),
    (("train", "--model", "nowhere/x.npz"), "there is no folder", "name another --model FILE."),
])
def test_what_is_in_the_way_is_said_with_the_next_step(
    solved: Path, words: tuple[str, ...], problem: str, advice: str
) -> None:
    """A problem that is no mistake in the student's code names what to do, without a traceback."""
    (solved / "short.txt").write_text("hello", encoding="utf-8")
    code, _, complaint = run(solved, *words)
    text = " ".join(complaint.split())
    assert code == 1
    assert text.startswith(f"Error: {problem}")
    assert text.endswith(f"Next: {advice}")


@pytest.mark.parametrize(("words", "problem"), [
    ((), "the following arguments are required: COMMAND"),
    (("train", "--steps", "0"), "must be 1 or more"),
    (("train", "--size", "huge"), "invalid choice: 'huge'"),
    (("generate", "--temperature", "-1"), "must be 0 or more"),
    (("generate", "--temperature", "nan"), "must be 0 or more"),
    (("generate", "--top-p", "1.5"), "must be above 0, and 1 at most"),
    (("generate", "--top-k", "many"), "invalid positive value: 'many'"),
])
def test_a_wrong_word_is_a_usage_error(solved: Path, words: tuple[str, ...], problem: str) -> None:
    """It exits 2 and says which word."""
    code, _, complaint = run(solved, *words)
    assert code == 2
    assert problem in complaint


def test_names_the_exercise_that_is_missing(tmp_path: Path, solved: Path) -> None:
    """In a fresh starter each command says what must be written first, and leaves no file."""
    shutil.copytree(STARTER, tmp_path / "minigpt", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(solved / "my_model.npz", tmp_path / "ready.npz")
    code, _, complaint = run(tmp_path, "train", "--steps", "2")
    assert (code, complaint) == (
        1, "Error: exercise 6.2 is not written yet: gpt_forward\nNext: grader read 6.2\n")
    code, _, complaint = run(tmp_path, "generate", "--model", "ready.npz")
    assert (code, complaint) == (
        1, "Error: exercise 6.8 is not written yet: generate\nNext: grader read 6.8\n")
    assert not (tmp_path / "my_model.npz").exists()


@pytest.mark.parametrize(("function", "problem"), [
    ("def train_step(*all):\n    raise KeyError('lost')\n", "KeyError: 'lost', in minigpt/transformer.py:"),
    ("def train_step(*all):\n    return 1\n", "TypeError: "),
    ("def train_step(*all):\n    return [][0]\n", "IndexError: list index out of range, in "),
    ("def train_step(*all):\n    raise ValueError('mine')\n", "ValueError: mine, in minigpt/transformer.py:"),
    ("def train_step(*all):\n    raise NotImplementedError\n", "NotImplementedError"),
    ("def train_step(*all):\n    raise SystemExit('bye')\n", "SystemExit: bye, in minigpt/transformer.py:"),
])
def test_a_mistake_of_ones_own_is_named_with_its_line(
    tmp_path: Path, function: str, problem: str
) -> None:
    """Whatever the student's function does, there is one clear line and no traceback."""
    shutil.copytree(REFERENCE, tmp_path / "minigpt", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "minigpt" / "transformer.py").open("a", encoding="utf-8") as file:
        file.write(f"\n\n{function}")
    code, _, complaint = run(tmp_path, "train", "--steps", "2")
    assert code == 1
    assert complaint.startswith(f"Error: {problem}")
    assert "Traceback" not in complaint
    assert "Next: " in complaint


def test_weights_that_are_no_numbers_do_not_replace_good_ones(tmp_path: Path, solved: Path) -> None:
    """A training that explodes is ended, and the old file stays."""
    shutil.copytree(REFERENCE, tmp_path / "minigpt", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "minigpt" / "transformer.py").open("a", encoding="utf-8") as file:
        file.write("\n\nright = train_step\n\n\ndef train_step(params, *all):\n"
                   "    loss, params, state = right(params, *all)\n"
                   "    params['wte']['weight'][:] = np.nan\n    return loss, params, state\n")
    shutil.copy(solved / "my_model.npz", tmp_path)
    before = (tmp_path / "my_model.npz").read_bytes()
    code, _, complaint = run(tmp_path, "train", "--steps", "12")
    assert code == 1
    assert "the weights are no numbers any more (nan or inf)" in " ".join(complaint.split())
    assert (tmp_path / "my_model.npz").read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_control_c_keeps_the_weights(solved: Path, tmp_path: Path) -> None:
    """Stopped in the middle, the weights of the last measurement are kept and can be used."""
    shutil.copytree(solved / "minigpt", tmp_path / "minigpt", ignore=shutil.ignore_patterns("__pycache__"))
    with subprocess.Popen(command("train", "--steps", "300"), cwd=tmp_path, env=environment(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("step    20"):
                break
        process.send_signal(signal.SIGINT)
        rest, complaint = process.communicate(timeout=300)
    assert (process.returncode, complaint) == (0, "")
    assert re.search(r"Stopped\. The weights after \d+ steps are in my_model\.npz\.", rest)
    assert run(tmp_path, "generate", "the ")[1].startswith("the ")
    assert not list(tmp_path.glob("*.part"))


INTERRUPTED = """
import signal
import sys
import zipfile

from minigpt.__main__ import main

opened = zipfile.ZipFile.open


def interrupted(*words, **settings):
    handle = opened(*words, **settings)
    signal.raise_signal(signal.SIGINT)
    return handle


zipfile.ZipFile.open = interrupted
sys.exit(main(["train", "--steps", "30"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_control_c_in_the_middle_of_a_file_waits_for_its_end(solved: Path, tmp_path: Path) -> None:
    """The file is whole, and the training is stopped as anywhere else."""
    shutil.copytree(solved / "minigpt", tmp_path / "minigpt", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], cwd=tmp_path, env=environment(),
                          capture_output=True, encoding="utf-8", check=False, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Stopped. The weights after 10 steps are in my_model.npz." in done.stdout
    assert run(tmp_path, "generate", "the ")[1].startswith("the ")
    assert not list(tmp_path.glob("*.part"))
