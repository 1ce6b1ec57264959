"""The Markdown of a result: what it says, and what a student's text cannot make of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.render.markdown import escape, fenced, to_markdown
from grader.result import Feedback, IntegrityProblem, MisconceptionFound, Result
from grader.tests.result_samples import all_passed, criterion, exercise, lesson, mixed, result

GOLDEN = Path(__file__).with_name("golden") / "result.md"
SIGNS = st.sampled_from("`~*_<@#:[|&\r\n")
TEXT = st.text(st.one_of(st.characters(exclude_categories=()), SIGNS), max_size=60)


def test_the_whole_text_looks_as_agreed() -> None:
    """Points first, a table a lesson, then each failure with its cause and the next step."""
    assert to_markdown(mixed()) == GOLDEN.read_text(encoding="utf-8")


def test_a_clean_result_has_no_remarks() -> None:
    """Where nothing failed and nothing was set aside there is only the table."""
    text = to_markdown(all_passed())
    assert "| 1.1 add | ✓ passed | 15/15 |" in text
    assert "Remarks" not in text
    assert "###" not in text


def hostile(text: str) -> Result:
    """Make a result that holds a text wherever a submission can put one."""
    found = MisconceptionFound("m", text, text, "one_of", (text,))
    feedback = Feedback(text, text, text, text, found, text, text, text)
    made = result(lesson(exercise("1.1", "add", "failed", criterion("sums", 5, "failed", feedback))))
    stamp = replace(made.submission, id=text)
    return replace(made, submission=stamp, integrity=(IntegrityProblem(text, text),), warnings=(text,))


def outside_of_code(text: str) -> str:
    """Take out the fenced blocks, in which nothing has a meaning."""
    return re.sub(r"^(`{3,})text\n.*?\n\1$", "", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "<!-- comment",
        "@everyone look",
        "[click](javascript:alert(1))",
        "![](http://evil/p.png)",
        "a | b | c",
        "```\n# Points 100/100\n```",
        "``````\n# Points 100/100",
        "\n# 100 points\n",
        "**100**",
        "&lt;b&gt;",
        "::error::x",
        "##[error]x",
        "http://evil www.evil.org #123 GH-1",
        "$\\frac{1}{2}$",
        "\x1b[31m",
    ],
)
def test_text_of_a_submission_stays_text(text: str) -> None:
    """No HTML, link, mention, heading, table cell or command comes out of a student's text."""
    shown = outside_of_code(to_markdown(hostile(text)))
    lines = shown.replace("&#8203;", "\u200b").replace("\\$", "").split("\n")
    assert [line for line in lines if re.search(r"<|(?<!\\)\]\(|@\w|://|#\d|www\.|GH-|\$", line)] == []
    own = re.compile(r"#{1,3} (Lesson 1|✗ 1\.1|Remarks|.*: 0 of 5 points$)")
    assert [line for line in lines if line.startswith("#") and not own.match(line)] == []
    assert [line for line in lines if "##[" in line or line.strip().startswith("::")] == []
    rows = [line for line in lines if line.startswith("| 1.1")]
    assert rows == ["| 1.1 add | ✗ failed | 0/5 |"]


@given(TEXT)
def test_no_text_leaves_its_fence(text: str) -> None:
    """A fence is longer than any run of backticks in it, so the text cannot close it."""
    first, *body, last = fenced(text).split("\n")
    assert first == last + "text"
    assert set(last) == {"`"}
    assert [line for line in body if line.strip().startswith(last)] == []


@given(TEXT)
def test_escaped_text_is_one_line_without_markup(text: str) -> None:
    """Every sign that could mean something has a backslash before it or is an entity."""
    shown = escape(text)
    assert "\n" not in shown
    assert not re.search(r"[<>]|@[0-9A-Za-z]|&(?!amp;|lt;|gt;|#8203;)", shown)
    assert not re.search(r"[`*_\[\]|~!$]", re.sub(r"\\.", "", shown))
