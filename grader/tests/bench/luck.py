"""Grade the reference with many seeds, test by test: honest work must not lose a point by bad luck.

Run it with `python -m grader.tests.bench.luck --lesson 6 --seconds 3`. `grader verify` proves twenty seeds; a
tolerance that fails once in a thousand is found here. Exit code 1, and the seeds, if any test failed.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from grader.build.fingerprints import Run
from grader.course import Course, Exercise, load_course
from grader.grading.cases import arguments, cases, plain_module, tests_of
from grader.grading.proxy import StudentProxy
from grader.grading.session import clean_surroundings
from grader.sandbox.modules import Package
from grader.submission import read_submission
from grader.testing import record
from grader.testing.marks import criteria_of
from grader.testing.plugin import seed_from
from grader.tests.bench.__main__ import ROOT


@dataclass
class Luck:
    """How often a test was run, and with which seeds it failed."""

    name: str
    runs: int = 0
    failed: tuple[int, ...] = ()
    reason: str = ""


def tests_with_luck(course: Course, lesson: str) -> Iterator[tuple[Exercise, FunctionType]]:
    """List the tests of a lesson that draw their inputs, but for those that run the whole package."""
    folder = course.lesson(lesson).folder
    for file in ("test_public.py", "test_hidden.py"):
        with clean_surroundings():
            module = plain_module(folder / file)
        for test in tests_of(module) if module else ():
            exercise, criterion = criteria_of(test)[0]
            known = {c.id: c for c in course.exercises[exercise].criteria}[criterion]
            if set(arguments(test)) & {"rng"} and not known.package and "goldens" not in arguments(test):
                yield course.exercises[exercise], test


def try_luck(test: FunctionType, exercise: Exercise, module: ModuleType, seconds: float) -> Luck:
    """Run a test with one seed after another, until the time is over."""
    found = Luck(f"{exercise.id} {test.__name__}")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for name, parameters in cases(test):
            rng = np.random.default_rng(seed_from(f"luck {found.runs}".encode(), name))
            reason = _failure(test, exercise, module, {"rng": rng, **parameters})
            if reason:
                found.failed, found.reason = (*found.failed, found.runs), reason
        found.runs += 1
    return found


def _failure(
    test: Callable[..., None], exercise: Exercise, module: ModuleType, given: dict[str, Any]
) -> str:
    recording = record.start()
    given = {"student": StudentProxy(Run(module, recording.calls), exercise, recording), **given}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            test(**{word: given[word] for word in arguments(test)})
    except Exception as error:  # whatever it is, the reference would have lost the criterion
        return f"{type(error).__name__}: {error}"
    finally:
        record.stop()
    return ""


def main() -> int:
    """Try all tests of the lessons, and print those that failed."""
    parser = argparse.ArgumentParser(prog="python -m grader.tests.bench.luck", description=__doc__)
    parser.add_argument("--lesson", default="", help="only this lesson")
    parser.add_argument("--only", default="", metavar="TEXT", help="tests whose name holds this text")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each test")
    options = parser.parse_args()
    course = load_course(ROOT)
    modules = read_submission(course.reference, course.package).modules
    tried: list[Luck] = []
    for lesson in [options.lesson] if options.lesson else [lesson.id for lesson in course.lessons]:
        for exercise, test in tests_with_luck(course, lesson):
            if options.only in test.__name__:
                package = Package(course.package, modules, ())
                tried.append(try_luck(test, exercise, package.begin(exercise.module, {}), options.seconds))
                package.forget()
    bad = [one for one in tried if one.failed]
    for one in bad:
        print(f"{one.name}: {len(one.failed)} of {one.runs} seeds, such as {one.failed[0]}: "
              f"{one.reason[:300]}")
    runs = sum(one.runs for one in tried)
    print(f"{len(tried)} tests, {runs:,} runs of the reference, {len(bad)} tests failed")
    return 1 if bad or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
