"""Lesson 1, where every step keeps to the precision of its input."""

import numpy as np


def precision(*arrays):
    return np.float32 if all(a.dtype == np.float32 for a in arrays) else np.float64


def softmax(x, axis=-1):
    work = precision(x)
    e = np.array(x, dtype=work)
    e -= e.max(axis=axis, keepdims=True)
    np.exp(e, out=e)
    e /= e.sum(axis=axis, keepdims=True, dtype=work)
    return e


def attention_scores(q, k):
    work = precision(q, k)
    return np.matmul(q.astype(work), k.astype(work).swapaxes(-1, -2), dtype=work)


def scale_scores(scores, d_k):
    work = precision(scores)
    return scores.astype(work) / work(np.sqrt(work(d_k)))


def mask_scores(scores, mask):
    work = precision(scores)
    return np.where(mask, scores.astype(work), work(-np.inf))


def scaled_dot_product_attention(q, k, v, mask=None):
    work = precision(q, k, v)
    scores = scale_scores(attention_scores(q, k), q.shape[-1])
    if mask is None:
        weights = softmax(scores)
    else:
        sees = np.any(mask, axis=-1, keepdims=True)
        weights = softmax(np.where(sees, mask_scores(scores, mask), work(0)))
        weights = np.where(sees, weights, work(0))
    return np.matmul(weights, v.astype(work), dtype=work), weights


def attention_pooling(x_query, x_key, y, bandwidth):
    work = precision(x_query, x_key, y)
    z = (x_query.astype(work)[:, None] - x_key.astype(work)) / work(bandwidth)
    return softmax(-z * z / work(2)) @ y.astype(work)


def softmax_backward(d_out, weights, axis=-1):
    work = precision(d_out, weights)
    g, w = d_out.astype(work), weights.astype(work)
    return w * (g - (g * w).sum(axis=axis, keepdims=True, dtype=work))
