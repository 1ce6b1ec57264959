"""Lesson 2: scaling."""

import numpy as np

from toypkg.add import add


def scale(x, k):
    """Multiply each number of x [...] by k; gives [...]."""
    # TODO: multiply
    nothing = np.zeros_like(x)
    return add(nothing, np.multiply(x, k))
