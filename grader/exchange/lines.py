"""A result as a flat list of scored lines, with texts that are safe in any other format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from grader.render.text import neutralise
from grader.result import (
    CheckpointResult,
    CriterionResult,
    ExerciseResult,
    Feedback,
    LessonResult,
    MisconceptionFound,
    Result,
    Status,
    Visibility,
)

LONGEST = 20_000
"""Characters of a text. No format needs more, and text of megabytes would cost seconds."""

WRONG: tuple[Status, ...] = ("failed", "error", "timeout")
SETTLED: tuple[Status, ...] = ("passed", "awaiting_review")
WORDS: dict[Status, str] = {
    "passed": "passed",
    "failed": "failed",
    "error": "error",
    "timeout": "out of time",
    "blocked": "blocked",
    "not_started": "not started",
    "awaiting_review": "awaits review",
}


@dataclass(frozen=True)
class ScoredLine:
    """A criterion of an exercise, or a question of a checkpoint."""

    group: str
    """What it is part of: "lesson 1", "checkpoint 3"."""
    number: str
    """The id of its exercise or checkpoint: "1.5", "3"."""
    function: str
    """The exercise's function; empty for a question."""
    part: str
    """The id of the criterion or the question."""
    sentence: str
    """What should hold, or what is wrong, in one line."""
    status: Status
    score: int
    points: int
    visibility: Visibility = "public"
    detail: str = ""
    """The rest of the feedback; several lines."""
    file: str = ""
    line: int = 0
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """Name the line: "1.5 scaled_dot: stable"."""
        return f"{self.number} {self.function or 'checkpoint'}: {self.part}"


def scored_lines(result: Result) -> tuple[ScoredLine, ...]:
    """List everything that has a score, in the order of the course. Their scores sum to the result's."""
    lessons = (line for lesson in result.lessons for line in _of_lesson(lesson))
    questions = (line for checkpoint in result.checkpoints for line in _of_checkpoint(checkpoint))
    return (*lessons, *questions)


def clip(text: str, limit: int) -> str:
    """Cut a text that is longer than `limit` characters, and say so."""
    mark = "… (cut)"
    return text if len(text) <= limit else text[: max(0, limit - len(mark))] + mark[:limit]


def _of_lesson(lesson: LessonResult) -> Iterator[ScoredLine]:
    for exercise in lesson.exercises:
        for index, criterion in enumerate(exercise.criteria):
            yield _of_criterion(lesson, exercise, criterion, 0.0 if index else exercise.seconds)


def _of_criterion(
    lesson: LessonResult, exercise: ExerciseResult, criterion: CriterionResult, seconds: float
) -> ScoredLine:
    feedback, place = criterion.feedback, exercise.location
    return ScoredLine(
        group=f"lesson {neutralise(lesson.id)}",
        number=neutralise(exercise.id),
        function=neutralise(exercise.function),
        part=neutralise(criterion.id),
        sentence=neutralise(clip(feedback.summary if feedback else criterion.text, LONGEST)),
        status=criterion.status,
        score=criterion.score,
        points=criterion.points,
        visibility=criterion.visibility,
        detail=_detail(exercise, feedback),
        file=neutralise(place.file) if place else "",
        line=place.line if place else 0,
        seconds=seconds,
    )


def _of_checkpoint(checkpoint: CheckpointResult) -> Iterator[ScoredLine]:
    for question in checkpoint.questions:
        blank = f"{neutralise(question.kind)}: {WORDS[question.status]}"
        yield ScoredLine(
            group=f"checkpoint {neutralise(checkpoint.id)}",
            number=neutralise(checkpoint.id),
            function="",
            part=neutralise(question.id),
            sentence=neutralise(clip(question.feedback, LONGEST)) or blank,
            status=question.status,
            score=question.score,
            points=question.max_score,
        )


def _detail(exercise: ExerciseResult, feedback: Feedback | None) -> str:
    waits = f"waits for {', '.join(exercise.waits_for)}" if exercise.waits_for else ""
    lines = [waits, *(_feedback(feedback) if feedback else ())]
    return neutralise("\n".join(clip(line, LONGEST) for line in lines if line), multiline=True)


def _feedback(feedback: Feedback) -> Iterator[str]:
    yield feedback.detail
    pairs = (
        ("expected", feedback.expected), ("yours", feedback.actual),
        ("Hint:", feedback.hint), ("Read again:", feedback.read), ("Next:", feedback.next),
    )  # fmt: skip
    for index, (word, text) in enumerate(pairs):
        if index == 2 and feedback.misconception:  # noqa: PLR2004 - between the numbers and the advice
            yield _misconception(feedback.misconception)
        if text:
            yield f"{word} {text}"


def _misconception(found: MisconceptionFound) -> str:
    if found.certainty == "sure":
        return f"Looks like: {found.title}\n{found.text}"
    return f"Looks like one of: {'; '.join((found.title, *found.others))}"
