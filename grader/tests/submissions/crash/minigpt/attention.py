"""attention_scores reads memory that is not its own; the process dies."""

import math

import numpy as np


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def attention_scores(q, k):
    n = k.shape[-2]
    # A view without copying. The strides should have been counted in bytes, not in rows.
    wide = np.lib.stride_tricks.as_strided(k, shape=(2, n), strides=(2**45, k.strides[-1]))
    return q @ wide.sum()


def scale_scores(scores, d_k):
    return scores / math.sqrt(d_k)


def mask_scores(scores, mask):
    return np.where(mask, scores, -np.inf)


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = scale_scores(attention_scores(q, k), q.shape[-1])
    if mask is None:
        weights = softmax(scores)
    else:
        alive = mask.any(axis=-1, keepdims=True)
        weights = softmax(mask_scores(scores, mask | ~alive)) * alive
    return weights @ v, weights


def attention_pooling(x_query, x_key, y, bandwidth):
    z = (x_query[:, None] - x_key[None, :]) / bandwidth
    return softmax(-(z**2) / 2) @ y


def softmax_backward(d_out, weights, axis=-1):
    mean = (d_out * weights).sum(axis=axis, keepdims=True)
    return weights * (d_out - mean)
