"""Hidden tests of lesson 3: other shapes, masks of every kind, and PyTorch's own answers."""

import math

import numpy as np

from grader.testing import check_array, check_that, check_tree, criterion

# Two right orders of operations differ by a few roundings of float64, about 1e-15; a mistake by far more.
FLOAT64 = {"rtol": 1e-7, "atol": 1e-9}
# A central difference with a step of 1e-5 is itself wrong by about 1e-10.
DIFFERENCE = {"rtol": 1e-6, "atol": 1e-8}
STEP = 1e-5
# What a token may not see must not move its output at all; this leaves room for another order of a sum.
NO_LEAK = {"rtol": 0.0, "atol": 1e-9}

PARTS = [("c_attn", "weight"), ("c_attn", "bias"), ("c_proj", "weight"), ("c_proj", "bias")]


def layer(rng, width):
    """Draw a layer in which no number is zero or one by chance."""
    return {
        "c_attn": {"weight": rng.normal(0, 0.7, (width, 3 * width)), "bias": rng.uniform(0.5, 1, 3 * width)},
        "c_proj": {"weight": rng.normal(0, 0.7, (width, width)), "bias": rng.uniform(0.5, 1, width)},
    }


def golden_layer(goldens, name):
    """Give the layer of a golden."""
    found = {"c_attn": {}, "c_proj": {}}
    for part, kind in PARTS:
        found[part][kind] = goldens[f"{name}_{part}_{kind}"].copy()
    return found


def both(answer, names="(out, weights)"):
    """Demand a tuple of two, and give its parts."""
    check_that(type(answer) is tuple and len(answer) == 2, f"The function returns two things: {names}.",
               actual=answer)
    return answer


def gradients_of(answer):
    """Demand (d_x, grads) with grads laid out like the parameters, and give both."""
    d_x, grads = both(answer, "(d_x, grads)")
    same = type(grads) is dict and set(grads) == {"c_attn", "c_proj"}
    check_that(same and all(type(g) is dict and set(g) == {"weight", "bias"} for g in grads.values()),
               "The gradients are a dict with the keys of params.", actual=grads)
    return d_x, grads


def attend(x, memory, params, n_head, mask=None):
    """Compute (out, weights) with einsum and head axes cut into the weights; mask is [B, H, T_q, T_k]."""
    width = x.shape[-1]
    weight = params["c_attn"]["weight"].reshape(width, 3, n_head, width // n_head)
    bias = params["c_attn"]["bias"].reshape(3, n_head, 1, width // n_head)
    q = np.einsum("btd,dhi->bhti", x, weight[:, 0]) + bias[0]
    k = np.einsum("btd,dhi->bhti", memory, weight[:, 1]) + bias[1]
    v = np.einsum("btd,dhi->bhti", memory, weight[:, 2]) + bias[2]
    powers = np.exp(np.einsum("bhqi,bhki->bhqk", q, k) / math.sqrt(width // n_head))
    powers = powers if mask is None else powers * mask
    weights = powers / powers.sum(axis=-1, keepdims=True)
    mix = params["c_proj"]["weight"].reshape(n_head, width // n_head, width)
    return np.einsum("bhqk,bhki,hid->bqd", weights, v, mix) + params["c_proj"]["bias"], weights


def some_mask(rng, shape):
    """Draw a mask in which every query may see at least one key, and may not see another."""
    mask = rng.random(shape) < 0.5
    mask[..., 0], mask[..., 1] = True, False
    return rng.permuted(mask, axis=-1)


def check_masked(weights, free, mask):
    """Demand what a mask does to weights: forbidden ones are zero, and the others share out the rest.

    `mask` is [B, H, T_q, T_k], whatever the shape was in which the function was given it.
    """
    check_that(weights.shape == free.shape, "A mask leaves the weights their shape.", actual=weights)
    kept = free * mask
    check_array(weights, kept / kept.sum(axis=-1, keepdims=True), name="the table of weights", **FLOAT64)


# ---------------------------------------------------------------- 3.1 split_heads and 3.2 merge_heads


@criterion("3.1", "layout")
def test_splitting_with_every_size_equal(student, rng):
    """Three texts of three tokens with three heads of width three are kept apart."""
    x = rng.normal(size=(3, 3, 9))
    expected = np.empty((3, 3, 3, 3))
    for b, h, t, i in np.ndindex(*expected.shape):
        expected[b, h, t, i] = x[b, t, h * 3 + i]
    check_array(student.split_heads(x, 3), expected, **FLOAT64)


@criterion("3.1", "batch")
def test_splitting_other_batches_and_views(student, rng):
    """With no batch axis or two, or scattered in memory, the vectors are cut in the same way."""
    scattered = rng.normal(size=(5, 2, 6)).swapaxes(0, 1), rng.normal(size=(2, 6, 5)).swapaxes(1, 2)
    for x in (rng.normal(size=(4, 6)), rng.normal(size=(2, 5, 4, 6)), *scattered):
        columns = [x[..., 2 * h:2 * h + 2] for h in range(3)]  # each [..., T, 2]
        check_array(student.split_heads(x, 3), np.stack(columns, axis=-3), **FLOAT64)


@criterion("3.2", "layout")
def test_merging_with_every_size_equal(student, rng):
    """Three texts of three tokens with three heads of width three are put together token by token."""
    x = rng.normal(size=(3, 3, 3, 3))
    check_array(student.merge_heads(x), np.concatenate([x[:, h] for h in range(3)], axis=-1), **FLOAT64)


@criterion("3.2", "batch")
def test_merging_other_batches_and_views(student, rng):
    """With no batch axis or two, or scattered in memory, the heads are merged in the same way."""
    scattered = rng.normal(size=(2, 4, 5, 3)).transpose(0, 3, 1, 2)
    for x in (rng.normal(size=(3, 4, 2)), rng.normal(size=(2, 5, 3, 4, 2)), scattered):
        expected = np.concatenate([x[..., h, :, :] for h in range(3)], axis=-1)
        check_array(student.merge_heads(x), expected, **FLOAT64)


# ---------------------------------------------------------------- 3.3 split_qkv


@criterion("3.3", "batch")
def test_fused_projection_of_batches(student, rng):
    """With one batch axis or two, the cut runs through the features and through nothing else."""
    weight = rng.normal(size=(6, 18))
    for batch in ((2,), (2, 3)):
        x = rng.normal(size=(*batch, 9, 6))
        answer = student.split_qkv(x, weight, np.zeros(18))  # the bias has a criterion of its own
        check_that(type(answer) in (tuple, list) and len(answer) == 3,
                   "The function returns three things: (q, k, v).", actual=answer)
        for i, (name, got) in enumerate(zip("qkv", answer, strict=True)):
            expected = np.einsum("...td,de->...te", x, weight[:, 6 * i:6 * i + 6])
            check_array(got, expected, name=name, **FLOAT64)


@criterion("3.3", "blocks")
def test_fused_projection_is_linear(student, rng):
    """Without a bias, twice the sum of two texts gives twice the sum of their queries, keys and values."""
    x, y, weight = rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.normal(size=(3, 9))
    one, other, joint = (student.split_qkv(z, weight, np.zeros(9)) for z in (x, y, 2 * (x + y)))
    for name, a, b, c, block in zip("qkv", one, other, joint, np.split(weight, 3, axis=1), strict=True):
        check_array(c, 2 * np.einsum("td,de->te", x + y, block), name=name, **FLOAT64)
        check_array(c, 2 * (a + b), name=name, **FLOAT64)


# ---------------------------------------------------------------- 3.4 multi_head_attention


@criterion("3.4", "weights")
def test_weights_with_every_size_equal(student, rng):
    """Three texts of three tokens with three heads of width three have nine tables that are kept apart."""
    x, params = rng.normal(size=(3, 3, 9)), layer(rng, 9)
    weights = both(student.multi_head_attention(x, params, 3))[1]
    check_array(weights, attend(x, x, params, 3)[1], name="the table of weights", **FLOAT64)


@criterion("3.4", "output")
def test_output_with_every_size_equal(student, rng):
    """Three texts of three tokens with three heads of width three have nine outputs that are kept apart."""
    x, params = rng.normal(size=(3, 3, 9)), layer(rng, 9)
    out = both(student.multi_head_attention(x, params, 3))[0]
    check_array(out, attend(x, x, params, 3)[0], name="the output", **FLOAT64)


@criterion("3.4", "weights")
def test_weights_agree_with_torch(student, goldens):
    """The weights of every head are those of PyTorch's MultiheadAttention."""
    x, params = goldens["self_x"].copy(), golden_layer(goldens, "self")
    weights = both(student.multi_head_attention(x, params, 3))[1]
    check_array(weights, goldens["self_weights"], name="the table of weights", **FLOAT64)


@criterion("3.4", "output")
def test_output_agrees_with_torch(student, goldens):
    """The output is that of PyTorch's MultiheadAttention."""
    x, params = goldens["self_x"].copy(), golden_layer(goldens, "self")
    out = both(student.multi_head_attention(x, params, 3))[0]
    check_array(out, goldens["self_out"], name="the output", **FLOAT64)


@criterion("3.4", "weights")
def test_one_head_and_heads_of_width_one(student, rng):
    """One head as wide as the tokens, and as many heads as features, both follow the formula."""
    x, params = rng.normal(size=(2, 3, 4)), layer(rng, 4)
    for n_head in (1, 4):
        weights = both(student.multi_head_attention(x, params, n_head))[1]
        check_array(weights, attend(x, x, params, n_head)[1], name="the table of weights", **FLOAT64)


@criterion("3.4", "output")
def test_order_of_the_tokens_does_not_matter(student, rng):
    """Without a mask, tokens in another order give the same outputs in that order, and the right ones."""
    x, params, order = rng.normal(size=(2, 5, 6)), layer(rng, 6), rng.permutation(5)
    out = both(student.multi_head_attention(x, params, 2))[0]
    check_array(out, attend(x, x, params, 2)[0], name="the output", **FLOAT64)
    shuffled = both(student.multi_head_attention(x[:, order], params, 2))[0]
    check_array(shuffled, out[:, order], name="the output", **FLOAT64)


@criterion("3.4", "mask")
def test_nothing_leaks_at_any_place(student, rng):
    """Under a causal mask, every head keeps to the past, and no token changes what is before it."""
    x, params, causal = rng.normal(size=(3, 4, 6)), layer(rng, 6), np.tri(4, dtype=bool)
    free = both(student.multi_head_attention(x, params, 2))[1]
    out, weights = both(student.multi_head_attention(x, params, 2, causal))
    check_masked(weights, free, causal)
    check_that(out.shape == (3, 4, 6) and weights.shape == (3, 2, 4, 4),
               "The output is [B, T, D] and the weights are [B, H, T, T].", actual=weights)
    for t in range(1, 4):
        changed = x.copy()
        changed[:, t] += rng.uniform(1, 2, changed[:, t].shape)
        later = both(student.multi_head_attention(changed, params, 2, causal))
        check_array(later[1][:, :, :t], weights[:, :, :t], name="the table of weights", **NO_LEAK)
        check_array(later[0][:, :t], out[:, :t], name="the output", **NO_LEAK)


@criterion("3.4", "mask-axes")
def test_a_padding_mask_serves_all_heads_of_its_text(student, rng):
    """A mask [B, 1, T] hides the padding of each text from all of its heads, however many there are."""
    x, params = rng.normal(size=(2, 4, 6)), layer(rng, 6)
    mask = np.array([[[True, True, False, False]], [[True, True, True, False]]])
    for n_head in (2, 3):  # with as many heads as texts, a mask on the wrong axis raises no error
        free = both(student.multi_head_attention(x, params, n_head))[1]
        weights = both(student.multi_head_attention(x, params, n_head, mask))[1]
        check_masked(weights, free, mask[:, np.newaxis])


@criterion("3.4", "mask-axes")
def test_a_mask_for_each_text(student, rng):
    """A mask [B, T, T] serves all heads of its text, also when texts, heads and tokens are as many."""
    for b, t, h in ((2, 4, 3), (3, 3, 3)):
        x, params, mask = rng.normal(size=(b, t, 6)), layer(rng, 6), some_mask(rng, (b, t, t))
        mask[0], mask[1] = np.tri(t, dtype=bool), np.tri(t, dtype=bool).T  # no two texts alike
        free = both(student.multi_head_attention(x, params, h))[1]
        weights = both(student.multi_head_attention(x, params, h, mask))[1]
        check_masked(weights, free, mask[:, np.newaxis])


@criterion("3.4", "mask-axes")
def test_a_mask_for_each_head(student, rng):
    """A mask with one axis more than x is used as it is: [B, H, T, T], [1, H, 1, T] or [B, 1, 1, T]."""
    x, params = rng.normal(size=(2, 4, 6)), layer(rng, 6)
    free = both(student.multi_head_attention(x, params, 3))[1]
    for shape in ((2, 3, 4, 4), (1, 3, 1, 4), (2, 1, 1, 4)):
        mask = some_mask(rng, shape)
        check_masked(both(student.multi_head_attention(x, params, 3, mask))[1], free, mask)


@criterion("3.4", "batch")
def test_each_text_as_if_it_were_alone(student, rng):
    """A text in a batch, in a batch of batches, or without a batch axis, is read as it is by itself."""
    x, params = rng.normal(size=(2, 3, 4, 6)), layer(rng, 6)
    alone = [[both(student.multi_head_attention(text[np.newaxis], params, 3)) for text in row] for row in x]
    out = np.array([[o[0] for o, _ in row] for row in alone])
    weights = np.array([[w[0] for _, w in row] for row in alone])
    for batch, wanted_out, wanted_weights in (
        (x[0], out[0], weights[0]), (x, out, weights), (x[0, 0], out[0, 0], weights[0, 0]),
    ):
        got_out, got_weights = both(student.multi_head_attention(batch, params, 3))
        check_array(got_weights, wanted_weights, name="the table of weights", **FLOAT64)
        check_array(got_out, wanted_out, name="the output", **FLOAT64)


@criterion("3.4", "batch")
def test_masks_with_other_batch_axes(student, rng):
    """A mask is counted against x: [T, T] and [H, T, T] for one text, [A, B, 1, T] for a batch of batches."""
    x, params = rng.normal(size=(2, 3, 4, 6)), layer(rng, 6)
    mask = some_mask(rng, (2, 3, 1, 4))
    alone = [[both(student.multi_head_attention(text[np.newaxis], params, 2, m[np.newaxis]))[1][0]
              for text, m in zip(*row, strict=True)] for row in zip(x, mask, strict=True)]
    weights = both(student.multi_head_attention(x, params, 2, mask))[1]
    check_array(weights, np.array(alone), name="the table of weights", **FLOAT64)
    for shape in ((4, 4), (2, 4, 4)):
        mask = some_mask(rng, shape)
        full = np.broadcast_to(mask, (1, 2, 4, 4))
        wanted = both(student.multi_head_attention(x[:1, 0], params, 2, full))[1]
        weights = both(student.multi_head_attention(x[0, 0], params, 2, mask))[1]
        check_array(weights, wanted[0], name="the table of weights", **FLOAT64)


# ---------------------------------------------------------------- 3.5 cross_attention


@criterion("3.5", "weights")
def test_cross_weights_agree_with_torch(student, goldens):
    """The weights are those of PyTorch's MultiheadAttention with other keys and values."""
    x, memory = goldens["cross_x"].copy(), goldens["cross_memory"].copy()
    params = golden_layer(goldens, "cross")
    weights = both(student.cross_attention(x, memory, params, 2))[1]
    check_array(weights, goldens["cross_weights"], name="the table of weights", **FLOAT64)


@criterion("3.5", "output")
def test_cross_output_agrees_with_torch(student, goldens):
    """The output is that of PyTorch's MultiheadAttention with other keys and values."""
    x, memory = goldens["cross_x"].copy(), goldens["cross_memory"].copy()
    params = golden_layer(goldens, "cross")
    out = both(student.cross_attention(x, memory, params, 2))[0]
    check_array(out, goldens["cross_out"], name="the output", **FLOAT64)


@criterion("3.5", "weights")
def test_cross_attention_with_every_size_equal(student, rng):
    """Three tokens that read three others keep the two texts apart."""
    x, memory, params = rng.normal(size=(3, 3, 9)), rng.normal(size=(3, 3, 9)), layer(rng, 9)
    weights = both(student.cross_attention(x, memory, params, 3))[1]
    check_array(weights, attend(x, memory, params, 3)[1], name="the table of weights", **FLOAT64)


@criterion("3.5", "output")
def test_a_text_that_reads_itself(student, rng):
    """When memory is x itself, the output is that of self-attention; an output of views is right as well."""
    params = layer(rng, 6)
    for x in (rng.normal(size=(2, 5, 6)), rng.normal(size=(5, 2, 12)).swapaxes(0, 1)[..., ::2]):
        out = both(student.cross_attention(x, x, params, 2))[0]
        check_array(out, attend(x, x, params, 2)[0], name="the output", **FLOAT64)


@criterion("3.5", "mask")
def test_padding_of_the_other_text_is_hidden(student, rng):
    """A mask [B, 1, T_k] hides memory's padding from every token and head, whatever stands there."""
    x, memory, params = rng.normal(size=(2, 4, 6)), rng.normal(size=(2, 4, 6)), layer(rng, 6)
    mask = np.array([[[True, True, False, False]], [[True, True, True, False]]])
    changed = memory + np.where(np.swapaxes(mask, -1, -2), 0.0, rng.uniform(1, 2, memory.shape))
    for n_head in (2, 3):  # with as many heads as texts, a mask on the wrong axis raises no error
        free = both(student.cross_attention(x, memory, params, n_head))[1]
        out, weights = both(student.cross_attention(x, memory, params, n_head, mask))
        check_masked(weights, free, mask[:, np.newaxis])
        other_out = both(student.cross_attention(x, changed, params, n_head, mask))[0]
        check_array(other_out, out, name="the output", **NO_LEAK)


@criterion("3.5", "mask")
def test_masks_of_many_shapes_for_two_texts(student, rng):
    """Masks [T_q, T_k], [B, T_q, T_k] and [B, H, T_q, T_k] act on the right pairs."""
    x, memory, params = rng.normal(size=(2, 5, 6)), rng.normal(size=(2, 4, 6)), layer(rng, 6)
    free = both(student.cross_attention(x, memory, params, 3))[1]
    for shape in ((5, 4), (2, 5, 4), (2, 3, 5, 4)):
        mask = some_mask(rng, shape)
        full = mask[:, np.newaxis] if mask.ndim == 3 else mask
        check_masked(both(student.cross_attention(x, memory, params, 3, mask))[1], free, full)


@criterion("3.5", "batch")
def test_each_pair_of_texts_as_if_it_were_alone(student, rng):
    """A pair of texts in a batch of batches, or without a batch axis, is read as it is by itself."""
    x, memory, params = rng.normal(size=(2, 3, 4, 6)), rng.normal(size=(2, 3, 5, 6)), layer(rng, 6)
    pairs = [(a, b) for row in zip(x, memory, strict=True) for a, b in zip(*row, strict=True)]
    alone = [both(student.cross_attention(a[np.newaxis], b[np.newaxis], params, 2)) for a, b in pairs]
    out = np.array([o[0] for o, _ in alone]).reshape(2, 3, 4, 6)
    weights = np.array([w[0] for _, w in alone]).reshape(2, 3, 2, 4, 5)
    for place in ((0,), (), (1, 2)):
        got_out, got_weights = both(student.cross_attention(x[place], memory[place], params, 2))
        check_array(got_weights, weights[place], name="the table of weights", **FLOAT64)
        check_array(got_out, out[place], name="the output", **FLOAT64)


# ---------------------------------------------------------------- 3.6 multi_head_attention_backward


def golden_gradients(goldens, part, name="self"):
    """Give PyTorch's gradients of one projection."""
    return {kind: goldens[f"{name}_d_{part}_{kind}"] for kind in ("weight", "bias")}


@criterion("3.6", "c-proj")
def test_gradient_of_the_output_projection_agrees_with_torch(student, goldens):
    """The gradients of c_proj are those that PyTorch finds."""
    x, params, d_out = goldens["self_x"].copy(), golden_layer(goldens, "self"), goldens["self_d_out"].copy()
    _, grads = gradients_of(student.multi_head_attention_backward(d_out, x, params, 3))
    check_tree(grads["c_proj"], golden_gradients(goldens, "c_proj"), name="the gradient of c_proj", **FLOAT64)


@criterion("3.6", "c-attn")
def test_gradient_of_the_fused_projection_agrees_with_torch(student, goldens):
    """The gradients of c_attn are those that PyTorch finds."""
    x, params, d_out = goldens["self_x"].copy(), golden_layer(goldens, "self"), goldens["self_d_out"].copy()
    _, grads = gradients_of(student.multi_head_attention_backward(d_out, x, params, 3))
    check_tree(grads["c_attn"], golden_gradients(goldens, "c_attn"), name="the gradient of c_attn", **FLOAT64)


@criterion("3.6", "d-x")
def test_gradient_of_the_vectors_agrees_with_torch(student, goldens):
    """The gradient of x is the one that PyTorch finds."""
    x, params, d_out = goldens["self_x"].copy(), golden_layer(goldens, "self"), goldens["self_d_out"].copy()
    d_x, _ = gradients_of(student.multi_head_attention_backward(d_out, x, params, 3))
    check_array(d_x, goldens["self_d_x"], name="the gradient of x", **FLOAT64)


@criterion("3.6", "mask")
def test_gradients_under_a_mask_agree_with_torch(student, goldens):
    """Under a mask for each text, the gradients are those that PyTorch finds."""
    x, params = goldens["masked_x"].copy(), golden_layer(goldens, "masked")
    mask, d_out = goldens["masked_mask"].copy(), goldens["masked_d_out"].copy()
    d_x, grads = gradients_of(student.multi_head_attention_backward(d_out, x, params, 2, mask))
    check_array(d_x, goldens["masked_d_x"], name="the gradient of x", **FLOAT64)
    check_tree(grads["c_attn"], golden_gradients(goldens, "c_attn", "masked"), name="the gradient of c_attn",
               **FLOAT64)


@criterion("3.6", "mask")
def test_gradient_under_masks_is_the_slope(student, rng):
    """Under a padding mask and under a causal mask, the gradient is the slope."""
    params = layer(rng, 4)
    for mask in (np.array([[[True, False, True]], [[True, True, False]]]), np.tri(3, dtype=bool)):
        x, d_out = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4))
        full = mask[:, np.newaxis] if mask.ndim == 3 else mask
        expected = np.empty_like(x)
        for place in np.ndindex(*x.shape):
            losses = []
            for nudge in (STEP, -STEP):
                moved = x.copy()
                moved[place] += nudge
                losses.append((d_out * attend(moved, moved, params, 2, full)[0]).sum())
            expected[place] = (losses[0] - losses[1]) / (2 * STEP)
        d_x, _ = gradients_of(student.multi_head_attention_backward(d_out, x, params, 2, mask))
        check_array(d_x, expected, name="the gradient of x", **DIFFERENCE)


@criterion("3.6", "batch")
def test_gradients_of_a_batch_are_those_of_its_texts(student, rng):
    """With two batch axes, or none, d_x is that of each text, and the parameters' gradients add up."""
    x, d_out, params = rng.normal(size=(2, 3, 4, 6)), rng.normal(size=(2, 3, 4, 6)), layer(rng, 6)
    alone = [gradients_of(student.multi_head_attention_backward(d[np.newaxis], text[np.newaxis], params, 3))
             for d, text in zip(d_out.reshape(6, 4, 6), x.reshape(6, 4, 6), strict=True)]
    for place, chosen in (((), alone), ((1, 2), alone[5:])):
        d_x, grads = gradients_of(student.multi_head_attention_backward(d_out[place], x[place], params, 3))
        check_array(d_x, np.array([one for one, _ in chosen]).reshape(x[place].shape),
                    name="the gradient of x", **FLOAT64)
        for part, kind in PARTS:
            expected = np.sum([g[part][kind] for _, g in chosen], axis=0)
            check_array(grads[part][kind], expected, name=f"the gradient of {part}'s {kind}", **FLOAT64)


# ---------------------------------------------------------------- 3.7 head_statistics


def statistics_loop(weights):
    """Take the four means with loops over texts, heads and queries; weights is [N, H, T, T]."""
    n, n_head, t, _ = weights.shape
    found = {name: np.zeros(n_head) for name in ("previous", "first", "self", "entropy")}
    for b, h, i in np.ndindex(n, n_head, t):
        if i >= 1:
            row = weights[b, h, i].tolist()
            found["previous"][h] += row[i - 1] / (n * (t - 1))
            found["first"][h] += row[0] / (n * (t - 1))
            found["self"][h] += row[i] / (n * (t - 1))
            found["entropy"][h] -= math.fsum(w * math.log(w) for w in row if w > 0) / (n * (t - 1))
    return found


@criterion("3.7", "means")
def test_means_over_texts_and_queries(student, rng):
    """With batches, without a batch axis, and for two tokens, every head has the mean of its own rows."""
    for shape in ((2, 3, 5, 5), (3, 4, 4), (2, 3, 4, 2, 2), (3, 3, 3, 3)):
        whole = rng.random(shape)
        for shares in (whole, np.tril(whole)):  # the zeros of a causal head do no harm
            weights = shares / shares.sum(axis=-1, keepdims=True)
            expected = statistics_loop(weights.reshape(-1, *shape[-3:]))
            check_tree(student.head_statistics(weights), expected, name="the statistics", **FLOAT64)
