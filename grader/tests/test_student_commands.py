"""The student's commands as programs: light, on every terminal, and with nothing lost when they are ended."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.build import plan_build, write_build
from grader.course import Course, load_course
from grader.student import journal
from grader.student.history import read_history
from grader.student.path import chosen_path
from grader.student.ticks import END, START
from grader.tests.student_samples import Terminal, grader_program, run_line, with_questions, write_history

SOLVED = """\
import numpy as np


def add(a, b):
    return np.add(a, b)


def total(values):
    return 0.0
"""
LIGHT = [(), ("progress",), ("hint",), ("read", "1"), ("read", "1.1"), ("plan",), ("reset", "1.1")]
MODULES = """
import sys
from grader.__main__ import main
code = main({words!r})
heavy = {{"numpy", "pytest", "nbformat", "pytest_jsonreport"}} & set(sys.modules)
print("LOADED", code, *sorted(heavy), file=sys.stderr)
"""
PROGRESS = f"# Mine\n\n{START}\n- [ ] 1.1 add\n- [ ] 1.2 total\n{END}\n\nNotes.\n"


@pytest.fixture
def student(toy_student: Path) -> Path:
    """Give a student's copy in which 1.1 is right and 1.2 is wrong, never checked."""
    text = (toy_student / "toypkg/add.py").read_text(encoding="utf-8")
    head = text[: text.index("def add")]
    (toy_student / "toypkg/add.py").write_text(head + SOLVED, encoding="utf-8")
    (toy_student / "MY_PROGRESS.md").write_text(PROGRESS, encoding="utf-8")
    return toy_student


@pytest.mark.parametrize("words", LIGHT, ids=" ".join)
def test_it_needs_neither_numpy_nor_pytest(student: Path, words: tuple[str, ...]) -> None:
    """A student whose NumPy is broken can still look, read, plan and reset."""
    said = grader_program(student, program=MODULES.format(words=list(words)))
    assert "LOADED 0" in said.err.splitlines()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize(
    "words", [*LIGHT, ("read", "1", "--plain"), ("check", "1.1"), ("notebook", "1")], ids=" ".join)
def test_every_code_page_will_do(toy_student: Path, words: tuple[str, ...], encoding: str) -> None:
    """Nothing crashes on a character that the terminal lacks, and no line is too wide."""
    write_history(toy_student, run_line({"1.1": "failed", "1.2": "blocked"}))
    readme = toy_student / "assignments/01_add/README.md"
    readme.write_text(readme.read_text(encoding="utf-8") + "\n√ → ✓ 漢字 é ∂ $\\sqrt{x}$\n", encoding="utf-8")
    if words[:1] == ("reset",):
        (toy_student / "toypkg/add.py").write_text("x = 1\n", encoding="utf-8")
    said = grader_program(toy_student, *words, PYTHONIOENCODING=encoding, NO_COLOR="1")
    assert (said.code in (0, 1), said.err) == (True, "")
    assert "\x1b" not in said.out
    assert "--plain" in words or max(map(len, said.out.splitlines())) <= 80


def test_a_check_is_kept_and_ticks(student: Path) -> None:
    """History, progress and MY_PROGRESS.md say what the check saw; broken markers are told."""
    said = grader_program(student, "check", "--plain")
    assert (said.code, said.err) == (1, "")
    course = load_course(student)
    history = read_history(course)
    assert (history.exercises["1.1"].status, history.exercises["1.2"].status) == ("passed", "failed")
    ticked = PROGRESS.replace("[ ] 1.1", "[x] 1.1")
    assert (student / "MY_PROGRESS.md").read_text(encoding="utf-8") == ticked
    assert "1.1 add: passed in 1 try, 40 of 40 points." in grader_program(student, "progress", "--plain").out
    here = grader_program(student, "--plain").out
    assert "Now: 1.2 total: failed when it was last checked\n" in here
    assert here.endswith("Next: grader hint 1.2\n")
    with (student / "toypkg/add.py").open("a", encoding="utf-8") as file:
        file.write("# thinking\n")
    assert grader_program(student, "--plain").out.endswith("Next: grader check 1.2\n")
    (student / "MY_PROGRESS.md").write_text(START, encoding="utf-8")
    assert "MY_PROGRESS.md has damaged markers" in grader_program(student, "check", "1.1", "--plain").out
    assert "MY_PROGRESS.md has damaged markers" in grader_program(student, "progress", "--plain").out


def test_answers_are_counted(student: Path) -> None:
    """A check of everything looks at the answers, and progress tells how many there are."""
    with_questions(student)
    grader_program(student, "check", "--plain")
    assert "Checkpoint 1, Sums and multiples: 0 of 2 questions answered." in grader_program(
        student, "progress", "--plain").out
    sheet = student / "answers" / "checkpoint_1.toml"
    sheet.write_text('[order]\nanswer = "b"\n', encoding="utf-8")
    grader_program(student, "check", "--plain")
    assert "1 of 2 questions answered." in grader_program(student, "progress", "--plain").out


def test_a_check_says_how_old_the_files_are(student: Path) -> None:
    """Who has forgotten to save sees it in the first line, with the number of the check."""
    for path in student.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - 7200, time.time() - 7200))
    first = grader_program(student, "check", "1")
    assert first.out.splitlines()[0].split() == ["saved", "2", "hours", "ago", "·", "run", "1"]
    assert grader_program(student, "check", "1", "--plain").out.startswith(
        "Your files were saved 2 hours ago. This is run 2.\n")
    (student / "toypkg/add.py").touch()
    assert grader_program(student, "check", "1").out.splitlines()[0].endswith("· run 3")
    assert "run 4" not in grader_program(student, "check", "1", "--ci", GITHUB_WORKSPACE=str(student)).out


def test_progress_ticks_what_another_check_left(student: Path) -> None:
    """Two checks at once may leave the list behind the history: progress sets it right."""
    write_history(student, run_line({"1.1": "passed", "1.2": "passed"}))
    grader_program(student, "progress")
    assert (student / "MY_PROGRESS.md").read_text(encoding="utf-8").count("[x]") == 2


def test_checks_at_once_lose_nothing(student: Path) -> None:
    """Two checks side by side leave two runs."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    running = [subprocess.Popen([sys.executable, "-m", "grader", "check", name], cwd=student, env=environment,
                                stdout=subprocess.DEVNULL) for name in ("1.1", "1.2")]
    assert [one.wait(timeout=600) for one in running] == [0, 1]
    history = read_history(load_course(student))
    assert history.runs == 2
    assert sorted(history.exercises) == ["1.1", "1.2"]


@pytest.mark.skipif(os.name == "nt", reason="this test ends processes by signals")
@pytest.mark.parametrize("words", [("reset", "1.1"), ("progress",), ("hint", "1.1")], ids=" ".join)
def test_kill_loses_nothing(student: Path, words: tuple[str, ...]) -> None:
    """Wherever a command is killed, each file is the old one or the new one, and the old one is kept."""
    write_history(student, run_line({"1.1": "passed"}))
    old = (student / "toypkg/add.py").read_bytes()
    lists = {PROGRESS.encode(), PROGRESS.replace("[ ] 1.1", "[x] 1.1").encode()}
    for step in range(6):
        (student / "toypkg/add.py").write_bytes(old)
        (student / "MY_PROGRESS.md").write_text(PROGRESS, encoding="utf-8", newline="\n")
        process = subprocess.Popen([sys.executable, "-m", "grader", *words], cwd=student,
                                   stdout=subprocess.DEVNULL)
        time.sleep(0.12 + 0.04 * step)
        process.kill()
        process.wait()
        now = (student / "toypkg/add.py").read_bytes()
        backups = [path.read_bytes() for path in (student / ".grader").glob("backup/2*")]
        assert now == old or old in backups
        assert b"def total" in now
        assert (student / "MY_PROGRESS.md").read_bytes() in lists
        assert read_history(load_course(student)).passed("1.1")
        assert all(entry["exercise"] == "1.1" for entry in journal.entries(student, "hints.jsonl"))


@pytest.mark.parametrize(
    "words", [("hint",), ("progress",), ("reset", "1.1"), ("notebook", "1")], ids=" ".join)
def test_the_teachers_course_is_refused(toy: Course, words: tuple[str, ...]) -> None:
    """A student's work is elsewhere."""
    said = grader_program(toy.root, *words)
    assert said.code == 2
    assert "this is the teacher's course: there is no student's work beside it." in said.err
    assert "Next: go to a student's repository, or name it with --course DIR." in said.err


# Which path?


@pytest.mark.skipif(os.name == "nt", reason="this terminal is made with a pty")
@pytest.mark.parametrize(
    ("typed", "path"), [("short\n", "short"), ("2\n", "full"), ("nonsense\n7\n1\n", "short"), ("\n", None)])
def test_the_first_time_it_asks_for_the_path(toy_student: Path, typed: str, path: str | None) -> None:
    """By name or number; it asks again after a typing mistake, and Enter decides later."""
    with Terminal(toy_student) as terminal:
        assert terminal.type(typed).end() == 0
        assert "Which path through the course do you take?" in terminal.shown
        assert "about 2 to 3 hours" in terminal.shown
        assert "grader read 1" in terminal.shown
    assert chosen_path(load_course(toy_student)) == path
    with Terminal(toy_student) as terminal:
        terminal.type("\n").end()
        assert ("Which path" in terminal.shown) == (path is None)


@pytest.mark.skipif(os.name == "nt", reason="this terminal is made with a pty")
def test_leaving_the_question_keeps_nothing(toy_student: Path) -> None:
    """Ctrl-C exits 130 without a traceback, and the question comes again."""
    with Terminal(toy_student) as terminal:
        assert terminal.until("Enter to decide later").interrupt().end() == 130
        assert "Traceback" not in terminal.shown
    assert not (toy_student / ".grader").exists()


@pytest.mark.skipif(os.name == "nt", reason="this terminal is made with a pty")
def test_a_choice_that_cannot_be_kept_is_told(toy_student: Path) -> None:
    """The screen comes all the same."""
    (toy_student / ".grader").write_text("mine", encoding="utf-8")
    with Terminal(toy_student) as terminal:
        assert terminal.type("short\n").end() == 0
        assert "Your choice was not kept: .grader: this cannot be written" in terminal.shown
        assert "grader read 1" in terminal.shown


@pytest.mark.skipif(os.name == "nt", reason="this terminal is made with a pty")
def test_a_copy_for_a_path_does_not_ask(toy: Course, tmp_path: Path) -> None:
    """It was chosen when the copy was built."""
    write_build(toy, plan_build(toy, path="short"), tmp_path / "short")
    with Terminal(tmp_path / "short") as terminal:
        assert terminal.end() == 0
        assert "Which path" not in terminal.shown


def test_it_does_not_ask_a_program(toy_student: Path) -> None:
    """Where nobody can answer, it says how to choose."""
    said = grader_program(toy_student)
    assert said.code == 0
    assert "Which path" not in said.out
    assert "choose with `grader plan --path short`" in said.out
    assert not (toy_student / ".grader").exists()
