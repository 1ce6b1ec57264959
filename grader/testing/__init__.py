"""What an author of tests imports: two decorators, the comparators, and nothing else.

The fixtures `student`, `rng` and `goldens` come from the pytest plugin `grader.testing.plugin`.
"""

from grader.testing.compare import check_array, check_number, check_raises, check_that, check_tree
from grader.testing.failure import CheckFailed, StudentFailed
from grader.testing.marks import criterion, misconception

__all__ = [
    "CheckFailed",
    "StudentFailed",
    "check_array",
    "check_number",
    "check_raises",
    "check_that",
    "check_tree",
    "criterion",
    "misconception",
]
