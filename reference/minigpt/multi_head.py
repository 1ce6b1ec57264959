"""Multi-head attention: several attentions side by side, each on its own slice of the features.

Shapes: `B` texts of `T` tokens of width `D`, and `H` heads of width `d_k = D / H`. The parameters of a
layer are a dict as in GPT-2: {"c_attn": {"weight" [D, 3D], "bias" [3D]}, "c_proj": {"weight" [D, D],
"bias" [D]}}. The dots in `[..., T, D]` stand for any number of batch axes, also none. Every function
leaves its inputs as they were. float32 in gives float32 out. Integers become float64 in attention; numbers
that are only moved, multiplied or added up may stay whole.
"""

from typing import Any

import numpy as np

from minigpt.attention import scaled_dot_product_attention
from minigpt.self_attention import attention_entropy, scaled_dot_product_attention_backward


def split_heads(x: np.ndarray, n_head: int) -> np.ndarray:
    """Cut the features of every token into heads: head h gets features h * d_k to (h + 1) * d_k - 1.

    x: [..., T, D]. n_head: H. Returns [..., H, T, d_k] with d_k = D / H; it may be a view of x. Number i of
    token t in head h is feature h * d_k + i of that token.

    Raises ValueError when H does not divide D.
    """
    # TODO 1: refuse a width that the heads cannot share
    *batch, t, d = x.shape
    if d % n_head:
        raise ValueError(f"{n_head} heads cannot share a width of {d}")
    # TODO 2: give the heads an axis of their own, then exchange it with the axis of the tokens
    heads = x.reshape(*batch, t, n_head, d // n_head)  # [..., T, D] -> [..., T, H, d_k]
    return np.swapaxes(heads, -2, -3)  # [..., T, H, d_k] -> [..., H, T, d_k]


def merge_heads(x: np.ndarray) -> np.ndarray:
    """Put the heads side by side again: the inverse of split_heads.

    x: [..., H, T, d_k]. Returns [..., T, H * d_k]: for every token the d_k features of head 0, then those of
    head 1, and so on.
    """
    # TODO: exchange the axes back, then make one axis of heads and their features
    *batch, h, t, d_k = x.shape
    return np.swapaxes(x, -2, -3).reshape(*batch, t, h * d_k)  # [..., T, H, d_k] -> [..., T, D]


def split_qkv(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make queries, keys and values with one product, as GPT-2 does with its `c_attn`.

    x: [..., T, D]. weight: [D, 3D]: D columns for the queries, then D for the keys, then D for the values.
    bias: [3D], in the same order. Returns (q, k, v), each [..., T, D].
    """
    # TODO: project once, then cut the last axis into three
    d = weight.shape[-1] // 3
    qkv = x @ weight + bias  # [..., T, D] @ [D, 3D] -> [..., T, 3D]
    return qkv[..., :d], qkv[..., d:2 * d], qkv[..., 2 * d:]


def multi_head_attention(
    x: np.ndarray, params: dict[str, Any], n_head: int, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Let every token look at its text with several heads at once.

    x: [..., T, D]. params: {"c_attn", "c_proj"}. n_head: H.
    mask: None, or bool; True = may attend. With as many axes as x it gets a head axis at -3
    ([B, T, T] or [B, 1, T] serves all heads of its text); with fewer it broadcasts; with one more
    ([B, H, T, T]) it is used as it is.
    Every head attends with its own slice of queries, keys and values, and its scores are scaled by the root
    of d_k = D / H. The outputs of the heads, side by side, go through the projection c_proj, with its bias.
    Returns (out, weights): [..., T, D] and [..., H, T, T], the weights of every head.

    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.2.
    """
    # TODO 1: make queries, keys and values (3.3), and cut each into heads (3.1)
    q, k, v = (split_heads(part, n_head)  # [..., T, D] -> [..., H, T, d_k]
               for part in split_qkv(x, params["c_attn"]["weight"], params["c_attn"]["bias"]))
    # TODO 2: give a mask with as many axes as x an axis for the heads
    if mask is not None and mask.ndim == x.ndim:
        mask = np.expand_dims(mask, -3)  # [..., T, T] -> [..., 1, T, T]
    # TODO 3: let each head attend (1.5)
    out, weights = scaled_dot_product_attention(q, k, v, mask)  # [..., H, T, d_k], [..., H, T, T]
    # TODO 4: put the heads side by side (3.2) and mix them with the output projection
    return merge_heads(out) @ params["c_proj"]["weight"] + params["c_proj"]["bias"], weights


def cross_attention(
    x: np.ndarray, memory: np.ndarray, params: dict[str, Any], n_head: int, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Let every token of one text look at the tokens of another: the decoder reads the encoder's output.

    x: [..., T_q, D], where the queries come from. memory: [..., T_k, D], where keys and values come from.
    params: {"c_attn", "c_proj"}, as in multi_head_attention. n_head: H.
    mask: None, or bool; True = may attend. Its rows are tokens of x, its columns tokens of memory, and the
    rule for its axes is that of multi_head_attention: [B, T_q, T_k] or [B, 1, T_k] serves all heads.
    Returns (out, weights): [..., T_q, D] and [..., H, T_q, T_k].

    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.3.
    """
    # TODO 1: make queries from x, and keys and values from memory (3.3), and cut each into heads (3.1)
    weight, bias = params["c_attn"]["weight"], params["c_attn"]["bias"]
    q, _, _ = split_qkv(x, weight, bias)  # [..., T_q, D]
    _, k, v = split_qkv(memory, weight, bias)  # [..., T_k, D]
    q, k, v = (split_heads(part, n_head) for part in (q, k, v))
    # TODO 2: give a mask with as many axes as x an axis for the heads, and let each head attend (1.5)
    if mask is not None and mask.ndim == x.ndim:
        mask = np.expand_dims(mask, -3)  # [..., T_q, T_k] -> [..., 1, T_q, T_k]
    out, weights = scaled_dot_product_attention(q, k, v, mask)  # [..., H, T_q, d_k], [..., H, T_q, T_k]
    # TODO 3: put the heads side by side (3.2) and mix them with the output projection
    return merge_heads(out) @ params["c_proj"]["weight"] + params["c_proj"]["bias"], weights


def multi_head_attention_backward(
    d_out: np.ndarray, x: np.ndarray, params: dict[str, Any], n_head: int, mask: np.ndarray | None = None
) -> tuple[np.ndarray, dict[str, Any]]:
    """Carry a gradient back through multi-head attention, to its input and its parameters.

    d_out: the gradient of the loss at the output [..., T, D]. x, params, n_head, mask: as they went in.
    Returns (d_x, grads): [..., T, D], and a dict with the keys and shapes of params. The gradient of a
    parameter is a sum over all tokens of all texts.
    """
    # TODO 1: compute the forward pass again, up to the merged heads
    q, k, v = (split_heads(part, n_head)
               for part in split_qkv(x, params["c_attn"]["weight"], params["c_attn"]["bias"]))
    if mask is not None and mask.ndim == x.ndim:
        mask = np.expand_dims(mask, -3)
    out, weights = scaled_dot_product_attention(q, k, v, mask)
    # TODO 2: go back through the output projection; its gradients are sums over all tokens of the batch
    d = x.shape[-1]
    flat, d_flat = merge_heads(out).reshape(-1, d), d_out.reshape(-1, d)  # [..., T, D] -> [N, D]
    c_proj = {"weight": flat.T @ d_flat, "bias": d_flat.sum(axis=0)}
    d_heads = split_heads(d_out @ params["c_proj"]["weight"].T, n_head)  # [..., H, T, d_k]
    # TODO 3: go back through attention (2.6), and put the three gradients side by side as in c_attn
    parts = scaled_dot_product_attention_backward(d_heads, q, k, v, weights)
    d_qkv = np.concatenate([merge_heads(part) for part in parts], axis=-1)  # [..., T, 3D]
    # TODO 4: go back through the projection to queries, keys and values
    d_flat = d_qkv.reshape(-1, 3 * d)  # [N, 3D]
    c_attn = {"weight": x.reshape(-1, d).T @ d_flat, "bias": d_flat.sum(axis=0)}
    return d_qkv @ params["c_attn"]["weight"].T, {"c_attn": c_attn, "c_proj": c_proj}


def head_statistics(weights: np.ndarray) -> dict[str, np.ndarray]:
    """Measure what each head looks at, as means over all texts and over the queries from the second on.

    weights: [..., H, T, T], with T of at least 2; row i holds the shares of query i.
    Returns a dict of arrays [H]: "previous" the share on the token before, "first" on the first token,
    "self" on the token itself, and "entropy" the spread in nats.
    """
    # TODO 1: take the shares of the queries i >= 1 on the keys i - 1, 0 and i, and their entropy (2.7)
    later = weights[..., 1:, :]  # [..., H, T - 1, T]
    parts = {
        "previous": np.diagonal(later, 0, -2, -1),  # row i - 1 of `later` is query i
        "first": later[..., 0],
        "self": np.diagonal(later, 1, -2, -1),
        "entropy": attention_entropy(later),
    }  # each [..., H, T - 1]
    # TODO 2: take the mean over the batch and the queries, and keep the heads
    n_head = weights.shape[-3]
    return {name: np.moveaxis(part, -2, 0).reshape(n_head, -1).mean(axis=-1) for name, part in parts.items()}
