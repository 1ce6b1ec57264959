"""Tried: call through a door without end: the time is spent by others.

Must: the deadline by the clock counts the doors' time.
"""


def scaled_dot_product_attention(q, k, v, mask=None):
    while True:
        attempt(softmax, q)
