"""Let a student's notebooks stand for modules: which of the two counts, and where a line of it is.

The module of a lesson counts as soon as it holds something of the student's that the notebook does not
have. Both are compared as text; only the worker ever parses them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

from grader.course import Course, Exercise, Lesson
from grader.result import ExerciseResult, Location
from grader.sandbox.cells import cell_and_line, join_cells
from grader.submission import Submission
from grader.submission.functions import function_text, is_stub
from grader.submission.notebooks import Cell, Notebook

Named = TypeVar("Named", str, ExerciseResult)
_NUMBER = re.compile(r"0*(\d+)(?:\D|$)")


@dataclass(frozen=True)
class Sources:
    """A submission whose modules are those that count."""

    submission: Submission
    taken: Mapping[str, str]
    """Module that a notebook stands for -> the notebook's file."""
    warnings: tuple[str, ...] = ()


def choose_sources(course: Course, submission: Submission) -> Sources:
    """Put the notebooks that count in the place of their modules."""
    if not submission.notebooks:
        return Sources(submission, {})
    choosing = _Choosing(submission)
    for lesson in course.lessons:
        mine = _of_lesson(lesson, submission.notebooks)
        if mine:
            choosing.choose(course, lesson, mine)
    modules = {name: text for name, text in sorted({**submission.modules, **choosing.modules}.items())
               if name not in choosing.rejected}
    rejected = {name: why for name, why in submission.rejected.items() if name not in choosing.modules}
    chosen = replace(submission, modules=modules, rejected={**rejected, **choosing.rejected})
    return Sources(chosen, choosing.taken, tuple(choosing.warnings))


def _of_lesson(lesson: Lesson, notebooks: Mapping[str, Notebook]) -> list[Notebook]:
    """List the notebooks of a lesson, the one with the folder's name first."""
    names = [name for name in notebooks if (number := _NUMBER.match(name)) and number[1] == lesson.id]
    return [notebooks[name] for name in sorted(names, key=lambda name: (name != lesson.folder.name, name))]


class _Choosing:
    """The choice, lesson by lesson."""

    def __init__(self, submission: Submission) -> None:
        self._submission = submission
        self.modules: dict[str, str] = {}
        self.rejected: dict[str, str] = {}
        self.taken: dict[str, str] = {}
        self.warnings: list[str] = []

    def choose(self, course: Course, lesson: Lesson, mine: list[Notebook]) -> None:
        """Choose between a lesson's module and its notebook."""
        notebook = mine[0]
        if len(mine) > 1:
            others = ", ".join(one.file for one in mine[1:4])
            self.warnings.append(f"{others}: not read, because {notebook.file} is the notebook of "
                                 f"lesson {lesson.id}")
        module = written(self._submission.modules.get(lesson.module, ""), lesson.exercises)
        if notebook.rejected:
            if not module and lesson.module not in self._submission.rejected:
                self.rejected[lesson.module] = notebook.rejected
            self.warnings.append(f"{notebook.rejected.rstrip('.')}; the module of lesson {lesson.id} counts")
            return
        found = {e.id: _written_in_cells(notebook.cells, e) for e in lesson.exercises}
        cells = {name: places[-1][1] for name, places in found.items() if places}
        only_here = [e for e in cells if module.get(e) != cells[e]]
        only_there = [e for e in module if cells.get(e) != module[e]]
        file = f"{course.package}/{lesson.module.replace('.', '/')}.py"
        if only_here and only_there:
            self.warnings.append(
                f"{file} and {notebook.file} were both changed, and differ in "
                f"{', '.join(dict.fromkeys([*only_there, *only_here]))}; {file} counts. To take what is "
                f"in the notebook: grader notebook {lesson.id} --to-module")
        elif only_here or (not module and lesson.module in self._submission.rejected):
            self.modules[lesson.module] = join_cells((cell.number, cell.text) for cell in notebook.cells)
            self.taken[lesson.module] = notebook.file
            self.warnings += [*notebook.warnings, *_twice(notebook.file, lesson, found)]


def _twice(file: str, lesson: Lesson, found: Mapping[str, list[tuple[int, str]]]) -> Iterator[str]:
    for exercise in lesson.exercises:
        numbers = [number for number, _ in found[exercise.id]]
        if len(numbers) > 1:
            yield (f"{file}: {exercise.id} {exercise.function} is written in the cells "
                   f"{', '.join(map(str, numbers[:9]))}; the last one counts")


def written(text: str, exercises: tuple[Exercise, ...]) -> dict[str, str]:
    """Give the text of each exercise that is more than its stub."""
    found = {e.id: function_text(text, e.function) for e in exercises}
    return {e.id: found[e.id] for e in exercises if found[e.id] and not is_stub(found[e.id], e)}


def _written_in_cells(cells: tuple[Cell, ...], exercise: Exercise) -> list[tuple[int, str]]:
    found = [(cell.number, function_text(cell.text, exercise.function)) for cell in cells]
    return [(number, text) for number, text in found if text and not is_stub(text, exercise)]


# Where a line is


def name_cells(value: Named, module: str, course: Course, sources: Sources) -> Named:
    """Name the cell and its line wherever a text names a line of a module that a notebook stands for."""
    if module not in sources.taken:
        return value
    naming = _Naming(f"{course.package}/{module.replace('.', '/')}.py", sources.taken[module],
                     sources.submission.modules[module])
    named: Named = naming.mapped(value)
    return named


class _Naming:
    """Puts a notebook's cells in the place of a module's lines."""

    def __init__(self, module: str, notebook: str, text: str) -> None:
        self._module, self._notebook, self._text = module, notebook, text
        self._known = re.compile(rf"{re.escape(module)}(?:(:|, line )(\d+))?")

    def mapped(self, value: Any) -> Any:
        """Give the same value with other names of places in it."""
        if isinstance(value, str):
            return self._known.sub(self._place, value)
        if isinstance(value, Location) and value.file == self._module:
            number, line = cell_and_line(self._text, value.line)
            return Location(f"{self._notebook} cell {number}", line)
        if isinstance(value, tuple):
            return tuple(map(self.mapped, value))
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{f.name: self.mapped(getattr(value, f.name)) for f in fields(value)})
        return value

    def _place(self, found: re.Match[str]) -> str:
        if not found[2]:
            return self._notebook
        number, line = cell_and_line(self._text, int(found[2]))
        return f"{self._notebook} cell {number}{found[1]}{line}"
