"""Check scaling in the open."""

import numpy as np

from grader.testing import check_array, criterion


@criterion("2.1", "values")
def test_a_row_is_scaled(student):
    """Each number of a small row is multiplied."""
    check_array(student.scale(np.array([1.0, 2.5]), 3.0), [3.0, 7.5])
