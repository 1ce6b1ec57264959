"""Check adding with numbers that nobody can guess."""

import numpy as np
import pytest

from grader.testing import check_array, check_number, criterion


@criterion("1.1", "values")
@pytest.mark.parametrize("size", [3, 8])
def test_random_arrays_are_added(student, rng, size):
    """Two arrays of any size are added number by number."""
    a, b = rng.normal(size=size), rng.normal(size=size)
    wanted = [float(x) + float(y) for x, y in zip(a, b, strict=True)]
    check_array(student.add(a, b), wanted)


@criterion("1.1", "pure")
def test_read_only_inputs_are_fine(student, rng):
    """Inputs that may not be written to are added all the same."""
    a, b = rng.normal(size=4), rng.normal(size=4)
    wanted = [float(x) + float(y) for x, y in zip(a, b, strict=True)]
    a.flags.writeable = False
    check_array(student.add(a, b), wanted)


@criterion("1.2", "values")
def test_random_values_are_summed(student, rng):
    """Every one of many values counts once."""
    values = rng.normal(size=9)
    check_number(student.total(values), sum(float(value) for value in values))


@criterion("1.2", "empty")
def test_nothing_sums_to_zero(student):
    """The total of no values is zero."""
    check_number(student.total(np.array([])), 0.0)
