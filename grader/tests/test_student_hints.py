"""Hints: one rung at a time, counted, never punished."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course import Course, load_course
from grader.student import journal
from grader.student.hints import hints_read, show_hint
from grader.tests.screens import check_golden, shown
from grader.tests.student_samples import grader_program, run_line, write_history


@pytest.fixture
def copy(toy_student: Path) -> Course:
    """Load a student's copy of the toy course."""
    return load_course(toy_student)


def hint(course: Course, name: str = "1.1", *, again: bool = False, plain: bool = True) -> str:
    """Ask for a hint."""
    return shown(lambda screen: show_hint(course, course.exercises[name], screen, again=again), plain=plain)


def test_each_call_gives_the_next_rung(copy: Course) -> None:
    """A question, a pointer, nearly the code; then the last one again."""
    said = [hint(copy) for _ in range(4)]
    assert [line.splitlines()[0] for line in said] == [
        f"1.1 add, hint {rung} of 3." for rung in (1, 2, 3, 3)]
    assert "A question: What is two and three?" in said[0]
    assert "A pointer: Read the section on sums." in said[1]
    assert "Nearly code: Join a and b with one sign." in said[2]
    assert "then ask a person: this was the last hint" in said[2]
    assert all(text.endswith("Next: grader check 1.1\n") for text in said)
    assert hints_read(copy, copy.exercises["1.1"]) == 3


def test_the_screen_looks_as_agreed(copy: Course) -> None:
    """The first and the last rung, and what stands there after passing."""
    screens = [hint(copy, plain=False) for _ in range(3)]
    write_history(copy.root, run_line({"1.1": "passed"}))
    check_golden("hint.txt", "\n".join([*screens, hint(copy, plain=False)]))


def test_again_repeats_the_last_rung(copy: Course) -> None:
    """It does not count, but the first hint has to be read once."""
    assert "hint 1 of 3" in hint(copy, again=True)
    hint(copy)
    before = len(list(journal.entries(copy.root, "hints.jsonl")))
    assert "hint 2 of 3" in hint(copy, again=True)
    assert len(list(journal.entries(copy.root, "hints.jsonl"))) == before


def test_each_exercise_has_its_own_ladder(copy: Course) -> None:
    """A hint for one is none for another."""
    hint(copy)
    assert "1.2 total, hint 1 of 3." in hint(copy, "1.2")


def test_after_passing_it_says_where_it_says_why(copy: Course) -> None:
    """Each section that the criteria send to is named once; the hints can still be read again."""
    hint(copy)
    write_history(copy.root, run_line({"1.1": "passed"}))
    said = hint(copy)
    assert said.startswith("1.1 add passed when it was last checked.\n")
    assert "Why it works: assignments/01_add/README.md § Sums (1 min)" in said
    assert "§ Your inputs belong to the caller (1 min)" in said
    assert "hint 1 of 3" in hint(copy, again=True)


@pytest.mark.parametrize("line", [
    '{"exercise": "1.1", "hint": 99}', '{"exercise": "1.1", "hint": "2"}', '{"exercise": "1.1", "hint": -4}',
    "nonsense", '{"course": "another", "exercise": "1.1", "hint": 2}',
])
def test_a_foreign_line_is_no_rung(copy: Course, line: str) -> None:
    """What cannot have been a hint is passed over."""
    write_history(copy.root)
    line = line if "another" in line else line.replace("{", '{"course": "toy-course", ')
    (copy.root / ".grader" / "hints.jsonl").write_text(line + "\n", encoding="utf-8")
    assert "hint 1 of 3" in hint(copy)


def test_a_hint_that_cannot_be_counted_is_given(copy: Course) -> None:
    """Whatever stands where the count is kept, the student reads the hint, and why it comes again."""
    (copy.root / ".grader").write_text("mine", encoding="utf-8")
    said = hint(copy)
    assert "A question: What is two and three?" in said
    assert "Not counted: .grader: this cannot be written" in said


# The command


def test_the_command_finds_the_exercise(toy_student: Path) -> None:
    """By id, by function, by lesson, or the first open one; what has passed is not the first open one."""
    write_history(toy_student, run_line({"1.1": "passed"}))
    for words, name in ((["1.2"], "1.2 total"), (["total"], "1.2 total"), (["2"], "2.1 scale"),
                        ([], "1.2 total"), (["01_add"], "1.2 total")):
        said = grader_program(toy_student, "hint", *words, "--plain")
        assert (said.code, said.err) == (0, "")
        assert said.out.startswith(f"{name}, hint ")


def test_what_is_not_there_is_refused_with_what_is(toy_student: Path) -> None:
    """Wrong words, a lesson that is done, and a lesson that does not exist."""
    write_history(toy_student, run_line({"1.1": "passed", "1.2": "passed"}))
    for word, problem in (("1.9", "there is no exercise '1.9'"), ("7", "there is no lesson '7'"),
                          ("1", "nothing in lesson 1 is open")):
        said = grader_program(toy_student, "hint", word)
        assert said.code == 2
        assert said.out == ""
        assert problem in said.err
        assert "Next: " in said.err
