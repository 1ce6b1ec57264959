"""The screens of `check` and `grade`: golden files, and rules that hold for every text."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from grader.render.progress import progress
from grader.render.screen import wrap
from grader.render.terminal import Mode, open_console, render_result
from grader.result import Feedback, MisconceptionFound, Result
from grader.tests.result_samples import (
    FEEDBACK,
    FOUND,
    all_passed,
    course,
    criterion,
    exercise,
    lesson,
    mixed,
    result,
)
from grader.tests.screens import check_golden


def screen(
    made: Result,
    root: Path,
    *,
    mode: Mode = "check",
    plain: bool = False,
    encoding: str = "utf-8",
    width: int = 80,
    colour: bool = False,
) -> str:
    """Render to a stream of an encoding, which fails on any character that it lacks."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    console = open_console(plain=plain, file=stream)
    if colour:
        console = Console(file=stream, force_terminal=True, color_system="standard", highlight=False)
    console.width = width
    render_result(made, course(root), mode=mode, console=console, plain=plain)
    stream.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("mode", ["check", "grade"])
@pytest.mark.parametrize(
    ("name", "plain", "encoding"),
    [("colourless", False, "utf-8"), ("plain", True, "utf-8"), ("ascii", False, "ascii")],
)
def test_a_screen_looks_as_agreed(
    tmp_path: Path, *, mode: Mode, name: str, plain: bool, encoding: str
) -> None:
    """The whole screen, line by line, with symbols, in plain words and in ASCII."""
    check_golden(f"{mode}_{name}.txt", screen(mixed(), tmp_path, mode=mode, plain=plain, encoding=encoding))


def test_a_screen_with_colours_looks_as_agreed(tmp_path: Path) -> None:
    """Passed is green, failed red, and what waits or is not started is dim, not red."""
    text = screen(mixed(), tmp_path, colour=True)
    check_golden("check_colours.txt", text)
    assert "\x1b[2m  – \x1b[0m\x1b[2m1.3 mean" in text


def test_a_code_page_without_check_marks_gets_ascii_symbols(tmp_path: Path) -> None:
    """Windows' cp1252 has the dash and not the check mark: all symbols change together."""
    text = screen(mixed(), tmp_path, encoding="cp1252")
    assert "  + 1.1 add" in text
    assert "  - 1.3 mean" in text
    assert "§ Which axis?" in text


def test_no_color_leaves_no_escape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR switches off bold and dim as well: nothing but text is written."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in screen(mixed(), tmp_path, colour=True)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_lines_fit_the_terminal(tmp_path: Path, width: int) -> None:
    """No line is wider than the terminal (at least 40 columns are needed), nor than 80 columns."""
    for mode in ("check", "grade"):
        lines = screen(mixed(), tmp_path, mode=mode, width=width).split("\n")
        assert max(cell_len(line) for line in lines) <= max(40, min(width, 80))


def test_only_the_first_failure_is_expanded_in_check(tmp_path: Path) -> None:
    """A student sees one thing to do; who grades sees every failed exercise."""
    assert screen(mixed(), tmp_path).count("toypkg/add.py:31") == 1
    assert screen(mixed(), tmp_path, mode="grade").count("toypkg/add.py:31") == 3


def test_a_long_detail_is_cut_and_says_so(tmp_path: Path) -> None:
    """A large array does not push the advice off the screen."""
    feedback = replace(FEEDBACK, detail="\n".join(str(n) for n in range(40)))
    made = result(lesson(exercise("1.1", "add", "failed", criterion("sums", 5, "failed", feedback))))
    text = screen(made, tmp_path)
    assert "      11\n      (28 more lines)\n" in text
    assert "Next         grader hint 1.1" in text


def test_an_uncertain_mistake_is_never_called_sure(tmp_path: Path) -> None:
    """With several candidates all are named; with one that fits one criterion only, it is a perhaps."""
    for others, line in (
        (("skips the last",), "Looks like   one of: sum over the rows; skips the last"),
        ((), "Looks like   perhaps: sum over the rows"),
    ):
        found = replace(FOUND, certainty="one_of", others=others)
        lost = criterion("sums", 5, "failed", Feedback("It sums.", misconception=found))
        text = screen(result(lesson(exercise("1.1", "add", "failed", lost))), tmp_path)
        assert line in text
        assert "sure" not in text
        assert "Meaning" not in text


def test_numbers_of_several_lines_stand_below_their_label(tmp_path: Path) -> None:
    """A matrix keeps its columns."""
    feedback = Feedback("It sums.", expected="[[1, 2],\n [3, 4]]", actual="[1]")
    made = result(lesson(exercise("1.1", "add", "failed", criterion("sums", 5, "failed", feedback))))
    text = screen(made, tmp_path)
    assert "      expected:\n        [[1, 2],\n         [3, 4]]\n      yours     [1]\n" in text


def test_all_public_checks_passed_is_said_with_what_remains(tmp_path: Path) -> None:
    """Public checks are not all checks, and the screen does not pretend so."""
    text = screen(all_passed(unchecked=1), tmp_path)
    assert "    1 more point is checked by your teacher\n" in text
    assert "  ✓ all public checks passed\n" in text
    assert "Next         commit and push: your teacher checks the rest" in text
    assert "Next" not in screen(all_passed(), tmp_path)
    assert "\nall public checks passed\n" in screen(all_passed(), tmp_path, plain=True)


def test_an_untouched_stub_is_an_invitation(tmp_path: Path) -> None:
    """Nothing started is nothing failed: the next step is the first function to write."""
    made = result(lesson(exercise("1.1", "add", "not_started", criterion("sums", 5, "not_started"))))
    text = screen(made, tmp_path)
    assert "✗" not in text
    assert "Next         write 1.1 add in toypkg/add.py" in text
    bare = replace(made.lessons[0].exercises[0], location=None)
    assert "write 1.1 add\n" in screen(result(lesson(bare)), tmp_path)


def test_an_exercise_without_public_criteria_shows_no_points(tmp_path: Path) -> None:
    """What only the teacher checks is neither passed nor failed here."""
    made = result(lesson(exercise("1.1", "add", "passed"), unchecked=5))
    text = screen(made, tmp_path)
    assert re.search(r"\n  · 1\.1 add {30,}checked by your teacher\n", text)
    assert "passed" not in text
    assert "1.1 add: checked by your teacher.\n" in screen(made, tmp_path, plain=True)


def test_trust_and_isolation_are_spelled_out(tmp_path: Path) -> None:
    """Whoever reads the points reads what they are worth."""
    made = replace(all_passed(), trust="authoritative", signature="s", path=None)
    text = screen(made, tmp_path, mode="grade")
    assert "Trust        authoritative: signed by the teacher" in text
    assert "Total        15/15 points\n" in text
    for level, meaning in (("process", "protects from accidents, not\n"), ("moon", "unknown to this")):
        other = replace(made, isolation=replace(made.isolation, level=level))
        assert meaning in screen(other, tmp_path, mode="grade")


def test_a_failure_without_feedback_still_says_what_was_asked(tmp_path: Path) -> None:
    """Where nothing else is known, the rubric's own sentence stands."""
    made = result(lesson(exercise("1.1", "add", "error", criterion("sums", 5, "error"))))
    assert "✗ 1.1  The sums holds." in screen(made, tmp_path)


def test_a_place_to_read_that_is_gone_is_given_as_it_is(tmp_path: Path) -> None:
    """A student may have edited the lesson: then the path alone is shown."""
    for read in ("assignments/01_add/README.md#gone", "assignments/01_add/README.md", "../x#y", "no.md#x"):
        feedback = Feedback("It sums.", read=read)
        made = result(lesson(exercise("1.1", "add", "failed", criterion("sums", 5, "failed", feedback))))
        assert f"Read again   {read}\n" in screen(made, tmp_path)


BAD = {"Cc", "Cf", "Cs", "Zl", "Zp"}
HOSTILE = st.text(
    st.one_of(st.characters(exclude_categories=()), st.sampled_from(":#[ \n\r\x1b\u202e\u2028")), max_size=120
)


@settings(max_examples=80)
@given(
    one=HOSTILE,
    two=HOSTILE,
    encoding=st.sampled_from(["ascii", "cp1252", "utf-8"]),
    plain=st.booleans(),
    width=st.integers(40, 80),
)
def test_no_text_can_speak_with_the_graders_voice(
    tmp_path: Path, *, one: str, two: str, encoding: str, plain: bool, width: int
) -> None:
    """Whatever a student's text holds, also after wrapping, no line is a command and none has a control."""
    found = MisconceptionFound("m", one, two, "sure", ())
    feedback = Feedback(one, two, one, two, found, two, one, two)
    made = result(lesson(exercise("1.1", "add", "failed", criterion("sums", 5, "failed", feedback))))
    made = replace(made, warnings=(two,), submission=replace(made.submission, id=one))
    for mode in ("check", "grade"):
        text = screen(made, tmp_path, mode=mode, plain=plain, encoding=encoding, width=width)
        assert [line for line in text.splitlines() if line.strip().startswith("::") or "##[" in line] == []
        assert [c for c in text if unicodedata.category(c) in BAD and c not in "\n\u200c\u200d"] == []


def test_a_command_that_wrapping_brings_to_the_front_is_broken(tmp_path: Path) -> None:
    """In the middle of a sentence `::` is harmless; at the start of a wrapped line it would be a command."""
    feedback = Feedback("x" * 71 + " ::error::Points 100/100")
    made = result(lesson(exercise("1.1", "add", "failed", criterion("sums", 5, "failed", feedback))))
    assert "\n    : :error::Points 100/100\n" in screen(made, tmp_path)


def test_wrapping_keeps_the_spaces_inside_a_line() -> None:
    """Columns of numbers keep their places, a long word is broken, and wide letters count as two."""
    assert list(wrap("a   b  c", 20)) == ["a   b  c"]
    assert list(wrap("one two three", 8)) == ["one two", "three"]
    assert list(wrap("abcdefgh", 3)) == ["abc", "def", "gh"]
    assert list(wrap("日本語", 4)) == ["日本", "語"]
    assert list(wrap("", 4)) == [""]


def test_progress_is_plain_lines_where_there_is_no_terminal() -> None:
    """A log gets one line a step."""
    stream = io.StringIO()
    with progress(open_console(plain=False, file=stream)) as show:
        show("the reference")
        show("::error::x")
    assert stream.getvalue() == "the reference\n: :error::x\n"
    with progress(open_console(plain=False, file=stream), lines=False) as show:
        show("not this")
    assert "not this" not in stream.getvalue()


def test_progress_is_one_changing_line_on_a_terminal() -> None:
    """A person sees that something goes on, and the line is gone afterwards."""
    stream = io.StringIO()
    with progress(Console(file=stream, force_terminal=True, width=80)) as show:
        show("the reference")
    assert stream.getvalue().endswith("\x1b[1A\x1b[2K")  # up, and the line is cleared
    stream = io.StringIO()
    with progress(Console(file=stream, force_terminal=True, width=80), plain=True) as show:
        show("the reference")
    assert stream.getvalue() == "the reference\n"
