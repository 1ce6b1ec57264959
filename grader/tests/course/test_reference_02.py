"""The reference of lesson 2 by itself: laws, loops, dtypes, errors, and inputs that stay as they were."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[3]

Array = np.ndarray

RNG = np.random.default_rng(2)
X = RNG.integers(-2, 3, size=(2, 4, 3)).astype(float)
W_Q, W_K = RNG.integers(-2, 3, size=(2, 3, 2)).astype(float)
W_V = RNG.integers(-2, 3, size=(3, 5)).astype(float)
B_Q, B_K, B_V = np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.arange(5.0)
MASK = np.array([[[True, True, False, False]], [[False, False, False, False]]])
ONE_HOT = np.eye(4)[[0, 2, 3]]

CALLS: dict[str, tuple[Any, ...]] = {
    "embed": (np.array([[2, 0], [1, 1]]), np.arange(6.0).reshape(3, 2)),
    "project_qkv": (X, W_Q, W_K, W_V, B_Q, None, B_V),
    "causal_mask": (2, 5),
    "padding_mask": (np.array([0, 2, 4]), 4),
    "self_attention": (X, W_Q, W_K, W_V, MASK),
    "scaled_dot_product_attention_backward": (X[0], X[0], X[1], X[1], np.full((4, 4), 0.25)),
    "attention_entropy": (ONE_HOT,),
}


@pytest.fixture(scope="module")
def reference() -> Iterator[ModuleType]:
    """Import the reference's module, and leave sys.path as it was."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "reference")
        yield importlib.import_module("minigpt.self_attention")


def as_arrays(answer: Any) -> tuple[Array, ...]:
    """Take one array, or a tuple of them, as a tuple."""
    return answer if isinstance(answer, tuple) else (answer,)


def loss_slopes(function: Any, arrays: list[Array], which: int, d_out: Array) -> Array:
    """Nudge every number of one array, and see how much the sum of d_out times the output changes."""
    slopes, step = np.empty_like(arrays[which]), 1e-5
    for place in np.ndindex(*slopes.shape):
        losses = []
        for nudge in (step, -step):
            moved = [array.copy() for array in arrays]
            moved[which][place] += nudge
            losses.append((d_out * function(*moved)[0]).sum())
        slopes[place] = (losses[0] - losses[1]) / (2 * step)
    return slopes


def test_every_function_has_a_call_here(reference: ModuleType) -> None:
    """Each function of the module is exercised below."""
    own = {name for name, value in vars(reference).items()
           if isinstance(value, FunctionType) and value.__module__ == reference.__name__}
    assert own == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_inputs_are_left_alone_and_results_are_new(name: str, reference: ModuleType) -> None:
    """Locked inputs are accepted, and no result shares its memory with an input."""
    args = [a.copy() if isinstance(a, np.ndarray) else a for a in CALLS[name]]
    free = as_arrays(getattr(reference, name)(*args))
    for one in args:
        if isinstance(one, np.ndarray):
            one.flags.writeable = False
    for locked, usual in zip(as_arrays(getattr(reference, name)(*args)), free, strict=True):
        np.testing.assert_array_equal(locked, usual)
        assert not any(np.shares_memory(locked, a) for a in args if isinstance(a, np.ndarray))
    for one, kept in zip(args, CALLS[name], strict=True):
        np.testing.assert_array_equal(one, kept)


@pytest.mark.parametrize("name", [name for name in CALLS if "mask" not in name])
@pytest.mark.parametrize(("dtype", "wanted"), [
    (np.float32, np.float32), (np.float64, np.float64), (np.int64, np.float64), (np.int8, np.float64),
])
def test_floats_keep_their_dtype_and_integers_become_float64(
    name: str, dtype: type[np.generic], wanted: type[np.generic], reference: ModuleType
) -> None:
    """float32 stays float32; integers become float64, but for `embed`, which hands the table out as it is."""
    args = [a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in CALLS[name]]
    if name == "scaled_dot_product_attention_backward":  # weights are never integers
        args[4] = CALLS[name][4].astype(wanted)
    usual = as_arrays(getattr(reference, name)(*CALLS[name]))
    for part, other in zip(as_arrays(getattr(reference, name)(*args)), usual, strict=True):
        assert part.dtype == (dtype if name == "embed" else wanted)
        np.testing.assert_allclose(part, other, rtol=1e-5, atol=1e-5)


def test_an_embedding_is_the_product_with_one_hot_rows(reference: ModuleType) -> None:
    """Ids of any shape, none included, become the rows that one-hot vectors pick out."""
    table = RNG.normal(size=(5, 3))
    for shape in ((), (4,), (2, 3), (0,), (2, 0, 3)):
        ids = RNG.integers(5, size=shape)
        np.testing.assert_allclose(reference.embed(ids, table), np.eye(5)[ids] @ table, rtol=1e-12)


@pytest.mark.parametrize("wrong", [-1, -5, 5, 99])
def test_ids_without_a_row_are_refused(wrong: int, reference: ModuleType) -> None:
    """The error says which ids there are."""
    with pytest.raises(ValueError, match="token ids must be from 0 to 4"):
        reference.embed(np.array([0, wrong]), np.ones((5, 2)))


def test_projection_is_linear_and_its_bias_is_what_zero_gives(reference: ModuleType) -> None:
    """The answer for a sum is the sum of the answers; zeros give the biases."""
    one, other = RNG.normal(size=(2, 4, 3))
    together = reference.project_qkv(one + 2 * other, W_Q, W_K, W_V)
    for whole, first, second in zip(together, reference.project_qkv(one, W_Q, W_K, W_V),
                                    reference.project_qkv(other, W_Q, W_K, W_V), strict=True):
        np.testing.assert_allclose(whole, first + 2 * second, rtol=1e-12, atol=1e-12)
    for part, bias in zip(reference.project_qkv(0 * one, W_Q, W_K, W_V, B_Q, B_K, B_V), (B_Q, B_K, B_V),
                          strict=True):
        np.testing.assert_array_equal(part, np.broadcast_to(bias, part.shape))


@settings(max_examples=40)
@given(t_q=st.integers(0, 6), t_k=st.integers(0, 6))
def test_causal_masks_end_at_the_same_corner(t_q: int, t_k: int, reference: ModuleType) -> None:
    """Every mask is the bottom right corner of one large triangle, and bool."""
    mask = reference.causal_mask(t_q, t_k)
    large = np.tril(np.ones((12, 12), dtype=bool))
    assert mask.dtype == np.bool_
    np.testing.assert_array_equal(mask, large[12 - t_q:, 12 - t_k:])


@settings(max_examples=40)
@given(lengths=st.lists(st.integers(0, 5), max_size=4))
def test_padding_masks_count_to_the_lengths(lengths: list[int], reference: ModuleType) -> None:
    """As many Trues as words, and they come first; an empty batch has an empty mask."""
    mask = reference.padding_mask(np.array(lengths, dtype=int), 5)
    assert mask.dtype == np.bool_
    assert mask.shape == (len(lengths), 1, 5)
    assert mask[:, 0].tolist() == [[True] * n + [False] * (5 - n) for n in lengths]


@pytest.mark.parametrize("wrong", [-1, 6])
def test_lengths_that_cannot_be_are_refused(wrong: int, reference: ModuleType) -> None:
    """The error says which lengths there are."""
    with pytest.raises(ValueError, match="lengths must be from 0 to 5"):
        reference.padding_mask(np.array([2, wrong]), 5)


def test_shuffled_words_are_shuffled_outputs(reference: ModuleType) -> None:
    """Without a mask self-attention does not know the order of the words."""
    order = np.array([2, 0, 3, 1])
    out, weights = reference.self_attention(X, W_Q, W_K, W_V)
    mixed_out, mixed_weights = reference.self_attention(X[:, order], W_Q, W_K, W_V)
    np.testing.assert_allclose(mixed_out, out[:, order], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(mixed_weights, weights[:, order][:, :, order], rtol=1e-12, atol=1e-12)


def test_nothing_leaks_from_the_future_or_from_padding(reference: ModuleType) -> None:
    """Under both masks, what may not be seen changes nothing; a text without words gives zeros."""
    mask = reference.causal_mask(4) & reference.padding_mask(np.array([3, 0]), 4)
    out, weights = reference.self_attention(X, W_Q, W_K, W_V, mask)
    changed = X.copy()
    changed[:, 2:] += 5
    later, _ = reference.self_attention(changed, W_Q, W_K, W_V, mask)
    np.testing.assert_array_equal(later[0, :2], out[0, :2])
    assert not weights[1].any()
    assert not out[1].any()


@pytest.mark.parametrize("masked", [False, True])
def test_gradients_are_central_differences(masked: bool, reference: ModuleType) -> None:
    """Nudging any number of q, k or v changes the loss as the gradients say, with a mask too."""
    attend = importlib.import_module("minigpt.attention").scaled_dot_product_attention
    q, k = RNG.normal(size=(2, 3, 2)), RNG.normal(size=(2, 4, 2))
    v, d_out = RNG.normal(size=(2, 4, 3)), RNG.normal(size=(2, 3, 3))
    mask = reference.causal_mask(3, 4) & reference.padding_mask(np.array([1, 4]), 4) if masked else None

    def forward(*arrays: Array) -> Any:
        return attend(*arrays, mask)

    gradients = reference.scaled_dot_product_attention_backward(d_out, q, k, v, forward(q, k, v)[1])
    for which, gradient in enumerate(gradients):
        slopes = loss_slopes(forward, [q, k, v], which, d_out)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-8)


def test_torch_agrees_on_a_cache_and_on_gradients_under_a_mask(reference: ModuleType) -> None:
    """PyTorch's lower-right causal mask is ours, and its gradients under a mask are ours."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    causal_lower_right = importlib.import_module("torch.nn.attention.bias").causal_lower_right

    arrays = [RNG.normal(size=shape) for shape in ((1, 2, 3), (1, 5, 3), (1, 5, 4))]
    q, k, v = (torch.tensor(array, requires_grad=True) for array in arrays)
    mask = torch.tensor(reference.causal_mask(2, 5))
    attend = torch.nn.functional.scaled_dot_product_attention
    out = attend(q, k, v, attn_mask=mask)
    np.testing.assert_allclose(attend(q, k, v, attn_mask=causal_lower_right(2, 5)).detach().numpy(),
                               out.detach().numpy(), rtol=1e-12)
    d_out = RNG.normal(size=(1, 2, 4))
    out.backward(torch.tensor(d_out))
    weights = importlib.import_module("minigpt.attention").scaled_dot_product_attention(
        *arrays, reference.causal_mask(2, 5))[1]
    gradients = reference.scaled_dot_product_attention_backward(d_out, *arrays, weights)
    for gradient, leaf in zip(gradients, (q, k, v), strict=True):
        np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-9, atol=1e-12)


@settings(max_examples=40)
@given(numbers=st.lists(st.floats(0, 1), min_size=1, max_size=6).filter(lambda row: max(row) > 1e-6))
def test_entropy_is_the_loop_and_lies_in_its_bounds(numbers: list[float], reference: ModuleType) -> None:
    """Any row of shares has the entropy that math.log gives, from 0 to the logarithm of its length."""
    shares = np.array([numbers]) / math.fsum(numbers)
    expected = math.fsum(-w * math.log(w) for w in shares[0].tolist() if w > 0)
    (entropy,) = reference.attention_entropy(shares)
    assert entropy == pytest.approx(expected, abs=1e-12)
    assert -1e-12 <= entropy <= math.log(len(numbers)) + 1e-12


def test_entropy_of_one_word_and_of_nothing_is_zero(reference: ModuleType) -> None:
    """One-hot rows and rows of zeros have entropy 0, written without a minus."""
    entropy = reference.attention_entropy(np.concatenate([ONE_HOT, np.zeros((1, 4))]))
    np.testing.assert_array_equal(entropy, np.zeros(4))
    assert not np.signbit(entropy).any()
