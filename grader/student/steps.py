"""What to do next: one sentence, and one command."""

from __future__ import annotations

from dataclasses import dataclass

from grader.course import Course, Exercise
from grader.course.answer_sheets import sheet_name
from grader.errors import SubmissionError
from grader.render.statuses import WORDS
from grader.student.standing import ExerciseStanding, Standing
from grader.submission import read_submission


@dataclass(frozen=True)
class Step:
    """The next step."""

    why: str
    command: str


def next_step(standing: Standing, *, changed: bool) -> Step:
    """Choose the next step; `changed` says that the sources are not those of the last check."""
    open_ = standing.next
    if open_ is not None:
        return _exercise(standing, open_, changed)
    for checkpoint in standing.checkpoints:
        sheet = sheet_name(checkpoint.checkpoint)
        if not checkpoint.looked_at or (checkpoint.open and changed):
            return Step(f"the exercises have passed; now the questions in {sheet}", "grader check")
        if checkpoint.open:
            count = "1 question is" if checkpoint.open == 1 else f"{checkpoint.open} questions are"
            return Step(f"{count} open: answer in {sheet}, then check", "grader check")
    return Step("all public checks have passed; commit and push, your teacher checks the rest", "git push")


def _exercise(standing: Standing, open_: ExerciseStanding, changed: bool) -> Step:
    exercise, lesson = open_.exercise, standing.lesson(open_.exercise)
    write = f"write {named(exercise)} in {file_of(standing.course, exercise)}"
    if changed and standing.history.runs:
        return Step(f"{named(exercise)} is open, and your code has changed since the last check",
                    f"grader check {exercise.id}")
    if open_.seen is not None and open_.begun:
        return Step(f"{named(exercise)}: {WORDS[open_.seen.status]} when it was last checked",
                    f"grader hint {exercise.id}")
    if not lesson.begun:
        return Step(f"read lesson {lesson.lesson.id}, then {write}", f"grader read {lesson.lesson.id}")
    return Step(f"{write}, then check it", f"grader check {exercise.id}")


def named(exercise: Exercise) -> str:
    """Name an exercise by its id and its function."""
    return f"{exercise.id} {exercise.function}"


def file_of(course: Course, exercise: Exercise) -> str:
    """Name the file that an exercise is written in, from the root of the repository."""
    return f"{course.package}/{exercise.module.replace('.', '/')}.py"


def has_changed(standing: Standing) -> bool:
    """Tell whether the sources differ from those of the last check; nothing of them is run."""
    try:
        now = read_submission(standing.course.root, standing.course.package)
    except SubmissionError:
        return False
    return bool(standing.history.digest) and now.digest != standing.history.digest
