import math

import numpy as np


def softmax(x, axis=-1):
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


def attention_scores(q, k):
    return 1.0 * (q @ np.swapaxes(k, -1, -2))


def scale_scores(scores, d_k):
    return scores / math.sqrt(d_k)


def mask_scores(scores, mask):
    return np.where(mask, scores, -np.inf)


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = scale_scores(attention_scores(q, k), q.shape[-1])
    if mask is None:
        w = softmax(scores)
    else:
        alive = mask.any(axis=-1, keepdims=True)
        w = softmax(mask_scores(scores, mask | ~alive)) * alive
    return w @ v, w


def attention_pooling(x_query, x_key, y, bandwidth):
    return softmax(-(((x_query[:, None] - x_key) / bandwidth) ** 2) / 2) @ y


def softmax_backward(d_out, weights, axis=-1):
    return weights * (d_out - (d_out * weights).sum(axis=axis, keepdims=True))
