"""Name the mistake: compare a failed exercise's recorded calls with those of its misconceptions.

"Sure" means that exactly one known mistake gives the student's answer on every recorded call of the
exercise, and that the reference does not. "One of" means the same for the calls of one failed
criterion, if one of them has an answer: many mistakes end in a ValueError, so that errors alone would be
a guess. Anything less is silence.

The teacher's course replays the calls on the misconceptions' code; a student's copy has their
fingerprints (`grader.grading.known`). Both answer the same two questions, and the rule stands here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from grader.course import Course, Exercise, Misconception
from grader.grading.authors import run_file
from grader.grading.doors import wall_seconds
from grader.grading.evidence import ExerciseEvidence, Seen, TestEvidence
from grader.grading.scoring import Verdict
from grader.grading.variants import FILE, variant
from grader.result import Certainty
from grader.sandbox import Box, Killed, Raised, Reply, Value, Worker
from grader.testing.compare import close
from grader.testing.record import Call, Tolerance

REFERENCE = "the reference"


@dataclass(frozen=True)
class Diagnosis:
    """Which known mistakes give the student's numbers on the calls of one criterion."""

    found: Misconception
    certainty: Certainty
    others: tuple[Misconception, ...] = ()


class Replay(Protocol):
    """The answers of one exercise's known mistakes to recorded calls."""

    def matches(self, misconception: Misconception, calls: list[Seen]) -> bool:
        """Tell whether the misconception gives the student's answer on every call."""

    def matches_reference(self, calls: list[Seen]) -> bool:
        """Tell whether the reference gives these answers too (then the calls show no mistake)."""


class Witness(Protocol):
    """Who knows the mistakes of a course."""

    def known(self, exercise: Exercise) -> Sequence[Misconception]:
        """List the known mistakes of an exercise."""

    def replay(self, exercise: Exercise) -> Replay:
        """Begin to compare with the answers of an exercise's known mistakes."""

    def close(self) -> None:
        """Give back what it holds."""


def diagnose(
    witness: Witness, exercise: Exercise, evidence: ExerciseEvidence, verdicts: Iterable[Verdict]
) -> dict[str, Diagnosis]:
    """Map each failed criterion to a diagnosis, where there is one."""
    failed = {v.criterion.id: _seen(_failed_tests(v, evidence)) for v in verdicts
              if v.status in ("failed", "error", "timeout")}
    failed = {name: calls for name, calls in failed.items() if calls}
    replay = witness.replay(exercise)
    candidates = [m for m in witness.known(exercise)
                  if any(replay.matches(m, calls) for calls in failed.values())]
    sure = [m for m in candidates if replay.matches(m, evidence.calls)]
    if len(sure) == 1 and not replay.matches_reference(evidence.calls):
        return {name: Diagnosis(sure[0], "sure") for name in failed}
    found = {}
    for name, calls in failed.items():
        answered = any(seen.call.failure is None for seen in calls)
        matching = [m for m in candidates if replay.matches(m, calls)] if answered else []
        if matching and not replay.matches_reference(calls):
            found[name] = Diagnosis(matching[0], "one_of", tuple(matching[1:]))
    return found


@dataclass
class Diagnostician:
    """Replays calls on misconceptions, in a box of its own. Serves many submissions."""

    box: Box
    course: Course
    reference: Mapping[str, str]
    _worker: Worker | None = None
    _begun: tuple[str, str] | None = None
    _variants: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def known(self, exercise: Exercise) -> list[Misconception]:
        """List the known mistakes of an exercise."""
        return [m for lesson in self.course.lessons for m in lesson.misconceptions
                if m.exercise == exercise.id]

    def replay(self, exercise: Exercise) -> Replay:
        """Begin to compare with the answers of an exercise's known mistakes."""
        return _BoxedReplay(self, exercise)

    def answer(self, exercise: Exercise, name: str, call: Call) -> Reply:
        """Give what the reference, or the misconception of that name, answers to a recorded call."""
        reply = self._ask(exercise, name, call)
        return self._ask(exercise, name, call) if isinstance(reply, Killed) and reply.by_a_stranger else reply

    def _ask(self, exercise: Exercise, name: str, call: Call) -> Reply:
        key = (exercise.id, name)
        if self._worker is None:
            self._worker, self._begun = self.box.worker(), None
        if self._begun != key:
            self._worker.load(self.course.package, self._modules(exercise, name))
            self._worker.begin(exercise.module, cpu_seconds=4 * exercise.cpu_seconds,
                               wall_seconds=wall_seconds(exercise))
            self._begun = key
        reply = self._worker.call(exercise.function, call.args, call.kwargs)
        if isinstance(reply, Killed):
            self.close()
        return reply

    def _modules(self, exercise: Exercise, name: str) -> Mapping[str, str]:
        if name == REFERENCE:
            return self.reference
        key = (exercise.id, name)
        if key not in self._variants:
            lesson = self.course.lesson(exercise.lesson)
            found = next(m for m in lesson.misconceptions if m.id == name)
            self._variants[key] = variant(self.course, found, self.reference)
        return self._variants[key]

    def recognised(self, misconception: Misconception, calls: list[Call]) -> bool:
        """Ask a misconception that is not an implementation whether the calls show it."""
        lesson = self.course.lesson(self.course.exercises[misconception.exercise].lesson)
        module = run_file(lesson.folder / FILE, f"{lesson.folder.name}.misconceptions")
        return bool(vars(module)[misconception.id](calls))

    def close(self) -> None:
        """Close the worker."""
        if self._worker is not None:
            self._worker.close()
        self._worker = None


@dataclass
class _BoxedReplay:
    """The answers of one exercise's known mistakes to its recorded calls, each asked for once."""

    owner: Diagnostician
    exercise: Exercise
    _answers: dict[tuple[str, int], bool] = field(default_factory=dict)

    def matches(self, misconception: Misconception, calls: list[Seen]) -> bool:
        """Tell whether the misconception gives the student's answer on every call."""
        if misconception.recognises:
            return self.owner.recognised(misconception, [seen.call for seen in calls])
        return self._reproduces(misconception.id, calls)

    def matches_reference(self, calls: list[Seen]) -> bool:
        """Tell whether the reference gives these answers too (then the calls show no mistake)."""
        return self._reproduces(REFERENCE, calls)

    def _reproduces(self, name: str, calls: list[Seen]) -> bool:
        return all(self._same(name, seen) for seen in calls)

    def _same(self, name: str, seen: Seen) -> bool:
        call = seen.call
        if call.failure is not None and call.failure.kind != "raised":
            return False  # no known mistake ends like this: a missing module, a kill, no plain answer
        key = (name, id(call))
        if key not in self._answers:
            self._answers[key] = same_answer(
                call, self.owner.answer(self.exercise, name, call), seen.tolerance)
        return self._answers[key]


def _failed_tests(verdict: Verdict, evidence: ExerciseEvidence) -> list[TestEvidence]:
    return [t for t in evidence.tests if t.function in verdict.criterion.tests and t.outcome == "failed"]


def _seen(tests: Iterable[TestEvidence]) -> list[Seen]:
    return [seen for test in tests for seen in test.seen]


def same_answer(call: Call, reply: Reply, tolerance: Tolerance) -> bool:
    """Compare a student's recorded answer with another's reply: numbers at a tolerance, errors by type."""
    if isinstance(reply, Raised):
        return call.failure is not None and call.failure.kind == "raised" and call.failure.error == reply.type
    return isinstance(reply, Value) and call.failure is None and _same_value(
        call.answer, reply.value, tolerance)


def _same_value(a: Any, b: Any, tolerance: Tolerance) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and _same_numbers(a, b, tolerance)
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(_same_value(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same_value(a[k], b[k], tolerance) for k in a)
    if isinstance(a, (float, np.generic)):
        return _same_numbers(np.asarray(a), np.asarray(b), tolerance)
    return bool(a == b)


def _same_numbers(a: Any, b: Any, tolerance: Tolerance) -> bool:
    if a.dtype.kind in "fc":
        same_nan = np.array_equal(np.isnan(a), np.isnan(b))
        infinite = np.isinf(a) | np.isinf(b)
        if not same_nan or not np.array_equal(a[infinite], b[infinite]):
            return False
    return close(a, b, tolerance)
