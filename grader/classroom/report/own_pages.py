"""A page for each student, with nothing on it but their own: what a teacher may hand out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from grader.classroom.gradebook import Gradebook
from grader.classroom.records import AnswerText, Review
from grader.classroom.report.model import ClassReport
from grader.classroom.report.page import environment, part, policy
from grader.classroom.report.records import Change, StudentRecord
from grader.classroom.standing import QuestionStanding, Standing, standings
from grader.course import Checkpoint, Course, Question
from grader.render.statuses import SYMBOLS, WORDS
from grader.result import LessonResult, Result, Status

WRONG: tuple[Status, ...] = ("failed", "error", "timeout")
NAME = 60


@dataclass(frozen=True)
class OwnQuestion:
    """A question as the student sees it: with the review, if there is one."""

    id: str
    kind: str
    status: Status
    score: int
    max_score: int
    feedback: str


@dataclass(frozen=True)
class OwnGate:
    """A checkpoint as the student sees it."""

    id: str
    title: str
    feedback: str
    questions: tuple[OwnQuestion, ...]


def own_pages(book: Gradebook, course: Course, report: ClassReport) -> Iterator[tuple[str, str]]:
    """Give for each student a file name and a page; one result at a time is in memory."""
    from markupsafe import Markup

    style = part("page.css")
    template = environment().get_template("student.html")
    reader = _Own(book, course)
    records = {student.id: student for student in report.students}
    for standing in standings(book):
        student = records[standing.student.login]
        results = reader.results(standing)
        yield f"{folder_name(student.id)}.html", template.render(
            s=student, title=report.title, made_at=report.made_at, policy=policy(style),
            style=Markup(style),  # noqa: S704 - our own file
            lessons=_lessons(standing, results), gates=list(reader.gates(standing, results)),
            overrides=_overrides(report, student), wrong=WRONG, status_words=WORDS,
            symbols={status: symbol.sign for status, symbol in SYMBOLS.items()}, paragraphs=_paragraphs,
        )


def folder_name(login: str) -> str:
    """Make a safe name for a folder or a file of a login; a digest keeps two that look alike apart."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", login)[:NAME].strip("_")
    if plain and plain == login == login.lower():
        return plain
    return f"{plain or 'student'}-{hashlib.sha256(login.encode('utf-8', 'replace')).hexdigest()[:8]}"


class _Own:
    """The parts of the gradebook that say something about one student's answers."""

    def __init__(self, book: Gradebook, course: Course) -> None:
        self._book = book
        self._course = course
        self._answers = {(a.attempt, a.checkpoint, a.question): a for a in book.answers()}
        self._reviews = {(r.checkpoint, r.question, r.answer_digest): r for r in book.reviews()}

    def results(self, standing: Standing) -> dict[int, Result]:
        """Read the results that count for a student."""
        wanted = {x.grading for x in standing.lessons} | {q.grading for q in standing.questions}
        found = {n: self._book.result(n) for n in sorted(n for n in wanted if n is not None)}
        return {n: result for n, result in found.items() if result is not None}

    def gates(self, standing: Standing, results: Mapping[int, Result]) -> Iterator[OwnGate]:
        """Put the checkpoints of a student together."""
        for checkpoint in self._course.checkpoints:
            questions = tuple(self._question(checkpoint, q, results) for q in standing.questions
                              if q.checkpoint == checkpoint.id)
            text = next((c.feedback for r in reversed(list(results.values())) for c in r.checkpoints
                         if c.id == checkpoint.id), "")
            if questions or text:
                yield OwnGate(checkpoint.id, checkpoint.title, text, questions)

    def _question(
        self, checkpoint: Checkpoint, standing: QuestionStanding, results: Mapping[int, Result]
    ) -> OwnQuestion:
        feedback = self._reviewed(checkpoint, standing) or _feedback(standing, results.get(standing.grading))
        return OwnQuestion(standing.question, standing.kind, standing.status, standing.score,
                           standing.max_score, feedback)

    def _reviewed(self, checkpoint: Checkpoint, standing: QuestionStanding) -> str:
        answer: AnswerText | None = self._answers.get(
            (standing.attempt, standing.checkpoint, standing.question))
        review = self._reviews.get(
            (standing.checkpoint, standing.question, answer.digest)) if answer else None
        question = next((q for q in checkpoint.questions if q.id == standing.question), None)
        return review_text(question, review) if review else ""


def review_text(question: Question | None, review: Review) -> str:
    """Write what a student reads about a reviewed answer: the level's sentence and the comment."""
    level = question.levels[review.level - 1] if question and question.levels else ""
    return " ".join(filter(None, (level, review.comment)))


def _feedback(standing: QuestionStanding, result: Result | None) -> str:
    checkpoints = result.checkpoints if result else ()
    return next((q.feedback for c in checkpoints if c.id == standing.checkpoint
                 for q in c.questions if q.id == standing.question), "")


def _lessons(standing: Standing, results: Mapping[int, Result]) -> list[LessonResult]:
    """Take each lesson from the grading that counts for it."""
    found = []
    for one in standing.lessons:
        result = results.get(one.grading) if one.grading is not None else None
        found += [lesson for lesson in (result.lessons if result else ()) if lesson.id == one.lesson]
    return found


def _overrides(report: ClassReport, student: StudentRecord) -> list[Change]:
    return [change for change in report.overrides if change.student_id == student.id]


def _paragraphs(text: str) -> list[str]:
    return [" ".join(p.split()) for p in re.split(r"\n\s*\n", text) if p.strip()]
