"""A text for teachers as headings, sentences, lists and tables, and its forms: Markdown, the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.render.markdown import escape, fenced
from grader.render.text import defang

if TYPE_CHECKING:
    from grader.render.screen import Screen

SHOWN_LINES = 8
"""Lines of code or numbers on the terminal; a file has them all."""


@dataclass(frozen=True)
class Heading:
    """The beginning of a part (level 2) or of a piece of it (level 3)."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Sentence:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Lines:
    """Text that stays as it is: code, commands."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Sentence | Points | Lines | Grid


def to_markdown(title: str, blocks: Iterable[Block]) -> str:
    """Write blocks as Markdown; no text in them becomes markup, a mention or a command."""
    pieces = [f"# {escape(title)}", *map(_markdown, blocks)]
    return defang("\n\n".join(pieces) + "\n")


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {escape(block.text)}"
    if isinstance(block, Sentence):
        return escape(block.text)
    if isinstance(block, Points):
        return "\n".join(f"- {escape(line)}" for line in block.lines)
    if isinstance(block, Lines):
        return fenced("\n".join(block.lines))
    return "\n".join(_table(block))


def _table(grid: Grid) -> Iterator[str]:
    yield _row(grid.head)
    yield "|" + "---|" * len(grid.head)
    yield from map(_row, grid.rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(escape(cell) for cell in cells)} |"


def show_blocks(screen: Screen, blocks: Iterable[Block]) -> None:
    """Write blocks to a screen; a table becomes lines, for it may be wider than the terminal."""
    for block in blocks:
        if isinstance(block, Heading):
            screen.blank()
            screen.sentence(block.text, style="bold")
        elif isinstance(block, Sentence):
            screen.sentence(block.text, indent=4)
        elif isinstance(block, Lines):
            screen.verbatim("\n".join(block.lines), indent=6, most=SHOWN_LINES)
        else:
            for line in block.lines if isinstance(block, Points) else _as_lines(block):
                screen.sentence(line, indent=6)


def _as_lines(grid: Grid) -> Iterator[str]:
    for row in grid.rows:
        pairs = [(name, cell) for name, cell in zip(grid.head, row, strict=True) if cell]
        yield "; ".join(f"{name}: {cell}" for name, cell in pairs)
