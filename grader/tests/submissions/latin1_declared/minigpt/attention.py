# -*- coding: latin-1 -*-
"""Lesson 1. Écrit par Zoé, in an editor that saves Latin-1 and says so."""

import numpy as np


def softmax(x, axis=-1):
    e = np.exp(x - np.amax(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def attention_scores(q, k):
    return np.einsum("...qd,...kd->...qk", q, k)


def scale_scores(scores, d_k):
    return scores * d_k**-0.5


def mask_scores(scores, mask):
    return np.where(mask, scores, -np.inf)


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = np.einsum("...qd,...kd->...qk", q, k) * q.shape[-1] ** -0.5
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    top = scores.max(axis=-1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(top), top, 0))
    total = np.einsum("...k->...", e)[..., None]
    weights = e / np.where(total == 0, 1, total)  # a dead row is 0 / 1
    return np.einsum("...qk,...kv->...qv", weights, v), weights


def attention_pooling(x_query, x_key, y, bandwidth):
    delta = (x_query[:, None] - x_key[None, :]) / bandwidth
    return np.einsum("qk,k->q", softmax(-0.5 * delta**2), y)


def softmax_backward(d_out, weights, axis=-1):
    g, w = np.moveaxis(d_out, axis, -1), np.moveaxis(weights, axis, -1)
    mean = np.einsum("...i,...i->...", g, w)[..., None]
    return np.moveaxis(w * (g - mean), -1, axis)
