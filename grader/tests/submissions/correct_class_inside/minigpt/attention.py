"""I like classes, so the functions at the bottom only call one."""
import math
from dataclasses import dataclass

import numpy as np


@dataclass
class Shares:
    """Softmax with its gradient."""

    axis: int = -1

    def forward(self, x):
        x = np.asarray(x)
        x = x * 1.0 if x.dtype.kind in "iu" else x
        z = np.exp(x - x.max(axis=self.axis, keepdims=True))
        return z / z.sum(axis=self.axis, keepdims=True)

    def backward(self, d_out, weights):
        return weights * (d_out - (weights * d_out).sum(axis=self.axis, keepdims=True))


class Head:
    """One attention head without parameters."""

    def __init__(self, mask=None):
        self.mask = mask

    def weights(self, q, k):
        scores = scale_scores(attention_scores(q, k), k.shape[-1])
        if self.mask is None:
            return softmax(scores)
        blocked = mask_scores(scores, self.mask)
        alive = self.mask.any(axis=-1, keepdims=True)
        w = softmax(np.where(alive, blocked, np.zeros((), dtype=scores.dtype)))
        return np.where(alive, w, np.zeros((), dtype=w.dtype))

    def __call__(self, q, k, v):
        w = self.weights(q, k)
        return np.matmul(w, v), w


def softmax(x, axis=-1):
    return Shares(axis).forward(x)


def attention_scores(q, k):
    return np.matmul(q, k.swapaxes(-1, -2))


def scale_scores(scores, d_k):
    return scores / math.sqrt(d_k)


def mask_scores(scores, mask):
    lowest = -1e30 if scores.dtype == np.float32 else -1e300
    return np.where(mask, scores, lowest)


def scaled_dot_product_attention(q, k, v, mask=None):
    return Head(mask)(q, k, v)


def attention_pooling(x_query, x_key, y, bandwidth):
    z = (x_query.reshape(-1, 1) * 1.0 - x_key.reshape(1, -1)) / bandwidth
    return np.matmul(softmax(z * z / -2.0, axis=1), y)


def softmax_backward(d_out, weights, axis=-1):
    return Shares(axis).backward(d_out, weights)
