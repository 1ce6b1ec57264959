"""The parameters of a GPT: how they are laid out, made, changed and counted.

A dict of dicts and lists, with the names that GPT-2's files use:

    {"wte": {"weight" [V, D]}, "wpe": {"weight" [n_positions, D]}, "h": [block, ...], "ln_f": norm}
    block: {"ln_1": norm, "attn": {"c_attn", "c_proj"}, "ln_2": norm, "mlp": {"c_fc", "c_proj"}}
    norm:  {"weight" [D], "bias" [D]}

A projection is {"weight" [D_in, D_out], "bias" [D_out]}, and is used as x @ weight + bias.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np


def init_gpt(
    rng: np.random.Generator, n_vocab: int, n_positions: int, n_layer: int, d_model: int,
    dtype: type[np.floating[Any]] = np.float32,
) -> dict[str, Any]:
    """Make the parameters of an untrained GPT, as GPT-2 does.

    n_vocab: V. n_positions: the longest text it can read. n_layer: the number of blocks. d_model: D.
    Weights are normal with a standard deviation of 0.02; the projections that end a sublayer (c_proj) are
    smaller by sqrt(2 * n_layer), since so many of them are added up. Biases are 0, and gammas 1.

    Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.3.
    """
    def weight(*shape: int, std: float = 0.02) -> np.ndarray:
        return rng.normal(0, std, shape).astype(dtype)

    def projection(d_in: int, d_out: int, std: float = 0.02) -> dict[str, np.ndarray]:
        return {"weight": weight(d_in, d_out, std=std), "bias": np.zeros(d_out, dtype)}

    def norm() -> dict[str, np.ndarray]:
        return {"weight": np.ones(d_model, dtype), "bias": np.zeros(d_model, dtype)}

    last = 0.02 / math.sqrt(2 * n_layer)
    return {
        "wte": {"weight": weight(n_vocab, d_model)},
        "wpe": {"weight": weight(n_positions, d_model)},
        "h": [
            {
                "ln_1": norm(),
                "attn": {"c_attn": projection(d_model, 3 * d_model),
                         "c_proj": projection(d_model, d_model, last)},
                "ln_2": norm(),
                "mlp": {"c_fc": projection(d_model, 4 * d_model),
                        "c_proj": projection(4 * d_model, d_model, last)},
            }
            for _ in range(n_layer)
        ],
        "ln_f": norm(),
    }


def tree_map(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Apply a function to every array of a tree, together with the arrays at the same place of other trees.

    tree_map(np.add, a, b) adds two trees of parameters, array by array. The result has the tree's layout.
    """
    if isinstance(tree, dict):
        return {key: tree_map(function, tree[key], *(other[key] for other in others)) for key in tree}
    if isinstance(tree, list):
        return [tree_map(function, *branches) for branches in zip(tree, *others, strict=True)]
    return function(tree, *others)


def count_parameters(tree: Any) -> int:
    """Count the numbers in a tree of parameters."""
    if isinstance(tree, dict):
        return sum(count_parameters(branch) for branch in tree.values())
    if isinstance(tree, list):
        return sum(count_parameters(branch) for branch in tree)
    return int(tree.size)
