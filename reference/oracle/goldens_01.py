"""The goldens of lesson 1: softmax and attention, forward and backward, as PyTorch computes them."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


def inputs() -> Arrays:
    """Draw the inputs of lesson 1: small, every size different, at least two batch rows."""
    rng = np.random.default_rng(20_170_612)  # the day "Attention Is All You Need" appeared
    mask = rng.integers(2, size=(2, 1, 4, 6)).astype(bool)
    mask[..., 0], mask[..., 1] = True, False  # no query that sees nothing: there PyTorch has other rules
    return {
        "softmax_x": rng.normal(0, 2, (2, 3, 5)),
        "softmax_d_out": rng.normal(size=(2, 3, 5)),
        "plain_q": rng.normal(size=(2, 3, 4, 7)),
        "plain_k": rng.normal(size=(2, 3, 6, 7)),
        "plain_v": rng.normal(size=(2, 3, 6, 5)),
        "masked_q": rng.normal(0, 2, (2, 3, 4, 1)),
        "masked_k": rng.normal(size=(2, 3, 6, 1)),
        "masked_v": rng.normal(size=(2, 3, 6, 5)),
        "masked_mask": rng.permuted(mask, axis=-1),
    }


def softmax_answers(torch: Any, given: Arrays, name: str, axis: int) -> Arrays:
    """Let PyTorch compute softmax along an axis, and its gradient by automatic differentiation."""
    x = torch.tensor(given["softmax_x"], requires_grad=True)
    shares = torch.softmax(x, dim=axis)
    shares.backward(torch.tensor(given["softmax_d_out"]))
    return {f"softmax_{name}": shares.detach().numpy(), f"softmax_{name}_d_x": x.grad.numpy()}


def attention_answers(torch: Any, given: Arrays, name: str) -> Arrays:
    """Let PyTorch compute attention; with values that pass them through, it gives the weights as well."""
    attend = torch.nn.functional.scaled_dot_product_attention
    q, k, v = (torch.tensor(given[f"{name}_{role}"]) for role in "qkv")
    mask = torch.tensor(given[f"{name}_mask"]) if f"{name}_mask" in given else None
    identity = torch.eye(k.shape[-2], dtype=torch.float64).expand(*k.shape[:-1], k.shape[-2])
    return {
        f"{name}_out": attend(q, k, v, attn_mask=mask).numpy(),
        f"{name}_weights": attend(q, k, identity, attn_mask=mask).numpy(),
    }


def make() -> Arrays:
    """Compute all goldens of lesson 1: inputs and answers, in float64."""
    torch = importlib.import_module("torch")  # late, so that the inputs can be had without PyTorch
    given = inputs()
    answers = {
        **softmax_answers(torch, given, "last", -1),
        **softmax_answers(torch, given, "middle", 1),
        **attention_answers(torch, given, "plain"),
        **attention_answers(torch, given, "masked"),
    }
    return {**given, **answers}
