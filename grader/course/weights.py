"""Weigh a lesson's points for a learning path."""

from __future__ import annotations

from grader.course.model import Lesson

LESSON_POINTS = 100


def points_on_path(lesson: Lesson, path: str | None) -> dict[tuple[str, str], int]:
    """Weigh a lesson's criteria so that those on the path make 100 points.

    The largest-remainder method: everyone gets the whole part of an exact share, and the points left
    over go to the largest fractions, ties by order. Whole numbers in, whole numbers out.
    """
    criteria = [
        ((e.id, c.id), c.points)
        for e in lesson.exercises if path is None or path in e.paths for c in e.criteria
    ]
    total = sum(points for _, points in criteria)
    if total in (0, LESSON_POINTS):
        return dict(criteria)
    shares = {key: divmod(points * LESSON_POINTS, total) for key, points in criteria}
    left = LESSON_POINTS - sum(whole for whole, _ in shares.values())
    lucky = sorted(shares, key=lambda key: -shares[key][1])[:left]  # sorted() is stable: ties by order
    return {key: whole + (key in lucky) for key, (whole, _) in shares.items()}
