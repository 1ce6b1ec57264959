"""float32 inside, wherever the inputs are float32: the dtype of the inputs decides."""
import numpy as np


def _dtype(*arrays):
    found = np.result_type(*arrays)
    return np.float32 if found == np.float32 else np.float64


def softmax(x, axis=-1):
    x = np.asarray(x, dtype=_dtype(x))
    x = x - x.max(axis=axis, keepdims=True)
    np.exp(x, out=x)  # my own copy, so in place is fine
    x /= x.sum(axis=axis, keepdims=True, dtype=x.dtype)
    return x


def attention_scores(q, k):
    t = _dtype(q, k)
    return np.matmul(q.astype(t), np.swapaxes(k, -1, -2).astype(t))


def scale_scores(scores, d_k):
    t = _dtype(scores)
    return scores.astype(t) / t(np.sqrt(d_k))


def mask_scores(scores, mask):
    t = _dtype(scores)
    return np.where(mask, scores.astype(t), t(-np.inf))


def scaled_dot_product_attention(q, k, v, mask=None):
    t = _dtype(q, k, v)
    scores = scale_scores(attention_scores(q.astype(t), k.astype(t)), q.shape[-1])
    if mask is None:
        weights = softmax(scores)
    else:
        keep = np.broadcast_to(mask, scores.shape)
        weights = np.zeros(scores.shape, dtype=t)
        rows = keep.any(axis=-1)
        weights[rows] = softmax(mask_scores(scores[rows], keep[rows]))
    return weights @ v.astype(t), weights


def attention_pooling(x_query, x_key, y, bandwidth):
    t = _dtype(x_query, x_key, y)
    gap = np.subtract.outer(x_query.astype(t), x_key.astype(t)) / t(bandwidth)
    return softmax(-np.square(gap) / t(2)) @ y.astype(t)


def softmax_backward(d_out, weights, axis=-1):
    t = _dtype(d_out, weights)
    inner = np.sum(d_out * weights, axis=axis, keepdims=True, dtype=t)
    return ((d_out - inner) * weights).astype(t)
