"""Lesson 1 one number at a time. Slow, but I can follow it."""

import math

import numpy as np


def float_type(*arrays):
    kind = np.result_type(*arrays)
    return kind if kind.kind == "f" else np.float64


def softmax_of_list(row):
    biggest = row[0]
    for number in row:
        if number > biggest:
            biggest = number
    exps = []
    for number in row:
        exps.append(math.exp(number - biggest))
    total = 0.0
    for e in exps:
        total = total + e
    return [e / total for e in exps]


def softmax(x, axis=-1):
    last = np.moveaxis(x, axis, -1)
    result = np.zeros(last.shape, dtype=float_type(x))
    for place in np.ndindex(*last.shape[:-1]):
        result[place] = softmax_of_list([float(number) for number in last[place]])
    return np.moveaxis(result, -1, axis)


def attention_scores(q, k):
    result = np.zeros(q.shape[:-1] + (k.shape[-2],), dtype=float_type(q, k))
    for batch in np.ndindex(*q.shape[:-2]):
        for i in range(q.shape[-2]):
            for j in range(k.shape[-2]):
                total = 0.0
                for d in range(q.shape[-1]):
                    total = total + float(q[batch][i][d]) * float(k[batch][j][d])
                result[batch][i][j] = total
    return result


def scale_scores(scores, d_k):
    result = np.zeros(scores.shape, dtype=float_type(scores))
    for place in np.ndindex(*scores.shape):
        result[place] = float(scores[place]) / math.sqrt(d_k)
    return result


def mask_scores(scores, mask):
    allowed = np.broadcast_to(mask, scores.shape)
    result = np.zeros(scores.shape, dtype=float_type(scores))
    for place in np.ndindex(*scores.shape):
        if allowed[place]:
            result[place] = scores[place]
        else:
            result[place] = -math.inf
    return result


def scaled_dot_product_attention(q, k, v, mask=None):
    scores = scale_scores(attention_scores(q, k), q.shape[-1])
    allowed = np.ones(scores.shape, dtype=bool)
    if mask is not None:
        allowed = np.broadcast_to(mask, scores.shape)
    weights = np.zeros(scores.shape, dtype=float_type(q, k, v))
    out = np.zeros(q.shape[:-1] + (v.shape[-1],), dtype=float_type(q, k, v))
    for place in np.ndindex(*scores.shape[:-1]):
        seen = [j for j in range(scores.shape[-1]) if allowed[place][j]]
        if not seen:
            continue
        shares = softmax_of_list([float(scores[place][j]) for j in seen])
        for j, share in zip(seen, shares):
            weights[place][j] = share
            for d in range(v.shape[-1]):
                out[place][d] += share * float(v[place[:-1]][j][d])
    return out, weights


def attention_pooling(x_query, x_key, y, bandwidth):
    result = np.zeros(len(x_query), dtype=float_type(x_query, x_key, y))
    for i in range(len(x_query)):
        exponents = []
        for known in x_key:
            distance = float(x_query[i]) - float(known)
            exponents.append(-(distance**2) / (2 * bandwidth**2))
        shares = softmax_of_list(exponents)
        guess = 0.0
        for share, value in zip(shares, y):
            guess = guess + share * float(value)
        result[i] = guess
    return result


def softmax_backward(d_out, weights, axis=-1):
    g, w = np.moveaxis(d_out, axis, -1), np.moveaxis(weights, axis, -1)
    result = np.zeros(g.shape, dtype=float_type(d_out, weights))
    n = g.shape[-1]
    for place in np.ndindex(*g.shape[:-1]):
        for i in range(n):
            total = 0.0
            for j in range(n):
                same = 1.0 if i == j else 0.0
                total += float(g[place][j]) * float(w[place][j]) * (same - float(w[place][i]))
            result[place][i] = total
    return np.moveaxis(result, -1, axis)
