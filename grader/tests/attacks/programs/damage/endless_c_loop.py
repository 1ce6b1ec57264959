"""Tried: a loop in C that no Python signal handler interrupts.

Must: the kernel's CPU limit or the pidfd ends it.
"""


def scale_scores(scores, d_k):
    return sum(range(10**15))
