"""Ticks in MY_PROGRESS.md: what has passed between the markers, and not a byte outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.course import Course, load_course
from grader.student.history import History, Seen, read_history
from grader.student.path import keep_path
from grader.student.ticks import END, START, tick, ticked
from grader.tests.student_samples import NOW, run_line, write_history

REAL = Path(__file__).resolve().parents[2] / "assignments" / "template" / "MY_PROGRESS.md"
PASSED = Seen("passed", 1, 1, NOW, 1)
TEXT = f"""# My progress

Keep the two lines that begin with `<!--`. - [ ] 1.1 is mine here.

{START}
## Lesson 1 · Adding

- [x] Read the lesson
- [ ] 1.1 add
* [ ] 1.2 total (builder and master paths)
- [X] 2.1 scale, which I ticked myself
- [ ] 9.9 unknown
{END}

- [ ] 1.1 is mine here, too
"""


@pytest.fixture
def copy(toy_student: Path) -> Course:
    """Load a student's copy in which 1.1 has passed and 2.1 has failed."""
    write_history(toy_student, run_line({"1.1": "passed", "2.1": "failed"}))
    return load_course(toy_student)


def ticked_file(course: Course, text: str, *, newline: str = "\n") -> tuple[str, list[str]]:
    """Write the file, tick it, and give its text and what was said."""
    path = course.root / "MY_PROGRESS.md"
    path.write_bytes(text.replace("\n", newline).encode())
    said = tick(course, read_history(course))
    return path.read_bytes().decode(), said


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_boxes_follow_the_last_check(copy: Course, newline: str) -> None:
    """Passed is ticked, failed is unticked, what was never checked stays; line ends stay as well."""
    text, said = ticked_file(copy, TEXT, newline=newline)
    wanted = TEXT.replace("- [ ] 1.1 add", "- [x] 1.1 add").replace("[X] 2.1", "[ ] 2.1")
    assert (text, said) == (wanted.replace("\n", newline), [])


def test_nothing_to_tick_writes_nothing(copy: Course) -> None:
    """A file that is right already keeps its time."""
    text, _ = ticked_file(copy, TEXT)
    path = copy.root / "MY_PROGRESS.md"
    os.utime(path, (1, 1))
    assert tick(copy, read_history(copy)) == []
    assert path.stat().st_mtime == 1
    assert path.read_text(encoding="utf-8") == text


@given(before=st.text(max_size=60), after=st.text(max_size=60))
def test_notes_stay_byte_for_byte(before: str, after: str) -> None:
    """Whatever a student writes around the markers, only boxes between them change."""
    if START in before + after or END in before + after:
        return
    middle = f"\n{START}\n- [ ] 1.1 add\n{END}\n"
    history = History(exercises={"1.1": PASSED})
    assert ticked(before + middle + after, history) == before + middle.replace("[ ]", "[x]") + after


@pytest.mark.parametrize("damage", [
    (START, ""), (END, ""), (START, END), (END, START), (END, f"{END}\n{END}"), (START, f"{START}\n{START}"),
    (START, "<!-- grader:progress:strat -->"), (END, "<!-- grader:progress:end --"),
    (START, f"text {START}"),
])
def test_damaged_markers_are_told_and_nothing_is_written(copy: Course, damage: tuple[str, str]) -> None:
    """One marker missing, twice, misspelt, or both the wrong way round."""
    broken = TEXT.replace(*damage)
    text, said = ticked_file(copy, broken)
    assert text == broken
    assert said == [f"MY_PROGRESS.md has damaged markers: one line {START} and, below it, one line {END} "
                    "should be there. Nothing in it was changed."]


def test_both_markers_the_wrong_way_round_are_damaged(copy: Course) -> None:
    """The list has to stand between them."""
    broken = TEXT.replace(START, "?").replace(END, START).replace("?", END)
    assert ticked_file(copy, broken)[0] == broken


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_without_markers_gets_a_list_at_its_end(copy: Course, newline: str) -> None:
    """The student's text stays above it, and the next run ticks the list."""
    keep_path(copy, "short")
    text, said = ticked_file(copy, "# Mine\n\nNotes.", newline=newline)
    wanted = (f"# Mine\n\nNotes.\n\n{START}\n## Lesson 1 · Adding\n\n- [x] 1.1 add\n\n"
              f"## Lesson 2 · Scaling\n\n- [ ] 2.1 scale\n{END}\n")
    assert (text, said) == (wanted.replace("\n", newline), [])
    write_history(copy.root, run_line({"1.1": "passed", "2.1": "passed"}))
    tick(copy, read_history(copy))
    now = (copy.root / "MY_PROGRESS.md").read_bytes().decode()
    assert now == text.replace("- [ ] 2.1", "- [x] 2.1")


def test_a_file_that_was_taken_away_does_not_come_back(copy: Course) -> None:
    """It is the student's."""
    assert tick(copy, read_history(copy)) == []
    assert not (copy.root / "MY_PROGRESS.md").exists()


def test_without_a_history_nothing_is_touched(copy: Course) -> None:
    """Ticks of one's own survive when the history is deleted."""
    (copy.root / ".grader" / "history.jsonl").unlink()
    assert ticked_file(copy, TEXT) == (TEXT, [])


def test_other_encodings_are_left_alone(copy: Course) -> None:
    """A file in Latin-1 is not written again in another encoding."""
    path = copy.root / "MY_PROGRESS.md"
    data = TEXT.replace("mine", "m\u00efne").encode("latin-1")
    path.write_bytes(data)
    said = tick(copy, read_history(copy))
    assert said == ["MY_PROGRESS.md is not UTF-8 text. Save it as UTF-8, and it is ticked again. "
                    "Nothing in it was changed."]
    assert path.read_bytes() == data


def test_a_byte_order_mark_stays(copy: Course) -> None:
    """Notepad writes one."""
    assert ticked_file(copy, f"\ufeff{TEXT}")[0].startswith("\ufeff# My")


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own on Windows")
def test_a_link_is_not_replaced(copy: Course) -> None:
    """The file it leads to may be anybody's."""
    target = copy.root / "elsewhere.md"
    target.write_text(TEXT, encoding="utf-8")
    (copy.root / "MY_PROGRESS.md").symlink_to(target)
    (said,) = tick(copy, read_history(copy))
    assert said.startswith("MY_PROGRESS.md could not be ticked: ")
    assert "symbolic link" in said
    assert target.read_text(encoding="utf-8") == TEXT


def test_a_huge_file_is_left_alone(copy: Course) -> None:
    """Something else has been saved under this name."""
    huge = TEXT + "x" * (1 << 20)
    text, said = ticked_file(copy, huge)
    assert text == huge
    assert "larger than a list" in said[0]


def test_the_template_has_a_box_for_each_exercise(course: Course) -> None:
    """Each exercise of the real course can be ticked in the file that students get."""
    text = REAL.read_text(encoding="utf-8")
    done = ticked(text, History(exercises=dict.fromkeys(course.exercises, PASSED)))
    for exercise in course.exercises.values():
        assert f"- [x] {exercise.id} {exercise.function}" in done
