"""What a result claims, against what grading gave."""

from __future__ import annotations

from dataclasses import replace

from grader.result import Overclaim, Result, Status, overclaims
from grader.tests.result_samples import criterion, exercise, lesson, result


def made(*statuses: Status, points: int = 5) -> Result:
    """Make a result of one exercise with a criterion for each status."""
    lines = [criterion(f"c{number}", points, status) for number, status in enumerate(statuses)]
    return result(lesson(exercise("1.1", "add", "failed", *lines)))


def test_a_claim_above_the_grading_is_found() -> None:
    """Only the criteria that both have are compared: a check knows no hidden ones."""
    found = overclaims(made("passed", "passed"), made("passed", "failed", "failed"))
    assert found == (Overclaim("1.1", "add", claimed=10, graded=5, points=10),)


def test_an_honest_result_claims_nothing() -> None:
    """The same, less, or another exercise is no claim."""
    assert overclaims(made("passed", "failed"), made("passed", "failed", "passed")) == ()
    assert overclaims(made("blocked", "failed"), made("passed", "passed")) == ()
    other = replace(made("passed").lessons[0].exercises[0], id="1.2")
    assert overclaims(result(lesson(other)), made("failed")) == ()


def test_points_of_a_claim_are_not_believed() -> None:
    """A claim that writes a criterion's points up counts by the points of the grading."""
    found = overclaims(made("passed", points=900), made("failed"))
    assert found == (Overclaim("1.1", "add", claimed=5, graded=0, points=5),)
