"""The two decorators of a lesson. They only leave a mark: the course reads them without importing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

CRITERIA = "__grader_criteria__"


def criterion(exercise: str, criterion: str) -> Callable[[F], F]:
    """Say which line of the rubric a test checks; stack it where a test checks several."""

    def mark(test: F) -> F:
        setattr(test, CRITERIA, ((exercise, criterion), *criteria_of(test)))
        return test

    return mark


def criteria_of(test: object) -> tuple[tuple[str, str], ...]:
    """List the (exercise, criterion) pairs of a test function, outermost first."""
    pairs: tuple[tuple[str, str], ...] = getattr(test, CRITERIA, ())
    return pairs


def misconception(
    exercise: str, *, loses: Sequence[str], title: str, recognise: bool = False
) -> Callable[[F], F]:
    """Name a wrong implementation: its exercise, the criteria it loses, and a title for the student.

    With `recognise=True` the function is not an implementation: it takes the recorded calls
    (a list of `grader.testing.record.Call`) and tells whether they show the mistake.
    """
    del exercise, loses, title, recognise  # read from the syntax tree by `grader.course`
    return lambda function: function
