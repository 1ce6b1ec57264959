"""The learning path that a student takes: built into the copy, or chosen and kept in `.grader/path`."""

from __future__ import annotations

from fractions import Fraction

from grader.course import Course, Exercise, Lesson
from grader.errors import UsageError
from grader.render.screen import Screen
from grader.student import journal

FILE = "path"


def chosen_path(course: Course) -> str | None:
    """Give the path of this copy; None if none was chosen, or the course no longer has it."""
    if course.on_path:
        return course.on_path
    word = journal.kept(course.root, FILE).strip()
    return word if word in [path.id for path in course.paths] else None


def keep_path(course: Course, path: str) -> None:
    """Keep the student's choice; refuses another one than the copy was built for."""
    if course.on_path and path != course.on_path:
        problem = f"this copy was made for the path {course.on_path!r}: what is off it is solved here."
        raise UsageError(problem, fix=f"ask your teacher for a copy of the path {path!r}.")
    if not course.on_path:
        journal.keep(course.root, FILE, f"{path}\n")


def on_path(lesson: Lesson, path: str | None) -> tuple[Exercise, ...]:
    """List a lesson's exercises on a path."""
    return tuple(e for e in lesson.exercises if path is None or path in e.paths)


def share_on_path(lesson: Lesson, path: str | None) -> Fraction:
    """Give the share of a lesson's points that is on a path."""
    return Fraction(sum(e.points for e in on_path(lesson, path)), sum(e.points for e in lesson.exercises))


def hours_on_path(course: Course, path: str | None) -> tuple[int, int]:
    """Estimate the hours of a path: each lesson's, by the share of its points on the path."""
    low = sum(lesson.hours[0] * share_on_path(lesson, path) for lesson in course.lessons)
    high = sum(lesson.hours[1] * share_on_path(lesson, path) for lesson in course.lessons)
    return max(1, round(low)), max(1, round(high))


def hours_text(hours: tuple[int, int]) -> str:
    """Write a span of hours."""
    low, high = hours
    if low == high:
        return "1 hour" if low == 1 else f"{low} hours"
    return f"{low} to {high} hours"


def paths_text(course: Course) -> str:
    """List the paths with their hours."""
    return ", ".join(f"{one.id} ({hours_text(hours_on_path(course, one.id))})" for one in course.paths)


def show_paths(course: Course, screen: Screen) -> None:
    """Write the paths to choose from."""
    screen.sentence("Which path through the course do you take? You can change it at any time.")
    screen.blank()
    for number, path in enumerate(course.paths, start=1):
        hours = f"about {hours_text(hours_on_path(course, path.id))}"
        if screen.plain:
            screen.sentence(f"{number}. {path.id}, {hours}: {path.text or path.title}")
        else:
            screen.row(f"{number}  {path.id}", hours, style="bold")
            screen.sentence(path.text or path.title, indent=5)
    screen.blank()
