"""Turn words of the command line into what they name: a course, lessons, exercises, a path, a secret."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.errors import CourseError, UsageError

if TYPE_CHECKING:
    from grader.course import Course, Exercise, Lesson

SHORTEST_SECRET = 16
LONGEST_SECRET = 4096

course_option = click.option(
    "--course",
    "course_folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder that holds assignments/; without it, the nearest one above.",
)
plain_option = click.option("--plain", is_flag=True, help="Words for symbols, no colours, no columns.")


def course_here(folder: Path | None, *, start: Path | None = None) -> Path:
    """Locate the course: the folder that was named, else the nearest one above `start`."""
    from grader.course import find_course

    if folder is None:
        return find_course(start or Path.cwd())
    if (folder / "assignments" / "course.toml").is_file():
        return folder.resolve()
    fix = "name the folder that holds assignments/course.toml."
    raise UsageError("there is no course in this folder.", where=str(folder), fix=fix)


def course_for(folder: Path | None, submission: Path) -> Path:
    """Locate the course to grade a submission with: above the current folder, else above the submission.

    A course that lies in the submission is not one: its tests would be the student's, and they run in
    the grader's own process.
    """
    if folder is not None:
        return course_here(folder)
    whole = submission.resolve()
    for start in (Path.cwd(), whole.parent):
        root = _course_above(start)
        if root is not None and not root.is_relative_to(whole):
            return root
    fix = "name the course with --course DIR. In a student's copy, run `grader check`."
    raise UsageError("there is no course to grade this submission with.", where=str(submission), fix=fix)


def _course_above(start: Path) -> Path | None:
    from grader.course import find_course

    try:
        return find_course(start).resolve()
    except CourseError:
        return None


def lesson_named(course: Course, word: str) -> Lesson:
    """Find a lesson by `1`, `01` or the name of its folder."""
    for lesson in course.lessons:
        if word.strip("/") == lesson.folder.name or (word.isascii() and word.lstrip("0") == lesson.id):
            return lesson
    lessons = ", ".join(f"{lesson.id} ({lesson.folder.name})" for lesson in course.lessons)
    raise UsageError(f"there is no lesson {word!r} in this course.", fix=f"use one of: {lessons}.")


def exercises_named(course: Course, word: str) -> frozenset[str]:
    """Give the ids of an exercise (`1.5`, or its function's name) or of all exercises of a lesson."""
    for exercise in course.exercises.values():
        if word in (exercise.id, exercise.function):
            return _on_path(course, word, [exercise])
    if "." in word:
        known = ", ".join(course.exercises)
        raise UsageError(f"there is no exercise {word!r} in this course.", fix=f"use one of: {known}.")
    return _on_path(course, f"lesson {word}", lesson_named(course, word).exercises)


def _on_path(course: Course, what: str, exercises: Iterable[Exercise]) -> frozenset[str]:
    """Leave out what the path of this copy gives whole; refuse a word that names nothing else."""
    wanted = frozenset(e.id for e in exercises if course.on_path is None or course.on_path in e.paths)
    if not wanted:
        problem = f"{what} is not on your path ({course.on_path}): it is solved for you in {course.package}/."
        raise UsageError(problem, fix="read it there, and run `grader check` without a word.")
    return wanted


def exercise_named(course: Course, word: str) -> Exercise:
    """Find one exercise that is on the path of this copy, by its id or its function."""
    for exercise in course.exercises.values():
        if word in (exercise.id, exercise.function):
            _on_path(course, word, [exercise])
            return exercise
    known = ", ".join(course.exercises)
    raise UsageError(f"there is no exercise {word!r} in this course.", fix=f"use one of: {known}.")


def students_course(folder: Path | None) -> Course:
    """Load the course for a command about a student's own work; refuse the teacher's."""
    from grader.course import load_course

    course = load_course(course_here(folder))
    if course.edition == "teacher":
        raise UsageError(
            "this is the teacher's course: there is no student's work beside it.",
            where=str(course.root), fix="go to a student's repository, or name it with --course DIR.",
        )
    return course


def check_path(course: Course, word: str | None) -> None:
    """Refuse a learning path that the course does not have."""
    known = [path.id for path in course.paths]
    if word is not None and word not in known:
        fix = f"use one of: {', '.join(known)}." if known else "leave --path out."
        raise UsageError(f"there is no path {word!r} in this course.", fix=fix)


def read_secret(file: Path | None) -> bytes | None:
    """Read the course's secret from a file, else from GRADER_SECRET; None where there is none."""
    return _private_bytes(file, "GRADER_SECRET", "secret")


def read_key(file: Path | None) -> bytes | None:
    """Read the teacher's key for signatures from a file, else from GRADER_KEY; None where there is none."""
    return _private_bytes(file, "GRADER_KEY", "key")


def _private_bytes(file: Path | None, variable: str, what: str) -> bytes | None:
    if file is None:
        value = os.environ.get(variable)
        return _checked_secret(value.encode(errors="surrogateescape"), what, variable) if value else None
    try:
        with file.open("rb") as stream:
            return _checked_secret(stream.read(LONGEST_SECRET + 1), what, str(file))
    except OSError as error:
        problem = f"the {what} cannot be read: {error.strerror or error}."
        raise UsageError(problem, where=str(file), fix="name a file that you can read.") from error


def _checked_secret(value: bytes, what: str, where: str) -> bytes:
    secret = value.strip()
    if SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET:
        return secret
    problem = f"a {what} has {SHORTEST_SECRET} to {LONGEST_SECRET} bytes, this one has {len(secret)}."
    fix = 'make one with: python -c "import secrets; print(secrets.token_hex(32))"'
    raise UsageError(problem, where=where, fix=fix)


def check_targets(files: Iterable[Path | None]) -> None:
    """Refuse files that cannot be written, or that are named twice, before the work begins."""
    from grader.result import check_target

    seen: set[Path] = set()
    for file in files:
        if file is None:
            continue
        check_target(file)
        if file.resolve() in seen:
            raise UsageError("two options name this file.", where=str(file), fix="give each its own file.")
        seen.add(file.resolve())
