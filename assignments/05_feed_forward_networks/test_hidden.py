"""Hidden tests of lesson 5: other shapes, extreme numbers, laws, and PyTorch's own answers."""

import copy
import math

import numpy as np

from grader.testing import check_array, check_that, check_tree, criterion

# Two right orders of operations differ by a few roundings of float64, about 1e-15; a mistake by far more.
FLOAT64 = {"rtol": 1e-7, "atol": 1e-9}
# A constant token in float32: its mean is off by half a unit in the last place, and 1/sqrt(1e-5) is 316.
CONSTANT32 = {"rtol": 1e-4, "atol": 1e-4}
# A token may not feel what happens to another one; this leaves room for another order of a sum.
NO_LEAK = {"rtol": 0.0, "atol": 1e-9}
# A central difference with a step of 1e-5 is itself wrong by about 1e-10.
DIFFERENCE = {"rtol": 1e-6, "atol": 1e-8}
STEP = 1e-5

LAYERS = ("c_fc", "c_proj")


def gelu_loop(x, word="tanh"):
    """Bend every number with the math module."""

    def bend(a):
        if word == "none":
            return 0.5 * a * (1 + math.erf(a / math.sqrt(2)))
        return 0.5 * a * (1 + math.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3)))

    return np.array([bend(a) for a in x.ravel().tolist()]).reshape(x.shape)


def slope_loop(x, word):
    """Nudge every number up and down, and see how much gelu changes."""
    return (gelu_loop(x + STEP, word) - gelu_loop(x - STEP, word)) / (2 * STEP)


def normal_loop(x, eps):
    """Normalise one token at a time, in two passes; give the normalised tokens and their spreads."""
    normal, spread = np.empty(x.shape), np.empty(x.shape[:-1])
    for place in np.ndindex(*x.shape[:-1]):
        token = x[place].tolist()
        mean = math.fsum(token) / len(token)
        variance = math.fsum((a - mean) ** 2 for a in token) / len(token)
        spread[place] = math.sqrt(variance + eps)
        normal[place] = [(a - mean) / spread[place] for a in token]
    return normal, spread


def norm_gradient_loop(d_out, x, gamma, eps):
    """Multiply with the whole table of slopes of each token, entry by entry; sum for gamma and beta."""
    normal, spread = normal_loop(x, eps)
    d_x, d = np.empty(x.shape), x.shape[-1]
    d_gamma, d_beta = np.zeros(d), np.zeros(d)
    for place in np.ndindex(*x.shape[:-1]):
        n, g = normal[place].tolist(), d_out[place].tolist()
        for j in range(d):
            slopes = [gamma[i] * ((i == j) - 1 / d - n[i] * n[j] / d) / spread[place] for i in range(d)]
            d_x[(*place, j)] = math.fsum(a * s for a, s in zip(g, slopes, strict=True))
            d_gamma[j] += g[j] * n[j]
            d_beta[j] += g[j]
    return d_x, d_gamma, d_beta


def some_network(rng, d, d_ff):
    """Draw the parameters of a network."""
    shapes = {"c_fc": (d, d_ff), "c_proj": (d_ff, d)}
    return {name: {"weight": rng.normal(size=shape), "bias": rng.normal(size=shape[1])}
            for name, shape in shapes.items()}


def golden_network(goldens, d=""):
    """Take the parameters of PyTorch's network, or with d="d_" their gradients."""
    return {name: {part: goldens[f"mlp_{d}{name}_{part}"].copy() for part in ("weight", "bias")}
            for name in LAYERS}


def parts(answer, *names):
    """Demand a tuple of so many things, and give its parts."""
    check_that(type(answer) is tuple and len(answer) == len(names),
               f"The function returns {len(names)} things: ({', '.join(names)}).", actual=answer)
    return answer


def shaped(answer, shape):
    """Demand an array of this shape."""
    check_that(type(answer) is np.ndarray and answer.shape == shape, "The result has the right shape.",
               actual=answer)
    return answer


def spread_out(rng, shape):
    """Draw tokens whose features lie hundreds apart, so that an eps of 1e-5 is too small to be seen."""
    steps = np.broadcast_to(np.arange(shape[-1]) * 600.0, shape)
    return rng.permuted(steps, axis=-1) + rng.uniform(-200, 200, shape)


# ---------------------------------------------------------------- 5.1 gelu


@criterion("5.1", "tanh")
def test_gelu_of_a_view(student, rng):
    """Numbers that do not lie side by side in memory are bent correctly; gelu(x) - gelu(-x) is x."""
    x = rng.normal(0, 2, (3, 2, 8)).transpose(1, 0, 2)[:, :, ::2]
    check_array(student.gelu(x), gelu_loop(x), **FLOAT64)
    up, down = shaped(student.gelu(x), x.shape), shaped(student.gelu(-x), x.shape)
    check_array(up - down, np.ascontiguousarray(x), name="gelu(x) - gelu(-x)", **FLOAT64)


@criterion("5.1", "tanh")
def test_tanh_formula_agrees_with_torch(student, goldens):
    """The numbers of GPT-2's formula are those that PyTorch gives."""
    check_array(student.gelu(goldens["gelu_x"].copy()), goldens["gelu_tanh"], **FLOAT64)


@criterion("5.1", "exact")
def test_exact_formula_agrees_with_torch(student, goldens):
    """The exact numbers are those that PyTorch gives."""
    check_array(student.gelu(goldens["gelu_x"].copy(), "none"), goldens["gelu_exact"], **FLOAT64)


@criterion("5.1", "extreme")
def test_numbers_of_a_thousand(student, rng):
    """A thousand comes through whole, minus a thousand not at all, with both formulas."""
    x = np.array([1000.0, -1000.0, 40.0, -40.0]) * rng.uniform(0.9, 1.0, 4)
    for word in ("tanh", "none"):
        check_array(student.gelu(x, approximate=word), np.where(x > 0, x, 0.0), **FLOAT64)


# ---------------------------------------------------------------- 5.2 gelu_backward


@criterion("5.2", "tanh")
def test_tanh_gradient_agrees_with_torch(student, goldens):
    """The gradient of GPT-2's formula is the one that PyTorch gives; slopes at x and -x sum to 1."""
    x, d_out = goldens["gelu_x"].copy(), goldens["gelu_d_out"].copy()
    check_array(student.gelu_backward(d_out, x), goldens["gelu_tanh_d_x"], **FLOAT64)
    up, down = (shaped(student.gelu_backward(np.ones(x.shape), s * x), x.shape) for s in (1, -1))
    check_array(up + down, np.ones(x.shape), name="the sum of the slopes at x and -x", **FLOAT64)


@criterion("5.2", "exact")
def test_exact_gradient_is_the_slope(student, rng):
    """With the word "none", nudging a number changes the loss as the gradient says."""
    x, d_out = rng.normal(0, 1.5, (4, 6))[:, ::2], rng.uniform(0.5, 2.0, (3, 4)).T
    answer = student.gelu_backward(d_out, x, approximate="none")
    check_array(answer, d_out * slope_loop(x, "none"), **DIFFERENCE)


@criterion("5.2", "exact")
def test_exact_gradient_agrees_with_torch(student, goldens):
    """The gradient of the exact formula is the one that PyTorch gives."""
    answer = student.gelu_backward(goldens["gelu_d_out"].copy(), goldens["gelu_x"].copy(), "none")
    check_array(answer, goldens["gelu_exact_d_x"], **FLOAT64)


# ---------------------------------------------------------------- 5.3 layer_norm


@criterion("5.3", "token")
def test_mean_and_variance_of_every_token(student, rng):
    """Each token of a batch ends with mean 0 and variance 1, and none feels what another one is."""
    x = spread_out(rng, (2, 3, 5))
    answer = shaped(student.layer_norm(x, np.ones(5), np.zeros(5)), x.shape)
    check_array(answer.sum(axis=-1), np.zeros((2, 3)), name="the sum of each token", **FLOAT64)
    check_array((answer**2).sum(axis=-1) / 5, np.ones((2, 3)), name="the variance of each token", **FLOAT64)
    changed = x.copy()
    changed[:, 2:] = spread_out(rng, (2, 1, 5))
    later = shaped(student.layer_norm(changed, np.ones(5), np.zeros(5)), x.shape)
    check_array(later[:, :2], answer[:, :2], name="what was not changed", **NO_LEAK)


@criterion("5.3", "affine")
def test_gamma_and_beta_of_a_batch(student, rng):
    """Every token of a batch is stretched and shifted in the same way, feature by feature."""
    x, gamma, beta = rng.normal(size=(2, 3, 3)), rng.normal(1, 0.5, 3), rng.normal(size=3)
    plain = shaped(student.layer_norm(x, np.ones(3), np.zeros(3)), x.shape)
    check_array(student.layer_norm(x, gamma, beta), gamma * plain + beta, **FLOAT64)


@criterion("5.3", "eps")
def test_constant_tokens_become_beta(student, rng):
    """A constant token becomes beta, in float64 and in float32."""
    gamma, beta = rng.uniform(0.5, 2.0, 3), rng.uniform(0.5, 1.0, 3)
    for constant in (0.3, -0.7):
        x = np.full((2, 1, 3), constant)
        expected = np.broadcast_to(beta, x.shape)
        check_array(student.layer_norm(x, gamma, beta), expected, **FLOAT64)
        small = (array.astype(np.float32) for array in (x, gamma, beta))
        answer = shaped(student.layer_norm(*small), x.shape)
        check_array(answer.astype(np.float64), expected, **CONSTANT32)


@criterion("5.3", "eps")
def test_eps_of_a_batch(student, rng):
    """Features five times as large, with an eps 25 times as large, give the same answer."""
    x, gamma, beta = rng.normal(0, 0.5, (2, 3, 4)), rng.normal(1, 0.5, 4), rng.normal(size=4)
    usual = shaped(student.layer_norm(x, gamma, beta, eps=0.1), x.shape)
    check_array(student.layer_norm(5 * x, gamma, beta, eps=2.5), usual, **FLOAT64)


@criterion("5.3", "whole")
def test_tokens_of_any_batch(student, rng):
    """One token, a sequence, a batch and a view of one are normalised for any eps."""
    batches = (rng.normal(1, 2, 5), rng.normal(1, 2, (3, 5)), rng.normal(1, 2, (4, 3, 2, 10)).T[::2].T)
    for x in batches:
        d = x.shape[-1]
        gamma, beta = rng.normal(1, 0.5, d), rng.normal(size=d)
        for eps in (1e-5, 0.1):
            expected = gamma * normal_loop(x, eps)[0] + beta
            check_array(student.layer_norm(x, gamma, beta, eps=eps), expected, **FLOAT64)


@criterion("5.3", "whole")
def test_layer_norm_agrees_with_torch(student, goldens):
    """The answer is the one that PyTorch gives, with an eps of 0.1."""
    x, gamma, beta = (goldens[f"norm_{name}"].copy() for name in ("x", "gamma", "beta"))
    check_array(student.layer_norm(x, gamma, beta, 0.1), goldens["norm_out"], **FLOAT64)


# These tokens and their means are whole numbers, so adding 2**30 costs nothing. Their squares do not fit.
@criterion("5.3", "large-means")
def test_a_large_mean_is_taken_off_first(student, rng):
    """Adding a billion to every feature of a token changes nothing."""
    x = rng.permuted(np.array([[[1.0, -1.0, 3.0, -3.0], [2.0, -2.0, 5.0, -5.0]]] * 3), axis=-1)
    gamma, beta = rng.uniform(0.5, 2.0, 4), rng.uniform(0.5, 1.0, 4)
    usual = shaped(student.layer_norm(x, gamma, beta), x.shape)
    check_array(student.layer_norm(x + 2.0**30, gamma, beta), usual, **FLOAT64)


# ---------------------------------------------------------------- 5.4 layer_norm_backward


def three(answer):
    """Demand the three gradients of layer normalisation."""
    return parts(answer, "d_x", "d_gamma", "d_beta")


@criterion("5.4", "zero-sum")
def test_token_gradients_sum_to_zero(student, rng):
    """The gradient of each token sums to zero: adding one number to all features changes nothing."""
    x, d_out, gamma = rng.normal(size=(3, 4)), rng.uniform(1, 3, (3, 4)), rng.uniform(0.5, 2, 4)
    d_x = shaped(three(student.layer_norm_backward(d_out, x, gamma))[0], x.shape)
    check_that(bool(np.abs(d_x).max() > 1e-6), "The gradient is not zero everywhere.", actual=d_x)
    check_array(d_x.sum(axis=-1), np.zeros(3), name="the sum of each token's gradient", **FLOAT64)


@criterion("5.4", "batch")
def test_gradients_of_a_batch_sum_over_every_token(student, rng):
    """For a batch with two batch axes, d_gamma and d_beta sum over every token there is."""
    x, d_out = rng.normal(1, 2, (5, 3, 2, 4)).T, rng.normal(size=(4, 2, 3, 10))[..., ::2]
    gamma = rng.normal(1, 0.5, 5)
    for eps in (1e-5, 0.1):
        expected = norm_gradient_loop(d_out, x, gamma, eps)
        check_tree(three(student.layer_norm_backward(d_out, x, gamma, eps=eps)), expected, **FLOAT64)


@criterion("5.4", "batch")
def test_layer_norm_gradients_agree_with_torch(student, goldens):
    """All three gradients are those that PyTorch gives, with an eps of 0.1."""
    d_out, x, gamma = (goldens[f"norm_{name}"].copy() for name in ("d_out", "x", "gamma"))
    expected = tuple(goldens[f"norm_{name}"] for name in ("d_x", "d_gamma", "d_beta"))
    check_tree(three(student.layer_norm_backward(d_out, x, gamma, 0.1)), expected, **FLOAT64)


# ---------------------------------------------------------------- 5.5 feed_forward


@criterion("5.5", "positions")
def test_tokens_do_not_feel_each_other(student, rng):
    """In another order the tokens give the same answers in that order; a new token changes only its own."""
    x, params = rng.normal(size=(2, 5, 3)), some_network(rng, 3, 4)
    usual, order = shaped(student.feed_forward(x, params), x.shape), rng.permutation(5)
    check_array(student.feed_forward(x[:, order], params), usual[:, order], **NO_LEAK)
    changed = x.copy()
    changed[:, 3:] += rng.uniform(1, 2, (2, 2, 3))
    later = shaped(student.feed_forward(changed, params), x.shape)
    check_array(later[:, :3], usual[:, :3], name="what was not changed", **NO_LEAK)


# The student's own answer for one token is the judge here: only the batch is in question.
@criterion("5.5", "positions")
def test_a_token_is_the_same_in_any_batch(student, rng):
    """A token in a batch with two batch axes gives what it gives alone."""
    x, params = rng.normal(size=(3, 2, 2, 4)).swapaxes(0, 1), some_network(rng, 4, 3)
    answer = shaped(student.feed_forward(x, params), x.shape)
    for place in ((0, 0, 0), (1, 2, 0), (0, 1, 1)):
        alone = shaped(student.feed_forward(x[place][np.newaxis], params), (1, 4))
        check_array(answer[place], alone[0], **NO_LEAK)


@criterion("5.5", "bend")
def test_feed_forward_agrees_with_torch(student, goldens):
    """The answers for the first sentence are those that PyTorch gives."""
    answer = student.feed_forward(goldens["mlp_x"][0].copy(), golden_network(goldens))
    check_array(answer, goldens["mlp_out"][0], **FLOAT64)


# ---------------------------------------------------------------- 5.6 feed_forward_backward


@criterion("5.6", "batch")
def test_feed_forward_gradients_agree_with_torch(student, goldens):
    """All gradients for a batch are those that PyTorch gives."""
    answer = student.feed_forward_backward(goldens["mlp_d_out"].copy(), goldens["mlp_x"].copy(),
                                           golden_network(goldens))
    d_x, grads = parts(answer, "d_x", "grads")
    check_array(d_x, goldens["mlp_d_x"], name="d_x", **FLOAT64)
    check_tree(grads, golden_network(goldens, "d_"), name="grads", **FLOAT64)


@criterion("5.6", "batch")
def test_gradients_of_a_batch_are_sums_over_its_rows(student, rng):
    """The gradients of a batch are what its rows give alone, added up for the parameters."""
    d_out, x = rng.normal(size=(3, 2, 4, 3)), rng.normal(size=(3, 2, 3, 4)).swapaxes(-1, -2)
    params = some_network(rng, 3, 5)
    d_x, grads = parts(student.feed_forward_backward(d_out, x, params), "d_x", "grads")
    shaped(d_x, x.shape)
    total = {name: {part: np.zeros(array.shape) for part, array in layer.items()}
             for name, layer in params.items()}
    for place in np.ndindex(3, 2):
        alone, some = parts(student.feed_forward_backward(d_out[place], x[place], params), "d_x", "grads")
        check_array(d_x[place], shaped(alone, (4, 3)), name="d_x", **FLOAT64)
        check_that(type(some) is dict and some.keys() == params.keys(), "grads has the keys of params.")
        for name, layer in total.items():
            for part in layer:
                layer[part] = layer[part] + shaped(some[name][part], layer[part].shape)
    check_tree(grads, total, name="grads", **FLOAT64)


# ---------------------------------------------------------------- 5.7 add_and_norm


@criterion("5.7", "order")
def test_sum_of_a_batch(student, rng):
    """A batch with two batch axes is added and normalised token by token."""
    x, found = spread_out(rng, (2, 2, 3, 5)), rng.uniform(-90, 90, (5, 3, 2, 2)).T
    gamma, beta = rng.uniform(0.5, 2.0, 5), rng.normal(size=5)
    expected = gamma * normal_loop(x + found, 1e-5)[0] + beta
    check_array(student.add_and_norm(x, found, gamma, beta), expected, **FLOAT64)


# eps is added to a variance, which has the units of a square.
@criterion("5.7", "eps")
def test_eps_is_passed_on(student, rng):
    """Stream and finding ten times as large, with an eps a hundred times as large, give the same answer."""
    x, found = rng.normal(0, 0.3, (3, 4)), rng.normal(0, 0.3, (3, 4))
    usual = shaped(student.add_and_norm(x, found, np.ones(4), np.zeros(4), eps=0.1), x.shape)
    check_array(student.add_and_norm(10 * x, 10 * found, np.ones(4), np.zeros(4), eps=10.0), usual, **FLOAT64)


# ---------------------------------------------------------------- 5.8 dropout


@criterion("5.8", "draw")
def test_other_shapes_drop_what_was_drawn(student, rng):
    """Whatever the shape and p, one number is drawn for each element and compared with p."""
    for shape, p in (((60,), 0.7), ((2, 3, 10), 0.1)):
        x, drawn = rng.uniform(1, 2, shape), copy.deepcopy(rng).random(shape)
        answer = shaped(student.dropout(x, p, rng), shape)
        check_array((answer != 0).astype(np.float64), (drawn >= p).astype(np.float64),
                    name="the table of what was kept (1) and dropped (0)", **FLOAT64)


@criterion("5.8", "rescaled")
def test_the_mean_stays(student, rng):
    """What is kept is divided by 1 - p, so that the mean of 100,000 ones stays 1."""
    n, p = 100_000, 0.2
    answer = shaped(student.dropout(np.ones((1, n)), p, rng), (1, n))
    check_array(answer, np.where(answer != 0, 1 / (1 - p), 0.0), **FLOAT64)
    mean = float(answer.sum()) / n
    # One number has a variance of p / (1 - p) = 0.25, the mean of 100,000 a sigma of 0.0016: this is 6 sigma.
    check_that(abs(mean - 1) < 0.0095, "The mean stays as it was.", actual=mean)
