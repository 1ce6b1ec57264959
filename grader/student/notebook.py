"""Make the notebook of a lesson, and repair it: every cell of ours once, every cell of the student's kept."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from grader.course import Course, Exercise, Lesson
from grader.course.shipped import SHIPPED, read_shipped
from grader.errors import CourseError
from grader.result import write_text
from grader.student.backup import keep_backup
from grader.student.notebook_pages import PREFIX, Page, exercise_cell, pages
from grader.student.sources import read_source
from grader.student.steps import file_of
from grader.submission.folder import NotReadable
from grader.submission.functions import function_text, is_stub, notebook_file
from grader.submission.notebooks import NOTEBOOK_BYTES, parse_notebook
from grader.submission.source import NotText

_SHOWN = 3
_KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


@dataclass(frozen=True)
class Done:
    """What was done to a file, from the root of the repository."""

    file: str
    news: tuple[str, ...] = ()
    """Sentences about what was repaired or taken over."""
    backup: str = ""
    """The old file; empty if there was none, or nothing changed."""
    is_new: bool = False


def make_notebook(course: Course, lesson: Lesson, *, from_module: bool = False) -> Done:
    """Write a lesson's notebook, or repair the one that is there.

    With `from_module`, its functions become those of the module. The old file is kept in
    `.grader/backup/`, also where it could not be read.
    """
    made = pages(course, lesson, module_text(course, lesson))
    path = course.root / notebook_file(lesson)
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        write_text(_written(made), path)
        return Done(notebook_file(lesson), is_new=True)
    old, problem = read_notebook(path, notebook_file(lesson))
    if old is None:
        backup = keep_backup(course.root, path, f"notebook-{lesson.id}")
        write_text(_written(made), path)
        return Done(notebook_file(lesson), (f"It {problem} It was made anew.",), backup)
    mending = _Mending(lesson, old)
    mending.mend(made, from_module=from_module)
    if not mending.news:
        return Done(notebook_file(lesson))
    backup = keep_backup(course.root, path, f"notebook-{lesson.id}")
    write_text(_text(_whole(old, mending.cells)), path)
    return Done(notebook_file(lesson), tuple(mending.news), backup)


def module_text(course: Course, lesson: Lesson) -> str:
    """Read a lesson's module; where there is none, its stub."""
    path = course.root / file_of(course, lesson.exercises[0])
    if path.exists():
        return read_source(course.root, path).removeprefix("\ufeff")
    stubs = read_shipped(course.root).stubs
    if lesson.module not in stubs:
        raise CourseError(f"the stub of lesson {lesson.id} is not in it", where=SHIPPED,
                          fix="Ask your teacher for a newer copy of the course.")
    return stubs[lesson.module]


def read_notebook(path: Path, file: str) -> tuple[dict[str, Any] | None, str]:
    """Read a notebook with its outputs; None, and what is wrong with it, where it cannot be read."""
    try:
        if path.stat().st_size > NOTEBOOK_BYTES:
            return None, f"is larger than {NOTEBOOK_BYTES >> 20} MiB."
        data = path.read_bytes()
        parse_notebook(data, file)
        top = json.loads(data.decode("utf-8-sig"))
    except (NotReadable, NotText) as error:
        return None, str(error)
    except (ValueError, OSError, RecursionError) as error:
        return None, f"cannot be read ({error})."
    assert isinstance(top, dict)  # parse_notebook has seen to it
    return top, ""


def _written(made: Iterable[Page]) -> str:
    return _text(new_notebook(cells=[_cell(page) for page in made], metadata=_KERNEL))


def _text(notebook: Any) -> str:
    return str(nbformat.writes(notebook)) + "\n"


def _cell(page: Page) -> Any:
    make: Any = new_code_cell if page.kind == "code" else new_markdown_cell
    return make(page.text.rstrip("\n"), id=page.id)


def _whole(old: Mapping[str, Any], cells: list[Any]) -> Any:
    """Put cells into a notebook of today's format, with the metadata that the old one had."""
    kept = old["metadata"] if isinstance(old.get("metadata"), dict) else {}
    metadata = {**_KERNEL, **kept} if _is_python(old) else {**kept, **_KERNEL}
    whole = new_notebook(cells=cells, metadata=nbformat.from_dict(metadata))
    if nbformat.validator.isvalid(whole):
        return whole
    for cell in cells:  # what is left of an older format
        cell["metadata"] = {}
        if cell["cell_type"] == "code":
            cell["outputs"] = []
    return new_notebook(cells=cells, metadata=_KERNEL)


@dataclass
class _Mending:
    """A notebook's cells, on the way to being whole."""

    lesson: Lesson
    old: Mapping[str, Any]
    news: list[str] = field(default_factory=list)
    cells: list[Any] = field(default_factory=list)

    def mend(self, made: list[Page], *, from_module: bool) -> None:
        """Rebuild the cells, name each of ours once, put back what is missing."""
        self._read()
        self._unite_twins()
        self._find_moved()
        self._put_back(made)
        if from_module:
            self._take_over(made)

    def _read(self) -> None:
        raw = [cell for part in [self.old, *_list(self.old.get("worksheets"))] if isinstance(part, dict)
               for cell in _list(part.get("cells"))]
        for number, cell in enumerate(raw, start=1):
            whole = _rebuilt(cell)
            if whole is None:
                self.news.append(f"Cell {number} is no cell, and was taken out.")
            else:
                self.cells.append(whole)
        if self.old.get("nbformat") != nbformat.v4.nbformat:
            self.news.append("It was written in an older format, and is in today's now.")
        if not _is_python(self.old):
            self.news.append("It asked for another kernel than Python, and asks for Python now.")

    def _unite_twins(self) -> None:
        """Let one of several cells with the same id keep it: the last that is written."""
        for name in sorted({cell["id"] for cell in self.cells}):
            twins = [cell for cell in self.cells if cell["id"] == name]
            if len(twins) < 2:  # noqa: PLR2004
                continue
            best = next((cell for cell in reversed(twins) if self._is_written(cell)), twins[0])
            for cell in twins:
                if cell is best:
                    continue
                if cell["source"] == best["source"] or self._is_stub(cell):
                    self.cells = [one for one in self.cells if one is not cell]
                else:
                    cell["id"] = secrets.token_hex(4)
            self.news.append(f"{len(twins)} cells had the id {name}; one has it now.")

    def _find_moved(self) -> None:
        """Give an exercise's id to a cell that holds it under another one."""
        names = {cell["id"] for cell in self.cells}
        for exercise in self.lesson.exercises:
            if exercise_cell(exercise) in names:
                continue
            for cell in reversed(self.cells):
                if not cell["id"].startswith(PREFIX) and function_text(cell["source"], exercise.function):
                    cell["id"] = exercise_cell(exercise)
                    self.news.append(f"The cell of {exercise.id} {exercise.function} was found again.")
                    break

    def _put_back(self, made: list[Page]) -> None:
        place, missing = 0, []
        for page in made:
            at = next((n for n, cell in enumerate(self.cells) if cell["id"] == page.id), None)
            if at is not None:
                place = at + 1
                continue
            self.cells.insert(place, _cell(page))
            place += 1
            missing.append(page.id)
        if missing:
            one = len(missing) == 1
            count = "1 cell was missing, and is" if one else f"{len(missing)} cells were missing, and are"
            more = ", …" if len(missing) > _SHOWN else ""
            self.news.append(f"{count} back: {', '.join(missing[:_SHOWN])}{more}")

    def _take_over(self, made: list[Page]) -> None:
        mine = tuple(f"{PREFIX}{word}-" for word in ("exercise", "part"))
        texts = {page.id: page.text.rstrip("\n") for page in made if page.id.startswith(mine)}
        for cell in self.cells:
            new = texts.get(cell["id"])
            if new is not None and new != cell["source"].rstrip("\n"):
                cell["source"] = new
                self.news.append(f"The cell {cell['id']} holds what is in the module now.")

    def _is_written(self, cell: Any) -> bool:
        return cell["cell_type"] == "code" and any(
            function_text(cell["source"], e.function) and not self._stub_of(cell, e)
            for e in self.lesson.exercises)

    def _is_stub(self, cell: Any) -> bool:
        return any(self._stub_of(cell, e) for e in self.lesson.exercises)

    @staticmethod
    def _stub_of(cell: Any, exercise: Exercise) -> bool:
        return is_stub(function_text(cell["source"], exercise.function), exercise)


def _rebuilt(cell: Any) -> Any:
    """Make a cell of today's format from one of any; None where there is no text in it."""
    if not isinstance(cell, dict):
        return None
    source = next((cell[key] for key in ("source", "input", "code") if key in cell), None)
    text = "".join(map(str, source)) if isinstance(source, list) else source
    makers: dict[str, Any] = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell,
                              "heading": new_markdown_cell}
    make = makers.get(str(cell.get("cell_type")))
    if make is None or not isinstance(text, str):
        return None
    kept: dict[str, Any] = {"metadata": cell["metadata"]} if isinstance(cell.get("metadata"), dict) else {}
    if isinstance(cell.get("id"), str) and cell["id"]:
        kept["id"] = cell["id"]
    if make is new_code_cell and isinstance(cell.get("outputs"), list):
        kept["outputs"] = [nbformat.from_dict(output) for output in cell["outputs"]]
    if isinstance(cell.get("attachments"), dict):
        kept["attachments"] = nbformat.from_dict(cell["attachments"])
    if type(cell.get("execution_count")) is int:
        kept["execution_count"] = cell["execution_count"]
    return make(text, **kept)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_python(old: Mapping[str, Any]) -> bool:
    metadata = old.get("metadata")
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    return not isinstance(kernel, dict) or kernel.get("language", "python") == "python"
