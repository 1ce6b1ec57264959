"""The reference of lesson 4 by itself: laws, loops, dtypes, and inputs that stay as they were."""

from __future__ import annotations

import cmath
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
MODULE = ROOT / "reference" / "minigpt" / "positional.py"

Array = np.ndarray


def load() -> ModuleType:
    """Load the reference's module by its path, without touching sys.path."""
    spec = importlib.util.spec_from_file_location("reference_positional", MODULE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = load()
X = np.array([[2.0, 0.0, 1.0, 3.0], [0.0, 1.0, 0.0, 2.0]])
COS, SIN = np.array([[1.0, 0.5], [0.0, -1.0]]), np.array([[0.0, 0.75], [1.0, 0.0]])

CALLS: dict[str, tuple[Any, ...]] = {
    "sinusoidal_encoding": (3, 4),
    "add_positions": (X, np.arange(20.0).reshape(5, 4), 2),
    "shift_matrix": (3, 4),
    "rotary_angles": (np.array([4.0, 0.0, 7.0]), 6),
    "apply_rotary": (X, COS, SIN),
    "alibi_bias": (3, 2, 5),
}
KEEP_DTYPE = ("add_positions", "apply_rotary")


def as_arrays(answer: Any) -> tuple[Array, ...]:
    """Take one array, or a tuple of them, as a tuple."""
    return answer if isinstance(answer, tuple) else (answer,)


def with_dtype(args: Sequence[Any], dtype: type[np.generic]) -> list[Any]:
    """Convert the first argument if it is an array; tables and angles stay float64."""
    first = args[0].astype(dtype) if isinstance(args[0], np.ndarray) else args[0]
    return [first, *args[1:]]


def wave(position: float, column: int, width: int, base: float) -> float:
    """Give one number of the table from a complex exponential."""
    circle = cmath.exp(1j * position * math.exp(-math.log(base) * (column - column % 2) / width))
    return circle.real if column % 2 else circle.imag


def test_every_function_has_a_call_here() -> None:
    """Each function of the module is exercised below."""
    functions = {name for name, value in vars(REFERENCE).items() if isinstance(value, FunctionType)}
    assert functions == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_inputs_are_left_alone(name: str) -> None:
    """Locked inputs are accepted, unlocked ones hold the same numbers afterwards, and results are new."""
    args = [a.copy() if isinstance(a, np.ndarray) else a for a in CALLS[name]]
    free = as_arrays(getattr(REFERENCE, name)(*args))
    for given_, kept in zip(args, CALLS[name], strict=True):
        np.testing.assert_array_equal(given_, kept)
        if isinstance(given_, np.ndarray):
            assert not any(np.shares_memory(part, given_) for part in free)
            given_.flags.writeable = False
    for locked, usual in zip(as_arrays(getattr(REFERENCE, name)(*args)), free, strict=True):
        np.testing.assert_array_equal(locked, usual)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int8])
def test_tokens_keep_their_dtype_and_tables_are_float64(name: str, dtype: type[np.generic]) -> None:
    """float32 tokens stay float32 and integers become float64; tables and angles are always float64."""
    wanted = np.float32 if name in KEEP_DTYPE and dtype is np.float32 else np.float64
    answer = getattr(REFERENCE, name)(*with_dtype(CALLS[name], dtype))
    usual = getattr(REFERENCE, name)(*CALLS[name])
    for part, same in zip(as_arrays(answer), as_arrays(usual), strict=True):
        assert part.dtype == wanted
        np.testing.assert_allclose(part, same, rtol=1e-6, atol=1e-7)  # float32 has seven digits


@pytest.mark.parametrize(("name", "args"), [
    ("add_positions", (np.ones((3, 2)), np.ones((2, 2)))),
    ("add_positions", (np.ones((2, 2)), np.ones((2, 2)), 1)),
    ("add_positions", (np.ones((2, 2)), np.ones((5, 2)), 4)),
    ("add_positions", (np.ones((1, 2)), np.ones((5, 2)), 9)),
    ("add_positions", (np.ones((2, 2)), np.ones((5, 2)), -3)),
    ("shift_matrix", (1, 3)),
    ("rotary_angles", (np.arange(2), 5)),
])
def test_what_cannot_be_answered_is_refused(name: str, args: tuple[Any, ...]) -> None:
    """Positions outside the table and odd widths raise ValueError."""
    with pytest.raises(ValueError, match=r"positions|even"):
        getattr(REFERENCE, name)(*args)


@settings(max_examples=40)
@given(st.integers(1, 9), st.integers(1, 9), st.floats(2, 1e5))
def test_the_table_is_the_complex_exponential(n_positions: int, width: int, base: float) -> None:
    """For every size and base, the table is what complex numbers give, one at a time."""
    expected = [[wave(t, d, width, base) for d in range(width)] for t in range(n_positions)]
    table = REFERENCE.sinusoidal_encoding(n_positions, width, base)
    np.testing.assert_allclose(table, expected, rtol=1e-9, atol=1e-12)


@settings(max_examples=40)
@given(st.integers(-30, 30), st.integers(-30, 30), st.integers(1, 4), st.floats(2, 1e5))
def test_shifts_are_a_group_of_rotations_that_move_the_table(a: int, b: int, half: int, base: float) -> None:
    """Two shifts make one, the mirror image undoes a shift, and every row of the table is moved."""
    width = 2 * half
    one, other, both = (REFERENCE.shift_matrix(k, width, base) for k in (a, b, a + b))
    np.testing.assert_allclose(one @ other, both, atol=1e-12)
    np.testing.assert_allclose(one @ one.T, np.eye(width), atol=1e-12)
    start = np.array([[wave(t, d, width, base) for d in range(width)] for t in (0, 5, 11)])
    moved = np.array([[wave(t + a, d, width, base) for d in range(width)] for t in (0, 5, 11)])
    np.testing.assert_allclose(start @ one, moved, rtol=1e-9, atol=1e-9)


@settings(max_examples=40)
@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 1000))
def test_rotary_scores_know_only_the_distance(m: int, n: int, both: int, seed: int) -> None:
    """Moving a query and a key by the same changes neither their score nor their lengths."""
    q, k = np.random.default_rng(seed).normal(size=(2, 1, 6))

    def place(x: Array, position: int) -> Array:
        angles = REFERENCE.rotary_angles(np.array([position]), 6)
        turned: Array = REFERENCE.apply_rotary(x, *angles)[0]
        return turned

    score, moved = (place(q, m + by) @ place(k, n + by) for by in (0, both))
    assert moved == pytest.approx(score, abs=1e-9)
    assert place(q, m) @ place(q, m) == pytest.approx((q[0] @ q[0]), abs=1e-9)


def test_rotary_turns_by_the_complex_product() -> None:
    """For positions of any shape and views of any layout, a turn is a product of complex numbers."""
    rng = np.random.default_rng(0)
    positions = rng.integers(0, 99, (2, 10))[:, ::2]
    cos, sin = REFERENCE.rotary_angles(positions, 8, 50.0)
    x = rng.normal(size=(5, 3, 2, 8)).transpose(2, 1, 0, 3)  # [B, H, T, d], not side by side in memory
    answer = REFERENCE.apply_rotary(x, cos[:, np.newaxis], sin[:, np.newaxis])
    for b, h, t, i in np.ndindex(2, 3, 5, 4):
        pair = complex(x[b, h, t, 2 * i], x[b, h, t, 2 * i + 1])
        pair *= cmath.exp(1j * int(positions[b, t]) / 50 ** (i / 4))
        got = answer[b, h, t, 2 * i: 2 * i + 2]
        np.testing.assert_allclose(got, [pair.real, pair.imag], rtol=1e-9, atol=1e-12)


def test_rotary_and_shift_are_one_rotation() -> None:
    """Turning pairs of cosine and sine by k positions is what the shift matrix does to sine and cosine."""
    table = REFERENCE.sinusoidal_encoding(4, 6)
    swapped = table.reshape(4, 3, 2)[..., ::-1].reshape(4, 6)  # [cos, sin] is the point on the circle
    turned = REFERENCE.apply_rotary(swapped, *REFERENCE.rotary_angles(np.full(4, 5), 6))
    back = turned.reshape(4, 3, 2)[..., ::-1].reshape(4, 6)
    np.testing.assert_allclose(back, table @ REFERENCE.shift_matrix(5, 6), atol=1e-12)


@pytest.mark.parametrize("heads", [1, 2, 3, 8, 12])
def test_alibi_is_the_loop(heads: int) -> None:
    """Slopes and distances are those of a loop, the last query standing at the last key."""
    for t_q, t_k in ((1, 4), (3, 3), (2, 5)):
        bias = REFERENCE.alibi_bias(heads, t_q, t_k)
        assert bias.shape == (heads, t_q, t_k)
        for h, i, j in np.ndindex(*bias.shape):
            back = (t_k - 1 - j) - (t_q - 1 - i)
            if back >= 0:
                assert bias[h, i, j] == pytest.approx(-back * 256 ** (-(h + 1) / heads), abs=1e-15)
            else:
                assert np.isfinite(bias[h, i, j])


def test_positions_are_added_to_every_sentence() -> None:
    """Each token of each sentence gets the row of its position, from an offset on, to the last row."""
    rng = np.random.default_rng(1)
    x, table = rng.normal(size=(3, 2, 4, 5)), rng.normal(size=(7, 5))
    answer = REFERENCE.add_positions(x, table, offset=3)
    for a, b, t, d in np.ndindex(*x.shape):
        assert answer[a, b, t, d] == pytest.approx(x[a, b, t, d] + table[3 + t, d])


def test_torch_turns_and_attends_alike() -> None:
    """PyTorch's complex numbers turn vectors alike, and its attention takes the bias as an added mask."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(2)
    cos, sin = REFERENCE.rotary_angles(np.arange(5), 8)
    x = rng.normal(size=(2, 3, 5, 8))
    pairs = torch.view_as_complex(torch.tensor(x).unflatten(-1, (4, 2)))
    turned = torch.view_as_real(pairs * torch.complex(torch.tensor(cos), torch.tensor(sin))).flatten(-2)
    np.testing.assert_allclose(REFERENCE.apply_rotary(x, cos, sin), turned.numpy(), rtol=1e-12, atol=1e-12)

    bias = np.where(np.tril(np.ones((5, 5), dtype=bool)), REFERENCE.alibi_bias(3, 5, 5), -np.inf)
    attend = torch.nn.functional.scaled_dot_product_attention
    out = attend(*(torch.tensor(x) for _ in range(3)), attn_mask=torch.tensor(bias)).numpy()
    scores = x @ x.swapaxes(-1, -2) / math.sqrt(8) + bias
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    expected = weights / weights.sum(axis=-1, keepdims=True) @ x
    np.testing.assert_allclose(out, expected, rtol=1e-9)
