"""The reference of lesson 6 by itself: a GPT of plain formulas, laws, PyTorch, dtypes, untouched inputs."""

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
Tree = Any


@pytest.fixture(scope="module")
def gpt() -> Iterator[ModuleType]:
    """Import the reference's last module with all that it is built on, and forget it afterwards."""
    before = set(sys.modules)
    sys.path.insert(0, str(ROOT / "reference"))
    try:
        yield importlib.import_module("minigpt.transformer")
    finally:
        sys.path.remove(str(ROOT / "reference"))
        for name in [n for n in sys.modules if n.split(".")[0] == "minigpt" and n not in before]:
            del sys.modules[name]


def mapped(function: Callable[[Array], Any], tree: Tree) -> Tree:
    """Apply a function to every array of a tree."""
    if isinstance(tree, dict):
        return {key: mapped(function, branch) for key, branch in tree.items()}
    if isinstance(tree, list):
        return [mapped(function, branch) for branch in tree]
    return function(tree) if isinstance(tree, np.ndarray) else tree


def leaves(tree: Tree, name: str = "") -> dict[str, Array]:
    """Name every array of a tree: h.0.ln_1.weight."""
    if isinstance(tree, np.ndarray):
        return {name[1:]: tree}
    if isinstance(tree, (tuple, list)):
        tree = dict(enumerate(tree))
    if not isinstance(tree, dict):
        return {}
    return {k: a for key, branch in tree.items() for k, a in leaves(branch, f"{name}.{key}").items()}


def drawn(rng: np.random.Generator, n_vocab: int, n_positions: int, n_layer: int, d: int) -> Tree:
    """Draw parameters that are far from those of an untrained model."""
    def projection(d_in: int, d_out: int) -> Tree:
        return {"weight": rng.normal(0, 0.5, (d_in, d_out)), "bias": rng.normal(0, 0.3, d_out)}

    def norm() -> Tree:
        return {"weight": rng.uniform(0.5, 1.5, d), "bias": rng.normal(0, 0.3, d)}

    return {
        "wte": {"weight": rng.normal(size=(n_vocab, d))},
        "wpe": {"weight": rng.normal(size=(n_positions, d))},
        "h": [{"ln_1": norm(), "attn": {"c_attn": projection(d, 3 * d), "c_proj": projection(d, d)},
               "ln_2": norm(), "mlp": {"c_fc": projection(d, d + 5), "c_proj": projection(d + 5, d)}}
              for _ in range(n_layer)],
        "ln_f": norm(),
    }


def plain_logits(ids: Array, params: Tree, n_head: int) -> Array:
    """Compute a GPT with einsum, one text, each token looking at a slice of those before it."""
    def normal(x: Array, p: Tree) -> Array:
        std = np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return np.asarray((x - x.mean(-1, keepdims=True)) / std * p["weight"] + p["bias"])

    def through(x: Array, p: Tree) -> Array:
        return np.asarray(np.einsum("ti,ij->tj", x, p["weight"]) + p["bias"])

    x = params["wte"]["weight"][ids] + params["wpe"]["weight"][: len(ids)]
    d = x.shape[1]
    for block in params["h"]:
        parts = through(normal(x, block["ln_1"]), block["attn"]["c_attn"]).reshape(len(ids), 3, n_head, -1)
        blend = np.zeros((len(ids), n_head, d // n_head))
        for t in range(len(ids)):
            scores = np.einsum("hd,shd->hs", parts[t, 0], parts[: t + 1, 1]) / math.sqrt(d / n_head)
            weights = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
            blend[t] = np.einsum("hs,shd->hd", weights, parts[: t + 1, 2])
        x = x + through(blend.reshape(len(ids), d), block["attn"]["c_proj"])
        hidden = through(normal(x, block["ln_2"]), block["mlp"]["c_fc"])
        hidden = 0.5 * hidden * (1 + np.tanh(math.sqrt(2 / math.pi) * (hidden + 0.044715 * hidden**3)))
        x = x + through(hidden, block["mlp"]["c_proj"])
    return np.asarray(np.einsum("td,vd->tv", normal(x, params["ln_f"]), params["wte"]["weight"]))


RNG = np.random.default_rng(0)
PARAMS = drawn(RNG, 11, 7, 2, 6)
IDS, TARGETS = RNG.integers(11, size=(2, 2, 5))
LOGITS = RNG.normal(0, 2, (2, 3, 5))
X = RNG.normal(size=(2, 4, 6))
GRADS = mapped(lambda a: RNG.normal(size=a.shape), PARAMS)

CALLS: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "transformer_block": lambda cast: (cast(X), cast(PARAMS["h"][0]), 2, np.tri(4, dtype=bool)),
    "gpt_forward": lambda cast: (IDS, cast(PARAMS), 2),
    "cross_entropy": lambda cast: (cast(LOGITS), np.array([[0, 4, -100], [1, 2, 3]])),
    "get_batch": lambda cast: (np.arange(40), 3, 5, np.random.default_rng(1)),
    "gpt_loss_and_gradients": lambda cast: (IDS, TARGETS, cast(PARAMS), 2),
    "adamw_step": lambda cast: (cast(PARAMS), cast(GRADS), None, 0.1),
    "next_token_probabilities": lambda cast: (cast(LOGITS), 0.7, 4, 0.8),
    "generate": lambda cast: (IDS, cast(PARAMS), 2, 3, np.random.default_rng(1)),
    "train_step": lambda cast: (cast(PARAMS), None, IDS, TARGETS, 2, 0.1),
}


def cast_to(dtype: type[np.generic]) -> Callable[[Tree], Tree]:
    """Make a copy of a tree of a dtype."""
    return lambda tree: mapped(lambda a: a.astype(dtype), tree)


def test_every_function_has_a_call_here(gpt: ModuleType) -> None:
    """Each public function of the module is exercised below."""
    functions = {name for name, value in vars(gpt).items() if isinstance(value, FunctionType)
                 and value.__module__ == gpt.__name__ and not name.startswith("_")}
    assert functions == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_inputs_are_left_alone(gpt: ModuleType, name: str) -> None:
    """Unlocked inputs hold the same numbers afterwards, and locked ones are accepted and give the same."""
    args, kept = CALLS[name](cast_to(np.float64)), CALLS[name](cast_to(np.float64))
    usual = leaves(getattr(gpt, name)(*args))
    for old, new in zip(leaves(kept).values(), leaves(args).values(), strict=True):
        np.testing.assert_array_equal(old, new)

    def lock(array: Array) -> Array:
        array = array.copy()
        array.flags.writeable = False
        return array

    locked = [mapped(lock, part) if not isinstance(part, np.random.Generator) else part for part in kept]
    for key, array in leaves(getattr(gpt, name)(*locked)).items():
        np.testing.assert_array_equal(array, usual[key])


@pytest.mark.parametrize("name", CALLS)
def test_results_are_new_arrays(gpt: ModuleType, name: str) -> None:
    """No result shares its memory with an input."""
    args = CALLS[name](cast_to(np.float64))
    for result in leaves(getattr(gpt, name)(*args)).values():
        assert not any(np.shares_memory(result, given) for given in leaves(list(args)).values())


@pytest.mark.parametrize("name", CALLS)
def test_float32_stays_float32(gpt: ModuleType, name: str) -> None:
    """float32 inputs give float32 results, close to those of float64; the state of AdamW as well."""
    usual = leaves(getattr(gpt, name)(*CALLS[name](cast_to(np.float64))))
    small = leaves(getattr(gpt, name)(*CALLS[name](cast_to(np.float32))))
    assert usual.keys() == small.keys()
    for key, array in small.items():
        assert array.dtype == (np.float32 if usual[key].dtype == np.float64 else usual[key].dtype)
        if name != "train_step":  # a gradient of 0 is noise in float32, and AdamW makes whole steps of it
            np.testing.assert_allclose(array, usual[key], rtol=2e-4, atol=2e-4)


def test_integers_become_float64(gpt: ModuleType) -> None:
    """Integer scores count like the same numbers in float64."""
    logits = np.array([[3, 0, 1], [-2, 5, 5]])
    targets = np.array([0, 2])
    for function, more in ((gpt.cross_entropy, (targets,)), (gpt.next_token_probabilities, (0.5,)),
                           (gpt.next_token_probabilities, (0.0,))):
        whole, usual = leaves([function(logits, *more)]), leaves([function(logits * 1.0, *more)])
        for key, array in whole.items():
            assert array.dtype == np.float64
            np.testing.assert_array_equal(array, usual[key])


def test_non_contiguous_inputs(gpt: ModuleType) -> None:
    """Views whose numbers do not lie side by side give the same answers."""
    params = mapped(lambda a: np.repeat(a, 2, axis=-1)[..., ::2], PARAMS)
    ids, targets = np.asfortranarray(IDS), np.repeat(TARGETS, 2, axis=1)[:, ::2]
    np.testing.assert_allclose(gpt.gpt_forward(ids, params, 2), gpt.gpt_forward(IDS, PARAMS, 2), rtol=1e-12)
    loss, grads = gpt.gpt_loss_and_gradients(ids, targets, params, 2)
    usual_loss, usual = gpt.gpt_loss_and_gradients(IDS, TARGETS, PARAMS, 2)
    assert loss == pytest.approx(usual_loss, rel=1e-12)
    for key, array in leaves(grads).items():
        np.testing.assert_allclose(array, leaves(usual)[key], rtol=1e-9, atol=1e-12)


def test_model_is_the_plain_one(gpt: ModuleType) -> None:
    """For several sizes, the scores are those of the formulas, text by text."""
    sizes = [(5, 1, 3, 1, 1), (7, 2, 4, 2, 3), (9, 3, 6, 3, 6)]
    for seed, (n_vocab, n_layer, d, n_head, t) in enumerate(sizes):
        rng = np.random.default_rng(seed)
        params, ids = drawn(rng, n_vocab, 6, n_layer, d), rng.integers(n_vocab, size=(2, t))
        expected = [plain_logits(text, params, n_head) for text in ids]
        np.testing.assert_allclose(gpt.gpt_forward(ids, params, n_head), expected, rtol=1e-9, atol=1e-11)


def test_loss_is_that_of_the_forward_pass(gpt: ModuleType) -> None:
    """The fast way forward inside the gradients gives the loss of gpt_forward and cross_entropy."""
    targets = TARGETS.copy()
    targets[0, 1] = -100
    loss, _ = gpt.gpt_loss_and_gradients(IDS, targets, PARAMS, 2)
    assert type(loss) is float
    assert loss == pytest.approx(gpt.cross_entropy(gpt.gpt_forward(IDS, PARAMS, 2), targets)[0], rel=1e-12)


def test_every_gradient_is_a_central_difference(gpt: ModuleType) -> None:
    """Every number of a tiny model, nudged, changes the loss of the plain formulas as its gradient says."""
    rng = np.random.default_rng(3)
    params, ids = drawn(rng, 4, 3, 1, 2), np.array([[1, 3, 1]])
    targets, step = np.array([3, 1, 0]), 1e-5

    def loss() -> float:
        logits = plain_logits(ids[0], params, 2)
        return float(np.mean(np.log(np.exp(logits).sum(axis=-1)) - logits[np.arange(3), targets]))

    _, grads = gpt.gpt_loss_and_gradients(ids, targets[np.newaxis], params, 2)
    assert leaves(grads).keys() == leaves(params).keys()
    for key, array in leaves(params).items():
        for place in np.ndindex(*array.shape):
            kept = array[place]
            array[place] = kept + step
            up = loss()
            array[place] = kept - step
            slope = (up - loss()) / (2 * step)
            array[place] = kept
            assert leaves(grads)[key][place] == pytest.approx(slope, rel=1e-6, abs=1e-8), (key, place)


def test_extreme_scores_inside_the_fast_way(gpt: ModuleType) -> None:
    """Keys and queries that give scores of thousands leave loss and gradients finite, without a warning."""
    params = mapped(np.copy, PARAMS)
    params["h"][0]["attn"]["c_attn"]["weight"] *= 100
    loss, grads = gpt.gpt_loss_and_gradients(IDS, TARGETS, params, 2)
    assert loss == pytest.approx(gpt.cross_entropy(gpt.gpt_forward(IDS, params, 2), TARGETS)[0], rel=1e-9)
    assert all(np.isfinite(array).all() for array in leaves(grads).values())


def test_adamw_is_the_loop(gpt: ModuleType) -> None:
    """Three steps are those of a plain loop over numbers, and a tree may also be one array."""
    rng = np.random.default_rng(4)
    for shape in ((3,), (2, 3)):
        p, state = rng.normal(size=shape), None
        kept, m, v = p.ravel().tolist(), [0.0] * p.size, [0.0] * p.size
        for step in (1, 2, 3):
            g = rng.normal(size=shape)
            p, state = gpt.adamw_step(p, g, state, 0.1, (0.8, 0.9), 0.01, 0.2)
            for i, slope in enumerate(g.ravel().tolist()):
                m[i], v[i] = 0.8 * m[i] + 0.2 * slope, 0.9 * v[i] + 0.1 * slope**2
                kept[i] *= 0.98 if len(shape) == 2 else 1.0
                kept[i] -= 0.1 * m[i] / (1 - 0.8**step) / (math.sqrt(v[i] / (1 - 0.9**step)) + 0.01)
        assert state is not None
        assert state["step"] == 3
        np.testing.assert_allclose(p.ravel(), kept, rtol=1e-12)


def test_sampled_tokens_come_as_often_as_they_should(gpt: ModuleType) -> None:
    """Of 20,000 first tokens each comes as often as its probability says, within six sigma."""
    n = 20_000
    text = gpt.generate(np.tile(IDS[:1, :2], (n, 1)), PARAMS, 2, 1, np.random.default_rng(5), top_p=0.9)
    shares = gpt.next_token_probabilities(gpt.gpt_forward(IDS[:1, :2], PARAMS, 2)[0, -1], top_p=0.9)
    counts = np.bincount(text[:, -1], minlength=11)
    assert (counts[shares == 0] == 0).all()
    assert (np.abs(counts - n * shares) <= 6 * np.sqrt(n * shares * (1 - shares))).all()


def test_settings_without_sense_are_refused(gpt: ModuleType) -> None:
    """Each bad setting raises a ValueError that says what makes sense."""
    for settings in ({"temperature": -0.5}, {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.01}):
        with pytest.raises(ValueError, match="temperature must be 0 or more, top_k 1 or more, and top_p in"):
            gpt.next_token_probabilities(LOGITS, **settings)
    for ids, words in (([[0, 11]], "token ids must be from 0 to 10"), ([[0] * 8], "do not fit a table of 7")):
        with pytest.raises(ValueError, match=words):
            gpt.gpt_forward(np.array(ids), PARAMS, 2)
        with pytest.raises(ValueError, match=words):
            gpt.gpt_loss_and_gradients(np.array(ids), np.array(ids), PARAMS, 2)


# ---------------------------------------------------------------- against PyTorch


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_forward_and_gradients_are_those_of_torch(gpt: ModuleType, dtype: str, tolerance: float) -> None:
    """Scores, loss and all gradients equal those of a GPT-2 in PyTorch: 1e-12 in float64, 1e-5 in float32."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare with")
    functional, d = torch.nn.functional, 6
    params = cast_to(getattr(np, dtype))(PARAMS)
    p = mapped(lambda a: torch.tensor(a, requires_grad=True), params)
    ids, targets = torch.tensor(IDS), torch.tensor(TARGETS)

    def through(x: Any, layer: Any) -> Any:
        return x @ layer["weight"] + layer["bias"]

    def normal(x: Any, layer: Any) -> Any:
        return functional.layer_norm(x, (d,), layer["weight"], layer["bias"])

    x = p["wte"]["weight"][ids] + p["wpe"]["weight"][: ids.shape[1]]
    for block in p["h"]:
        q, k, v = (part.reshape(2, 5, 2, 3).transpose(1, 2)
                   for part in through(normal(x, block["ln_1"]), block["attn"]["c_attn"]).split(d, dim=-1))
        out = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + through(out.transpose(1, 2).reshape(2, 5, d), block["attn"]["c_proj"])
        hidden = functional.gelu(through(normal(x, block["ln_2"]), block["mlp"]["c_fc"]), approximate="tanh")
        x = x + through(hidden, block["mlp"]["c_proj"])
    logits = normal(x, p["ln_f"]) @ p["wte"]["weight"].T
    loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    loss.backward()
    scores = gpt.gpt_forward(IDS, params, 2)
    np.testing.assert_allclose(scores, logits.detach().numpy(), rtol=tolerance, atol=tolerance)
    mine, grads = gpt.gpt_loss_and_gradients(IDS, TARGETS, params, 2)
    assert mine == pytest.approx(float(loss.detach()), rel=tolerance)
    for (key, array), slope in zip(leaves(grads).items(), torch_leaves(p), strict=True):
        np.testing.assert_allclose(array, slope.grad.numpy(), rtol=tolerance, atol=tolerance, err_msg=key)


def torch_leaves(tree: Tree) -> Iterator[Any]:
    """List the tensors of a tree in the order of `leaves`."""
    if isinstance(tree, (dict, list)):
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from torch_leaves(branch)
    else:
        yield tree
