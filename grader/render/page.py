"""A page of Markdown for a terminal: headings, lists, tables, code; or as plain text.

rich parses it and breaks its lines. The layout is ours, so that it is the same for every version of
rich, fits 80 columns, and is legible without colours.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text

from grader.render.formulas import with_readable_formulas
from grader.render.screen import NARROWEST, WIDEST, wrap
from grader.render.text import defang, fit, neutralise

if TYPE_CHECKING:
    from markdown_it.token import Token

_UNDERLINES = {"h1": "━", "h2": "─"}
_STYLES = {"strong_open": "bold", "em_open": "italic"}
_CODE_STYLE = "cyan"
_CODE_INDENT = 4
_HANGING = 8
_GAP = 3
"""Blanks between two columns of a table."""
_NARROWEST_CELL = 6


def render_page(markdown: str, *, folder: str, console: Console, plain: bool) -> list[Text]:
    """Render Markdown whose pictures lie in `folder` to lines that the console's encoding can show."""
    page = _Page(console, folder, plain=plain)
    page.write(Markdown(with_readable_formulas(neutralise(markdown, multiline=True))).parsed)
    return [line if defang(line.plain) == line.plain else Text(defang(line.plain)) for line in page.lines]


@dataclass
class _List:
    """A list that is open."""

    number: int | None
    """Of the next item; None for bullets."""
    begun: bool = False


@dataclass
class _Page:
    """The lines so far, and what is open: lists and quotations, with what stands before their lines."""

    console: Console
    folder: str
    plain: bool
    lines: list[Text] = field(default_factory=list)
    lists: list[_List] = field(default_factory=list)
    leads: list[str] = field(default_factory=list)
    bullet: str = ""
    """What stands before the next line instead of the innermost lead."""

    def write(self, tokens: Sequence[Token]) -> None:
        """Write the blocks of a page, one after another."""
        place = 0
        while place < len(tokens):
            token = tokens[place]
            if token.type == "table_open":
                end = next(n for n in range(place, len(tokens)) if tokens[n].type == "table_close")
                self._table(tokens[place:end])
                place = end
            elif token.type == "inline":
                self._inline(token, tokens[place - 1])
            elif token.type in ("fence", "code_block"):
                self._code(token.content)
            elif token.type == "hr":
                self._add([Text("---")])
            else:
                self._open_or_close(token)
            place += 1

    def _open_or_close(self, token: Token) -> None:
        if token.type == "bullet_list_open":
            self.lists.append(_List(None))
        elif token.type == "ordered_list_open":
            self.lists.append(_List(int(token.attrs.get("start", 1))))
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            self.lists.pop()
        elif token.type == "list_item_open":
            self._open_item(self.lists[-1])
        elif token.type == "blockquote_open":
            self.leads.append("" if self.plain else "  | ")
        elif token.type in ("list_item_close", "blockquote_close"):
            self.leads.pop()
            self.bullet = ""

    def _open_item(self, current: _List) -> None:
        mark = "-" if self.plain else self._fitted("•")
        if current.number is not None:
            mark = f"{current.number}."
            current.number += 1
        self.bullet = f"{mark} " if self.plain else f"  {mark} "
        self.leads.append(" " * len(self.bullet))

    def _inline(self, token: Token, before: Token) -> None:
        text = self._text(token)
        if before.type == "heading_open":
            self._heading(text.plain, before.tag)
            return
        # The items of a tight list follow each other without a blank line; only the list stands alone.
        apart = not before.hidden or (bool(self.bullet) and not any(one.begun for one in self.lists))
        self._add(self._wrapped(text), apart=apart)
        for one in self.lists:
            one.begun = True

    def _heading(self, title: str, tag: str) -> None:
        if self.plain:
            self._add([Text(f"Section: {title}")])
            return
        lines = list(self._wrapped(Text(title, "bold")))
        longest = max(cell_len(line.plain) for line in lines)
        self._add([*lines, Text(self._fitted(_UNDERLINES.get(tag, "·")) * longest)])

    def _code(self, code: str) -> None:
        lines = self._fitted(textwrap.dedent(code).rstrip()).split("\n")
        if self.plain:
            self._add(map(Text, lines))
            return
        # A wide terminal shows wide code as it is; a narrow one takes the indent away first.
        room = max(self.console.width, NARROWEST) - self._indent
        indent = " " * max(0, min(_CODE_INDENT, room - max(map(cell_len, lines))))
        self._add(Text(indent + piece, _CODE_STYLE) for line in lines for piece in _broken(line, room))

    def _table(self, tokens: Sequence[Token]) -> None:
        rows: list[list[Text]] = []
        for token in tokens:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(self._text(token))
        self._add([_in_words(rows[0], row) for row in rows[1:]] if self.plain else self._columns(rows))

    def _columns(self, rows: list[list[Text]]) -> Iterator[Text]:
        widths = _widths(rows, self._width)
        for number, row in enumerate(rows):
            cells = [list(cell.wrap(self.console, width)) or [Text()]
                     for cell, width in zip(row, widths, strict=True)]
            for level in range(max(map(len, cells))):
                pieces = [cell[level] if level < len(cell) else Text() for cell in cells]
                yield _beside(pieces, widths)
            if number == 0:
                yield Text((" " * _GAP).join(self._fitted("─") * width for width in widths))

    def _text(self, token: Token) -> Text:
        """Put together a line of Markdown: words, their styles, links, pictures."""
        text, styles, links = Text(), [""], [""]
        for piece in token.children or []:
            if piece.type in ("em_open", "em_close") and not self._styled:
                text.append("*")
            elif piece.type in _STYLES:
                styles.append(_STYLES[piece.type])
            elif piece.type in ("strong_close", "em_close"):
                styles.pop()
            elif piece.type == "link_open":
                links.append(str(piece.attrs.get("href", "")))
            elif piece.type == "link_close":
                text.append(self._fitted(f" ({links.pop()})"))
            else:
                text.append(self._fitted(self._words(piece)),
                            _CODE_STYLE if piece.type == "code_inline" else styles[-1])
        return text

    def _words(self, piece: Token) -> str:
        if piece.type in ("softbreak", "hardbreak"):
            return " "
        if piece.type == "image":
            words = "".join(inner.content for inner in piece.children or [])
            return f"Picture: {words} ({self.folder}/{piece.attrs.get('src', '')})"
        return "" if piece.type == "html_inline" else piece.content

    @property
    def _styled(self) -> bool:
        return not self.plain and self.console.color_system is not None and not self.console.no_color

    @property
    def _indent(self) -> int:
        return sum(map(len, self.leads))

    @property
    def _width(self) -> int:
        return max(NARROWEST, min(self.console.width, WIDEST)) - self._indent

    def _fitted(self, text: str) -> str:
        # Before the layout: a simpler spelling may be longer.
        return fit(text, self.console.encoding)

    def _wrapped(self, text: Text) -> Iterator[Text]:
        for line in [text] if self.plain else text.wrap(self.console, self._width):
            line.rstrip()
            yield line

    def _add(self, lines: Iterable[Text], *, apart: bool = True) -> None:
        if apart and self.lines:
            self.lines.append(Text("".join(self.leads[:-1]).rstrip()))
        for line in lines:
            lead = "".join([*self.leads[:-1], self.bullet or "".join(self.leads[-1:])])
            self.bullet = ""
            whole = Text(lead)
            whole.append_text(line)
            whole.rstrip()
            self.lines.append(whole)


def _broken(line: str, room: int) -> Iterator[str]:
    """Break a line of code that is too long; what goes on below is set in."""
    if cell_len(line) <= room:
        yield line
        return
    first, *rest = wrap(line, room - _HANGING)
    yield first.rstrip()
    yield from (" " * _HANGING + piece.rstrip() for piece in rest)


def _in_words(header: list[Text], row: list[Text]) -> Text:
    """Write a row of a table as a sentence, for who cannot see columns."""
    pairs = [(name.plain, cell.plain) for name, cell in zip(header, row, strict=True) if cell.plain]
    return Text("; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs))


def _beside(pieces: Sequence[Text], widths: Sequence[int]) -> Text:
    line = Text()
    for piece, width in zip(pieces, widths, strict=True):
        piece.rstrip()
        line.append_text(piece)
        line.append(" " * (width + _GAP - cell_len(piece.plain)))
    line.rstrip()
    return line


def _widths(rows: list[list[Text]], room: int) -> list[int]:
    """Give each column what it needs, and take from the widest until all of them fit."""
    columns = range(len(rows[0]))
    widths = [max([1, *(cell_len(row[n].plain) for row in rows)]) for n in columns]
    while sum(widths) + _GAP * (len(widths) - 1) > room and max(widths) > _NARROWEST_CELL:
        widths[widths.index(max(widths))] -= 1
    return widths
