"""Honest: dropout draws from a copy of the generator; a dataclass and an exception stay inside.

Lesson: 5
"""
import copy
from dataclasses import dataclass

_right_dropout, _right_feed_forward = dropout, feed_forward


@dataclass(frozen=True)
class _Layer:
    weight: np.ndarray
    bias: np.ndarray


def dropout(x, p, rng, training=True):
    try:
        raise LookupError("inside")
    except LookupError:
        return _right_dropout(x, p, copy.deepcopy(rng), training)


def feed_forward(x, params):
    layers = {name: _Layer(**part) for name, part in params.items()}
    return _right_feed_forward(x, {name: vars(layer) for name, layer in layers.items()})
