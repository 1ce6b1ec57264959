"""A result as Markdown, for a job summary, a comment or a file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.render.text import defang, neutralise, one_line
from grader.result.model import (
    CheckpointResult,
    CriterionResult,
    ExerciseResult,
    Feedback,
    LessonResult,
    MisconceptionFound,
    Result,
    Status,
)

_WORDS: dict[Status, str] = {
    "passed": "✓ passed",
    "failed": "✗ failed",
    "error": "✗ error",
    "timeout": "✗ out of time",
    "blocked": "– blocked",
    "not_started": "· not started",
    "awaiting_review": "· awaits review",
}
_WRONG: tuple[Status, ...] = ("failed", "error", "timeout")
_SPECIAL = re.compile(r"([\\`*_\[\]|~!$])")
_START = re.compile(r"^(?=[-+#=])|^(\d{1,9})(?=[.)](?:\s|$))")
"""What would begin a list, a heading or a line at the start of a line."""
_LINKED = re.compile(
    r"(?<=@)(?=[0-9A-Za-z])|(?<=#)(?=[0-9])|(?<=:)(?=//)|(?<=\bwww)(?=\.)|(?<=\bGH)(?=-)", re.IGNORECASE
)
"""Where GitHub would make a mention, a reference or a link out of plain text."""


def to_markdown(result: Result) -> str:
    """Write the whole result. Text from the submission cannot become markup, a mention or a command."""
    blocks = [f"# {_title(result)}", _totals(result)]
    blocks += [block for lesson in result.lessons for block in _lesson(lesson)]
    blocks += [_checkpoint(checkpoint) for checkpoint in result.checkpoints]
    blocks += _remarks(result)
    # Once more, line by line: blocks are put together from pieces that were harmless one by one.
    return defang("\n\n".join(blocks) + "\n")


def escape(text: str) -> str:
    """Write text so that Markdown and HTML show it as it is, on one line."""
    text = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LINKED.sub("&#8203;", _START.sub(r"\1\\", _SPECIAL.sub(r"\\\1", text)))


def fenced(text: str) -> str:
    """Write text as a code block, with a fence longer than any in it."""
    text = neutralise(text, multiline=True).rstrip()
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _title(result: Result) -> str:
    return f"{escape(result.submission.id)}: {result.score} of {result.max_score} points"


def _totals(result: Result) -> str:
    path = f" · path {escape(result.path)}" if result.path else ""
    missing = ", ".join(result.isolation.missing)
    level = f"{result.isolation.level}{f' (missing: {missing})' if missing else ''}"
    return (
        f"{escape(result.trust)} · isolation {escape(level)}{path} · "
        f"course {escape(result.course.id)} {escape(result.course.version)} · "
        f"graded {escape(result.graded_at)}"
    )


def _lesson(lesson: LessonResult) -> Iterator[str]:
    points = f"{lesson.score} of {lesson.max_score} points"
    yield f"## Lesson {escape(lesson.id)} · {escape(lesson.title)}: {points}"
    rows = [_row(exercise) for exercise in lesson.exercises]
    yield "\n".join(["| exercise | status | points |", "|---|---|---:|", *rows])
    if lesson.unchecked:
        yield f"{lesson.unchecked} more points are checked by your teacher."
    for exercise in lesson.exercises:
        yield from _failure(exercise)


def _row(exercise: ExerciseResult) -> str:
    waits = f", waits for {escape(', '.join(exercise.waits_for))}" if exercise.waits_for else ""
    name = f"{escape(exercise.id)} {escape(exercise.function)}"
    return f"| {name} | {_WORDS[exercise.status]}{waits} | {exercise.score}/{exercise.max_score} |"


def _failure(exercise: ExerciseResult) -> Iterator[str]:
    lost = [c for c in exercise.criteria if c.status in _WRONG]
    if not lost:
        return
    place = f" · {escape(f'{exercise.location.file}:{exercise.location.line}')}" if exercise.location else ""
    yield f"### ✗ {escape(exercise.id)} {escape(exercise.function)}{place}"
    yield "\n".join(_criterion(criterion) for criterion in lost)
    feedback = [c.feedback for c in lost if c.feedback]
    yield from _evidence(feedback)
    for found in dict.fromkeys(f.misconception for f in feedback if f.misconception):
        yield _misconception(found)
    if feedback:
        yield from _advice(feedback[0])


def _criterion(criterion: CriterionResult) -> str:
    sentence = criterion.feedback.summary if criterion.feedback else criterion.text
    word = "" if criterion.status == "failed" else f" ({_WORDS[criterion.status][2:]})"
    return f"- **{escape(criterion.id)}** {criterion.score}/{criterion.points}{word}: {escape(sentence)}"


def _evidence(feedback: list[Feedback]) -> Iterator[str]:
    """Show the first failure's numbers: what was called, what was expected, what came."""
    for first in feedback[:1]:
        pieces = (("", first.detail), ("Expected", first.expected), ("Yours", first.actual))
        for label, text in pieces:
            if text and text.strip():
                yield f"{label}:\n\n{fenced(text)}" if label else fenced(text)


def _misconception(found: MisconceptionFound) -> str:
    if found.certainty == "sure":
        return f"**Looks like: {escape(found.title)}** (sure)\n\n{escape(found.text)}"
    if found.others:
        return f"**Looks like one of:** {'; '.join(escape(t) for t in (found.title, *found.others))}"
    return f"**May be:** {escape(found.title)}"


def _advice(feedback: Feedback) -> Iterator[str]:
    pairs = (("Read again", feedback.read), ("Next", feedback.next))
    lines = [f"- {label}: {escape(text)}" for label, text in pairs if text]
    if lines:
        yield "\n".join(lines)


def _checkpoint(checkpoint: CheckpointResult) -> str:
    points = f"{checkpoint.score} of {checkpoint.max_score} points"
    title = f"## Checkpoint {escape(checkpoint.id)} · {escape(checkpoint.title)}: {points}"
    status = _WORDS[checkpoint.status]
    text = f"{title}\n\n{status}. {escape(checkpoint.feedback)}".rstrip()
    if not checkpoint.questions:
        return text
    return f"{text}\n\n| question | status | points | |\n|---|---|---|---|\n" + "\n".join(
        f"| {escape(q.id)} ({escape(q.kind)}) | {_WORDS[q.status]} | {q.score}/{q.max_score} "
        f"| {escape(q.feedback)} |"
        for q in checkpoint.questions)


def _remarks(result: Result) -> list[str]:
    """List the files that were set aside, and the warnings."""
    lines = [f"- set aside: {escape(p.file)}: {escape(p.problem)}" for p in result.integrity]
    lines += [f"- {escape(warning)}" for warning in result.warnings]
    return ["## Remarks", "\n".join(lines)] if lines else []
