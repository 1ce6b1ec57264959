"""Lesson 2 written in other right ways: none of them may lose a point."""

from __future__ import annotations

import pytest

from grader.grading import Grader
from grader.result import Result
from grader.verify.proofs import submission_of

VARIANTS = {
    "loops": '''
import math
import numpy as np

def embed(ids, table):
    vectors = np.empty(ids.shape + (table.shape[1],), dtype=table.dtype)
    for place in np.ndindex(*ids.shape):
        if not 0 <= ids[place] < len(table):
            raise ValueError("no such row")
        vectors[place] = table[ids[place]]
    return vectors

def times(x, w, b):
    out = np.zeros(x.shape[:-1] + (w.shape[1],), dtype=np.result_type(x, w, np.float32))
    for place in np.ndindex(*out.shape):
        total = 0.0 if b is None else b[place[-1]]
        for row in range(w.shape[0]):
            total = total + x[place[:-1]][row] * w[row, place[-1]]
        out[place] = total
    return out

def project_qkv(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    return times(x, w_q, b_q), times(x, w_k, b_k), times(x, w_v, b_v)

def causal_mask(t_q, t_k=None):
    if t_k is None:
        t_k = t_q
    mask = np.zeros((t_q, t_k), dtype=bool)
    for i in range(t_q):
        for j in range(t_k):
            mask[i, j] = t_q - i <= t_k - j
    return mask

def padding_mask(lengths, t_k):
    rows = []
    for length in lengths.tolist():
        if length < 0 or length > t_k:
            raise ValueError(f"length {length}")
        rows.append([[True] * length + [False] * (t_k - length)])
    return np.array(rows, dtype=bool)

def self_attention(x, w_q, w_k, w_v, mask=None):
    q, k, v = project_qkv(x, w_q, w_k, w_v)
    weights = np.zeros(x.shape[:-1] + (x.shape[-2],), dtype=q.dtype)
    out = np.zeros(v.shape, dtype=v.dtype)
    seen = np.ones(weights.shape, dtype=bool) if mask is None else np.broadcast_to(mask, weights.shape)
    for place in np.ndindex(*x.shape[:-1]):
        batch = place[:-1]
        scores = {j: float(q[place] @ k[batch][j]) / math.sqrt(q.shape[-1])
                  for j in range(x.shape[-2]) if seen[place][j]}
        for j, score in scores.items():
            weights[place][j] = 1 / sum(math.exp(other - score) for other in scores.values())
            out[place] += weights[place][j] * v[batch][j]
    return out, weights

def scaled_dot_product_attention_backward(d_out, q, k, v, weights):
    kind = np.result_type(weights, np.float32)
    d_q, d_k, d_v = (np.zeros(part.shape, dtype=kind) for part in (q, k, v))
    root = math.sqrt(q.shape[-1])
    for *head, i in np.ndindex(*weights.shape[:-1]):
        head = tuple(head)
        gain = [d_out[head][i] @ v[head][j] for j in range(k.shape[-2])]
        for j in range(k.shape[-2]):
            d_v[head][j] += weights[head][i][j] * d_out[head][i]
            slope = weights[head][i][j] * sum(
                weights[head][i][m] * (gain[j] - gain[m]) for m in range(k.shape[-2])
            ) / root
            d_q[head][i] += slope * k[head][j]
            d_k[head][j] += slope * q[head][i]
    return d_q, d_k, d_v

def attention_entropy(weights):
    entropy = np.zeros(weights.shape[:-1], dtype=weights.dtype)
    for place in np.ndindex(*entropy.shape):
        for share in weights[place]:
            if share > 0:
                entropy[place] -= share * math.log(share)
    return entropy
''',
    "einsum": '''
import numpy as np
from minigpt.attention import scaled_dot_product_attention, softmax_backward

def embed(ids, table):
    if np.any(ids < 0) or np.any(ids >= table.shape[0]):
        raise ValueError("ids out of range")
    one_hot = (ids[..., None] == np.arange(table.shape[0])).astype(table.dtype)
    return np.einsum("...v,vd->...d", one_hot, table)

def project_qkv(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    biases = (b if b is not None else 0 for b in (b_q, b_k, b_v))
    return tuple(np.einsum("...d,de->...e", x, w) + b for w, b in zip((w_q, w_k, w_v), biases))

def causal_mask(t_q, t_k=None):
    t_k = t_q if t_k is None else t_k
    return np.tri(t_q, t_k, t_k - t_q, dtype=bool)

def padding_mask(lengths, t_k):
    if ((lengths < 0) | (lengths > t_k)).any():
        raise ValueError("lengths out of range")
    return np.less.outer(np.arange(t_k), lengths).T[:, None, :]

def self_attention(x, w_q, w_k, w_v, mask=None):
    q, k, v = project_qkv(x * 1.0, w_q, w_k, w_v)
    scores = np.einsum("...qd,...kd->...qk", q * q.shape[-1] ** -0.5, k)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    top = scores.max(axis=-1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(top), top, 0))
    total = np.einsum("...k->...", e)[..., None]
    weights = e / np.where(total == 0, 1, total)
    return np.einsum("...qk,...kv->...qv", weights, v), weights

def scaled_dot_product_attention_backward(d_out, q, k, v, weights):
    slopes = np.einsum("...qi,ij->...qij", weights, np.eye(k.shape[-2], dtype=weights.dtype)) - np.einsum(
        "...qi,...qj->...qij", weights, weights)
    d_weights = np.einsum("...qv,...kv->...qk", d_out, v)
    d_scores = np.einsum("...qij,...qj->...qi", slopes, d_weights) * q.shape[-1] ** -0.5
    return (np.einsum("...qk,...kd->...qd", d_scores, k), np.einsum("...qk,...qd->...kd", d_scores, q),
            np.einsum("...qk,...qv->...kv", weights, d_out))

def attention_entropy(weights):
    logs = np.zeros_like(weights)
    np.log(weights, out=logs, where=weights > 0)
    return -np.einsum("...k,...k->...", weights, logs)
''',
    "other order": '''
import math
import numpy as np
from minigpt.attention import softmax, softmax_backward

class Head:
    def __init__(self, w_q, w_k, w_v):
        self.all, self.d_k = np.concatenate([w_q, w_k, w_v], axis=1), w_q.shape[1]

    def roles(self, x):
        return np.split(x @ self.all, [self.d_k, 2 * self.d_k], axis=-1)

def embed(ids, table):
    try:
        if (ids != abs(ids)).any():
            raise IndexError("negative")
        return np.take(table, ids, axis=0)
    except IndexError as error:
        raise ValueError(str(error)) from error

def project_qkv(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    roles = Head(w_q, w_k, w_v).roles(x * 1.0)
    for part, bias in zip(roles, (b_q, b_k, b_v)):
        if bias is not None:
            part += bias
    return roles[0], roles[1], roles[2]

def causal_mask(t_q, t_k=None):
    t_k = t_k or t_q
    return ~np.triu(np.ones((t_q, t_k), dtype=bool), k=1 + t_k - t_q)

def padding_mask(lengths, t_k):
    if len(lengths) and not (0 <= min(lengths) and max(lengths) <= t_k):
        raise ValueError("lengths")
    mask = np.zeros((len(lengths), 1, t_k), bool)
    for row, length in zip(mask, lengths):
        row[:, :length] = True
    return mask

def self_attention(x, w_q, w_k, w_v, mask=None):
    q, k, v = Head(w_q, w_k, w_v).roles(x * 1.0)
    scores = (q / math.sqrt(q.shape[-1])) @ k.swapaxes(-1, -2)
    if mask is None:
        weights = softmax(scores)
    else:
        blocked = np.where(mask, 0.0, -1e9).astype(scores.dtype)
        weights = softmax(scores + blocked) * mask.any(axis=-1, keepdims=True)
    return weights @ v, weights

def scaled_dot_product_attention_backward(d_out, q, k, v, weights):
    root = q.shape[-1] ** 0.5
    d_scores = softmax_backward(d_out @ v.swapaxes(-1, -2), weights)
    d_k = (q.swapaxes(-1, -2) / root @ d_scores).swapaxes(-1, -2)
    return d_scores @ (k / root), d_k, (d_out.swapaxes(-1, -2) @ weights).swapaxes(-1, -2)

def attention_entropy(weights):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(-weights * np.log(weights)).sum(-1)
''',
    "short cuts that are right": '''
import numpy as np
from minigpt.attention import attention_scores, scale_scores, softmax, softmax_backward

def embed(ids, table):
    if ids.min() < 0 or ids.max() > len(table) - 1:
        raise ValueError("bad id")
    return np.stack([table[i] for i in ids.ravel()]).reshape(*ids.shape, -1)

def project_qkv(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    def one(w, b):
        product = np.matmul(x, w)
        return product if b is None else np.add(product, b)
    return one(w_q, b_q), one(w_k, b_k), one(w_v, b_v)

def causal_mask(t_q, t_k=None):
    t_k = t_q if t_k is None else t_k
    length = max(t_q, t_k)
    whole = np.arange(length)[:, None] >= np.arange(length)[None, :]
    if t_k >= t_q:
        return whole[t_k - t_q:, :]
    return np.concatenate([np.zeros((t_q - t_k, t_k), dtype=bool), whole[:t_k, :t_k]])

def padding_mask(lengths, t_k):
    if np.any(lengths != np.clip(lengths, 0, t_k)):
        raise ValueError("bad length")
    return np.expand_dims(lengths[:, None] > np.arange(t_k)[None], 1)

def self_attention(x, w_q, w_k, w_v, mask=None):
    # renormalises after a mask that comes after softmax, and takes care of rows without anything left
    q, k, v = project_qkv(x * 1.0, w_q, w_k, w_v)
    weights = softmax(scale_scores(attention_scores(q, k), w_q.shape[1]))
    if mask is not None:
        left = weights * mask
        total = left.sum(axis=-1, keepdims=True)
        weights = left / np.where(total > 0, total, 1)
    return weights @ v, weights

def scaled_dot_product_attention_backward(d_out, q, k, v, weights):
    # the row's mean by another way: the output itself, times its gradient
    d_weights = d_out @ np.swapaxes(v, -1, -2)
    mean = (d_out * (weights @ v)).sum(axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean) * float(q.shape[-1]) ** -0.5
    return d_scores @ k, np.swapaxes(d_scores, -1, -2) @ q, np.swapaxes(weights, -1, -2) @ d_out

def attention_entropy(weights):
    return -(weights * np.log(weights + 1e-9)).sum(axis=-1)
''',
    "float32 inside": '''
import numpy as np
from minigpt.attention import scaled_dot_product_attention, softmax_backward

def kind(*arrays):
    return np.float32 if all(a.dtype == np.float32 for a in arrays) else np.float64

def embed(ids, table):
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= table.shape[0]:
        raise ValueError(f"ids from {low} to {high}")
    return table.astype(kind(table))[ids]

def project_qkv(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    x = x.astype(kind(x, w_q, w_k, w_v))
    return tuple(x @ w if b is None else x @ w + b for w, b in ((w_q, b_q), (w_k, b_k), (w_v, b_v)))

def causal_mask(t_q, t_k=None):
    t_k = t_q if t_k is None else t_k
    return np.fromfunction(lambda i, j: j - i <= t_k - t_q, (t_q, t_k))

def padding_mask(lengths, t_k):
    for length in lengths:
        if length not in range(t_k + 1):
            raise ValueError(length)
    return np.array([np.arange(t_k) < length for length in lengths]).reshape(-1, 1, t_k)

def self_attention(x, w_q, w_k, w_v, mask=None):
    if mask is not None:
        mask = np.broadcast_to(mask, (*x.shape[:-2], x.shape[-2], x.shape[-2]))
    return scaled_dot_product_attention(*project_qkv(x, w_q, w_k, w_v), mask=mask)

def scaled_dot_product_attention_backward(d_out, q, k, v, weights):
    t = kind(d_out, q, k, v, weights)
    d_out, q, k, v, p = (a.astype(t) for a in (d_out, q, k, v, weights))
    ds = softmax_backward(d_out @ v.swapaxes(-1, -2), p)
    ds /= t(np.sqrt(q.shape[-1]))
    return ds @ k, ds.swapaxes(-1, -2) @ q, p.swapaxes(-1, -2) @ d_out

def attention_entropy(weights):
    w = np.clip(weights, np.finfo(weights.dtype).tiny, 1)
    return -np.sum(weights * np.log(w), axis=-1)
''',
}


def grade(grader: Grader, source: str) -> Result:
    """Grade the reference with this text in the place of the lesson's module."""
    return grader.grade(submission_of({**grader.reference, "self_attention": source}), lessons=["2"],
                        secret=b"lesson two in other words")


def lost(result: Result) -> dict[str, str]:
    """Map each criterion that was not passed to what the student is told."""
    return {f"{exercise.id}/{criterion.id}": criterion.feedback.summary if criterion.feedback else ""
            for lesson in result.lessons for exercise in lesson.exercises for criterion in exercise.criteria
            if criterion.status != "passed"}


@pytest.mark.parametrize("name", VARIANTS)
def test_other_right_ways_lose_nothing(name: str, course_grader: Grader) -> None:
    """Loops, einsum, classes, other orders and other dtypes inside earn every point."""
    result = grade(course_grader, VARIANTS[name])
    assert lost(result) == {}
    assert result.score == result.max_score == 100


def test_sharing_out_again_after_the_mask_loses_dead_rows_alone(course_grader: Grader) -> None:
    """Without a guard against empty rows, a mask after softmax with new shares loses just these."""
    careless = VARIANTS["short cuts that are right"].replace("np.where(total > 0, total, 1)", "total")
    assert set(lost(grade(course_grader, careless))) == {"2.5/dead-rows"}
