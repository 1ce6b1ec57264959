"""Grade lesson 1's sample submissions in turn, N in all, in one process."""

from __future__ import annotations

import sys
from pathlib import Path

from grader.course import load_course
from grader.grading import Grader
from grader.sandbox import open_box
from grader.submission import read_submission

ROOT = Path(__file__).resolve().parents[3]


def main(count: int) -> None:
    """Grade the reference `count` times, each time with another secret, so that no input repeats."""
    with open_box() as box:
        course = load_course(ROOT)
        with Grader(course, box) as grader:
            for number in range(count):
                submission = read_submission(ROOT / "reference", course.package)
                result = grader.grade(submission, lessons=["1"], secret=number.to_bytes(32, "big"))
                assert result.score == result.max_score


if __name__ == "__main__":
    main(int(sys.argv[1]))
