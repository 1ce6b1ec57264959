"""Honest work does not lose a point by bad luck: a little of what `grader.tests.bench.luck` does."""

from __future__ import annotations

import itertools
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from grader.course import Course
from grader.sandbox.modules import Package
from grader.submission import read_submission
from grader.tests.bench import luck


@pytest.fixture(autouse=True)
def _a_second_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock go on by a second at each look: how many seeds are tried is the same on any machine."""
    monkeypatch.setattr(luck, "time", SimpleNamespace(monotonic=itertools.count().__next__))


@pytest.mark.parametrize("lesson", "123456")
def test_the_reference_passes_whatever_is_drawn(course: Course, lesson: str) -> None:
    """Each test that draws its inputs passes with the first few seeds."""
    modules = read_submission(course.reference, course.package).modules
    tried = []
    for exercise, test in luck.tests_with_luck(course, lesson):
        package = Package(course.package, modules, ())
        tried.append(luck.try_luck(test, exercise, package.begin(exercise.module, {}), 8))
        package.forget()
    assert len(tried) > 15
    assert {one.runs for one in tried} == {7}
    assert [one for one in tried if one.failed] == []


def test_bad_luck_is_found(course: Course) -> None:
    """A test that fails now and then is told with its seeds."""

    def unlucky(student: Any, rng: Any) -> None:
        assert rng.random() < 0.9

    found = luck.try_luck(unlucky, course.exercises["1.1"], ModuleType("none"), 1000)  # type: ignore[arg-type]
    assert 0.02 < len(found.failed) / found.runs < 0.3
    assert found.reason.startswith("AssertionError")
