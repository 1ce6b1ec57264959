"""Public tests of lesson 1. They come with your repository: read them, run them, add your own.

Every expected number is worked out by hand, by a plain Python loop, or follows from a law.
"""

import math

import numpy as np
import pytest

from grader.testing import check_array, check_that, criterion

# Two right orders of operations differ by a few roundings of float64, about 1e-15; a mistake by far more.
FLOAT64 = {"rtol": 1e-7, "atol": 1e-9}
# float32 has seven digits, and a few operations may cost two of them.
FLOAT32 = {"rtol": 1e-4, "atol": 1e-6}
# A central difference with a step of 1e-5 is itself wrong by about 1e-10.
DIFFERENCE = {"rtol": 1e-6, "atol": 1e-8}
STEP = 1e-5

# A mask may be written with -inf or with -1e9; a score of up to 1000 added to -1e9 stays below this.
VERY_LOW = -9e8

# The worked example of the lesson.
QUERIES = [[2.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 2.0]]
KEYS = [[2.0, 0.0, 0.0, 1.0], [0.0, 2.0, 0.0, 1.0], [0.0, 0.0, 2.0, 1.0]]
VALUES = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]


def dot(a, b):
    """Add up the products, feature by feature."""
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def shares_of(scores):
    """Share out 1 over a list of scores with math.exp; a score of -inf gets nothing."""
    largest = max(scores)
    powers = [math.exp(score - largest) for score in scores]
    return [power / math.fsum(powers) for power in powers]


def attend(q, k, v, mask=None):
    """Compute (out, weights) for lists of queries, keys and values, one pair at a time."""
    weights, out = [], []
    for i, query in enumerate(q):
        scores = [dot(query, key) / math.sqrt(len(key)) for key in k]
        if mask is not None:
            scores = [s if mask[i][j] else -math.inf for j, s in enumerate(scores)]
        weights.append(shares_of(scores))
        out.append([dot(weights[-1], column) for column in zip(*v, strict=True)])
    return np.array(out), np.array(weights)


def guess(x_query, x_key, y, bandwidth):
    """Average y for each query in a list, with shares that shrink with the distance."""
    rows = [shares_of([-((x - known) ** 2) / (2 * bandwidth**2) for known in x_key]) for x in x_query]
    return [dot(row, y) for row in rows]


def locked(*arrays):
    """Copy arrays and make the copies read-only."""
    copies = [array.copy() for array in arrays]
    for copy in copies:
        copy.flags.writeable = False
    return copies


def floats(array):
    """Take integers as the floats they are equal to; leave all else as it is."""
    whole = isinstance(array, np.ndarray) and array.dtype.kind in "iu"
    return array.astype(np.float64) if whole else array


def settled(scores):
    """Write every very low float as -inf, so that each way to write a mask compares equal."""
    return np.where(scores <= VERY_LOW, -np.inf, scores) if scores.dtype.kind == "f" else scores


def check_kept(masked, scores, mask):
    """Demand that permitted scores came through as they were, and that forbidden ones did not."""
    mask = np.broadcast_to(mask, scores.shape)
    check_that(masked.shape == scores.shape, "The result has the shape of the scores.", actual=masked)
    check_array(masked[mask], scores[mask], **FLOAT64)
    check_that(bool((masked[~mask] != scores[~mask]).all()),
               "Where the mask is False, the score is another one.", actual=masked)


def check_forbidden(masked, mask):
    """Demand that forbidden scores are so low that their share is exactly zero."""
    check_that(masked.shape == mask.shape, "The result has the shape of the scores.", actual=masked)
    check_that(bool((masked[~mask] <= VERY_LOW).all()),
               "Where the mask is False, the score is -inf, or -1e9 or less.", actual=masked)


def pair(answer):
    """Demand a tuple of two, and give its parts."""
    check_that(type(answer) is tuple and len(answer) == 2,
               "The function returns two things: (out, weights).", actual=answer)
    return answer


def check_pair(answer, out, weights, **tolerance):
    """Compare both parts of (out, weights)."""
    your_out, your_weights = pair(answer)
    check_array(your_weights, weights, name="the table of weights", **tolerance)
    check_array(your_out, out, name="the output", **tolerance)


# ---------------------------------------------------------------- 1.1 softmax


@criterion("1.1", "shares")
def test_scores_become_shares(student):
    """The scores 2, 0 and 1 become the shares 0.665, 0.090 and 0.245, and each row has its own."""
    scores = np.array([[2.0, 0.0, 1.0], [1.0, 2.0, 1.0]])
    check_array(student.softmax(scores), [shares_of(row) for row in scores.tolist()], **FLOAT64)


@criterion("1.1", "shares")
def test_rows_of_a_square_table_sum_to_one(student, rng):
    """In a table with as many rows as columns, it is the rows that sum to one."""
    scores = np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 1.0], [0.0, 0.0, 4.0]]) + rng.uniform(0, 0.5, (3, 3))
    check_array(student.softmax(scores), [shares_of(row) for row in scores.tolist()], **FLOAT64)


@criterion("1.1", "shares")
def test_equal_scores_get_equal_shares(student):
    """Four equal scores get a quarter each."""
    check_array(student.softmax(np.array([3.0, 3.0, 3.0, 3.0])), [0.25, 0.25, 0.25, 0.25], **FLOAT64)


@criterion("1.1", "stable")
def test_large_scores_stay_finite(student):
    """The scores 1000 and 0 become the shares 1 and 0, not nan."""
    check_array(student.softmax(np.array([[1000.0, 0.0]])), [[1.0, 0.0]], **FLOAT64)


@criterion("1.1", "stable")
def test_rows_far_apart_stay_finite(student):
    """A row of large scores does not disturb a row of small ones."""
    scores = np.array([[1000.0, 999.0], [0.0, -1.0]])
    check_array(student.softmax(scores), [shares_of([1.0, 0.0])] * 2, **FLOAT64)


@criterion("1.1", "dtype")
def test_softmax_of_float32_is_float32(student):
    """float32 scores give float32 shares."""
    scores = np.array([2.0, 0.0, 1.0], dtype=np.float32)
    check_array(student.softmax(scores), shares_of([2.0, 0.0, 1.0]), dtype=np.float32, **FLOAT32)


@criterion("1.1", "dtype")
def test_softmax_of_integers_is_float64(student):
    """Integer scores give float64 shares."""
    check_array(student.softmax(np.array([2, 0, 1])), shares_of([2.0, 0.0, 1.0]), **FLOAT64)


@criterion("1.1", "pure")
def test_softmax_leaves_its_input_alone(student):
    """Locked scores, which cannot be written to, give the same shares."""
    (scores,) = locked(np.array([2.0, 0.0, 1.0]))
    check_array(student.softmax(scores), shares_of([2.0, 0.0, 1.0]), **FLOAT64)


# ---------------------------------------------------------------- 1.2 attention_scores


@criterion("1.2", "dot-products")
def test_worked_example_scores(student):
    """The two readers of the worked example score the three words 4, 0, 2 and 2, 4, 2."""
    scores = student.attention_scores(np.array(QUERIES), np.array(KEYS))
    check_array(scores, [[4.0, 0.0, 2.0], [2.0, 4.0, 2.0]], **FLOAT64)


@criterion("1.2", "dot-products")
def test_every_query_meets_every_key(student, rng):
    """Three queries and three keys with three features give all nine dot products."""
    q, k = rng.uniform(1, 2, (3, 3)), rng.uniform(1, 2, (3, 3))
    expected = [[dot(query, key) for key in k.tolist()] for query in q.tolist()]
    check_array(student.attention_scores(q, k), expected, **FLOAT64)


@criterion("1.2", "dot-products")
def test_swapping_queries_and_keys_mirrors_the_scores(student, rng):
    """When queries and keys change places, the table of scores is mirrored."""
    q, k = rng.normal(size=(2, 3)), rng.normal(size=(4, 3))
    mirrored = student.attention_scores(k, q)
    check_that(mirrored.shape == (4, 2), "Four queries and two keys give scores [4, 2].", actual=mirrored)
    check_array(student.attention_scores(q, k), mirrored.T, **FLOAT64)


@criterion("1.2", "dtype")
def test_scores_of_float32_are_float32(student):
    """float32 vectors give float32 scores."""
    q, k = np.array(QUERIES, dtype=np.float32), np.array(KEYS, dtype=np.float32)
    expected = [[4.0, 0.0, 2.0], [2.0, 4.0, 2.0]]
    check_array(student.attention_scores(q, k), expected, dtype=np.float32, **FLOAT32)


@criterion("1.2", "dtype")
def test_integer_vectors_are_welcome(student):
    """Integer vectors have dot products too; whole-number or float64 scores are both fine."""
    scores = student.attention_scores(np.array([[1, 2], [0, 3]]), np.array([[4, 1], [2, 2], [0, 1]]))
    check_array(floats(scores), [[6.0, 6.0, 2.0], [3.0, 6.0, 3.0]], **FLOAT64)


@criterion("1.2", "pure")
def test_scores_leave_queries_and_keys_alone(student):
    """Locked queries and keys, which cannot be written to, give the same scores."""
    q, k = locked(np.array(QUERIES), np.array(KEYS))
    check_array(student.attention_scores(q, k), [[4.0, 0.0, 2.0], [2.0, 4.0, 2.0]], **FLOAT64)


# ---------------------------------------------------------------- 1.3 scale_scores


@criterion("1.3", "root")
def test_four_features_halve_the_scores(student):
    """With d_k = 4 every score is halved, because the root of 4 is 2."""
    check_array(student.scale_scores(np.array([[8.0, -4.0, 0.0]]), 4), [[4.0, -2.0, 0.0]], **FLOAT64)


@criterion("1.3", "root")
def test_any_width_and_any_batch(student, rng):
    """With d_k = 7 every score of a batch is divided by the root of 7."""
    scores = rng.normal(size=(2, 3, 5))
    expected = [[[s / math.sqrt(7) for s in row] for row in table] for table in scores.tolist()]
    check_array(student.scale_scores(scores, 7), expected, **FLOAT64)


# The root of 1 is 1, so that these two tests look at nothing but the dtype and the locked input.
@criterion("1.3", "dtype")
@pytest.mark.parametrize(("given", "wanted"), [(np.float32, np.float32), (np.int64, np.float64)])
def test_scaled_scores_keep_float32(student, given, wanted):
    """float32 scores stay float32, and integers become float64."""
    scores = np.array([[2], [6]], dtype=given)
    check_array(student.scale_scores(scores, 1), [[2.0], [6.0]], dtype=wanted, **FLOAT32)


@criterion("1.3", "pure")
def test_scaling_leaves_the_scores_alone(student):
    """Locked scores, which cannot be written to, are scaled all the same."""
    (scores,) = locked(np.array([[2.0], [6.0]]))
    check_array(student.scale_scores(scores, 1), [[2.0], [6.0]], **FLOAT64)


# ---------------------------------------------------------------- 1.4 mask_scores


@criterion("1.4", "true-attends")
def test_true_keeps_the_score(student):
    """Where the mask is True the score stays as it was; where it is False it does not."""
    scores, mask = np.array([[2.0, 0.5, 1.0]]), np.array([[True, True, False]])
    check_kept(student.mask_scores(scores, mask), scores, mask)


@criterion("1.4", "true-attends")
def test_a_square_mask_is_read_row_by_row(student, rng):
    """A word that sees itself and what came before it keeps exactly those scores."""
    scores, mask = rng.uniform(0.5, 2.0, (4, 4)), np.tril(np.ones((4, 4), dtype=bool))
    check_kept(student.mask_scores(scores, mask), scores, mask)


@criterion("1.4", "true-attends")
def test_a_mask_of_more_keys_than_queries(student, rng):
    """A mask for two queries and five keys keeps the permitted scores of each query."""
    scores = rng.uniform(-2.0, -0.5, (2, 5))
    mask = np.array([[True, False, True, True, False], [False, True, True, False, True]])
    check_kept(student.mask_scores(scores, mask), scores, mask)


@criterion("1.4", "false-is-out")
def test_false_pushes_the_score_down(student):
    """Where the mask is False the score is -inf, or -1e9 or less."""
    mask = np.array([[True, True, False]])
    check_forbidden(student.mask_scores(np.array([[2.0, 0.5, 1.0]]), mask), mask)


@criterion("1.4", "false-is-out")
def test_a_forbidden_word_gets_no_share(student, rng):
    """After softmax a forbidden word has a share of exactly zero."""
    scores, mask = rng.uniform(0.5, 2.0, (3, 3)), np.tril(np.ones((3, 3), dtype=bool))
    masked = student.mask_scores(scores, mask)
    check_that(masked.shape == mask.shape, "The result has the shape of the scores.", actual=masked)
    shares = np.array([shares_of(row) for row in masked.tolist()])
    check_that(bool((shares[~mask] <= 0.0).all()), "Forbidden words get a share of exactly 0.", actual=shares)


# What is compared here is the student's own answer for float64 scores: only the dtype is in question.
@criterion("1.4", "dtype")
@pytest.mark.parametrize(("given", "wanted"), [(np.float32, np.float32), (np.int64, np.float64)])
def test_masked_scores_keep_float32(student, given, wanted):
    """float32 scores stay float32, and integers become float64."""
    scores, mask = np.array([[2.0, 3.0, 1.0]]), np.array([[True, False, True]])
    usual = student.mask_scores(scores, mask)
    check_array(settled(student.mask_scores(scores.astype(given), mask)), settled(usual), dtype=wanted,
                **FLOAT32)


@criterion("1.4", "pure")
def test_masking_leaves_scores_and_mask_alone(student):
    """Locked scores and a locked mask, which cannot be written to, give the same result."""
    scores, mask = np.array([[2.0, 3.0, 1.0]]), np.array([[True, False, True]])
    usual = student.mask_scores(scores.copy(), mask.copy())
    check_array(settled(student.mask_scores(*locked(scores, mask))), settled(usual), **FLOAT64)


# ---------------------------------------------------------------- 1.5 scaled_dot_product_attention


@criterion("1.5", "formula")
def test_worked_example_attention(student):
    """The word "it" of the worked example reads 0.665 of cat, 0.090 of sat and 0.245 of mat."""
    answer = student.scaled_dot_product_attention(np.array(QUERIES), np.array(KEYS), np.array(VALUES))
    check_pair(answer, *attend(QUERIES, KEYS, VALUES), **FLOAT64)


@criterion("1.5", "formula")
def test_every_size_different(student, rng):
    """Three queries, five keys, two features and four numbers in a value follow the formula."""
    q, k, v = rng.normal(size=(3, 2)), rng.normal(size=(5, 2)), rng.normal(size=(5, 4))
    answer = student.scaled_dot_product_attention(q, k, v)
    check_pair(answer, *attend(q.tolist(), k.tolist(), v.tolist()), **FLOAT64)


@criterion("1.5", "formula")
def test_every_size_equal(student, rng):
    """Three queries, three keys, three features and three numbers in a value follow the formula."""
    q, k, v = (rng.normal(size=(3, 3)) for _ in range(3))
    answer = student.scaled_dot_product_attention(q, k, v)
    check_pair(answer, *attend(q.tolist(), k.tolist(), v.tolist()), **FLOAT64)


# One feature: the root of 1 is 1, so these tests look at the mask and not at the scaling.
@criterion("1.5", "mask")
def test_forbidden_word_leaves_its_share_to_the_others(student):
    """With the third word forbidden, the scores 2, 0 and 1 give the shares 0.881, 0.119 and 0."""
    q, k, v = [[1.0]], [[2.0], [0.0], [1.0]], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    mask = [[True, True, False]]
    answer = student.scaled_dot_product_attention(np.array(q), np.array(k), np.array(v), np.array(mask))
    check_pair(answer, *attend(q, k, v, mask), **FLOAT64)


@criterion("1.5", "mask")
def test_every_query_has_its_own_mask(student, rng):
    """Each query shares out its attention over the words that it may look at."""
    q, k, v = rng.uniform(1, 2, (2, 1)), np.array([[1.0], [-1.0], [0.5], [2.0]]), rng.normal(size=(4, 3))
    mask = np.array([[True, False, True, False], [False, True, True, False]])
    answer = student.scaled_dot_product_attention(q, k, v, mask)
    check_pair(answer, *attend(q.tolist(), k.tolist(), v.tolist(), mask.tolist()), **FLOAT64)


# The student's own answer for float64 is what is compared: only the dtype is in question.
@criterion("1.5", "dtype")
@pytest.mark.parametrize(("given", "wanted"), [(np.float32, np.float32), (np.int64, np.float64)])
@pytest.mark.parametrize("mask", [None, [[True, False, True], [True, True, False]]])
def test_attention_keeps_float32(student, given, wanted, mask):
    """float32 in gives float32 out, weights as well as output, and integers become float64."""
    inputs = [np.array(table) for table in (QUERIES, KEYS, VALUES)]
    mask = None if mask is None else np.array(mask)
    out, weights = pair(student.scaled_dot_product_attention(*inputs, mask))
    answer = student.scaled_dot_product_attention(*(a.astype(given) for a in inputs), mask)
    check_pair(answer, out.astype(wanted), weights.astype(wanted), **FLOAT32)


@criterion("1.5", "pure")
def test_attention_leaves_its_inputs_alone(student):
    """Locked inputs, which cannot be written to, give the same output and weights."""
    inputs = [np.array(table) for table in (QUERIES, KEYS, VALUES)]
    mask = np.array([[True, False, True], [True, True, False]])
    out, weights = pair(student.scaled_dot_product_attention(*(a.copy() for a in inputs), mask.copy()))
    check_pair(student.scaled_dot_product_attention(*locked(*inputs, mask)), out, weights, **FLOAT64)


# ---------------------------------------------------------------- 1.6 attention_pooling


@criterion("1.6", "kernel")
def test_worked_example_guess(student):
    """Between known points at 0, 1 and 3 the guess at 1.5 leans on the nearest one."""
    x_query, x_key, y = [1.5], [0.0, 1.0, 3.0], [10.0, 20.0, 40.0]
    answer = student.attention_pooling(np.array(x_query), np.array(x_key), np.array(y), 1.0)
    check_array(answer, guess(x_query, x_key, y, 1.0), **FLOAT64)


@criterion("1.6", "kernel")
@pytest.mark.parametrize("bandwidth", [0.5, 2.0])
def test_bandwidth_sets_what_is_near(student, rng, bandwidth):
    """Two guesses from four known points follow the kernel, narrow or wide."""
    x_query, x_key = np.array([0.3, 1.8]), np.array([0.0, 1.0, 2.0, 3.0])
    y = np.array([1.0, 3.0, 6.0, 10.0]) + rng.uniform(0, 0.5, 4)
    answer = student.attention_pooling(x_query, x_key, y, bandwidth)
    check_array(answer, guess(x_query.tolist(), x_key.tolist(), y.tolist(), bandwidth), **FLOAT64)


@criterion("1.6", "kernel")
def test_as_many_guesses_as_known_points(student, rng):
    """Three guesses from three known points follow the kernel."""
    x_query, x_key = np.array([0.2, 1.1, 2.5]), np.array([0.0, 1.0, 2.0])
    y = np.array([1.0, 3.0, 6.0]) + rng.uniform(0, 0.5, 3)
    answer = student.attention_pooling(x_query, x_key, y, 0.5)
    check_array(answer, guess(x_query.tolist(), x_key.tolist(), y.tolist(), 0.5), **FLOAT64)


# Halfway between two points every kernel gives their mean: only dtype and locked inputs are in question.
@criterion("1.6", "dtype")
@pytest.mark.parametrize(("given", "wanted"), [(np.float32, np.float32), (np.int64, np.float64)])
def test_guesses_keep_float32(student, given, wanted):
    """float32 places and values give float32 guesses, and integers become float64."""
    x_query, x_key, y = (np.array(numbers, dtype=given) for numbers in ([0], [-1, 1], [1, 2]))
    check_array(student.attention_pooling(x_query, x_key, y, 0.5), [1.5], dtype=wanted, **FLOAT32)


@criterion("1.6", "pure")
def test_guessing_leaves_its_inputs_alone(student):
    """Locked places and values, which cannot be written to, give the same guess."""
    x_query, x_key, y = locked(np.array([0.0]), np.array([-1.0, 1.0]), np.array([1.0, 2.0]))
    check_array(student.attention_pooling(x_query, x_key, y, 0.5), [1.5], **FLOAT64)


# ---------------------------------------------------------------- 1.7 softmax_backward


@criterion("1.7", "gradient")
def test_worked_example_gradient(student):
    """Shares of 0.5, 0.3 and 0.2 turn the gradient 1, 2, 4 into -0.45, 0.03, 0.42."""
    answer = student.softmax_backward(np.array([1.0, 2.0, 4.0]), np.array([0.5, 0.3, 0.2]))
    check_array(answer, [-0.45, 0.03, 0.42], **FLOAT64)


@criterion("1.7", "gradient")
def test_gradient_is_the_slope(student, rng):
    """Nudging one score up and down by 0.00001 changes the loss as the gradient says."""
    scores, d_out = rng.normal(size=(2, 3)), rng.uniform(0.5, 2.0, (2, 3))

    def loss(place, nudge):
        moved = scores.copy()
        moved[place] += nudge
        return math.fsum(dot(g, shares_of(row)) for g, row in zip(d_out, moved, strict=True))

    slopes = np.zeros_like(scores)
    for place in np.ndindex(*scores.shape):
        slopes[place] = (loss(place, STEP) - loss(place, -STEP)) / (2 * STEP)
    weights = np.array([shares_of(row) for row in scores])
    check_array(student.softmax_backward(d_out, weights), slopes, **DIFFERENCE)


@criterion("1.7", "zero-sum")
def test_equal_wishes_move_nothing(student):
    """When every share would gain the same, no score has a gradient."""
    d_out, weights = np.array([[3.0, 3.0]]), np.array([[0.25, 0.75]])
    check_array(student.softmax_backward(d_out, weights), [[0.0, 0.0]], **FLOAT64)


@criterion("1.7", "zero-sum")
def test_gradient_sums_to_zero(student, rng):
    """The gradient of each row sums to zero, because the shares always sum to one."""
    d_out = rng.uniform(1.0, 3.0, (2, 4))
    weights = np.array([shares_of(row) for row in rng.normal(size=(2, 4)).tolist()])
    gradient = student.softmax_backward(d_out, weights)
    check_that(gradient.shape == (2, 4), "The gradient has the shape of the shares.", actual=gradient)
    check_that(bool(np.abs(gradient).max() > 0), "The gradient is not zero everywhere.", actual=gradient)
    check_array(gradient.sum(axis=-1), [0.0, 0.0], name="the sum of each row", **FLOAT64)


# The student's own answer for float64 or unlocked arrays is what is compared.
@criterion("1.7", "dtype")
def test_gradient_of_float32_is_float32(student):
    """A float32 gradient and float32 shares give a float32 gradient."""
    d_out, weights = np.array([1.0, 2.0, 4.0]), np.array([0.5, 0.25, 0.25])
    usual = student.softmax_backward(d_out, weights)
    answer = student.softmax_backward(d_out.astype(np.float32), weights.astype(np.float32))
    check_array(answer, usual, dtype=np.float32, **FLOAT32)


@criterion("1.7", "dtype")
def test_integer_gradient_is_welcome(student):
    """An integer gradient counts like the same numbers in float64."""
    d_out, weights = np.array([1.0, 2.0, 4.0]), np.array([0.5, 0.25, 0.25])
    usual = student.softmax_backward(d_out.copy(), weights)
    check_array(student.softmax_backward(d_out.astype(np.int64), weights), usual, dtype=np.float64, **FLOAT64)


@criterion("1.7", "pure")
def test_backward_leaves_its_inputs_alone(student):
    """A locked gradient and locked shares, which cannot be written to, give the same answer."""
    d_out, weights = np.array([1.0, 2.0, 4.0]), np.array([0.5, 0.25, 0.25])
    usual = student.softmax_backward(d_out.copy(), weights.copy())
    check_array(student.softmax_backward(*locked(d_out, weights)), usual, **FLOAT64)
