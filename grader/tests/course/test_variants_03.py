"""Lesson 3 written in other right ways: every one of them earns all points."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course import Course
from grader.grading import Grader
from grader.submission import read_submission
from grader.tests.submissions_golden import compact

HEAD = '''
import math
import numpy as np
from minigpt.attention import scaled_dot_product_attention, softmax
from minigpt.self_attention import attention_entropy, scaled_dot_product_attention_backward
'''

# Plain loops over texts, heads and tokens; a mask of -1e9; lists of floats; no other exercise in use.
LOOPS = HEAD + '''
def result_type(*arrays):
    kind = np.result_type(*arrays)
    return kind if kind.kind == "f" else np.float64

def split_heads(x, n_head):
    width = x.shape[-1]
    if width // n_head * n_head != width:
        raise ValueError("the heads cannot share this width")
    size = width // n_head
    heads = np.empty((*x.shape[:-2], n_head, x.shape[-2], size), dtype=x.dtype)
    for h in range(n_head):
        heads[..., h, :, :] = x[..., :, h * size:(h + 1) * size]
    return heads

def merge_heads(x):
    merged = np.empty((*x.shape[:-3], x.shape[-2], x.shape[-3] * x.shape[-1]), dtype=x.dtype)
    for h in range(x.shape[-3]):
        for i in range(x.shape[-1]):
            merged[..., h * x.shape[-1] + i] = x[..., h, :, i]
    return merged

def split_qkv(x, weight, bias):
    d = weight.shape[1] // 3
    return tuple(x @ weight[:, i * d:(i + 1) * d] + bias[i * d:(i + 1) * d] for i in range(3))

def attend(x, memory, params, n_head, mask):
    kind = result_type(x, memory, params["c_attn"]["weight"])
    d, t_q, t_k = x.shape[-1], x.shape[-2], memory.shape[-2]
    size = d // n_head
    full = np.ones((*x.shape[:-2], n_head, t_q, t_k), dtype=bool)
    if mask is not None:
        full = full & (mask if mask.ndim != x.ndim else mask.reshape(*mask.shape[:-2], 1, *mask.shape[-2:]))
    weights = np.zeros(full.shape, dtype=kind)
    beside = np.zeros(x.shape, dtype=kind)
    for text in np.ndindex(*x.shape[:-2]):
        q = split_qkv(x[text], **params["c_attn"])[0]
        _, k, v = split_qkv(memory[text], **params["c_attn"])
        for h in range(n_head):
            own = slice(h * size, (h + 1) * size)
            for i in range(t_q):
                scores = [float(q[i, own] @ k[j, own]) / math.sqrt(size) if full[(*text, h, i, j)] else -1e9
                          for j in range(t_k)]
                powers = [math.exp(s - max(scores)) for s in scores]
                for j in range(t_k):
                    weights[(*text, h, i, j)] = powers[j] / sum(powers)
                    beside[(*text, i, own)] += weights[(*text, h, i, j)] * v[j, own]
    return beside, weights

def multi_head_attention(x, params, n_head, mask=None):
    return cross_attention(x, x, params, n_head, mask)

def cross_attention(x, memory, params, n_head, mask=None):
    beside, weights = attend(x, memory, params, n_head, mask)
    return beside @ params["c_proj"]["weight"] + params["c_proj"]["bias"], weights

def multi_head_attention_backward(d_out, x, params, n_head, mask=None):
    kind = result_type(x, d_out)
    w_attn, w_proj = params["c_attn"]["weight"], params["c_proj"]["weight"]
    beside, weights = attend(x, x, params, n_head, mask)
    d, size = x.shape[-1], x.shape[-1] // n_head
    d_x = np.zeros(x.shape, dtype=kind)
    grads = {name: {key: np.zeros(a.shape, dtype=kind) for key, a in part.items()}
             for name, part in params.items()}
    for text in np.ndindex(*x.shape[:-2]):
        q, k, v = split_qkv(x[text], **params["c_attn"])
        d_beside = d_out[text] @ w_proj.T
        for i in range(x.shape[-2]):
            grads["c_proj"]["weight"] += np.outer(beside[text][i], d_out[text][i])
            grads["c_proj"]["bias"] += d_out[text][i]
        for h in range(n_head):
            own = slice(h * size, (h + 1) * size)
            w, d_head = weights[(*text, h)], d_beside[:, own]
            d_w = d_head @ v[:, own].T
            d_s = w * (d_w - (d_w * w).sum(axis=1, keepdims=True)) / math.sqrt(size)
            three = (d_s @ k[:, own], d_s.T @ q[:, own], w.T @ d_head)
            for block, d_part in enumerate(three):
                columns = slice(block * d + h * size, block * d + (h + 1) * size)
                d_x[text] += d_part @ w_attn[:, columns].T
                grads["c_attn"]["weight"][:, columns] += x[text].T @ d_part
                grads["c_attn"]["bias"][columns] += d_part.sum(axis=0)
    return d_x, grads

def head_statistics(weights):
    n, t = weights.shape[-3], weights.shape[-1]
    texts = weights.reshape(-1, n, t, t)
    found = {name: np.zeros(n, dtype=weights.dtype) for name in ("previous", "first", "self", "entropy")}
    for h in range(n):
        rows = [(i, text[h, i]) for text in texts for i in range(1, t)]
        found["previous"][h] = sum(row[i - 1] for i, row in rows) / len(rows)
        found["first"][h] = sum(row[0] for i, row in rows) / len(rows)
        found["self"][h] = sum(row[i] for i, row in rows) / len(rows)
        found["entropy"][h] = -sum(w * math.log(w) for i, row in rows for w in row if w > 0) / len(rows)
    return found
'''

# Einsum throughout, the parameters cut instead of the vectors, a mask of -inf, c_proj applied head by head.
EINSUM = HEAD + '''
def split_heads(x, n_head):
    return np.stack(np.split(x, n_head, axis=-1), axis=-3)

def merge_heads(x):
    return np.concatenate(list(np.moveaxis(x, -3, 0)), axis=-1)

def split_qkv(x, weight, bias):
    return np.split(np.einsum("...d,de->...e", x, weight) + bias, 3, axis=-1)

def cut(params, n_head):
    d = params["c_proj"]["weight"].shape[0]
    w = params["c_attn"]["weight"].reshape(d, 3, n_head, -1)
    b = params["c_attn"]["bias"].reshape(3, n_head, 1, -1)
    return w, b, params["c_proj"]["weight"].reshape(n_head, -1, d)

def weigh(q, k, mask, axes):
    scores = np.einsum("...id,...jd->...ij", q, k) * (1 / math.sqrt(q.shape[-1]))
    if mask is not None:
        mask = mask[..., None, :, :] if mask.ndim == axes else mask
        scores = np.where(mask, scores, -np.inf)
    return softmax(scores)

def cross_attention(x, memory, params, n_head, mask=None):
    w, b, mix = cut(params, n_head)
    q = np.einsum("...td,dhi->...hti", x, w[:, 0]) + b[0]
    k = np.einsum("...td,dhi->...hti", memory, w[:, 1]) + b[1]
    v = np.einsum("...td,dhi->...hti", memory, w[:, 2]) + b[2]
    weights = weigh(q, k, mask, x.ndim)
    return np.einsum("...hqk,...hki,hid->...qd", weights, v, mix) + params["c_proj"]["bias"], weights

def multi_head_attention(x, params, n_head, mask=None):
    return cross_attention(x, x, params, n_head, mask)

def multi_head_attention_backward(d_out, x, params, n_head, mask=None):
    w, b, mix = cut(params, n_head)
    q, k, v = (np.einsum("...td,dhi->...hti", x, w[:, i]) + b[i] for i in range(3))
    weights = weigh(q, k, mask, x.ndim)
    heads = np.einsum("...hqk,...hki->...hqi", weights, v)
    texts = tuple(range(x.ndim - 2))
    d_heads = np.einsum("...qd,hid->...hqi", d_out, mix)
    d_mix = np.einsum("...hqi,...qd->...hid", heads, d_out).sum(axis=texts)
    d_parts = scaled_dot_product_attention_backward(d_heads, q, k, v, weights)
    d_x = sum(np.einsum("...hti,dhi->...td", d, w[:, i]) for i, d in enumerate(d_parts))
    d_w = [np.einsum("...td,...hti->...dhi", x, d).sum(axis=texts).reshape(x.shape[-1], -1) for d in d_parts]
    d_b = [d.sum(axis=-2).sum(axis=texts).reshape(-1) for d in d_parts]
    return d_x, {
        "c_attn": {"weight": np.concatenate(d_w, axis=1), "bias": np.concatenate(d_b)},
        "c_proj": {"weight": d_mix.reshape(x.shape[-1], -1), "bias": d_out.sum(axis=-2).sum(axis=texts)},
    }

def head_statistics(weights):
    t = weights.shape[-1]
    i = np.arange(1, t)
    w = np.moveaxis(weights, -3, 0)
    logs = np.log(w[..., 1:, :], where=w[..., 1:, :] > 0, out=np.zeros_like(w[..., 1:, :]))
    parts = {"previous": w[..., i, i - 1], "first": w[..., 1:, 0], "self": w[..., i, i],
             "entropy": -np.einsum("...ij,...ij->...i", w[..., 1:, :], logs)}
    return {name: part.reshape(len(w), -1).mean(axis=1) for name, part in parts.items()}
'''

# Classes inside, the habits of PyTorch: x is made [B, T, D] first, queries are scaled before the product,
# and the mask comes after the exponential, with the shares given out among those that are left.
TORCH_HABITS = HEAD + '''
class Linear:
    def __init__(self, params):
        self.params = params

    def __call__(self, x):
        self.x = x.reshape(-1, x.shape[-1])
        return x @ self.params["weight"] + self.params["bias"]

    def backward(self, d_y):
        flat = d_y.reshape(-1, d_y.shape[-1])
        self.grads = {"weight": self.x.T @ flat, "bias": np.ones(len(flat), dtype=flat.dtype) @ flat}
        return d_y @ self.params["weight"].T


class Attention:
    def __init__(self, params, n_head):
        self.c_attn, self.c_proj, self.n_head = Linear(params["c_attn"]), Linear(params["c_proj"]), n_head

    def attend(self, q, k, v, mask):
        self.q, self.k, self.v = (split_heads(part, self.n_head) for part in (q, k, v))
        self.root = math.sqrt(self.q.shape[-1])
        att = (self.q / self.root) @ self.k.swapaxes(-2, -1)
        att = np.exp(att - att.max(-1, keepdims=True))
        if mask is not None:
            att = att * mask
        self.att = att / att.sum(-1, keepdims=True)
        y = self.att @ self.v
        return self.c_proj(y.swapaxes(-3, -2).reshape(q.shape)), self.att


def view(x):
    return x.reshape(-1, *x.shape[-2:])

def for_heads(mask, x, n_head):
    if mask is None:
        return None
    mask = np.expand_dims(mask, -3) if mask.ndim == x.ndim else mask
    lead = (*x.shape[:-2], n_head)
    return np.broadcast_to(mask, (*lead, *mask.shape[-2:])).reshape(-1, n_head, *mask.shape[-2:])

def split_heads(x, n_head):
    t, d = x.shape[-2:]
    if d % n_head != 0:
        raise ValueError(d)
    return x.reshape(x.shape[:-1] + (n_head, d // n_head)).swapaxes(-3, -2)

def merge_heads(x):
    y = np.ascontiguousarray(x.swapaxes(-3, -2))
    return y.reshape(y.shape[:-2] + (-1,))

def split_qkv(x, weight, bias):
    return tuple(np.array_split(Linear({"weight": weight, "bias": bias})(x), 3, axis=-1))

def multi_head_attention(x, params, n_head, mask=None):
    layer = Attention(params, n_head)
    q, k, v = np.split(layer.c_attn(view(x)), 3, axis=2)
    y, att = layer.attend(q, k, v, for_heads(mask, x, n_head))
    return y.reshape(x.shape), att.reshape(*x.shape[:-2], *att.shape[1:])

def cross_attention(x, memory, params, n_head, mask=None):
    layer = Attention(params, n_head)
    q = np.split(layer.c_attn(view(x)), 3, axis=2)[0]
    k, v = np.split(layer.c_attn(view(memory)), 3, axis=2)[1:]
    y, att = layer.attend(q, k, v, for_heads(mask, x, n_head))
    return y.reshape(x.shape), att.reshape(*x.shape[:-2], *att.shape[1:])

def multi_head_attention_backward(d_out, x, params, n_head, mask=None):
    layer = Attention(params, n_head)
    qkv = layer.c_attn(view(x))
    layer.attend(*np.split(qkv, 3, axis=2), for_heads(mask, x, n_head))
    d_y = split_heads(layer.c_proj.backward(view(d_out)), n_head)
    d_att = d_y @ layer.v.swapaxes(-2, -1)
    d_s = layer.att * (d_att - np.sum(d_att * layer.att, axis=-1, keepdims=True))
    d_q, d_k = d_s @ layer.k / layer.root, d_s.swapaxes(-2, -1) @ (layer.q / layer.root)
    d_v = layer.att.swapaxes(-2, -1) @ d_y
    d_qkv = np.dstack([merge_heads(d) for d in (d_q, d_k, d_v)])
    d_x = layer.c_attn.backward(d_qkv).reshape(x.shape)
    return d_x, {"c_attn": layer.c_attn.grads, "c_proj": layer.c_proj.grads}

def head_statistics(weights):
    t = weights.shape[-1]
    below, middle = np.eye(t, k=-1, dtype=weights.dtype), np.eye(t, dtype=weights.dtype)
    first = np.zeros((t, t), dtype=weights.dtype)
    first[:, 0] = 1
    axes = tuple(a for a in range(weights.ndim - 1) if a != weights.ndim - 3)
    share = lambda where: np.mean((weights * where).sum(-1)[..., 1:], axis=axes)
    return {"entropy": np.mean(attention_entropy(weights)[..., 1:], axis=axes), "self": share(middle),
            "first": share(first), "previous": share(below)}
'''

VARIANTS = {"loops": LOOPS, "einsum": EINSUM, "torch habits": TORCH_HABITS}


@pytest.mark.parametrize("name", VARIANTS)
def test_another_right_way_earns_everything(
    name: str, course: Course, course_grader: Grader, tmp_path: Path
) -> None:
    """Loops, einsum, classes, masks of any kind and other orders of operations lose no point."""
    package = tmp_path / course.package
    package.mkdir()
    for module, text in course_grader.reference.items():
        (package / f"{module}.py").write_text(text, encoding="utf-8")
    (package / "multi_head.py").write_text(VARIANTS[name], encoding="utf-8")
    submission = read_submission(tmp_path, course.package)
    found = compact(course_grader.grade(submission, lessons=["3"]))
    assert found["lost"] == {}
    assert found["score"] == "100/100"
