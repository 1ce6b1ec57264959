"""Known wrong solutions of lesson 3. The docstring of each is what a student reads who made it."""

import numpy as np

from grader.testing import misconception
from minigpt.attention import mask_scores, scaled_dot_product_attention, softmax
from minigpt.multi_head import merge_heads, split_heads, split_qkv
from minigpt.self_attention import attention_entropy, scaled_dot_product_attention_backward


def heads_of(x, params, n_head):
    """Make queries, keys and values the right way, cut into heads."""
    parts = split_qkv(x, params["c_attn"]["weight"], params["c_attn"]["bias"])
    return [split_heads(part, n_head) for part in parts]


def with_head_axis(mask, x):
    """Give a mask with as many axes as x an axis for the heads, the right way."""
    return mask[..., np.newaxis, :, :] if mask is not None and mask.ndim == x.ndim else mask


def projected(merged, params):
    """Mix the heads the right way."""
    return merged @ params["c_proj"]["weight"] + params["c_proj"]["bias"]


def shares_for(scores, mask):
    """Turn scaled scores into weights the right way."""
    return softmax(scores if mask is None else mask_scores(scores, mask))


def dots(q, k):
    """Compute all dot products of queries and keys."""
    return q @ np.swapaxes(k, -1, -2)


# ---------------------------------------------------------------- 3.1 split_heads
# `indivisible_width_accepted` of 3.4 stands here: 3.4 cuts with 3.1, and only 3.1 promises the error.


@misconception("3.1", loses=["layout", "batch"], title="reshaped, but nothing was exchanged")
def split_without_transpose(x, n_head):
    """Your heads have the right shape, but each got whole tokens of others: token 0 was cut into pieces.

    A reshape never moves a number; it only counts the same row of numbers in another way.
    The first d_k numbers in memory belong to head 0, the next d_k to head 1 of the same token.
    Write the numbers 1 to 8 for two tokens on paper, and count with both shapes.
    """
    *batch, t, d = x.shape
    if d % n_head:
        raise ValueError("no")
    return x.reshape(*batch, n_head, t, d // n_head)


@misconception("3.1", loses=["layout", "batch"], title="every H-th feature instead of a block")
def takes_every_other_feature(x, n_head):
    """Your heads take turns: head 0 got the features 0, H, 2H and so on, instead of the first d_k of them.

    Each head owns a block of neighbours. When you cut the last axis into two,
    which of the two new axes should be the outer one?
    """
    *_, d = x.shape
    if d % n_head:
        raise ValueError("no")
    return np.moveaxis(x.reshape(*x.shape[:-1], d // n_head, n_head), -1, -3)


@misconception("3.1", loses=["layout", "batch"], title="the heads stay behind the tokens")
def heads_after_tokens(x, n_head):
    """Your answer is [..., T, H, d_k]: the features are cut well, but the heads are still inside each token.

    Attention works on the last two axes, tokens by features, and takes everything before them as a batch.
    Where does the axis of the heads have to stand, so that each head sees all tokens?
    """
    *batch, t, d = x.shape
    if d % n_head:
        raise ValueError("no")
    return x.reshape(*batch, t, n_head, d // n_head)


@misconception("3.1", loses=["layout", "batch"], title="tokens and features exchanged")
def turns_the_features(x, n_head):
    """Your heads are [..., H, d_k, T]: within each head, tokens and features have changed places.

    The keys are turned round later, inside the scores, and only there.
    Which two axes have to be exchanged here?
    """
    *batch, t, d = x.shape
    if d % n_head:
        raise ValueError("no")
    return np.moveaxis(x.reshape(*batch, t, n_head, d // n_head), -3, -1)


@misconception("3.1", loses=["batch"], title="exactly one batch axis is expected")
def split_wants_three_axes(x, n_head):
    """Your function is right for [B, T, D], and fails for one text alone or for a batch of batches.

    Count the axes from the end, and take whatever stands before them as it comes.
    """
    b, t, d = x.shape
    if d % n_head:
        raise ValueError("no")
    return x.reshape(b, t, n_head, d // n_head).transpose(0, 2, 1, 3)


@misconception("3.1", loses=["refuses"], title="left-over features are dropped")
def indivisible_width_accepted(x, n_head):
    """Where the heads cannot share the width, you drop the features that are left over, without a word.

    Nobody would notice that part of every vector is gone. Refuse such a width with a ValueError.
    """
    d_k = x.shape[-1] // n_head
    kept = x[..., :d_k * n_head]
    return np.swapaxes(kept.reshape(*x.shape[:-1], n_head, d_k), -2, -3)


@misconception("3.1", loses=["refuses"], title="an assert instead of a ValueError")
def asserts_the_width(x, n_head):
    """You stop at a width that cannot be shared, but with an AssertionError.

    An assert is a note to yourself, and Python can be told to skip it. A caller's mistake
    deserves an exception that says what kind it is. Which one does the docstring promise?
    """
    *batch, t, d = x.shape
    if d % n_head:
        raise AssertionError("no")
    return np.swapaxes(x.reshape(*batch, t, n_head, d // n_head), -2, -3)


@misconception("3.1", loses=["dtype"], title="float32 has become float64")
def split_upcasts(x, n_head):
    """Your heads are right, but float32 vectors come back as float64, which takes twice the memory.

    np.zeros and np.empty make float64 arrays unless they are told a dtype.
    """
    heads = np.swapaxes(split_copy(x, n_head), -2, -3)
    made = np.zeros(heads.shape)
    made[...] = heads
    return made


@misconception("3.1", loses=["pure"], title="writing into the vectors")
def split_in_place(x, n_head):
    """Your heads are right, but your function writes into the array that it was given.

    Whoever called it may still need the vectors. Filling x anew, with x[...] = or x[:] =, changes it for all.
    """
    heads = np.swapaxes(split_copy(x, n_head), -2, -3).copy()
    x[...] = heads.reshape(x.shape)
    return x.reshape(heads.shape)


def split_copy(x, n_head):
    """Cut the features of every token into [..., T, H, d_k], and refuse what cannot be cut."""
    if x.shape[-1] % n_head:
        raise ValueError("no")
    return x.reshape(*x.shape[:-1], n_head, x.shape[-1] // n_head)


# ---------------------------------------------------------------- 3.2 merge_heads


@misconception("3.2", loses=["layout", "batch"], title="reshaped, but nothing was exchanged")
def merge_without_transpose(x):
    """Your vectors have the right shape, but each is filled with several tokens of one head.

    A reshape never moves a number, and in memory the tokens of head 0 come one after the other.
    With this, a token gets numbers of later tokens: even a causal mask could not keep the future out.
    What has to stand side by side before two axes can become one?
    """
    *batch, h, t, d_k = x.shape
    return x.reshape(*batch, t, h * d_k)


@misconception("3.2", loses=["layout", "batch"], title="the heads are shuffled into each other")
def merge_interleaves(x):
    """In your vectors the heads take turns: feature 0 of every head, then feature 1 of every head.

    Each head owns a block of neighbours, as it did before the cut.
    Which of the two axes that you join should be the outer one?
    """
    *batch, h, t, d_k = x.shape
    return np.moveaxis(x, -3, -1).reshape(*batch, t, d_k * h)


@misconception("3.2", loses=["layout", "batch"], title="the heads are added up")
def merge_adds_the_heads(x):
    """Your vectors are only d_k wide: the heads were added up, or averaged, into one.

    A sum cannot tell which head said what. Side by side, every head keeps a place of its own.
    """
    return x.sum(axis=-3)


@misconception("3.2", loses=["batch"], title="exactly one batch axis is expected")
def merge_wants_four_axes(x):
    """Your function is right for [B, H, T, d_k], and fails for one text alone or for a batch of batches.

    Count the axes from the end, and take whatever stands before them as it comes.
    """
    b, h, t, d_k = x.shape
    return x.transpose(0, 2, 1, 3).reshape(b, t, h * d_k)


@misconception("3.2", loses=["dtype"], title="float32 has become float64")
def merge_upcasts(x):
    """Your vectors are right, but float32 heads come back as float64, which takes twice the memory.

    np.zeros and np.empty make float64 arrays unless they are told a dtype.
    """
    *batch, h, t, d_k = x.shape
    made = np.zeros((*batch, t, h * d_k))
    for head in range(h):
        made[..., head * d_k:(head + 1) * d_k] = x[..., head, :, :]
    return made


@misconception("3.2", loses=["pure"], title="writing into the heads")
def merge_in_place(x):
    """Your vectors are right, but your function writes into the array that it was given.

    Whoever called it may still need the heads. Filling x anew, with x[...] = or x[:] =, changes it for all.
    """
    *batch, h, t, d_k = x.shape
    merged = np.swapaxes(x, -2, -3).reshape(*batch, t, h * d_k).copy()
    x[...] = merged.reshape(x.shape)
    return merged


# ---------------------------------------------------------------- 3.3 split_qkv


@misconception("3.3", loses=["blocks", "bias", "batch"], title="every third column instead of a block")
def interleaved_columns(x, weight, bias):
    """Your queries took the columns 0, 3, 6 and so on, instead of the first third of them.

    The three matrices lie one after the other in the weight, not mixed.
    If you cut the last axis into two, which new axis has three places, and is it the outer one?
    """
    qkv = x @ weight + bias
    return qkv[..., 0::3], qkv[..., 1::3], qkv[..., 2::3]


@misconception("3.3", loses=["blocks", "bias", "batch"], title="the keys come first")
def keys_before_queries(x, weight, bias):
    """Your queries and keys have changed places.

    Without a mask the scores are then mirrored, and no error tells you. In which order do the blocks lie?
    """
    k, q, v = np.split(x @ weight + bias, 3, axis=-1)
    return q, k, v


@misconception("3.3", loses=["bias"], title="the bias is missing")
def forgets_the_bias(x, weight, bias):
    """Your answer does not depend on the bias.

    A projection is x @ weight + bias. New layers often begin with biases of zero,
    so this mistake is silent until trained weights are loaded.
    """
    q, k, v = np.split(x @ weight, 3, axis=-1)
    return q, k, v


@misconception("3.3", loses=["batch"], title="cut along the second axis")
def cuts_the_second_axis(x, weight, bias):
    """Your cut is right for one text. In a batch it runs through the tokens instead of the features.

    The features are the last axis, however many stand before it. How does an index reach the last axis?
    """
    d = weight.shape[-1] // 3
    qkv = x @ weight + bias
    return qkv[:, :d], qkv[:, d:2 * d], qkv[:, 2 * d:]


@misconception("3.3", loses=["blocks", "bias", "batch", "dtype", "pure"], title="the weight is turned round")
def torch_layout(x, weight, bias):
    """You turned the weight round before the product, so the shapes do not fit.

    PyTorch's Linear keeps its weight as [D_out, D_in]. Here, as in GPT-2, it is [D_in, D_out] already.
    Beware: a square matrix turned round raises no error.
    """
    q, k, v = np.split(x @ weight.T + bias, 3, axis=-1)
    return q, k, v


@misconception("3.3", loses=["dtype"], title="float32 has become float64")
def fused_upcasts(x, weight, bias):
    """Your numbers are right, but float32 inputs give float64.

    np.zeros and np.empty make float64 arrays unless they are told a dtype, and so does dtype=float.
    """
    qkv = np.zeros((*x.shape[:-1], weight.shape[-1]))
    qkv += x @ weight + bias
    q, k, v = np.split(qkv, 3, axis=-1)
    return q, k, v


@misconception("3.3", loses=["dtype", "pure"], title="writing into the vectors")
def makes_floats_in_place(x, weight, bias):
    """Your function writes into the vectors that it was given.

    Whoever called it may still need them, and locked or integer vectors raise an error.
    An operator such as *= or += changes an array in place.
    """
    x *= 1.0
    q, k, v = np.split(x @ weight + bias, 3, axis=-1)
    return q, k, v


# ---------------------------------------------------------------- 3.4 multi_head_attention


@misconception("3.4", loses=["weights", "output"], title="scaled by the width of the model")
def scales_by_d_model(x, params, n_head, mask=None):
    """Your weights are too even: the scores were divided by the root of D.

    What was added up in a score are the products of one head, and a head has only d_k = D / H features.
    How large is a typical score then?
    """
    q, k, v = heads_of(x, params, n_head)
    weights = shares_for(dots(q, k) / x.shape[-1] ** 0.5, with_head_axis(mask, x))
    return projected(merge_heads(weights @ v), params), weights


@misconception("3.4", loses=["weights", "output"], title="scaled twice")
def scales_twice(x, params, n_head, mask=None):
    """Your weights are too even: the scores were divided by the root of d_k two times.

    scaled_dot_product_attention divides by it already. Do you do it once more, with the queries or before?
    """
    q, k, v = heads_of(x, params, n_head)
    out, weights = scaled_dot_product_attention(q / q.shape[-1] ** 0.5, k, v, with_head_axis(mask, x))
    return projected(merge_heads(out), params), weights


@misconception("3.4", loses=["output"], title="no output projection")
def no_output_projection(x, params, n_head, mask=None):
    """Your weights are right, but your outputs are the bare heads, side by side.

    c_proj is not in use. Without it no feature of the output could ever combine what two heads have found.
    """
    out, weights = scaled_dot_product_attention(*heads_of(x, params, n_head), with_head_axis(mask, x))
    return merge_heads(out), weights


@misconception("3.4", loses=["output"], title="the output bias is missing")
def no_output_bias(x, params, n_head, mask=None):
    """Your outputs lack the bias of c_proj; all else is right.

    A projection is a product and a bias. While the bias is zero nobody notices.
    """
    out, weights = scaled_dot_product_attention(*heads_of(x, params, n_head), with_head_axis(mask, x))
    return merge_heads(out) @ params["c_proj"]["weight"], weights


@misconception("3.4", loses=["output"], title="c_proj is turned round")
def output_projection_transposed(x, params, n_head, mask=None):
    """Your output projection is turned round, and since it is square, no error tells you.

    PyTorch's Linear keeps its weight as [D_out, D_in]. Here, as in GPT-2, it is [D_in, D_out] already.
    """
    out, weights = scaled_dot_product_attention(*heads_of(x, params, n_head), with_head_axis(mask, x))
    return merge_heads(out) @ params["c_proj"]["weight"].T + params["c_proj"]["bias"], weights


@misconception("3.4", loses=["weights", "mask", "mask-axes"], title="one table for all heads")
def heads_averaged(x, params, n_head, mask=None):
    """Your weights have no axis for the heads: their tables were averaged into one.

    A mean of tables hides what this lesson is about: that one head looks here and another there.
    Return the table of every head.
    """
    out, weights = scaled_dot_product_attention(*heads_of(x, params, n_head), with_head_axis(mask, x))
    return projected(merge_heads(out), params), weights.mean(axis=-3)


@misconception("3.4", loses=["weights", "output", "mask", "mask-axes"], title="softmax over the heads")
def softmax_over_heads(x, params, n_head, mask=None):
    """In your weights the heads compete with each other: for each pair of tokens, their shares sum to one.

    Heads do not know of each other. Each shares out its own attention over the tokens that are looked at.
    Along which axis of [..., H, T, T] do these lie?
    """
    q, k, v = heads_of(x, params, n_head)
    scores, mask = dots(q, k) / q.shape[-1] ** 0.5, with_head_axis(mask, x)
    weights = softmax(scores if mask is None else np.where(mask, scores, -1e9), axis=-3)
    return projected(merge_heads(weights @ v), params), weights


@misconception("3.4", loses=["weights", "output", "mask"], title="cut into heads by a reshape alone")
def cuts_by_reshape(x, params, n_head, mask=None):
    """Your heads were cut and put together by a reshape alone, so each head reads pieces of tokens.

    The shapes are right, and nothing raises an error. But a reshape never moves a number:
    a "token" of your heads holds features of other tokens, and a causal mask leaks.
    Are split_heads and merge_heads in use here?
    """
    *batch, t, d = x.shape
    parts = split_qkv(x, params["c_attn"]["weight"], params["c_attn"]["bias"])
    q, k, v = (part.reshape(*batch, n_head, t, d // n_head) for part in parts)
    out, weights = scaled_dot_product_attention(q, k, v, with_head_axis(mask, x))
    return projected(out.reshape(x.shape), params), weights


@misconception("3.4", loses=["output", "mask"], title="put together by a reshape alone")
def merges_by_reshape(x, params, n_head, mask=None):
    """Your weights are right, but the heads were put together by a reshape alone.

    A reshape never moves a number, and in memory the tokens of one head come one after the other.
    So each output holds several tokens of one head, and even under a causal mask later words leak into it.
    Is merge_heads in use here?
    """
    out, weights = scaled_dot_product_attention(*heads_of(x, params, n_head), with_head_axis(mask, x))
    return projected(out.reshape(x.shape), params), weights


@misconception("3.4", loses=["weights", "output", "batch"], title="only the first text of the batch")
def first_batch_row_only(x, params, n_head, mask=None):
    """All texts of the batch were compared with the keys and values of its first one.

    Each text of a batch is read by itself. Look for an index [0] that should not be there.
    """
    q, k, v = heads_of(x, params, n_head)
    first = (0,) * (x.ndim - 2)  # none for a text without a batch
    out, weights = scaled_dot_product_attention(q, k[first], v[first], with_head_axis(mask, x))
    return projected(merge_heads(out), params), weights


@misconception("3.4", loses=["output"], title="the input was added")
def adds_the_residual(x, params, n_head, mask=None):
    """Your outputs contain the input once more: x was added at the end.

    That sum is made in a transformer, but by the block around this layer. A later lesson builds it.
    """
    out, weights = scaled_dot_product_attention(*heads_of(x, params, n_head), with_head_axis(mask, x))
    return x + projected(merge_heads(out), params), weights


@misconception("3.4", loses=["weights", "output"], title="the keys are queries")
def key_from_w_q(x, params, n_head, mask=None):
    """Your keys are the queries: the second block of c_attn is not in use.

    Then every token scores high with itself, and "who looks at me" is the same as "whom I look at".
    Check which of the three parts goes where.
    """
    q, _, v = heads_of(x, params, n_head)
    out, weights = scaled_dot_product_attention(q, q, v, with_head_axis(mask, x))
    return projected(merge_heads(out), params), weights


@misconception("3.4", loses=["mask", "mask-axes"], title="the mask is ignored")
def ignores_the_mask(x, params, n_head, mask=None):
    """Your answer is the same with a mask and without one.

    The argument arrives, but no other function is told of it.
    """
    out, weights = scaled_dot_product_attention(*heads_of(x, params, n_head))
    return projected(merge_heads(out), params), weights


@misconception("3.4", loses=["mask", "mask-axes"], title="the mask is upside down")
def mask_inverted(x, params, n_head, mask=None):
    """Your weights lie exactly where the mask is False. Here True means: may attend.

    PyTorch's MultiheadAttention has it the other way round, and no error tells you.
    """
    mask = None if mask is None else ~with_head_axis(mask, x)
    out, weights = scaled_dot_product_attention(*heads_of(x, params, n_head), mask)
    return projected(merge_heads(out), params), weights


@misconception("3.4", loses=["mask-axes", "batch"], title="the mask of a text has landed on the heads")
def mask_aligned_to_heads(x, params, n_head, mask=None):
    """You handed a mask [B, T, T] or [B, 1, T] on as it was, and NumPy took its first axis for the heads.

    Shapes are lined up from the right, and in the scores [B, H, T, T] the third axis from the right is H.
    Mostly that raises an error. With as many heads as texts it does not: then head 1 wears the mask
    of text 1, in all texts. Where does such a mask need one more axis?
    """
    out, weights = scaled_dot_product_attention(*heads_of(x, params, n_head), mask)
    return projected(merge_heads(out), params), weights


@misconception("3.4", loses=["mask-axes"], title="the mask was repeated in the wrong order")
def mask_repeated_in_the_wrong_order(x, params, n_head, mask=None):
    """You repeated the masks for the heads, but in the order of texts: 0, 1, 0, 1 instead of 0, 0, 1, 1.

    So a head of text 0 wears the mask of text 1. One axis of length one needs no repeating:
    NumPy stretches it by itself, if it stands at the right place.
    """
    q, k, v = heads_of(x, params, n_head)
    if mask is not None and mask.ndim == x.ndim:
        folded = np.concatenate([mask.reshape(-1, *mask.shape[-2:])] * n_head)
        full = folded.reshape(*mask.shape[:-2], n_head, *mask.shape[-2:])
        mask = full if x.ndim == 3 else mask[..., np.newaxis, :, :]
    out, weights = scaled_dot_product_attention(q, k, v, mask)
    return projected(merge_heads(out), params), weights


@misconception("3.4", loses=["mask-axes", "batch"], title="every mask gets a head axis")
def always_adds_a_head_axis(x, params, n_head, mask=None):
    """You give a mask for each head, which has one axis more than x, an axis too many, or raise an error.

    Only a mask with as many axes as x needs one more. A mask with an axis for the heads has it already.
    """
    mask = None if mask is None else mask[..., np.newaxis, :, :]
    out, weights = scaled_dot_product_attention(*heads_of(x, params, n_head), mask)
    return projected(merge_heads(out), params), weights


@misconception("3.4", loses=["batch"], title="the mask's axes are counted by themselves")
def counts_the_masks_axes_alone(x, params, n_head, mask=None):
    """You give every mask of three axes an axis for the heads, whatever x looks like.

    For one text without a batch, a mask of three axes is [H, T, T] and has its heads already;
    in a batch of batches a mask for each text has four axes. Compare with the number of axes of x.
    """
    if mask is not None and mask.ndim == 3:
        mask = mask[:, np.newaxis]
    out, weights = scaled_dot_product_attention(*heads_of(x, params, n_head), mask)
    return projected(merge_heads(out), params), weights


@misconception("3.4", loses=["batch"], title="exactly one batch axis is expected")
def layer_wants_three_axes(x, params, n_head, mask=None):
    """Your layer is right for [B, T, D], and fails for one text alone or for a batch of batches.

    Count the axes from the end, and take whatever stands before them as it comes.
    """
    b, t, d = x.shape
    out, weights = scaled_dot_product_attention(*heads_of(x, params, n_head), with_head_axis(mask, x))
    return projected(merge_heads(out).reshape(b, t, d), params), weights


@misconception("3.4", loses=["dtype"], title="float32 has become float64")
def layer_upcasts(x, params, n_head, mask=None):
    """Your numbers are right, but float32 inputs give float64 outputs.

    A NumPy number such as np.sqrt(64), an array of np.zeros, or dtype=float lifts everything it meets.
    """
    out, weights = scaled_dot_product_attention(*heads_of(x, params, n_head), with_head_axis(mask, x))
    merged = np.zeros(x.shape)
    merged += merge_heads(out)
    return projected(merged, params), weights


@misconception("3.4", loses=["dtype", "pure"], title="writing into the parameters")
def layer_scales_the_parameters(x, params, n_head, mask=None):
    """Your function writes into the parameters that it was given.

    Scaling the queries through their weight is a fine idea, but the weight belongs to the model:
    at the next call it would be scaled once more. Locked or integer parameters raise an error.
    The operator /= changes an array in place.
    """
    root = (x.shape[-1] // n_head) ** 0.5
    params["c_attn"]["weight"][:, :x.shape[-1]] /= root
    params["c_attn"]["bias"][:x.shape[-1]] /= root
    q, k, v = heads_of(x, params, n_head)
    weights = shares_for(dots(q, k), with_head_axis(mask, x))
    return projected(merge_heads(weights @ v), params), weights


@misconception("3.4", loses=["weights", "output", "mask", "mask-axes", "batch", "dtype", "pure"],
               title="only the output comes back")
def returns_only_the_output(x, params, n_head, mask=None):
    """Your function returns one array. The exercise asks for two things: the output and the weights.

    The weights show where each head looked; the last exercise of this lesson measures them.
    """
    out, _ = scaled_dot_product_attention(*heads_of(x, params, n_head), with_head_axis(mask, x))
    return projected(merge_heads(out), params)


# ---------------------------------------------------------------- 3.5 cross_attention


def crossed(x, memory, params, n_head, mask):
    """Let x read memory the right way, with a mask that has its head axis."""
    q, _, _ = heads_of(x, params, n_head)
    _, k, v = heads_of(memory, params, n_head)
    out, weights = scaled_dot_product_attention(q, k, v, mask)
    return projected(merge_heads(out), params), weights


@misconception("3.5", loses=["weights", "output", "mask", "batch"], title="the other text asks")
def query_from_memory(x, memory, params, n_head, mask=None):
    """Your queries come from memory, and your keys and values from x: the two texts have changed places.

    Whoever writes asks the question. In a translation that is the new sentence, x;
    the sentence that was given, memory, is looked at. So there is one output for each token of x.
    """
    return crossed(memory, x, params, n_head, with_head_axis(mask, x))


@misconception("3.5", loses=["weights", "output", "mask", "batch"], title="the other text is never read")
def ignores_the_memory(x, memory, params, n_head, mask=None):
    """Your answer does not depend on memory: queries, keys and values all come from x.

    That is self-attention. Which two of the three should come from the other text?
    """
    return crossed(x, x, params, n_head, with_head_axis(mask, x))


@misconception("3.5", loses=["output"], title="the values come from the wrong text")
def values_from_x(x, memory, params, n_head, mask=None):
    """You look at the other text, and then take the values from your own.

    A key and its value belong to the same token. With texts of different lengths this does not even fit.
    """
    q, _, own = heads_of(x, params, n_head)
    _, k, v = heads_of(memory, params, n_head)
    out, weights = scaled_dot_product_attention(q, k, v, with_head_axis(mask, x))
    if own.shape[-2] == v.shape[-2]:
        out = weights @ own
    else:
        out = weights[..., :own.shape[-2]] @ own[..., :weights.shape[-1], :]
    return projected(merge_heads(out), params), weights


@misconception("3.5", loses=["weights", "output", "mask"], title="a causal mask over the other text")
def causal_on_cross(x, memory, params, n_head, mask=None):
    """Your tokens see only a part of the other text, as if a causal mask were at work.

    The text that is read lies there complete, and every token may look at all of it.
    The third word of a translation may well need the last word of the original.
    """
    t_q, t_k = x.shape[-2], memory.shape[-2]
    causal = np.tri(t_q, t_k, dtype=bool)
    mask = causal if mask is None else with_head_axis(mask, x) & causal
    return crossed(x, memory, params, n_head, mask)


@misconception("3.5", loses=["mask"], title="the mask hides the readers")
def mask_on_queries(x, memory, params, n_head, mask=None):
    """You turned the mask round, so that it speaks about the tokens of x.

    Padding stands in memory, among the keys, which are the columns of the weights.
    What is hidden from whom? Say it for one entry of the mask, with row and column.
    """
    mask = None if mask is None else np.swapaxes(with_head_axis(mask, x), -1, -2)
    return crossed(x, memory, params, n_head, mask)


@misconception("3.5", loses=["mask"], title="the mask of a text has landed on the heads")
def cross_mask_aligned_to_heads(x, memory, params, n_head, mask=None):
    """You handed a mask [B, 1, T_k] on as it was, and NumPy took its first axis for the heads.

    Shapes are lined up from the right, and in the scores [B, H, T_q, T_k] the third axis from the right
    is H. With as many heads as texts there is no error, only wrong numbers.
    """
    return crossed(x, memory, params, n_head, mask)


@misconception("3.5", loses=["mask"], title="the mask is ignored")
def cross_ignores_the_mask(x, memory, params, n_head, mask=None):
    """Your answer is the same with a mask and without one, so blanks of the other text are read like words.

    The argument arrives, but no other function is told of it.
    """
    return crossed(x, memory, params, n_head, None)


@misconception("3.5", loses=["output"], title="no output projection")
def cross_without_projection(x, memory, params, n_head, mask=None):
    """Your weights are right, but your outputs are the bare heads, side by side: c_proj is not in use."""
    q, _, _ = heads_of(x, params, n_head)
    _, k, v = heads_of(memory, params, n_head)
    out, weights = scaled_dot_product_attention(q, k, v, with_head_axis(mask, x))
    return merge_heads(out), weights


@misconception("3.5", loses=["batch"], title="exactly one batch axis is expected")
def cross_wants_three_axes(x, memory, params, n_head, mask=None):
    """Your function is right for [B, T, D], and fails for one text alone or for a batch of batches.

    Count the axes from the end, and take whatever stands before them as it comes.
    """
    b, t, d = x.shape
    out, weights = crossed(x, memory, params, n_head, with_head_axis(mask, x))
    return out.reshape(b, t, d), weights


@misconception("3.5", loses=["dtype"], title="float32 has become float64")
def cross_upcasts(x, memory, params, n_head, mask=None):
    """Your numbers are right, but float32 inputs give float64 outputs.

    A NumPy number such as np.sqrt(64), an array of np.zeros, or dtype=float lifts everything it meets.
    """
    out, weights = crossed(x, memory, params, n_head, with_head_axis(mask, x))
    return out + np.zeros(out.shape), weights


@misconception("3.5", loses=["dtype", "pure"], title="writing into the parameters")
def cross_scales_the_parameters(x, memory, params, n_head, mask=None):
    """Your function writes into the parameters that it was given.

    They belong to the model: at the next call they would be changed once more.
    Locked or integer parameters raise an error. The operator /= changes an array in place.
    """
    root = (x.shape[-1] // n_head) ** 0.5
    params["c_attn"]["weight"][:, :x.shape[-1]] /= root
    params["c_attn"]["bias"][:x.shape[-1]] /= root
    q, _, _ = heads_of(x, params, n_head)
    _, k, v = heads_of(memory, params, n_head)
    weights = shares_for(dots(q, k), with_head_axis(mask, x))
    return projected(merge_heads(weights @ v), params), weights


# ---------------------------------------------------------------- 3.6 multi_head_attention_backward


def again(x, params, n_head, mask):
    """Compute the forward pass again, the right way: (q, k, v, weights), and the merged heads."""
    q, k, v = heads_of(x, params, n_head)
    out, weights = scaled_dot_product_attention(q, k, v, with_head_axis(mask, x))
    return (q, k, v, weights), merge_heads(out)


def of_projection(x, d_out):
    """Find the gradients of a projection, the right way: sums over all tokens of all texts."""
    rows, d_rows = x.reshape(-1, x.shape[-1]), d_out.reshape(-1, d_out.shape[-1])
    return {"weight": rows.T @ d_rows, "bias": d_rows.sum(axis=0)}


def through_attention(d_merged, heads, n_head):
    """Go back through the heads, the right way, to [..., T, 3D]."""
    parts = scaled_dot_product_attention_backward(split_heads(d_merged, n_head), *heads)
    return np.concatenate([merge_heads(part) for part in parts], axis=-1)


@misconception("3.6", loses=["c-proj", "batch"], title="summed over a text, not over the batch")
def d_w_o_not_summed(d_out, x, params, n_head, mask=None):
    """Your gradients of c_proj still have the axes of the batch.

    All texts are mixed by one and the same matrix. So each of them has something to say about it,
    and what they say is added up.
    """
    heads, merged = again(x, params, n_head, mask)
    d_qkv = through_attention(d_out @ params["c_proj"]["weight"].T, heads, n_head)
    c_proj = {"weight": np.swapaxes(merged, -1, -2) @ d_out, "bias": d_out.sum(axis=-2)}
    return d_qkv @ params["c_attn"]["weight"].T, {"c_attn": of_projection(x, d_qkv), "c_proj": c_proj}


@misconception("3.6", loses=["c-proj", "c-attn", "mask", "batch"], title="the mean over the tokens")
def averages_over_tokens(d_out, x, params, n_head, mask=None):
    """Your gradients of the parameters are too small by the number of tokens: you took a mean.

    A parameter that is used by every token gathers a gradient from each of them, and gradients add up.
    If the loss is a mean, the division is in d_out already.
    """
    heads, merged = again(x, params, n_head, mask)
    d_qkv = through_attention(d_out @ params["c_proj"]["weight"].T, heads, n_head)
    n = merged[..., 0].size
    found = {"c_attn": of_projection(x, d_qkv), "c_proj": of_projection(merged, d_out)}
    return (d_qkv @ params["c_attn"]["weight"].T,
            {part: {kind: g / n for kind, g in found[part].items()} for part in found})


@misconception("3.6", loses=["c-proj"], title="the gradient of c_proj is turned round")
def d_w_o_transposed(d_out, x, params, n_head, mask=None):
    """Your gradient of c_proj's weight is turned round, and since it is square, no error tells you.

    Entry [i, j] of the weight leads from feature i of the merged heads to feature j of the output.
    Which of the two belongs to the rows of its gradient?
    """
    heads, merged = again(x, params, n_head, mask)
    d_qkv = through_attention(d_out @ params["c_proj"]["weight"].T, heads, n_head)
    c_proj = of_projection(merged, d_out)
    c_proj["weight"] = c_proj["weight"].T
    return d_qkv @ params["c_attn"]["weight"].T, {"c_attn": of_projection(x, d_qkv), "c_proj": c_proj}


@misconception("3.6", loses=["c-attn", "d-x", "mask"], title="past the output projection")
def skips_the_output_projection(d_out, x, params, n_head, mask=None):
    """Your gradient goes from the output straight into the heads, past c_proj.

    The heads see the output only through that projection, so the gradient has to come back through it.
    """
    heads, merged = again(x, params, n_head, mask)
    d_qkv = through_attention(d_out, heads, n_head)
    grads = {"c_attn": of_projection(x, d_qkv), "c_proj": of_projection(merged, d_out)}
    return d_qkv @ params["c_attn"]["weight"].T, grads


@misconception("3.6", loses=["c-attn", "d-x", "mask"], title="one head overwrites the other")
def heads_overwritten(d_out, x, params, n_head, mask=None):
    """Only your last head has a gradient: each turn of the loop took the place of the one before.

    Every head owns columns of its own in c_attn. Either write each into its own columns,
    or add up; an = where += is meant forgets all heads but one.
    """
    heads, merged = again(x, params, n_head, mask)
    d_heads = split_heads(d_out @ params["c_proj"]["weight"].T, n_head)
    parts = scaled_dot_product_attention_backward(d_heads, *heads)
    last = np.zeros((n_head, 1, 1), dtype=d_out.dtype)
    last[-1] = 1
    d_qkv = np.concatenate([merge_heads(part * last) for part in parts], axis=-1)
    grads = {"c_attn": of_projection(x, d_qkv), "c_proj": of_projection(merged, d_out)}
    return d_qkv @ params["c_attn"]["weight"].T, grads


@misconception("3.6", loses=["d-x", "mask"], title="back through the queries alone")
def d_x_only_from_q(d_out, x, params, n_head, mask=None):
    """Your gradient of x comes back through the queries alone.

    Each token is used three times, as a query, as a key and as a value, and all three ways count.
    """
    heads, merged = again(x, params, n_head, mask)
    d_qkv = through_attention(d_out @ params["c_proj"]["weight"].T, heads, n_head)
    d = x.shape[-1]
    grads = {"c_attn": of_projection(x, d_qkv), "c_proj": of_projection(merged, d_out)}
    return d_qkv[..., :d] @ params["c_attn"]["weight"][:, :d].T, grads


@misconception("3.6", loses=["c-attn", "d-x", "mask"], title="gradients of queries and keys exchanged")
def d_q_and_d_k_exchanged(d_out, x, params, n_head, mask=None):
    """You put the gradients of the queries into the block of the keys, and the other way round.

    In which order do the three blocks lie in c_attn, and in which order does 2.6 give its answers?
    """
    heads, merged = again(x, params, n_head, mask)
    d_qkv = through_attention(d_out @ params["c_proj"]["weight"].T, heads, n_head)
    d_q, d_k, d_v = np.split(d_qkv, 3, axis=-1)
    d_qkv = np.concatenate([d_k, d_q, d_v], axis=-1)
    grads = {"c_attn": of_projection(x, d_qkv), "c_proj": of_projection(merged, d_out)}
    return d_qkv @ params["c_attn"]["weight"].T, grads


@misconception("3.6", loses=["mask"], title="computed again without the mask")
def recomputes_without_mask(d_out, x, params, n_head, mask=None):
    """Under a mask your gradients are those of a layer without one.

    The forward pass has to be computed again just as it was, and the mask was a part of it.
    """
    heads, merged = again(x, params, n_head, None)
    d_qkv = through_attention(d_out @ params["c_proj"]["weight"].T, heads, n_head)
    grads = {"c_attn": of_projection(x, d_qkv), "c_proj": of_projection(merged, d_out)}
    return d_qkv @ params["c_attn"]["weight"].T, grads


@misconception("3.6", loses=["mask"], title="the mask of a text has landed on the heads")
def backward_mask_aligned_to_heads(d_out, x, params, n_head, mask=None):
    """You handed a mask [B, 1, T] on as it was on the way back, and NumPy took its first axis for the heads.

    The rule is that of 3.4: a mask with as many axes as x needs an axis for the heads.
    """
    q, k, v = heads_of(x, params, n_head)
    out, weights = scaled_dot_product_attention(q, k, v, mask)
    d_qkv = through_attention(d_out @ params["c_proj"]["weight"].T, (q, k, v, weights), n_head)
    grads = {"c_attn": of_projection(x, d_qkv), "c_proj": of_projection(merge_heads(out), d_out)}
    return d_qkv @ params["c_attn"]["weight"].T, grads


@misconception("3.6", loses=["batch"], title="exactly one batch axis is expected")
def backward_wants_three_axes(d_out, x, params, n_head, mask=None):
    """Your gradients are right for [B, T, D], and fail for one text alone or for a batch of batches.

    For the parameters, make one long list of tokens first, however many axes there are.
    """
    b, t, d = x.shape
    heads, merged = again(x, params, n_head, mask)
    d_qkv = through_attention(d_out @ params["c_proj"]["weight"].T, heads, n_head)
    grads = {"c_attn": of_projection(x, d_qkv), "c_proj": of_projection(merged, d_out)}
    return (d_qkv @ params["c_attn"]["weight"].T).reshape(b, t, d), grads


@misconception("3.6", loses=["dtype"], title="float32 has become float64")
def backward_upcasts(d_out, x, params, n_head, mask=None):
    """Your gradients are right, but float32 inputs give float64 gradients.

    np.zeros and np.empty make float64 arrays unless they are told a dtype.
    """
    heads, merged = again(x, params, n_head, mask)
    d_qkv = np.zeros((*x.shape[:-1], 3 * x.shape[-1]))
    d_qkv += through_attention(d_out @ params["c_proj"]["weight"].T, heads, n_head)
    grads = {"c_attn": of_projection(x, d_qkv), "c_proj": of_projection(merged, d_out)}
    return d_qkv @ params["c_attn"]["weight"].T, grads


@misconception("3.6", loses=["pure"], title="writing into the gradient")
def backward_in_place(d_out, x, params, n_head, mask=None):
    """Your function writes into the gradient that it was given.

    Whoever called it may still need it, and a locked gradient raises an error.
    Filling d_out anew, with d_out[...] = or d_out[:] =, changes it for all.
    """
    heads, merged = again(x, params, n_head, mask)
    c_proj = of_projection(merged, d_out)
    d_out[...] = d_out @ params["c_proj"]["weight"].T
    d_qkv = through_attention(d_out, heads, n_head)
    return d_qkv @ params["c_attn"]["weight"].T, {"c_attn": of_projection(x, d_qkv), "c_proj": c_proj}


# ---------------------------------------------------------------- 3.7 head_statistics


def measured(weights, first_row=1):
    """Take the four shares of the queries from `first_row` on, the right way for a first row of 1."""
    t = weights.shape[-1]
    rows = np.arange(first_row, t)
    later = weights[..., first_row:, :]
    return {
        "previous": weights[..., rows, rows - 1],
        "first": later[..., 0],
        "self": weights[..., rows, rows],
        "entropy": attention_entropy(later),
    }


def averaged(parts, n_head):
    """Take the mean over everything but the heads, the right way."""
    return {name: np.moveaxis(part, -2, 0).reshape(n_head, -1).mean(axis=-1) for name, part in parts.items()}


@misconception("3.7", loses=["patterns", "means"], title="the mean over the heads as well")
def mean_over_everything(weights):
    """Each of your four numbers is one for all heads: the mean ran over the heads too.

    The question is how heads differ, so their axis has to stay. Which axes are left for the mean?
    """
    return {name: np.asarray(part.mean()) for name, part in measured(weights).items()}


@misconception("3.7", loses=["means"], title="only the first text of the batch")
def statistics_of_the_first_text(weights):
    """Your numbers are those of the first text alone.

    One text says little about a head. The mean runs over all texts of the batch.
    """
    first = weights.reshape(-1, *weights.shape[-3:])[0]
    return averaged(measured(first), weights.shape[-3])


@misconception("3.7", loses=["patterns", "means"], title="the first query counts")
def includes_the_first_query(weights):
    """Your means begin with the first query, which has no token before it.

    Under a causal mask it can look only at itself, whatever the head is like, and that spoils the means.
    For "previous" its row even reaches round to the last token.
    """
    return averaged(measured(weights, first_row=0), weights.shape[-3])


@misconception("3.7", loses=["patterns", "means"], title="the diagonal counts as the token before")
def includes_the_diagonal(weights):
    """Your share on the token before contains the share on the token itself.

    One number should answer one question. Row i, column i is the token itself; where is the one before it?
    """
    parts = measured(weights)
    return averaged({**parts, "previous": parts["previous"] + parts["self"]}, weights.shape[-3])


@misconception("3.7", loses=["patterns", "means"], title="the share of the next token")
def looks_at_the_next(weights):
    """Your "previous" is the share of token i on token i + 1: rows and columns are exchanged.

    Rows are the readers and columns are what is read. Under a causal mask your number is always zero.
    """
    parts = measured(weights)
    rows = np.arange(1, weights.shape[-1])
    parts["previous"] = weights[..., rows - 1, rows]
    return averaged(parts, weights.shape[-3])


@misconception("3.7", loses=["patterns", "means"], title="the spread in bits")
def entropy_in_bits(weights):
    """Your spread is too large by a factor of 1.44: it was measured in bits, with the logarithm to base 2.

    The docstring asks for nats, with the natural logarithm, as attention_entropy gives them.
    """
    parts = measured(weights)
    parts["entropy"] = parts["entropy"] / np.log(2).astype(weights.dtype)
    return averaged(parts, weights.shape[-3])


@misconception("3.7", loses=["dtype"], title="float32 has become float64")
def statistics_upcast(weights):
    """Your numbers are right, but float32 weights give float64 numbers.

    np.zeros makes float64 arrays unless it is told a dtype, and so does np.array of a list of Python numbers.
    """
    found = averaged(measured(weights), weights.shape[-3])
    return {name: np.array([float(number) for number in part]) for name, part in found.items()}


@misconception("3.7", loses=["pure"], title="writing into the weights")
def statistics_in_place(weights):
    """Your function writes into the weights that it was given.

    Setting the zeros to a small number before the logarithm is a known trick, but the array belongs to
    whoever called you, and a locked one raises an error. np.where makes a new array.
    """
    found = averaged(measured(weights), weights.shape[-3])
    weights[weights == 0] = 1e-30
    return found
