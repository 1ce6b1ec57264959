"""Lesson 3, honestly wrong: right shapes and zeros. What this earns is what an attack may earn.

Lesson: 3
"""

import numpy as np


def split_heads(x, n_head):
    return np.zeros((*x.shape[:-2], n_head, x.shape[-2], x.shape[-1] // n_head), x.dtype)


def merge_heads(x):
    return np.zeros((*x.shape[:-3], x.shape[-2], x.shape[-3] * x.shape[-1]), x.dtype)


def split_qkv(x, weight, bias):
    return tuple(np.zeros((*x.shape[:-1], weight.shape[-1] // 3), x.dtype) for _ in range(3))


def multi_head_attention(x, params, n_head, mask=None):
    return np.zeros_like(x), np.zeros((*x.shape[:-2], n_head, x.shape[-2], x.shape[-2]), x.dtype)


def cross_attention(x, memory, params, n_head, mask=None):
    return np.zeros_like(x), np.zeros((*x.shape[:-2], n_head, x.shape[-2], memory.shape[-2]), x.dtype)


def multi_head_attention_backward(d_out, x, params, n_head, mask=None):
    grads = {layer: {name: np.zeros_like(part) for name, part in parts.items()} for layer, parts in params.items()}
    return np.zeros_like(x), grads


def head_statistics(weights):
    return {name: np.full(weights.shape[:-2], -1, weights.dtype) for name in ("entropy", "previous", "first", "self")}
