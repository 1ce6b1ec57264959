"""Tried: a fork bomb.

Must: not one child.
"""


def scale_scores(scores, d_k):
    os = module("os")
    for _ in range(100):
        attempt(os.fork)
        attempt(os.forkpty)
        attempt(lambda: module("_thread").start_new_thread(print, ()))
    return np.zeros_like(scores)
