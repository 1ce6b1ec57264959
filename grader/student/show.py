"""Draw a sentence as heat maps, worked out in the box.

The student's functions do it; before they are written, the course's own arithmetic.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.course import Course, HeatMap
from grader.errors import SubmissionError, UsageError
from grader.render.heat_map import Grid, HeatMaps
from grader.render.text import neutralise
from grader.sandbox import Box, Killed, Raised, Reply, Unsupported, Value
from grader.submission import read_submission
from grader.submission.folder import Folder, NotReadable

LONGEST_SENTENCE = 10_000
LARGEST_ARRAYS = 64 << 20
MOST_WORDS, MOST_MAPS = 64, 16
CPU_SECONDS, WALL_SECONDS = 10.0, 30.0
_NOT_WRITTEN = re.compile(r"(\S+) (\w+)")
_KILLED = {
    "cpu": "your code used up its time. Is there a loop that never ends?",
    "wall": "no answer came in time. Does your code wait, or is there a loop that never ends?",
    "crash": "the process of your code died.",
    "protocol": "what came back was no answer of a function.",
}


@dataclass(frozen=True)
class Shown:
    """The maps of a sentence, and the exercise that must be written before they are the student's own."""

    maps: HeatMaps
    missing: str
    """Id and function, as a stub names them; empty where the student's functions were called."""


def map_for(course: Course, lesson: str) -> HeatMap:
    """Find what is drawn for a lesson; raises UsageError with the lessons that have a map."""
    for one in course.maps:
        if one.lesson == lesson:
            return one
    known = ", ".join(one.lesson for one in course.maps)
    fix = f"lessons with a map: {known}." if known else "no lesson of this course has one."
    raise UsageError(f"there is no map for lesson {lesson}.", fix=fix)


def draw(course: Course, wanted: HeatMap, sentence: str, box: Box) -> Shown:
    """Draw a sentence; raises UsageError for one that cannot be, SubmissionError where the code fails."""
    if not sentence.strip():
        raise UsageError("there is no word in this sentence.",
                         fix=f'write one in quotes: grader show {wanted.lesson} "{wanted.sentence}"')
    if len(sentence) > LONGEST_SENTENCE:
        problem = f"this sentence has {len(sentence):,} characters; {LONGEST_SENTENCE:,} is the most."
        raise UsageError(problem, fix="take a part of it.")
    home = course.root if course.edition == "student" else course.reference
    modules = read_submission(home, course.package).modules
    arrays = (_arrays(course, wanted),) if wanted.arrays else ()
    reply = _ask(course, wanted, modules, box, (sentence, True, *arrays))
    missing = _missing(course, reply)
    if missing and arrays:
        raise SubmissionError(f"{missing} is not written yet, and this map needs it.",
                              fix=f"grader read {missing.split()[0]}")
    if missing:
        reply = _ask(course, wanted, modules, box, (sentence, False))
    return Shown(_maps(course, wanted, reply), missing)


def _ask(
    course: Course, wanted: HeatMap, modules: Mapping[str, str], box: Box, arguments: tuple[Any, ...]
) -> Reply:
    with box.worker() as worker:
        worker.load(course.package, modules, owned=course.exercise_modules)
        reply = worker.begin(wanted.module, cpu_seconds=CPU_SECONDS, wall_seconds=WALL_SECONDS)
        return worker.call(wanted.function, arguments, {}) if isinstance(reply, Value) else reply


def _arrays(course: Course, wanted: HeatMap) -> dict[str, np.ndarray]:
    """Read the student's file of arrays; nothing in it is unpickled."""
    path = course.root / wanted.arrays
    fix = f"make it with: {wanted.made_by}"
    try:
        with Folder.open_root(course.root) as root:
            data = io.BytesIO(root.read(wanted.arrays, LARGEST_ARRAYS))
    except NotReadable as problem:
        said = f"this file {problem}." if path.exists() else "this file is not there yet."
        raise UsageError(said, where=wanted.arrays, fix=fix) from None
    try:
        with np.load(data, allow_pickle=False) as stored:
            arrays = dict(stored)
    except (ValueError, EOFError, OSError, TypeError, AttributeError, MemoryError, zipfile.BadZipFile):
        raise UsageError("this is no file of NumPy arrays.", where=wanted.arrays, fix=fix) from None
    return {name: array for name, array in arrays.items() if array.dtype.kind in "fiub"}


def _missing(course: Course, reply: Reply) -> str:
    """Name the exercise whose stub was called; empty where none was."""
    if not isinstance(reply, Raised) or reply.type != "NotImplementedError":
        return ""
    found = _NOT_WRITTEN.fullmatch(reply.message)
    exercise = course.exercises.get(found[1]) if found else None
    return reply.message if exercise and found and exercise.function == found[2] else ""


def _maps(course: Course, wanted: HeatMap, reply: Reply) -> HeatMaps:
    if not isinstance(reply, Value):
        raise _failed(course, wanted, reply)
    match reply.value:
        case {"words": list(words), "maps": list(maps), "note": str(note)} if (
            all(type(word) is str for word in words) and 0 < len(words) <= MOST_WORDS
            and 0 < len(maps) <= MOST_MAPS
        ):
            grids = tuple(_grid(wanted, one, len(words)) for one in maps)
            return HeatMaps(tuple(words), grids, neutralise(note))
    raise _odd(wanted, "what came back is no map")


def _grid(wanted: HeatMap, one: Any, n_words: int) -> Grid:
    match one:
        case {"title": str(title), "shares": np.ndarray() as shares} if shares.dtype.kind in "fiub":
            if shares.shape == (n_words, n_words):
                return Grid(neutralise(title), shares.astype(float))
            raise _odd(wanted, f"the map {neutralise(title)!r} has the shape {list(shares.shape)}, "
                               f"not {[n_words, n_words]}")
    raise _odd(wanted, "a part of what came back is no map")


def _odd(wanted: HeatMap, problem: str) -> SubmissionError:
    return SubmissionError(f"{problem}.", fix=f"`grader check {wanted.lesson}` finds out more.")


def _failed(course: Course, wanted: HeatMap, reply: Raised | Unsupported | Killed) -> SubmissionError:
    """Tell what the student's code did instead of an answer, at its own line where there is one."""
    where = None
    if isinstance(reply, Killed):
        problem = _KILLED[reply.reason]
    elif isinstance(reply, Unsupported):
        problem = f"what came back is no plain data: {neutralise(reply.detail)}"
    else:
        problem = f"{reply.type}: {neutralise(reply.message)}"
        files = [f"{course.package}/{module}.py" for module in course.exercise_modules]
        own = [frame for frame in reply.frames if frame.file in files]
        where = f"{own[-1].file}:{own[-1].line}" if own else f"{course.package}/{wanted.module}.py"
    return SubmissionError(problem, where=where, fix=f"`grader check {wanted.lesson}` finds out more.")
