"""A result as a screen: the student's (`check`) and the teacher's (`grade`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from grader.render.reading import where_to_read
from grader.render.screen import Screen, Symbol, open_console
from grader.render.statuses import BAD, GOOD, OPEN, SYMBOLS, WORDS

if TYPE_CHECKING:
    from rich.console import Console

    from grader.course.model import Course
    from grader.result import (
        CriterionResult,
        ExerciseResult,
        Feedback,
        LessonResult,
        MisconceptionFound,
        QuestionResult,
        Result,
        Status,
    )

__all__ = ["Mode", "open_console", "render_result"]

Mode = Literal["check", "grade"]

WRONG: tuple[Status, ...] = ("failed", "error", "timeout")
DETAIL_LINES = 12

_SELF_EVIDENT: tuple[Status, ...] = ("passed", "failed")
_LEVELS = {
    "kernel+": "the kernel confines the student's code, and a second layer stands behind it",
    "kernel": "the kernel confines the student's code",
    "process": "another process only: protects from accidents, not from intent",
}


def render_result(result: Result, course: Course, *, mode: Mode, console: Console, plain: bool) -> None:
    """Print the screen of a result: `check` for the student, `grade` for who grades.

    `plain` writes words for symbols, no colours and no columns, for screen readers and logs.
    """
    screen = Screen(console, plain=plain)
    for lesson in result.lessons:
        _lesson(screen, lesson, mode)
    if mode == "check":
        _answers(screen, result)
        _first_failure(screen, result, course)
    else:
        _failures(screen, result, course)
        _checkpoints(screen, result)
        _totals(screen, result)
    if result.integrity or result.warnings:
        screen.blank()
        _problems(screen, result)
    screen.show()


def _lesson(screen: Screen, lesson: LessonResult, mode: Mode) -> None:
    points = f"{lesson.score} {'of' if screen.plain else '/'} {lesson.max_score} points"
    points = f"public {points}" if mode == "check" else points
    if screen.plain:
        screen.sentence(f"Lesson {lesson.id}, {lesson.title}: {points}.")
    else:
        screen.row(f"Lesson {lesson.id} · {lesson.title}", points, style="bold")
    for exercise in lesson.exercises:
        _exercise(screen, exercise)
    if lesson.unchecked:
        more = "more points are" if lesson.unchecked > 1 else "more point is"
        screen.sentence(f"{lesson.unchecked} {more} checked by your teacher", indent=4, style="dim")
    screen.blank()


def _exercise(screen: Screen, exercise: ExerciseResult) -> None:
    name = f"{exercise.id} {exercise.function}"
    word = _status_words(exercise)
    if not exercise.criteria:
        # Nothing of it was checked here, so it has no points to show.
        _line(screen, name, "checked by your teacher", "", OPEN)
        return
    if screen.plain:
        screen.sentence(f"{name}: {word}, {exercise.score} of {exercise.max_score} points.")
        return
    note = "" if exercise.status in _SELF_EVIDENT else word
    _line(screen, name, note, f"{exercise.score}/{exercise.max_score}", SYMBOLS[exercise.status])


def _line(screen: Screen, name: str, note: str, points: str, symbol: Symbol) -> None:
    if screen.plain:
        screen.sentence(f"{name}: {note}.")
        return
    style = symbol.style if symbol.style == "dim" else ""
    screen.row(name, points, symbol=symbol, note=note, style=style)


def _status_words(exercise: ExerciseResult) -> str:
    if exercise.status == "blocked" and exercise.waits_for:
        return f"waits for {', '.join(exercise.waits_for)}"
    return WORDS[exercise.status]


def _wrong(result: Result) -> Iterator[tuple[ExerciseResult, list[CriterionResult]]]:
    """Give each exercise that went wrong, with the criteria it lost."""
    for lesson in result.lessons:
        for exercise in lesson.exercises:
            lost = [c for c in exercise.criteria if c.status in WRONG]
            if lost:
                yield exercise, lost


def _first_failure(screen: Screen, result: Result, course: Course) -> None:
    found = next(_wrong(result), None)
    if found is None:
        _next_step(screen, result)
        return
    exercise, (criterion, *_) = found
    _sentence_of(screen, f"{exercise.id}  {_sentence(criterion)}")
    if exercise.location:
        screen.sentence(f"{_place(exercise)}   {exercise.function}", indent=4)
    feedback = criterion.feedback
    if feedback is None:
        return
    if feedback.detail.strip():
        screen.verbatim(feedback.detail, indent=6, most=DETAIL_LINES)
    _numbers(screen, feedback)
    if feedback.misconception:
        _misconception(screen, feedback.misconception)
    _advice(screen, feedback, course, next_step=f"grader hint {exercise.id}")


def _next_step(screen: Screen, result: Result) -> None:
    """Say what to do when nothing that was written is wrong."""
    open_ = [e for lesson in result.lessons for e in lesson.exercises if e.status == "not_started"]
    if open_:
        first = open_[0]
        place = f" in {first.location.file}" if first.location else ""
        screen.labelled("Next", f"write {first.id} {first.function}{place}")
    elif result.passed:
        if result.max_score:
            screen.sentence("all public checks passed", symbol=GOOD, style="green")
        if any(lesson.unchecked for lesson in result.lessons):
            screen.labelled("Next", "commit and push: your teacher checks the rest")


def _failures(screen: Screen, result: Result, course: Course) -> None:
    for exercise, lost in _wrong(result):
        place = f"   {_place(exercise)}" if exercise.location else ""
        _sentence_of(screen, f"{exercise.id} {exercise.function}{place}")
        for criterion in lost:
            points = f"{criterion.id} {criterion.score}/{criterion.points}"
            word = "" if criterion.status == "failed" else f" ({WORDS[criterion.status]})"
            screen.sentence(f"{points}{word}  {_sentence(criterion)}", indent=6)
        feedback = [c.feedback for c in lost if c.feedback]
        numbers = next((f for f in feedback if f.actual), None)
        if numbers:
            screen.verbatim(numbers.detail, indent=6, most=DETAIL_LINES)
            _numbers(screen, numbers)
        for misconception in dict.fromkeys(f.misconception for f in feedback if f.misconception):
            _misconception(screen, misconception)
        if feedback:
            _advice(screen, feedback[0], course)
        screen.blank()


def _sentence_of(screen: Screen, text: str) -> None:
    if screen.plain:
        screen.sentence(f"Failed: {text}")
    else:
        screen.sentence(text, symbol=BAD, style="bold")


def _sentence(criterion: CriterionResult) -> str:
    return criterion.feedback.summary if criterion.feedback else criterion.text


def _place(exercise: ExerciseResult) -> str:
    return f"{exercise.location.file}:{exercise.location.line}" if exercise.location else ""


def _numbers(screen: Screen, feedback: Feedback) -> None:
    for label, text in (("expected", feedback.expected), ("yours", feedback.actual)):
        if text is None:
            continue
        if "\n" in text.strip() or screen.plain:
            screen.sentence(f"{label}:", indent=6)
            screen.verbatim(text, indent=8, most=DETAIL_LINES)
        else:
            screen.verbatim(f"{label:<10}{text.strip()}", indent=6, most=1)


def _misconception(screen: Screen, found: MisconceptionFound) -> None:
    title = found.title if screen.plain else found.title.upper()
    if found.certainty == "sure":
        certainty = "your numbers match this mistake on every call, and no other one we know"
        screen.labelled("Looks like", f"{title}  (sure: {certainty})", style="yellow")
        screen.labelled("Meaning", found.text)
        return
    titles = "; ".join((found.title, *found.others))
    lead = "one of" if found.others else "perhaps"
    screen.labelled("Looks like", f"{lead}: {titles}", style="yellow")


def _advice(screen: Screen, feedback: Feedback, course: Course, *, next_step: str = "") -> None:
    read = where_to_read(course, feedback.read) if feedback.read else ""
    for label, text in (("Read again", read), ("Next", next_step or feedback.next)):
        if text:
            screen.labelled(label, text)


def _checkpoints(screen: Screen, result: Result) -> None:
    for checkpoint in result.checkpoints:
        points = f"{checkpoint.score}/{checkpoint.max_score}"
        name, word = f"Checkpoint {checkpoint.id} · {checkpoint.title}", WORDS[checkpoint.status]
        if screen.plain:
            name = name.replace(" · ", ", ")
            screen.sentence(f"{name}: {word}, {points.replace('/', ' of ')} points.")
        else:
            screen.row(name, points, symbol=SYMBOLS[checkpoint.status], note=word)
        if checkpoint.feedback:
            screen.sentence(checkpoint.feedback, indent=4)
        for question in checkpoint.questions:
            _question(screen, question)
    if result.checkpoints:
        screen.blank()


def _question(screen: Screen, question: QuestionResult) -> None:
    name, word = f"{question.id} ({question.kind})", WORDS[question.status]
    if screen.plain:
        screen.sentence(f"Question {name}: {word}, {question.score} of {question.max_score} points.")
    else:
        screen.row(f"  {name}", f"{question.score}/{question.max_score}", symbol=SYMBOLS[question.status],
                   note="" if question.status in _SELF_EVIDENT else word)
    if question.feedback:
        screen.sentence(question.feedback, indent=8)


def _answers(screen: Screen, result: Result) -> None:
    """Tell a student what can be told without keys: what is blank, and what has a wrong form."""
    for checkpoint in result.checkpoints:
        answered = [q for q in checkpoint.questions if q.status != "not_started"]
        if not answered:
            continue
        where = f"answers/checkpoint_{checkpoint.id}.toml"
        count = f"{len(answered)} of {len(checkpoint.questions)} questions"
        screen.sentence(f"Checkpoint {checkpoint.id}: {count} answered in {where}; "
                        "your teacher's grader judges them.")
        for question in answered:
            if question.status == "failed":
                screen.sentence(f"{question.id}: {question.feedback}", symbol=SYMBOLS["failed"], indent=4)
        screen.blank()


def _totals(screen: Screen, result: Result) -> None:
    """Write the sum, and what it is worth."""
    path = f", path {result.path}" if result.path else ""
    isolation = result.isolation
    missing = f"; missing: {', '.join(isolation.missing)}" if isolation.missing else ""
    meaning = _LEVELS.get(isolation.level, "unknown to this version of the grader")
    signed = "signed by the teacher" if result.signature else "not signed"
    screen.labelled("Submission", result.submission.id)
    over = " of " if screen.plain else "/"
    screen.labelled("Total", f"{result.score}{over}{result.max_score} points{path}", style="bold")
    screen.labelled("Isolation", f"{isolation.level}: {meaning}{missing}")
    screen.labelled("Trust", f"{result.trust}: {signed}")


def _problems(screen: Screen, result: Result) -> None:
    for problem in result.integrity:
        screen.labelled("Set aside", f"{problem.file}: {problem.problem}", style="yellow")
    for warning in result.warnings:
        screen.labelled("Warning", warning, style="yellow")
