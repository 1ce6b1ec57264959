"""Honest work does not lose a point by bad luck: a little of what `grader.tests.bench.luck` does."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from grader.course import Course
from grader.sandbox.modules import Package
from grader.submission import read_submission
from grader.tests.bench.luck import tests_with_luck as lucky_tests
from grader.tests.bench.luck import try_luck


@pytest.mark.parametrize("lesson", "123456")
def test_the_reference_passes_whatever_is_drawn(course: Course, lesson: str) -> None:
    """Each test that draws its inputs passes with the first few seeds."""
    modules = read_submission(course.reference, course.package).modules
    tried = []
    for exercise, test in lucky_tests(course, lesson):
        package = Package(course.package, modules, ())
        tried.append(try_luck(test, exercise, package.begin(exercise.module, {}), 0.02))
        package.forget()
    assert len(tried) > 15
    assert [one for one in tried if one.failed] == []


def test_bad_luck_is_found(course: Course) -> None:
    """A test that fails now and then is told with its seeds."""

    def unlucky(student: Any, rng: Any) -> None:
        assert rng.random() < 0.9

    found = try_luck(unlucky, course.exercises["1.1"], ModuleType("none"), 0.2)  # type: ignore[arg-type]
    assert 0.02 < len(found.failed) / found.runs < 0.3
    assert found.reason.startswith("AssertionError")
