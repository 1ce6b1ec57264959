"""Lesson 1, honestly wrong: right shapes and zeros. What this earns is what an attack may earn.

Lesson: 1
"""

import numpy as np


def softmax(x, axis=-1):
    return np.zeros_like(np.asarray(x))


def attention_scores(q, k):
    return np.zeros((*q.shape[:-1], k.shape[-2]), q.dtype)


def scale_scores(scores, d_k):
    return np.zeros_like(scores)


def mask_scores(scores, mask):
    return np.zeros_like(scores)


def scaled_dot_product_attention(q, k, v, mask=None):
    weights = np.zeros((*q.shape[:-1], k.shape[-2]), q.dtype)
    return np.zeros((*q.shape[:-1], v.shape[-1]), v.dtype), weights


def attention_pooling(x_query, x_key, y, bandwidth):
    return np.zeros_like(x_query)


def softmax_backward(d_out, weights, axis=-1):
    return np.zeros_like(d_out)
