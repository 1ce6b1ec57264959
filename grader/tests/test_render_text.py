"""Text from strangers: what must not survive, and what must."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.render import defang, fit, neutralise, one_line

ODD_SIGNS = st.sampled_from(":#[]\r\n\t \x1b\u202e\ud800\u2028")
ANY_TEXT = st.text(st.one_of(st.characters(exclude_categories=()), ODD_SIGNS))
HONEST = ["plain", "naïve café", "日本語", "emoji 👩‍🔬", "می‌خواهم", "x[::2]", "a :: b", "# [1]"]


def commands(text: str) -> list[str]:
    """List the lines that GitHub's runner takes for a command (it trims white space first)."""
    return [line for line in text.splitlines() if line.strip().startswith("::") or "##[" in line]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]8;;http://evil\x07link", "\\x1b]8;;http://evil\\x07link"),
        ("bell\a back\b", "bell\\x07 back\\x08"),
        ("\x9b31m", "\\x9b31m"),
        ("del\x7f", "del\\x7f"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("half \ud800", "half \\ud800"),
        ("one\u2028two\u2029", "one\\u2028two\\u2029"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_controls_are_shown_as_escapes(text: str, shown: str) -> None:
    """Escape sequences, bidi controls, surrogates and line ends are seen and do nothing."""
    assert neutralise(text) == shown


@pytest.mark.parametrize("text", HONEST)
def test_honest_text_stays(text: str) -> None:
    """Letters of every language, emoji and slices are left alone."""
    assert neutralise(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::Points 100/100", ": :error::Points 100/100"),
        (" \u00a0::set-output name=x::1", " \u00a0: :set-output name=x::1"),
        ("\u200d::notice::x", "\u200d: :notice::x"),
        ("said ##[error]no", "said ## [error]no"),
        ("::::", ": :::"),
    ],
)
def test_workflow_commands_are_broken(text: str, shown: str) -> None:
    """`::` at the start of a line, after any white space, and `##[` anywhere are no commands any more."""
    assert neutralise(text) == shown


def test_multiline_keeps_lines_and_breaks_commands_in_each() -> None:
    """Lone carriage returns end a line for the runner, so a command behind one is broken, too."""
    text = "one\r\n::a::\r::b::\n\t::c::\v::d::"
    assert neutralise(text, multiline=True) == "one\n: :a::\n: :b::\n    : :c::\\x0b::d::"


@given(ANY_TEXT, st.booleans())
def test_nothing_dangerous_survives(text: str, multiline: bool) -> None:
    """Whatever goes in: no control, no surrogate, no command comes out, and a second time changes nothing."""
    shown = neutralise(text, multiline=multiline)
    allowed = "\u200c\u200d\n" if multiline else "\u200c\u200d"
    bad = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert [c for c in shown if unicodedata.category(c) in bad and c not in allowed] == []
    assert commands(shown) == []
    assert neutralise(shown, multiline=multiline) == shown


def test_defang_looks_at_every_line() -> None:
    """A text that was put together from harmless pieces is looked at line by line."""
    assert defang("fine\n  ::error::x\n##[group]") == "fine\n  : :error::x\n## [group]"


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "✓ naïve → 2×3 ≤ √ 日"),
        ("cp1252", "+ naïve -> 2×3 <= sqrt ?"),
        ("ascii", "+ naive -> 2x3 <= sqrt ?"),
    ],
)
def test_text_is_fitted_to_an_encoding(encoding: str, shown: str) -> None:
    """What an encoding lacks becomes something near it: no accent, an arrow of two signs, a question mark."""
    assert fit("✓ naïve → 2×3 ≤ √ 日", encoding) == shown


@given(ANY_TEXT, st.sampled_from(["ascii", "cp1252", "cp437", "latin-1", "utf-8"]))
def test_fitted_text_can_be_printed(text: str, encoding: str) -> None:
    """Fitted text always encodes, so printing it never fails."""
    fit(text, encoding).encode(encoding)


def test_a_wrapped_sentence_becomes_one_line() -> None:
    """The course's docstrings are wrapped in their source, and joined where they are shown."""
    assert one_line("Every row\n    is added\n\nup.") == "Every row is added up."
