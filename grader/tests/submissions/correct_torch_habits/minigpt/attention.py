"""Lesson 1 as I would write it in torch: functional, q scaled first, masked_fill with -1e9."""

import math
from typing import Optional, Tuple

import numpy as np

NEG_INF = -1e9


def masked_fill(x: np.ndarray, where: np.ndarray, value: float) -> np.ndarray:
    return np.where(where, value, x)


def transpose(x: np.ndarray, dim0: int, dim1: int) -> np.ndarray:
    return np.ascontiguousarray(np.swapaxes(x, dim0, dim1))


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    x = x - x.max(axis, keepdims=True)
    x = np.exp(x)
    return x / x.sum(axis, keepdims=True)


def attention_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    return np.matmul(q, transpose(k, -2, -1))


def scale_scores(scores: np.ndarray, d_k: int) -> np.ndarray:
    scaling = float(d_k) ** -0.5
    return scores * scaling


def mask_scores(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    scores = scores * 1.0
    return scores + (~mask).astype(scores.dtype) * NEG_INF


def scaled_dot_product_attention(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: Optional[np.ndarray] = None
) -> Tuple[np.ndarray, np.ndarray]:
    q = q / math.sqrt(q.shape[-1])
    attn = attention_scores(q, k)
    if mask is not None:
        attn = masked_fill(attn, ~mask, NEG_INF)
    attn = softmax(attn)
    if mask is not None:
        attn = masked_fill(attn, ~mask, 0.0)
    return np.matmul(attn, v), attn


def attention_pooling(x_query, x_key, y, bandwidth):
    dist = -((x_query[:, None] - x_key[None, :]) ** 2) / (2 * bandwidth**2)
    return np.matmul(softmax(dist), y)


def softmax_backward(d_out, weights, axis=-1):
    dot = np.sum(d_out * weights, axis=axis, keepdims=True)
    return weights * d_out - weights * dot
