"""Lesson 6 written in other right ways: each earns every point; a package with a hole in it does not."""

from __future__ import annotations

import pytest

from grader.grading import Grader
from grader.result import CriterionResult
from grader.verify.proofs import submission_of

COMPOSED = '''
"""Everything made of the functions of earlier lessons, as the lesson suggests."""
import numpy as np
from minigpt.attention import softmax
from minigpt.feed_forward import feed_forward, feed_forward_backward, layer_norm, layer_norm_backward
from minigpt.multi_head import multi_head_attention, multi_head_attention_backward
from minigpt.parameters import tree_map
from minigpt.positional import add_positions
from minigpt.self_attention import causal_mask, embed

def norm(x, p):
    return layer_norm(x, p["weight"], p["bias"])

def transformer_block(x, params, n_head, mask=None):
    a, _ = multi_head_attention(norm(x, params["ln_1"]), params["attn"], n_head, mask=mask)
    h = x + a
    return h + feed_forward(norm(h, params["ln_2"]), params["mlp"])

def gpt_forward(ids, params, n_head):
    h = add_positions(embed(ids, params["wte"]["weight"]), params["wpe"]["weight"])
    for b in params["h"]:
        h = transformer_block(h, b, n_head, causal_mask(ids.shape[-1]))
    return norm(h, params["ln_f"]) @ np.swapaxes(params["wte"]["weight"], 0, 1)

def cross_entropy(logits, targets, ignore_index=-100):
    v = logits.shape[-1]
    flat, wanted = logits.reshape(-1, v) * 1.0, targets.reshape(-1)
    rows = np.flatnonzero(wanted != ignore_index)
    d = np.zeros_like(flat)
    if len(rows) == 0:
        return 0.0, d.reshape(logits.shape)
    d[rows] = softmax(flat[rows])
    top = flat[rows].max(axis=1)
    total = np.log(np.exp(flat[rows] - top[:, None]).sum(axis=1)) + top
    loss = np.mean(total - flat[rows, wanted[rows]])
    d[rows, wanted[rows]] -= 1
    return loss, (d / len(rows)).reshape(logits.shape)

def get_batch(data, batch_size, block_size, rng):
    starts = rng.integers(0, len(data) - block_size, (batch_size,))
    x = np.stack([data[s:s + block_size] for s in starts])
    y = np.stack([data[s + 1:s + 1 + block_size] for s in starts])
    return x, y

def gpt_loss_and_gradients(ids, targets, params, n_head):
    mask, wte = causal_mask(ids.shape[1]), params["wte"]["weight"]
    h = add_positions(embed(ids, wte), params["wpe"]["weight"])
    seen = []
    for b in params["h"]:
        n1 = norm(h, b["ln_1"])
        m = h + multi_head_attention(n1, b["attn"], n_head, mask)[0]
        n2 = norm(m, b["ln_2"])
        seen.append((h, n1, m, n2))
        h = m + feed_forward(n2, b["mlp"])
    last = norm(h, params["ln_f"])
    loss, d_logits = cross_entropy(last @ wte.T, targets)
    d_wte = np.einsum("btv,btd->vd", d_logits, last)
    d, gamma, beta = layer_norm_backward(d_logits @ wte, h, params["ln_f"]["weight"])
    grads = {"wte": {"weight": d_wte}, "wpe": {}, "h": [], "ln_f": {"weight": gamma, "bias": beta}}
    for b, (h, n1, m, n2) in reversed(list(zip(params["h"], seen))):
        g, mlp = feed_forward_backward(d, n2, b["mlp"])
        g, gamma_2, beta_2 = layer_norm_backward(g, m, b["ln_2"]["weight"])
        d = d + g
        g, attn = multi_head_attention_backward(d, n1, b["attn"], n_head, mask)
        g, gamma_1, beta_1 = layer_norm_backward(g, h, b["ln_1"]["weight"])
        d = d + g
        grads["h"].insert(0, {"ln_1": {"weight": gamma_1, "bias": beta_1}, "attn": attn,
                              "ln_2": {"weight": gamma_2, "bias": beta_2}, "mlp": mlp})
    np.add.at(d_wte, ids, d)
    wpe = np.zeros_like(params["wpe"]["weight"])
    wpe[:ids.shape[1]] += d.sum(axis=0)
    grads["wpe"]["weight"] = wpe
    return float(loss), grads

def adamw_step(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    if state is None:
        state = {"step": 0, "m": tree_map(lambda p: 0 * p, params), "v": tree_map(lambda p: 0 * p, params)}
    t = state["step"] + 1
    m = tree_map(lambda a, g: betas[0] * a + (1 - betas[0]) * g, state["m"], grads)
    v = tree_map(lambda a, g: betas[1] * a + (1 - betas[1]) * g ** 2, state["v"], grads)
    def move(p, a, b):
        decay = lr * weight_decay * p if p.ndim > 1 else 0
        return p - decay - lr * (a / (1 - betas[0] ** t)) / (np.sqrt(b / (1 - betas[1] ** t)) + eps)
    return tree_map(move, params, m, v), {"step": t, "m": m, "v": v}

def next_token_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    if temperature < 0:
        raise ValueError("temperature")
    if top_k is not None and top_k < 1:
        raise ValueError("top_k")
    if top_p is not None and (top_p <= 0 or top_p > 1):
        raise ValueError("top_p")
    if temperature == 0:
        p = np.zeros_like(logits * 1.0)
        np.put_along_axis(p, np.argmax(logits, axis=-1, keepdims=True), 1.0, axis=-1)
        return p
    z = logits / temperature
    if top_k is not None and top_k < z.shape[-1]:
        z = np.where(z < np.partition(z, -top_k, axis=-1)[..., [-top_k]], -1e9, z)
    p = softmax(z)
    if top_p is None:
        return p
    rows = p.reshape(-1, p.shape[-1]).copy()
    for row in rows:
        order = sorted(range(len(row)), key=lambda i: (-row[i], i))
        total, kept = 0.0, []
        for i in order:
            kept.append(i)
            total += row[i]
            if total >= top_p:
                break
        for i in order:
            if i not in kept:
                row[i] = 0
        row /= row.sum()
    return rows.reshape(p.shape)

def generate(ids, params, n_head, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    limit = len(params["wpe"]["weight"])
    out = [list(row) for row in ids]
    for _ in range(n_new):
        seen = np.array([row[-limit:] for row in out])
        p = next_token_probabilities(gpt_forward(seen, params, n_head)[:, -1, :], temperature, top_k, top_p)
        for row, q, u in zip(out, p, rng.random(len(out))):
            row.append(min(np.searchsorted(np.cumsum(q), u, side="right"), len(q) - 1))
    return np.array(out, dtype=ids.dtype)

def train_step(params, state, ids, targets, n_head, lr):
    loss, grads = gpt_loss_and_gradients(ids, targets, params, n_head)
    return (loss, *adamw_step(params, grads, state, lr))
'''

SELF_MADE = '''
"""Nothing taken from earlier lessons: einsum, a mask of -1e9, queries scaled first, classes with caches."""
import numpy as np

class Linear:
    def __init__(self, p):
        self.w, self.b = p["weight"], p["bias"]
    def __call__(self, x):
        self.x = x
        return np.einsum("...i,ij->...j", x, self.w) + self.b
    def back(self, d):
        axes = tuple(range(d.ndim - 1))
        self.grads = {"weight": np.tensordot(self.x, d, (axes, axes)), "bias": d.sum(axis=axes)}
        return np.einsum("...j,ij->...i", d, self.w)

class Norm:
    def __init__(self, p):
        self.g, self.b = p["weight"], p["bias"]
    def __call__(self, x):
        self.s = 1 / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
        self.n = (x - x.mean(axis=-1, keepdims=True)) * self.s
        return self.n * self.g + self.b
    def back(self, d):
        axes = tuple(range(d.ndim - 1))
        self.grads = {"weight": (d * self.n).sum(axis=axes), "bias": d.sum(axis=axes)}
        d = d * self.g
        along = self.n * (d * self.n).mean(axis=-1, keepdims=True)
        return self.s * (d - d.mean(axis=-1, keepdims=True) - along)

class Attention:
    def __init__(self, p, h):
        self.fused, self.proj, self.h = Linear(p["c_attn"]), Linear(p["c_proj"]), h
    def __call__(self, x, mask):
        z = self.fused(x).reshape(*x.shape[:-1], 3, self.h, -1)
        self.c = float(z.shape[-1]) ** -0.5
        self.q, self.k, self.v = self.c * z[..., 0, :, :], z[..., 1, :, :], z[..., 2, :, :]
        s = np.einsum("...ihd,...jhd->...hij", self.q, self.k)
        if mask is not None:
            s = s + np.where(mask, 0, -1e9).astype(x.dtype)
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        self.a = e / e.sum(axis=-1, keepdims=True)
        return self.proj(np.einsum("...hij,...jhd->...ihd", self.a, self.v).reshape(x.shape))
    def back(self, d):
        d = self.proj.back(d).reshape(self.v.shape)
        g = np.einsum("...ihd,...jhd->...hij", d, self.v)
        g = self.a * (g - (g * self.a).sum(axis=-1, keepdims=True))
        parts = [self.c * np.einsum("...hij,...jhd->...ihd", g, self.k),
                 np.einsum("...hij,...ihd->...jhd", g, self.q),
                 np.einsum("...hij,...ihd->...jhd", self.a, d)]
        z = np.stack(parts, axis=-3)
        x = self.fused.back(z.reshape(*z.shape[:-3], -1))
        self.grads = {"c_attn": self.fused.grads, "c_proj": self.proj.grads}
        return x

class Network:
    def __init__(self, p):
        self.up, self.down = Linear(p["c_fc"]), Linear(p["c_proj"])
    def __call__(self, x):
        self.z = self.up(x)
        self.t = np.tanh(0.7978845608028654 * (self.z + 0.044715 * self.z * self.z * self.z))
        return self.down(0.5 * self.z * (1 + self.t))
    def back(self, d):
        slope = 0.5 * (1 + self.t) + 0.5 * self.z * (1 - self.t * self.t) * 0.7978845608028654 * (
            1 + 0.134145 * self.z * self.z)
        x = self.up.back(self.down.back(d) * slope)
        self.grads = {"c_fc": self.up.grads, "c_proj": self.down.grads}
        return x

class Block:
    def __init__(self, p, h):
        self.n1, self.n2 = Norm(p["ln_1"]), Norm(p["ln_2"])
        self.a, self.m = Attention(p["attn"], h), Network(p["mlp"])
    def __call__(self, x, mask):
        x = x + self.a(self.n1(x), mask)
        return x + self.m(self.n2(x))
    def back(self, d):
        d = d + self.n2.back(self.m.back(d))
        d = d + self.n1.back(self.a.back(d))
        self.grads = {"ln_1": self.n1.grads, "attn": self.a.grads, "ln_2": self.n2.grads, "mlp": self.m.grads}
        return d

class Model:
    def __init__(self, p, h):
        self.p, self.blocks, self.norm = p, [Block(b, h) for b in p["h"]], Norm(p["ln_f"])
    def __call__(self, ids):
        wte, wpe = self.p["wte"]["weight"], self.p["wpe"]["weight"]
        t = ids.shape[-1]
        if t > len(wpe) or (ids < 0).any() or (ids >= len(wte)).any():
            raise ValueError("cannot read this text")
        self.ids, x = ids, wte[ids] + wpe[:t]
        for b in self.blocks:
            x = b(x, ~np.triu(np.ones((t, t), dtype=bool), 1))
        self.x = self.norm(x)
        return np.einsum("...d,vd->...v", self.x, wte)
    def back(self, d):
        wte, wpe = self.p["wte"]["weight"], self.p["wpe"]["weight"]
        hot = (self.ids[..., None] == np.arange(len(wte))).astype(wte.dtype)
        g_wte = np.einsum("btv,btd->vd", d, self.x)
        x = self.norm.back(np.einsum("btv,vd->btd", d, wte))
        for b in self.blocks[::-1]:
            x = b.back(x)
        g_wpe = np.zeros(wpe.shape, wpe.dtype)
        g_wpe[:x.shape[1]] = np.einsum("btd->td", x)
        return {"ln_f": self.norm.grads, "h": [b.grads for b in self.blocks], "wpe": {"weight": g_wpe},
                "wte": {"weight": g_wte + np.einsum("btv,btd->vd", hot, x)}}

def transformer_block(x, params, n_head, mask=None):
    return Block(params, n_head)(x, mask)

def gpt_forward(ids, params, n_head):
    return Model(params, n_head)(ids)

def cross_entropy(logits, targets, ignore_index=-100):
    logits = 1.0 * logits
    hot = ((targets[..., None] == np.arange(logits.shape[-1])) & (targets != ignore_index)[..., None])
    n = max(1, int(hot.sum()))
    z = logits - logits.max(axis=-1, keepdims=True)
    z = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    live = (targets != ignore_index)[..., None]
    return float(-(np.where(hot, z, 0)).sum() / n), ((np.exp(z) - hot) * live / n).astype(logits.dtype)

def get_batch(data, batch_size, block_size, rng):
    windows = np.lib.stride_tricks.sliding_window_view(data, block_size + 1)
    picked = windows[rng.integers(len(data) - block_size, size=batch_size)]
    return picked[:, :-1].copy(), picked[:, 1:].copy()

def gpt_loss_and_gradients(ids, targets, params, n_head):
    model = Model(params, n_head)
    loss, d = cross_entropy(model(ids), targets)
    return loss, model.back(d)

def each(tree, other, path=()):
    if isinstance(tree, dict):
        for key in tree:
            yield from each(tree[key], other[key], (*path, key))
    elif isinstance(tree, list):
        for i in range(len(tree)):
            yield from each(tree[i], other[i], (*path, i))
    else:
        yield path, tree, other

def get(tree, path):
    for key in path:
        tree = tree[key]
    return tree

def copied(tree):
    if isinstance(tree, dict):
        return {k: copied(t) for k, t in tree.items()}
    return [copied(t) for t in tree] if isinstance(tree, list) else tree

def put(tree, path, value):
    get(tree, path[:-1])[path[-1]] = value

def adamw_step(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    b1, b2 = betas
    step = 1 if state is None else state["step"] + 1
    new, m_tree, v_tree = copied(params), copied(params), copied(params)
    for path, p, g in each(params, grads):
        m = (0 if state is None else b1 * get(state["m"], path)) + (1 - b1) * g
        v = (0 if state is None else b2 * get(state["v"], path)) + (1 - b2) * np.square(g)
        hat = m / (1 - b1 ** step) / (np.sqrt(v) / (1 - b2 ** step) ** 0.5 + eps)
        put(new, path, (p - lr * weight_decay * p if len(p.shape) > 1 else p) - lr * hat)
        put(m_tree, path, m)
        put(v_tree, path, v)
    return new, {"v": v_tree, "m": m_tree, "step": step}

def next_token_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    if not temperature >= 0 or not (top_k is None or top_k >= 1) or not (top_p is None or 0 < top_p <= 1):
        raise ValueError("no")
    logits = logits * 1.0
    if temperature == 0:
        return np.eye(logits.shape[-1], dtype=logits.dtype)[logits.argmax(axis=-1)]
    e = np.exp((logits - logits.max(axis=-1, keepdims=True)) / temperature)
    if top_k is not None:
        down = -np.sort(-logits, axis=-1)
        e = e * (logits >= down[..., min(top_k, logits.shape[-1]) - 1][..., None])
    p = e / e.sum(axis=-1, keepdims=True)
    if top_p is not None:
        order = np.argsort(-p, axis=-1, kind="stable")
        back = np.argsort(order, axis=-1, kind="stable")
        down = np.take_along_axis(p, order, axis=-1)
        reached = np.cumsum(down, axis=-1)
        needed = (reached < top_p).sum(axis=-1, keepdims=True) + 1
        p = p * (back < needed)
        p = p / p.sum(axis=-1, keepdims=True)
    return p

def generate(ids, params, n_head, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    b, t = ids.shape
    out = np.empty((b, t + n_new), dtype=ids.dtype)
    out[:, :t] = ids
    for now in range(t, t + n_new):
        seen = out[:, max(0, now - len(params["wpe"]["weight"])):now]
        p = next_token_probabilities(gpt_forward(seen, params, n_head)[:, -1], temperature, top_k, top_p)
        u = rng.random(b)[:, None]
        out[:, now] = np.minimum((np.cumsum(p, axis=-1) <= u).sum(axis=-1), p.shape[-1] - 1)
    return out

def train_step(params, state, ids, targets, n_head, lr):
    loss, grads = gpt_loss_and_gradients(ids, targets, params, n_head)
    new, state = adamw_step(params, grads, state, lr)
    return loss, new, state
'''

VARIANTS = {"composed": COMPOSED, "self_made": SELF_MADE}
WITHOUT_THE_PACKAGE = {f"6.{number}" for number in range(1, 9)}


def lost(
    grader: Grader, modules: dict[str, str], exercises: set[str], seed: int
) -> dict[str, CriterionResult]:
    """Grade some exercises of lesson 6, and give what was not passed."""
    result = grader.grade(submission_of({**grader.reference, **modules}), lessons=["6"], exercises=exercises,
                          secret=bytes([seed]) * 32)
    return {f"{exercise.id} {criterion.id}": criterion for lesson in result.lessons
            for exercise in lesson.exercises for criterion in exercise.criteria
            if criterion.status != "passed"}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_correct_style_earns_everything(name: str, course_grader: Grader) -> None:
    """No way of writing the right thing loses a point."""
    for seed in range(2):
        assert lost(course_grader, {"transformer": VARIANTS[name]}, WITHOUT_THE_PACKAGE, seed) == {}


def test_a_package_in_another_style_learns(course_grader: Grader) -> None:
    """A whole package that is put together as the lesson suggests earns the points of the training."""
    assert lost(course_grader, {"transformer": COMPOSED}, {"6.9"}, 0) == {}


HOLES = {
    "it sees the future": ("transformer", "weights += np.where(causal_mask(t), 0, -np.inf)",
                           "weights += np.where(causal_mask(t), 0, 0)"),
    "its scores see the future": ("transformer", "transformer_block(x, block, n_head, mask)",
                                  "transformer_block(x, block, n_head)"),
    "an earlier lesson is wrong": ("feed_forward", "/ np.sqrt(variance + eps)",
                                   "/ np.sqrt(variance + 1 + eps)"),
}


@pytest.mark.parametrize("hole", HOLES)
def test_a_package_with_a_hole_does_not(hole: str, course_grader: Grader) -> None:
    """No door helps a package: a mistake anywhere in it costs the points of the training, and only those."""
    module, right, wrong = HOLES[hole]
    text = course_grader.reference[module]
    assert text.count(right) == 1
    found = lost(course_grader, {module: text.replace(right, wrong)}, {"6.9"}, 0)
    assert "6.9 package" in found
    assert found["6.9 package"].feedback is not None


def test_the_first_wrong_gradient_is_named(course_grader: Grader) -> None:
    """Feedback says which gradient is wrong, the first one that the way back meets."""
    text = course_grader.reference["transformer"]
    right = 'grads = {"c_fc": _projection_gradients(x, d_hidden), '
    assert text.count(right) == 1
    wrong = 'grads = {"c_fc": _projection_gradients(x * 2, d_hidden), '
    found = lost(course_grader, {"transformer": text.replace(right, wrong)}, {"6.5"}, 0)
    assert set(found) == {"6.5 blocks", "6.5 torch"}
    for criterion in found.values():
        assert criterion.feedback is not None
        assert "h.1.mlp.c_fc.weight" in criterion.feedback.detail
