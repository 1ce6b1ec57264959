"""Grade one submission: `Grader` for many in one process, `grade` and `check` for one."""

from grader.grading.engine import Grader, check, grade

__all__ = ["Grader", "check", "grade"]
