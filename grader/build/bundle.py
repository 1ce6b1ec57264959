"""The folder of an autograder for Classroom 50: a program, the grader, and the course that it grades with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import grader
from grader.build.plan import STARTER, plan_build
from grader.build.write import files_below, write_file
from grader.course import Course
from grader.errors import CourseError, GraderError

AUTOGRADER = "autograder.py"
_SOURCE = Path(__file__).with_name("classroom50_autograder.py")
_DISTRIBUTION = "transformer-classroom"
_NOT_PACKED = frozenset({"tests", "__pycache__"})
_NOT_COURSE = frozenset({"template", "__pycache__"})


def plan_bundle(course: Course, *, path: str | None = None, with_hidden: bool = False) -> dict[str, bytes]:
    """Plan the folder. Classroom 50 lets everybody read it: with public tests only, unless `with_hidden`.

    Without hidden tests its course is the one that students have, of a path if one is named.
    """
    files = _teachers_course(course) if with_hidden else _students_course(course, path)
    return {
        AUTOGRADER: _SOURCE.read_bytes(),
        "requirements.txt": _requirements().encode(),
        **{f"course/{name}": data for name, data in files},
        **{f"lib/grader/{name}": data for name, data in _package()},
    }


def write_bundle(plan: Mapping[str, bytes], output: Path) -> list[str]:
    """Write the folder and remove what an earlier one had besides; give the names of what changed.

    Raises CourseError if `output` holds something else than an earlier bundle.
    """
    _refuse_foreign(output)
    done = []
    for file in [*files_below(output)] if output.is_dir() else []:
        if file.relative_to(output).as_posix() not in plan:
            file.unlink()
            done.append(file.relative_to(output).as_posix())
    for name, data in plan.items():
        file = output / name
        if file.is_symlink() or not file.is_file() or file.read_bytes() != data:
            write_file(output, file, data)
            done.append(name)
    return done


def _refuse_foreign(output: Path) -> None:
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return
    first = _SOURCE.read_bytes().splitlines()[0]
    try:
        if (output / AUTOGRADER).read_bytes().startswith(first):
            return
    except OSError:
        pass
    raise CourseError("this folder holds something else than an earlier bundle", where=str(output),
                      fix="Name an empty folder, or a new one.")


def _students_course(course: Course, path: str | None) -> Iterator[tuple[str, bytes]]:
    wanted = tuple(f"{STARTER}/{name}/" for name in ("assignments", course.package))
    for name, data in plan_build(course, path=path).items():
        if name.startswith(wanted):
            yield name.removeprefix(f"{STARTER}/"), data


def _teachers_course(course: Course) -> Iterator[tuple[str, bytes]]:
    """Give the whole course: tests, misconceptions, keys, and the reference with its answers."""
    for folder in (course.assignments, course.reference):
        for file in sorted(files_below(folder)):
            inside = file.relative_to(folder).parts
            if file.is_file() and not file.is_symlink() and inside[0] not in _NOT_COURSE:
                yield file.relative_to(course.root).as_posix(), file.read_bytes()


def _package() -> Iterator[tuple[str, bytes]]:
    root = Path(grader.__file__).parent
    for file in sorted(root.rglob("*")):
        inside = file.relative_to(root)
        if file.is_file() and not _NOT_PACKED & set(inside.parts) and file.suffix != ".pyc":
            yield inside.as_posix(), file.read_bytes()


def _requirements() -> str:
    """List what the grader needs, as it was installed."""
    try:
        needed = requires(_DISTRIBUTION) or []
    except PackageNotFoundError:
        raise GraderError("this grader was not installed, so nobody can tell what it needs",
                          fix="Install it with pip, then try again.") from None
    return "".join(f"{line}\n" for line in needed if "extra ==" not in line)
