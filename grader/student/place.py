"""The screen of `grader` alone: where the student is, and the next step."""

from __future__ import annotations

from datetime import UTC, datetime

from grader.course import Course
from grader.course.answer_sheets import sheet_name
from grader.render.screen import Screen
from grader.render.statuses import GOOD, OPEN, ago, bar
from grader.student.path import paths_text
from grader.student.standing import LessonStanding, Standing, read_standing
from grader.student.steps import has_changed, next_step


def show_place(course: Course, screen: Screen, *, now: datetime | None = None) -> None:
    """Write the course, its lessons with their bars, and one next command."""
    standing = read_standing(course)
    heading(screen, standing, now or datetime.now(UTC))
    for lesson in standing.lessons:
        lesson_row(screen, lesson, symbol=True)
    screen.blank()
    for checkpoint in standing.checkpoints:
        if checkpoint.looked_at and checkpoint.open:
            count = f"{checkpoint.answered} of {len(checkpoint.checkpoint.questions)} answered"
            screen.labelled("Questions", f"checkpoint {checkpoint.checkpoint.id}: {count}, in "
                            f"{sheet_name(checkpoint.checkpoint)}")
    step = next_step(standing, changed=has_changed(standing))
    screen.labelled("Now", step.why)
    if standing.path is None and course.paths:
        choose = f"choose with `grader plan --path {course.paths[0].id}`"
        screen.labelled("Path", f"none is chosen yet: {paths_text(course)}; {choose}")
    screen.labelled("Next", step.command, style="bold")


def heading(screen: Screen, standing: Standing, now: datetime) -> None:
    """Write the course, the path, and when it was last checked."""
    title = next((p.title for p in standing.course.paths if p.id == standing.path), "")
    last = f"last check {ago(standing.history.last, now)}" if standing.history.last else "nothing checked yet"
    if screen.plain:
        screen.sentence(f"{standing.course.title}{f', path {title}' if title else ''}: {last}.")
    else:
        screen.row(f"{standing.course.title}{f' · {title}' if title else ''}", last, style="bold")
        screen.blank()


def lesson_row(screen: Screen, lesson: LessonStanding, *, symbol: bool) -> None:
    """Write a lesson with a bar of its public points."""
    name = f"Lesson {lesson.lesson.id}"
    if screen.plain:
        points = f"{lesson.score} of {lesson.max_score} public points"
        screen.sentence(f"{name}, {lesson.lesson.title}: {points}.")
        return
    sign = (GOOD if lesson.done else OPEN) if symbol else None
    screen.row(f"{name} · {lesson.lesson.title}", f"{lesson.score}/{lesson.max_score}", symbol=sign,
               note=bar(lesson.score, lesson.max_score), style="" if symbol else "bold")
