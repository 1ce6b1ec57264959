"""Tried: exceptions whose text is 50 MB, or never ends, or raises, or is no text.

Must: cut short, within the same time limit.
"""


class Endless(ValueError):
    def __str__(self):
        while True:
            pass


class Raising(ValueError):
    def __str__(self):
        raise SystemExit(0)


class NoText(ValueError):
    def __str__(self):
        return 7


def attention_scores(q, k):
    raise ValueError("x" * 50_000_000)


def scale_scores(scores, d_k):
    raise Endless


def mask_scores(scores, mask):
    raise Raising


def attention_pooling(x_query, x_key, y, bandwidth):
    raise NoText


def softmax_backward(d_out, weights, axis=-1):
    error = ValueError("x")
    error.__cause__ = error
    error.__context__ = error
    raise error
