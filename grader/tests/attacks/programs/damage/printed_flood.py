"""Tried: print without end.

Must: at most 64 KiB are kept, and the time limit ends it.
"""


def scale_scores(scores, d_k):
    while True:
        print("flood " * 10_000)
