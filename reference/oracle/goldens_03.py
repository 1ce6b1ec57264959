"""The goldens of lesson 3: multi-head attention and its gradients, as PyTorch finds them.

Its MultiheadAttention keeps every matrix turned round (`in_proj_weight` is [3D, D]), and in its masks True
means "keep out"; both are turned into ours here. No query is left with nothing to look at: that gives nan.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]

HEADS = {"self": 3, "masked": 2, "cross": 2}


def layer(rng: np.random.Generator, name: str, width: int) -> Arrays:
    """Draw the four arrays of a layer, in our own layout."""
    return {
        f"{name}_c_attn_weight": rng.normal(0, 0.7, (width, 3 * width)),
        f"{name}_c_attn_bias": rng.normal(size=3 * width),
        f"{name}_c_proj_weight": rng.normal(0, 0.7, (width, width)),
        f"{name}_c_proj_bias": rng.normal(size=width),
    }


def inputs() -> Arrays:
    """Draw the inputs of lesson 3: small, sizes different, at least two texts that are not alike."""
    rng = np.random.default_rng(20_180_611)  # the day the first GPT appeared
    mask = rng.integers(2, size=(2, 4, 4)).astype(bool)
    mask[..., 0], mask[..., 1] = True, False
    return {
        "self_x": rng.normal(size=(2, 5, 12)),
        "self_d_out": rng.normal(size=(2, 5, 12)),
        **layer(rng, "self", 12),
        "masked_x": rng.normal(size=(2, 4, 6)),
        "masked_d_out": rng.normal(size=(2, 4, 6)),
        "masked_mask": rng.permuted(mask, axis=-1),
        **layer(rng, "masked", 6),
        "cross_x": rng.normal(size=(2, 3, 8)),
        "cross_memory": rng.normal(size=(2, 5, 8)),
        **layer(rng, "cross", 8),
    }


def module(torch: Any, given: Arrays, name: str) -> Any:
    """Make PyTorch's layer and load our parameters into it, turned round."""
    width = given[f"{name}_x"].shape[-1]
    made = torch.nn.MultiheadAttention(width, HEADS[name], batch_first=True, dtype=torch.float64)
    ours = {
        "in_proj_weight": given[f"{name}_c_attn_weight"].T,
        "in_proj_bias": given[f"{name}_c_attn_bias"],
        "out_proj.weight": given[f"{name}_c_proj_weight"].T,
        "out_proj.bias": given[f"{name}_c_proj_bias"],
    }
    made.load_state_dict({key: torch.tensor(np.ascontiguousarray(array)) for key, array in ours.items()})
    return made


def answers(torch: Any, given: Arrays, name: str) -> Arrays:
    """Let PyTorch compute the output, the weights of every head, and the gradients where there is a d_out."""
    made = module(torch, given, name)
    x = torch.tensor(given[f"{name}_x"], requires_grad=True)
    memory = torch.tensor(given[f"{name}_memory"]) if f"{name}_memory" in given else x
    keep_out = None
    if f"{name}_mask" in given:  # one mask for each head of each text, in this order
        keep_out = ~torch.tensor(given[f"{name}_mask"]).repeat_interleave(HEADS[name], dim=0)
    out, weights = made(x, memory, memory, attn_mask=keep_out, average_attn_weights=False)
    found = {f"{name}_out": out.detach().numpy(), f"{name}_weights": weights.detach().numpy()}
    if f"{name}_d_out" not in given:
        return found
    out.backward(torch.tensor(given[f"{name}_d_out"]))
    return {
        **found,
        f"{name}_d_x": x.grad.numpy(),
        f"{name}_d_c_attn_weight": made.in_proj_weight.grad.numpy().T,
        f"{name}_d_c_attn_bias": made.in_proj_bias.grad.numpy(),
        f"{name}_d_c_proj_weight": made.out_proj.weight.grad.numpy().T,
        f"{name}_d_c_proj_bias": made.out_proj.bias.grad.numpy(),
    }


def make() -> Arrays:
    """Compute all goldens of lesson 3: inputs and answers, in float64."""
    torch = importlib.import_module("torch")  # late, so that the inputs can be had without PyTorch
    given = inputs()
    found: Arrays = {}
    for name in HEADS:
        found |= answers(torch, given, name)
    return {**given, **found}
