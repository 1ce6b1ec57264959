"""The goldens of lesson 2: embeddings, self-attention and its gradients, as PyTorch computes them."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]

LONG_TEXT, HEADS = (5, 4), (2, 3, 4, 6)  # [T, D] of the plain text; [B, H, T_q, T_k] of the gradients


def inputs() -> Arrays:
    """Draw the inputs of lesson 2: small, sizes different, and no query that sees nothing or everything."""
    rng = np.random.default_rng(19_480_701)  # the month of Shannon's "A Mathematical Theory of Communication"
    batch, heads, t_q, t_k = HEADS
    return {
        "embed_ids": rng.integers(7, size=(2, 3)),
        "embed_table": rng.normal(size=(7, 4)),
        "plain_x": rng.normal(size=LONG_TEXT),
        "plain_w_q": rng.normal(size=(4, 3)),
        "plain_w_k": rng.normal(size=(4, 3)),
        "plain_w_v": rng.normal(size=(4, 6)),
        # One feature: the root of 1 is 1, so that this case looks at the mask and not at the scale.
        "masked_x": rng.normal(size=(5, 1)),
        "masked_w_q": rng.uniform(1, 2, (1, 1)),
        "masked_w_k": rng.uniform(1, 2, (1, 1)),
        "masked_w_v": rng.uniform(1, 2, (1, 3)),
        "masked_mask": some_true(rng, (5, 5)),
        "one_q": rng.normal(size=(4, 3)),
        "one_k": rng.normal(size=(5, 3)),
        "one_v": rng.normal(size=(5, 6)),
        "one_d_out": rng.normal(size=(4, 6)),
        "heads_q": rng.normal(0, 2, (batch, heads, t_q, 1)),
        "heads_k": rng.normal(size=(batch, heads, t_k, 1)),
        "heads_v": rng.normal(size=(batch, heads, t_k, 5)),
        "heads_d_out": rng.normal(size=(batch, heads, t_q, 5)),
    }


def some_true(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw a mask whose rows are True in some places, but not in all."""
    mask = rng.integers(2, size=shape).astype(bool)
    mask[..., 0], mask[..., 1] = True, False
    drawn: np.ndarray = rng.permuted(mask, axis=-1)
    return drawn


def attend(torch: Any, q: Any, k: Any, v: Any, mask: Any = None) -> tuple[Any, Any]:
    """Let PyTorch attend; with values that pass them through, it gives the weights as well."""
    attention = torch.nn.functional.scaled_dot_product_attention
    identity = torch.eye(k.shape[-2], dtype=torch.float64).expand(*k.shape[:-1], k.shape[-2])
    return attention(q, k, v, attn_mask=mask), attention(q, k, identity, attn_mask=mask)


def text_answers(torch: Any, given: Arrays, name: str) -> Arrays:
    """Let PyTorch compute the self-attention of one text."""
    x, *matrices = (torch.tensor(given[f"{name}_{part}"]) for part in ("x", "w_q", "w_k", "w_v"))
    mask = torch.tensor(given[f"{name}_mask"]) if f"{name}_mask" in given else None
    q, k, v = (x @ matrix for matrix in matrices)
    out, weights = attend(torch, q, k, v, mask)
    return {f"{name}_out": out.numpy(), f"{name}_weights": weights.numpy()}


def gradient_answers(torch: Any, given: Arrays, name: str) -> Arrays:
    """Let PyTorch carry a gradient back through attention, by automatic differentiation."""
    q, k, v = (torch.tensor(given[f"{name}_{role}"], requires_grad=True) for role in "qkv")
    out, weights = attend(torch, q, k, v)
    out.backward(torch.tensor(given[f"{name}_d_out"]))
    gradients = {f"{name}_d_{role}": leaf.grad.numpy() for role, leaf in zip("qkv", (q, k, v), strict=True)}
    return {f"{name}_weights": weights.detach().numpy(), **gradients}


def make() -> Arrays:
    """Compute all goldens of lesson 2: inputs and answers, in float64."""
    torch = importlib.import_module("torch")  # late, so that the inputs can be had without PyTorch
    given = inputs()
    rows = torch.nn.functional.embedding(
        torch.tensor(given["embed_ids"]), torch.tensor(given["embed_table"]))
    return {
        **given,
        "embed_rows": rows.numpy(),
        **text_answers(torch, given, "plain"),
        **text_answers(torch, given, "masked"),
        **gradient_answers(torch, given, "one"),
        **gradient_answers(torch, given, "heads"),
    }
