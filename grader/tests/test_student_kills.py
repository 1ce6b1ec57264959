"""Ctrl-C and kill -9 at any moment of any command: nothing of the student's is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import grader
from grader.course import load_course
from grader.student.history import read_history
from grader.student.path import chosen_path
from grader.student.ticks import END, START
from grader.submission import read_submission
from grader.tests.notebook_samples import ADD, FILE, code, put, solved
from grader.tests.student_samples import grader_program, run_line, with_questions, write_history

pytestmark = pytest.mark.skipif(os.name == "nt", reason="these tests end processes by signals")

COMMANDS = [
    ("check",), ("progress",), ("reset", "1.1"), ("notebook", "1"), ("notebook", "1", "--to-module"),
    ("notebook", "1", "--from-module"), ("plan", "--path", "short", "--output", "plan.md"), ("hint", "1.1"),
]
MOMENTS = 2
NOTES = "My notes: é\r\n"
LIST = f"# Mine\n\n{START}\n- [ ] 1.1 add\n- [ ] 1.2 total\n{END}\n\n{NOTES}"
ANSWERS = '[order]\nanswer = "b"\n\n[why]\nanswer = """\nMine.\n"""\n'
FIRST_RUN = run_line({"2.1": "passed"})
OWN = {"toypkg/add.py", "MY_PROGRESS.md", "answers/checkpoint_1.toml", FILE}


@pytest.fixture
def student(toy_student: Path) -> Path:
    """Give a copy with work of all kinds in it, checked once."""
    with_questions(toy_student)
    module = toy_student / "toypkg/add.py"
    text = module.read_text(encoding="utf-8")
    module.write_text(text[: text.index("def add")] + ADD + "\n\n" + text[text.index("def total"):],
                      encoding="utf-8")
    notebook = solved()
    notebook["cells"].insert(2, code("mine = 1", "imports"))
    put(toy_student, notebook)
    (toy_student / "answers").mkdir(exist_ok=True)
    (toy_student / "answers/checkpoint_1.toml").write_text(ANSWERS, encoding="utf-8")
    (toy_student / "MY_PROGRESS.md").write_bytes(LIST.encode())
    write_history(toy_student, FIRST_RUN)
    return toy_student


def own_files(root: Path) -> dict[str, bytes]:
    """Read what a student writes."""
    return {name: (root / name).read_bytes() for name in sorted(OWN)}


def assert_intact(root: Path, old: dict[str, bytes]) -> None:
    """Each file is the old one, or a whole new one with the old one kept; the memory can be read."""
    backups = [path.read_bytes() for path in (root / ".grader").glob("backup/2*")]
    now = own_files(root)
    for name in ("toypkg/add.py", FILE):
        assert now[name] == old[name] or old[name] in backups
    assert b"def total" in now["toypkg/add.py"]
    compile(now["toypkg/add.py"], "add.py", "exec")
    assert json.loads(now[FILE])["cells"]
    assert now["MY_PROGRESS.md"].decode().replace("[x]", "[ ]") == LIST
    assert ANSWERS in now["answers/checkpoint_1.toml"].decode()
    course = load_course(root)
    assert read_history(course).runs
    assert chosen_path(course) in (None, "short")
    lines = (root / ".grader/history.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    assert lines[0] == FIRST_RUN
    for line in lines:
        json.loads(line)
    assert read_submission(root, "toypkg").problems == ()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_nothing_is_lost(student: Path, words: tuple[str, ...], how: signal.Signals) -> None:
    """Ended at random moments, a command leaves the repository whole, and works the next time."""
    old = own_files(student)
    environment = {**os.environ, "PYTHONPATH": str(Path(grader.__file__).parents[1])}
    drawn = random.Random(f"{words} {how}")
    longest = 1.0 if words == ("check",) else 0.5
    for _ in range(MOMENTS):
        process = subprocess.Popen([sys.executable, "-m", "grader", *words], cwd=student, env=environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=drawn.uniform(0.1, longest))
        except subprocess.TimeoutExpired:
            process.send_signal(how)
        assert process.wait(timeout=600) in (0, 1, 2, -how, 130)
        assert_intact(student, old)
    assert grader_program(student, *words).code in (0, 1, 2)
    assert_intact(student, old)
