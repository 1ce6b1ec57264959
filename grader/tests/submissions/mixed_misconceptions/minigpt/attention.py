"""Six exercises, six well-known mistakes; only the scores are right."""

import math

import numpy as np


def softmax(x, axis=-1):
    # exp first, then divide
    return np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)


def attention_scores(q, k):
    return q @ np.swapaxes(k, -1, -2)


def scale_scores(scores, d_k):
    return scores / d_k


def mask_scores(scores, mask):
    # True = masked
    return np.where(mask, -np.inf, scores)


def scaled_dot_product_attention(q, k, v, mask=None):
    s = attention_scores(q, k) / math.sqrt(q.shape[-1])
    if mask is not None:
        s = np.where(mask, s, -1e9)
    w = softmax(s)
    return w @ v, w


def attention_pooling(x_query, x_key, y, bandwidth):
    d = x_query[:, None] - x_key
    w = np.exp(-(d**2) / (2 * bandwidth))
    return (w / w.sum(axis=1, keepdims=True)) @ y


def softmax_backward(d_out, weights, axis=-1):
    return d_out * weights * (1 - weights)
