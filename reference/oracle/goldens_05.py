"""The goldens of lesson 5: gelu, layer normalisation and feed-forward, as PyTorch computes them."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]

EPS = 0.1  # large enough to be seen in every digit
FORMULAS = {"tanh": "tanh", "exact": "none"}


def inputs() -> Arrays:
    """Draw the inputs of lesson 5: small, every size different, at least two batch rows."""
    rng = np.random.default_rng(20_160_627)  # the day GELU appeared
    return {
        "gelu_x": rng.normal(0, 2, (2, 3, 5)),
        "gelu_d_out": rng.normal(size=(2, 3, 5)),
        "norm_x": rng.normal(1, 2, (2, 3, 6)),
        "norm_gamma": rng.normal(1, 0.5, 6),
        "norm_beta": rng.normal(size=6),
        "norm_d_out": rng.normal(size=(2, 3, 6)),
        "mlp_x": rng.normal(size=(2, 4, 3)),
        "mlp_d_out": rng.normal(size=(2, 4, 3)),
        "mlp_c_fc_weight": rng.normal(size=(3, 5)),
        "mlp_c_fc_bias": rng.normal(size=5),
        "mlp_c_proj_weight": rng.normal(size=(5, 3)),
        "mlp_c_proj_bias": rng.normal(size=3),
    }


def leaves(torch: Any, given: Arrays, *names: str) -> list[Any]:
    """Turn arrays into tensors that gather gradients."""
    return [torch.tensor(given[name], requires_grad=True) for name in names]


def gelu_answers(torch: Any, given: Arrays, name: str, word: str) -> Arrays:
    """Let PyTorch compute one formula of gelu, and its gradient by automatic differentiation."""
    (x,) = leaves(torch, given, "gelu_x")
    out = torch.nn.functional.gelu(x, approximate=word)
    out.backward(torch.tensor(given["gelu_d_out"]))
    return {f"gelu_{name}": out.detach().numpy(), f"gelu_{name}_d_x": x.grad.numpy()}


def norm_answers(torch: Any, given: Arrays) -> Arrays:
    """Let PyTorch normalise every token, and compute the three gradients."""
    x, gamma, beta = leaves(torch, given, "norm_x", "norm_gamma", "norm_beta")
    out = torch.nn.functional.layer_norm(x, x.shape[-1:], gamma, beta, EPS)
    out.backward(torch.tensor(given["norm_d_out"]))
    return {
        "norm_out": out.detach().numpy(), "norm_d_x": x.grad.numpy(),
        "norm_d_gamma": gamma.grad.numpy(), "norm_d_beta": beta.grad.numpy(),
    }


def mlp_answers(torch: Any, given: Arrays) -> Arrays:
    """Let PyTorch widen, bend and narrow; its layers hold the weights the other way round."""
    function = torch.nn.functional
    names = ("mlp_c_fc_weight", "mlp_c_fc_bias", "mlp_c_proj_weight", "mlp_c_proj_bias")
    x, *params = leaves(torch, given, "mlp_x", *names)
    w_1, b_1, w_2, b_2 = params
    hidden = function.gelu(function.linear(x, w_1.T, b_1), approximate="tanh")
    out = function.linear(hidden, w_2.T, b_2)
    out.backward(torch.tensor(given["mlp_d_out"]))
    gradients = {name.replace("mlp_", "mlp_d_"): tensor.grad.numpy()
                 for name, tensor in zip(names, params, strict=True)}
    return {"mlp_out": out.detach().numpy(), "mlp_d_x": x.grad.numpy(), **gradients}


def make() -> Arrays:
    """Compute all goldens of lesson 5: inputs and answers, in float64."""
    torch = importlib.import_module("torch")  # late, so that the inputs can be had without PyTorch
    given = inputs()
    answers = {}
    for name, word in FORMULAS.items():
        answers.update(gelu_answers(torch, given, name, word))
    return {**given, **answers, **norm_answers(torch, given), **mlp_answers(torch, given)}
