"""Lesson 1 with objects: the functions of the exercise only call them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class Softmax:
    axis: int = -1

    def forward(self, x):
        x = x - np.max(x, axis=self.axis, keepdims=True)
        powers = np.exp(x)
        return powers / powers.sum(axis=self.axis, keepdims=True)

    def backward(self, d_out, weights):
        return weights * (d_out - (d_out * weights).sum(axis=self.axis, keepdims=True))


class Answer(NamedTuple):
    out: np.ndarray
    weights: np.ndarray


class Attention:
    def __init__(self, mask=None):
        self.mask = mask
        self.softmax = Softmax()

    def scores(self, q, k):
        return q @ np.swapaxes(k, -2, -1)

    def scaled(self, scores, d_k):
        return scores / math.sqrt(d_k)

    def masked(self, scores):
        return np.where(self.mask, scores, float("-inf"))

    def weights(self, scores):
        if self.mask is None:
            return self.softmax.forward(scores)
        live = self.mask.any(axis=-1, keepdims=True)
        safe = np.where(live, self.masked(scores), 0.0)
        return np.where(live, self.softmax.forward(safe), 0.0)

    def __call__(self, q, k, v):
        weights = self.weights(self.scaled(self.scores(q, k), q.shape[-1]))
        return Answer(weights @ v, weights)


class Pooling:
    def __init__(self, x_key, y, bandwidth):
        self.x_key, self.y, self.bandwidth = x_key, y, bandwidth

    def at(self, x):
        z = (x[:, None] - self.x_key[None, :]) / self.bandwidth
        return Softmax().forward(-(z**2) / 2) @ self.y


def softmax(x, axis=-1):
    return Softmax(axis).forward(x)


def attention_scores(q, k):
    return Attention().scores(q, k)


def scale_scores(scores, d_k):
    return Attention().scaled(scores, d_k)


def mask_scores(scores, mask):
    return Attention(mask).masked(scores)


def scaled_dot_product_attention(q, k, v, mask=None):
    answer = Attention(mask)(q, k, v)
    return answer.out, answer.weights


def attention_pooling(x_query, x_key, y, bandwidth):
    return Pooling(x_key, y, bandwidth).at(x_query)


def softmax_backward(d_out, weights, axis=-1):
    return Softmax(axis).backward(d_out, weights)
