"""Where a student stands: `grader` alone and `grader progress`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from grader.build import plan_build, write_build
from grader.course import Course, load_course
from grader.render.statuses import ago, bar
from grader.student.path import chosen_path, hours_on_path, hours_text, keep_path
from grader.student.place import show_place
from grader.student.progress import show_progress
from grader.student.standing import read_standing
from grader.student.steps import next_step
from grader.tests.screens import check_golden, shown
from grader.tests.student_samples import NOW, run_line, with_questions, write_history

MIXED = (
    run_line({"1.1": "failed"}, digest="a"),
    run_line({"1.1": "passed", "1.2": "timeout", "2.1": "not_started"}, digest="b",
             questions={"order": "failed", "why": "not_started"}),
)
ALL = {"1.1": "passed", "1.2": "passed", "2.1": "passed"}
ANSWERED = {"order": "awaiting_review", "why": "awaiting_review"}


@pytest.fixture
def copy(toy_student: Path) -> Course:
    """Load a student's copy of the toy course, with two questions."""
    return with_questions(toy_student)


@pytest.mark.parametrize(
    ("name", "plain", "encoding"),
    [("colourless", False, "utf-8"), ("plain", True, "utf-8"), ("ascii", False, "ascii")],
)
def test_the_screens_look_as_agreed(copy: Course, *, name: str, plain: bool, encoding: str) -> None:
    """Both screens in the middle of the course, line by line, with symbols, in words and in ASCII."""
    write_history(copy.root, *MIXED)
    keep_path(copy, "full")
    for screen, write in (("place", show_place), ("progress", show_progress)):
        text = shown(lambda made, write=write: write(copy, made, now=NOW),  # type: ignore[misc]
                     plain=plain, encoding=encoding)
        check_golden(f"{screen}_{name}.txt", text)


def test_the_first_screen_looks_as_agreed(copy: Course) -> None:
    """Before anything was checked or chosen, it says how to begin and how to choose a path."""
    check_golden("place_first.txt", shown(lambda made: show_place(copy, made, now=NOW)))
    check_golden("progress_first.txt", shown(lambda made: show_progress(copy, made, now=NOW)))


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii", "cp437"])
def test_lines_fit_every_terminal(copy: Course, width: int, encoding: str) -> None:
    """No line is wider than the terminal, and no code page stops one."""
    write_history(copy.root, *MIXED)
    for write in (show_place, show_progress):
        text = shown(lambda made, write=write: write(copy, made, now=NOW),  # type: ignore[misc]
                     encoding=encoding, width=width)
        assert max(map(len, text.split("\n"))) <= max(40, min(width, 80))


# The path


def test_a_chosen_path_is_kept(copy: Course) -> None:
    """It can be changed, and damage to the file only means that none is chosen."""
    assert chosen_path(copy) is None
    keep_path(copy, "short")
    assert chosen_path(copy) == "short"
    keep_path(copy, "full")
    assert chosen_path(copy) == "full"
    (copy.root / ".grader" / "path").write_bytes(b"\xff\x00")
    assert chosen_path(copy) is None


def test_only_exercises_on_the_path_count(copy: Course) -> None:
    """On the short path 1.2 is neither asked for nor counted, and it is said how many are left out."""
    write_history(copy.root, run_line({"1.1": "passed", "1.2": "not_started"}))
    keep_path(copy, "short")
    standing = read_standing(copy)
    assert [e.exercise.id for e in standing.exercises] == ["1.1", "2.1"]
    assert standing.lessons[0].done
    text = shown(lambda made: show_progress(copy, made, now=NOW))
    assert "1 more exercise is off your path" in text
    assert "1.2" not in text


def test_a_copy_for_a_path_needs_no_choice(toy: Course, tmp_path: Path) -> None:
    """What it was built for counts, with the points that `check` gives on it."""
    write_build(toy, plan_build(toy, path="short"), tmp_path / "short")
    copy = load_course(tmp_path / "short")
    assert chosen_path(copy) == "short"
    lesson = read_standing(copy).lessons[0]
    assert (lesson.score, lesson.max_score) == (0, 67)  # 40 of 60 points, weighed to 100
    text = shown(lambda made: show_place(copy, made, now=NOW))
    assert "A toy course · Short" in text
    assert "Path" not in text


def test_hours_follow_the_points_on_a_path(toy: Course) -> None:
    """Lesson 1 takes 1 hour and lesson 2 takes 1 to 2; the short path has 60 of 100 points of lesson 1."""
    assert hours_on_path(toy, "full") == (2, 3)
    assert hours_on_path(toy, "short") == (2, 3)
    assert [hours_text(h) for h in ((1, 1), (2, 2), (2, 3))] == ["1 hour", "2 hours", "2 to 3 hours"]


# The next step


@pytest.mark.parametrize(
    ("lines", "changed", "command", "why"),
    [
        ((), False, "grader read 1", "read lesson 1, then write 1.1 add in toypkg/add.py"),
        ((), True, "grader read 1", "read lesson 1, then write 1.1 add in toypkg/add.py"),
        ([{"1.1": "not_started"}], False, "grader read 1", "read lesson 1, then write 1.1 add"),
        ([{"1.1": "not_started"}], True, "grader check 1.1", "your code has changed since the last check"),
        ([{"1.1": "failed"}], False, "grader hint 1.1", "1.1 add: failed when it was last checked"),
        ([{"1.1": "failed"}], True, "grader check 1.1", "1.1 add is open, and your code has changed"),
        ([{"1.1": "passed"}], False, "grader check 1.2", "write 1.2 total in toypkg/add.py, then check it"),
        ([{"1.1": "passed", "1.2": "passed"}], False, "grader read 2", "read lesson 2, then write 2.1 scale"),
        ([ALL], False, "grader check", "now the questions in answers/checkpoint_1.toml"),
    ],
)
def test_there_is_one_next_step(
    copy: Course, *, lines: list[dict[str, str]], changed: bool, command: str, why: str
) -> None:
    """Read first, check what has changed, a hint for what has not, and the questions at the end."""
    write_history(copy.root, *(run_line(line) for line in lines))
    step = next_step(read_standing(copy), changed=changed)
    assert step.command == command
    assert why in step.why


def test_the_last_steps_are_answers_and_a_push(copy: Course) -> None:
    """Open questions are counted, wrong ones as well; when nothing is open, it is time to push."""
    write_history(copy.root, run_line(ALL, questions={"order": "failed", "why": "not_started"}))
    assert next_step(read_standing(copy), changed=False).why.startswith("2 questions are open: answer in")
    write_history(copy.root, run_line(ALL, questions=ANSWERED | {"why": "not_started"}))
    assert next_step(read_standing(copy), changed=False).why.startswith("1 question is open: answer in")
    write_history(copy.root, run_line(ALL, questions=ANSWERED))
    assert next_step(read_standing(copy), changed=False).command == "git push"
    assert "nothing: all public checks have passed" in shown(
        lambda made: show_progress(copy, made, now=NOW))


def test_a_course_without_lessons_has_a_screen(copy: Course) -> None:
    """Nothing is divided by nothing."""
    empty = replace(copy, lessons=(), checkpoints=())
    assert "git push" in shown(lambda made: show_place(empty, made, now=NOW))


# Bars and times


def test_a_bar_is_full_only_at_the_end() -> None:
    """A first point shows, and the last one is missing until it is there."""
    assert bar(0, 75, 4) == "░░░░"
    assert bar(1, 75, 4) == "█░░░"
    assert bar(74, 75, 4) == "███░"
    assert bar(75, 75, 4) == "████"
    assert bar(0, 0, 4) == "░░░░"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "just now"), (0, "just now"), (1, "1 second ago"), (59, "59 seconds ago"), (60, "1 minute ago"),
     (7200, "2 hours ago"), (86400 * 3, "3 days ago"), (86400 * 8, "1 week ago"),
     (86400 * 400, "on 2025-10-19")],
)
def test_times_are_told_in_one_unit(seconds: int, text: str) -> None:
    """The largest unit that fits; a clock that goes wrong is no news."""
    assert ago(NOW - timedelta(seconds=seconds), NOW) == text
