"""Tried: endless recursion, in Python with the limit taken off, and in C.

Must: an error or a crash of the worker; the other exercises keep what they earn.
"""


def scale_scores(scores, d_k):
    sys.setrecursionlimit(2**31 - 1)
    deep = ()
    for _ in range(10_000_000):
        deep = (deep,)
    return hash(deep)


def mask_scores(scores, mask):
    return mask_scores(scores, mask)
