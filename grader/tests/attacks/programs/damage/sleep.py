"""Tried: sleep, which costs no CPU time.

Must: the deadline by the clock.
"""
import time


def scale_scores(scores, d_k):
    while True:
        attempt(time.sleep, 3600)
