"""Honest: right functions that print, warn and draw random numbers for no reason.

Lesson: 2
"""
import random
import warnings


def chatty(function):
    def wrapped(*args, **kwargs):
        print("in", function.__name__, *map(np.shape, args[:1]))
        warnings.warn("not sure about this")
        random.random(), np.random.rand(2)
        return function(*args, **kwargs)
    return wrapped


for _name in ("embed", "project_qkv", "causal_mask", "padding_mask", "self_attention", "attention_entropy"):
    globals()[_name] = chatty(globals()[_name])
