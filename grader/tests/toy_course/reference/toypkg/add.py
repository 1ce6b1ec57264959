"""Lesson 1: adding."""

import numpy as np

ZERO = 0.0


def describe(values):
    """Say how many values there are."""
    return f"{len(values)} values"


# Turns lists into arrays.
def _as_numbers(values):
    return np.asarray(values, dtype=np.float64)


def add(a, b):
    """Add two arrays [N] number by number; gives [N]."""
    # TODO: add the two arrays
    #   into a new one
    first = _as_numbers(a)
    return first + _as_numbers(b)


def total(values):
    """Sum the values [N]; gives one number."""
    result = ZERO
    # TODO 1: go through the values
    for value in values:  # [N] -> scalar
        result = add(result, value)
    # TODO 2: give the result back
    return float(result)
