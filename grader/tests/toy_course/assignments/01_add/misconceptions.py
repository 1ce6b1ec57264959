"""Known wrong ways to add."""

import numpy as np

from grader.testing import misconception


@misconception("1.1", loses=["values", "pure"], title="subtracting")
def subtracts(a, b):
    """Your numbers are differences. Adding brings two amounts together."""
    return np.subtract(a, b)


@misconception("1.1", loses=["pure"], title="writing into the input")
def adds_in_place(a, b):
    """Your answer was written into the first input. It belongs to the caller, who may need it again."""
    a += b
    return a


@misconception("1.2", loses=["values"], title="forgetting the last value")
def forgets_the_last(values):
    """Your total is short by the last value. Every value counts once."""
    return float(sum(values[:-1]))


@misconception("1.2", loses=["empty"], title="starting from the first value")
def starts_from_the_first(values):
    """Your loop needs a first value, and an empty array has none."""
    result = values[0]
    for value in values[1:]:
        result = result + value
    return float(result)
