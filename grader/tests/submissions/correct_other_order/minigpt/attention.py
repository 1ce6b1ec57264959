"""Lesson 1 with the same mathematics in another order."""

import numpy as np


def _float(array):
    return array * 1.0


def log_sum_exp(x, axis):
    top = x.max(axis=axis, keepdims=True)
    return top + np.log(np.exp(x - top).sum(axis=axis, keepdims=True))


def softmax(x, axis=-1):
    x = _float(x)
    return np.exp(x - log_sum_exp(x, axis))


def attention_scores(q, k):
    return np.swapaxes(_float(k) @ np.swapaxes(q, -1, -2), -1, -2)


def scale_scores(scores, d_k):
    return scores * (1 / d_k) ** 0.5


def mask_scores(scores, mask):
    masked = np.array(_float(scores))
    masked[np.broadcast_to(~mask, masked.shape)] = -np.inf
    return masked


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = attention_scores(q, k / q.shape[-1] ** 0.5)
    if mask is not None:
        scores = mask_scores(scores, mask)
    top = np.nan_to_num(scores.max(axis=-1, keepdims=True), neginf=0.0)
    powers = np.exp(scores - top)
    total = powers.sum(axis=-1, keepdims=True)
    total[total == 0] = 1  # nobody to look at
    return (powers @ v) / total, powers / total


def attention_pooling(x_query, x_key, y, bandwidth):
    # (a - b)² = a² - 2ab + b², and a² is the same for all keys
    a, b = _float(x_query)[:, None] / bandwidth, _float(x_key) / bandwidth
    return softmax(a * b - b * b / 2) @ y


def softmax_backward(d_out, weights, axis=-1):
    g, w = np.moveaxis(_float(d_out), axis, -1), np.moveaxis(weights, axis, -1)
    slopes = w[..., :, None] * (np.eye(w.shape[-1], dtype=w.dtype) - w[..., None, :])
    return np.moveaxis((slopes @ g[..., None])[..., 0], -1, axis)
