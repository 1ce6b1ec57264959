"""Hidden tests of lesson 2: batches, other shapes, probes for leaks, and PyTorch's own answers."""

import math

import numpy as np

from grader.testing import check_array, check_raises, check_that, criterion

# Two right orders of operations differ by a few roundings of float64, about 1e-15; a mistake by far more.
FLOAT64 = {"rtol": 1e-7, "atol": 1e-9}
# What a word may not see must not move its output at all; this leaves room for another order of a sum.
NO_LEAK = {"rtol": 0.0, "atol": 1e-9}
# Some keep log(0) away with a tiny number such as 1e-9 under the logarithm, which moves a sum by that much.
ENTROPY = {"rtol": 1e-7, "atol": 1e-7}


def product_loop(a, b):
    """Multiply [..., T, D] with [..., D, C], one number of the result at a time."""
    b = np.broadcast_to(b, (*a.shape[:-2], *b.shape[-2:]))
    result = np.empty((*a.shape[:-1], b.shape[-1]))
    for *batch, i, c in np.ndindex(*result.shape):
        row, column = a[(*batch, i)].tolist(), b[tuple(batch)][:, c].tolist()
        result[(*batch, i, c)] = math.fsum(x * y for x, y in zip(row, column, strict=True))
    return result


def attention_loop(q, k, v, mask=None):
    """Compute (out, weights) with loops; a query that sees nothing gets zeros."""
    scores = product_loop(q, np.swapaxes(k, -1, -2)) / math.sqrt(q.shape[-1])
    allowed = np.broadcast_to(True if mask is None else mask, scores.shape)
    weights = np.zeros(scores.shape)
    for place in np.ndindex(*scores.shape[:-1]):
        seen = scores[place][allowed[place]].tolist()
        powers = [math.exp(score - max(seen)) for score in seen]
        weights[place][allowed[place]] = [power / math.fsum(powers) for power in powers]
    return product_loop(weights, v), weights


def look_around(x, w_q, w_k, w_v, mask=None):
    """Compute self-attention with loops: (out, weights)."""
    return attention_loop(*(product_loop(x, w) for w in (w_q, w_k, w_v)), mask)


def back_loop(d_out, q, k, v, weights):
    """Add up how every pair passes the gradient on, and hand back (d_q, d_k, d_v)."""
    d_q, d_k, d_v = np.zeros(q.shape), np.zeros(k.shape), np.zeros(v.shape)
    for *batch, i in np.ndindex(*weights.shape[:-1]):
        at, row = tuple(batch), weights[(*batch, i)].tolist()
        gain = [math.fsum((d_out[at][i] * v[at][j]).tolist()) for j in range(len(row))]
        mean = math.fsum(w * g for w, g in zip(row, gain, strict=True))
        for j, share in enumerate(row):
            slope = share * (gain[j] - mean) / math.sqrt(q.shape[-1])
            d_q[at][i] += slope * k[at][j]
            d_k[at][j] += slope * q[at][i]
            d_v[at][j] += share * d_out[at][i]
    return d_q, d_k, d_v


def parts(answer, count):
    """Demand a tuple of so many arrays, and give it."""
    right = type(answer) is tuple and len(answer) == count
    check_that(right and all(isinstance(part, np.ndarray) for part in answer),
               f"The function returns {count} arrays.", actual=answer)
    return answer


def yes_and_no(mask):
    """Take a mask of 0 and 1 as the bools it stands for: its dtype is judged in a test of its own."""
    check_that(isinstance(mask, np.ndarray) and mask.dtype.kind in "biuf", "A mask is an array.", actual=mask)
    return mask.astype(bool)


def check_pair(answer, out, weights, **tolerance):
    """Compare both parts of (out, weights), the weights first: a wrong output often follows from them."""
    your_out, your_weights = parts(answer, 2)
    check_array(your_weights, weights, name="the table of weights", **tolerance)
    check_array(your_out, out, name="the output", **tolerance)


def check_gradients(answer, d_q, d_k, d_v):
    """Compare the three gradients."""
    names = "the gradient at the queries", "the gradient at the keys", "the gradient at the values"
    for name, part, expected in zip(names, parts(answer, 3), (d_q, d_k, d_v), strict=True):
        check_array(part, expected, name=name, **FLOAT64)


# ---------------------------------------------------------------- 2.1 embed


@criterion("2.1", "any-shape")
def test_batches_of_ids(student, rng):
    """Ids of any shape become vectors along one more axis, at the end."""
    table = rng.normal(size=(7, 4))
    for shape in ((2, 3), (2, 1, 5), (1, 1)):
        ids = rng.integers(7, size=shape)
        expected = [table[token].tolist() for token in ids.ravel().tolist()]
        check_array(student.embed(ids, table), np.reshape(expected, (*shape, 4)), **FLOAT64)


@criterion("2.1", "any-shape")
def test_embedding_agrees_with_torch(student, goldens):
    """The vectors of a batch are those that PyTorch gives."""
    answer = student.embed(goldens["embed_ids"].copy(), goldens["embed_table"].copy())
    check_array(answer, goldens["embed_rows"], **FLOAT64)


# ---------------------------------------------------------------- 2.2 project_qkv


@criterion("2.2", "products")
def test_projecting_is_linear(student, rng):
    """Twice one text less another text gives twice the queries of one less those of the other, and so on."""
    one, other = rng.normal(size=(2, 3, 4))
    matrices = rng.normal(size=(4, 5)), rng.normal(size=(4, 5)), rng.normal(size=(4, 2))
    answer = parts(student.project_qkv(2 * one - other, *matrices), 3)
    for part, matrix in zip(answer, matrices, strict=True):
        check_array(part, 2 * product_loop(one, matrix) - product_loop(other, matrix), **FLOAT64)


@criterion("2.2", "batch")
def test_projecting_batches(student, rng):
    """With one batch axis, with two, and with every size the same, each text is projected on its own."""
    for batch, width in (((2, 3), 4), ((3, 2, 5), 4), ((3, 3), 3)):
        x = rng.normal(size=(*batch, width))
        matrices = rng.normal(size=(width, 3)), rng.normal(size=(width, 3)), rng.normal(size=(width, 2))
        answer = parts(student.project_qkv(x, *matrices), 3)
        for part, matrix in zip(answer, matrices, strict=True):
            check_array(part, product_loop(x, matrix), **FLOAT64)


@criterion("2.2", "batch")
def test_projecting_views(student, rng):
    """Arrays whose numbers do not lie side by side in memory are read correctly."""
    x, w_q = rng.normal(size=(4, 3, 2)).transpose(2, 1, 0), np.asfortranarray(rng.normal(size=(4, 5)))
    w_k, w_v = rng.normal(size=(5, 4)).T, rng.normal(size=(4, 6))[:, ::2]
    answer = parts(student.project_qkv(x, w_q, w_k, w_v), 3)
    for part, matrix in zip(answer, (w_q, w_k, w_v), strict=True):
        check_array(part, product_loop(x, matrix), **FLOAT64)


# ---------------------------------------------------------------- 2.3 causal_mask


@criterion("2.3", "aligned")
def test_new_words_have_the_last_rows_of_the_whole_mask(student):
    """A mask for the last words of a text holds the last rows of the mask for all of its words."""
    for queries, keys in ((1, 2), (2, 5), (3, 4), (4, 7)):
        expected = [[key <= query for key in range(keys)] for query in range(keys - queries, keys)]
        check_array(yes_and_no(student.causal_mask(queries, keys)), expected)


@criterion("2.3", "tall")
def test_queries_before_the_first_key_see_nothing(student):
    """With more queries than keys, the first rows are False, and the last query still sees every key."""
    for queries, keys in ((2, 1), (4, 2), (5, 3)):
        expected = [[key <= query + keys - queries for key in range(keys)] for query in range(queries)]
        check_array(yes_and_no(student.causal_mask(queries, keys)), expected)


# ---------------------------------------------------------------- 2.4 padding_mask


@criterion("2.4", "empty-and-full")
def test_a_text_without_any_word(student):
    """An empty text has nothing that may be looked at, beside a text of two words."""
    expected = [[[False, False, False]], [[True, True, False]]]
    check_array(yes_and_no(student.padding_mask(np.array([0, 2]), 3)), expected)


@criterion("2.4", "empty-and-full")
def test_a_text_without_any_padding(student):
    """A text that fills all places may be looked at everywhere, beside a text of two words."""
    expected = [[[True, True, False]], [[True, True, True]]]
    check_array(yes_and_no(student.padding_mask(np.array([2, 3]), 3)), expected)


@criterion("2.4", "range")
def test_lengths_that_cannot_be(student):
    """A length above the number of places, or below zero, raises ValueError; lengths between are taken."""
    mask = student.padding_mask(np.array([2, 3, 1]), 4)
    check_that(isinstance(mask, np.ndarray), "The lengths 2, 3 and 1 are taken.", actual=mask)
    for wrong in (5, -1):
        check_raises(ValueError, student.padding_mask, np.array([2, wrong, 1]), 4)


# ---------------------------------------------------------------- 2.5 self_attention


def one_feature(rng, *shape):
    """Draw texts and matrices of one feature: the root of 1 is 1, so the scale does no harm."""
    w_q, w_k = rng.uniform(1, 2, (1, 1)), rng.uniform(1, 2, (1, 1))
    return rng.normal(0, 2, (*shape, 1)), w_q, w_k, rng.uniform(1, 2, (1, 3))


def four_sizes(rng, *shape):
    """Draw texts of width 4, keys of width 3 and values of width 2."""
    return rng.normal(size=(*shape, 4)), *rng.normal(size=(2, 4, 3)), rng.normal(size=(4, 2))


@criterion("2.5", "formula")
def test_self_attention_agrees_with_torch(student, goldens):
    """Output and weights are those that PyTorch gives."""
    arrays = [goldens[f"plain_{name}"].copy() for name in ("x", "w_q", "w_k", "w_v")]
    check_pair(student.self_attention(*arrays), goldens["plain_out"], goldens["plain_weights"], **FLOAT64)


@criterion("2.5", "mask")
def test_masked_self_attention_agrees_with_torch(student, goldens):
    """With a mask, output and weights are those that PyTorch gives."""
    arrays = [goldens[f"masked_{name}"].copy() for name in ("x", "w_q", "w_k", "w_v", "mask")]
    check_pair(student.self_attention(*arrays), goldens["masked_out"], goldens["masked_weights"], **FLOAT64)


@criterion("2.5", "batch")
def test_every_text_of_a_batch_is_as_if_alone(student, rng):
    """Each text of a batch, and of a batch of batches, gets the answer that it gets alone."""
    for batch in ((2,), (2, 3)):
        x, *matrices = four_sizes(rng, *batch, 5)
        out, weights = parts(student.self_attention(x, *matrices), 2)
        check_that(weights.shape == (*batch, 5, 5) and out.shape == (*batch, 5, 2),
                   "The weights are [..., T, T], the output is [..., T, d_v].", actual=weights)
        last = parts(student.self_attention(x[(-1,) * len(batch)], *matrices), 2)
        check_pair((out[(-1,) * len(batch)], weights[(-1,) * len(batch)]), *last, **FLOAT64)


@criterion("2.5", "batch")
def test_every_text_has_its_own_padding(student, rng):
    """A mask [B, 1, T] hides other words in each text; one [B, T, T] may add that nobody looks ahead."""
    arrays = one_feature(rng, 2, 4)
    padding = np.arange(4) < np.array([2, 3])[:, np.newaxis, np.newaxis]
    for mask in (padding, padding & np.tril(np.ones((4, 4), dtype=bool))):
        check_pair(student.self_attention(*arrays, mask), *look_around(*arrays, mask), **FLOAT64)


@criterion("2.5", "no-leak")
def test_later_words_have_no_influence(student, rng):
    """Under a causal mask, changing the words from any place on changes nothing before it."""
    x, *matrices = four_sizes(rng, 2, 5)
    mask = np.tril(np.ones((5, 5), dtype=bool))
    out, weights = parts(student.self_attention(x, *matrices, mask), 2)
    for place in range(1, 5):
        changed = x.copy()
        changed[:, place:] += rng.uniform(1, 2, changed[:, place:].shape)
        later_out, later_weights = parts(student.self_attention(changed, *matrices, mask), 2)
        check_array(later_weights[:, :place], weights[:, :place], name="the table of weights", **NO_LEAK)
        check_array(later_out[:, :place], out[:, :place], name="the output", **NO_LEAK)


@criterion("2.5", "no-leak")
def test_padding_has_no_influence(student, rng):
    """Whatever stands in the padding, the words of the text get the same outputs."""
    x, *matrices = four_sizes(rng, 2, 5)
    lengths = np.array([2, 4])
    mask = np.arange(5) < lengths[:, np.newaxis, np.newaxis]
    changed = np.where(np.swapaxes(mask, 1, 2), x, x + rng.uniform(1, 2, x.shape))
    out, weights = parts(student.self_attention(x, *matrices, mask), 2)
    other_out, other_weights = parts(student.self_attention(changed, *matrices, mask), 2)
    for text, length in enumerate(lengths):
        words = text, slice(length)
        check_array(other_weights[words], weights[words], name="the table of weights", **NO_LEAK)
        check_array(other_out[words], out[words], name="the output", **NO_LEAK)


@criterion("2.5", "dead-rows")
def test_a_word_that_sees_nothing_gets_zeros(student, rng):
    """A word with nothing to look at, and every word of an empty text, gets weights and output of zero."""
    x, *matrices = four_sizes(rng, 3, 5)
    mask = np.broadcast_to(np.tril(np.ones((5, 5), dtype=bool), -1), (3, 5, 5)).copy()
    mask[1], mask[2, 3, :2] = False, False
    dead = ~mask.any(axis=-1)
    out, weights = parts(student.self_attention(x, *matrices, mask), 2)
    check_that(weights.shape == (3, 5, 5) and out.shape == (3, 5, 2),
               "The weights are [..., T, T], the output is [..., T, d_v].", actual=weights)
    check_array(weights[dead], np.zeros((7, 5)), name="each row of weights that sees nothing", **FLOAT64)
    check_array(out[dead], np.zeros((7, 2)), name="each output that sees nothing", **FLOAT64)
    check_that(bool(np.isfinite(weights).all() and np.isfinite(out).all()), "All numbers are finite.",
               actual=weights)


# ---------------------------------------------------------------- 2.6 scaled_dot_product_attention_backward


def one_golden_back(student, goldens):
    """Ask for the gradients of one text, of which PyTorch knows the answer."""
    names = "one_d_out", "one_q", "one_k", "one_v", "one_weights"
    return parts(student.scaled_dot_product_attention_backward(*(goldens[name].copy() for name in names)), 3)


@criterion("2.6", "values")
def test_gradient_at_the_values_agrees_with_torch(student, goldens):
    """Where every size is different, the gradient at the values is the one that PyTorch gives."""
    check_array(one_golden_back(student, goldens)[2], goldens["one_d_v"], name="the gradient at the values",
                **FLOAT64)


@criterion("2.6", "queries")
def test_gradient_at_the_queries_agrees_with_torch(student, goldens):
    """Where every size is different, the gradient at the queries is the one that PyTorch gives."""
    check_array(one_golden_back(student, goldens)[0], goldens["one_d_q"], name="the gradient at the queries",
                **FLOAT64)


@criterion("2.6", "keys")
def test_gradient_at_the_keys_agrees_with_torch(student, goldens):
    """Where every size is different, the gradient at the keys is the one that PyTorch gives."""
    check_array(one_golden_back(student, goldens)[1], goldens["one_d_k"], name="the gradient at the keys",
                **FLOAT64)


@criterion("2.6", "masked")
def test_gradients_under_a_mask(student, rng):
    """With weights that a mask has left, the gradients follow from these weights, pair by pair."""
    q, k, v = rng.normal(size=(4, 1)), rng.normal(size=(5, 1)), rng.normal(size=(5, 3))
    mask = np.arange(5) <= np.arange(4)[:, np.newaxis]
    d_out, weights = rng.normal(size=(4, 3)), attention_loop(q, k, v, mask)[1]
    answer = student.scaled_dot_product_attention_backward(d_out, q, k, v, weights)
    check_gradients(answer, *back_loop(d_out, q, k, v, weights))


@criterion("2.6", "masked")
def test_nothing_flows_to_what_nobody_sees(student, rng):
    """A key that nobody sees gets gradients of zero, and so does a query that sees nothing."""
    q, k, v, d_out = rng.normal(size=(4, 3, 3))
    mask = np.array([[True, True, False], [False, False, False], [True, True, False]])
    weights = attention_loop(q, k, v, mask)[1]
    d_q, d_k, d_v = parts(student.scaled_dot_product_attention_backward(d_out, q, k, v, weights), 3)
    shapes = d_q.shape, d_k.shape, d_v.shape
    check_that(shapes == ((3, 3),) * 3, "Every gradient has the shape of its array.", actual=d_q)
    unseen = np.array([d_q[1], d_k[2], d_v[2]])
    check_array(unseen, np.zeros((3, 3)), name="what flows to the unseen", **FLOAT64)


# One feature again: here it is the batch that is in question, not the scale.
@criterion("2.6", "batch")
def test_gradients_of_batches_and_heads_agree_with_torch(student, goldens):
    """Every head of every batch row has the gradients that PyTorch gives."""
    names = "heads_d_out", "heads_q", "heads_k", "heads_v", "heads_weights"
    answer = student.scaled_dot_product_attention_backward(*(goldens[name].copy() for name in names))
    check_gradients(answer, *(goldens[f"heads_d_{role}"] for role in "qkv"))


@criterion("2.6", "batch")
def test_gradients_of_views(student, rng):
    """A batch whose numbers do not lie side by side in memory is read correctly."""
    q, k = rng.normal(size=(1, 3, 2)).T, rng.normal(size=(2, 1, 4)).swapaxes(1, 2)
    v, d_out = rng.normal(size=(2, 8, 5))[:, ::2], np.asfortranarray(rng.normal(size=(2, 3, 5)))
    weights = attention_loop(q, k, v)[1]
    answer = student.scaled_dot_product_attention_backward(d_out, q, k, v, weights)
    check_gradients(answer, *back_loop(d_out, q, k, v, weights))


# ---------------------------------------------------------------- 2.7 attention_entropy


def entropy_loop(weights):
    """Add up -w log w over the shares that are not zero, row by row."""
    result = np.empty(weights.shape[:-1])
    for place in np.ndindex(*result.shape):
        result[place] = -math.fsum(w * math.log(w) for w in weights[place].tolist() if w > 0)
    return result


@criterion("2.7", "zeros")
def test_a_query_that_looks_at_nothing(student, rng):
    """A row of zeros has the entropy zero, and does not disturb the rows around it."""
    weights = rng.dirichlet(np.ones(4), 3)
    weights[1] = 0.0
    check_array(student.attention_entropy(weights), entropy_loop(weights), **ENTROPY)


@criterion("2.7", "any-shape")
def test_entropy_of_batches_and_heads(student, rng):
    """Every query of every head gets a number."""
    for shape in ((2, 3, 4), (3, 5), (2, 5, 5)):
        weights = rng.dirichlet(np.ones(5), shape)
        check_array(student.attention_entropy(weights), entropy_loop(weights), **ENTROPY)


@criterion("2.7", "nats")
def test_entropy_lies_between_zero_and_the_logarithm(student, rng):
    """The order of the keys does not matter, and no row is more spread out than equal shares."""
    weights, order = rng.dirichlet(np.full(5, 0.7), 4), rng.permutation(5)
    answer = student.attention_entropy(weights[:, order])
    check_array(answer, entropy_loop(weights), **ENTROPY)
    check_that(bool((answer >= 0).all() and (answer <= math.log(5)).all()),
               "Every entropy lies between 0 and log(T_k).", actual=answer)
