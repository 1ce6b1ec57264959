"""Write the skeleton of a new lesson: small, complete, and already provable."""

from __future__ import annotations

import keyword
import re
import string
import tomllib
from pathlib import Path

from grader.course import load_course
from grader.errors import CourseError

_NAME = re.compile(r"([0-9]{2})_([a-z][a-z0-9_]*)")
_MODULE = re.compile(r"[a-z][a-z0-9_]*")
_LESSONS = re.compile(r"^[ \t]*lessons[ \t]*=[ \t]*\[(?P<items>[^\]]*)\]", re.MULTILINE)


def new_lesson(course_root: Path, name: str, module: str | None = None) -> list[Path]:
    """Write a lesson that loads and verifies, add it to the course, and list the files.

    `name` is the folder, like "07_my_lesson"; the module is called as its words unless `module` says
    otherwise. Raises CourseError, and writes nothing, if a file of that name is there already.
    """
    form = _NAME.fullmatch(name)
    module = module or (form[2] if form else "")
    if not form or not _MODULE.fullmatch(module) or keyword.iskeyword(module):
        raise CourseError(f"{name!r} with module {module!r} cannot name a lesson", where="assignments",
                          fix="Name the folder like 07_my_lesson, and the module with small letters and _.")
    course = load_course(course_root)
    if course.edition == "student":
        raise CourseError("this is a student's copy: lessons are written in the teacher's repository",
                          where="assignments/course.toml", fix="Run this there.")
    number = str(int(form[1]))
    if number in [lesson.id for lesson in course.lessons]:
        raise CourseError(f"there is a lesson {number} already", where="assignments/course.toml",
                          fix="Give the new one a number of its own.")
    words = {"number": number, "module": module, "package": course.package,
             "title": form[2].replace("_", " ").capitalize()}
    files = {
        course.assignments / name / file: string.Template(text).substitute(words)
        for file, text in {**_FILES, f"example_{name}.py": _EXAMPLE}.items()
    }
    files[course.reference / course.package / f"{module}.py"] = string.Template(_REFERENCE).substitute(words)
    _refuse_overwrite(course.root, files)
    listed = _with_lesson(course.assignments / "course.toml", name)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    (course.assignments / "course.toml").write_text(listed, encoding="utf-8", newline="\n")
    return [*files, course.assignments / "course.toml"]


def _refuse_overwrite(root: Path, files: dict[Path, str]) -> None:
    there = [path.relative_to(root).as_posix() for path in files if path.exists() or path.is_symlink()]
    if there:
        raise CourseError(f"already there: {', '.join(there)}", where="assignments",
                          fix="Choose another name, or remove them first. Nothing was written.")


def _with_lesson(path: Path, name: str) -> str:
    """Add a lesson to the list in `course.toml`, leaving comments and layout as they are."""
    text = path.read_text(encoding="utf-8-sig")
    found = _LESSONS.search(text)
    if found:
        items = found["items"].rstrip()
        comma = "" if not items or items.endswith(",") else ","
        start = "\n    " if "\n" in found["items"] else " " if items else ""
        after = found["items"][len(items):]
        new = f'{items}{comma}{start}"{name}"' + ("," if "\n" in found["items"] else "") + after
        changed = text[: found.start("items")] + new + text[found.end("items"):]
        if _lessons_of(changed) == [*(_lessons_of(text) or []), name]:
            return changed
    raise CourseError("the list `lessons` cannot be extended as it is written",
                      where="assignments/course.toml",
                      fix="Write it as one plain list, without comments inside. Nothing was written.")


def _lessons_of(text: str) -> list[str] | None:
    try:
        lessons: list[str] = tomllib.loads(text)["lessons"]
    except (tomllib.TOMLDecodeError, KeyError):
        return None
    return lessons


_README = """\
# Lesson $number: $title

Reading time: 2 minutes.

## Each row on its own

A table often holds one thing in each row, measured in several columns.
To compare the shapes of the rows, take each row's mean away from it.
The row 2, 4, 9 has the mean 5, and becomes −3, −1, 4.
Every row has its own mean.

## Your inputs belong to the caller

Make a new array for your answer.
"""

_RUBRIC = """\
title = "$title"
module = "$module"
hours = [1, 2]
given = []
solution = []

[[exercise]]
id = "$number.1"
function = "center_rows"
needs = []
cpu_seconds = 2
hints = [
    "What is left of a row when its mean is taken away?",
    "Read the section about rows: which mean belongs to which number?",
    "Take the mean over the last axis, keep that axis, and subtract.",
]

  [[exercise.criterion]]
  id = "values"
  points = 60
  text = "A row loses its mean."
  read = "README.md#each-row-on-its-own"

  [[exercise.criterion]]
  id = "each-row"
  points = 30
  text = "Every row of a table loses its own mean."
  read = "README.md#each-row-on-its-own"

  [[exercise.criterion]]
  id = "pure"
  points = 10
  text = "The input is left as it was."
  read = "README.md#your-inputs-belong-to-the-caller"
"""

_REFERENCE = '''\
"""Lesson $number: $title."""

import numpy as np
import numpy.typing as npt


def center_rows(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Take from each row of x [..., N] its mean; gives [..., N]."""
    # TODO 1: find the mean of each row
    mean = x.mean(axis=-1, keepdims=True)  # [..., N] -> [..., 1]
    # TODO 2: take it away, in a new array
    centered: npt.NDArray[np.float64] = x - mean
    return centered
'''

_TEST_PUBLIC = '''\
"""What students can read: small cases with numbers that are easy to follow."""

import numpy as np

from grader.testing import check_array, criterion


@criterion("$number.1", "values")
def test_one_row_loses_its_mean(student):
    """The row 2, 4, 9 becomes -3, -1, 4."""
    check_array(student.center_rows(np.array([2.0, 4.0, 9.0])), [-3.0, -1.0, 4.0])
'''

_TEST_HIDDEN = '''\
"""What students cannot read: numbers drawn anew for each grading run, against plain loops."""

from grader.testing import check_array, criterion


def centered(row):
    """Center one row with plain Python."""
    mean = sum(float(value) for value in row) / len(row)
    return [float(value) - mean for value in row]


@criterion("$number.1", "values")
def test_a_random_row_loses_its_mean(student, rng):
    """Any row loses its mean."""
    row = rng.normal(size=7)
    check_array(student.center_rows(row), centered(row))


@criterion("$number.1", "each-row")
def test_every_row_loses_its_own_mean(student, rng):
    """Every row of a table loses its own mean."""
    table = rng.normal(size=(3, 5)) + rng.uniform(10.0, 20.0, size=(3, 1)) * [[1.0], [2.0], [4.0]]
    check_array(student.center_rows(table), [centered(row) for row in table])


@criterion("$number.1", "pure")
def test_a_read_only_row_is_fine(student, rng):
    """A row that may not be written to loses its mean all the same."""
    row = rng.normal(size=4) + 3.0
    wanted = centered(row)
    row.flags.writeable = False
    check_array(student.center_rows(row), wanted)
'''

_MISCONCEPTIONS = '''\
"""Known wrong ways. The docstring is what the student reads; `loses` is what `grader verify` proves."""

from grader.testing import misconception


@misconception("$number.1", loses=["values", "each-row", "pure"], title="taking the first number away")
def subtracts_the_first(x):
    """Your rows all begin with zero: their first number was taken away.

    The mean is the balance point of the whole row, so every number has a say in it.
    """
    return x - x[..., :1]


@misconception("$number.1", loses=["each-row"], title="one mean for all rows")
def uses_one_mean(x):
    """Your numbers are right for a single row, but all rows of a table lose the same amount.

    Which numbers belong together? Take a mean over these only.
    """
    return x - x.mean()


@misconception("$number.1", loses=["pure"], title="writing into the input")
def writes_into_the_input(x):
    """Your answer was written into the array that you were given.

    It belongs to the caller, who may need the old numbers again.
    """
    x -= x.mean(axis=-1, keepdims=True)
    return x
'''

_EXAMPLE = '''\
"""Show one row losing its mean, step by step, in plain Python."""

row = [2, 4, 9]
mean = sum(row) / len(row)
print(f"The row {row} has the mean {mean:g}.")
for value in row:
    print(f"  {value} lies {value - mean:+g} from it.")
'''

_FILES = {
    "README.md": _README,
    "rubric.toml": _RUBRIC,
    "test_public.py": _TEST_PUBLIC,
    "test_hidden.py": _TEST_HIDDEN,
    "misconceptions.py": _MISCONCEPTIONS,
}
