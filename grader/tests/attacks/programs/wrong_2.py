"""Lesson 2, honestly wrong: right shapes and zeros. What this earns is what an attack may earn.

Lesson: 2
"""

import numpy as np


def embed(ids, table):
    return np.zeros((*np.shape(ids), table.shape[-1]), table.dtype)


def project_qkv(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    return tuple(np.zeros((*x.shape[:-1], w.shape[-1]), x.dtype) for w in (w_q, w_k, w_v))


def causal_mask(t_q, t_k=None):
    return np.zeros((t_q, t_q if t_k is None else t_k), bool)


def padding_mask(lengths, t_k):
    return np.zeros((len(lengths), 1, t_k), bool)


def self_attention(x, w_q, w_k, w_v, mask=None):
    weights = np.zeros((*x.shape[:-1], x.shape[-2]), x.dtype)
    return np.zeros((*x.shape[:-1], w_v.shape[-1]), x.dtype), weights


def scaled_dot_product_attention_backward(d_out, q, k, v, weights):
    return np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)


def attention_entropy(weights):
    return np.full(weights.shape[:-1], -1, weights.dtype)
