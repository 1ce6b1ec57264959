"""Make text from strangers harmless, and text for people fit the stream it goes to.

A student's file names, messages and prints reach terminals, logs of Actions and web pages. There an
escape sequence, a bidirectional control or a workflow command would speak with the grader's voice.
"""

from __future__ import annotations

import re
import unicodedata

_JOINERS = "\u200c\u200d"
"""Format characters that honest text needs: Persian words, and emoji made of several."""

_DANGEROUS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories: controls, formats (bidi, zero width, tags), surrogates, line and paragraph ends."""

_COMMAND = re.compile(rf"^([\s{_JOINERS}]*):(?=:)", re.MULTILINE)
_LEGACY_COMMAND = re.compile(r"##(?=\[)")

_SIMPLER = {
    "–": "-", "—": "-", "−": "-", "·": "-", "•": "-", "…": "...", "×": "x", "÷": "/", "√": "sqrt",
    "→": "->", "←": "<-", "⇒": "=>", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "±": "+-", "∞": "inf",
    "‘": "'", "’": "'", "“": '"', "”": '"', "«": '"', "»": '"', "§": "#", "✓": "+", "✗": "x",
    "α": "alpha", "β": "beta", "ε": "epsilon", "σ": "sigma", "μ": "mu", "π": "pi", "Σ": "sum",
    "γ": "gamma", "δ": "delta", "θ": "theta", "λ": "lambda", "φ": "phi", "ω": "omega", "Δ": "Delta",
    "Φ": "Phi", "∂": "d", "∝": "~", "∑": "sum", "∈": "in", "ᵀ": "^T", "⁻": "^-", "²": "^2", "³": "^3",
    "█": "#", "░": ".", "─": "-", "━": "=", "▌": "|", "\u00a0": " ",
}  # fmt: skip


def neutralise(text: str, *, multiline: bool = False) -> str:
    r"""Show every control character as its escape, and break workflow commands.

    `multiline` keeps line ends (as "\n") and turns tabs to four spaces; otherwise they are escaped too.
    Nothing is removed, so no dangerous sequence can be put together by what disappears.
    """
    if multiline:
        text = re.sub(r"\r\n?", "\n", text).replace("\t", "    ")
    if not (text.isascii() and text.isprintable()):
        text = "".join(_shown(c, multiline) for c in text)
    return defang(text)


def defang(text: str) -> str:
    """Break what GitHub's runner reads as a command: `::` at the start of a line, `##[` anywhere."""
    return _LEGACY_COMMAND.sub("## ", _COMMAND.sub(r"\1: ", text))


def fit(text: str, encoding: str) -> str:
    """Write text with the characters of an encoding, so that printing it cannot fail."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_fitting(c, encoding) for c in text)
    return text


def one_line(text: str) -> str:
    """Join a course's own text, wrapped in its source, to one line; line ends are no attack there."""
    return neutralise(" ".join(text.split()))


def _shown(character: str, multiline: bool) -> str:
    if character in _JOINERS or (multiline and character == "\n"):
        return character
    if unicodedata.category(character) in _DANGEROUS:
        return repr(character)[1:-1]
    return character


def _fitting(character: str, encoding: str) -> str:
    """Give the character itself, a simpler one, its letter without the accent, or a question mark."""
    for candidate in (character, _SIMPLER.get(character, ""), _bare(character)):
        if candidate and _encodable(candidate, encoding):
            return candidate
    return "?"


def _bare(character: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))


def _encodable(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
