"""Compare a training step of the reference (6.5 and 6.6) with PyTorch's, in CPU time on one thread.

Run it with `python -m grader.tests.bench.training_step`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

ROOT = Path(__file__).resolve().parents[3]


class Size(NamedTuple):
    """A model, a batch, and the ratio of CPU times that is allowed."""

    n_layer: int
    d_model: int
    n_head: int
    context: int
    batch: int
    vocabulary: int
    budget: float


SIZES = {
    "small": Size(n_layer=2, d_model=64, n_head=4, context=32, batch=16, vocabulary=30, budget=1.2),
    "large": Size(n_layer=4, d_model=128, n_head=4, context=64, batch=16, vocabulary=30, budget=1.8),
}
LEARNING_RATE = 1e-3


def ours(size: Size, ids: np.ndarray, targets: np.ndarray) -> Callable[[], float]:
    """Give a function that takes one step of the reference, and returns the loss before it."""
    sys.path.insert(0, str(ROOT / "reference"))
    init_gpt = importlib.import_module("minigpt.parameters").init_gpt
    train_step = importlib.import_module("minigpt.transformer").train_step
    model: list[Any] = [init_gpt(np.random.default_rng(0), size.vocabulary, size.context, size.n_layer,
                                 size.d_model), None]

    def step() -> float:
        loss, *model[:] = train_step(*model, ids, targets, size.n_head, LEARNING_RATE)
        return float(loss.detach() if hasattr(loss, "detach") else loss)

    return step


def torch_step(torch: Any, size: Size, ids: np.ndarray, targets: np.ndarray) -> Callable[[], float]:
    """Give a function that takes the same step with PyTorch: eager mode, float32, torch.optim.AdamW."""
    nn, functional, d = torch.nn, torch.nn.functional, size.d_model

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.ln_1, self.ln_2 = nn.LayerNorm(d), nn.LayerNorm(d)
            self.attn, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
            self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

        def forward(self, x: Any) -> Any:
            b, t, _ = x.shape
            q, k, v = (part.view(b, t, size.n_head, -1).transpose(1, 2)
                       for part in self.attn(self.ln_1(x)).split(d, dim=2))
            out = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.proj(out.transpose(1, 2).reshape(b, t, d))
            return x + self.down(functional.gelu(self.up(self.ln_2(x)), approximate="tanh"))

    class Model(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.wte = nn.Embedding(size.vocabulary, d)
            self.wpe = nn.Parameter(torch.randn(size.context, d) * 0.02)
            self.h = nn.ModuleList(Block() for _ in range(size.n_layer))
            self.ln_f = nn.LayerNorm(d)

        def forward(self, x: Any) -> Any:
            x = self.wte(x) + self.wpe
            for block in self.h:
                x = block(x)
            return self.ln_f(x) @ self.wte.weight.T

    torch.manual_seed(0)
    model = Model()
    flat = [p for p in model.parameters() if p.ndim < 2]
    deep = [p for p in model.parameters() if p.ndim >= 2]
    groups = [{"params": deep, "weight_decay": 0.1}, {"params": flat, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=LEARNING_RATE, betas=(0.9, 0.95))
    x, y = torch.tensor(ids), torch.tensor(targets)

    def step() -> float:
        optimiser.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(model(x).flatten(0, 1), y.flatten())
        loss.backward()
        optimiser.step()
        return float(loss.detach() if hasattr(loss, "detach") else loss)

    return step


def best(steps: list[Callable[[], float]], rounds: int, each: int) -> list[float]:
    """Give the least CPU milliseconds per step of each function, measured in turns after a warm-up."""
    for step in steps:
        for _ in range(5):
            step()
    least = [float("inf")] * len(steps)
    for _ in range(rounds):
        for number, step in enumerate(steps):
            started = time.process_time()
            for _ in range(each):
                step()
            least[number] = min(least[number], 1000 * (time.process_time() - started) / each)
    return least


def main() -> int:
    """Print both ratios, and exit 1 if one is over its budget."""
    parser = argparse.ArgumentParser(prog="python -m grader.tests.bench.training_step", description=__doc__)
    parser.add_argument("--rounds", type=int, default=8, help="how often to measure; the best counts")
    rounds, over = parser.parse_args().rounds, []
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        print("PyTorch is not installed, so there is nothing to compare with")
        return 0
    torch.set_num_threads(1)
    for name, size in SIZES.items():
        text = np.random.default_rng(1).integers(size.vocabulary, size=(2, size.batch, size.context))
        mine, theirs = best([ours(size, *text), torch_step(torch, size, *text)], rounds,
                            each=20 if name == "small" else 5)
        ratio = mine / theirs
        verdict = "ok" if ratio <= size.budget else "OVER"
        print(f"{name}: {mine:7.2f} ms a step, PyTorch {theirs:7.2f} ms: ratio {ratio:5.2f}  "
              f"budget {size.budget:g}  {verdict}", flush=True)
        over += [name] if ratio > size.budget else []
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
