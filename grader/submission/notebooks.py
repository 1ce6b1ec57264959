"""Read the notebooks of a submission: plain JSON, code cells only, never outputs, and nothing is run.

`notebooks/01_slug.ipynb` belongs to lesson 1. What Jupyter puts beside the code (outputs, pictures, the
state of widgets) may be large; it is passed over byte by byte, before anything is built of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.submission.folder import Folder, NotReadable, printable
from grader.submission.source import NotText, source_text

FOLDER = "notebooks"
ENDING = ".ipynb"
NOTEBOOK_BYTES = 64 << 20
"""With all outputs; what is left without them may have KEPT_BYTES."""
KEPT_BYTES = 1 << 20
ALL_BYTES = 128 << 20
CODE_BYTES = 4 << 20
"""Of the code cells of all notebooks together."""
NOTEBOOKS = 20
NAMES = 500
TOKENS = 2_000_000
DEPTH = 100
CELLS = 2000
_SHOWN_CELLS = 5
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

# A string that never ends is one token, so that no text is scanned twice.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_BULK = re.compile(rb'"(?:outputs|attachments|widgets)"\s*:')
_QUOTE, _OPENING, _CLOSING = ord('"'), frozenset(b"[{"), frozenset(b"]}")


@dataclass(frozen=True)
class Cell:
    """A code cell."""

    number: int
    """Counted from 1 over all cells, as editors do."""
    id: str
    text: str


@dataclass(frozen=True)
class Notebook:
    """The code cells of one notebook, or why it cannot be read."""

    file: str
    cells: tuple[Cell, ...] = ()
    warnings: tuple[str, ...] = ()
    rejected: str = ""
    """A sentence that begins with the file and says what to do."""


def read_notebooks(root: Folder) -> dict[str, Notebook]:
    """Read the folder `notebooks/` of a submission: name without its ending -> notebook."""
    kind = root.kind(FOLDER)
    if kind != "folder":
        return {} if kind == "missing" else {"": Notebook(FOLDER, rejected=f"{FOLDER} is a {kind}, not a "
                                                          "plain folder.")}
    found: dict[str, Notebook] = {}
    left, code = ALL_BYTES, CODE_BYTES
    try:
        with root.folder(FOLDER) as folder:
            names = [name for name in folder.names(NAMES) if name.endswith(ENDING) and name[:1] != "."]
            for name in names[:NOTEBOOKS]:
                file = f"{FOLDER}/{printable(name)[:120]}"
                notebook, size = _read(folder, name, file, left)
                left -= size
                code -= sum(len(cell.text.encode()) for cell in notebook.cells)
                if code < 0:
                    whole = f"all notebooks together may have {CODE_BYTES >> 20} MiB of code"
                    notebook = Notebook(file, rejected=f"{file} does not fit: {whole}.")
                found[name.removesuffix(ENDING)] = notebook
    except NotReadable as error:
        found[""] = Notebook(FOLDER, rejected=f"{FOLDER}/ {error}.")
    return found


def _read(folder: Folder, name: str, file: str, left: int) -> tuple[Notebook, int]:
    if folder.kind(name) != "file":
        sentence = f"is a {folder.kind(name)}, not a plain file. Put the notebook itself in its place."
        return Notebook(file, rejected=f"{file} {sentence}"), 0
    try:
        data = folder.read(name, min(NOTEBOOK_BYTES, left))
    except NotReadable as error:
        return Notebook(file, rejected=f"{file} {error}. {_SMALLER}"), 0
    try:
        return parse_notebook(data, file), len(data)
    except (NotReadable, NotText) as error:
        return Notebook(file, rejected=f"{file} {error}"), len(data)


_SMALLER = "Clear its outputs, and save it."
_BACK = "Get an older version back from git, or make it anew with `grader notebook`."


def parse_notebook(data: bytes, file: str) -> Notebook:
    """Take the code cells out of a notebook's bytes; raises NotReadable or NotText."""
    kept = without_outputs(data)
    if len(kept) > KEPT_BYTES:
        raise NotReadable(f"has more than {KEPT_BYTES >> 10} KiB without its outputs. "
                          "Take large texts out of its cells.")
    try:
        # The numbers in a notebook mean nothing here; a long one would take its time.
        top = json.loads(source_text(kept), parse_int=float, parse_float=str, parse_constant=str)
    except (ValueError, OverflowError, RecursionError):
        raise NotReadable(f"is no notebook: the file is damaged or cut off. {_BACK}") from None
    cells = list(_cells(top))
    if not cells:
        raise NotReadable(f"is no notebook: there are no cells in it. {_BACK}")
    if len(cells) > CELLS:
        raise NotReadable(f"has more than {CELLS} cells. Take out what you do not need.")
    reading = _Reading(file)
    for number, cell in enumerate(cells, start=1):
        reading.take(number, cell)
    return Notebook(file, tuple(reading.cells), tuple(reading.warnings(top)))


def without_outputs(data: bytes) -> bytes:
    """Put null in the place of outputs, attachments and widgets; time and memory are bounded."""
    kept: list[bytes] = []
    start = depth = dropping = 0
    is_bulk = False
    for count, token in enumerate(_TOKEN.finditer(data)):
        if count > TOKENS:
            raise NotReadable(f"holds too many parts to be a notebook. {_SMALLER}")
        first = data[token.start()]
        if first in _OPENING:
            depth += 1
            if depth > DEPTH:
                raise NotReadable(f"is nested too deeply to be a notebook. {_SMALLER}")
            if is_bulk and not dropping:
                dropping = depth
                kept.append(data[start:token.start()])
        elif first in _CLOSING:
            if depth == dropping and dropping:
                kept.append(b"null")
                start, dropping = token.end(), 0
            depth -= 1
        is_bulk = first == _QUOTE and _BULK.match(data, token.start()) is not None
    if not dropping:
        kept.append(data[start:])
    return b"".join(kept)


def _cells(top: Any) -> Iterator[Any]:
    """List the cells, also of the older format with worksheets."""
    if not isinstance(top, dict):
        return
    for part in [top, *_list(top.get("worksheets"))]:
        if isinstance(part, dict):
            yield from _list(part.get("cells"))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


@dataclass
class _Reading:
    file: str
    cells: list[Cell] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)

    def take(self, number: int, cell: Any) -> None:
        """Take one cell in, if it is one with code."""
        if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw", "heading"):
            self.damaged.append(number)
            return
        if cell["cell_type"] != "code":
            return
        text = _text(next((cell[key] for key in ("source", "input", "code") if key in cell), None))
        if text is None:
            self.damaged.append(number)
            return
        name = cell.get("id")
        is_plain = isinstance(name, str) and _ID.fullmatch(name)
        self.cells.append(Cell(number, str(name) if is_plain else "", text))

    def warnings(self, top: Mapping[str, Any]) -> Iterator[str]:
        """Say what was repaired, or looks odd."""
        if self.damaged:
            shown = ", ".join(map(str, self.damaged[:_SHOWN_CELLS]))
            more = ", …" if len(self.damaged) > _SHOWN_CELLS else ""
            yield f"{self.file}: left out what is no whole cell: {shown}{more}"
        names = [cell.id for cell in self.cells if cell.id]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            shown = ", ".join(twice[:_SHOWN_CELLS])
            yield f"{self.file}: several cells have the same id ({shown}); all of them were read"
        language = _language(top)
        if language not in ("", "python"):
            yield (f"{self.file}: its kernel is for {printable(language)[:40]}, not for Python; "
                   "its cells were read as Python")


def _text(source: Any) -> str | None:
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    # Half of a surrogate pair cannot be written as UTF-8.
    text = source.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _language(top: Mapping[str, Any]) -> str:
    metadata = top.get("metadata")
    for part, word in (("kernelspec", "language"), ("language_info", "name")):
        entry = metadata.get(part) if isinstance(metadata, dict) else None
        language = entry.get(word) if isinstance(entry, dict) else None
        if isinstance(language, str):
            return language.lower()
    return ""
