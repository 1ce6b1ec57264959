"""What holds for each student now: which attempt counts, what is late, what people decided.

For each lesson, every attempt gives its newest grading that has the lesson. Overrides of criteria and
exercises change its plain score, then the late policy, then an override of the lesson itself, which is the
last word. Of the attempts the latest counts, or the best: whichever the course agreed on. A cut-off leaves
out what came after it. Questions take the newest review of exactly the answer that was given.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from grader.classroom.gradebook import Gradebook
from grader.classroom.records import (
    Attempt,
    Grading,
    LessonOutcome,
    Override,
    QuestionOutcome,
    Review,
    Student,
)
from grader.result import Status

DAY = 24 * 60 * 60
LEVELS = 3


@dataclass(frozen=True)
class LessonStanding:
    """The score of one lesson that counts, and where it comes from."""

    lesson: str
    score: int
    max_score: int
    plain: int
    """Before overrides and lateness."""
    late_days: int = 0
    """Days after the due date, begun ones counted whole."""
    overridden: bool = False
    attempt: int | None = None
    """None where nothing that counts was handed in."""
    grading: int | None = None


@dataclass(frozen=True)
class QuestionStanding:
    """The score of one question that counts."""

    checkpoint: str
    question: str
    kind: str
    status: Status
    score: int
    max_score: int
    attempt: int
    grading: int
    reviewed: bool = False
    overridden: bool = False


@dataclass(frozen=True)
class Standing:
    """What holds for one student."""

    student: Student
    state: str
    """Of the newest attempt: graded, partial, rejected or failed; `missing` where there is none."""
    reason: str
    score: int
    max_score: int
    lessons: tuple[LessonStanding, ...]
    questions: tuple[QuestionStanding, ...]
    attempts: int
    latest: int | None = None
    """The newest attempt's id."""


def standings(book: Gradebook) -> tuple[Standing, ...]:
    """Give what holds for every student, by login."""
    view = _Class(book)
    return tuple(view.standing(student) for student in book.students())


@dataclass(frozen=True)
class _Candidate:
    """A lesson or question as one attempt gives it."""

    attempt: Attempt
    grading: Grading


class _Class:
    """The whole gradebook in memory, looked up by team and student."""

    def __init__(self, book: Gradebook) -> None:
        self.book = book
        self.agreement = book.agreement()
        self.attempts: dict[int, list[Attempt]] = defaultdict(list)
        for attempt in book.attempts():
            self.attempts[attempt.team].append(attempt)
        self.gradings: dict[int, list[Grading]] = defaultdict(list)
        for grading in book.gradings():
            self.gradings[grading.attempt].append(grading)
        self.lessons: dict[tuple[int, str], LessonOutcome] = {
            (o.grading, o.lesson): o for o in book.lesson_outcomes()}
        self.questions: dict[int, list[QuestionOutcome]] = defaultdict(list)
        for outcome in book.question_outcomes():
            self.questions[outcome.grading].append(outcome)
        self.answers = {(a.attempt, a.checkpoint, a.question): a.digest for a in book.answers()}
        self.reviews: dict[tuple[str, str, str], Review] = {
            (r.checkpoint, r.question, r.answer_digest): r for r in book.reviews()}
        self.overrides: dict[int, dict[tuple[str, str], Override]] = defaultdict(dict)
        for override in book.overrides():
            self.overrides[override.student][override.kind, override.target] = override

    @cached_property
    def highest(self) -> Mapping[str, int]:
        """Map each lesson to the points it is out of: of those who have no result, too."""
        newest: dict[str, tuple[int, int]] = {}
        for (grading, lesson), outcome in self.lessons.items():
            newest[lesson] = max(newest.get(lesson, (0, 0)), (grading, outcome.max_score))
        return {lesson: newest[lesson][1] for lesson in self.book.lessons() if lesson in newest}

    def standing(self, student: Student) -> Standing:
        """Put together what holds for one student."""
        attempts = self.attempts[student.team]
        lessons = tuple(self._lesson(student, lesson, top) for lesson, top in self.highest.items())
        questions = tuple(self._questions(student))
        newest = self._newest(attempts)
        return Standing(
            student, newest.state if newest else "missing", newest.reason if newest else "",
            sum(part.score for part in lessons) + sum(part.score for part in questions),
            sum(part.max_score for part in lessons) + sum(part.max_score for part in questions),
            lessons, questions, len(attempts), attempts[-1].id if attempts else None,
        )

    def _newest(self, attempts: list[Attempt]) -> Grading | None:
        gradings = self.gradings[attempts[-1].id] if attempts else []
        return gradings[-1] if gradings else None

    # lessons
    def _lesson(self, student: Student, lesson: str, top: int) -> LessonStanding:
        found = [self._as_handed_in(student, lesson, attempt, grading)
                 for attempt in self.attempts[student.team]
                 if (grading := self._with_lesson(attempt, lesson)) is not None]
        if self.agreement.late == "cut-off":
            found = [one for one in found if not one.late_days]
        if self.agreement.attempt == "best":
            found.sort(key=lambda one: one.score)  # stable: of equals the latest stays the last
        best = found[-1] if found else LessonStanding(lesson, 0, top, 0)
        override = self._override(student, "lesson", lesson)
        if override is None:
            return best
        return LessonStanding(lesson, override, best.max_score, best.plain, best.late_days,
                              overridden=True, attempt=best.attempt, grading=best.grading)

    def _with_lesson(self, attempt: Attempt, lesson: str) -> Grading | None:
        return next((g for g in reversed(self.gradings[attempt.id]) if (g.id, lesson) in self.lessons), None)

    def _as_handed_in(
        self, student: Student, lesson: str, attempt: Attempt, grading: Grading
    ) -> LessonStanding:
        outcome = self.lessons[grading.id, lesson]
        corrected = self._corrected(student, outcome)
        days = self._days_late(student, lesson, attempt)
        percent = self.agreement.percent_per_day if self.agreement.late == "percent" else 0
        score = corrected * max(0, 100 - percent * days) // 100
        return LessonStanding(lesson, score, outcome.max_score, outcome.score, days,
                              overridden=corrected != outcome.score, attempt=attempt.id, grading=grading.id)

    def _corrected(self, student: Student, outcome: LessonOutcome) -> int:
        """Sum the criteria of a lesson again, where a person has set one of them."""
        kinds = {kind for kind, _ in self.overrides.get(student.id, {})}
        if not kinds & {"criterion", "exercise"}:
            return outcome.score
        total: dict[str, int] = defaultdict(int)
        for c in self.book.criterion_outcomes(outcome.grading):
            if c.lesson == outcome.lesson:
                own = self._override(student, "criterion", f"{c.exercise}/{c.criterion}")
                total[c.exercise] += c.score if own is None else own
        whole = {exercise: self._override(student, "exercise", exercise) for exercise in total}
        return sum(points if whole[exercise] is None else whole[exercise] or 0
                   for exercise, points in total.items())

    def _override(self, student: Student, kind: str, target: str) -> int | None:
        found = self.overrides.get(student.id, {}).get((kind, target))
        return found.score if found else None

    def _days_late(self, student: Student, lesson: str, attempt: Attempt) -> int:
        due = self._due(student, lesson)
        if due is None:
            return 0
        over = (datetime.fromisoformat(attempt.collected_at) - datetime.fromisoformat(due)).total_seconds()
        return -int(-over // DAY) if over > 0 else 0

    def _due(self, student: Student, lesson: str) -> str | None:
        """Give the time that holds for this student; an extension never shortens it."""
        agreed, extended = self.agreement.due.get(lesson), self.agreement.extensions
        if agreed is None:
            return None
        own = [extended[key] for key in ((student.id, lesson), (student.id, "")) if key in extended]
        return max([agreed, *own], key=datetime.fromisoformat)

    # questions
    def _questions(self, student: Student) -> Iterable[QuestionStanding]:
        found: dict[tuple[str, str], list[QuestionStanding]] = defaultdict(list)
        for attempt in self.attempts[student.team]:
            grading = next((g for g in reversed(self.gradings[attempt.id]) if self.questions.get(g.id)), None)
            for outcome in self.questions[grading.id] if grading else []:
                standing = self._question(student, attempt, outcome)
                found[standing.checkpoint, standing.question].append(standing)
        for several in found.values():
            if self.agreement.attempt == "best":
                several.sort(key=lambda one: one.score)
            yield several[-1]

    def _question(
        self, student: Student, attempt: Attempt, outcome: QuestionOutcome
    ) -> QuestionStanding:
        place = outcome.checkpoint, outcome.question
        digest = self.answers.get((attempt.id, *place))
        review = self.reviews.get((*place, digest)) if digest else None
        score, status = outcome.score, outcome.status
        if review:
            score = outcome.max_score * (review.level - 1) // (LEVELS - 1)
            status = "passed" if review.level == LEVELS else "failed"
        own = self._override(student, "question", "/".join(place))
        return QuestionStanding(
            *place, outcome.kind, status, score if own is None else own, outcome.max_score,
            attempt.id, outcome.grading, reviewed=review is not None, overridden=own is not None)
