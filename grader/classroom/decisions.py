"""What a teacher decides about a class: what an override names, and which answers wait for a review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from grader.classroom.gradebook import Gradebook
from grader.classroom.records import AnswerText, OverrideKind
from grader.classroom.sheets import read_sheet, sheet
from grader.classroom.standing import standings
from grader.course import Checkpoint, Course, Question, points_on_path
from grader.course.checkpoints import LEVELS
from grader.errors import UsageError

SHEET = ("checkpoint", "question", "answer", "students", "asked", "text", "file", "level", "comment")


@dataclass(frozen=True)
class Target:
    """What an override sets, and the most that it can be worth."""

    kind: OverrideKind
    name: str
    most: int


@dataclass(frozen=True)
class Waiting:
    """One answer to read. The same words of two students are read once; nobody's name is shown."""

    checkpoint: Checkpoint
    question: Question
    answer: AnswerText
    students: int
    place: str
    """Where the drawing is, below the folder of the class."""


def target_named(course: Course, word: str, path: str | None) -> Target:
    """Find what `1`, `1.5`, `1.5/stable` or `3/why-scale` names; UsageError if nothing."""
    weights = {key: points for lesson in course.lessons
               for key, points in points_on_path(lesson, path).items()}
    first, _, second = word.partition("/")
    if word in {lesson.id for lesson in course.lessons}:
        return Target("lesson", word, sum(p for (e, _), p in weights.items()
                                          if course.exercises[e].lesson == word))
    if word in course.exercises:
        return Target("exercise", word, sum(p for (e, _), p in weights.items() if e == word))
    if (first, second) in weights:
        return Target("criterion", word, weights[first, second])
    questions = {f"{c.id}/{q.id}": q.points for c in course.checkpoints for q in c.questions}
    if word in questions:
        return Target("question", word, questions[word])
    raise UsageError(f"{word!r} names nothing that has a score here.",
                     fix="write a lesson (1), an exercise (1.5), a criterion (1.5/id) or a question "
                         "(checkpoint/id).")


def waiting(book: Gradebook, course: Course, *, again: bool = False) -> tuple[Waiting, ...]:
    """List the answers that wait for a review, by question; `again` lists those that had one, too."""
    answers = {(a.attempt, a.checkpoint, a.question): a for a in book.answers()}
    places = {attempt.id: attempt.place for attempt in book.attempts()}
    known = {(c.id, q.id): (c, q) for c in course.checkpoints for q in c.questions}
    found: dict[tuple[str, str, str], AnswerText] = {}
    students: Counter[tuple[str, str, str]] = Counter()
    for standing in standings(book):
        for one in standing.questions:
            answer = answers.get((one.attempt, one.checkpoint, one.question))
            if answer and (one.status == "awaiting_review" or (again and one.reviewed)):
                key = answer.checkpoint, answer.question, answer.digest
                found.setdefault(key, answer)
                students[key] += 1
    order = {key: number for number, key in enumerate(known)}
    return tuple(
        Waiting(*known[key[:2]], answer, students[key], places.get(answer.attempt, ""))
        for key, answer in sorted(found.items(), key=lambda item: (order.get(item[0][:2], 0), item[0][2]))
        if key[:2] in known)


def to_sheet(found: Sequence[Waiting]) -> str:
    """Write answers as CSV, to be given a level and a comment in a spreadsheet."""
    rows = [(w.checkpoint.id, w.question.id, w.answer.digest, w.students, w.question.text, w.answer.text,
             f"{w.place}/answers/{w.answer.file}" if w.answer.file else "", "", "") for w in found]
    return sheet([SHEET, *rows])


@dataclass(frozen=True)
class Verdict:
    """A level and a comment for one answer."""

    answer: AnswerText
    level: int
    comment: str


def from_sheet(path: Path, book: Gradebook) -> tuple[Verdict, ...]:
    """Read a filled sheet; a row without a level is left out. UsageError names file and line."""
    answers = {(a.checkpoint, a.question, a.digest): a for a in book.answers()}
    return tuple(_verdicts(path, answers))


def _verdicts(path: Path, answers: Mapping[tuple[str, str, str], AnswerText]) -> Iterator[Verdict]:
    table = read_sheet(path, "the sheet")
    missing = [name for name in ("checkpoint", "question", "answer", "level") if name not in table.head]
    if missing:
        raise UsageError(f"the sheet has no column {missing[0]}.", where=f"{path}:1",
                         fix="fill in the file that `grader review --export` wrote.")
    for where, cells in table.body:
        row = dict(zip_longest(table.head, cells[:len(table.head)], fillvalue=""))
        level = row["level"].strip()
        if level:
            yield _verdict(where, row, level, answers)


def _verdict(
    where: str, row: Mapping[str, str], level: str, answers: Mapping[tuple[str, str, str], AnswerText]
) -> Verdict:
    answer = answers.get((row["checkpoint"], row["question"], row["answer"]))
    if answer is None:
        raise UsageError("this answer is not in the gradebook.", where=where,
                         fix="leave the columns checkpoint, question and answer as they were.")
    if level not in [str(number + 1) for number in range(LEVELS)]:
        raise UsageError(f"{level!r} is no level.", where=where,
                         fix=f"write 1 to {LEVELS}, or leave it empty.")
    return Verdict(answer, int(level), (row.get("comment") or "").strip())
