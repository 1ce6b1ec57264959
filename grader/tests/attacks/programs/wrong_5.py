"""Lesson 5, honestly wrong: right shapes and zeros. What this earns is what an attack may earn.

Lesson: 5
"""

import numpy as np


def gelu(x, approximate="tanh"):
    return np.zeros_like(x) - 1


def gelu_backward(d_out, x, approximate="tanh"):
    return np.zeros_like(x)


def layer_norm(x, gamma, beta, eps=1e-5):
    return np.zeros_like(x)


def layer_norm_backward(d_out, x, gamma, eps=1e-5):
    return np.zeros_like(x), np.zeros_like(gamma), np.zeros_like(gamma)


def feed_forward(x, params):
    return np.zeros_like(x)


def feed_forward_backward(d_out, x, params):
    grads = {layer: {name: np.zeros_like(part) for name, part in parts.items()} for layer, parts in params.items()}
    return np.zeros_like(x), grads


def add_and_norm(x, sublayer_out, gamma, beta, eps=1e-5):
    return np.zeros_like(x)


def dropout(x, p, rng, training=True):
    return np.zeros_like(x) - 1
