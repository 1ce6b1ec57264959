"""The goldens of lesson 4, in PyTorch and in other words than the lesson's.

Waves and rotary angles are complex numbers, a shift is the exponential of a matrix, a position is looked up
by an embedding layer, and a distance is a running count of the keys that a query may look at.
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]

BASE = 10000.0


def inputs() -> Arrays:
    """Draw the inputs of lesson 4: small, every size different, at least two batch rows."""
    rng = np.random.default_rng(20_210_420)  # the day "RoFormer" appeared
    return {
        "added_x": rng.normal(size=(2, 3, 5)),
        "added_table": rng.normal(size=(8, 5)),
        "turned_x": rng.normal(size=(2, 3, 5, 8)),
        "turned_positions": rng.permutation(9)[:5],
        "biased_scores": rng.normal(size=(2, 4, 3, 5)),
    }


def phases(torch: Any, positions: Any, width: int) -> Any:
    """Give every position and pair as a number on the unit circle, [T, ceil(width / 2)]."""
    speeds = torch.exp(-math.log(BASE) * torch.arange(0, width, 2, dtype=torch.float64) / width)
    return torch.exp(1j * torch.outer(positions.double(), speeds))


def waves(torch: Any, n_positions: int, width: int) -> np.ndarray:
    """Lay imaginary and real parts side by side, and cut off what an odd width has no room for."""
    circle = phases(torch, torch.arange(n_positions), width)
    table: np.ndarray = torch.stack((circle.imag, circle.real), dim=-1).flatten(-2)[:, :width].numpy()
    return table


def shift(torch: Any, k: int, width: int) -> np.ndarray:
    """Take the exponential of k times the generator of all rotations."""
    speeds = torch.logspace(0, -1 + 2 / width, width // 2, base=BASE, dtype=torch.float64)
    spin = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
    matrix: np.ndarray = torch.matrix_exp(k * torch.block_diag(*(speed * spin for speed in speeds))).numpy()
    return matrix


def turned(torch: Any, given: Arrays) -> Arrays:
    """Multiply pairs, seen as complex numbers, with numbers on the unit circle."""
    circle = phases(torch, torch.tensor(given["turned_positions"]), given["turned_x"].shape[-1])
    pairs = torch.view_as_complex(torch.tensor(given["turned_x"]).unflatten(-1, (-1, 2)))
    return {
        "turned_cos": circle.real.numpy(),
        "turned_sin": circle.imag.numpy(),
        "turned_out": torch.view_as_real(pairs * circle).flatten(-2).numpy(),
    }


def biased(torch: Any, scores: np.ndarray) -> np.ndarray:
    """Share out scores with a penalty, counting distances along the causal mask."""
    heads, t_q, t_k = scores.shape[-3:]
    seen = torch.ones(t_q, t_k, dtype=torch.bool).tril(t_k - t_q)
    distance = seen.double().flip(-1).cumsum(-1).flip(-1) - 1  # how many seen keys lie to the right
    slopes = torch.logspace(-8 / heads, -8, heads, base=2, dtype=torch.float64)
    penalised = torch.tensor(scores) - slopes[:, None, None] * distance
    shares: np.ndarray = torch.softmax(penalised.masked_fill(~seen, -math.inf), dim=-1).numpy()
    return shares


def make() -> Arrays:
    """Compute all goldens of lesson 4: inputs and answers, in float64."""
    torch = importlib.import_module("torch")  # late, so that the inputs can be had without PyTorch
    given = inputs()
    x, table = torch.tensor(given["added_x"]), torch.tensor(given["added_table"])
    polar = phases(torch, torch.arange(7), 10)
    answers = {
        "waves_even": waves(torch, 9, 14),
        "waves_odd": waves(torch, 6, 11),
        "added_out": (x + torch.nn.functional.embedding(torch.arange(x.shape[-2]), table)).numpy(),
        "shift_by_five": shift(torch, 5, 8),
        "polar_real": polar.real.numpy(),
        "polar_imag": polar.imag.numpy(),
        "biased_shares": biased(torch, given["biased_scores"]),
    }
    return {**given, **answers, **turned(torch, given)}
