"""Put a plan on disk, file by file and atomically; or say how the disk differs from it."""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from grader.build.plan import STARTER
from grader.course import Course
from grader.errors import CourseError

_LEFT_ALONE = frozenset({
    "__pycache__", ".git", ".grader", ".venv", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis",
})
"""Folders that tools make in a repository: never an extra file, never removed."""


def write_build(course: Course, plan: Mapping[str, bytes], output: Path | None = None) -> list[str]:
    """Write what differs from the plan, remove what is extra in the starter, and list both.

    Without `output`, the stubs go to the lesson folders and the starter to `starter/`. With it, only
    the starter is written, and `output` becomes the student's repository. Raises CourseError if
    `output` holds something else than an earlier build of this course.
    """
    root, files, starter = _target(course, plan, output)
    _refuse_link(starter)
    if output is not None:
        _refuse_foreign(course, output)
    done = []
    for path in _extra(root, files, starter):
        path.unlink()
        _remove_empty(path.parent, starter)
        done.append(path.relative_to(root).as_posix())
    for name, data in files.items():
        path = root / name
        if not _same(path, data):
            write_file(root, path, data)
            done.append(name)
    return done


def stale(course: Course, plan: Mapping[str, bytes], output: Path | None = None) -> list[str]:
    """Say which files differ from the plan, in sentences; nothing where all is fresh."""
    root, files, starter = _target(course, plan, output)
    problems = [
        f"{name}: {'changed by hand, or its source has changed' if _there(root / name) else 'missing'}"
        for name, data in files.items() if not _same(root / name, data)
    ]
    extra = [f"{path.relative_to(root).as_posix()}: extra, no source makes it" for path in
             _extra(root, files, starter)]
    return problems + extra


def _target(
    course: Course, plan: Mapping[str, bytes], output: Path | None
) -> tuple[Path, dict[str, bytes], Path]:
    """Choose the root that names are relative to, the files below it, and the folder of the starter."""
    if output is None:
        return course.root, dict(plan), course.root / STARTER
    prefix = f"{STARTER}/"
    files = {name.removeprefix(prefix): data for name, data in plan.items() if name.startswith(prefix)}
    return output, files, output


def _refuse_link(folder: Path) -> None:
    if folder.is_symlink():
        raise CourseError("a symbolic link stands where a folder is built", where=folder.name,
                          fix="Remove the link and build again.")


def _refuse_foreign(course: Course, output: Path) -> None:
    """Refuse to clear out a folder that is not an earlier build of this course."""
    if not output.exists():
        return
    if not output.is_dir():
        raise CourseError("the output is not a folder", where=str(output), fix="Name a new folder.")
    if not [name for name in output.iterdir() if name.name not in _LEFT_ALONE]:
        return
    try:
        found = tomllib.loads((output / "assignments" / "course.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {}
    if (found.get("id"), found.get("edition")) != (course.id, "student"):
        raise CourseError("this folder holds something else than an earlier build of this course",
                          where=str(output), fix="Name an empty folder, or a new one.")


def _there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _same(path: Path, data: bytes) -> bool:
    try:
        return not path.is_symlink() and path.read_bytes() == data
    except OSError:
        return False


def write_file(root: Path, path: Path, data: bytes) -> None:
    """Write one file so that a reader sees the old bytes or the new ones, never half."""
    for folder in list(path.relative_to(root).parents)[-2::-1]:
        _refuse_link(root / folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data)
    except OSError as error:
        raise CourseError(f"this file cannot be written ({error.strerror})",
                          where=path.relative_to(root).as_posix(),
                          fix="Remove what stands in its place, or make the folder writable.") from None


def _replace(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=".build-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _extra(root: Path, files: Mapping[str, bytes], starter: Path) -> list[Path]:
    found = (path for path in files_below(starter) if path.relative_to(root).as_posix() not in files)
    return sorted(found)


def files_below(folder: Path) -> Iterator[Path]:
    """List files and links below a folder, following no link."""
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LEFT_ALONE]
        links = [name for name in folders if (Path(here) / name).is_symlink()]
        yield from (Path(here) / name for name in (*names, *links) if not name.endswith(".pyc"))


def _remove_empty(folder: Path, starter: Path) -> None:
    while folder != starter and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
