"""`grader check --watch` in a real terminal, and where there is none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import grader
from grader.cli import watch
from grader.course import load_course
from grader.errors import CourseError
from grader.result import write_text
from grader.student.changes import changed_files, seen_files
from grader.student.hints import hints_read
from grader.student.history import read_history
from grader.tests.notebook_samples import ADD, solved
from grader.tests.notebook_samples import put as put_notebook

pexpect = pytest.importorskip("pexpect", reason="pexpect is not installed (it needs a POSIX terminal)")

KEYS = "h hint · n next exercise · q quit"
TOTAL = "def total(values):\n    return float(np.sum(values))\n"


@pytest.fixture
def module(toy_student: Path) -> Path:
    """Give the module of lesson 1 in a student's copy."""
    return toy_student / "toypkg/add.py"


def write(module: Path, text: str) -> None:
    """Write below the head of the module, in one step: half of a file is a change of its own."""
    old = module.read_text(encoding="utf-8") if module.exists() else "import numpy as np\n\n\ndef add"
    module.parent.mkdir(exist_ok=True)
    write_text(old[: old.index("def add")] + text, module)


def environment(**settings: str) -> dict[str, str]:
    """Let a program find the grader, in a terminal of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GRADER", "NO_COLOR"))}
    return {**kept, "PYTHONPATH": str(Path(grader.__file__).parents[1]), "PYTHONIOENCODING": "utf-8",
            "TERM": "xterm", "NO_COLOR": "1", **settings}


@pytest.fixture
def terminal(toy_student: Path) -> Iterator[Any]:
    """Watch lesson 1 in a terminal of 80 columns."""
    child = pexpect.spawn(sys.executable, ["-m", "grader", "check", "1", "--watch"], cwd=str(toy_student),
                          env=environment(), dimensions=(30, 80), encoding="utf-8", timeout=300)
    yield child
    child.close(force=True)


def run(terminal: Any, number: int) -> str:
    """Wait for a run to end, and give what it showed."""
    terminal.expect_exact(f"  Run {number} ")
    terminal.expect_exact(KEYS)
    return str(terminal.before)


def test_a_session_of_work(terminal: Any, toy_student: Path, module: Path) -> None:
    """Saved files are checked again, whatever they hold; keys give a hint, the next exercise, the end."""
    assert "not started" in run(terminal, 1)
    write(module, "def add(a, b):\n    return (\n")
    shown = run(terminal, 2)
    assert "toypkg/add.py changed" in shown
    assert "SyntaxError" in shown
    terminal.send("h")
    terminal.expect_exact("What is two and three?")
    assert hints_read(load_course(toy_student), load_course(toy_student).exercises["1.1"]) == 1
    write(module, ADD + "\n\n" + TOTAL)
    assert "all public checks passed" in run(terminal, 3)
    terminal.send("h")
    terminal.expect_exact("There is nothing to hint at: what was checked has passed.")
    terminal.send("n")
    shown = run(terminal, 4)
    assert "only 2.1" in shown
    assert "Lesson 1" not in shown
    terminal.send("n")
    terminal.expect_exact("There is no other open exercise.")
    module.unlink()
    run(terminal, 5)
    module.parent.rename(toy_student.parent / "taken away")
    assert "Error: " in run(terminal, 6)
    write(module, ADD + "\n\n" + TOTAL)
    assert "toypkg/add.py changed" in run(terminal, 7)
    put_notebook(toy_student.parent, solved()).parent.rename(toy_student / "notebooks")
    assert "notebooks/01_add.ipynb changed" in run(terminal, 8)
    terminal.send("q")
    terminal.expect(pexpect.EOF)
    terminal.wait()
    assert (terminal.exitstatus, terminal.signalstatus) == (1, None)
    assert read_history(load_course(toy_student)).runs == 7


def test_quitting_after_success(terminal: Any, module: Path) -> None:
    """The exit code is that of the last check."""
    run(terminal, 1)
    write(module, ADD + "\n\n" + TOTAL)
    run(terminal, 2)
    terminal.send("q")
    terminal.expect(pexpect.EOF)
    terminal.wait()
    assert terminal.exitstatus == 0


@pytest.mark.parametrize("how", ["Ctrl-C", "Ctrl-C while it checks", "terminate"])
def test_the_terminal_is_left_as_it_was(how: str, toy_student: Path, module: Path) -> None:
    """Echo and line editing come back, the exit code says how it ended, and no process stays."""
    if how == "Ctrl-C while it checks":
        write(module, "def add(a, b):\n    while True:\n        pass\n")
    command = f"sh -c 'echo $$ > pid; exec \"{sys.executable}\" -m grader check 1 --watch'"
    shell = pexpect.spawn("/bin/sh", cwd=str(toy_student), env=environment(PS1="$ "), encoding="utf-8",
                          dimensions=(30, 80), timeout=300)
    shell.sendline("stty -g > before")
    shell.sendline(f"{command}; echo ended with $?; stty -g > after; echo done")
    if how == "Ctrl-C while it checks":
        shell.expect("grading 1.1")
    else:
        shell.expect_exact(KEYS)
    if how == "terminate":
        os.kill(int((toy_student / "pid").read_text()), signal.SIGTERM)
    else:
        shell.sendintr()
    shell.expect(r"ended with (\d+)\s")
    assert int(shell.match[1]) == (143 if how == "terminate" else 130)
    shell.expect("done")
    shown = str(shell.before)
    shell.sendline("exit")
    shell.expect(pexpect.EOF)
    shell.wait()
    shell.close()
    assert (toy_student / "before").read_text() == (toy_student / "after").read_text()
    assert "Traceback" not in shown


def test_without_a_terminal(toy_student: Path, module: Path) -> None:
    """It says so, writes plain lines without any control, checks again, and ends with Ctrl-C."""
    output = toy_student.parent / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "grader", "check", "1", "--watch", "--json", "result.json"],
            cwd=toy_student, env=environment(PYTHONIOENCODING="ascii"), stdin=subprocess.DEVNULL, stdout=file,
            stderr=file)
        until(output, "Run 1 ", "  Watching your files.")
        write(module, ADD + "\n\n" + TOTAL)
        until(output, "Run 2 ", "all public checks passed", "  Watching your files.")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=300) == 130
    shown = output.read_text(encoding="ascii")
    assert shown.startswith("Watching your files; no keys can be typed here. Stop with Ctrl-C.\n")
    assert "\x1b" not in shown
    assert '"score": 70' in (toy_student / "result.json").read_text(encoding="utf-8")


def until(output: Path, *words: str) -> None:
    """Wait until words stand in a file, one behind the other."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        rest = output.read_text(encoding="utf-8")
        for word in words:
            _, found, rest = rest.partition(word)
            if not found:
                break
        else:
            return
        time.sleep(0.05)
    raise AssertionError(output.read_text(encoding="utf-8"))


def test_what_counts_as_a_change(toy_student: Path, module: Path) -> None:
    """Sources, notebooks and answers do; caches, hidden files and other folders do not."""
    before = seen_files(toy_student, "toypkg")
    assert set(before) == {"toypkg/__init__.py", "toypkg/add.py", "toypkg/scale.py", "toypkg/shapes.py"}
    put_notebook(toy_student, solved())
    for name in ("toypkg/__pycache__/a.py", "toypkg/.add.py", "notes/a.py", "toypkg/a.txt"):
        (toy_student / name).parent.mkdir(exist_ok=True)
        (toy_student / name).write_text("x", encoding="utf-8")
    write(module, ADD)
    (toy_student / "toypkg/scale.py").unlink()
    (toy_student / "toypkg/link.py").symlink_to("nowhere")
    now = seen_files(toy_student, "toypkg")
    assert changed_files(before, now) == ["notebooks/01_add.ipynb", "toypkg/add.py", "toypkg/scale.py"]


def test_what_is_saved_during_a_check_is_a_change(toy_student: Path, module: Path) -> None:
    """A new notebook counts, too; the answer sheets that the check itself writes do not."""
    course = load_course(toy_student)

    def check_once(wanted: frozenset[str] | None) -> Any:
        put_notebook(toy_student, solved())
        (toy_student / "answers").mkdir(exist_ok=True)
        (toy_student / "answers/checkpoint_9.toml").write_text("")
        write(module, ADD)
        raise CourseError("not now")

    watching = watch._Watch(course, None, check_once, None, plain=True)
    changed = changed_files(watching._check(""), watching._look())
    assert changed == ["notebooks/01_add.ipynb", "toypkg/add.py"]
