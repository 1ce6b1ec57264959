"""The history of checks: nothing is lost, and nothing in it can stop a student."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import grader
from grader.course import Course, load_course
from grader.errors import UsageError
from grader.result import IntegrityProblem
from grader.student import after_check, journal
from grader.student.history import History, read_history, remember
from grader.tests import result_samples as samples
from grader.tests.student_samples import run_line, with_questions, write_history

APPENDING = """
import sys
from pathlib import Path
from grader.student import journal
root, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for number in range(count):
    journal.append(root, "lines.jsonl", {"who": name, "number": number, "padding": "x" * 3000})
    print(number, flush=True)
"""


@pytest.fixture
def copy(toy_student: Path) -> Course:
    """Load a student's copy of the toy course."""
    return load_course(toy_student)


def appending(root: Path, name: str, count: int) -> subprocess.Popen[str]:
    """Start a process that adds lines, and says which one has been added."""
    environment = {**os.environ, "PYTHONPATH": str(Path(grader.__file__).parents[1])}
    return subprocess.Popen([sys.executable, "-c", APPENDING, str(root), name, str(count)],
                            env=environment, stdout=subprocess.PIPE, text=True)


def test_a_check_is_remembered(copy: Course) -> None:
    """Status, points, time and source of each exercise come back, those of no criterion do not."""
    made = samples.result(samples.lesson(
        samples.exercise("1.1", "add", "passed", samples.criterion("sums", 40, "passed")),
        samples.exercise("1.2", "total", "failed", samples.criterion("values", 30, "failed")),
        samples.exercise("2.1", "scale", "passed"),
    ))
    remember(copy, replace(made, course=replace(made.course, id=copy.id)))
    history = read_history(copy)
    assert (history.runs, history.digest) == (1, "c" * 64)
    assert history.last is not None
    assert history.last.isoformat() == "2026-11-23T12:00:00+00:00"
    assert {name: (seen.status, seen.score, seen.max_score) for name, seen in history.exercises.items()} == {
        "1.1": ("passed", 40, 40), "1.2": ("failed", 0, 30)}
    assert history.passed("1.1")
    assert not history.passed("2.1")


def test_no_history_is_an_empty_one(copy: Course) -> None:
    """Deleting the folder loses the history, and nothing else."""
    assert read_history(copy) == History()


def test_the_last_run_that_saw_an_exercise_counts(copy: Course) -> None:
    """A check of one exercise leaves what is known of the others."""
    write_history(copy.root, run_line({"1.1": "passed", "1.2": "failed"}), run_line({"1.2": "passed"}))
    history = read_history(copy)
    assert {name: seen.status for name, seen in history.exercises.items()} == {
        "1.1": "passed", "1.2": "passed"}
    assert history.runs == 2


def test_tries_count_sources_up_to_the_first_that_passed(copy: Course) -> None:
    """An untouched stub is no try, the same source twice is one, and breaking it later adds none."""
    runs = [("a", "not_started"), ("b", "failed"), ("b", "failed"), ("c", "error"), ("d", "passed"),
            ("e", "failed"), ("f", "passed")]
    write_history(copy.root, *(run_line({"1.1": status}, digest=digest) for digest, status in runs))
    assert read_history(copy).exercises["1.1"].tries == 3


def test_answers_are_remembered_from_the_run_that_looked_at_them(toy_student: Path) -> None:
    """A check of one lesson does not ask for answers, and does not forget them."""
    course = with_questions(toy_student)
    write_history(toy_student, run_line({"1.1": "passed"}, questions={"order": "awaiting_review"}),
                  run_line({"1.1": "passed"}))
    assert read_history(course).questions == {"1": {"order": "awaiting_review"}}


@pytest.mark.parametrize("line", [
    "", "{", "nonsense", "[]", "null", "{}", '{"course": "toy-course"}', run_line({"1.1": "wonderful"}),
    run_line({"1.1": "passed"}, time="yesterday"), run_line({"1.1": "passed"}, course="another"),
    run_line({"1.1": "failed"}).replace("[\"failed\", 0, 40]", '"failed"'),
    run_line({"1.1": "failed"}).replace("[\"failed\", 0, 40]", '["failed", -3, 40]'),
    run_line({"1.1": "failed"}).replace("[\"failed\", 0, 40]", '["failed", true, 40]'),
    "[" * 100_000, '{"time": 1e999}',
])
def test_a_foreign_line_is_passed_over(copy: Course, line: str) -> None:
    """Whatever stands between two runs, both are read."""
    write_history(copy.root, run_line({"1.1": "passed"}), line + "\n", run_line({"1.2": "failed"}))
    history = read_history(copy)
    assert history.runs == 2
    assert sorted(history.exercises) == ["1.1", "1.2"]


def test_an_exercise_that_the_course_no_longer_has_is_forgotten(copy: Course) -> None:
    """A newer course may have dropped it."""
    write_history(copy.root, run_line({"9.9": "passed", "1.1": "passed"}))
    assert list(read_history(copy).exercises) == ["1.1"]


@given(cut=st.integers(0, 2000))
@settings(max_examples=40)
def test_a_power_cut_tears_one_line_at_most(copy: Course, cut: int) -> None:
    """Wherever a file breaks off, the whole lines before it and the next run are read."""
    lines = [run_line({"1.1": "passed"}), run_line({"1.2": "passed"}), run_line({"2.1": "passed"})]
    whole = "".join(lines).encode()[:cut]
    write_history(copy.root)
    (copy.root / ".grader" / "history.jsonl").write_bytes(whole)
    journal.append(copy.root, "history.jsonl", json.loads(run_line({"1.1": "failed"})))
    complete = sum(cut >= len("".join(lines[: n + 1])) - 1 for n in range(3))
    history = read_history(copy)
    assert history.runs == complete + 1
    assert history.exercises["1.1"].status == "failed"


@pytest.mark.skipif(os.name == "nt", reason="this test ends processes by signals")
def test_checks_at_once_and_kills_lose_nothing(tmp_path: Path) -> None:
    """Three processes add lines at once and one is killed: every line that was reported is there."""
    writers = {name: appending(tmp_path, name, 40) for name in ("ada", "bob", "cyd")}
    time.sleep(0.4)
    writers["cyd"].send_signal(signal.SIGKILL)
    reported = {name: writer.communicate(timeout=600)[0].split() for name, writer in writers.items()}
    found: dict[str, list[str]] = {name: [] for name in writers}
    for entry in journal.entries(tmp_path, "lines.jsonl"):
        found[entry["who"]].append(str(entry["number"]))
    assert (len(found["ada"]), len(found["bob"])) == (40, 40)
    for name, numbers in reported.items():
        assert found[name][: len(numbers)] == numbers


def test_a_long_history_is_read_from_its_end(copy: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies further back than the tail is left, and the line that is cut through is passed over."""
    write_history(copy.root, run_line({"1.1": "passed"}), run_line({"1.2": "passed"}))
    monkeypatch.setattr(journal, "TAIL_BYTES", len(run_line({"1.2": "passed"})) + 20)
    assert list(read_history(copy).exercises) == ["1.2"]


# What stands in the way


def block_with_a_file(folder: Path) -> None:
    """Put a file where the folder should be."""
    folder.write_text("mine", encoding="utf-8")


def block_with_a_link(folder: Path) -> None:
    """Put a link where the folder should be."""
    (folder.parent / "elsewhere").mkdir()
    folder.symlink_to(folder.parent / "elsewhere")


def block_with_a_linked_file(folder: Path) -> None:
    """Put a link where the history should be."""
    folder.mkdir()
    (folder.parent / "target").write_text("mine", encoding="utf-8")
    (folder / "history.jsonl").symlink_to(folder.parent / "target")


def block_with_a_pipe(folder: Path) -> None:
    """Put a pipe where the history should be: opening it would wait for ever."""
    folder.mkdir()
    os.mkfifo(folder / "history.jsonl")


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither these links nor pipes")
@pytest.mark.parametrize(
    "block", [block_with_a_file, block_with_a_link, block_with_a_linked_file, block_with_a_pipe])
def test_a_history_that_cannot_be_written_costs_no_result(
    copy: Course, block: Callable[[Path], None]
) -> None:
    """The check says so in a sentence, follows no link, and goes on."""
    block(copy.root / ".grader")
    said = after_check(copy, samples.all_passed())
    assert len(said) == 1
    assert said[0].startswith("This check was not kept in your history: .grader")
    assert "Next: Move what stands in its place away." in said[0]
    assert read_history(copy) == History()
    for name in ("elsewhere", "target"):
        path = copy.root / name
        assert not path.exists() or path.is_dir() or path.read_text(encoding="utf-8") == "mine"
        assert not path.is_dir() or not list(path.iterdir())


def test_a_full_disk_is_told(copy: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that was written in part counts as not written, and does not spoil the next one."""
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda handle, data: write(handle, data[:10]))
        with pytest.raises(UsageError, match="this cannot be written: the disk is full"):
            remember(copy, samples.all_passed())
    course = samples.all_passed().course
    remember(copy, replace(samples.all_passed(), course=replace(course, id=copy.id)))
    assert read_history(copy).runs == 1


def test_a_submission_with_problems_is_remembered(copy: Course) -> None:
    """Files that were set aside do not keep a run out of the history."""
    made = replace(samples.mixed(), integrity=(IntegrityProblem("a.py", "odd"),))
    assert after_check(copy, made) == []
    assert read_history(copy).exercises["1.2"].status == "failed"
