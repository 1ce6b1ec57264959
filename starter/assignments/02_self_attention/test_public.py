"""Public tests of lesson 2. They come with your repository: read them, run them, add your own.

Every expected number is worked out by hand, by a plain Python loop, or follows from a law.
"""

import math

import numpy as np

from grader.testing import check_array, check_raises, check_that, criterion

# Two right orders of operations differ by a few roundings of float64, about 1e-15; a mistake by far more.
FLOAT64 = {"rtol": 1e-7, "atol": 1e-9}
# float32 has seven digits, and a few operations may cost two of them.
FLOAT32 = {"rtol": 1e-4, "atol": 1e-6}
# A central difference with a step of 1e-5 is itself wrong by about 1e-10.
DIFFERENCE = {"rtol": 1e-6, "atol": 1e-8}
STEP = 1e-5
# Some keep log(0) away with a tiny number such as 1e-9 under the logarithm, which moves a sum by that much.
ENTROPY = {"rtol": 1e-7, "atol": 1e-7}

# The worked example of the lesson, "the bank was muddy": four features, and a matrix for each role.
TEXT = [[0.0, 0.0, 0.0, 0.0], [2.0, 2.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0], [4.0, 0.0, 2.0, 0.0]]
W_Q = [[0.0], [0.0], [0.0], [1.0]]
W_K = [[0.0], [0.0], [1.0], [0.0]]
W_V = [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]

# Where only the dtype or a locked input is in question, all sizes are 2.
FOUR_SQUARES = [[[1.0, 2.0], [3.0, 4.0]], [[2.0, 0.0], [1.0, 1.0]], [[0.0, 1.0], [1.0, 3.0]],
                [[1.0, 1.0], [0.0, 2.0]]]
TWO_SHARES = [[0.75, 0.25], [0.5, 0.5]]

# The example of the way back: one query, two keys with the same score, d_k = 4.
BACK_Q = [[1.0, 1.0, 0.0, 0.0]]
BACK_K = [[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]]
BACK_V = [[1.0], [3.0]]
BACK_WEIGHTS = [[0.5, 0.5]]
BACK_D_OUT = [[1.0]]


def dot(a, b):
    """Add up the products, feature by feature."""
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def multiply(rows, matrix):
    """Multiply two matrices given as lists of rows."""
    return [[dot(row, column) for column in zip(*matrix, strict=True)] for row in rows]


def attend(q, k, v, mask=None):
    """Compute (out, weights) for lists of queries, keys and values; every query must see some key."""
    weights = []
    for i, query in enumerate(q):
        scores = [dot(query, key) / math.sqrt(len(key)) for key in k]
        if mask is not None:
            scores = [s if mask[i][j] else -math.inf for j, s in enumerate(scores)]
        powers = [math.exp(score - max(scores)) for score in scores]
        weights.append([power / math.fsum(powers) for power in powers])
    return np.array(multiply(weights, v)), np.array(weights)


def look_around(x, w_q, w_k, w_v, mask=None):
    """Compute self-attention of one text with loops: (out, weights)."""
    rows = x.tolist()
    return attend(*(multiply(rows, w.tolist()) for w in (w_q, w_k, w_v)), mask)


def locked(*arrays):
    """Copy arrays and make the copies read-only."""
    copies = [array.copy() for array in arrays]
    for copy in copies:
        copy.flags.writeable = False
    return copies


def narrowed(*arrays):
    """Make float32 copies."""
    return [array.astype(np.float32) for array in arrays]


def floats(array):
    """Take integers as the floats they are equal to; leave all else as it is."""
    whole = isinstance(array, np.ndarray) and array.dtype.kind in "iu"
    return array.astype(np.float64) if whole else array


def yes_and_no(mask):
    """Take a mask of 0 and 1 as the bools it stands for: its dtype is judged in a test of its own."""
    check_that(isinstance(mask, np.ndarray) and mask.dtype.kind in "biuf", "A mask is an array.", actual=mask)
    return mask.astype(bool)


def parts(answer, count):
    """Demand a tuple of so many arrays, and give it."""
    right = type(answer) is tuple and len(answer) == count
    check_that(right and all(isinstance(part, np.ndarray) for part in answer),
               f"The function returns {count} arrays.", actual=answer)
    return answer


def check_same(answer, usual, **wanted):
    """Compare each part of an answer with what the same function gave for plain float64 inputs."""
    for part, other in zip(parts(answer, len(usual)), usual, strict=True):
        check_array(floats(part), other, **wanted)


def check_pair(answer, out, weights, **tolerance):
    """Compare both parts of (out, weights), the weights first: a wrong output often follows from them."""
    your_out, your_weights = parts(answer, 2)
    check_array(your_weights, weights, name="the table of weights", **tolerance)
    check_array(your_out, out, name="the output", **tolerance)


# ---------------------------------------------------------------- 2.1 embed


@criterion("2.1", "rows")
def test_three_tokens_become_three_rows(student):
    """The ids 2, 0 and 2 become rows 2, 0 and 2 of the table."""
    table = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    check_array(student.embed(np.array([2, 0, 2]), table), [[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]], **FLOAT64)


@criterion("2.1", "rows")
def test_a_look_up_is_a_product_with_one_hot_rows(student, rng):
    """Every vector equals a row with a single 1 in it, times the table; here the table is square."""
    table, ids = rng.normal(size=(4, 4)), rng.permutation(4)
    one_hot = [[float(token == i) for i in range(4)] for token in ids.tolist()]
    check_array(student.embed(ids, table), multiply(one_hot, table.tolist()), **FLOAT64)


@criterion("2.1", "range")
def test_an_id_that_is_too_large_is_refused(student):
    """A table of three rows has no row 5, and no row 3 either: ValueError. Its last row is row 2."""
    table = np.ones((3, 3))
    vectors = student.embed(np.array([0, 2, 1]), table)
    check_that(isinstance(vectors, np.ndarray), "The ids 0, 2 and 1 are looked up.", actual=vectors)
    for too_large in (5, 3):
        check_raises(ValueError, student.embed, np.array([0, too_large, 1]), table)


@criterion("2.1", "range")
def test_a_negative_id_is_refused(student):
    """The ids -1 and -3 name no row, though NumPy would count them from the end: ValueError."""
    for negative in (-1, -3):
        check_raises(ValueError, student.embed, np.array([0, negative, 1]), np.ones((3, 3)))


# Here and in the other tests of dtype and of locked inputs, an answer is compared with the one that the same
# function gives for plain float64 inputs: whether that one is right is asked elsewhere.
@criterion("2.1", "dtype")
def test_rows_keep_the_dtype_of_the_table(student):
    """A float32 table gives float32 vectors; a table of integers may give integers or float64."""
    ids, table = np.array([1, 0, 1]), np.array([[2.0, 3.0], [4.0, 5.0]])
    usual = student.embed(ids, table)
    check_same((student.embed(ids, table.astype(np.float32)),), (usual,), dtype=np.float32, **FLOAT32)
    check_same((student.embed(ids, table.astype(np.int64)),), (usual,), **FLOAT64)


@criterion("2.1", "pure")
def test_looking_up_leaves_ids_and_table_alone(student):
    """Locked ids and a locked table, which cannot be written to, give the same vectors."""
    ids, table = np.array([1, 0, 1]), np.array([[2.0, 3.0], [4.0, 5.0]])
    usual = student.embed(ids.copy(), table.copy())
    check_same((student.embed(*locked(ids, table)),), (usual,), **FLOAT64)


# ---------------------------------------------------------------- 2.2 project_qkv


@criterion("2.2", "products")
def test_worked_example_roles(student):
    """In the worked example "bank" asks with 1 and "muddy" offers 2; the values are the first features."""
    q, k, v = parts(student.project_qkv(*map(np.array, (TEXT, W_Q, W_K, W_V))), 3)
    check_array(q, [[0.0], [1.0], [0.0], [0.0]], name="the queries", **FLOAT64)
    check_array(k, [[0.0], [0.0], [0.0], [2.0]], name="the keys", **FLOAT64)
    check_array(v, [[0.0, 0.0], [2.0, 2.0], [0.0, 0.0], [4.0, 0.0]], name="the values", **FLOAT64)


@criterion("2.2", "products")
def test_square_matrices_stand_on_the_right(student, rng):
    """Where every size is 3, no error warns of a matrix on the wrong side or turned round."""
    x, *matrices = rng.normal(size=(4, 3, 3))
    answer = parts(student.project_qkv(x, *matrices), 3)
    for name, part, matrix in zip(("queries", "keys", "values"), answer, matrices, strict=True):
        check_array(part, multiply(x.tolist(), matrix.tolist()), name=f"the {name}", **FLOAT64)


# Everything but the biases is 0 or 1 here, so that these two tests look at the biases.
@criterion("2.2", "bias")
def test_each_bias_goes_to_its_own_product(student, rng):
    """Where x is zero, queries, keys and values are their biases, one for each token."""
    biases = rng.uniform(1, 2, 3), rng.uniform(3, 4, 3), rng.uniform(5, 6, 3)
    answer = parts(student.project_qkv(np.zeros((2, 3)), *np.ones((3, 3, 3)), *biases), 3)
    for name, part, bias in zip(("queries", "keys", "values"), answer, biases, strict=True):
        check_array(part, [bias, bias], name=f"the {name}", **FLOAT64)


@criterion("2.2", "bias")
def test_some_biases_may_be_missing(student):
    """With a bias for the values alone, queries and keys are the bare products."""
    q, k, v = parts(student.project_qkv(*np.ones((4, 1, 1)), b_v=np.array([5.0])), 3)
    check_array(q, [[1.0]], name="the queries", **FLOAT64)
    check_array(k, [[1.0]], name="the keys", **FLOAT64)
    check_array(v, [[6.0]], name="the values", **FLOAT64)


@criterion("2.2", "dtype")
def test_projections_keep_float32(student):
    """float32 stays float32; integers may give integers or float64."""
    arrays = np.array(FOUR_SQUARES)
    usual = parts(student.project_qkv(*arrays), 3)
    check_same(student.project_qkv(*narrowed(*arrays)), usual, dtype=np.float32, **FLOAT32)
    check_same(student.project_qkv(*(array.astype(np.int64) for array in arrays)), usual, **FLOAT64)


@criterion("2.2", "pure")
def test_projecting_leaves_its_inputs_alone(student):
    """Locked arrays, which cannot be written to, give the same queries, keys and values."""
    arrays = [np.array(array) for array in (*FOUR_SQUARES, [1.0, 2.0], [3.0, 4.0], [5.0, 6.0])]
    usual = parts(student.project_qkv(*(array.copy() for array in arrays)), 3)
    check_same(student.project_qkv(*locked(*arrays)), usual, **FLOAT64)


# ---------------------------------------------------------------- 2.3 causal_mask


@criterion("2.3", "square")
def test_three_words_look_back(student):
    """The first of three words sees itself, the second sees two words, the third sees all."""
    expected = [[True, False, False], [True, True, False], [True, True, True]]
    check_array(yes_and_no(student.causal_mask(3)), expected)


@criterion("2.3", "square")
def test_as_many_keys_as_queries(student):
    """Without a number of keys, and with the same number, word i sees the words up to i."""
    for size in (1, 4, 6):
        expected = [[key <= query for key in range(size)] for query in range(size)]
        check_array(yes_and_no(student.causal_mask(size)), expected)
        check_array(yes_and_no(student.causal_mask(size, size)), expected)


@criterion("2.3", "aligned")
def test_one_new_word_sees_all_words_so_far(student):
    """One query and four keys: the query is the last of the four words, and sees all of them."""
    check_array(yes_and_no(student.causal_mask(1, 4)), [[True, True, True, True]])


@criterion("2.3", "aligned")
def test_two_new_words_after_two_old_ones(student):
    """Two queries and four keys: the first query is the third word, and does not see the fourth."""
    expected = [[True, True, True, False], [True, True, True, True]]
    check_array(yes_and_no(student.causal_mask(2, 4)), expected)


@criterion("2.3", "bool")
def test_a_causal_mask_is_bool(student):
    """The mask holds True and False, not 1 and 0."""
    mask = student.causal_mask(3)
    check_that(yes_and_no(mask).shape == (3, 3) and mask.dtype.kind == "b",
               "The mask is an array of bool [T_q, T_k].", actual=mask)


# ---------------------------------------------------------------- 2.4 padding_mask


@criterion("2.4", "keys")
def test_texts_of_two_and_three_words(student):
    """Of four places, a text of two words has two that may be seen, and a text of three words has three."""
    expected = [[[True, True, False, False]], [[True, True, True, False]]]
    check_array(yes_and_no(student.padding_mask(np.array([2, 3]), 4)), expected)


@criterion("2.4", "keys")
def test_as_many_texts_as_places(student):
    """Three texts and three places: each text still has a row of its own, and an axis for the queries."""
    expected = [[[True, False, False]], [[True, True, False]], [[True, False, False]]]
    check_array(yes_and_no(student.padding_mask(np.array([1, 2, 1]), 3)), expected)


@criterion("2.4", "bool")
def test_a_padding_mask_is_bool(student):
    """The mask holds True and False, not 1 and 0."""
    mask = student.padding_mask(np.array([2, 3]), 4)
    check_that(yes_and_no(mask).size >= 8 and mask.dtype.kind == "b", "The mask is an array of bool.",
               actual=mask)


@criterion("2.4", "pure")
def test_padding_leaves_the_lengths_alone(student):
    """Locked lengths, which cannot be written to, give the same mask."""
    lengths = np.array([2, 3])
    usual = student.padding_mask(lengths.copy(), 4)
    check_same((student.padding_mask(*locked(lengths), 4),), (usual,))


# ---------------------------------------------------------------- 2.5 self_attention


@criterion("2.5", "formula")
def test_worked_example_self_attention(student):
    """The word "bank" of the worked example reads 0.711 of "muddy", and 0.096 of every other word."""
    arrays = [np.array(array) for array in (TEXT, W_Q, W_K, W_V)]
    check_pair(student.self_attention(*arrays), *look_around(*arrays), **FLOAT64)


@criterion("2.5", "formula")
def test_self_attention_with_equal_sizes(student, rng):
    """Where every size is 3, no error warns of a wrong matrix or a wrong axis."""
    arrays = list(rng.normal(size=(4, 3, 3)))
    check_pair(student.self_attention(*arrays), *look_around(*arrays), **FLOAT64)


@criterion("2.5", "formula")
def test_shuffled_words_give_shuffled_outputs(student, rng):
    """Without a mask, when the words change places their outputs go with them, and nothing else changes."""
    x, order = rng.normal(size=(4, 5)), rng.permutation(4)
    matrices = rng.normal(size=(5, 2)), rng.normal(size=(5, 2)), rng.normal(size=(5, 3))
    out, weights = look_around(x, *matrices)
    answer = student.self_attention(x[order], *matrices)
    check_pair(answer, out[order], weights[order][:, order], **FLOAT64)


# In the tests of the mask vectors and keys have one feature: the root of 1 is 1, so the scale does no harm.
@criterion("2.5", "mask")
def test_nobody_looks_ahead(student):
    """Under a causal mask the first word keeps its own value, and the last one sees all."""
    x, w_v = np.array([[1.0], [2.0], [-1.0]]), np.array([[1.0, 10.0]])
    mask = np.array([[True, False, False], [True, True, False], [True, True, True]])
    arrays = x, np.array([[1.0]]), np.array([[0.5]]), w_v
    check_pair(student.self_attention(*arrays, mask), *look_around(*arrays, mask.tolist()), **FLOAT64)


@criterion("2.5", "mask")
def test_any_mask_of_pairs(student, rng):
    """A mask without symmetry is read row by row: row i says what word i may look at."""
    mask = np.array([[False, True, True, False], [True, False, True, True],
                     [True, True, False, False], [False, False, False, True]])
    arrays = rng.normal(size=(4, 1)), np.array([[1.5]]), np.array([[-1.0]]), rng.normal(size=(1, 3))
    check_pair(student.self_attention(*arrays, mask), *look_around(*arrays, mask.tolist()), **FLOAT64)


@criterion("2.5", "dtype")
def test_self_attention_keeps_float32(student):
    """float32 stays float32, and integers give float64."""
    arrays = [np.array(array) for array in (TEXT, W_Q, W_K, W_V)]
    usual = parts(student.self_attention(*arrays), 2)
    check_same(student.self_attention(*narrowed(*arrays)), usual, dtype=np.float32, **FLOAT32)
    check_same(student.self_attention(*(array.astype(np.int64) for array in arrays)), usual, **FLOAT64)


@criterion("2.5", "pure")
def test_self_attention_leaves_its_inputs_alone(student):
    """Locked vectors, matrices and mask, which cannot be written to, give the same answer."""
    arrays = [np.array(array) for array in (TEXT, W_Q, W_K, W_V)]
    arrays.append(np.tril(np.ones((4, 4), dtype=bool)))
    usual = parts(student.self_attention(*(array.copy() for array in arrays)), 2)
    check_same(student.self_attention(*locked(*arrays)), usual, **FLOAT64)


# ---------------------------------------------------------------- 2.6 scaled_dot_product_attention_backward


def example_back(student):
    """Ask for the gradients of the lesson's example of the way back."""
    given = BACK_D_OUT, BACK_Q, BACK_K, BACK_V, BACK_WEIGHTS
    return parts(student.scaled_dot_product_attention_backward(*map(np.array, given)), 3)


def square_case(rng):
    """Draw d_out, q, k and v in which every size is 3, and compute the weights."""
    d_out, q, k, v = rng.normal(size=(4, 3, 3))
    return d_out, q, k, v, attend(q.tolist(), k.tolist(), v.tolist())[1]


def slopes(d_out, arrays, which):
    """Nudge every number of one of (q, k, v) up and down, and see how much the loss changes."""
    found = np.empty_like(arrays[which])
    for place in np.ndindex(*found.shape):
        losses = []
        for step in (STEP, -STEP):
            moved = [array.copy() for array in arrays]
            moved[which][place] += step
            losses.append(float((d_out * attend(*(array.tolist() for array in moved))[0]).sum()))
        found[place] = (losses[0] - losses[1]) / (2 * STEP)
    return found


@criterion("2.6", "values")
def test_example_gradient_at_the_values(student):
    """Two values that have a share of one half each get half of the gradient each."""
    check_array(example_back(student)[2], [[0.5], [0.5]], name="the gradient at the values", **FLOAT64)


@criterion("2.6", "values")
def test_nudged_values(student, rng):
    """The gradient at the values is what nudging each number of them shows; every size is 3."""
    d_out, *arrays, weights = square_case(rng)
    answer = parts(student.scaled_dot_product_attention_backward(d_out, *arrays, weights), 3)
    check_array(answer[2], slopes(d_out, arrays, 2), name="the gradient at the values", **DIFFERENCE)


@criterion("2.6", "queries")
def test_example_gradient_at_the_query(student):
    """The query should move towards the key of the larger value, and away from the other one."""
    expected = [[-0.5, 0.5, 0.0, 0.0]]
    check_array(example_back(student)[0], expected, name="the gradient at the query", **FLOAT64)


@criterion("2.6", "queries")
def test_nudged_queries(student, rng):
    """The gradient at the queries is what nudging each number of them shows; every size is 3."""
    d_out, *arrays, weights = square_case(rng)
    answer = parts(student.scaled_dot_product_attention_backward(d_out, *arrays, weights), 3)
    check_array(answer[0], slopes(d_out, arrays, 0), name="the gradient at the queries", **DIFFERENCE)


@criterion("2.6", "keys")
def test_example_gradient_at_the_keys(student):
    """The key of the larger value should move towards the query, and the other key away from it."""
    expected = [[-0.25, -0.25, 0.0, 0.0], [0.25, 0.25, 0.0, 0.0]]
    check_array(example_back(student)[1], expected, name="the gradient at the keys", **FLOAT64)


@criterion("2.6", "keys")
def test_nudged_keys(student, rng):
    """The gradient at the keys is what nudging each number of them shows; every size is 3."""
    d_out, *arrays, weights = square_case(rng)
    answer = parts(student.scaled_dot_product_attention_backward(d_out, *arrays, weights), 3)
    check_array(answer[1], slopes(d_out, arrays, 1), name="the gradient at the keys", **DIFFERENCE)


@criterion("2.6", "dtype")
def test_gradients_keep_float32(student):
    """float32 stays float32, and integers are welcome."""
    back = student.scaled_dot_product_attention_backward
    *arrays, weights = map(np.array, (*FOUR_SQUARES, TWO_SHARES))
    usual = parts(back(*arrays, weights), 3)
    check_same(back(*narrowed(*arrays, weights)), usual, dtype=np.float32, **FLOAT32)
    check_same(back(*(array.astype(np.int64) for array in arrays), weights), usual, **FLOAT64)


@criterion("2.6", "pure")
def test_going_back_leaves_its_inputs_alone(student):
    """Locked arrays, which cannot be written to, give the same gradients."""
    arrays = [np.array(array) for array in (*FOUR_SQUARES, TWO_SHARES)]
    usual = parts(student.scaled_dot_product_attention_backward(*(array.copy() for array in arrays)), 3)
    check_same(student.scaled_dot_product_attention_backward(*locked(*arrays)), usual, **FLOAT64)


# ---------------------------------------------------------------- 2.7 attention_entropy


def entropy(row):
    """Add up -w log w over the shares of a row that are not zero."""
    return -math.fsum(share * math.log(share) for share in row if share > 0)


@criterion("2.7", "nats")
def test_equal_shares_have_the_logarithm_of_their_number(student):
    """Four equal shares have the entropy log(4) = 1.386, two have log(2) = 0.693."""
    check_array(student.attention_entropy(np.full((1, 4), 0.25)), [math.log(4)], **ENTROPY)
    check_array(student.attention_entropy(np.full((3, 2), 0.5)), [math.log(2)] * 3, **ENTROPY)


@criterion("2.7", "nats")
def test_each_row_has_its_own_entropy(student, rng):
    """The sharper a row, the smaller its entropy; every row of a square table gets one number."""
    weights = np.array([[0.8, 0.1, 0.1], [0.3, 0.5, 0.2], [0.35, 0.3, 0.35]])[rng.permutation(3)]
    check_array(student.attention_entropy(weights), [entropy(row) for row in weights.tolist()], **ENTROPY)


@criterion("2.7", "zeros")
def test_a_share_of_zero_adds_nothing(student):
    """All attention on one word has entropy zero, and the shares 0.5, 0 and 0.5 have log(2)."""
    check_array(student.attention_entropy(np.array([[0.0, 1.0, 0.0]])), [0.0], **ENTROPY)
    check_array(student.attention_entropy(np.array([[0.5, 0.0, 0.5]])), [math.log(2)], **ENTROPY)


@criterion("2.7", "dtype")
def test_entropy_of_float32_is_float32(student):
    """float32 shares give a float32 entropy."""
    weights = np.array(TWO_SHARES)
    usual = student.attention_entropy(weights)
    answer = student.attention_entropy(weights.astype(np.float32))
    check_same((answer,), (usual,), dtype=np.float32, **FLOAT32)


@criterion("2.7", "pure")
def test_measuring_leaves_the_weights_alone(student):
    """Locked weights, which cannot be written to, give the same entropy."""
    weights = np.array(TWO_SHARES)
    usual = student.attention_entropy(weights.copy())
    check_same((student.attention_entropy(*locked(weights)),), (usual,), **ENTROPY)
