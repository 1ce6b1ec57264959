"""Turn a path and a rhythm into a dated plan: which exercise on which day, for how long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from grader.course import Course, Lesson
from grader.course.files import CourseFiles
from grader.errors import CourseError, UsageError
from grader.render.reading import minutes_to_read
from grader.student.history import History
from grader.student.lesson_text import PAGE
from grader.student.path import on_path, share_on_path

QUESTION_MINUTES = 30
"""For the questions of one checkpoint; the hours of the lessons do not count them."""
MOST_READING = Fraction(1, 2)
"""Of a lesson's time: the other half is for writing, however long the text is."""
SATURDAY = 5
DAYS_A_WEEK = 7
MOST_SESSIONS_A_WEEK = 5
STEP = 5
"""Minutes: nothing is planned more exactly, and no task goes on in another session for so little."""
BEGINNING = 15
"""Minutes: nothing is begun at the end of a session for less, unless it fits."""


@dataclass(frozen=True)
class Rhythm:
    """When there is time: so many minutes on each of these days of a week."""

    id: str
    title: str
    minutes: int
    days: tuple[int, ...]
    """Days after the start, 0 to 6; for a weekend the days of the week, Monday being 0."""
    weekend: bool = False


EVERY_DAY = tuple(range(DAYS_A_WEEK))
RHYTHMS = (
    Rhythm("half-hour", "30 minutes a day", 30, EVERY_DAY),
    Rhythm("two-hours", "2 hours a day", 120, EVERY_DAY),
    Rhythm("weekend", "6 hours a day on weekends", 360, (SATURDAY, SATURDAY + 1), weekend=True),
)


@dataclass(frozen=True)
class Task:
    """Something to do, and how long it takes."""

    text: str
    minutes: int


@dataclass(frozen=True)
class Session:
    """One day of the plan."""

    day: date
    tasks: tuple[Task, ...]

    @property
    def minutes(self) -> int:
        """Sum the tasks."""
        return sum(task.minutes for task in self.tasks)


@dataclass(frozen=True)
class Plan:
    """A path in days."""

    path: str
    rhythm: str
    sessions: tuple[Session, ...]

    @property
    def minutes(self) -> int:
        """Sum the sessions."""
        return sum(session.minutes for session in self.sessions)


def rhythm_of_hours(hours: float, per: str) -> Rhythm:
    """Make a rhythm of so many hours a day, or a week: then about an hour at a time, on up to five days."""
    minutes = round(hours * 60)
    most = 24 * 60 * (DAYS_A_WEEK if per == "week" else 1)
    if not STEP <= minutes <= most:
        raise UsageError(f"{hours:g} hours a {per} is no time to plan with.",
                         fix=f"use 0.1 to {most // 60} hours a {per}.")
    title = f"{hours:g} hour{'' if hours == 1 else 's'} a {per}"
    if per == "day":
        return Rhythm("hours", title, minutes, EVERY_DAY)
    count = max(1, min(MOST_SESSIONS_A_WEEK, minutes // 60))
    if minutes > count * 24 * 60:
        count = DAYS_A_WEEK
    days = tuple(number * DAYS_A_WEEK // count for number in range(count))
    return Rhythm("hours", title, -(-minutes // count), days)


def make_plan(course: Course, path: str | None, rhythm: Rhythm, start: date, history: History) -> Plan:
    """Plan what is on a path, from a day on; what the history says has passed is left out."""
    title = next((one.title for one in course.paths if one.id == path), "the whole course")
    tasks = [task for lesson in course.lessons for task in lesson_tasks(course, lesson, path, history)]
    try:
        sessions = tuple(_sessions(tasks, rhythm, start))
        _ = sessions and sessions[-1].day + timedelta(days=1)  # where its event ends in a calendar
    except OverflowError:
        raise UsageError("this plan would go on after the year 9999.", where=start.isoformat(),
                         fix="choose an earlier --start.") from None
    return Plan(title, rhythm.title, sessions)


def lesson_tasks(course: Course, lesson: Lesson, path: str | None, history: History) -> Iterator[Task]:
    """List what a lesson asks for: read it, write each exercise, answer the checkpoint behind it."""
    exercises = on_path(lesson, path)
    open_ = [e for e in exercises if not history.passed(e.id)]
    if open_:
        steps = round(sum(lesson.hours) * 30 * share_on_path(lesson, path) / STEP)  # the middle of the span
        reading = min(-(-_reading_minutes(course, lesson) // STEP), int(steps * MOST_READING))
        if len(open_) == len(exercises):
            example = ", and run the example" if any(lesson.folder.glob("example_*.py")) else ""
            yield Task(f"Lesson {lesson.id} · {lesson.title}: read{example}", max(1, reading) * STEP)
        shares = spread(steps - reading, [e.points for e in exercises])
        for exercise, share in zip(exercises, shares, strict=True):
            if exercise in open_:
                yield Task(f"{exercise.id} {exercise.function}", max(1, share) * STEP)
    for checkpoint in course.checkpoints:
        if checkpoint.questions and exercises and _closes(course, checkpoint.lessons, lesson, path):
            blank = history.questions.get(checkpoint.id, {})
            if any(blank.get(q.id, "not_started") == "not_started" for q in checkpoint.questions):
                yield Task(f"Checkpoint {checkpoint.id} · {checkpoint.title}: questions", QUESTION_MINUTES)


def _closes(course: Course, lessons: Sequence[str], lesson: Lesson, path: str | None) -> bool:
    """Tell whether a lesson is the last one of a checkpoint that is on the path."""
    return [one.id for one in course.lessons if one.id in lessons and on_path(one, path)][-1:] == [lesson.id]


def _reading_minutes(course: Course, lesson: Lesson) -> int:
    try:
        return minutes_to_read(CourseFiles(course.root).text(lesson.folder / PAGE))
    except CourseError:
        return 0


def spread(whole: int, weights: Sequence[int]) -> list[int]:
    """Share out a whole number by weights, by the largest remainder, ties by order."""
    total = sum(weights)
    shares = [divmod(whole * weight, total) for weight in weights]
    left = whole - sum(part for part, _ in shares)
    lucky = sorted(range(len(weights)), key=lambda n: -shares[n][1])[:left]
    return [part + (n in lucky) for n, (part, _) in enumerate(shares)]


def _sessions(tasks: Sequence[Task], rhythm: Rhythm, start: date) -> Iterator[Session]:
    """Fill day after day; a task that does not fit goes on in the next session."""
    waiting = list(reversed(tasks))
    for day in _days(rhythm, start):
        if not waiting:
            return
        done: list[Task] = []
        room = rhythm.minutes
        while waiting and (not done or room >= min(BEGINNING, waiting[-1].minutes)):
            task = waiting.pop()
            part = task.minutes if task.minutes <= room + STEP else room
            done.append(Task(task.text, part))
            if part < task.minutes:
                waiting.append(Task(_going_on(task.text), task.minutes - part))
            room -= part
        yield Session(day, tuple(done))


def _going_on(text: str) -> str:
    return text if text.endswith(" (goes on)") else f"{text} (goes on)"


def _days(rhythm: Rhythm, start: date) -> Iterator[date]:
    """Give the days of a rhythm without end."""
    week = start - timedelta(days=start.weekday()) if rhythm.weekend else start
    while True:
        for number in rhythm.days:
            day = week + timedelta(days=number)
            if day >= start:
                yield day
        week += timedelta(days=DAYS_A_WEEK)
