"""Know a mistake by its fingerprint, where the code of the misconceptions is not at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.course import Course, Exercise, Misconception
from grader.course.fingerprints import Fingerprint, SketchedCall, read_fingerprints
from grader.grading.evidence import Seen
from grader.grading.sketch import fits, sketch_of_error


@dataclass
class FingerprintWitness:
    """Knows the mistakes that a student's copy has fingerprints of. Reads a lesson's when it is asked."""

    course: Course
    _lessons: dict[str, tuple[Fingerprint, ...]] = field(default_factory=dict)

    def known(self, exercise: Exercise) -> list[Misconception]:
        """List the known mistakes of an exercise."""
        return [f.misconception for f in self._fingerprints(exercise)]

    def replay(self, exercise: Exercise) -> FingerprintReplay:
        """Begin to compare with the answers of an exercise's known mistakes."""
        return FingerprintReplay({f.misconception.id: f for f in self._fingerprints(exercise)})

    def _fingerprints(self, exercise: Exercise) -> list[Fingerprint]:
        if exercise.lesson not in self._lessons:
            folder = self.course.lesson(exercise.lesson).folder
            self._lessons[exercise.lesson] = read_fingerprints(self.course.root, folder)
        return [f for f in self._lessons[exercise.lesson] if f.misconception.exercise == exercise.id]

    def close(self) -> None:
        """Do nothing: no process was started."""


@dataclass
class FingerprintReplay:
    """Compares recorded calls with fingerprints, each call with each once."""

    fingerprints: Mapping[str, Fingerprint]
    _same: dict[tuple[str, tuple[str, int]], bool] = field(default_factory=dict)

    def matches(self, misconception: Misconception, calls: list[Seen]) -> bool:
        """Tell whether the misconception gives the student's answer on every call."""
        return all(self._matches(misconception.id, seen) for seen in calls)

    def _matches(self, name: str, seen: Seen) -> bool:
        key = (name, seen.place)
        if key not in self._same:
            known = self.fingerprints[name].calls.get(seen.place)
            self._same[key] = known is not None and is_like(seen, known)
        return self._same[key]

    def matches_reference(self, calls: list[Seen]) -> bool:
        """Say no: the calls are, or include, those of a failed test, and the reference passes it.

        Its answers are in no student's copy. Only mistakes that fail a public test have a fingerprint.
        """
        return False


def is_like(seen: Seen, known: SketchedCall) -> bool:
    """Tell whether a student's call had these inputs and this end: numbers at a tolerance, errors by type."""
    call = seen.call
    given = (call.args, call.kwargs)
    if not fits(given, known.given, seen.tolerance):
        return False
    if call.failure is None:
        return fits(call.answer, known.answer, seen.tolerance, made_from=given)
    return call.failure.kind == "raised" and sketch_of_error(call.failure.error) == known.answer
