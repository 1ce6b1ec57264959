"""A page of heat maps that stands on its own: inline SVG, a few lines of script, nothing from elsewhere.

It is built as a tree, so every text is escaped where it is written out. The page's own policy allows
exactly its style and its script: what came in as a word can never run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from grader.render.heat_map import Grid, HeatMaps, label, share_text
from grader.render.text import neutralise

CELL = 44
LETTER = 8
NUMBERED = 12
"""So many words leave room for the numbers in the cells."""
SHORT = 5
"""Letters that fit over a column without being turned."""

HOW_TO_READ = (
    "Each row is a word that looks, each column a word that is looked at; the stronger the colour, the more. "
    "Point at a cell, or go to a map with Tab and move with the arrow keys: every map marks the same cell."
)

STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b2530; --soft: #55606e; --line: #c9ced6;
  --cell: #6aa5e8; --mark: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --ink: #e8ecf1; --soft: #a9b4c0;
  --line: #3a434e; --cell: #2466ab; --mark: #ffb4ab; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 0 0 .6rem; }
.sentence { font-size: 1.25rem; margin: .25rem 0 1rem; } .soft { color: var(--soft); margin: .25rem 0; }
.maps { display: flex; flex-wrap: wrap; gap: 2rem; margin-top: 1.5rem; } section { max-width: 100%; }
svg { max-width: 100%; height: auto; display: block; border-radius: 4px; }
svg:focus-visible { outline: 3px solid var(--mark); outline-offset: 4px; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; unicode-bidi: plaintext; }
svg text.number { pointer-events: none; }
rect { fill: var(--cell); stroke: var(--line); } rect.here { stroke: var(--mark); stroke-width: 3; }
.said { min-height: 1.5em; margin: .25rem 0; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { border: 1px solid var(--line); padding: .15rem .4rem; text-align: right; }
details { max-width: 100%; overflow-x: auto; }
@media print { .keys { display: none; } }
"""

SCRIPT = """
const maps = [...document.querySelectorAll('svg')];
let row = 0, column = 0;
const cell = map => map.querySelector(`rect[data-row="${row}"][data-column="${column}"]`);
const said = map => map.parentNode.querySelector('.said');
function mark() {
  for (const map of maps) {
    map.querySelectorAll('.here').forEach(old => old.classList.remove('here'));
    cell(map).classList.add('here');
    said(map).textContent = cell(map).dataset.says;
  }
}
const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
for (const map of maps) {
  const last = Number(map.dataset.words) - 1, within = n => Math.min(Math.max(n, 0), last);
  map.addEventListener('mouseover', event => {
    const found = event.target.closest('rect');
    if (found) { row = Number(found.dataset.row); column = Number(found.dataset.column); mark(); }
  });
  map.addEventListener('focus', () => { said(map).setAttribute('aria-live', 'polite'); mark(); });
  map.addEventListener('blur', () => said(map).removeAttribute('aria-live'));
  map.addEventListener('keydown', event => {
    const step = steps[event.key];
    if (step) { row = within(row + step[0]); column = within(column + step[1]); }
    else if (event.key === 'Home') { column = 0; } else if (event.key === 'End') { column = last; }
    else { return; }
    event.preventDefault();
    mark();
  });
}
"""


@dataclass(frozen=True)
class Heading:
    """What stands over the maps."""

    title: str
    sentence: str
    source: str
    """Whose functions the shares come from."""


def render_page(maps: HeatMaps, heading: Heading) -> str:
    """Write the page."""
    page = Element("html", {"lang": "en"})
    _head(page, heading)
    main = SubElement(SubElement(page, "body"), "main")
    _add(main, "h1", heading.title)
    _add(_add(main, "p", css="sentence"), "bdi", neutralise(heading.sentence))
    for text in (maps.note, heading.source):
        _add(main, "p", text, css="soft")
    _add(main, "p", HOW_TO_READ, css="soft keys")
    sections = _add(main, "div", css="maps")
    for number, grid in enumerate(maps.grids):
        _map(_add(sections, "section"), maps.words, grid, number)
    SubElement(main, "script").text = SCRIPT
    return f"<!doctype html>\n{ElementTree.tostring(page, encoding='unicode', method='html')}\n"


def _head(page: Element, heading: Heading) -> None:
    head = SubElement(page, "head")
    SubElement(head, "meta", {"charset": "utf-8"})
    policy = f"default-src 'none'; style-src '{_allowed(STYLE)}'; script-src '{_allowed(SCRIPT)}'"
    SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": policy})
    SubElement(head, "meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"})
    _add(head, "title", f"{heading.title}: {neutralise(heading.sentence)}")
    SubElement(head, "style").text = STYLE


def _allowed(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _add(parent: Element, tag: str, text: str = "", *, css: str = "", **words: str) -> Element:
    element = SubElement(parent, tag, {**({"class": css} if css else {}), **words})
    element.text = text
    return element


def _map(section: Element, words: tuple[str, ...], grid: Grid, number: int) -> None:
    _add(section, "h2", neutralise(grid.title), id=f"map-{number}")
    labels = [label(word) for word in words]
    turned = max(map(len, labels)) > SHORT
    left = LETTER * max(map(len, labels)) + 16
    top = LETTER * max(map(len, labels)) + 12 if turned else 28
    side = CELL * len(words) + (top if turned else 8)
    svg = _add(section, "svg", role="group", tabindex="0",
               viewBox=f"0 0 {left + side} {top + CELL * len(words) + 4}", width=str(left + side))
    svg.set("aria-labelledby", f"map-{number}")
    svg.set("data-words", str(len(words)))
    for place, name in enumerate(labels):
        middle = left + CELL * place + CELL // 2
        over = _add(svg, "text", name, x=str(middle), y=str(top - 8))
        over.set("text-anchor", "start" if turned else "middle")
        if turned:
            over.set("transform", f"rotate(-50 {middle} {top - 8})")
        beside = _add(svg, "text", name, x=str(left - 8), y=str(top + CELL * place + CELL // 2 + 5))
        beside.set("text-anchor", "end")
    for row, column, share in _cells(grid):
        _cell(svg, words, (row, column, share), (left + CELL * column, top + CELL * row))
    _add(section, "p", css="said")
    _table(_add(section, "details"), words, grid)


def _cells(grid: Grid) -> Iterator[tuple[int, int, float]]:
    for row, shares in enumerate(grid.shares):
        for column, share in enumerate(shares):
            yield row, column, float(share)


def _cell(
    svg: Element, words: tuple[str, ...], cell: tuple[int, int, float], corner: tuple[int, int]
) -> None:
    row, column, share = cell
    says = f"{_alone(words[row])} → {_alone(words[column])}: {share_text(share)}"
    number = share_text(share)
    strength = min(max(share, 0.0), 1.0) if number != "?" else 0.0
    rect = _add(svg, "rect", x=str(corner[0]), y=str(corner[1]), width=str(CELL - 2), height=str(CELL - 2))
    rect.set("fill-opacity", f"{strength:.3f}")
    for name, value in (("row", str(row)), ("column", str(column)), ("says", says)):
        rect.set(f"data-{name}", value)
    _add(rect, "title", says)
    if len(words) <= NUMBERED:
        text = _add(svg, "text", number, css="number", x=str(corner[0] + CELL // 2 - 1),
                    y=str(corner[1] + CELL // 2 + 5))
        text.set("text-anchor", "middle")
        text.set("aria-hidden", "true")


def _alone(word: str) -> str:
    """Keep a word that is written from right to left from turning what stands around it."""
    return f"\u2068{neutralise(word)}\u2069"


def _table(details: Element, words: tuple[str, ...], grid: Grid) -> None:
    """Give the same numbers as a table: for screen readers, and to copy."""
    _add(details, "summary", "The numbers as a table")
    table = _add(details, "table")
    head = _add(_add(table, "thead"), "tr")
    _add(head, "td")
    for word in words:
        _add(_add(head, "th", scope="col"), "bdi", neutralise(word))
    body = _add(table, "tbody")
    for word, shares in zip(words, grid.shares, strict=True):
        line = _add(body, "tr")
        _add(_add(line, "th", scope="row"), "bdi", neutralise(word))
        for share in shares:
            _add(line, "td", share_text(float(share)))
