"""attention_pooling calls itself without an end."""

import math

import numpy as np


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def attention_scores(q, k):
    return q @ np.swapaxes(k, -1, -2)


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




def softmax_backward(d_out, weights, axis=-1):
    mean = (d_out * weights).sum(axis=axis, keepdims=True)
    return weights * (d_out - mean)


def attention_pooling(x_query, x_key, y, bandwidth):
    if len(x_query) == 0:
        return np.zeros(0)
    first = attention_pooling(x_query[:1], x_key, y, bandwidth)
    others = attention_pooling(x_query[1:], x_key, y, bandwidth)
    return np.concatenate([first, others])
