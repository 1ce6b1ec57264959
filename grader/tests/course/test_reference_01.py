"""The reference of lesson 1 by itself: laws, loops, dtypes, and inputs that stay as they were."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[3]
MODULE = ROOT / "reference" / "minigpt" / "attention.py"

Array = np.ndarray


def load() -> ModuleType:
    """Load the reference's module by its path, without touching sys.path."""
    spec = importlib.util.spec_from_file_location("reference_attention", MODULE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = load()
Q = np.array([[2.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 2.0]])
K = np.array([[2.0, 0.0, 0.0, 1.0], [0.0, 2.0, 0.0, 1.0], [0.0, 0.0, 2.0, 1.0]])
V = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
MASK = np.array([[True, True, False], [False, False, False]])

CALLS: dict[str, tuple[Any, ...]] = {
    "softmax": (Q,),
    "attention_scores": (Q, K),
    "scale_scores": (Q, 4),
    "mask_scores": (Q @ K.T, MASK),
    "scaled_dot_product_attention": (Q, K, V, MASK),
    "attention_pooling": (np.array([0.0, 2.0]), np.array([0.0, 1.0, 3.0]), np.array([1.0, 2.0, 4.0]), 2.0),
    "softmax_backward": (Q, np.full((2, 4), 0.25)),
}


def as_arrays(answer: Any) -> tuple[Array, ...]:
    """Take one array, or a tuple of them, as a tuple."""
    return answer if isinstance(answer, tuple) else (answer,)


def with_dtype(args: Sequence[Any], dtype: type[np.generic]) -> list[Any]:
    """Convert the float arrays among the arguments."""
    return [a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in args]


def shares_by_loop(scores: Sequence[float]) -> list[float]:
    """Share out with math.exp."""
    powers = [math.exp(score - max(scores)) for score in scores]
    return [power / math.fsum(powers) for power in powers]


def test_every_function_has_a_call_here() -> None:
    """Each function of the module is exercised below."""
    functions = {name for name, value in vars(REFERENCE).items() if isinstance(value, FunctionType)}
    assert functions == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_inputs_are_left_alone(name: str) -> None:
    """Locked inputs are accepted, and unlocked ones hold the same numbers afterwards."""
    args = [a.copy() if isinstance(a, np.ndarray) else a for a in CALLS[name]]
    free = as_arrays(getattr(REFERENCE, name)(*args))
    for given_, kept in zip(args, CALLS[name], strict=True):
        np.testing.assert_array_equal(given_, kept)
        if isinstance(given_, np.ndarray):
            given_.flags.writeable = False
    for locked, usual in zip(as_arrays(getattr(REFERENCE, name)(*args)), free, strict=True):
        np.testing.assert_array_equal(locked, usual)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(("dtype", "wanted"), [
    (np.float32, np.float32), (np.float64, np.float64), (np.int64, np.float64), (np.int8, np.float64),
])
def test_floats_keep_their_dtype_and_integers_become_float64(
    name: str, dtype: type[np.generic], wanted: type[np.generic]
) -> None:
    """float32 stays float32; integers of any size become float64 and give the same numbers."""
    args = list(CALLS[name])
    if name == "softmax_backward":  # shares are never integers
        answer = REFERENCE.softmax_backward(with_dtype(args, dtype)[0], args[1].astype(wanted))
    else:
        answer = getattr(REFERENCE, name)(*with_dtype(args, dtype))
    for part, usual in zip(as_arrays(answer), as_arrays(getattr(REFERENCE, name)(*args)), strict=True):
        assert part.dtype == wanted
        np.testing.assert_allclose(part, usual, rtol=1e-6)  # float32 has seven digits


@pytest.mark.parametrize("name", CALLS)
def test_results_are_new_arrays(name: str) -> None:
    """No result shares its memory with an input."""
    args = CALLS[name]
    for part in as_arrays(getattr(REFERENCE, name)(*args)):
        assert not any(np.shares_memory(part, a) for a in args if isinstance(a, np.ndarray))


@settings(max_examples=60)
@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=6), st.floats(-1e3, 1e3))
def test_softmax_is_the_loop_and_ignores_a_shift(scores: list[float], shift: float) -> None:
    """Any row of scores is shared out as math.exp says, wherever its zero lies."""
    expected = shares_by_loop(scores)
    np.testing.assert_allclose(REFERENCE.softmax(np.array(scores)), expected, rtol=1e-9, atol=1e-12)
    shifted = np.array(scores) + shift  # adding costs up to 1e-12 in a score, and that much in a share
    np.testing.assert_allclose(REFERENCE.softmax(shifted), expected, rtol=1e-9, atol=1e-9)


def test_worked_example_of_the_lesson() -> None:
    """The numbers printed in the lesson are those of the reference."""
    out, weights = REFERENCE.scaled_dot_product_attention(Q, K, V)
    np.testing.assert_allclose(weights, [[0.665, 0.090, 0.245], [0.212, 0.576, 0.212]], atol=5e-4)
    np.testing.assert_allclose(out, [[0.910, 0.335], [0.424, 0.788]], atol=5e-4)


def test_a_query_that_sees_nothing_gets_zeros_without_a_warning() -> None:
    """A dead row is zero, the other rows are as without it; warnings are errors here, so none arose."""
    out, weights = REFERENCE.scaled_dot_product_attention(Q, K, V, MASK)
    np.testing.assert_allclose(weights, [[*shares_by_loop([2.0, 0.0]), 0.0], [0.0, 0.0, 0.0]], rtol=1e-12)
    np.testing.assert_array_equal(out[1], [0.0, 0.0])


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 1), (1, 3), (5, 1, 1, 3), (5, 4, 2, 3)])
def test_a_mask_of_any_shape_equals_the_full_one(shape: tuple[int, ...]) -> None:
    """A mask that broadcasts gives what its stretched copy gives."""
    rng = np.random.default_rng(0)
    q, k, v = rng.normal(size=(5, 4, 2, 6)), rng.normal(size=(5, 4, 3, 6)), rng.normal(size=(5, 4, 3, 7))
    mask = rng.integers(2, size=shape).astype(bool)
    full = np.broadcast_to(mask, (5, 4, 2, 3)).copy()
    small, large = (REFERENCE.scaled_dot_product_attention(q, k, v, m) for m in (mask, full))
    for one, other in zip(small, large, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_gradient_is_the_central_difference_along_every_axis() -> None:
    """Along each axis, nudging a score changes the loss as the gradient says."""
    rng = np.random.default_rng(1)
    x, d_out, step = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4)), 1e-5
    for axis in range(3):
        slopes = np.empty_like(x)
        for place in np.ndindex(*x.shape):
            nudge = np.zeros_like(x)
            nudge[place] = step
            up, down = ((d_out * REFERENCE.softmax(x + s * nudge, axis)).sum() for s in (1, -1))
            slopes[place] = (up - down) / (2 * step)
        gradient = REFERENCE.softmax_backward(d_out, REFERENCE.softmax(x, axis), axis)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-8)


def test_pooling_is_the_kernel_by_loop() -> None:
    """A guess is the mean of the known values, weighted with the kernel, as a loop computes it."""
    x_query, x_key, y = [0.5, 2.2], [0.0, 1.0, 3.0], [10.0, 20.0, 40.0]
    for h in (0.3, 1.0, 5.0):
        rows = [[math.exp(-((x - c) ** 2) / (2 * h * h)) for c in x_key] for x in x_query]
        expected = [math.fsum(k * value for k, value in zip(row, y, strict=True)) / math.fsum(row)
                    for row in rows]
        guesses = REFERENCE.attention_pooling(np.array(x_query), np.array(x_key), np.array(y), h)
        np.testing.assert_allclose(guesses, expected, rtol=1e-12)


def test_vectors_of_different_widths_are_refused() -> None:
    """Queries and keys of different widths raise the ValueError that the docstring promises."""
    with pytest.raises(ValueError, match="mismatch"):
        REFERENCE.attention_scores(np.ones((2, 3)), np.ones((4, 5)))
