"""The screen of `grader progress`: lessons, exercises, checkpoints, what is open."""

from __future__ import annotations

from datetime import UTC, datetime

from grader.course import Course
from grader.course.answer_sheets import sheet_name
from grader.render.screen import Screen
from grader.render.statuses import OPEN, SYMBOLS, WORDS
from grader.student.place import heading, lesson_row
from grader.student.standing import (
    CheckpointStanding,
    ExerciseStanding,
    LessonStanding,
    Standing,
    read_standing,
)
from grader.student.steps import named, next_step


def show_progress(course: Course, screen: Screen, *, now: datetime | None = None) -> None:
    """Write all that is known of the student's work, from the history alone."""
    standing = read_standing(course)
    heading(screen, standing, now or datetime.now(UTC))
    for lesson in standing.lessons:
        _lesson(screen, lesson)
        for checkpoint in standing.checkpoints:
            if _last_on_path(standing, checkpoint) == lesson.lesson.id:
                _checkpoint(screen, checkpoint)
        screen.blank()
    _open(screen, standing)
    screen.labelled("Next", next_step(standing, changed=False).command, style="bold")


def _last_on_path(standing: Standing, checkpoint: CheckpointStanding) -> str:
    here = [one.lesson.id for one in standing.lessons if one.lesson.id in checkpoint.checkpoint.lessons]
    return here[-1]


def _lesson(screen: Screen, lesson: LessonStanding) -> None:
    lesson_row(screen, lesson, symbol=False)
    if not any(e.seen for e in lesson.exercises):
        count = _number(len(lesson.exercises), "exercise")
        screen.sentence(f"{count}, not checked yet", indent=4, style="dim")
        return
    for standing in lesson.exercises:
        _exercise(screen, standing)
    if lesson.off_path:
        more = "exercise is" if lesson.off_path == 1 else "exercises are"
        screen.sentence(f"{lesson.off_path} more {more} off your path", indent=4, style="dim")


def _exercise(screen: Screen, standing: ExerciseStanding) -> None:
    status = standing.seen.status if standing.seen else None
    word = WORDS[status] if status else "not checked yet"
    score = standing.seen.score if standing.seen else 0
    name, tries = named(standing.exercise), _tries(standing)
    if screen.plain:
        screen.sentence(f"{name}: {word}{f' in {tries}' if tries else ''}, "
                        f"{score} of {standing.max_score} points.")
        return
    note = "" if status in ("passed", "failed") else word
    symbol = SYMBOLS[status] if status else OPEN
    screen.row(f"{name}{f' · {tries}' if tries else ''}", f"{score}/{standing.max_score}",
               symbol=symbol, note=note, style="dim" if symbol.style == "dim" else "")


def _tries(standing: ExerciseStanding) -> str:
    tries = standing.seen.tries if standing.seen else 0
    return "" if not tries else "1 try" if tries == 1 else f"{tries} tries"


def _checkpoint(screen: Screen, standing: CheckpointStanding) -> None:
    checkpoint, count = standing.checkpoint, len(standing.checkpoint.questions)
    answered = f"{standing.answered} of {count} questions answered"
    state = answered if standing.looked_at else "questions not looked at yet"
    if screen.plain:
        screen.sentence(f"Checkpoint {checkpoint.id}, {checkpoint.title}: {state}.")
    else:
        screen.row(f"Checkpoint {checkpoint.id} · {checkpoint.title}", state, style="bold")
    for name in standing.wrong:
        screen.sentence(f"{name}: this answer has another form than the question asks for, in "
                        f"{sheet_name(checkpoint)}", symbol=SYMBOLS["failed"], indent=2)


def _open(screen: Screen, standing: Standing) -> None:
    open_ = [e for e in standing.exercises if not e.passed]
    points = sum(e.max_score - (e.seen.score if e.seen else 0) for e in open_)
    questions = sum(c.open for c in standing.checkpoints)
    parts = [_number(len(open_), "exercise"), _number(questions, "question"), _number(points, "public point")]
    whole = ", ".join(part for part in parts if part)
    screen.labelled("Open", whole or "nothing: all public checks have passed")
    if standing.history.runs:
        won = sum(lesson.score for lesson in standing.lessons)
        most = sum(lesson.max_score for lesson in standing.lessons)
        screen.labelled("Next push", f"{won} of {most} public points, by your last checks")


def _number(count: int, noun: str) -> str:
    return "" if not count else f"{count} {noun}" if count == 1 else f"{count} {noun}s"
