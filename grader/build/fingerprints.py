"""Record what each known mistake answers to its exercise's public tests.

The tests and the mistakes are the author's own code, so both run here, in this process; what a function
gets and gives is copied as on the wire. A lesson whose public tests need more of pytest than parameters
and our fixtures gets no fingerprints.
"""

from __future__ import annotations

import contextlib
import functools
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from grader.course import Course, Exercise, Lesson, Misconception
from grader.course.fingerprints import FILE, Fingerprint, Place, SketchedCall, write_fingerprints
from grader.grading.cases import arguments, cases, plain_module, tests_of
from grader.grading.order import PUBLIC_SECRET
from grader.grading.proxy import StudentProxy
from grader.grading.session import clean_surroundings, seeds
from grader.grading.sketch import sketch, sketch_of_error
from grader.grading.variants import FILE as MISCONCEPTIONS
from grader.grading.variants import variant
from grader.sandbox.copies import as_answered, as_sent
from grader.sandbox.modules import Package
from grader.sandbox.wire import NotPlain
from grader.submission import read_submission
from grader.testing import StudentFailed, record
from grader.testing.failure import FirstWarning
from grader.testing.marks import criteria_of
from grader.testing.plugin import seed_from
from grader.testing.record import Call

_FIXTURES = {"student", "rng"}


def plan_fingerprints(course: Course, path: str | None) -> Iterator[tuple[str, bytes]]:
    """Plan the file of each lesson, for the exercises of a path; a lesson without any has no file."""
    reference = read_submission(course.reference, course.package).modules
    for lesson in course.lessons:
        sources = [(lesson.folder / name) for name in ("test_public.py", MISCONCEPTIONS)]
        if all(source.is_file() for source in sources):
            texts = tuple(source.read_text(encoding="utf-8-sig") for source in sources)
            data = _file_of(course, lesson.id, path, (*reference.items(), texts))
            if data:
                yield f"assignments/{lesson.folder.name}/{FILE}", data


@functools.lru_cache(maxsize=16)
def _file_of(
    course: Course, lesson: str, path: str | None, made_of: tuple[tuple[str, str], ...]
) -> bytes:
    """Make a lesson's file, once for the same texts: it takes as long as all the rest of a build."""
    *reference, _ = made_of
    found = list(Recorder(course, course.lesson(lesson), dict(reference)).fingerprints(path))
    return write_fingerprints(found).encode() if found else b""


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep this process's random state, warnings and error handling out of the functions, and theirs in."""
    drawn, numpy_drawn = random.getstate(), np.random.get_state()
    try:
        with warnings.catch_warnings(), np.errstate(all="warn"):
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(drawn)
        np.random.set_state(numpy_drawn)


class Recorder:
    """Runs one lesson's public tests on its known mistakes."""

    def __init__(self, course: Course, lesson: Lesson, reference: Mapping[str, str]) -> None:
        self._course, self._lesson, self._reference = course, lesson, reference
        with clean_surroundings():
            module = plain_module(lesson.folder / "test_public.py")
        tests = list(tests_of(module)) if module else []
        self._tests = tests if all(_FIXTURES.issuperset(_fixtures(test)) for test in tests) else []

    def fingerprints(self, path: str | None) -> Iterator[Fingerprint]:
        """Give a fingerprint of each mistake that fails a public test, for the exercises of a path."""
        for misconception in self._lesson.misconceptions:
            exercise = self._course.exercises[misconception.exercise]
            if path is not None and path not in exercise.paths:
                continue
            calls: dict[Place, SketchedCall] = {}
            failed = False
            for name, run in self.runs(misconception):
                failed = failed or run.failed
                calls |= {(name, number): call for number, call in enumerate(_sketched(run.calls))}
            if failed and calls:
                yield Fingerprint(misconception, calls)

    def runs(self, misconception: Misconception) -> Iterator[tuple[str, Run]]:
        """Run the tests of its exercise on a mistake; give each run by the test's name."""
        exercise = self._course.exercises[misconception.exercise]
        whole = {c.id for c in exercise.criteria if c.package}
        seed = seeds(PUBLIC_SECRET, [exercise], {exercise.id: ""})[exercise.id]
        for of_package in (False, True):
            tests = [t for t in self._tests if criteria_of(t)[0][0] == exercise.id
                     and of_package == any(criterion in whole for _, criterion in criteria_of(t))]
            with _quiet(), self._imported(exercise, misconception) as module:
                for test in tests:
                    for name, parameters in cases(test):
                        yield name, Run.of(exercise, module, seed_from(seed, name), test, parameters)

    @contextlib.contextmanager
    def _imported(self, exercise: Exercise, misconception: Misconception) -> Iterator[ModuleType]:
        """Import the reference with the mistake in it; put what was imported before back afterwards."""
        top = self._course.package
        before = {n: m for n, m in sys.modules.items() if n == top or n.startswith(f"{top}.")}
        package = Package(top, variant(self._course, misconception, self._reference), ())
        random.seed(0)
        np.random.seed(0)
        try:
            yield package.begin(exercise.module, {})
        finally:
            package.forget()
            sys.modules.update(before)


def _fixtures(test: FunctionType) -> set[str]:
    given = {name for _, parameters in cases(test) for name in parameters}
    return set(arguments(test)) - given


def _sketched(calls: Sequence[Call]) -> Iterator[SketchedCall]:
    """Sketch calls, up to one that no sketch can hold."""
    for call in calls:
        if call.failure is not None and call.failure.kind != "raised":
            return
        given = (call.args, call.kwargs)
        answer = (sketch(call.answer, made_from=given) if call.failure is None
                  else sketch_of_error(call.failure.error))
        yield SketchedCall(sketch(given), answer)


@dataclass
class Run:
    """One run of one test on functions of this process."""

    module: ModuleType
    calls: list[Call] = field(default_factory=list)
    failed: bool = False
    warned: FirstWarning | None = None

    @classmethod
    def of(
        cls, exercise: Exercise, module: ModuleType, seed: int, test: Callable[..., None],
        parameters: Mapping[str, Any],
    ) -> Run:
        """Run a test, and keep its calls and whether it failed."""
        recording = record.start()
        run = cls(module, recording.calls)
        fixtures: dict[str, Any] = {"student": StudentProxy(run, exercise, recording),
                                    "rng": np.random.default_rng(seed)}
        try:
            test(**{name: parameters[name] if name in parameters else fixtures[name]
                    for name in arguments(test)})
        except Exception:  # a failed check, an error of the function, or a test that cannot use the answer
            run.failed = True
        finally:
            record.stop()
        return run

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function of the module as a worker would; raises `StudentFailed`."""
        target = vars(self.module).get(function)
        if target is None:
            raise StudentFailed("missing", f"there is no function {function}")
        given, named = as_sent((args, kwargs))
        try:
            answer = target(*given, **named)
        except Exception as error:  # whatever it raises is its answer
            bases = tuple(c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins")
            raise StudentFailed("raised", str(error), error=type(error).__name__, bases=bases) from None
        try:
            return as_answered(answer)
        except NotPlain as error:
            raise StudentFailed("unsupported", error.detail) from None

    def may_keep(self, size: int) -> bool:
        """Keep every answer."""
        return True
