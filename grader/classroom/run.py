"""Grade a class: read what was found, have graded what changed, and keep each result as it comes.

Every result is one transaction, so whatever ends a run leaves a whole gradebook, and the same command goes
on from there. No submission stops the others.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass, field, replace
from typing import Literal

import grader
from grader.classroom import ledger
from grader.classroom.executors import Pool
from grader.classroom.finding import Found
from grader.classroom.gradebook import Gradebook, now
from grader.classroom.records import State
from grader.classroom.work import Graded, OtherCourse, Setup, grade_one
from grader.course import Course, points_on_path
from grader.errors import CourseError, GraderError, SubmissionError, UsageError
from grader.grading.order import seed_id
from grader.grading.questions import answer_digest, is_blank
from grader.result import Result, to_json
from grader.submission import Submission

AHEAD = 2
"""Submissions that wait for each grading process, read and in memory."""
LONGEST_REASON = 500
Sign = Callable[[Result], Result]
"""Put a signature on a result, and settle its trust."""


@dataclass(frozen=True)
class Event:
    """One submission is settled."""

    team: str
    state: State | Literal["unchanged", "kept"]
    """`kept`: a regrade gave less, and the earlier result stands."""
    score: int = 0
    max_score: int = 0
    reason: str = ""


@dataclass
class Summary:
    """How a run went."""

    states: Counter[str] = field(default_factory=Counter)
    """Of all submissions of the run, unchanged ones by what they had before."""
    unchanged: int = 0
    up: int = 0
    down: int = 0
    equal: int = 0
    kept: list[str] = field(default_factory=list)
    """Teams whose regrade gave less, without --allow-lower."""


@dataclass(frozen=True)
class Order:
    """What a class is graded with."""

    setup: Setup
    collected_at: str
    allow_lower: bool = False
    sign: Sign | None = None
    key_id: str = ""

    @property
    def lessons(self) -> str:
        """Write the lessons that were asked for as the gradebook does."""
        return ",".join(sorted(self.setup.lessons or (), key=lambda lesson: (len(lesson), lesson)))


@dataclass(frozen=True)
class _Known:
    """The newest attempt of a place, and what it was graded with."""

    attempt: int
    digest: str
    graded: Mapping[tuple[str, str, str, str], State]
    """course digest, grader version, path, lessons -> state of the newest such grading"""


@dataclass(frozen=True)
class _Job:
    """One submission that must be graded."""

    attempt: ledger.NewAttempt
    submission: Submission
    known: _Known | None


class ClassRun:
    """One run over a class."""

    def __init__(self, book: Gradebook, course: Course, order: Order, show: Callable[[Event], None]) -> None:
        self.book = book
        self.course = course
        self.order = order
        self.show = show
        self.summary = Summary()
        self.max_score = _max_score(course, order.setup)
        self._known = _known(book)
        self._waiting: dict[Future[Graded], _Job] = {}

    def grade(self, found: Sequence[Found], pool: Pool) -> Summary:
        """Grade what changed of all that was found; an interrupt leaves the gradebook whole."""
        for job in self._jobs(found):
            while len(self._waiting) >= pool.width * (AHEAD + 1):
                self._settle_some(pool)
            self._submit(job, pool)
        while self._waiting:
            self._settle_some(pool)
        return self.summary

    def _jobs(self, found: Iterable[Found]) -> Iterator[_Job]:
        """Read one submission after another; settle at once what needs no grading."""
        for one in found:
            known = self._known.get((one.team, one.place))
            try:
                submission = one.open(self.course.package)
            except SubmissionError as error:
                self._reject(one, error, known)
                continue
            except UsageError:
                raise
            except GraderError as error:  # a repository that did not answer: not the student's fault
                digest = known.digest if known else hashlib.sha256(b"never read").hexdigest()
                self._keep(self._attempt(one, digest, None), self._grading("failed", error.problem))
                continue
            job = _Job(self._attempt(one, submission.digest, submission), submission, known)
            if not self._is_settled(job.attempt, known):
                yield job

    def _attempt(self, one: Found, digest: str, submission: Submission | None) -> ledger.NewAttempt:
        return ledger.NewAttempt(
            one.team, one.place, digest, submission.source if submission else "",
            submission.commit if submission else None, one.collected_at or self.order.collected_at,
            tuple(self._answers(submission)) if submission else ())

    def _answers(self, submission: Submission) -> Iterator[tuple[str, str, str, str, str]]:
        """Give the answers that a teacher reads."""
        for checkpoint in self.course.checkpoints:
            given = submission.answers.given.get(checkpoint.id, {})
            for question in checkpoint.questions:
                answer = given.get(question.id, {})
                if question.kind in ("explain", "draw") and not is_blank(question, answer):
                    yield (checkpoint.id, question.id, answer_digest(answer, submission.answers),
                           str(answer.get("text", "")), str(answer.get("file", "")))

    def _is_settled(self, attempt: ledger.NewAttempt, known: _Known | None) -> bool:
        """Count a submission that is as it was, and was graded with just this."""
        if known is None or known.digest != attempt.digest:
            return False
        state = known.graded.get(self._key)
        if state in (None, "failed"):
            return False
        self.summary.states[state] += 1
        self.summary.unchanged += 1
        self.show(Event(attempt.team, "unchanged"))
        return True

    @property
    def _key(self) -> tuple[str, str, str, str]:
        return self.course.digest, grader.__version__, self.order.setup.path or "", self.order.lessons

    def _reject(self, one: Found, error: SubmissionError, known: _Known | None) -> None:
        digest = hashlib.sha256(f"rejected\0{error.problem}".encode("utf-8", "replace")).hexdigest()
        attempt = self._attempt(one, digest, None)
        if not self._is_settled(attempt, known):
            self._keep(attempt, self._grading("rejected", f"{error.problem}. {error.fix or ''}".strip()))

    # grading elsewhere
    def _submit(self, job: _Job, pool: Pool) -> None:
        try:
            self._waiting[pool.submit(grade_one, self.order.setup, job.submission)] = job
        except BrokenExecutor:
            self._again(pool, [job])

    def _settle_some(self, pool: Pool) -> None:
        done, _ = wait(self._waiting, return_when=FIRST_COMPLETED)
        if any(isinstance(future.exception(), BrokenExecutor) for future in done):
            self._again(pool, [])
            return
        for future in done:
            self._settle(self._waiting.pop(future), future)

    def _again(self, pool: Pool, more: list[_Job]) -> None:
        """Grade all that was under way when a process died once more, each alone, to see which one it was."""
        wait(self._waiting)
        suspects = []
        for future, job in self._waiting.items():
            if isinstance(future.exception(), BrokenExecutor):
                suspects.append(job)
            else:
                self._settle(job, future)
        self._waiting.clear()
        pool.renew()
        for job in [*suspects, *more]:
            future = pool.submit(grade_one, self.order.setup, job.submission)
            if isinstance(future.exception(), BrokenExecutor):
                pool.renew()
            self._settle(job, future)

    def _settle(self, job: _Job, future: Future[Graded]) -> None:
        error = future.exception()
        if isinstance(error, OtherCourse):
            raise CourseError(f"{error}", where=str(self.course.root),
                              fix="run the same command again; what was graded is kept.")
        if error is not None:
            self._keep(job.attempt, self._grading("failed", _reason(error)))
            return
        self._accept(job, future.result())

    def _accept(self, job: _Job, graded: Graded) -> None:
        result = to_json(self.order.sign(graded.result) if self.order.sign else graded.result)
        grading = replace(self._grading(graded.state, graded.reason), score=result["score"],
                          max_score=result["max_score"], graded_at=result["graded_at"], result=result,
                          key_id=self.order.key_id)
        before = self._before(job)
        after = sum(lesson["score"] for lesson in result["lessons"])
        if before is not None and after < before and not self.order.allow_lower:
            self.summary.kept.append(job.attempt.team)
            self.summary.states[graded.state] += 1
            self.show(Event(job.attempt.team, "kept", before, result["max_score"], f"would be {after}"))
            return
        if before is not None:
            self.summary.up += after > before
            self.summary.down += after < before
            self.summary.equal += after == before
        self._keep(job.attempt, grading)

    def _before(self, job: _Job) -> int | None:
        """Give what the same submission had for the same lessons on the same path, before this regrade."""
        if job.known is None or job.known.digest != job.attempt.digest:
            return None
        row = self.book.rows(
            "SELECT sum(o.score) FROM lesson_outcome o WHERE o.grading = (SELECT id FROM grading"
            " WHERE attempt = ? AND path = ? AND lessons = ? AND state IN ('graded', 'partial')"
            " ORDER BY number DESC LIMIT 1)",
            [job.known.attempt, self.order.setup.path or "", self.order.lessons])
        before: int | None = row[0][0]
        return before

    def _grading(self, state: State, reason: str) -> ledger.NewGrading:
        """Fill in what every grading of this run has in common."""
        digest, version, path, lessons = self._key
        text = reason.encode("utf-8", "backslashreplace").decode()
        return ledger.NewGrading(
            state, text[:LONGEST_REASON], 0, self.max_score, path, lessons, digest, self.course.version,
            version, seed_id(self.order.setup.secret), now())

    def _keep(self, attempt: ledger.NewAttempt, grading: ledger.NewGrading) -> None:
        ledger.add(self.book, attempt, grading)
        self.summary.states[grading.state] += 1
        self.show(Event(attempt.team, grading.state, grading.score, grading.max_score, grading.reason))


def _known(book: Gradebook) -> dict[tuple[str, str], _Known]:
    """Learn from the gradebook what need not be graded again."""
    graded: dict[int, dict[tuple[str, str, str, str], State]] = {}
    for g in book.gradings():
        graded.setdefault(g.attempt, {})[g.course_digest, g.grader_version, g.path, g.lessons] = g.state
    return {(team, place): _Known(number, digest, graded.get(number, {})) for team, place, number, digest
            in book.rows("SELECT t.name, a.place, a.id, a.digest FROM attempt a JOIN team t ON t.id = a.team"
                         " ORDER BY a.version")}


def _max_score(course: Course, setup: Setup) -> int:
    """Sum up what a submission could have earned that cannot be graded."""
    points = sum(sum(points_on_path(lesson, setup.path).values()) for lesson in course.lessons
                 if setup.lessons is None or lesson.id in setup.lessons)
    asked = course.checkpoints if setup.lessons is None else ()
    return points + sum(question.points for checkpoint in asked for question in checkpoint.questions)


def _reason(error: BaseException) -> str:
    if isinstance(error, BrokenExecutor):
        return "the grading process ended without an answer, twice"
    if isinstance(error, GraderError):
        return error.problem
    return f"the grader failed: {type(error).__name__}: {error}"


def agree(book: Gradebook, course: Course) -> None:
    """Keep what the gradebook must know of its course: titles, due dates, the late policy.

    Raises CourseError where it is another course's gradebook.
    """
    kept = book.settings().get("course", course.id)
    if kept != course.id:
        raise CourseError(f"this gradebook belongs to the course {kept!r}, not to {course.id!r}.",
                          where=str(book.path), fix="name another gradebook, or the right --course.")
    dates = course.dates
    with book.writing() as connection:
        ledger.set_lessons(connection, [(lesson.id, lesson.title) for lesson in course.lessons])
        ledger.set_settings(connection, {
            "course": course.id, "title": course.title, "late": dates.late,
            "percent_per_day": str(dates.percent_per_day), "attempt": dates.attempt})
        ledger.set_due(connection, dates.due)
