"""A screen of text: rows, labelled lines and paragraphs of at most 80 columns.

Lines are laid out here and not by rich, because a line that begins after a wrap must be looked at once
more: a workflow command that was harmless in the middle of a sentence is one at the start of a line.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from typing import IO, NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from grader.render.text import defang, fit, neutralise, one_line

WIDEST = 80
NARROWEST = 40
LABEL = 13
"""Columns of a label such as "Read again"."""


class Span(NamedTuple):
    """A piece of a line and its style."""

    text: str
    style: str = ""


class Symbol(NamedTuple):
    """How a status looks, with and without Unicode."""

    sign: str
    ascii: str
    style: str


class _Terminal(Console):
    """A console that leaves a closed pipe to the edge of the command line; rich's own would exit 1."""

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError again."""
        raise  # noqa: PLE0704  # rich calls this while it handles the BrokenPipeError


def open_console(*, plain: bool, file: IO[str] | None = None, err: bool = False) -> Console:
    """Open stdout, stderr or a stream without any cleverness about what the text means."""
    return _Terminal(
        # The stream of now: while tests run, sys.stderr is another one, and progress still goes here.
        file=file or (sys.stderr if err else sys.stdout),
        highlight=False,
        markup=False,
        emoji=False,
        color_system=None if plain else "auto",
    )


class Screen:
    """Collect the lines of one screen, then print them."""

    def __init__(self, console: Console, *, plain: bool) -> None:
        self.plain = plain
        self._console = console
        self._encoding = console.encoding
        self._width = max(NARROWEST, min(console.width, WIDEST))
        self._unicode = fit("✓✗–·", self._encoding) == "✓✗–·"
        self._lines: list[Sequence[Span]] = []

    @property
    def width(self) -> int:
        """Give the columns of a line."""
        return self._width

    @property
    def unicode(self) -> bool:
        """Tell whether symbols beyond ASCII can be shown."""
        return self._unicode

    def pieces(self, spans: Sequence[Span]) -> None:
        """Write one line of pieces as they are, each with its style; nothing is wrapped."""
        self._lines.append([Span(self.fitted(piece.text), piece.style) for piece in spans])

    def fitted(self, text: str) -> str:
        """Give a text as it will stand on this screen, so that its columns can be counted."""
        return self._clean(text)

    def blank(self) -> None:
        """Leave a line empty."""
        self._lines.append(())

    def row(
        self, left: str, right: str = "", *, symbol: Symbol | None = None, note: str = "", style: str = ""
    ) -> None:
        """Write a line with a symbol and a left part, a note, and a right part at the right edge."""
        left, right, note = self._clean(left), self._clean(right), self._clean(note)
        sign = self._sign(symbol)
        head = [Span(f"  {sign}", symbol.style if symbol else ""), Span(left, style)]
        tail = f"{note:<16}{right:>7}" if note else right
        room = self._width - sum(cell_len(span.text) for span in head)
        if cell_len(tail) + 2 <= room:
            self._lines.append([*head, Span(" " * (room - cell_len(tail))), Span(tail, style)])
            return
        indent = " " * cell_len(head[0].text)
        for number, line in enumerate(wrap(left, self._width - len(indent))):
            self._lines.append([Span(indent) if number else head[0], Span(line, style)])
        self._lines.append([Span(" " * max(0, self._width - cell_len(tail))), Span(tail, style)])

    def sentence(self, text: str, *, symbol: Symbol | None = None, indent: int = 2, style: str = "") -> None:
        """Write one sentence, wrapped; the symbol stands before it."""
        lead = "" if self.plain else " " * indent + self._sign(symbol)
        self._hang(Span(lead, symbol.style if symbol else ""), self._clean(text), style)

    def labelled(self, label: str, text: str, *, style: str = "") -> None:
        """Write a label and, beside it, text that is wrapped under itself."""
        lead = f"{label}: " if self.plain else f"    {label:<{LABEL}}"
        paragraphs = [one_line(p) for p in re.split(r"\n\s*\n", text.replace("\r", "\n")) if p.strip()]
        for number, paragraph in enumerate(paragraphs):
            first = lead if number == 0 or self.plain else " " * len(lead)
            self._hang(Span(first), self._clean(paragraph), style)

    def verbatim(self, text: str, *, indent: int, most: int) -> None:
        """Write lines as they are, at most so many of them; a line too long goes on below, indented."""
        lines = fit(neutralise(text, multiline=True), self._encoding).rstrip().split("\n")
        for line in lines[:most]:
            self._hang(Span("" if self.plain else " " * indent), line.rstrip(), "")
        if len(lines) > most:
            self.sentence(f"({len(lines) - most} more lines)", indent=indent, style="dim")

    def show(self) -> None:
        """Print all lines."""
        styled = not self.plain and not self._console.no_color
        for spans in self._lines:
            line = Text.assemble(*((span.text, span.style if styled else "") for span in spans))
            if defang(line.plain) != line.plain:
                line = Text(defang(line.plain))
            line.rstrip()
            self._console.print(line, soft_wrap=True)

    def _clean(self, text: str) -> str:
        return fit(neutralise(text), self._encoding)

    def _sign(self, symbol: Symbol | None) -> str:
        if symbol is None or self.plain:
            return ""
        return f"{symbol.sign if self._unicode else symbol.ascii} "

    def _hang(self, lead: Span, text: str, style: str) -> None:
        if self.plain:
            # A screen reader, or the terminal itself, breaks lines better than spaces can.
            self._lines.append([lead, Span(text)])
            return
        indent = cell_len(lead.text)
        for number, line in enumerate(wrap(text, self._width - indent)):
            self._lines.append([Span(" " * indent) if number else lead, Span(line, style)])


def wrap(text: str, width: int) -> Iterator[str]:
    """Break a text between words to lines of so many cells, and a longer word anywhere.

    Spaces inside a line stay as they are: columns of numbers keep their places.
    """
    line = ""
    for word in re.findall(r"\s*\S+", text) or [""]:
        if line and cell_len(line + word) > width:
            yield line
            line = word.lstrip()
        else:
            line += word
        while cell_len(line) > width:
            head = _fitting_head(line, width)
            yield head
            line = line[len(head) :]
    yield line


def _fitting_head(text: str, width: int) -> str:
    """Give the longest beginning that fits; at least one character, so that wrapping goes on."""
    cells = 0
    for index, character in enumerate(text):
        cells += cell_len(character)
        if cells > width and index:
            return text[:index]
    return text
