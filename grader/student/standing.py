"""Where a student stands: the course, seen through the history and along the path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from grader.course import Checkpoint, Course, Exercise, Lesson, points_on_path
from grader.result import Status
from grader.student.history import History, Seen, read_history
from grader.student.path import chosen_path, on_path


@dataclass(frozen=True)
class ExerciseStanding:
    """One exercise on the path, and how it was last seen (None if it never was)."""

    exercise: Exercise
    seen: Seen | None
    max_score: int
    """Its public points."""

    @property
    def passed(self) -> bool:
        """Tell whether it passed when it was last checked."""
        return self.seen is not None and self.seen.status == "passed"

    @property
    def begun(self) -> bool:
        """Tell whether anything of it was written when it was last checked."""
        return self.seen is not None and self.seen.status != "not_started"


@dataclass(frozen=True)
class LessonStanding:
    """One lesson on the path."""

    lesson: Lesson
    exercises: tuple[ExerciseStanding, ...]
    off_path: int
    """Exercises of the lesson that the path leaves out."""

    @property
    def score(self) -> int:
        """Sum the public points that were won."""
        return sum(e.seen.score for e in self.exercises if e.seen)

    @property
    def max_score(self) -> int:
        """Sum the public points that can be won."""
        return sum(e.max_score for e in self.exercises)

    @property
    def done(self) -> bool:
        """Tell whether every exercise has passed."""
        return all(e.passed for e in self.exercises)

    @property
    def begun(self) -> bool:
        """Tell whether anything in it was written."""
        return any(e.begun for e in self.exercises)


@dataclass(frozen=True)
class CheckpointStanding:
    """The questions of a checkpoint."""

    checkpoint: Checkpoint
    answered: int
    looked_at: bool
    """False as long as no run has looked at the answers: only a check of everything does."""
    wrong: tuple[str, ...]
    """Questions whose answer has not the form that is asked for."""

    @property
    def open(self) -> int:
        """Count the questions without an answer in the right form."""
        return len(self.checkpoint.questions) - self.answered + len(self.wrong)


@dataclass(frozen=True)
class Standing:
    """All of it."""

    course: Course
    history: History
    path: str | None
    lessons: tuple[LessonStanding, ...]
    checkpoints: tuple[CheckpointStanding, ...]

    @cached_property
    def exercises(self) -> tuple[ExerciseStanding, ...]:
        """List the exercises on the path, in the order of the course."""
        return tuple(e for lesson in self.lessons for e in lesson.exercises)

    @cached_property
    def next(self) -> ExerciseStanding | None:
        """Give the first exercise that has not passed; None where all have."""
        return next((e for e in self.exercises if not e.passed), None)

    def lesson(self, exercise: Exercise) -> LessonStanding:
        """Give the lesson of an exercise on the path."""
        return next(one for one in self.lessons if one.lesson.id == exercise.lesson)


def read_standing(course: Course) -> Standing:
    """Look where the student stands, from the files of the course and of `.grader/` alone."""
    history, path = read_history(course), chosen_path(course)
    lessons = tuple(_lesson(course, lesson, history, path) for lesson in course.lessons)
    kept = tuple(lesson for lesson in lessons if lesson.exercises)
    ids = {lesson.lesson.id for lesson in kept}
    checkpoints = tuple(_checkpoint(c, history) for c in course.checkpoints
                        if c.questions and ids & set(c.lessons))
    return Standing(course, history, path, kept, checkpoints)


def _lesson(course: Course, lesson: Lesson, history: History, path: str | None) -> LessonStanding:
    weights = points_on_path(lesson, course.on_path)  # as `grader check` weighs them

    def standing(exercise: Exercise) -> ExerciseStanding:
        seen = history.exercises.get(exercise.id)
        public = sum(weights[exercise.id, c.id] for c in exercise.criteria if c.public)
        return ExerciseStanding(exercise, seen, seen.max_score if seen else public)

    exercises = on_path(lesson, path)
    return LessonStanding(lesson, tuple(map(standing, exercises)), len(lesson.exercises) - len(exercises))


def _checkpoint(checkpoint: Checkpoint, history: History) -> CheckpointStanding:
    seen = history.questions.get(checkpoint.id, {})
    blank: Status = "not_started"
    states = {question.id: seen.get(question.id, blank) for question in checkpoint.questions}
    return CheckpointStanding(
        checkpoint, sum(state != blank for state in states.values()), bool(seen),
        tuple(name for name, state in states.items() if state == "failed"))
