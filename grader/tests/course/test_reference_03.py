"""The reference of lesson 3 by itself: loops, laws, dtypes, masks, and PyTorch where it is installed."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
Array = np.ndarray


def load() -> ModuleType:
    """Load the reference's module with those that it imports, and leave no trace of the package behind."""
    sys.path.insert(0, str(ROOT / "reference"))
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "minigpt"}
    try:
        return importlib.import_module("minigpt.multi_head")
    finally:
        sys.path.remove(str(ROOT / "reference"))
        for name in [name for name in sys.modules if name.split(".")[0] == "minigpt"]:
            del sys.modules[name]
        sys.modules.update(before)


REFERENCE = load()
GOLDENS = dict(np.load(ROOT / "assignments" / "03_multi_head_attention" / "goldens.npz"))
RNG = np.random.default_rng(3)
X, MEMORY, D_OUT = RNG.normal(size=(2, 5, 6)), RNG.normal(size=(2, 4, 6)), RNG.normal(size=(2, 5, 6))
LAYER = {
    "c_attn": {"weight": RNG.normal(0, 0.7, (6, 18)), "bias": RNG.normal(size=18)},
    "c_proj": {"weight": RNG.normal(0, 0.7, (6, 6)), "bias": RNG.normal(size=6)},
}
CAUSAL = np.tri(5, dtype=bool)

CALLS: dict[str, tuple[Any, ...]] = {
    "split_heads": (X, 3),
    "merge_heads": (RNG.normal(size=(2, 3, 5, 2)),),
    "split_qkv": (X, LAYER["c_attn"]["weight"], LAYER["c_attn"]["bias"]),
    "multi_head_attention": (X, LAYER, 3, CAUSAL),
    "cross_attention": (X, MEMORY, LAYER, 2),
    "multi_head_attention_backward": (D_OUT, X, LAYER, 3, CAUSAL),
    "head_statistics": (RNG.dirichlet(np.ones(4), (2, 3, 4)),),
}


def change(tree: Any, function: Callable[[Array], Array]) -> Any:
    """Apply a function to the float arrays among arguments or answers."""
    if isinstance(tree, dict):
        return {key: change(branch, function) for key, branch in tree.items()}
    if isinstance(tree, tuple):
        return tuple(change(branch, function) for branch in tree)
    return function(tree) if isinstance(tree, np.ndarray) and tree.dtype.kind == "f" else tree


def leaves(tree: Any) -> Iterator[Array]:
    """List the arrays of arguments or answers, in order."""
    if isinstance(tree, dict):
        tree = tuple(tree.values())
    if isinstance(tree, tuple):
        for branch in tree:
            yield from leaves(branch)
    elif isinstance(tree, np.ndarray):
        yield tree


def locked(array: Array) -> Array:
    """Copy an array and make the copy read-only."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def same(answer: Any, expected: Any, *, rtol: float = 1e-9, atol: float = 1e-12) -> None:
    """Demand the same numbers, leaf by leaf."""
    for one, other in zip(leaves(answer), leaves(expected), strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


def test_every_function_has_a_call_here() -> None:
    """Each function of the module is exercised below."""
    own = {name for name, value in vars(REFERENCE).items()
           if isinstance(value, FunctionType) and value.__module__ == REFERENCE.__name__}
    assert own == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_inputs_are_left_alone(name: str) -> None:
    """Locked inputs give the same answer, and unlocked ones hold the same numbers afterwards."""
    given = change(CALLS[name], np.copy)
    usual = getattr(REFERENCE, name)(*given)
    same(given, CALLS[name], rtol=0, atol=0)
    same(getattr(REFERENCE, name)(*change(CALLS[name], locked)), usual, rtol=0, atol=0)


@pytest.mark.parametrize("name", CALLS)
def test_float32_stays_float32(name: str) -> None:
    """float32 in gives float32 out, in every part of the answer, with nearly the same numbers."""
    single = change(CALLS[name], lambda a: a.astype(np.float32))
    answer = getattr(REFERENCE, name)(*single)
    assert {leaf.dtype for leaf in leaves(answer)} == {np.dtype(np.float32)}
    same(answer, getattr(REFERENCE, name)(*CALLS[name]), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["multi_head_attention", "cross_attention"])
def test_integers_become_float64(name: str) -> None:
    """Whole numbers give float64 outputs and weights, as if they had been floats."""
    whole = change(CALLS[name], lambda a: np.round(2 * a).astype(np.int64))
    answer = getattr(REFERENCE, name)(*whole)
    assert {leaf.dtype for leaf in leaves(answer)} == {np.dtype(np.float64)}
    same(answer, getattr(REFERENCE, name)(*change(CALLS[name], lambda a: np.round(2 * a))))


@pytest.mark.parametrize("name", CALLS)
def test_scattered_memory_does_no_harm(name: str) -> None:
    """Arrays whose numbers do not lie side by side in memory give the same answer."""

    def scatter(array: Array) -> Array:
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), dtype=array.dtype)
        wide[..., ::2] = array
        return np.asfortranarray(wide)[..., ::2]

    same(getattr(REFERENCE, name)(*change(CALLS[name], scatter)), getattr(REFERENCE, name)(*CALLS[name]))


@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_splitting_and_merging_follow_the_index_rule(batch: tuple[int, ...]) -> None:
    """Number i of token t in head h is feature h * d_k + i, and merging takes it back."""
    x = RNG.normal(size=(*batch, 4, 6))
    heads = REFERENCE.split_heads(x, 3)
    for *text, h, t, i in np.ndindex(*batch, 3, 4, 2):
        assert heads[(*text, h, t, i)] == x[(*text, t, 2 * h + i)]
    np.testing.assert_array_equal(REFERENCE.merge_heads(heads), x)


@pytest.mark.parametrize("n_head", [4, 5, 7, 12])
def test_a_width_that_cannot_be_shared_is_refused(n_head: int) -> None:
    """A ValueError names both numbers."""
    with pytest.raises(ValueError, match=f"{n_head} heads cannot share a width of 6"):
        REFERENCE.split_heads(X, n_head)


def by_heads(x: Array, memory: Array, n_head: int, mask: Array | None = None) -> tuple[Array, Array]:
    """Do the layer head by head on slices of the columns; mask is [B, H, T_q, T_k]."""
    d, size = x.shape[-1], x.shape[-1] // n_head
    weight, bias = LAYER["c_attn"]["weight"], LAYER["c_attn"]["bias"]
    out, tables = np.zeros_like(x) + LAYER["c_proj"]["bias"], []
    for h in range(n_head):
        own = [np.arange(n * d + h * size, n * d + (h + 1) * size) for n in range(3)]
        q, k, v = (text @ weight[:, c] + bias[c] for text, c in zip((x, memory, memory), own, strict=True))
        scores = np.einsum("bif,bjf->bij", q, k) / math.sqrt(size)
        powers = np.exp(scores) * (1.0 if mask is None else mask[:, h])
        sums = powers.sum(axis=-1, keepdims=True)
        tables.append(powers / np.where(sums > 0, sums, 1))
        out = out + tables[-1] @ v @ LAYER["c_proj"]["weight"][own[0]]
    return out, np.stack(tables, axis=1)


@pytest.mark.parametrize("n_head", [1, 2, 3, 6])
def test_the_layer_is_its_heads_one_by_one(n_head: int) -> None:
    """Self-attention and cross-attention are what the heads give on their own columns."""
    same(REFERENCE.multi_head_attention(X, LAYER, n_head), by_heads(X, X, n_head))
    same(REFERENCE.cross_attention(X, MEMORY, LAYER, n_head), by_heads(X, MEMORY, n_head))


@pytest.mark.parametrize(("shape", "full"), [
    ((5,), (1, 1, 1, 5)), ((5, 5), (1, 1, 5, 5)), ((2, 1, 5), (2, 1, 1, 5)), ((2, 5, 5), (2, 1, 5, 5)),
    ((1, 5, 5), (1, 1, 5, 5)), ((2, 2, 5, 5), (2, 2, 5, 5)), ((1, 2, 1, 5), (1, 2, 1, 5)),
])
def test_a_mask_acts_where_the_rule_says(shape: tuple[int, ...], full: tuple[int, ...]) -> None:
    """With as many texts as heads, each shape of mask acts as its stretched copy; dead rows are zero."""
    mask = np.random.default_rng(5).random(shape) < 0.6
    stretched = np.broadcast_to(mask.reshape(full), (2, 2, 5, 5))
    same(REFERENCE.multi_head_attention(X, LAYER, 2, mask), by_heads(X, X, 2, stretched))
    same(REFERENCE.multi_head_attention(X[0], LAYER, 2, stretched[0])[1], by_heads(X, X, 2, stretched)[1][0])


def test_a_token_that_sees_nothing_gets_the_output_bias() -> None:
    """A dead row has weights of zero, hands over nothing, and its output is the bias of c_proj."""
    mask = CAUSAL.copy()
    mask[2] = False
    out, weights = REFERENCE.multi_head_attention(X, LAYER, 3, mask)
    np.testing.assert_array_equal(weights[:, :, 2], 0.0)
    np.testing.assert_allclose(out[:, 2], np.broadcast_to(LAYER["c_proj"]["bias"], (2, 6)))
    d_x, _ = REFERENCE.multi_head_attention_backward(D_OUT, X, LAYER, 3, mask)
    assert np.isfinite(d_x).all()


def test_nothing_leaks_under_a_causal_mask() -> None:
    """A later token changes nothing before it."""
    out, weights = REFERENCE.multi_head_attention(X, LAYER, 3, CAUSAL)
    for t in range(1, 5):
        changed = X.copy()
        changed[:, t:] += 1.0
        later, later_weights = REFERENCE.multi_head_attention(changed, LAYER, 3, CAUSAL)
        np.testing.assert_allclose(later[:, :t], out[:, :t], atol=1e-12)
        np.testing.assert_allclose(later_weights[:, :, :t], weights[:, :, :t], atol=1e-12)


@pytest.mark.parametrize("mask", [None, CAUSAL, np.array([[[True] * 3 + [False] * 2], [[True] * 5]])])
def test_gradients_are_central_differences(mask: Array | None) -> None:
    """Every gradient is the slope, for the vectors and for each parameter."""
    layer, x, step = change(LAYER, np.copy), X.copy(), 1e-5
    d_x, grads = REFERENCE.multi_head_attention_backward(D_OUT, x, layer, 3, mask)
    assert list(grads) == ["c_attn", "c_proj"]
    rng = np.random.default_rng(7)
    arrays, slopes = [x, *leaves(layer)], [d_x, *leaves(grads)]
    for array, slope in zip(arrays, slopes, strict=True):
        assert slope.shape == array.shape
        for place in rng.permutation(list(np.ndindex(*array.shape)))[:12]:
            kept, losses = array[tuple(place)], []
            for nudge in (step, -step):
                array[tuple(place)] = kept + nudge
                losses.append((D_OUT * REFERENCE.multi_head_attention(x, layer, 3, mask)[0]).sum())
            array[tuple(place)] = kept
            np.testing.assert_allclose(slope[tuple(place)], (losses[0] - losses[1]) / (2 * step), rtol=1e-6,
                                       atol=1e-8)
    np.testing.assert_allclose(grads["c_attn"]["bias"][6:12], 0, atol=1e-12)


def test_statistics_of_plain_heads() -> None:
    """Heads of a known pattern have known numbers, also for the smallest text."""
    previous = np.eye(6, k=-1)
    previous[0, 0] = 1.0
    found = REFERENCE.head_statistics(np.stack([previous, np.eye(6), np.full((6, 6), 1 / 6)]))
    assert list(found) == ["previous", "first", "self", "entropy"]
    np.testing.assert_allclose(found["previous"], [1, 0, 1 / 6])
    np.testing.assert_allclose(found["first"], [1 / 5, 0, 1 / 6])
    np.testing.assert_allclose(found["self"], [0, 1, 1 / 6])
    np.testing.assert_allclose(found["entropy"], [0, 0, math.log(6)])
    two = REFERENCE.head_statistics(np.array([[[1.0, 0.0], [0.25, 0.75]]]))
    assert (two["previous"], two["first"], two["self"]) == (0.25, 0.25, 0.75)


def test_the_goldens_are_the_references_numbers() -> None:
    """PyTorch's numbers, as they are stored, with and without a mask, and for two texts."""
    for name, n_head in (("self", 3), ("masked", 2), ("cross", 2)):
        parts = [(part, kind) for part in ("c_attn", "c_proj") for kind in ("weight", "bias")]
        layer: dict[str, Any] = {"c_attn": {}, "c_proj": {}}
        for part, kind in parts:
            layer[part][kind] = GOLDENS[f"{name}_{part}_{kind}"]
        x, mask = GOLDENS[f"{name}_x"], GOLDENS.get(f"{name}_mask")
        expected = GOLDENS[f"{name}_out"], GOLDENS[f"{name}_weights"]
        if name == "cross":
            same(REFERENCE.cross_attention(x, GOLDENS["cross_memory"], layer, n_head), expected)
            continue
        same(REFERENCE.multi_head_attention(x, layer, n_head, mask), expected)
        d_x, grads = REFERENCE.multi_head_attention_backward(GOLDENS[f"{name}_d_out"], x, layer, n_head, mask)
        same((d_x, *(grads[part][kind] for part, kind in parts)),
             (GOLDENS[f"{name}_d_x"], *(GOLDENS[f"{name}_d_{part}_{kind}"] for part, kind in parts)))


def test_torch_agrees_on_a_padding_mask() -> None:
    """PyTorch's own key_padding_mask, where True means keep out, hides what our [B, 1, T] mask hides."""
    torch = pytest.importorskip("torch")
    made = torch.nn.MultiheadAttention(6, 2, batch_first=True, dtype=torch.float64)
    made.load_state_dict({
        "in_proj_weight": torch.tensor(LAYER["c_attn"]["weight"].T.copy()),
        "in_proj_bias": torch.tensor(LAYER["c_attn"]["bias"]),
        "out_proj.weight": torch.tensor(LAYER["c_proj"]["weight"].T.copy()),
        "out_proj.bias": torch.tensor(LAYER["c_proj"]["bias"]),
    })
    mask = np.array([[[True, True, True, False, False]], [[True, True, True, True, False]]])
    x = torch.tensor(X)
    out, weights = made(x, x, x, key_padding_mask=torch.tensor(~mask[:, 0]), average_attn_weights=False)
    same(REFERENCE.multi_head_attention(X, LAYER, 2, mask), (out.detach().numpy(), weights.detach().numpy()))
