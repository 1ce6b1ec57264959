"""Sum up a checkpoint: points, status, and a paragraph that a person can act on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from grader.course import Checkpoint
from grader.result import CheckpointResult, ExerciseResult, LessonResult, QuestionResult, Status


def checkpoint_result(
    checkpoint: Checkpoint, lessons: list[LessonResult], questions: tuple[QuestionResult, ...]
) -> CheckpointResult:
    """Sum up the graded lessons and questions of a checkpoint."""
    exercises = [e for lesson in lessons for e in lesson.exercises]
    return CheckpointResult(
        checkpoint.id, checkpoint.title, _status_of([*exercises, *questions]),
        total(*lessons, *questions), most(*lessons, *questions),
        _text(checkpoint, exercises, questions), tuple(lesson.id for lesson in lessons), questions)


def total(*parts: LessonResult | QuestionResult) -> int:
    """Add the points that were earned."""
    return sum(part.score for part in parts)


def most(*parts: LessonResult | QuestionResult) -> int:
    """Add the points that could be earned."""
    return sum(part.max_score for part in parts)


def _status_of(parts: Sequence[ExerciseResult | QuestionResult]) -> Status:
    """Sum up: what waits for a teacher holds nothing up that has passed."""
    found = {part.status for part in parts}
    if found <= {"passed"}:
        return "passed"
    if found == {"not_started"}:
        return "not_started"
    return "awaiting_review" if found <= {"passed", "awaiting_review"} else "failed"


def _text(
    checkpoint: Checkpoint, exercises: list[ExerciseResult], questions: tuple[QuestionResult, ...]
) -> str:
    """Write a paragraph that a person can act on."""
    open_ = [e for e in exercises if e.status != "passed"]
    text = "All exercises here have passed." if questions else "Everything here has passed."
    if exercises and all(e.status == "not_started" for e in exercises):
        text = f"Nothing is started yet. Begin with {_name(exercises[0])}."
    elif open_:
        lost = sum(e.max_score - e.score for e in open_)
        points = "1 point is" if lost == 1 else f"{lost} points are"
        text = (f"{len(exercises) - len(open_)} of {len(exercises)} exercises have passed; "
                f"{points} still open. Go on with {_name(open_[0])}.")
    return " ".join([text, *_questions_text(checkpoint, questions)])


def _questions_text(checkpoint: Checkpoint, questions: tuple[QuestionResult, ...]) -> Iterator[str]:
    counts = Counter(question.status for question in questions)
    blank, wrong, waiting = counts["not_started"], counts["failed"], counts["awaiting_review"]
    if blank:
        which = "All questions are" if blank == len(questions) else f"{_number(blank, 'question')}"
        verb = "" if blank == len(questions) else (" is" if blank == 1 else " are")
        yield f"{which}{verb} blank: answer in answers/checkpoint_{checkpoint.id}.toml."
    if wrong:
        yield f"{_number(wrong, 'answer')} {'is' if wrong == 1 else 'are'} not right yet."
    if waiting:
        yield f"{_number(waiting, 'answer')} {'waits' if waiting == 1 else 'wait'} for your teacher."
    if questions and counts["passed"] == len(questions):
        yield "All questions are answered right."


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _name(exercise: ExerciseResult) -> str:
    return f"{exercise.id} {exercise.function}"
