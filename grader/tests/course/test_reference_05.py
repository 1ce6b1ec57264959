"""The reference of lesson 5 by itself: laws, loops, dtypes, and inputs that stay as they were."""

from __future__ import annotations

import copy
import importlib
import importlib.util
import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[3]
MODULE = ROOT / "reference" / "minigpt" / "feed_forward.py"

Array = np.ndarray
STEP = 1e-5


def load() -> ModuleType:
    """Load the reference's module by its path, without touching sys.path."""
    spec = importlib.util.spec_from_file_location("reference_feed_forward", MODULE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = load()
RNG = np.random.default_rng(5)
X, D_OUT = RNG.integers(-6, 7, (2, 3, 4)).astype(float), RNG.integers(-6, 7, (2, 3, 4)).astype(float)
GAMMA, BETA = np.array([2.0, 1.0, -1.0, 3.0]), np.array([0.0, 1.0, 5.0, -2.0])
PARAMS = {"c_fc": {"weight": RNG.integers(-2, 3, (4, 5)).astype(float), "bias": np.arange(5.0)},
          "c_proj": {"weight": RNG.integers(-2, 3, (5, 4)).astype(float), "bias": np.arange(4.0)}}

CALLS: dict[str, tuple[Any, ...]] = {
    "gelu": (X,),
    "gelu_backward": (D_OUT, X),
    "layer_norm": (X, GAMMA, BETA),
    "layer_norm_backward": (D_OUT, X, GAMMA),
    "feed_forward": (X, PARAMS),
    "feed_forward_backward": (D_OUT, X, PARAMS),
    "add_and_norm": (X, D_OUT, GAMMA, BETA),
    "dropout": (X, 0.25),
}
each_function = pytest.mark.parametrize("name", CALLS)


def mapped(change: Callable[[Array], Any], tree: Any) -> Any:
    """Change every array of nested tuples and dicts; leave numbers as they are."""
    if isinstance(tree, dict):
        return {key: mapped(change, part) for key, part in tree.items()}
    if isinstance(tree, tuple):
        return tuple(mapped(change, part) for part in tree)
    return change(tree) if isinstance(tree, np.ndarray) else tree


def leaves(tree: Any) -> list[Array]:
    """List the arrays of nested tuples and dicts."""
    found: list[Array] = []
    mapped(found.append, tree)
    return found


def call(name: str, arguments: tuple[Any, ...]) -> Any:
    """Call a function of the reference; dropout gets a generator in a fixed state."""
    extra = (np.random.default_rng(7),) if name == "dropout" else ()
    return getattr(REFERENCE, name)(*arguments, *extra)


def lock(array: Array) -> Array:
    """Copy an array into one that is read-only and does not lie in one piece."""
    wide = np.repeat(array, 2, axis=-1)
    view = wide[..., ::2]
    view.flags.writeable = False
    return view


def slopes(loss: Callable[[], float], array: Array) -> Array:
    """Nudge every number of an array in place, and see how much the loss changes."""
    found = np.zeros_like(array)
    for place in np.ndindex(*array.shape):
        kept = array[place]
        array[place] = kept + STEP
        up = loss()
        array[place] = kept - STEP
        found[place] = (up - loss()) / (2 * STEP)
        array[place] = kept
    return found


@each_function
def test_locked_views_give_the_same_answer(name: str) -> None:
    """Read-only inputs whose numbers do not lie side by side give the usual answer."""
    usual, locked = call(name, CALLS[name]), call(name, mapped(lock, CALLS[name]))
    for one, other in zip(leaves(locked), leaves(usual), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@each_function
@pytest.mark.parametrize(("dtype", "wanted"), [
    (np.float32, np.float32), (np.float64, np.float64), (np.int64, np.float64), (np.int8, np.float64),
])
def test_floats_keep_their_dtype_and_integers_become_float64(
    name: str, dtype: type[np.generic], wanted: type[np.generic]
) -> None:
    """float32 stays float32; integers of any size become float64 and give the same numbers."""
    usual = call(name, CALLS[name])
    answer = call(name, mapped(lambda array: array.astype(dtype), CALLS[name]))
    for part, other in zip(leaves(answer), leaves(usual), strict=True):
        assert part.dtype == wanted
        np.testing.assert_allclose(part, other, rtol=1e-4, atol=1e-4)  # float32 has seven digits


@each_function
def test_results_are_new_arrays(name: str) -> None:
    """No result shares its memory with an input."""
    given_ = leaves(CALLS[name])
    for part in leaves(call(name, CALLS[name])):
        assert not any(np.shares_memory(part, array) for array in given_)


@settings(max_examples=80)
@given(st.floats(-1e4, 1e4))
def test_gelu_is_the_formula(x: float) -> None:
    """Any number is bent as the math module says; the two gates at x and -x add up to 1."""
    tanh = 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    exact = x * 0.5 * (1 + math.erf(x / math.sqrt(2)))
    point = np.array([x, -x])
    for word, expected in (("tanh", tanh), ("none", exact)):
        answer = REFERENCE.gelu(point, word)
        np.testing.assert_allclose(answer[0], expected, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(answer[0] - answer[1], x, rtol=1e-12, atol=1e-12)


def test_the_two_formulas_differ_by_less_than_half_a_thousandth() -> None:
    """The largest distance between the formulas is 0.00047, as the lesson says."""
    x = np.linspace(-6, 6, 12_001)
    apart = np.abs(REFERENCE.gelu(x) - REFERENCE.gelu(x, "none")).max()
    np.testing.assert_allclose(apart, 4.7e-4, atol=5e-6)


@pytest.mark.parametrize("word", ["tanh", "none"])
def test_gelu_gradient_is_the_central_difference(word: str) -> None:
    """Nudging a number changes the loss as the gradient says; words are checked on the way back too."""
    x = np.linspace(-3, 3, 13)
    d_out = np.arange(1.0, 14.0)
    expected = slopes(lambda: float((d_out * REFERENCE.gelu(x, word)).sum()), x)
    np.testing.assert_allclose(REFERENCE.gelu_backward(d_out, x, word), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("function", ["gelu", "gelu_backward"])
def test_an_unknown_formula_is_refused(function: str) -> None:
    """A word that names neither formula raises ValueError."""
    arguments = (X,) if function == "gelu" else (X, X)
    with pytest.raises(ValueError, match='"tanh" or "none", not \'erf\''):
        getattr(REFERENCE, function)(*arguments, approximate="erf")


@settings(max_examples=60)
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=6), st.floats(-50, 50), st.floats(0.5, 20))
def test_layer_norm_is_two_passes_and_ignores_shift_and_scale(
    token: list[float], shift: float, scale: float
) -> None:
    """Any token is normalised as a loop says; moved and stretched, with its eps, it gives the same answer."""
    d = len(token)
    mean = math.fsum(token) / d
    spread = math.sqrt(math.fsum((x - mean) ** 2 for x in token) / d + 0.01)
    expected = [(x - mean) / spread for x in token]
    one, zero = np.ones(d), np.zeros(d)
    np.testing.assert_allclose(REFERENCE.layer_norm(np.array(token), one, zero, 0.01), expected, atol=1e-9)
    moved = np.array(token) * scale + shift
    again = REFERENCE.layer_norm(moved, one, zero, 0.01 * scale**2)
    np.testing.assert_allclose(again, expected, atol=1e-8)


def test_a_constant_token_becomes_beta_without_a_warning() -> None:
    """A token without spread becomes beta; warnings are errors here, so none arose."""
    for dtype in (np.float64, np.float32):
        answer = REFERENCE.layer_norm(*(a.astype(dtype) for a in (np.full((2, 4), 0.7), GAMMA, BETA)))
        np.testing.assert_allclose(answer, [BETA, BETA], atol=1e-3)


def test_a_large_mean_costs_nothing() -> None:
    """A billion on top of every feature leaves the answer as it was."""
    token = np.array([1.0, -1.0, 3.0, -3.0])
    np.testing.assert_allclose(REFERENCE.layer_norm(token + 2.0**30, GAMMA, BETA),
                               REFERENCE.layer_norm(token, GAMMA, BETA), rtol=1e-12)


@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_layer_norm_gradients_are_central_differences(eps: float) -> None:
    """Nudging a feature, a gamma or a beta changes the loss as the three gradients say."""
    x, gamma, beta = np.random.default_rng(1).normal(size=(2, 3, 4)), GAMMA.copy(), BETA.copy()

    def loss() -> float:
        return float((D_OUT * REFERENCE.layer_norm(x, gamma, beta, eps)).sum())

    for answer, array in zip(REFERENCE.layer_norm_backward(D_OUT, x, gamma, eps), (x, gamma, beta),
                             strict=True):
        np.testing.assert_allclose(answer, slopes(loss, array), rtol=1e-6, atol=1e-7)


def test_feed_forward_gradients_are_central_differences() -> None:
    """Nudging a feature, a weight or a bias changes the loss as the gradients say."""
    rng = np.random.default_rng(2)
    x, params = rng.normal(size=(2, 3, 4)), mapped(lambda a: rng.normal(size=a.shape), PARAMS)

    def loss() -> float:
        return float((D_OUT * REFERENCE.feed_forward(x, params)).sum())

    d_x, grads = REFERENCE.feed_forward_backward(D_OUT, x, params)
    np.testing.assert_allclose(d_x, slopes(loss, x), rtol=1e-6, atol=1e-7)
    assert {name: list(layer) for name, layer in grads.items()} == {
        "c_fc": ["weight", "bias"], "c_proj": ["weight", "bias"]}
    for name, layer in grads.items():
        for part, answer in layer.items():
            np.testing.assert_allclose(answer, slopes(loss, params[name][part]), rtol=1e-6, atol=1e-7)


def test_tokens_do_not_feel_each_other() -> None:
    """Each token alone gives what it gives in the batch."""
    for place in np.ndindex(2, 3):
        np.testing.assert_allclose(REFERENCE.feed_forward(X[place], PARAMS),
                                   REFERENCE.feed_forward(X, PARAMS)[place], rtol=1e-12)


def test_add_and_norm_normalises_the_sum() -> None:
    """Post-LN is layer_norm of the sum; a finding of zero leaves the stream's own normalisation."""
    np.testing.assert_allclose(REFERENCE.add_and_norm(X, D_OUT, GAMMA, BETA, 0.1),
                               REFERENCE.layer_norm(X + D_OUT, GAMMA, BETA, 0.1), rtol=1e-12)
    np.testing.assert_allclose(REFERENCE.add_and_norm(X, 0 * X, GAMMA, BETA),
                               REFERENCE.layer_norm(X, GAMMA, BETA), rtol=1e-12)


def test_dropout_follows_its_generator() -> None:
    """What is drawn below p is dropped, the rest grows, and the mean stays within six sigma."""
    rng = np.random.default_rng(3)
    drawn, x, p = copy.deepcopy(rng).random(100_000), np.ones(100_000), 0.3
    answer = REFERENCE.dropout(x, p, rng)
    np.testing.assert_array_equal(answer, np.where(drawn < p, 0, x / (1 - p)))
    assert abs(answer.mean() - 1) < 6 * math.sqrt(p / (1 - p) / x.size)


def test_dropout_draws_nothing_when_nothing_is_dropped() -> None:
    """Outside training, and with p = 0, a copy comes back and the generator does not move."""
    rng = np.random.default_rng(4)
    before = copy.deepcopy(rng.bit_generator.state)
    for answer in (REFERENCE.dropout(X, 0.5, rng, training=False), REFERENCE.dropout(X, 0.0, rng)):
        np.testing.assert_array_equal(answer, X)
        assert not np.shares_memory(answer, X)
    assert rng.bit_generator.state == before


@pytest.mark.parametrize("p", [1.0, 1.5, -0.1, math.nan])
def test_a_p_that_is_no_probability_of_dropping_is_refused(p: float) -> None:
    """A p outside [0, 1) raises ValueError, in training or not."""
    for training in (True, False):
        with pytest.raises(ValueError, match="p must be at least 0 and below 1"):
            REFERENCE.dropout(X, p, np.random.default_rng(0), training)


def test_float32_agrees_with_torch() -> None:
    """In float32 the answers are those of PyTorch, up to its seven digits."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    torch = importlib.import_module("torch")
    function = torch.nn.functional
    x, gamma, beta = (a.astype(np.float32) for a in (X, GAMMA, BETA))
    for word in ("tanh", "none"):
        np.testing.assert_allclose(REFERENCE.gelu(x, word), function.gelu(torch.tensor(x), approximate=word),
                                   rtol=1e-4, atol=1e-6)
    expected = function.layer_norm(torch.tensor(x), (4,), torch.tensor(gamma), torch.tensor(beta), 1e-5)
    np.testing.assert_allclose(REFERENCE.layer_norm(x, gamma, beta), expected, rtol=1e-4, atol=1e-5)
