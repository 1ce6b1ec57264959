"""Tried: fill the memory with Python objects.

Must: MemoryError or a kill; the other exercises keep what they earn.
"""


def scale_scores(scores, d_k):
    hoard = []
    while True:
        hoard.append(bytearray(1 << 20))
