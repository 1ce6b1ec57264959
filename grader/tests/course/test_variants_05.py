"""Lesson 5 written in other right ways: each earns every point."""

from __future__ import annotations

import pytest

from grader.grading import Grader
from grader.verify.proofs import submission_of

LOOPS = '''
"""Everything by plain loops, one number at a time."""
import math
import numpy as np

def kind(x):
    return x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)

def number(x, word):
    if word == "tanh":
        return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))
    if word == "none":
        return 0.5 * x * (1 + math.erf(x / math.sqrt(2)))
    raise ValueError(word)

def steepness(x, word):
    if word == "none":
        return 0.5 * (1 + math.erf(x / math.sqrt(2))) + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    c = math.sqrt(2 / math.pi)
    t = math.tanh(c * (x + 0.044715 * x ** 3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t ** 2) * c * (1 + 0.134145 * x ** 2)

def gelu(x, approximate="tanh"):
    return np.array([number(a, approximate) for a in x.ravel().tolist()], dtype=kind(x)).reshape(x.shape)

def gelu_backward(d_out, x, approximate="tanh"):
    slopes = [steepness(a, approximate) for a in x.ravel().tolist()]
    return np.array(slopes, dtype=kind(x)).reshape(x.shape) * d_out

def rows(x):
    return x.reshape(-1, x.shape[-1]).tolist()

def calm(token, eps):
    mean = sum(token) / len(token)
    spread = math.sqrt(sum((a - mean) ** 2 for a in token) / len(token) + eps)
    return [(a - mean) / spread for a in token], spread

def layer_norm(x, gamma, beta, eps=1e-5):
    out = [[g * n + b for n, g, b in zip(calm(token, eps)[0], gamma.tolist(), beta.tolist())]
           for token in rows(x)]
    return np.array(out, dtype=kind(x)).reshape(x.shape)

def layer_norm_backward(d_out, x, gamma, eps=1e-5):
    d = x.shape[-1]
    d_x, d_gamma, d_beta = [], [0.0] * d, [0.0] * d
    for wish, token in zip(rows(d_out), rows(x)):
        n, spread = calm(token, eps)
        g = [w * c for w, c in zip(wish, gamma.tolist())]
        mean, along = sum(g) / d, sum(a * b for a, b in zip(g, n)) / d
        d_x.append([(a - mean - b * along) / spread for a, b in zip(g, n)])
        for j in range(d):
            d_gamma[j] += wish[j] * n[j]
            d_beta[j] += wish[j]
    t = kind(x)
    return np.array(d_x, dtype=t).reshape(x.shape), np.array(d_gamma, dtype=t), np.array(d_beta, dtype=t)

def feed_forward(x, params):
    w1, b1 = params["c_fc"]["weight"].tolist(), params["c_fc"]["bias"].tolist()
    w2, b2 = params["c_proj"]["weight"].tolist(), params["c_proj"]["bias"].tolist()
    out = []
    for token in rows(x):
        hidden = [sum(a * w[j] for a, w in zip(token, w1)) + b1[j] for j in range(len(b1))]
        bent = gelu(np.array(hidden)).tolist()
        out.append([sum(a * w[j] for a, w in zip(bent, w2)) + b2[j] for j in range(len(b2))])
    return np.array(out, dtype=kind(x)).reshape(x.shape)

def feed_forward_backward(d_out, x, params):
    t = kind(x)
    grads = {name: {part: np.zeros(a.shape, dtype=t) for part, a in layer.items()}
             for name, layer in params.items()}
    w1, w2 = params["c_fc"]["weight"], params["c_proj"]["weight"]
    d_x = np.zeros(x.shape, dtype=t)
    for place in np.ndindex(*x.shape[:-1]):
        hidden = x[place] @ w1 + params["c_fc"]["bias"]
        bent, wish = gelu(hidden), d_out[place]
        back = gelu_backward(w2 @ wish, hidden)
        grads["c_proj"]["weight"] += np.outer(bent, wish)
        grads["c_proj"]["bias"] += wish
        grads["c_fc"]["weight"] += np.outer(x[place], back)
        grads["c_fc"]["bias"] += back
        d_x[place] = w1 @ back
    return d_x, grads

def add_and_norm(x, sublayer_out, gamma, beta, eps=1e-5):
    return layer_norm(sublayer_out + x, gamma, beta, eps)

def dropout(x, p, rng, training=True):
    if p < 0 or p >= 1:
        raise ValueError("p")
    if not training or p == 0:
        return x.copy()
    draws = rng.random(x.shape).ravel().tolist()
    kept = [0.0 if u < p else a / (1 - p) for u, a in zip(draws, x.ravel().tolist())]
    return np.array(kept, dtype=kind(x)).reshape(x.shape)
'''

EINSUM = '''
"""einsum, NumPy's own statistics, classes inside, and other orders of the same operations."""
import math
import numpy as np
from math import pi, sqrt, erf as one_erf

class Curve:
    def __init__(self, word):
        if word not in {"tanh", "none"}:
            raise ValueError("no such word")
        self.word = word

    def gate(self, x):
        if self.word == "none":
            flat = [0.5 * math.erfc(-a / sqrt(2)) for a in x.ravel()]
            return np.reshape(np.asarray(flat, x.dtype), x.shape)
        inner = x * (sqrt(2 / pi) * (1 + 0.044715 * x**2))
        return (np.tanh(inner) + 1) / 2

    def gate_slope(self, x):
        if self.word == "none":
            return np.exp(-(x**2) / 2) / sqrt(2 * pi)
        gate = self.gate(x)
        return 2 * gate * (1 - gate) * (sqrt(2 / pi) * (1 + 3 * 0.044715 * np.square(x)))

def real(x):
    return x if np.issubdtype(x.dtype, np.floating) else x.astype(np.float64)

def tokens(x):
    return np.reshape(x, (-1, x.shape[-1]))

def gelu(x, approximate="tanh"):
    x = real(x)
    return Curve(approximate).gate(x) * x

def gelu_backward(d_out, x, approximate="tanh"):
    x, curve = real(x), Curve(approximate)
    return curve.gate(x) * d_out + d_out * x * curve.gate_slope(x)

def layer_norm(x, gamma, beta, eps=1e-5):
    x = real(x)
    mean, var = np.mean(x, axis=-1)[..., None], np.var(x, axis=-1)[..., None]
    return (x - mean) * (gamma * (var + eps) ** -0.5) + beta

def layer_norm_backward(d_out, x, gamma, eps=1e-5):
    x, d = real(x), x.shape[-1]
    inverse = 1 / np.sqrt(x.var(-1, keepdims=True) + eps)
    n = (x - x.mean(-1, keepdims=True)) * inverse
    g = d_out * gamma
    d_x = inverse / d * (d * g - g.sum(-1, keepdims=True) - n * (g * n).sum(-1, keepdims=True))
    return d_x, np.einsum("nd,nd->d", tokens(d_out), tokens(n)), np.einsum("nd->d", tokens(d_out))

def feed_forward(x, params):
    hidden = np.einsum("...d,df->...f", x, params["c_fc"]["weight"]) + params["c_fc"]["bias"]
    return np.einsum("...f,fd->...d", gelu(hidden), params["c_proj"]["weight"]) + params["c_proj"]["bias"]

def feed_forward_backward(d_out, x, params):
    x = real(x)
    w1, w2 = params["c_fc"]["weight"], params["c_proj"]["weight"]
    hidden = np.einsum("...d,df->...f", x, w1) + params["c_fc"]["bias"]
    back = gelu_backward(np.einsum("...d,fd->...f", d_out, w2), hidden)
    grads = dict(
        c_proj=dict(bias=np.einsum("nd->d", tokens(d_out)),
                    weight=np.einsum("nf,nd->fd", tokens(gelu(hidden)), tokens(d_out))),
        c_fc=dict(bias=np.einsum("nf->f", tokens(back)),
                  weight=np.einsum("nd,nf->df", tokens(x), tokens(back))))
    return np.einsum("...f,df->...d", back, w1), grads

def add_and_norm(x, sublayer_out, gamma, beta, eps=1e-5):
    return layer_norm(np.add(x, sublayer_out), gamma, beta, eps=eps)

def dropout(x, p, rng, training=True):
    if not (p >= 0 and p < 1):
        raise ValueError(p)
    x = real(x)
    if not training or not p:
        return np.array(x)
    keep = rng.uniform(size=x.shape) >= p
    return x * keep / (1 - p)
'''

TABLES = '''
"""Whole tables of slopes, a batch flattened and put back, and a sum over axes by name."""
import math
import numpy as np

C = math.sqrt(2 / math.pi)
erf = np.frompyfunc(math.erf, 1, 1)

def share(x):
    return 0.5 * (1 + erf(x / math.sqrt(2)).astype(x.dtype))

def gelu(x, approximate="tanh"):
    x = np.multiply(x, 1.0)
    match approximate:
        case "tanh":
            half = x / 2
            return half + half * np.tanh(C * x + C * 0.044715 * np.power(x, 3))
        case "none":
            return x * share(x)
    raise ValueError(f"gelu knows no {approximate}")

def gelu_backward(d_out, x, approximate="tanh"):
    x = np.multiply(x, 1.0)
    if approximate == "none":
        slope = share(x) + x * np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))
    else:
        z = C * (x + 0.044715 * x * x * x)
        slope = 0.5 + 0.5 * np.tanh(z) + 0.5 * x / np.cosh(z) ** 2 * C * (1 + 0.134145 * x * x)
    return np.multiply(slope, d_out)

def statistics(x, eps):
    d = x.shape[-1]
    centred = x - np.sum(x, axis=-1, keepdims=True) / d
    return centred, np.sqrt(np.sum(centred**2, axis=-1, keepdims=True) / d + eps)

def layer_norm(x, gamma, beta, eps=1e-5):
    centred, spread = statistics(x, eps)
    return np.divide(centred, spread) * gamma + beta

def layer_norm_backward(d_out, x, gamma, eps=1e-5):
    centred, spread = statistics(x, eps)
    n, d = centred / spread, x.shape[-1]
    table = np.eye(d, dtype=n.dtype) - 1 / d - n[..., :, None] * n[..., None, :] / d
    d_x = (table @ (d_out * gamma)[..., None])[..., 0] / spread
    tokens = tuple(range(x.ndim - 1))
    return d_x, (d_out * n).sum(axis=tokens), d_out.sum(axis=tokens)

def feed_forward(x, params):
    first, second = params["c_fc"], params["c_proj"]
    tokens = x.reshape(-1, x.shape[-1])
    hidden = gelu(np.dot(tokens, first["weight"]) + first["bias"])
    return (np.dot(hidden, second["weight"]) + second["bias"]).reshape(x.shape)

def feed_forward_backward(d_out, x, params):
    tokens, wishes = x.reshape(-1, x.shape[-1]), d_out.reshape(-1, x.shape[-1])
    hidden = np.dot(tokens, params["c_fc"]["weight"]) + params["c_fc"]["bias"]
    back = gelu_backward(np.matmul(wishes, np.transpose(params["c_proj"]["weight"])), hidden)
    ones = np.ones(len(tokens), dtype=hidden.dtype)
    grads = {"c_fc": {"weight": np.tensordot(tokens, back, (0, 0)), "bias": ones @ back},
             "c_proj": {"weight": np.tensordot(gelu(hidden), wishes, (0, 0)), "bias": ones @ wishes}}
    return np.matmul(back, np.transpose(params["c_fc"]["weight"])).reshape(x.shape), grads

def add_and_norm(x, sublayer_out, gamma, beta, eps=1e-5):
    total = x + sublayer_out
    centred, spread = statistics(total, eps)
    return gamma * centred / spread + beta

def dropout(x, p, rng, training=True):
    if 0 <= p < 1:
        out = 1.0 * x
        if training and p > 0:
            out[rng.random(x.shape) < p] = 0
            out /= 1 - p
        return out
    raise ValueError("p must lie in [0, 1)")
'''

FLOAT32_INSIDE = '''
"""Everything computed in the type of the input, and the type made sure of at the end."""
import math
import numpy as np

def work(*arrays):
    kind = np.result_type(*(a.dtype for a in arrays))
    kind = kind if kind.kind == "f" else np.dtype(np.float64)
    return [a.astype(kind) for a in arrays]

def bend(x, word):
    if word == "tanh":
        inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
        return 0.5 * (1 + np.tanh(inner)), (1 - np.tanh(inner) ** 2) / 2 * np.sqrt(2 / np.pi) * (
            1 + 3 * 0.044715 * x**2)
    if word == "none":
        gate = np.vectorize(lambda a: 0.5 * (1 + math.erf(a / 2**0.5)), otypes=[float])(x)
        return gate, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    raise ValueError(word)

def gelu(x, approximate="tanh"):
    (x,) = work(x)
    return (x * bend(x, approximate)[0]).astype(x.dtype)

def gelu_backward(d_out, x, approximate="tanh"):
    d_out, x = work(d_out, x)
    gate, slope = bend(x, approximate)
    return (d_out * (gate + x * slope)).astype(x.dtype)

def layer_norm(x, gamma, beta, eps=1e-5):
    x, gamma, beta = work(x, gamma, beta)
    deviation = x - x.mean(axis=-1, keepdims=True)
    scale = np.sqrt(np.float64(eps) + np.mean(deviation**2, axis=-1, keepdims=True))
    return (gamma * deviation / scale + beta).astype(x.dtype)

def layer_norm_backward(d_out, x, gamma, eps=1e-5):
    d_out, x, gamma = work(d_out, x, gamma)
    deviation = x - x.mean(axis=-1, keepdims=True)
    var = np.mean(deviation**2, axis=-1, keepdims=True)
    g = d_out * gamma
    # through the variance, then through the mean, as textbooks do it
    d_var = (g * deviation * -0.5 * (var + eps) ** -1.5).sum(axis=-1, keepdims=True)
    d_mean = (-g / np.sqrt(var + eps)).sum(axis=-1, keepdims=True)
    d = x.shape[-1]
    d_x = g / np.sqrt(var + eps) + d_var * 2 * deviation / d + d_mean / d
    normal = deviation / np.sqrt(var + eps)
    over = tuple(range(d_out.ndim - 1))
    return d_x, np.sum(d_out * normal, axis=over), np.sum(d_out, axis=over)

def feed_forward(x, params):
    def layer(z, name):
        return np.matmul(z, params[name]["weight"]) + params[name]["bias"]
    return layer(gelu(layer(x, "c_fc")), "c_proj")

def feed_forward_backward(d_out, x, params):
    d_out, x = work(d_out, x)
    hidden = np.matmul(x, params["c_fc"]["weight"]) + params["c_fc"]["bias"]
    d_bent = d_out @ np.swapaxes(params["c_proj"]["weight"], 0, 1)
    d_hidden = gelu_backward(d_bent, hidden)
    over = tuple(range(x.ndim - 1))
    def weight(a, b):
        return (np.swapaxes(a, -1, -2) @ b).sum(axis=over[:-1])
    grads = {"c_fc": {"weight": weight(x, d_hidden), "bias": d_hidden.sum(axis=over)},
             "c_proj": {"weight": weight(gelu(hidden), d_out), "bias": d_out.sum(axis=over)}}
    return d_hidden @ params["c_fc"]["weight"].T, grads

def add_and_norm(x, sublayer_out, gamma, beta, eps=1e-5):
    return layer_norm(x + sublayer_out, gamma, beta, eps)

def dropout(x, p, rng, training=True):
    if not 0.0 <= p < 1.0:
        raise ValueError("p")
    (x,) = work(x)
    if p == 0.0 or not training:
        return x
    mask = rng.random(x.shape) >= p
    return (mask / (1.0 - p) * x).astype(x.dtype)
'''

OWN_DRAW = """
import numpy as np

def dropout(x, p, rng, training=True):
    if not 0 <= p < 1:
        raise ValueError(p)
    if not training or p == 0:
        return x * 1.0
    return np.where(DRAW < p, 0, x / (1 - p)).astype((x * 1.0).dtype)
"""
DRAWS = {
    "global": "np.random.rand(*x.shape)",
    "fixed": "np.random.default_rng(0).random(x.shape)",
    "fresh": "np.random.default_rng().random(x.shape)",
}

VARIANTS = {"loops": LOOPS, "einsum": EINSUM, "tables": TABLES, "float32_inside": FLOAT32_INSIDE}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_correct_style_earns_everything(name: str, course_grader: Grader) -> None:
    """No way of writing the right thing loses a point."""
    modules = {**course_grader.reference, "feed_forward": VARIANTS[name]}
    for seed in range(2):
        result = course_grader.grade(submission_of(modules), lessons=["5"], secret=bytes([seed]) * 32)
        lost = {f"{exercise.id} {criterion.id}": criterion.feedback and criterion.feedback.detail
                for lesson in result.lessons for exercise in lesson.exercises
                for criterion in exercise.criteria if criterion.status != "passed"}
        assert lost == {}


@pytest.mark.parametrize("source", DRAWS)
def test_a_generator_of_ones_own_is_named(source: str, course_grader: Grader) -> None:
    """Whatever draws in place of the generator handed in, that is what the student is told."""
    text = course_grader.reference["feed_forward"] + OWN_DRAW.replace("DRAW", DRAWS[source])
    submission = submission_of({**course_grader.reference, "feed_forward": text})
    result = course_grader.grade(submission, lessons=["5"], exercises={"5.8"}, secret=b"s" * 32)
    lost = {criterion.id: criterion.feedback for lesson in result.lessons for exercise in lesson.exercises
            for criterion in exercise.criteria if exercise.id == "5.8" and criterion.status != "passed"}
    assert list(lost) == ["draw"]
    assert lost["draw"] is not None
    found = lost["draw"].misconception
    assert found is not None
    assert (found.id, found.certainty) == ("global_rng", "sure")
