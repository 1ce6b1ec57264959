"""Replay one verdict from what is kept (submission, secret, course), and compare it with the stored one.

The inputs come from the secret and the submission's text, so the same ones are made again. What was recorded
with the verdict (digests of course and submission, the version of the grader, the seed's name) is compared
with what is here now: where one differs, the explanation says which.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import grader
from grader.classroom.gradebook import Gradebook
from grader.classroom.records import Attempt, Grading, Student
from grader.classroom.standing import standings
from grader.course import Course, Exercise
from grader.errors import UsageError
from grader.grading import Grader
from grader.grading.diagnosis import same_answer
from grader.grading.evidence import TestEvidence
from grader.grading.order import seed_id
from grader.result import ExerciseResult, Result
from grader.sandbox import Box, Killed, Raised, Reply, Value
from grader.submission import Submission
from grader.testing import StudentFailed
from grader.testing.record import Call, Tolerance

MOST = 2000
"""Numbers of an array that are written out; of a larger one, its corners and its sum are."""
WIDTH = 72


@dataclass(frozen=True)
class Stored:
    """The verdict that counts, and where it stands."""

    student: Student
    attempt: Attempt
    grading: Grading
    exercise: ExerciseResult


@dataclass(frozen=True)
class Stamp:
    """One thing that a verdict depends on: as it was recorded, and as it is now."""

    name: str
    then: str
    now: str

    @property
    def differs(self) -> bool:
        """Tell whether it has changed; what was not recorded cannot differ."""
        return bool(self.then) and self.then != self.now


@dataclass(frozen=True)
class CallShown:
    """One call: its inputs, the student's answer, the reference's, all numbers in full."""

    call: str
    student: str
    reference: str
    same: bool
    """Whether the two agree at the test's own tolerance."""


@dataclass(frozen=True)
class TestShown:
    """One test of the exercise, run again."""

    __test__ = False
    name: str
    sentence: str
    visibility: str
    outcome: str
    found: str
    """Why it failed; empty if it passed."""
    tolerance: Tolerance
    calls: tuple[CallShown, ...]


@dataclass(frozen=True)
class Explanation:
    """A verdict, replayed."""

    stored: Stored
    replayed: ExerciseResult
    stamps: tuple[Stamp, ...]
    tests: tuple[TestShown, ...]

    @property
    def same(self) -> bool:
        """Tell whether the replay gave the stored verdict, word for word and point for point."""
        return replace(self.replayed, seconds=0.0) == replace(self.stored.exercise, seconds=0.0)

    @property
    def differing(self) -> tuple[str, ...]:
        """Name what is not as it was recorded."""
        return tuple(stamp.name for stamp in self.stamps if stamp.differs)


def stored_verdict(book: Gradebook, student: Student, exercise: Exercise) -> Stored:
    """Find the verdict that counts for a student; UsageError if there is none."""
    standing = next(s for s in standings(book) if s.student.id == student.id)
    lesson = next((x for x in standing.lessons if x.lesson == exercise.lesson and x.grading), None)
    result = book.result(lesson.grading) if lesson and lesson.grading else None
    found = _exercise(result, exercise.id) if result else None
    if lesson is None or found is None:
        raise UsageError(f"{student.login} has no verdict for {exercise.id}.", where=str(book.path),
                         fix="see `grader report` for what was graded, and why not.")
    attempt = next(a for a in book.attempts(student.team) if a.id == lesson.attempt)
    grading = next(g for g in book.gradings(attempt.id) if g.id == lesson.grading)
    return Stored(student, attempt, grading, found)


def explain(
    stored: Stored, course: Course, submission: Submission, *, secret: bytes, box: Box
) -> Explanation:
    """Grade the exercise again, and set what its tests saw beside the reference's answers.

    Raises UsageError if the secret is not the one that the verdict was made with.
    """
    if stored.grading.seed_id != seed_id(secret):
        raise UsageError(
            f"this is another secret than the one of this verdict ({stored.grading.seed_id}).",
            fix="give the secret that the class was graded with: --secret FILE; it is kept beside the "
                "gradebook, as its name with .secret.")
    exercise = course.exercises[stored.exercise.id]
    with Grader(course, box) as engine:
        result, evidence = engine.replay(
            submission, exercise, path=stored.grading.path or None, secret=secret)
        tests = tuple(_test(engine, exercise, test) for test in evidence.tests)
    replayed = _exercise(result, exercise.id)
    assert replayed is not None  # it was asked for
    return Explanation(stored, replayed, tuple(_stamps(stored, result)), tests)


def _exercise(result: Result, name: str) -> ExerciseResult | None:
    return next((e for lesson in result.lessons for e in lesson.exercises if e.id == name), None)


def _stamps(stored: Stored, now: Result) -> Iterator[Stamp]:
    grading = stored.grading
    yield Stamp("submission", stored.attempt.digest, now.submission.digest)
    yield Stamp("course", grading.course_digest, now.course.digest)
    yield Stamp("course version", grading.course_version, now.course.version)
    yield Stamp("grader", grading.grader_version, grader.__version__)
    yield Stamp("seed", grading.seed_id, now.seed_id)
    yield Stamp("isolation", grading.isolation, now.isolation.level)
    yield Stamp("Python", "", platform.python_version())
    yield Stamp("NumPy", "", np.__version__)


def _test(engine: Grader, exercise: Exercise, test: TestEvidence) -> TestShown:
    return TestShown(
        test.case, test.function.sentence, "public" if test.function.public else "hidden", test.outcome,
        getattr(test.failure, "sentence", "") if test.failure else "", test.tolerance,
        tuple(_call(engine, exercise, call, test.tolerance) for call in test.calls),
    )


def _call(engine: Grader, exercise: Exercise, call: Call, tolerance: Tolerance) -> CallShown:
    reply = engine.reference_answer(exercise, call)
    words = [exact(a) for a in call.args] + [f"{k}={exact(v)}" for k, v in call.kwargs.items()]
    own = _failed(call.failure) if call.failure else exact(call.answer)
    return CallShown(f"{call.function}({', '.join(words)})", own, _replied(reply),
                     same_answer(call, reply, tolerance))


def _failed(failure: StudentFailed) -> str:
    return f"{failure.error}: {failure.sentence}" if failure.error else failure.sentence


def _replied(reply: Reply) -> str:
    if isinstance(reply, Value):
        return exact(reply.value)
    if isinstance(reply, Raised):
        return f"{reply.type}: {reply.message}"
    return f"no answer ({reply.reason if isinstance(reply, Killed) else reply.detail})"


def exact(value: Any) -> str:
    """Write a value so that every bit of it can be read back: the shortest digits that are unique."""
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(exact, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, list):
        return f"[{', '.join(map(exact, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{exact(k)}: {exact(v)}" for k, v in value.items()) + "}"
    if isinstance(value, np.random.Generator):
        state = value.bit_generator.state
        return f"Generator({state['bit_generator']}, {state['state']})"
    return repr(value)


def _array(value: Any) -> str:
    text = np.array2string(value, separator=", ", floatmode="unique", threshold=MOST, max_line_width=WIDTH)
    tail = f", sum {value.sum()!r}" if value.size > MOST and value.dtype.kind in "biufc" else ""
    return f"array({text}, dtype={value.dtype}, shape={value.shape}{tail})"
