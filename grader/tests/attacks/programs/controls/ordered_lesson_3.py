"""Honest: right functions that build their dicts in another order, and keep tables in a cache.

Lesson: 3
"""
from functools import lru_cache

_right_backward, _right_statistics = multi_head_attention_backward, head_statistics


@lru_cache(maxsize=None)
def _names():
    return ("c_proj", "c_attn")


def multi_head_attention_backward(d_out, x, params, n_head, mask=None):
    d_x, grads = _right_backward(d_out, x, params, n_head, mask)
    return d_x, {name: dict(reversed(grads[name].items())) for name in _names()}


def head_statistics(weights):
    return dict(sorted(_right_statistics(weights).items()))
