"""Lessons in the terminal: Markdown in 80 columns, formulas that can be read, sections by their words."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from grader.course import Course
from grader.course.headings import anchors, sections
from grader.errors import UsageError
from grader.render.formulas import readable, with_readable_formulas
from grader.render.page import render_page
from grader.render.screen import open_console
from grader.student.lesson_text import section_about, section_of, whole_lesson
from grader.tests.screens import check_golden
from grader.tests.student_samples import Terminal, grader_program, run_line, write_history

PAGE = r"""# A page

One *soft* line
and **another** one, `code_here`, [a link](other.md) and $\sqrt{d_k}$ in the middle of a paragraph.

## Lists

- a bullet with a formula, $w_i = e^{x_i} / (e^{x_1} + … + e^{x_n})$, that goes on to a second line
- two
  1. inner
  2. inner again

3. three

   with a paragraph

## Table and code

| role | question |
|:---|---:|
| query | What am I looking for, and why does this cell not fit into the width of a terminal of 80 columns? |
| key `k` | |

![A picture of **it**.](it.svg)

```text
a   b    # no heading
```

> quoted
> twice

---

### Deep

::error::no command
"""


def page(text: str, *, plain: bool = False, encoding: str = "utf-8", width: int = 80) -> str:
    """Render a page to text."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    console = open_console(plain=plain, file=stream)
    console.width = width
    for line in render_page(text, folder="assignments/01_add", console=console, plain=plain):
        console.print(line, soft_wrap=True)
    stream.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize(
    ("name", "plain", "encoding"),
    [("colourless", False, "utf-8"), ("plain", True, "utf-8"), ("ascii", False, "ascii")],
)
def test_a_page_looks_as_agreed(name: str, *, plain: bool, encoding: str) -> None:
    """Headings, lists, a table, code, a picture and a quotation, line by line."""
    check_golden(f"page_{name}.txt", page(PAGE, plain=plain, encoding=encoding))


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_every_lesson_fits_every_terminal(course: Course, width: int, encoding: str) -> None:
    """No line of a real lesson is wider than the terminal (from 42 columns on: a table needs them)."""
    for lesson in course.lessons:
        text = page(whole_lesson(course, lesson).markdown, width=width, encoding=encoding)
        assert max(cell_len(line) for line in text.split("\n")) <= max(42, width)


def test_every_lesson_keeps_its_words(course: Course) -> None:
    """Whatever the layout does, no word of a lesson's prose is lost."""
    for lesson in course.lessons:
        markdown = whole_lesson(course, lesson).markdown
        prose = re.sub(r"```.*?```|\$[^$\n]+\$|`[^`\n]+`|\]\([^)]*\)", " ", markdown, flags=re.DOTALL)
        shown = page(whole_lesson(course, lesson).markdown, plain=True)
        assert set(re.findall(r"[A-Za-z]{4,}", prose)) <= set(re.findall(r"[A-Za-z]{4,}", shown))
        assert "\\" not in shown


def test_escapes_of_the_text_are_shown() -> None:
    """A control character in a file of the course reaches no terminal, and no line is a command."""
    text = page("\x1b[31mred\n\n::error::x\n")
    assert "\x1b" not in text
    assert "\\x1b[31mred" in text
    assert "\n: :error::x" in text


@given(st.text(alphabet=st.sampled_from("ab #-*_`$\\{}|>[]()!1.\n  \t·√"), max_size=200))
@settings(max_examples=200)
def test_no_text_stops_the_page(text: str) -> None:
    """Broken Markdown is shown as well as it goes."""
    page(text)
    page(text, plain=True, encoding="ascii")


# Formulas


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (r"\sqrt{d_k}", "√(d_k)"),
        (r"w_i (δ_{ij} − w_j)", "w_i (δ_(ij) − w_j)"),
        (r"e^{−(x − x_i)^2 / (2 h^2)}", "e^(−(x − x_i)^2 / (2 h^2))"),
        (r"\sqrt{2/\pi} (x + 0.044715 x^{3})", "√(2/π) (x + 0.044715 x^3)"),
        (r"\frac{x}{\sqrt{a_{1}}}", "(x)/(√(a_1))"),
        (r"\sin a \cos b, \; \text{if } a", "sin a cos b, if a"),
        (r"dW = x^T dy \, W", "dW = x^T dy W"),
        (r"\left( 1 \right) \unknown \{x\}", "( 1 ) unknown (x)"),
    ],
)
def test_a_formula_is_readable(formula: str, text: str) -> None:
    """Roots, fractions and indices with round brackets, signs as signs."""
    assert readable(formula) == text


def test_formulas_in_code_and_prices_stay() -> None:
    """A dollar in code is none, and five dollars are no formula."""
    text = "`$x$` costs $5 or $6.\n\n```\n$y_{1}$\n```\n\n$$\ny_{1}\n$$\n"
    assert with_readable_formulas(text) == (
        "`$x$` costs $5 or $6.\n\n```\n$y_{1}$\n```\n\n\n```\ny_1\n```\n\n")


# Sections


def test_a_section_holds_those_below_it() -> None:
    """It ends at the next heading of its level or above; a # in code is no heading."""
    text = "# A\n## B\nx\n### C\n```\n## no\n```\n## B\ny\n"
    found = [(s.title, s.anchor, s.first, s.end) for s in sections(text)]
    assert found == [("A", "a", 0, 10), ("B", "b", 1, 7), ("C", "c", 3, 7), ("B", "b-1", 7, 10)]
    assert anchors(text) == ["a", "b", "c", "b-1"]


def test_words_find_a_heading(course: Course) -> None:
    """All words must be in it; one that begins with them comes first, and the others are named."""
    lesson = course.lessons[0]
    found = section_about(course, lesson, "softmax")
    assert found.markdown.startswith("## Softmax: from scores to shares\n")
    assert found.also == ("A softmax that does not overflow", "The gradient of softmax")
    assert section_about(course, lesson, "NOT overflow").also == ()
    with pytest.raises(UsageError, match="no heading of lesson 1 has the words 'walrus'") as refused:
        section_about(course, lesson, "walrus")
    assert "Which axis?; " in (refused.value.fix or "")


def test_an_exercise_finds_the_section_that_states_it(course: Course) -> None:
    """The innermost one with its name in bold; the sections of its criteria are named."""
    found = section_of(course, course.exercises["1.4"])
    assert found.markdown.startswith("### True means may attend\n")
    assert "**Exercise 1.4**" in found.markdown
    assert "Masks: who may look at whom" in found.also


def test_every_exercise_of_the_course_is_stated(course: Course) -> None:
    """`grader read 1.5` never falls back to the whole lesson."""
    for exercise in course.exercises.values():
        assert f"**Exercise {exercise.id}**" in section_of(course, exercise).markdown


def test_an_exercise_that_is_not_stated_has_the_section_of_its_first_criterion(toy: Course) -> None:
    """The toy course names no exercise in its text."""
    found = section_of(toy, toy.exercises["1.1"])
    assert found.markdown.startswith("## Sums\n")
    assert found.also == ("Your inputs belong to the caller",)


# The command


def test_the_command_reads(toy_student: Path) -> None:
    """A lesson, the one that the student is at, an exercise, a section; plain or not."""
    lesson = grader_program(toy_student, "read", "1")
    assert (lesson.code, lesson.err) == (0, "")
    assert lesson.out.startswith("Lesson 1: adding\n━━━━━━━━━━━━━━━━\n\nSums\n────\n")
    assert grader_program(toy_student, "read").out == lesson.out
    write_history(toy_student, run_line({"1.1": "passed", "1.2": "passed"}))
    assert grader_program(toy_student, "read", "--plain").out.startswith("Section: Lesson 2")
    assert grader_program(toy_student, "read", "total").out.startswith("Totals\n")
    assert grader_program(toy_student, "read", "1", "your", "inputs", "--plain").out == (
        "Section: Your inputs belong to the caller\n\nMake a new array for your answer.\n")
    assert "See also" in grader_program(toy_student, "read", "1.1").out


def test_a_teacher_can_read_as_well(toy: Course) -> None:
    """The text is in both editions."""
    assert grader_program(toy.root, "read", "2").out.startswith("Lesson 2")


def test_a_missing_page_is_named(toy_student: Path) -> None:
    """The loader's own error is shown."""
    (toy_student / "assignments/02_scale/README.md").unlink()
    said = grader_program(toy_student, "read", "2")
    assert said.code == 2
    assert "README.md, which is not there" in said.err
    assert "Next: " in said.err


@pytest.mark.skipif(os.name == "nt", reason="this terminal is made with a pty")
def test_a_long_lesson_goes_to_the_pager(toy_student: Path, tmp_path: Path) -> None:
    """On a terminal, what does not fit on the screen is handed to the pager; --plain is not."""
    page_file = toy_student / "assignments/01_add/README.md"
    page_file.write_text(page_file.read_text(encoding="utf-8") + "\nMore.\n" * 60, encoding="utf-8")
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho PAGED\ncat\n", encoding="utf-8")
    pager.chmod(0o755)
    for words, paged in ((["1"], True), (["1", "--plain"], False), (["1", "inputs"], False)):
        with Terminal(toy_student, "read", *words, PAGER=str(pager)) as terminal:
            assert terminal.end() == 0
            assert ("PAGED" in terminal.shown) == paged
            assert "inputs belong to the caller" in terminal.shown
