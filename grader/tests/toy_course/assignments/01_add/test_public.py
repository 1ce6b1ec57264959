"""Check adding in the open."""

import numpy as np

from grader.testing import check_array, check_number, criterion


@criterion("1.1", "values")
def test_small_arrays_are_added(student):
    """Two small arrays are added number by number."""
    check_array(student.add(np.array([2.0, 5.0]), np.array([3.0, -1.0])), [5.0, 4.0])


@criterion("1.2", "values")
def test_three_values_are_summed(student):
    """1, 2 and 4 sum to 7."""
    check_number(student.total(np.array([1.0, 2.0, 4.0])), 7.0)
