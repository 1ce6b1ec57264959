"""Known wrong ways to scale."""

import numpy as np

from grader.testing import misconception


@misconception("2.1", loses=["values", "negative"], title="adding the factor")
def adds_the_factor(x, k):
    """Your numbers are shifted by the factor, not multiplied by it."""
    return np.add(x, k)


@misconception("2.1", loses=["negative"], title="losing the sign")
def loses_the_sign(x, k):
    """Your answer has the right size but never changes its sign."""
    return x * np.abs(k)
