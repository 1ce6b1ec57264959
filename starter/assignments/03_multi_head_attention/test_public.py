"""Public tests of lesson 3. They come with your repository: read them, run them, add your own.

Every expected number is worked out by hand, by plain Python loops, by nudging, or follows from a law.
"""

import math

import numpy as np

from grader.testing import check_array, check_raises, check_that, check_tree, criterion

# Two right orders of operations differ by a few roundings of float64, about 1e-15; a mistake by far more.
FLOAT64 = {"rtol": 1e-7, "atol": 1e-9}
# float32 has seven digits, and a few operations may cost two of them.
FLOAT32 = {"rtol": 1e-4, "atol": 1e-6}
# A central difference with a step of 1e-5 is itself wrong by about 1e-10.
DIFFERENCE = {"rtol": 1e-6, "atol": 1e-8}
STEP = 1e-5
# What a token may not see must not move its output at all; this leaves room for another order of a sum.
NO_LEAK = {"rtol": 0.0, "atol": 1e-9}

# The worked example of the lesson: "old cat young dog". Two features for the place of a word, two for its
# kind. Head 0 looks for the place before its own, head 1 for its own kind; both hand the kind over.
WORDS = [[2.0, 0.0, 2.0, 0.0], [0.0, 2.0, 0.0, 2.0], [-2.0, 0.0, 2.0, 0.0], [0.0, -2.0, 0.0, 2.0]]
TURN = [[0.0, -1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
KINDS = [[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]]
MIX = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0]]


def example():
    """Give the worked example's layer: two heads of width 2."""
    return {
        "c_attn": {"weight": np.hstack([TURN, np.eye(4), KINDS]), "bias": np.zeros(12)},
        "c_proj": {"weight": np.array(MIX), "bias": np.zeros(4)},
    }


def random_layer(rng, width):
    """Draw a layer in which no number is zero or one by chance."""
    return {
        "c_attn": {"weight": rng.normal(0, 0.7, (width, 3 * width)), "bias": rng.uniform(0.5, 1, 3 * width)},
        "c_proj": {"weight": rng.normal(0, 0.7, (width, width)), "bias": rng.uniform(0.5, 1, width)},
    }


def change(tree, function):
    """Apply a function to every array of a layer."""
    if isinstance(tree, dict):
        return {key: change(branch, function) for key, branch in tree.items()}
    return function(tree)


def lock(array):
    """Copy an array and make the copy read-only."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def floats(array):
    """Take integers as the floats they are equal to; leave all else as it is."""
    whole = isinstance(array, np.ndarray) and array.dtype.kind in "iu"
    return array.astype(np.float64) if whole else array


def three(answer):
    """Demand three parts, in a tuple or a list, and give them."""
    check_that(type(answer) in (tuple, list) and len(answer) == 3,
               "The function returns three things: (q, k, v).", actual=answer)
    return answer


def pair(answer, names="(out, weights)"):
    """Demand a tuple of two, and give its parts."""
    check_that(type(answer) is tuple and len(answer) == 2, f"The function returns two things: {names}.",
               actual=answer)
    return answer


def check_pair(answer, out, weights, **tolerance):
    """Compare both parts of (out, weights)."""
    your_out, your_weights = pair(answer)
    check_array(your_weights, weights, name="the table of weights", **tolerance)
    check_array(your_out, out, name="the output", **tolerance)


# Plain loops, one number at a time


def dot(a, b):
    """Add up the products, feature by feature."""
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def shares_of(scores):
    """Share out 1 over a list of scores with math.exp."""
    powers = [math.exp(score - max(scores)) for score in scores]
    return [power / math.fsum(powers) for power in powers]


def project(row, weight, bias, columns):
    """Multiply one token's vector with some columns of a weight, and add their biases."""
    return [dot(row, weight[:, c].tolist()) + float(bias[c]) for c in columns]


def one_head(x, memory, params, columns):
    """Let one head, which owns these columns, read a text: its outputs and its table of weights."""
    weight, bias, width = params["c_attn"]["weight"], params["c_attn"]["bias"], len(x[0])
    keys = [project(row, weight, bias, [width + c for c in columns]) for row in memory]
    values = [project(row, weight, bias, [2 * width + c for c in columns]) for row in memory]
    out, weights = [], []
    for row in x:
        query = project(row, weight, bias, columns)
        weights.append(shares_of([dot(query, key) / math.sqrt(len(columns)) for key in keys]))
        out.append([dot(weights[-1], column) for column in zip(*values, strict=True)])
    return out, weights


def one_text(x, memory, params, n_head):
    """Read one text with all heads, one after the other: (out, weights) as arrays."""
    x, memory, width = x.tolist(), memory.tolist(), x.shape[-1]
    size = width // n_head
    slices = [range(h * size, (h + 1) * size) for h in range(n_head)]
    heads = [one_head(x, memory, params, columns) for columns in slices]
    beside = [[number for out, _ in heads for number in out[i]] for i in range(len(x))]
    weight, bias = params["c_proj"]["weight"], params["c_proj"]["bias"]
    out = [project(row, weight, bias, range(width)) for row in beside]
    return np.array(out), np.array([weights for _, weights in heads])


def by_loops(x, params, n_head, memory=None):
    """Read every text of a batch by itself, without a mask: (out, weights)."""
    memory = x if memory is None else memory
    texts = [one_text(one, other, params, n_head) for one, other in zip(x, memory, strict=True)]
    return np.array([out for out, _ in texts]), np.array([weights for _, weights in texts])


def check_masked(weights, free, mask):
    """Demand what a mask does to weights: forbidden ones are zero, and the others share out the rest."""
    check_that(weights.shape == free.shape, "A mask leaves the weights their shape.", actual=weights)
    kept = free * mask
    check_array(weights, kept / kept.sum(axis=-1, keepdims=True), name="the table of weights", **FLOAT64)


# ---------------------------------------------------------------- 3.1 split_heads

TWO_TOKENS = [[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]]  # one text, two tokens, four features


@criterion("3.1", "layout")
def test_two_tokens_for_two_heads(student):
    """Of the tokens 1 2 3 4 and 5 6 7 8, head 0 gets 1 2 and 5 6, and head 1 gets 3 4 and 7 8."""
    expected = [[[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]]]
    check_array(student.split_heads(np.array(TWO_TOKENS), 2), expected, **FLOAT64)


@criterion("3.1", "layout")
def test_every_number_lands_in_its_place(student, rng):
    """Number i of head h is feature h * d_k + i of the token, for three heads of width four."""
    x = rng.normal(size=(2, 5, 12))
    expected = np.empty((2, 3, 5, 4))
    for b, h, t, i in np.ndindex(*expected.shape):
        expected[b, h, t, i] = x[b, t, h * 4 + i]
    check_array(student.split_heads(x, 3), expected, **FLOAT64)


@criterion("3.1", "refuses")
def test_a_width_that_cannot_be_shared(student):
    """Four features for two heads are fine; for three heads, or for eight, they raise a ValueError."""
    x = np.array(TWO_TOKENS)
    shape = np.shape(student.split_heads(x, 2))
    check_that(math.prod(shape) == x.size, "A width that can be shared gives an answer.", actual=shape)
    check_raises(ValueError, student.split_heads, x, 3)
    check_raises(ValueError, student.split_heads, x, 8)


# From here on, "dtype" and "pure" compare with the student's own answer: nothing else is in question.
@criterion("3.1", "dtype")
def test_heads_keep_float32(student):
    """float32 vectors give float32 heads; whole numbers may stay whole or become float64."""
    x = np.array(TWO_TOKENS)
    usual = student.split_heads(x, 2)
    check_array(student.split_heads(x.astype(np.float32), 2), usual, dtype=np.float32, **FLOAT32)
    check_array(floats(student.split_heads(x.astype(np.int64), 2)), usual, dtype=np.float64, **FLOAT64)


@criterion("3.1", "pure")
def test_splitting_leaves_its_input_alone(student):
    """Locked vectors, which cannot be written to, are split all the same."""
    x = np.array(TWO_TOKENS)
    check_array(student.split_heads(lock(x), 2), student.split_heads(x, 2), **FLOAT64)


# ---------------------------------------------------------------- 3.2 merge_heads

TWO_HEADS = [[[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]]]  # one text, two heads, two tokens


@criterion("3.2", "layout")
def test_two_heads_side_by_side(student):
    """From the heads 1 2, 5 6 and 3 4, 7 8 the tokens 1 2 3 4 and 5 6 7 8 are put together again."""
    check_array(student.merge_heads(np.array(TWO_HEADS)), TWO_TOKENS, **FLOAT64)


@criterion("3.2", "layout")
def test_every_number_lands_back_in_its_place(student, rng):
    """Feature h * d_k + i of a token is number i of head h, for three heads of width four."""
    x = rng.normal(size=(2, 3, 5, 4))
    expected = np.empty((2, 5, 12))
    for b, h, t, i in np.ndindex(*x.shape):
        expected[b, t, h * 4 + i] = x[b, h, t, i]
    check_array(student.merge_heads(x), expected, **FLOAT64)


@criterion("3.2", "dtype")
def test_merged_heads_keep_float32(student):
    """float32 heads give float32 vectors; whole numbers may stay whole or become float64."""
    x = np.array(TWO_HEADS)
    usual = student.merge_heads(x)
    check_array(student.merge_heads(x.astype(np.float32)), usual, dtype=np.float32, **FLOAT32)
    check_array(floats(student.merge_heads(x.astype(np.int64))), usual, dtype=np.float64, **FLOAT64)


@criterion("3.2", "pure")
def test_merging_leaves_its_input_alone(student):
    """Locked heads, which cannot be written to, are merged all the same."""
    x = np.array(TWO_HEADS)
    check_array(student.merge_heads(lock(x)), student.merge_heads(x), **FLOAT64)


# ---------------------------------------------------------------- 3.3 split_qkv


@criterion("3.3", "blocks")
def test_three_blocks_of_columns(student):
    """With weight columns of 1, 2, 3, 4, 5 and 6 over two features, the blocks are 1 2, 3 4 and 5 6."""
    weight = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    answer = three(student.split_qkv(np.array([[1.0, 9.0], [2.0, 9.0]]), weight, np.zeros(6)))
    blocks = [[1.0, 2.0], [2.0, 4.0]], [[3.0, 4.0], [6.0, 8.0]], [[5.0, 6.0], [10.0, 12.0]]
    for name, got, wanted in zip("qkv", answer, blocks, strict=True):
        check_array(got, wanted, name=name, **FLOAT64)


@criterion("3.3", "blocks")
def test_one_product_equals_three(student, rng):
    """Queries, keys and values are what three separate matrices would give."""
    x, blocks = rng.normal(size=(5, 3)), rng.normal(size=(3, 3, 3))
    answer = three(student.split_qkv(x, np.hstack(blocks), np.zeros(9)))
    for name, got, block in zip("qkv", answer, blocks, strict=True):
        expected = [[dot(row, column) for column in block.T.tolist()] for row in x.tolist()]
        check_array(got, expected, name=name, **FLOAT64)


@criterion("3.3", "bias")
def test_each_part_has_its_third_of_the_bias(student, rng):
    """For a vector of zeros, queries, keys and values are the three thirds of the bias."""
    bias = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    answer = three(student.split_qkv(np.zeros((3, 2)), rng.normal(size=(2, 6)), bias))
    for name, got, third in zip("qkv", answer, ([1.0, 2.0], [3.0, 4.0], [5.0, 6.0]), strict=True):
        check_array(got, [third] * 3, name=name, **FLOAT64)


@criterion("3.3", "dtype")
def test_queries_keys_and_values_keep_float32(student):
    """float32 in gives float32 out; whole numbers may stay whole or become float64."""
    inputs = np.array([[1.0, 2.0]]), np.arange(12.0).reshape(2, 6), np.arange(6.0)
    usual = three(student.split_qkv(*inputs))
    single = three(student.split_qkv(*(a.astype(np.float32) for a in inputs)))
    whole = three(student.split_qkv(*(a.astype(np.int64) for a in inputs)))
    for name, wanted, one, other in zip("qkv", usual, single, whole, strict=True):
        check_array(one, wanted, dtype=np.float32, name=name, **FLOAT32)
        check_array(floats(other), wanted, dtype=np.float64, name=name, **FLOAT64)


@criterion("3.3", "pure")
def test_the_fused_product_leaves_its_inputs_alone(student):
    """Locked vectors, weight and bias, which cannot be written to, give the same answer."""
    inputs = np.array([[1.0, 2.0]]), np.arange(12.0).reshape(2, 6), np.arange(6.0)
    usual = three(student.split_qkv(*(a.copy() for a in inputs)))
    answer = three(student.split_qkv(*(lock(a) for a in inputs)))
    for name, wanted, got in zip("qkv", usual, answer, strict=True):
        check_array(got, wanted, name=name, **FLOAT64)


# ---------------------------------------------------------------- 3.4 multi_head_attention


@criterion("3.4", "weights")
def test_worked_example_weights(student):
    """In "old cat young dog", dog gives 0.892 to young in head 0, and 0.472 to each animal in head 1."""
    x = np.array([WORDS])
    weights = pair(student.multi_head_attention(x, example(), 2))[1]
    check_array(weights, by_loops(x, example(), 2)[1], name="the table of weights", **FLOAT64)


@criterion("3.4", "weights")
def test_every_head_has_its_own_table(student, rng):
    """Three heads of width four, in two texts of five tokens, follow the formula each on its own."""
    x, params = rng.normal(size=(2, 5, 12)), random_layer(rng, 12)
    weights = pair(student.multi_head_attention(x, params, 3))[1]
    check_array(weights, by_loops(x, params, 3)[1], name="the table of weights", **FLOAT64)


@criterion("3.4", "output")
def test_worked_example_output(student):
    """The output of dog begins with 3.68: an animal, after a word that describes."""
    x = np.array([WORDS])
    out = pair(student.multi_head_attention(x, example(), 2))[0]
    check_array(out, by_loops(x, example(), 2)[0], name="the output", **FLOAT64)


@criterion("3.4", "output")
def test_the_heads_go_through_the_output_projection(student, rng):
    """Two texts of three tokens, four heads of width two: side by side, then through c_proj."""
    x, params = rng.normal(size=(2, 3, 8)), random_layer(rng, 8)
    out = pair(student.multi_head_attention(x, params, 4))[0]
    check_array(out, by_loops(x, params, 4)[0], name="the output", **FLOAT64)


@criterion("3.4", "mask")
def test_no_head_looks_ahead(student):
    """Under a causal mask each word of "old cat young dog" shares out over itself and what came before."""
    x, causal = np.array([WORDS]), np.tril(np.ones((4, 4), dtype=bool))
    free = pair(student.multi_head_attention(x, example(), 2))[1]
    weights = pair(student.multi_head_attention(x, example(), 2, causal))[1]
    check_masked(weights, free, causal)


@criterion("3.4", "mask")
def test_later_tokens_change_nothing_before_them(student, rng):
    """Under a causal mask, other words from the fourth on leave the first three outputs as they were."""
    x, params, causal = rng.normal(size=(2, 5, 6)), random_layer(rng, 6), np.tril(np.ones((5, 5), dtype=bool))
    out, weights = pair(student.multi_head_attention(x, params, 3, causal))
    check_that(out.shape == (2, 5, 6) and weights.shape == (2, 3, 5, 5),
               "The output is [B, T, D] and the weights are [B, H, T, T].", actual=weights)
    changed = x.copy()
    changed[:, 3:] += rng.uniform(1, 2, changed[:, 3:].shape)
    later_out, later_weights = pair(student.multi_head_attention(changed, params, 3, causal))
    check_array(later_weights[:, :, :3], weights[:, :, :3], name="the table of weights", **NO_LEAK)
    check_array(later_out[:, :3], out[:, :3], name="the output", **NO_LEAK)


@criterion("3.4", "dtype")
def test_the_layer_keeps_float32(student):
    """float32 in gives float32 out, weights as well as output, and integers become float64."""
    x, params, causal = np.array([WORDS]), example(), np.tril(np.ones((4, 4), dtype=bool))
    for mask in (None, causal):
        out, weights = pair(student.multi_head_attention(x, params, 2, mask))
        for given, wanted in ((np.float32, np.float32), (np.int64, np.float64)):
            layer = change(params, lambda a, g=given: a.astype(g))
            answer = student.multi_head_attention(x.astype(given), layer, 2, mask)
            check_pair(answer, out.astype(wanted), weights.astype(wanted), **FLOAT32)


@criterion("3.4", "pure")
def test_the_layer_leaves_its_inputs_alone(student):
    """Locked vectors, parameters and mask, which cannot be written to, give the same answer."""
    x, params, causal = np.array([WORDS]), example(), np.tril(np.ones((4, 4), dtype=bool))
    usual = pair(student.multi_head_attention(x.copy(), change(params, np.copy), 2, causal.copy()))
    answer = student.multi_head_attention(lock(x), change(params, lock), 2, lock(causal))
    check_pair(answer, *usual, **FLOAT64)


# ---------------------------------------------------------------- 3.5 cross_attention

# "la maison rouge" reads "the red house". Head 0 knows the first two features, the article and the colour;
# head 1 knows the other two, the house and a feature that every English word has.
FRENCH = [[[3.0, 0.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0], [0.0, 3.0, 0.0, 0.0]]]
ENGLISH = [[[3.0, 0.0, 0.0, 1.0], [0.0, 3.0, 0.0, 1.0], [0.0, 0.0, 3.0, 1.0]]]


def plain_layer():
    """Give a layer that changes nothing: queries, keys and values are the vectors themselves."""
    return {
        "c_attn": {"weight": np.hstack([np.eye(4)] * 3), "bias": np.zeros(12)},
        "c_proj": {"weight": np.eye(4), "bias": np.zeros(4)},
    }


@criterion("3.5", "weights")
def test_a_translation_looks_at_the_other_text(student):
    """In "la maison rouge", head 1 sends maison to house, the third word of "the red house"."""
    x, memory = np.array(FRENCH), np.array(ENGLISH)
    weights = pair(student.cross_attention(x, memory, plain_layer(), 2))[1]
    check_array(weights, by_loops(x, plain_layer(), 2, memory)[1], name="the table of weights", **FLOAT64)


@criterion("3.5", "weights")
def test_two_texts_of_different_lengths(student, rng):
    """Three tokens read five others with two heads: the weights are [2, 2, 3, 5]."""
    x, memory, params = rng.normal(size=(2, 3, 8)), rng.normal(size=(2, 5, 8)), random_layer(rng, 8)
    weights = pair(student.cross_attention(x, memory, params, 2))[1]
    check_array(weights, by_loops(x, params, 2, memory)[1], name="the table of weights", **FLOAT64)


@criterion("3.5", "output")
def test_the_output_is_made_of_the_other_text(student, rng):
    """The outputs are blends of the other text's values, through the output projection."""
    for x, memory, params in (
        (np.array(FRENCH), np.array(ENGLISH), plain_layer()),
        (rng.normal(size=(2, 5, 6)), rng.normal(size=(2, 4, 6)), random_layer(rng, 6)),
    ):
        out = pair(student.cross_attention(x, memory, params, 2))[0]
        check_array(out, by_loops(x, params, 2, memory)[0], name="the output", **FLOAT64)


@criterion("3.5", "dtype")
def test_cross_attention_keeps_float32(student):
    """float32 in gives float32 out, weights as well as output, and integers become float64."""
    x, memory, params = np.array(FRENCH), np.array(ENGLISH), plain_layer()
    out, weights = pair(student.cross_attention(x, memory, params, 2))
    for given, wanted in ((np.float32, np.float32), (np.int64, np.float64)):
        answer = student.cross_attention(x.astype(given), memory.astype(given),
                                         change(params, lambda a, g=given: a.astype(g)), 2)
        check_pair(answer, out.astype(wanted), weights.astype(wanted), **FLOAT32)


@criterion("3.5", "pure")
def test_cross_attention_leaves_its_inputs_alone(student):
    """Both texts, parameters and mask are locked, cannot be written to, and give the same answer."""
    x, memory, params = np.array(FRENCH), np.array(ENGLISH), plain_layer()
    mask = np.array([[[True, True, False]]])
    usual = pair(student.cross_attention(x.copy(), memory.copy(), change(params, np.copy), 2, mask.copy()))
    answer = student.cross_attention(lock(x), lock(memory), change(params, lock), 2, lock(mask))
    check_pair(answer, *usual, **FLOAT64)


# ---------------------------------------------------------------- 3.6 multi_head_attention_backward


def forward(x, params, n_head):
    """Compute the output by plain matrix products, head by head, on slices of the columns."""
    width, weight = x.shape[-1], params["c_proj"]["weight"]
    q, k, v = np.split(x @ params["c_attn"]["weight"] + params["c_attn"]["bias"], 3, axis=-1)
    out, size = np.zeros_like(x) + params["c_proj"]["bias"], width // n_head
    for h in range(n_head):
        own = slice(h * size, (h + 1) * size)
        scores = np.einsum("bif,bjf->bij", q[..., own], k[..., own]) / math.sqrt(size)
        powers = np.exp(scores)
        weights = powers / powers.sum(axis=-1, keepdims=True)
        out = out + weights @ v[..., own] @ weight[own]
    return out


def slopes(array, loss):
    """Nudge every number of an array up and down, in place, and see how much the loss changes."""
    found = np.empty_like(array)
    for place in np.ndindex(*array.shape):
        kept = array[place]
        array[place] = kept + STEP
        above = loss()
        array[place] = kept - STEP
        found[place] = (above - loss()) / (2 * STEP)
        array[place] = kept
    return found


def backward_case(rng):
    """Draw a gradient, two texts of three tokens and a layer of two heads; give them with their loss."""
    x, params, d_out = rng.normal(size=(2, 3, 4)), random_layer(rng, 4), rng.normal(size=(2, 3, 4))
    return d_out, x, params, lambda: float((d_out * forward(x, params, 2)).sum())


def gradients_of(answer):
    """Demand (d_x, grads) with grads laid out like the parameters, and give both."""
    d_x, grads = pair(answer, "(d_x, grads)")
    same = type(grads) is dict and set(grads) == {"c_attn", "c_proj"}
    check_that(same and all(type(g) is dict and set(g) == {"weight", "bias"} for g in grads.values()),
               "The gradients are a dict with the keys of params.", actual=grads)
    return d_x, grads


@criterion("3.6", "c-proj")
def test_output_bias_counts_every_token(student, rng):
    """When every output would gain the same, the gradient of the output bias is the number of tokens."""
    _, x, params, _ = backward_case(rng)
    _, grads = gradients_of(student.multi_head_attention_backward(np.ones((2, 3, 4)), x, params, 2))
    check_array(grads["c_proj"]["bias"], [6.0] * 4, name="the gradient of c_proj's bias", **FLOAT64)


@criterion("3.6", "c-proj")
def test_gradient_of_the_output_projection_is_the_slope(student, rng):
    """Nudging any number of c_proj changes the loss as the gradient says."""
    d_out, x, params, loss = backward_case(rng)
    _, grads = gradients_of(student.multi_head_attention_backward(d_out, x, params, 2))
    expected = change(params["c_proj"], lambda a: slopes(a, loss))
    check_tree(grads["c_proj"], expected, name="the gradient of c_proj", **DIFFERENCE)


@criterion("3.6", "c-attn")
def test_gradient_of_the_fused_projection_is_the_slope(student, rng):
    """Nudging any number of c_attn changes the loss as the gradient says; for the key bias, by nothing."""
    d_out, x, params, loss = backward_case(rng)
    _, grads = gradients_of(student.multi_head_attention_backward(d_out, x, params, 2))
    expected = change(params["c_attn"], lambda a: slopes(a, loss))
    expected["bias"][4:8] = 0.0  # the same amount on every score of a row changes no share
    check_tree(grads["c_attn"], expected, name="the gradient of c_attn", **DIFFERENCE)


@criterion("3.6", "d-x")
def test_gradient_of_the_vectors_is_the_slope(student, rng):
    """Nudging any number of any token changes the loss as the gradient says."""
    d_out, x, params, loss = backward_case(rng)
    d_x, _ = gradients_of(student.multi_head_attention_backward(d_out, x, params, 2))
    check_array(d_x, slopes(x, loss), name="the gradient of x", **DIFFERENCE)


@criterion("3.6", "dtype")
def test_gradients_keep_float32(student, rng):
    """float32 in gives float32 gradients, for the vectors and for every parameter."""
    d_out, x, params, _ = backward_case(rng)
    d_x, grads = gradients_of(student.multi_head_attention_backward(d_out, x, params, 2))
    single = [a.astype(np.float32) for a in (d_out, x)]
    layer = change(params, lambda a: a.astype(np.float32))
    got_x, got = gradients_of(student.multi_head_attention_backward(*single, layer, 2))
    check_array(got_x, d_x, dtype=np.float32, name="the gradient of x", rtol=1e-3, atol=1e-4)
    for name, kind in ((n, k) for n in grads for k in grads[n]):
        # Sums over many float32 products that nearly cancel keep four digits, no more.
        check_array(got[name][kind], grads[name][kind], dtype=np.float32, rtol=1e-3, atol=1e-4,
                    name=f"the gradient of {name}'s {kind}")


@criterion("3.6", "pure")
def test_going_back_leaves_its_inputs_alone(student, rng):
    """A locked gradient, locked vectors, parameters and mask give the same answer."""
    d_out, x, params, _ = backward_case(rng)
    mask = np.tril(np.ones((3, 3), dtype=bool))
    d_x, grads = gradients_of(student.multi_head_attention_backward(
        d_out.copy(), x.copy(), change(params, np.copy), 2, mask.copy()))
    answer = student.multi_head_attention_backward(lock(d_out), lock(x), change(params, lock), 2, lock(mask))
    got_x, got = gradients_of(answer)
    check_array(got_x, d_x, name="the gradient of x", **FLOAT64)
    check_tree(got, grads, name="the gradients", **FLOAT64)


# ---------------------------------------------------------------- 3.7 head_statistics

# Four heads and four tokens: all on the token before, all on the first, all on itself, and the same on each.
PREVIOUS = [[1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]
FIRST = [[1.0, 0.0, 0.0, 0.0]] * 4
SELF = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
EVEN = [[0.25, 0.25, 0.25, 0.25]] * 4


@criterion("3.7", "patterns")
def test_four_plain_heads(student):
    """Heads that look at the word before, the first, themselves and everything are told apart."""
    expected = {
        "previous": np.array([1.0, 1 / 3, 0.0, 0.25]),  # the word before the second is the first
        "first": np.array([1 / 3, 1.0, 0.0, 0.25]),
        "self": np.array([0.0, 0.0, 1.0, 0.25]),
        "entropy": np.array([0.0, 0.0, 0.0, math.log(4)]),
    }
    check_tree(student.head_statistics(np.array([[PREVIOUS, FIRST, SELF, EVEN]])), expected, **FLOAT64)


@criterion("3.7", "patterns")
def test_a_head_that_sees_half(student):
    """With 0.5 on the word before and 0.5 on itself, both numbers are 0.5 and the spread is log 2."""
    weights = np.array([[[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]]])
    expected = {"previous": np.array([0.5]), "first": np.array([0.25]), "self": np.array([0.5]),
                "entropy": np.array([math.log(2)])}
    check_tree(student.head_statistics(weights), expected, **FLOAT64)


def four_numbers(answer):
    """Demand a dict of the four arrays."""
    names = ("previous", "first", "self", "entropy")
    check_that(type(answer) is dict and set(answer) == set(names),
               "The answer is a dict with the keys previous, first, self and entropy.", actual=answer)
    return answer


@criterion("3.7", "dtype")
def test_statistics_keep_float32(student):
    """float32 weights give float32 numbers."""
    weights = np.array([[PREVIOUS, EVEN]])
    usual = four_numbers(student.head_statistics(weights))
    single = four_numbers(student.head_statistics(weights.astype(np.float32)))
    for name, wanted in usual.items():
        check_array(single[name], wanted, dtype=np.float32, name=name, **FLOAT32)


@criterion("3.7", "pure")
def test_statistics_leave_the_weights_alone(student):
    """Locked weights, which cannot be written to, give the same numbers."""
    weights = np.array([[PREVIOUS, EVEN]])
    usual = four_numbers(student.head_statistics(weights.copy()))
    check_tree(student.head_statistics(lock(weights)), usual, **FLOAT64)
