"""Hidden tests of lesson 1: other shapes, other axes, extreme numbers, and PyTorch's own answers."""

import math

import numpy as np
import pytest

from grader.testing import check_array, check_that, criterion

# Two right orders of operations differ by a few roundings of float64, about 1e-15; a mistake by far more.
FLOAT64 = {"rtol": 1e-7, "atol": 1e-9}
# What a query may not see must not move its output at all; this leaves room for another order of a sum.
NO_LEAK = {"rtol": 0.0, "atol": 1e-9}
# A mask may be written with -inf or with -1e9; a score of up to 1000 added to -1e9 stays below this.
VERY_LOW = -9e8


def softmax_loop(x, axis=-1):
    """Compute softmax with math.exp, one line of numbers along the axis at a time."""
    shares = np.empty(x.shape)
    lines = np.moveaxis(x, axis, -1)
    targets = np.moveaxis(shares, axis, -1)  # a view: writing here fills `shares`
    for place in np.ndindex(*lines.shape[:-1]):
        largest = max(lines[place].tolist())
        powers = [math.exp(score - largest) for score in lines[place].tolist()]
        targets[place] = [power / math.fsum(powers) for power in powers]
    return shares


def scores_loop(q, k):
    """Compute all dot products with three loops and the batch."""
    scores = np.empty((*q.shape[:-1], k.shape[-2]))
    for *batch, i, j in np.ndindex(*scores.shape):
        query, key = q[(*batch, i)].tolist(), k[(*batch, j)].tolist()
        scores[(*batch, i, j)] = math.fsum(query[f] * key[f] for f in range(len(key)))
    return scores


def blend_loop(weights, v):
    """Blend the values in the shares given, one number of an output at a time."""
    out = np.empty((*weights.shape[:-1], v.shape[-1]))
    for *batch, i, c in np.ndindex(*out.shape):
        row, column = weights[(*batch, i)].tolist(), v[tuple(batch)][:, c].tolist()
        out[(*batch, i, c)] = math.fsum(w * value for w, value in zip(row, column, strict=True))
    return out


def attention_loop(q, k, v, mask=None):
    """Compute (out, weights) with loops; no row of the mask may be False everywhere."""
    scores = scores_loop(q, k) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores[~np.broadcast_to(mask, scores.shape)] = -math.inf
    weights = softmax_loop(scores)
    return blend_loop(weights, v), weights


def backward_loop(d_out, weights, axis=-1):
    """Multiply with the whole table of slopes w_i (1[i = j] - w_j), entry by entry."""
    gradient = np.empty(weights.shape)
    targets = np.moveaxis(gradient, axis, -1)
    lines, shares = np.moveaxis(d_out, axis, -1), np.moveaxis(weights, axis, -1)
    for *line, j in np.ndindex(*shares.shape):
        g, w = lines[tuple(line)].tolist(), shares[tuple(line)].tolist()
        targets[(*line, j)] = math.fsum(g[i] * w[i] * ((i == j) - w[j]) for i in range(len(w)))
    return gradient


def both(answer):
    """Demand a tuple of two, and give its parts."""
    check_that(type(answer) is tuple and len(answer) == 2,
               "The function returns two things: (out, weights).", actual=answer)
    return answer


def check_both(answer, out, weights, **tolerance):
    """Compare the weights first: a wrong output often follows from them."""
    your_out, your_weights = both(answer)
    check_array(your_weights, weights, name="the table of weights", **tolerance)
    check_array(your_out, out, name="the output", **tolerance)


def with_some_true(rng, shape):
    """Draw a mask in which every query may see two keys, and may not see one."""
    mask = rng.random(shape) < 0.5
    mask[..., 0], mask[..., 1], mask[..., 2] = True, False, True
    return rng.permuted(mask, axis=-1)


# ---------------------------------------------------------------- 1.1 softmax


@criterion("1.1", "shares")
def test_shares_of_a_batch(student, rng):
    """Every row of a batch is shared out on its own."""
    x = rng.normal(0, 2, (2, 3, 5))
    check_array(student.softmax(x), softmax_loop(x), **FLOAT64)


@criterion("1.1", "shares")
def test_only_differences_count(student, rng):
    """Adding the same number to all scores of a row changes no share."""
    x, shift = rng.normal(size=(3, 4)), rng.uniform(5, 9, (3, 1))
    check_array(student.softmax(x + shift), softmax_loop(x), **FLOAT64)


@criterion("1.1", "shares")
def test_softmax_agrees_with_torch(student, goldens):
    """The shares along the last axis are those that PyTorch gives."""
    check_array(student.softmax(goldens["softmax_x"].copy()), goldens["softmax_last"], **FLOAT64)


@criterion("1.1", "stable")
def test_scores_of_a_thousand_in_every_row(student, rng):
    """Rows around -1000, 0 and 1000 side by side all have finite shares."""
    x = rng.normal(size=(3, 4)) + np.array([[-1000.0], [0.0], [1000.0]])
    check_array(student.softmax(x), softmax_loop(x), **FLOAT64)


@criterion("1.1", "stable")
def test_minus_infinity_has_no_share(student):
    """A score of minus infinity has a share of zero, and the others share out the rest."""
    x = np.array([[-math.inf, 0.0, 2.0], [1000.0, -math.inf, -1000.0]])
    check_array(student.softmax(x), softmax_loop(x), **FLOAT64)


@criterion("1.1", "axis")
@pytest.mark.parametrize("axis", [0, 1, -2])
def test_any_axis_of_a_batch(student, rng, axis):
    """The shares sum to one along the axis asked for."""
    x = rng.normal(0, 2, (2, 3, 4))
    check_array(student.softmax(x, axis=axis), softmax_loop(x, axis), **FLOAT64)


@criterion("1.1", "axis")
def test_first_axis_of_a_square(student, rng):
    """Along axis 0 of a square table, the columns sum to one."""
    x = np.arange(9.0).reshape(3, 3) ** 1.5 + rng.uniform(0, 0.5, (3, 3))
    check_array(student.softmax(x, axis=0), softmax_loop(x, 0), **FLOAT64)


@criterion("1.1", "axis")
def test_axis_of_a_view(student, rng):
    """An array whose numbers do not lie side by side in memory is read correctly."""
    x = rng.normal(0, 2, (4, 6, 3)).transpose(2, 0, 1)[:, :, ::2]
    check_array(student.softmax(x, axis=1), softmax_loop(x, 1), **FLOAT64)


@criterion("1.1", "axis")
def test_axis_agrees_with_torch(student, goldens):
    """The shares along the middle axis are those that PyTorch gives."""
    check_array(student.softmax(goldens["softmax_x"].copy(), 1), goldens["softmax_middle"], **FLOAT64)


# ---------------------------------------------------------------- 1.2 attention_scores


@criterion("1.2", "batch")
@pytest.mark.parametrize("batch", [(2,), (2, 3)])
def test_every_batch_row_has_its_own_scores(student, rng, batch):
    """With one batch axis or two, each row of the batch has scores of its own."""
    q, k = rng.normal(size=(*batch, 4, 6)), rng.normal(size=(*batch, 5, 6))
    check_array(student.attention_scores(q, k), scores_loop(q, k), **FLOAT64)


@criterion("1.2", "batch")
def test_scores_with_every_size_equal(student, rng):
    """Three rows of three queries and three keys with three features are kept apart."""
    q, k = rng.normal(size=(3, 3, 3)), rng.normal(size=(3, 3, 3))
    check_array(student.attention_scores(q, k), scores_loop(q, k), **FLOAT64)


@criterion("1.2", "batch")
def test_scores_of_views(student, rng):
    """Queries and keys whose numbers do not lie side by side in memory are read correctly."""
    q, k = rng.normal(size=(3, 2, 6))[..., ::2].swapaxes(0, 1), rng.normal(size=(3, 2, 4)).transpose(1, 2, 0)
    check_array(student.attention_scores(q, k), scores_loop(q, k), **FLOAT64)


# ---------------------------------------------------------------- 1.3 scale_scores


@criterion("1.3", "variance")
@pytest.mark.parametrize("d_k", [4, 64, 256])
def test_variance_no_longer_grows_with_d_k(student, rng, d_k):
    """Scores of random queries and keys have a variance near one, however many features there are."""
    # For standard normal q and k, q·k is |q| times a standard normal number. Drawing |q|² (chi-square)
    # and that number gives the same scores as drawing every feature, in a fraction of the time.
    scores = np.sqrt(rng.chisquare(d_k, (8, 1000))) * rng.standard_normal((8, 1000))
    # Chance moves the variance of so few scores by two in a hundred; stretched, they have exactly d_k.
    scores *= np.sqrt(d_k / scores.var())
    scaled = student.scale_scores(scores, d_k)
    check_that(scaled.shape == scores.shape, "The result has the shape of the scores.", actual=scaled)
    variance = float(scaled.var())
    check_that(0.9 <= variance <= 1.1, "The variance of the scaled scores is between 0.9 and 1.1.",
               actual=variance)


# ---------------------------------------------------------------- 1.4 mask_scores


@criterion("1.4", "broadcast")
@pytest.mark.parametrize("shape", [(5,), (4, 5), (4, 1), (2, 1, 1, 5), (1, 3, 4, 5)])
def test_a_mask_is_stretched_to_the_scores(student, rng, shape):
    """A mask of one row, of one batch row or of one head serves all scores that it broadcasts to."""
    scores = rng.uniform(0.5, 2.0, (2, 3, 4, 5))
    mask = rng.random(shape) < 0.5
    mask.flat[0], mask.flat[-1] = True, False
    masked = student.mask_scores(scores, mask)
    full = np.broadcast_to(mask, scores.shape)
    check_that(masked.shape == scores.shape, "The result has the shape of the scores.", actual=masked)
    check_array(masked[full], scores[full], **FLOAT64)
    check_that(bool((masked[~full] != scores[~full]).all()),
               "Where the mask is False, the score is another one.", actual=masked)


@criterion("1.4", "true-attends")
def test_kept_scores_of_every_batch_row(student, rng):
    """Each batch row keeps the scores that its own mask permits, views and large scores included."""
    scores = rng.uniform(500, 1000, (2, 4, 3)).swapaxes(1, 2) * np.array([1.0, -1.0, 1.0, -1.0])
    mask = with_some_true(rng, (2, 3, 4))
    masked = student.mask_scores(scores, mask)
    check_that(masked.shape == scores.shape, "The result has the shape of the scores.", actual=masked)
    check_array(np.where(mask, masked, 0.0), np.where(mask, scores, 0.0), **FLOAT64)
    check_that(bool((masked != scores)[~mask].all()), "Where the mask is False, the score is another one.",
               actual=masked)


@criterion("1.4", "false-is-out")
def test_forbidden_scores_are_very_low_everywhere(student, rng):
    """However large the scores are, forbidden ones end at -inf, or at -1e9 or less, also in a full row."""
    scores, mask = rng.uniform(500, 1000, (2, 3, 5)), with_some_true(rng, (2, 3, 5))
    mask[0, 1], mask[1, 2] = False, True
    masked = student.mask_scores(scores, mask)
    check_that(masked.shape == scores.shape, "The result has the shape of the scores.", actual=masked)
    check_that(bool((masked[~mask] <= VERY_LOW).all()),
               "Where the mask is False, the score is -inf, or -1e9 or less.", actual=masked)


# ---------------------------------------------------------------- 1.5 scaled_dot_product_attention


@criterion("1.5", "formula")
def test_attention_of_batches_and_heads(student, rng):
    """Every head of every batch row follows the formula on its own."""
    q, k, v = rng.normal(size=(2, 3, 4, 6)), rng.normal(size=(2, 3, 5, 6)), rng.normal(size=(2, 3, 5, 7))
    check_both(student.scaled_dot_product_attention(q, k, v), *attention_loop(q, k, v), **FLOAT64)


@criterion("1.5", "formula")
def test_attention_agrees_with_torch(student, goldens):
    """Output and weights are those that PyTorch gives."""
    q, k, v = (goldens[f"plain_{name}"].copy() for name in "qkv")
    answer = student.scaled_dot_product_attention(q, k, v)
    check_both(answer, goldens["plain_out"], goldens["plain_weights"], **FLOAT64)


@criterion("1.5", "formula")
def test_values_that_pass_the_weights_through(student, rng):
    """When value j is 1 in place j and 0 elsewhere, the output is the weights."""
    q, k = rng.normal(size=(3, 5)), rng.normal(size=(4, 5))
    out, weights = both(student.scaled_dot_product_attention(q, k, np.eye(4)))
    check_array(weights, attention_loop(q, k, np.eye(4))[1], name="the table of weights", **FLOAT64)
    check_array(out, weights, name="the output", **FLOAT64)


@criterion("1.5", "formula")
def test_output_lies_within_the_values(student, rng):
    """No number of an output lies outside what the values offer, and their order does not matter."""
    q, k, v = rng.normal(size=(3, 6)), rng.normal(size=(5, 6)), rng.normal(size=(5, 2))
    order = rng.permutation(5)
    out, weights = both(student.scaled_dot_product_attention(q, k, v))
    check_array(weights, attention_loop(q, k, v)[1], name="the table of weights", **FLOAT64)
    inside = (out >= v.min(axis=0) - 1e-9) & (out <= v.max(axis=0) + 1e-9)
    check_that(bool(inside.all()), "Every output lies between the least and the largest value.", actual=out)
    shuffled = student.scaled_dot_product_attention(q, k[order], v[order])
    check_both(shuffled, out, weights[:, order], **FLOAT64)


@criterion("1.5", "formula")
def test_attention_of_views(student, rng):
    """Arrays whose numbers do not lie side by side in memory are read correctly."""
    q, k = rng.normal(size=(4, 3, 2)).transpose(2, 1, 0), rng.normal(size=(2, 4, 5)).swapaxes(1, 2)
    v = rng.normal(size=(2, 10, 6))[:, ::2]
    check_both(student.scaled_dot_product_attention(q, k, v), *attention_loop(q, k, v), **FLOAT64)


# One feature: the root of 1 is 1, so these tests look at the mask and not at the scaling.
@criterion("1.5", "mask")
@pytest.mark.parametrize("shape", [(5,), (4, 5), (3, 1, 1, 5), (3, 2, 4, 5)])
def test_masks_of_many_shapes(student, rng, shape):
    """One mask for all, one for each sentence and one for each head all act on the right scores."""
    q, k = rng.uniform(1, 2, (3, 2, 4, 1)), rng.normal(size=(3, 2, 5, 1))
    v, mask = rng.normal(size=(3, 2, 5, 2)), with_some_true(rng, shape)
    answer = student.scaled_dot_product_attention(q, k, v, mask)
    check_both(answer, *attention_loop(q, k, v, mask), **FLOAT64)


@criterion("1.5", "mask")
def test_masked_attention_agrees_with_torch(student, goldens):
    """With a mask, output and weights are those that PyTorch gives."""
    q, k, v, mask = (goldens[f"masked_{name}"].copy() for name in ("q", "k", "v", "mask"))
    answer = student.scaled_dot_product_attention(q, k, v, mask)
    check_both(answer, goldens["masked_out"], goldens["masked_weights"], **FLOAT64)


@criterion("1.5", "mask")
def test_the_future_does_not_leak(student, rng):
    """When every word sees only itself and what came before, changing the later words changes nothing."""
    q, k, v = rng.normal(size=(2, 5, 1)), rng.normal(size=(2, 5, 1)), rng.normal(size=(2, 5, 3))
    mask = np.tril(np.ones((5, 5), dtype=bool))
    out, weights = both(student.scaled_dot_product_attention(q, k, v, mask))
    changed = [array.copy() for array in (q, k, v)]
    for array in changed:
        array[:, 3:] += rng.uniform(1, 2, array[:, 3:].shape)
    later_out, later_weights = both(student.scaled_dot_product_attention(*changed, mask))
    check_array(later_weights[:, :3], weights[:, :3], name="the table of weights", **NO_LEAK)
    check_array(later_out[:, :3], out[:, :3], name="the output", **NO_LEAK)


@criterion("1.5", "mask")
def test_keys_values_and_mask_move_together(student, rng):
    """Shuffling keys, values and the mask's columns in the same way changes no output."""
    q, k, v = rng.normal(size=(3, 1)), rng.normal(size=(5, 1)), rng.normal(size=(5, 2))
    mask, order = with_some_true(rng, (3, 5)), rng.permutation(5)
    out, weights = attention_loop(q, k, v, mask)
    answer = student.scaled_dot_product_attention(q, k[order], v[order], mask[:, order])
    check_both(answer, out, weights[:, order], **FLOAT64)


@criterion("1.5", "dead-rows")
def test_a_query_that_sees_nothing_gets_zeros(student, rng):
    """A query that may look at nothing has weights of zero and an output of zero."""
    q, k, v = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 5, 4)), rng.uniform(1, 2, (2, 5, 6))
    mask = np.ones((2, 3, 5), dtype=bool)
    mask[0, 1], mask[1, 0], mask[1, 2, 2:] = False, False, False
    out, weights = both(student.scaled_dot_product_attention(q, k, v, mask))
    dead = ~mask.any(axis=-1)
    check_that(weights.shape == (2, 3, 5) and out.shape == (2, 3, 6),
               "The weights are [B, T_q, T_k], the output is [B, T_q, d_v].", actual=weights)
    check_array(weights[dead], np.zeros((2, 5)), name="each row of weights that sees nothing", **FLOAT64)
    check_array(out[dead], np.zeros((2, 6)), name="each output that sees nothing", **FLOAT64)
    check_that(bool(np.isfinite(weights).all() and np.isfinite(out).all()), "All numbers are finite.",
               actual=weights)


@criterion("1.5", "dead-rows")
@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 1, 4)])
def test_a_mask_without_any_true(student, rng, shape):
    """When nobody may look at anything, all weights and outputs are zero."""
    q, k, v = rng.normal(size=(2, 3, 5)), rng.normal(size=(2, 4, 5)), rng.uniform(1, 2, (2, 4, 6))
    answer = student.scaled_dot_product_attention(q, k, v, np.zeros(shape, dtype=bool))
    check_both(answer, np.zeros((2, 3, 6)), np.zeros((2, 3, 4)), **FLOAT64)


# One feature again. Scores of 1000, 0 and -1000 leave one key with everything.
@criterion("1.5", "extreme")
def test_scores_of_a_thousand_pick_one_value(student, rng):
    """With scores of 1000, 0 and -1000 each query takes exactly the value of its best key."""
    q, k, v = np.array([[1000.0], [-1000.0]]), np.array([[1.0], [0.0], [-1.0]]), rng.normal(size=(3, 4))
    answer = student.scaled_dot_product_attention(q, k, v)
    check_both(answer, v[[0, 2]], np.eye(3)[[0, 2]], **FLOAT64)


@criterion("1.5", "extreme")
def test_a_forbidden_favourite_hands_over_its_share(student, rng):
    """When the key with a score of 1000 is forbidden, the best of the others takes everything."""
    q, k = np.array([[1000.0], [-1000.0]]), np.array([[1.0], [0.0], [-1.0]]) * rng.uniform(0.9, 1.0)
    v, mask = rng.normal(size=(3, 4)), np.array([[False, True, True], [True, True, False]])
    answer = student.scaled_dot_product_attention(q, k, v, mask)
    check_both(answer, v[[1, 1]], np.eye(3)[[1, 1]], **FLOAT64)


# ---------------------------------------------------------------- 1.6 attention_pooling


@criterion("1.6", "kernel")
def test_two_known_points_make_a_logistic_curve(student, rng):
    """Between two known points the guess follows a logistic curve."""
    near, far, h = rng.uniform(0.0, 1.0), rng.uniform(2.0, 3.0), 0.7
    x = rng.uniform(0.5, 2.5, 5)
    steepness = ((x - far) ** 2 - (x - near) ** 2) / (2 * h * h)
    shares = [1 / (1 + math.exp(-s)) for s in steepness.tolist()]
    answer = student.attention_pooling(x, np.array([near, far]), np.array([5.0, 9.0]), h)
    check_array(answer, [5.0 * share + 9.0 * (1 - share) for share in shares], **FLOAT64)


@criterion("1.6", "kernel")
def test_many_guesses(student, rng):
    """Four guesses from seven known points, in no order, follow the kernel."""
    x, known, y = rng.uniform(0, 6, 4), rng.permutation(7) + rng.uniform(0, 0.5, 7), rng.uniform(1, 9, 7)
    scores = np.array([[-((a - b) ** 2) / 0.5 for b in known.tolist()] for a in x.tolist()])
    expected = blend_loop(softmax_loop(scores), y[:, np.newaxis])[:, 0]
    check_array(student.attention_pooling(x, known, y, 0.5), expected, **FLOAT64)


@criterion("1.6", "limits")
def test_a_huge_bandwidth_gives_the_mean(student, rng):
    """With a huge bandwidth every guess is the plain mean of all known values."""
    y = rng.uniform(1, 9, 5)
    answer = student.attention_pooling(np.array([-1.0, 4.0]), np.arange(5.0), y, 1e12)
    check_array(answer, [math.fsum(y.tolist()) / 5] * 2, **FLOAT64)


@criterion("1.6", "limits")
def test_a_tiny_bandwidth_gives_the_nearest(student, rng):
    """With a tiny bandwidth a guess is the value of the nearest point, or the mean of two equally near."""
    y = rng.permutation(4) * 2.0 + 1.0
    answer = student.attention_pooling(np.array([0.25, 1.5, 2.75]), np.arange(4.0), y, 1e-3)
    check_array(answer, [y[0], (y[1] + y[2]) / 2, y[3]], **FLOAT64)


@criterion("1.6", "limits")
def test_a_place_far_from_everything(student, rng):
    """Far away from all known points, the guess is the value of the nearest one and not nan."""
    y = rng.permutation(4) * 2.0 + 1.0
    answer = student.attention_pooling(np.array([-1000.0, 1000.0]), np.arange(4.0), y, 1.0)
    check_array(answer, [y[0], y[3]], **FLOAT64)


# ---------------------------------------------------------------- 1.7 softmax_backward


@criterion("1.7", "gradient")
def test_gradient_of_a_batch(student, rng):
    """The gradient of every row is its gradient at the shares times the table of slopes."""
    d_out, weights = rng.normal(size=(2, 3, 5)), softmax_loop(rng.normal(0, 2, (2, 3, 5)))
    check_array(student.softmax_backward(d_out, weights), backward_loop(d_out, weights), **FLOAT64)


@criterion("1.7", "gradient")
def test_gradient_agrees_with_torch(student, goldens):
    """The gradient along the last axis is the one that PyTorch gives."""
    answer = student.softmax_backward(goldens["softmax_d_out"].copy(), goldens["softmax_last"].copy())
    check_array(answer, goldens["softmax_last_d_x"], **FLOAT64)


@criterion("1.7", "axis")
@pytest.mark.parametrize("axis", [0, 1, -2])
def test_gradient_along_any_axis(student, rng, axis):
    """The gradient follows the axis along which the shares sum to one."""
    weights = softmax_loop(rng.normal(0, 2, (2, 3, 4)), axis)
    d_out = rng.normal(size=(2, 3, 4))
    answer = student.softmax_backward(d_out, weights, axis=axis)
    check_array(answer, backward_loop(d_out, weights, axis), **FLOAT64)


@criterion("1.7", "axis")
def test_gradient_along_the_first_axis_of_a_view(student, rng):
    """A square whose numbers do not lie side by side in memory is read correctly."""
    weights, d_out = softmax_loop(rng.normal(size=(3, 3)), 0), rng.normal(size=(3, 6))[:, ::2]
    expected = backward_loop(d_out, weights, 0)
    check_array(student.softmax_backward(d_out, np.asfortranarray(weights), 0), expected, **FLOAT64)


@criterion("1.7", "axis")
def test_gradient_along_the_middle_axis_agrees_with_torch(student, goldens):
    """The gradient along the middle axis is the one that PyTorch gives."""
    d_out, weights = goldens["softmax_d_out"].copy(), goldens["softmax_middle"].copy()
    answer = student.softmax_backward(d_out, weights, axis=1)
    check_array(answer, goldens["softmax_middle_d_x"], **FLOAT64)
