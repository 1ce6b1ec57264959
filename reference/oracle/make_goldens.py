"""Make the goldens of the lessons: numbers that PyTorch gives, for the hidden tests.

    python reference/oracle/make_goldens.py            write them (needs torch 2.13.0)
    python reference/oracle/make_goldens.py --check    compare them with new ones; exit 1 if they differ

Neither students nor the grader need PyTorch. The same inputs give the same file, byte for byte.
"""

from __future__ import annotations

import argparse
import importlib
import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]

LESSON_01 = Path(__file__).resolve().parents[2] / "assignments" / "01_attention_mechanism" / "goldens.npz"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can hold
AGREE = 1e-12  # PyTorch may add up in another order on another processor


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


def packed(arrays: Arrays) -> bytes:
    """Write arrays as an npz file in which nothing depends on the clock or on the order of a dict."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(arrays):
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", EPOCH), entry.getvalue())
    return target.getvalue()


def differences(old: Arrays, new: Arrays) -> list[str]:
    """Name the arrays that are missing, left over, or not the same up to rounding."""
    names = sorted(old.keys() ^ new.keys())
    for name in sorted(old.keys() & new.keys()):
        a, b = old[name], new[name]
        same = a.dtype == b.dtype and a.shape == b.shape and np.allclose(a, b, rtol=AGREE, atol=AGREE)
        names += [] if same else [name]
    return names


def main() -> int:
    """Write the goldens, or compare them with new ones."""
    parser = argparse.ArgumentParser(description="Make the goldens of the lessons with PyTorch.")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    if not parser.parse_args().check:
        LESSON_01.write_bytes(packed(make()))
        return 0
    with np.load(LESSON_01, allow_pickle=False) as file:
        wrong = differences(dict(file), make())
    if wrong:
        print(f"{LESSON_01.name}: other numbers in {', '.join(wrong)}; "  # noqa: T201
              "run reference/oracle/make_goldens.py and look at the change")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
