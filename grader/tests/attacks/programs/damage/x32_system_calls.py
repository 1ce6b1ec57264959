"""Tried: the x32 numbers of open and fork, which a filter by number alone lets through.

Must: killed by the kernel, an error of that exercise.
"""


def scale_scores(scores, d_k):
    c = libc()
    handle = c.syscall(0x40000000 + 2, CANARY.encode(), 0, 0)
    c.syscall(0x40000000 + 57)
    return np.full_like(scores, handle)
