"""Heat maps of words that look at words: in the terminal as shades and numbers, or in sentences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rich.cells import cell_len, set_cell_size

from grader.render.screen import Screen, Span
from grader.render.text import neutralise

SHADES = "·░▒▓█"
PLAIN_SHADES = ".:+*#"
LABEL_CELLS = 12
WITH_NUMBERS, SHADED, TIGHT = 7, 3, 2
"""Columns of a cell: shade and number, shade and a gap, hardly a gap."""
TOLD = 3


@dataclass(frozen=True)
class Grid:
    """One map: how much each word (row) takes of each word (column)."""

    title: str
    shares: np.ndarray
    """[T, T]; what is not finite is shown as a question mark."""


@dataclass(frozen=True)
class HeatMaps:
    """A sentence, cut into words, and its maps."""

    words: tuple[str, ...]
    grids: tuple[Grid, ...]
    note: str


def label(word: str, cells: int = LABEL_CELLS) -> str:
    """Make a word fit to stand in one line, at most so many cells wide."""
    shown = neutralise(word)
    return shown if cell_len(shown) <= cells else set_cell_size(shown, cells - 1).rstrip() + "~"


def share_text(share: float) -> str:
    """Write a share."""
    return f"{share:.2f}" if np.isfinite(share) else "?"


def show_maps(maps: HeatMaps, screen: Screen) -> None:
    """Write all maps, one below the other."""
    for grid in maps.grids:
        if screen.plain:
            _tell(maps.words, grid, screen)
        else:
            _draw(maps.words, grid, screen)
    screen.sentence(maps.note, indent=2)


def _tell(words: tuple[str, ...], grid: Grid, screen: Screen) -> None:
    """Say for each word what it takes most of."""
    screen.sentence(f"{grid.title}:")
    for word, row in zip(words, grid.shares, strict=True):
        best = sorted(range(len(row)), key=lambda column: -_order(row[column]))[:TOLD]
        most = ", ".join(f"{label(words[column])} {share_text(row[column])}" for column in best)
        screen.sentence(f"{label(word)} looks at {most}.")
    screen.blank()


def _order(share: float) -> float:
    return float(share) if np.isfinite(share) else -np.inf


def _draw(words: tuple[str, ...], grid: Grid, screen: Screen) -> None:
    screen.sentence(grid.title, indent=2, style="bold")
    labels = [screen.fitted(label(word)) for word in words]
    margin = max(map(cell_len, labels)) + len(str(len(words))) + 4
    room = screen.width - margin
    width = next((each for each in (WITH_NUMBERS, SHADED) if len(words) * each <= room), TIGHT)
    shown = min(len(words), room // width)
    screen.pieces([Span(" " * margin + _head(labels[:shown], width), "dim")])
    for number, (name, row) in enumerate(zip(labels, grid.shares, strict=True), start=1):
        lead = f"{number:>{len(str(len(words))) + 2}} {name}"
        most = max(map(_order, row))
        cells = [_cell(share, width, screen, best=share == most) for share in row[:shown]]
        screen.pieces([Span(lead + " " * (margin - cell_len(lead))), *cells])
    if shown < len(words):
        screen.sentence(f"({len(words) - shown} more columns do not fit here; the page has them)",
                        indent=2, style="dim")
    screen.blank()


def _head(labels: list[str], width: int) -> str:
    """Write the words over their columns, or where there is no room, their numbers."""
    if width == WITH_NUMBERS:
        return "".join(set_cell_size(label(name, width - 1), width) for name in labels)
    digits = width - 1
    return "".join(f"{str(number)[-digits:]:<{width}}" for number in range(1, len(labels) + 1))


def _cell(share: float, width: int, screen: Screen, *, best: bool) -> Span:
    """Shade one share; the largest of its row is bold."""
    shades = SHADES if screen.unicode else PLAIN_SHADES
    known = bool(np.isfinite(share))
    shade = shades[min(max(int(share * len(shades)), 0), len(shades) - 1)] if known else "?"
    text = f"{shade} {share_text(share)}" if width == WITH_NUMBERS else shade * (width - 1)
    return Span(f"{text:<{width}}", "bold" if best and known else "")
