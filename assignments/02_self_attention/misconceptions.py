"""Known wrong solutions of lesson 2. The docstring of each is what a student reads who made it."""

import math

import numpy as np

from grader.testing import misconception
from minigpt.attention import mask_scores, scaled_dot_product_attention, softmax, softmax_backward


def refuse_outside(numbers, lowest, highest):
    """Refuse what is out of range the right way, for mistakes that come after it."""
    if numbers.size and (numbers.min() < lowest or numbers.max() > highest):
        raise ValueError(f"must be from {lowest} to {highest}")


def three(x, w_q, w_k, w_v):
    """Make queries, keys and values the right way, for mistakes that come after them."""
    x = x * 1.0
    return x @ w_q, x @ w_k, x @ w_v


def allowed(t_q, t_k):
    """Make the right causal mask, for mistakes in how it is written down."""
    t_k = t_q if t_k is None else t_k
    return np.tril(np.ones((t_q, t_k), dtype=bool), t_k - t_q)


def back_from_scores(d_scores, q, k):
    """Carry a gradient from unscaled scores to queries and keys the right way."""
    return d_scores @ k, np.swapaxes(d_scores, -1, -2) @ q


def back_to_weights(d_out, v, weights):
    """Carry a gradient from the output to weights and values the right way."""
    return d_out @ np.swapaxes(v, -1, -2), np.swapaxes(weights, -1, -2) @ d_out


# ---------------------------------------------------------------- 2.1 embed


@misconception("2.1", loses=["rows", "any-shape"], title="ids counted from one")
def ids_off_by_one(ids, table):
    """Every token got the vector of the token before it in the table.

    Ids count from 0, as rows do: the id 0 is the first row.
    Print a small table and look up the ids 0 and 1 by eye.
    """
    refuse_outside(ids, 0, table.shape[0] - 1)
    return table[ids - 1]


@misconception("2.1", loses=["rows", "any-shape"], title="columns instead of rows")
def table_transposed(ids, table):
    """You took columns of the table. The vector of a token is a row.

    The table is [V, D]: one row for each token, one column for each feature.
    When there are as many tokens as features, no error tells you.
    """
    refuse_outside(ids, 0, table.shape[0] - 1)
    return table.T[ids]


@misconception("2.1", loses=["range"], title="ids are not checked")
def ids_not_checked(ids, table):
    """Your look-up is right, but ids that name no row are not refused.

    NumPy counts negative indices from the end, so -1 silently becomes the last token,
    and for ids that are too large it raises an IndexError. Here both should be a ValueError.
    """
    return table[ids]


@misconception("2.1", loses=["range"], title="negative ids count from the end")
def negative_id_wraps(ids, table):
    """You refuse ids that are too large, but a negative id gets some vector without a word.

    For NumPy, index -1 is the last row. For a vocabulary it is a mistake, often a "not found" or a blank
    that should have been taken out before. Which end of the range is not checked?
    """
    refuse_outside(ids, -table.shape[0], table.shape[0] - 1)
    return table[ids]


@misconception("2.1", loses=["range"], title="one id too many is let through")
def first_id_too_large(ids, table):
    """You let the id V through, where V is the number of rows, and NumPy then raises an IndexError.

    Rows count from 0, so V rows end with row V - 1. Look at the sign of your comparison.
    """
    refuse_outside(ids, 0, table.shape[0])
    return table[ids]


@misconception("2.1", loses=["range"], title="ids are pushed into the range")
def clips_ids(ids, table):
    """You give an id that names no row the vector of the nearest row, and nobody learns of it.

    A wrong id is a mistake in the program or in the text. The sooner it is told, the easier it is found.
    """
    return table[np.clip(ids, 0, table.shape[0] - 1)]


@misconception("2.1", loses=["rows", "any-shape"], title="scaled as in the paper")
def scaled_rows(ids, table):
    """Your vectors are the right rows, but all of them multiplied by the root of their width.

    Section 3.4 of "Attention Is All You Need" does that outside of the look-up; GPT-2 does not do it.
    This exercise hands out the rows as they stand in the table.
    """
    refuse_outside(ids, 0, table.shape[0] - 1)
    return table[ids] * table.shape[1] ** 0.5


@misconception("2.1", loses=["any-shape"], title="only one text at a time")
def one_list_only(ids, table):
    """Your look-up works for one list of ids, and not for a batch of texts.

    The vectors of ids of any shape have that shape, and one axis more at the end.
    Do you count along the first axis only, or make the result with len(ids)?
    """
    refuse_outside(ids, 0, table.shape[0] - 1)
    vectors = np.zeros((len(ids), table.shape[1]), dtype=table.dtype)
    for place, token in enumerate(ids):
        vectors[place] = table[token]
    return vectors


@misconception("2.1", loses=["dtype"], title="float32 has become float64")
def one_hot_upcasts(ids, table):
    """Your vectors are right, but a float32 table gives float64 vectors, which take twice the memory.

    np.eye, np.zeros and np.ones make float64 arrays unless told a dtype, and lift all that they meet.
    """
    refuse_outside(ids, 0, table.shape[0] - 1)
    return np.eye(table.shape[0])[ids] @ table


@misconception("2.1", loses=["range", "pure"], title="writing into the ids")
def repairs_ids_in_place(ids, table):
    """Your function writes into the ids that it was given, to make negative ones positive.

    The array belongs to whoever called you, and a locked one raises an error.
    Besides, an id that names no row should be refused and not repaired.
    """
    ids[ids < 0] += table.shape[0]
    return table[ids]


# ---------------------------------------------------------------- 2.2 project_qkv


@misconception("2.2", loses=["products", "batch"], title="keys made with the matrix of the queries")
def key_from_w_q(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    """Your keys are made with the matrix of the queries.

    Then what a word looks for and what it offers are the same thing: it looks for its own like,
    and any two words have the same score in both directions. Each role has a matrix of its own.
    """
    q, k, v = three(x, w_q, w_q, w_v)
    return (q if b_q is None else q + b_q, k if b_k is None else k + b_k, v if b_v is None else v + b_v)


@misconception("2.2", loses=["products", "bias", "batch"], title="x itself taken for the values")
def value_is_x(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    """Your values are the vectors x themselves.

    What a word hands over need not be all that it is: the third matrix chooses it, and its width d_v.
    All three roles are made from x, each by a matrix.
    """
    x = x * 1.0
    return (x @ w_q if b_q is None else x @ w_q + b_q, x @ w_k if b_k is None else x @ w_k + b_k, x)


@misconception("2.2", loses=["products", "batch"], title="the matrices turned round")
def torch_layout(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    """You turned the matrices round. Here a matrix is [D, d]: a row for each feature that goes in.

    PyTorch's Linear layer stores the transpose, and turns it round in every product; GPT-2's weights do not.
    When all sizes are equal no error tells you: the numbers are just wrong.
    """
    q, k, v = three(x, w_q.T, w_k.T, w_v.T)
    return (q if b_q is None else q + b_q, k if b_k is None else k + b_k, v if b_v is None else v + b_v)


@misconception("2.2", loses=["bias"], title="the bias added before the product")
def bias_before_product(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    """You added the bias to x, and multiplied afterwards, so the matrix changes the bias too.

    A bias is a number for each feature of the *result*: it comes after the product.
    Its width is that of the queries, keys or values, not that of x.
    """
    x = x * 1.0
    return ((x if b_q is None else x + b_q) @ w_q, (x if b_k is None else x + b_k) @ w_k,
            (x if b_v is None else x + b_v) @ w_v)


@misconception("2.2", loses=["bias"], title="the biases are ignored")
def biases_ignored(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    """Your answer is the same with biases and without them.

    The arguments arrive, but nothing is done with them.
    What should a query be when x is zero everywhere?
    """
    return three(x, w_q, w_k, w_v)


@misconception("2.2", loses=["bias"], title="all biases or none")
def all_biases_or_none(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    """You leave out a bias that is there, because another one is missing.

    Some models have a bias for the queries and none for the keys. Ask three times, once for each.
    """
    q, k, v = three(x, w_q, w_k, w_v)
    if b_q is None or b_k is None or b_v is None:
        return q, k, v
    return q + b_q, k + b_k, v + b_v


@misconception("2.2", loses=["bias"], title="one bias for all three")
def one_bias_for_all(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    """You added the bias of the queries to the keys and the values as well.

    There are three biases, one for each role, and the last may even have another width.
    """
    q, k, v = three(x, w_q, w_k, w_v)
    return (q, k, v) if b_q is None else (q + b_q, k + b_q, v + b_q)


@misconception("2.2", loses=["batch"], title="only the first text of the batch")
def batch_lost(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    """Your answer for a batch has lost the batch: only its first text was projected.

    x @ w works for any number of axes in front. Look for an index [0] or a reshape that should not be there.
    """
    q, k, v = three(x.reshape(-1, *x.shape[-2:])[0], w_q, w_k, w_v)
    return (q if b_q is None else q + b_q, k if b_k is None else k + b_k, v if b_v is None else v + b_v)


@misconception("2.2", loses=["batch"], title="the batch runs into the text")
def batch_flattened(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    """Your numbers are right, but all texts of a batch stand in one long list: the batch axes are gone.

    A reshape to two axes is fine for the product, but the result needs its batch axes back.
    x @ w does not even need the reshape.
    """
    q, k, v = three(x.reshape(-1, x.shape[-1]), w_q, w_k, w_v)
    return (q if b_q is None else q + b_q, k if b_k is None else k + b_k, v if b_v is None else v + b_v)


@misconception("2.2", loses=["dtype"], title="float32 has become float64")
def zero_bias_upcasts(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    """Your numbers are right, but float32 inputs give float64 results.

    A bias of np.zeros that stands in for a missing one has 64 bits, and lifts all that it meets.
    """
    q, k, v = three(x, w_q, w_k, w_v)
    return (q + (np.zeros(q.shape[-1]) if b_q is None else b_q),
            k + (np.zeros(k.shape[-1]) if b_k is None else b_k),
            v + (np.zeros(v.shape[-1]) if b_v is None else b_v))


@misconception("2.2", loses=["pure"], title="writing into the biases")
def adds_to_the_biases(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    """Your function writes into a bias that it was given, or into another of its inputs.

    They belong to whoever called you: after one training step the bias would hold the sum of all queries.
    Operators such as += and *= change an array in place; q = q + b makes a new one.
    """
    if b_q is not None:
        b_q *= 1.0
    q, k, v = three(x, w_q, w_k, w_v)
    return (q if b_q is None else q + b_q, k if b_k is None else k + b_k, v if b_v is None else v + b_v)


# ---------------------------------------------------------------- 2.3 causal_mask


@misconception("2.3", loses=["square", "aligned", "tall"], title="sees one word too many")
def one_too_many(t_q, t_k=None):
    """Every word of yours also sees the next one: the very word that a model should guess.

    Training then looks wonderful, because the answer can be copied, and the model has learnt nothing.
    Compare the first row of your mask with what the first word may know.
    """
    t_k = t_q if t_k is None else t_k
    return np.tril(np.ones((t_q, t_k), dtype=bool), t_k - t_q + 1)


@misconception("2.3", loses=["square", "aligned", "tall"], title="a word does not see itself")
def hides_itself(t_q, t_k=None):
    """In your mask no word may look at itself, and the first word may look at nothing.

    What a word itself is, it knows: only what comes after it is hidden.
    Should your comparison be < or <= ?
    """
    t_k = t_q if t_k is None else t_k
    return np.tril(np.ones((t_q, t_k), dtype=bool), t_k - t_q - 1)


@misconception("2.3", loses=["square", "aligned", "tall"], title="the upper triangle")
def upper_triangle(t_q, t_k=None):
    """Your words see the future and not the past: the True entries lie above the diagonal.

    Rows are the words that look, columns those that are looked at, so earlier words stand on the left.
    What may the last word see, and what does the last row of your mask say?
    """
    t_k = t_q if t_k is None else t_k
    return np.triu(np.ones((t_q, t_k), dtype=bool), t_k - t_q)


@misconception("2.3", loses=["square", "aligned", "tall"], title="the mask is upside down")
def causal_inverted(t_q, t_k=None):
    """Your mask is True exactly where it should be False. Here True means: may attend.

    Other libraries mark what is forbidden, and no error tells you.
    Read the first row of your mask aloud: "the first word may look at ..."
    """
    return ~allowed(t_q, t_k)


@misconception("2.3", loses=["aligned", "tall"], title="aligned at the top left")
def top_left(t_q, t_k=None):
    """With a text that goes on, your new words stand at the beginning of the text and not at its end.

    With one query and four keys your query sees the first word only, as if it were the first word itself.
    The last query belongs to the last key. By how many places do the queries have to move?
    """
    return np.tril(np.ones((t_q, t_q if t_k is None else t_k), dtype=bool))


@misconception("2.3", loses=["aligned", "tall"], title="moved in the wrong direction")
def offset_sign(t_q, t_k=None):
    """With more keys than queries your words see less than they should, and with fewer keys more.

    The difference between the two numbers goes into the comparison with the wrong sign.
    Work out by hand which key the last query stands at.
    """
    t_k = t_q if t_k is None else t_k
    return np.tril(np.ones((t_q, t_k), dtype=bool), t_q - t_k)


@misconception("2.3", loses=["aligned", "tall"], title="the number of keys is ignored")
def t_k_ignored(t_q, t_k=None):
    """Your mask is always square, whatever the number of keys.

    A mask has a row for each query and a column for each key: [T_q, T_k].
    """
    return np.tril(np.ones((t_q, t_q), dtype=bool))


@misconception("2.3", loses=["tall"], title="the first queries see something after all")
def never_moves_up(t_q, t_k=None):
    """With more queries than keys, your first queries see keys that lie in their future.

    The last query still stands at the last key, so the first queries come before all keys and see nothing.
    The rule is the same as for more keys than queries: do you stop the difference at zero?
    """
    t_k = t_q if t_k is None else t_k
    return np.tril(np.ones((t_q, t_k), dtype=bool), max(t_k - t_q, 0))


@misconception("2.3", loses=["bool"], title="numbers instead of bools")
def causal_numbers(t_q, t_k=None):
    """Your mask is right, but it holds the numbers 1 and 0 instead of True and False.

    Numbers would be added where bools are asked, and `~` and `&` do something else with them.
    """
    return allowed(t_q, t_k) * 1.0


@misconception("2.3", loses=["square", "aligned", "tall", "bool"], title="a mask to be added")
def causal_to_be_added(t_q, t_k=None):
    """You made a mask of 0 and minus infinity, to be added to the scores.

    Many programs work that way, but in this course a mask answers a question with True or False,
    and exercise 1.4 turns the answer into scores.
    """
    return np.where(allowed(t_q, t_k), 0.0, -np.inf)


# ---------------------------------------------------------------- 2.4 padding_mask


@misconception("2.4", loses=["keys", "empty-and-full"], title="queries masked instead of keys")
def masks_query_rows(lengths, t_k):
    """Your mask [B, T, 1] silences the blanks as readers, but every word still reads the blanks.

    It is the keys that must not be blanks: nobody should look at them.
    What a blank itself sees does no harm, because nobody reads its output.
    """
    refuse_outside(lengths, 0, t_k)
    return np.arange(t_k)[:, np.newaxis] < lengths[:, np.newaxis, np.newaxis]


@misconception("2.4", loses=["keys", "empty-and-full"], title="one blank too many")
def less_or_equal(lengths, t_k):
    """In your mask the first blank after every text may still be looked at.

    Keys count from 0, so a text of two words has the keys 0 and 1. Should your comparison be < or <= ?
    """
    refuse_outside(lengths, 0, t_k)
    return np.arange(t_k) <= lengths[:, np.newaxis, np.newaxis]


@misconception("2.4", loses=["keys", "empty-and-full"], title="no axis for the queries")
def wrong_shape_broadcasts(lengths, t_k):
    """Your mask is [B, T_k]. Against scores [B, T_q, T_k] NumPy lines B up with the queries.

    Mostly that is an error, but with as many texts as words it is none:
    then word i of every text gets the mask of text i. An axis of length 1 prevents that.
    """
    refuse_outside(lengths, 0, t_k)
    return np.arange(t_k) < lengths[:, np.newaxis]


@misconception("2.4", loses=["keys", "empty-and-full"], title="the mask is upside down")
def padding_inverted(lengths, t_k):
    """Your mask is True for the blanks. Here True means: may attend.

    Other libraries mark the padding, and no error tells you.
    """
    refuse_outside(lengths, 0, t_k)
    return np.arange(t_k) >= lengths[:, np.newaxis, np.newaxis]


@misconception("2.4", loses=["keys", "empty-and-full"], title="padding in front")
def padding_in_front(lengths, t_k):
    """You took the last places of every text for its words. Here the words come first, and blanks after them.

    Both habits exist; the docstring says which one is meant.
    """
    refuse_outside(lengths, 0, t_k)
    return np.arange(t_k) >= t_k - lengths[:, np.newaxis, np.newaxis]


@misconception("2.4", loses=["empty-and-full"], title="a full text has lost its words")
def minus_zero_slice(lengths, t_k):
    """Your mask of a text without any padding is False everywhere.

    You clear the last t_k - n places with a slice that counts from the end.
    When there is nothing to clear, that slice begins at -0, which is 0: the whole row.
    """
    refuse_outside(lengths, 0, t_k)
    mask = np.ones((len(lengths), 1, t_k), dtype=bool)
    for text, length in enumerate(lengths):
        mask[text, 0, -(t_k - length):] = False
    return mask


@misconception("2.4", loses=["empty-and-full"], title="full texts are refused")
def refuses_full_texts(lengths, t_k):
    """You refuse a text that fills all of its places. It has no padding, which is fine.

    Lengths may be from 0 to t_k, both ends included.
    """
    refuse_outside(lengths, 0, t_k - 1)
    return np.arange(t_k) < lengths[:, np.newaxis, np.newaxis]


@misconception("2.4", loses=["empty-and-full"], title="empty texts are refused")
def refuses_empty_texts(lengths, t_k):
    """You refuse a text of length 0. A batch may hold an empty text: it simply has nothing to look at.

    Lengths may be from 0 to t_k, both ends included.
    """
    refuse_outside(lengths, 1, t_k)
    return np.arange(t_k) < lengths[:, np.newaxis, np.newaxis]


@misconception("2.4", loses=["range"], title="lengths are not checked")
def lengths_not_checked(lengths, t_k):
    """Your mask is right, but a length above t_k or below 0 is taken without a word.

    Such a length means that text and batch do not belong together. Raise ValueError.
    """
    return np.arange(t_k) < lengths[:, np.newaxis, np.newaxis]


@misconception("2.4", loses=["range"], title="negative lengths are taken")
def negative_lengths_taken(lengths, t_k):
    """You refuse texts that are too long, but a length below 0 is taken without a word.

    Which end of the range is not checked?
    """
    refuse_outside(lengths, -np.inf, t_k)
    return np.arange(t_k) < lengths[:, np.newaxis, np.newaxis]


@misconception("2.4", loses=["bool"], title="numbers instead of bools")
def padding_numbers(lengths, t_k):
    """Your mask is right, but it holds the numbers 1 and 0 instead of True and False.

    Numbers would be added where bools are asked, and `~` and `&` do something else with them.
    """
    refuse_outside(lengths, 0, t_k)
    return (np.arange(t_k) < lengths[:, np.newaxis, np.newaxis]) * 1.0


@misconception("2.4", loses=["pure"], title="writing into the lengths")
def counts_down_in_place(lengths, t_k):
    """Your function writes into the lengths that it was given.

    Whoever called it still needs them, and locked ones raise an error.
    Operators such as -= change an array in place.
    """
    refuse_outside(lengths, 0, t_k)
    lengths -= 1
    return np.arange(t_k) <= lengths[:, np.newaxis, np.newaxis]


# ---------------------------------------------------------------- 2.5 self_attention


@misconception("2.5", loses=["mask", "batch", "no-leak", "dead-rows"], title="the mask does not arrive")
def mask_not_forwarded(x, w_q, w_k, w_v, mask=None):
    """Your answer is the same with a mask and without one: every word sees everything.

    The argument comes in and goes nowhere. A model trained that way reads the answer it should guess.
    Which of the two functions that you call takes a mask?
    """
    return scaled_dot_product_attention(*three(x, w_q, w_k, w_v))


@misconception("2.5", loses=["mask", "batch", "no-leak", "dead-rows"], title="weights from before the mask")
def returns_unmasked_weights(x, w_q, w_k, w_v, mask=None):
    """Your output follows the mask, but the weights that you return do not.

    They still show shares for words that may not be seen, and the way back would go through them.
    Hand back the very weights that blended the values.
    """
    q, k, v = three(x, w_q, w_k, w_v)
    out, weights = scaled_dot_product_attention(q, k, v, mask)
    return out, weights if mask is None else scaled_dot_product_attention(q, k, v)[1]


@misconception("2.5", loses=["formula", "mask", "batch", "no-leak", "dead-rows"],
               title="softmax over the queries")
def columns_sum_to_one(x, w_q, w_k, w_v, mask=None):
    """In your weights the columns sum to one, not the rows: the words compete for being looked at by.

    Each word should share out all of its attention over the words that it sees.
    In a table [T, T] both axes have the same length, so no error tells you.
    """
    q, k, v = three(x, w_q, w_k, w_v)
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    weights = softmax(scores if mask is None else mask_scores(scores, mask), axis=-2)
    return weights @ v, weights


@misconception("2.5", loses=["formula", "mask", "batch", "dead-rows"],
               title="x attends without the matrices")
def no_projection(x, w_q, w_k, w_v, mask=None):
    """You let x attend as it is: queries, keys and values are all the same vectors.

    Then a word looks for its own like, and hands over all that it is.
    The three matrices make three roles of one vector; their columns give the widths.
    """
    x = x * 1.0
    out, weights = scaled_dot_product_attention(x, x, x, mask)
    return out, weights


@misconception("2.5", loses=["formula", "mask", "batch"], title="keys made with the matrix of the queries")
def looks_with_one_matrix(x, w_q, w_k, w_v, mask=None):
    """Your keys are made with the matrix of the queries.

    Then any two words have the same score in both directions: the scores are their own mirror image.
    Each role has a matrix of its own.
    """
    return scaled_dot_product_attention(*three(x, w_q, w_q, w_v), mask)


@misconception("2.5", loses=["formula", "mask", "batch", "dead-rows"], title="x itself taken for the values")
def values_not_projected(x, w_q, w_k, w_v, mask=None):
    """Your output blends the vectors x themselves, not the values.

    What a word hands over is made by the third matrix, and has its width d_v.
    """
    q, k, _ = three(x, w_q, w_k, w_v)
    return scaled_dot_product_attention(q, k, x * 1.0, mask)


@misconception("2.5", loses=["formula"], title="the scores are not scaled")
def unscaled(x, w_q, w_k, w_v, mask=None):
    """Your weights are sharper than they should be: the scores went into softmax unscaled.

    Your function of lesson 1 does this step for you. If you write it out here, divide by the root of d_k.
    """
    q, k, v = three(x, w_q, w_k, w_v)
    return scaled_dot_product_attention(q * q.shape[-1] ** 0.5, k, v, mask)


@misconception("2.5", loses=["formula"], title="scaled by the width of x")
def scales_by_d_model(x, w_q, w_k, w_v, mask=None):
    """You divided by the root of D, the width of x. The scores are sums of d_k products.

    It is the number of products that makes scores large. After the projection, how wide is a query?
    """
    q, k, v = three(x, w_q, w_k, w_v)
    return scaled_dot_product_attention(q * (q.shape[-1] / x.shape[-1]) ** 0.5, k, v, mask)


@misconception("2.5", loses=["mask", "batch", "no-leak", "dead-rows"],
               title="rows and columns of the mask exchanged")
def mask_turned_round(x, w_q, w_k, w_v, mask=None):
    """You turned the mask round, so its rows speak about the words that are looked at.

    A causal mask then shows the future and hides the past, and a mask of blanks silences the readers.
    Row i of the mask says what word i may look at.
    """
    turned = None if mask is None else np.swapaxes(mask, -1, -2)
    return scaled_dot_product_attention(*three(x, w_q, w_k, w_v), turned)


@misconception("2.5", loses=["mask", "batch", "no-leak"], title="the mask comes after softmax")
def strikes_shares_out(x, w_q, w_k, w_v, mask=None):
    """With a mask, your weights sum to less than one.

    You struck shares out after softmax, and what the hidden words had is lost; worse, a hidden word
    still moves all the other shares. Hidden words have to be out of the race before softmax.
    """
    q, k, v = three(x, w_q, w_k, w_v)
    weights = softmax(q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1]))
    weights = weights if mask is None else weights * mask
    return weights @ v, weights


@misconception("2.5", loses=["dead-rows"], title="nan for a word that sees nothing")
def unseeing_word_nan(x, w_q, w_k, w_v, mask=None):
    """You give nan to a word that may look at nothing, and one nan soon spreads through a whole network.

    If every score of a row is minus infinity, softmax computes infinity minus infinity.
    Your function of lesson 1 takes care of such rows: is it in use here?
    """
    q, k, v = three(x, w_q, w_k, w_v)
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    weights = softmax(scores if mask is None else mask_scores(scores, mask))
    return weights @ v, weights


@misconception("2.5", loses=["dead-rows"], title="equal shares for a word that sees nothing")
def unseeing_word_uniform(x, w_q, w_k, w_v, mask=None):
    """You give the same share to every hidden word when a word may look at nothing.

    If all scores of a row are equally low, softmax sees no difference between them.
    Your function of lesson 1 takes care of such rows: is it in use here?
    """
    q, k, v = three(x, w_q, w_k, w_v)
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    weights = softmax(scores if mask is None else np.where(mask, scores, -1e9))
    return weights @ v, weights


@misconception("2.5", loses=["batch", "no-leak"], title="only the first text of the batch")
def first_text_only(x, w_q, w_k, w_v, mask=None):
    """All words of the batch looked at the keys and values of its first text.

    Each text of a batch looks at itself. Look for an index [0] that should not be there.
    """
    q, k, v = three(x, w_q, w_k, w_v)
    k, v = (part.reshape(-1, *part.shape[-2:])[0] for part in (k, v))
    return scaled_dot_product_attention(q, k, v, mask)


@misconception("2.5", loses=["batch", "no-leak", "dead-rows"], title="every axis turned round")
def turns_every_axis(x, w_q, w_k, w_v, mask=None):
    """Your answer is right for one text and wrong, or an error, for a batch.

    `.T` turns the order of all axes round, the batch axis too.
    Only the last two axes of the keys have to change places.
    """
    q, k, v = three(x, w_q, w_k, w_v)
    return scaled_dot_product_attention(q, np.swapaxes(k.T, -1, -2), v, mask)


@misconception("2.5", loses=["formula", "mask", "batch", "no-leak", "dead-rows", "dtype", "pure"],
               title="only the output comes back")
def only_out(x, w_q, w_k, w_v, mask=None):
    """Your function returns one array. The exercise asks for two things: the output and the weights.

    The weights show where each output was taken from; a later exercise goes back through them.
    """
    return scaled_dot_product_attention(*three(x, w_q, w_k, w_v), mask)[0]


@misconception("2.5", loses=["dtype"], title="float32 has become float64")
def self_attention_upcasts(x, w_q, w_k, w_v, mask=None):
    """Your numbers are right, but float32 inputs give float64 results.

    A NumPy number such as np.sqrt(64), an array of np.zeros, or dtype=float lifts everything it meets.
    """
    q, k, v = three(x, w_q, w_k, w_v)
    return scaled_dot_product_attention(q * np.sqrt(1), k, v * np.sqrt(1), mask)


@misconception("2.5", loses=["dtype", "pure"], title="writing into the matrices")
def folds_the_scale_into_w_q(x, w_q, w_k, w_v, mask=None):
    """Your function writes into a matrix that it was given, to scale the queries.

    The next call would find it scaled already; locked or integer matrices raise an error.
    The operator /= changes an array in place.
    """
    root = w_q.shape[-1] ** 0.5
    w_q /= root
    q, k, v = three(x, w_q, w_k, w_v)
    return scaled_dot_product_attention(q * root, k, v, mask)


# ---------------------------------------------------------------- 2.6 scaled_dot_product_attention_backward


@misconception("2.6", loses=["queries", "keys"], title="the scale is missing")
def scale_missing(d_out, q, k, v, weights):
    """Your gradients at queries and keys are too large by the root of d_k.

    On the way forward the scores were divided by it. What was a factor on the way forward
    is the same factor on the way back.
    """
    d_weights, d_v = back_to_weights(d_out, v, weights)
    return *back_from_scores(softmax_backward(d_weights, weights), q, k), d_v


@misconception("2.6", loses=["queries", "keys"], title="scaled by d_k, not by its root")
def scale_is_d_k(d_out, q, k, v, weights):
    """Your gradients at queries and keys are too small by the root of d_k.

    On the way forward the scores were divided by the root. Did you scale twice, or leave out the root?
    """
    d_weights, d_v = back_to_weights(d_out, v, weights)
    return *back_from_scores(softmax_backward(d_weights, weights) / q.shape[-1], q, k), d_v


@misconception("2.6", loses=["queries", "keys", "masked", "batch"], title="softmax is left out")
def softmax_left_out(d_out, q, k, v, weights):
    """You took the gradient at the weights for the one at the scores.

    Between the two lies softmax, and it has a way back of its own.
    """
    d_weights, d_v = back_to_weights(d_out, v, weights)
    return *back_from_scores(d_weights / math.sqrt(q.shape[-1]), q, k), d_v


@misconception("2.6", loses=["queries", "keys", "masked", "batch"], title="only each score's own share")
def own_share_only(d_out, q, k, v, weights):
    """You followed each score into its own share only: g w (1 - w).

    But raising one score also lowers all the other shares of its row, because they sum to one.
    Your softmax_backward knows that: is it in use here?
    """
    d_weights, d_v = back_to_weights(d_out, v, weights)
    d_scores = d_weights * weights * (1.0 - weights) / math.sqrt(q.shape[-1])
    return *back_from_scores(d_scores, q, k), d_v


@misconception("2.6", loses=["queries", "keys", "masked", "batch"], title="the mean is not taken off")
def mean_not_taken_off(d_out, q, k, v, weights):
    """You multiplied the gradient at the weights with the weights, and took nothing off.

    What counts is how far each share's gradient lies above the mean of its row.
    Your softmax_backward does that: is it in use here?
    """
    d_weights, d_v = back_to_weights(d_out, v, weights)
    return *back_from_scores(d_weights * weights / math.sqrt(q.shape[-1]), q, k), d_v


@misconception("2.6", loses=["queries", "keys", "masked", "batch"],
               title="back through softmax along the queries")
def back_over_queries(d_out, q, k, v, weights):
    """You went back through softmax along the queries. It ran along the keys, the last axis.

    The rows of the weights sum to one, so the rows of the gradient at the scores sum to zero.
    """
    d_weights, d_v = back_to_weights(d_out, v, weights)
    d_scores = softmax_backward(d_weights, weights, axis=-2) / math.sqrt(q.shape[-1])
    return *back_from_scores(d_scores, q, k), d_v


@misconception("2.6", loses=["values", "masked", "batch"], title="values reached through the scores")
def d_v_from_scores(d_out, q, k, v, weights):
    """Your gradient at the values is made with the gradient at the scores.

    Values are blended after softmax: they never meet the scores.
    Which table stood beside v in the product that gave the output?
    """
    d_weights, _ = back_to_weights(d_out, v, weights)
    d_scores = softmax_backward(d_weights, weights) / math.sqrt(q.shape[-1])
    return *back_from_scores(d_scores, q, k), np.swapaxes(d_scores, -1, -2) @ d_out


@misconception("2.6", loses=["values", "masked", "batch"], title="values by unscaled scores")
def d_v_from_raw_scores(d_out, q, k, v, weights):
    """Your gradient at the values is made with the scores, where the shares belong.

    Value j counts in an output by its share, not by its score.
    So it receives the gradient of that output in the same share.
    """
    d_weights, _ = back_to_weights(d_out, v, weights)
    d_scores = softmax_backward(d_weights, weights) / math.sqrt(q.shape[-1])
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    return *back_from_scores(d_scores, q, k), np.swapaxes(scores, -1, -2) @ d_out


@misconception("2.6", loses=["values", "queries", "keys", "masked", "batch"],
               title="the weights are not turned round")
def weights_not_turned(d_out, q, k, v, weights):
    """For the values you multiplied with the weights as they are. They have to be turned round.

    Value j collects from all queries that looked at it: that is column j of the weights, not row j.
    With as many queries as keys no error tells you.
    """
    d_weights, _ = back_to_weights(d_out, v, weights)
    d_scores = softmax_backward(d_weights, weights) / math.sqrt(q.shape[-1])
    return *back_from_scores(d_scores, q, k), weights @ d_out


@misconception("2.6", loses=["values", "queries", "keys", "masked", "batch"],
               title="the scores are not turned round")
def scores_not_turned(d_out, q, k, v, weights):
    """For the keys you multiplied with the gradient of the scores as it is. It has to be turned round.

    Key j collects from all queries that were compared with it: that is column j, not row j.
    With as many queries as keys no error tells you.
    """
    d_weights, d_v = back_to_weights(d_out, v, weights)
    d_scores = softmax_backward(d_weights, weights) / math.sqrt(q.shape[-1])
    return d_scores @ k, d_scores @ q, d_v


@misconception("2.6", loses=["queries", "keys", "masked", "batch"], title="queries and keys exchanged")
def d_q_d_k_swapped(d_out, q, k, v, weights):
    """Your first gradient is that at the keys, and the second that at the queries.

    Every gradient has the shape of its array; when there are as many queries as keys, that does not help.
    What does the docstring say after "Returns"?
    """
    d_weights, d_v = back_to_weights(d_out, v, weights)
    d_scores = softmax_backward(d_weights, weights) / math.sqrt(q.shape[-1])
    return *back_from_scores(d_scores, q, k)[::-1], d_v


@misconception("2.6", loses=["masked"], title="weights computed again, without the mask")
def recomputes_without_mask(d_out, q, k, v, weights):
    """You computed the weights again from queries and keys, and lost the mask on the way.

    Then something flows back to words that nobody was allowed to see.
    The weights that you are given know about the mask: they are zero where it was False.
    """
    again = scaled_dot_product_attention(q * 1.0, k * 1.0, v * 1.0)[1]
    d_weights, d_v = back_to_weights(d_out, v, again)
    d_scores = softmax_backward(d_weights, again) / math.sqrt(q.shape[-1])
    return *back_from_scores(d_scores, q, k), d_v


@misconception("2.6", loses=["batch"], title="every axis turned round")
def back_turns_every_axis(d_out, q, k, v, weights):
    """Your gradients are right for one text and wrong, or an error, for a batch.

    `.T` turns the order of all axes round, the batch axis too.
    Only the last two axes have to change places.
    """
    d_scores = softmax_backward(d_out @ v.T, weights) / math.sqrt(q.shape[-1])
    return d_scores @ k, d_scores.T @ q, weights.T @ d_out


@misconception("2.6", loses=["dtype"], title="float32 has become float64")
def back_upcasts(d_out, q, k, v, weights):
    """Your numbers are right, but float32 inputs give float64 gradients.

    np.sqrt of a Python number is a NumPy number of 64 bits, and lifts a whole array to its size.
    """
    d_weights, d_v = back_to_weights(d_out, v, weights)
    d_scores = softmax_backward(d_weights, weights) / np.sqrt(q.shape[-1])
    return *back_from_scores(d_scores, q, k), d_v


@misconception("2.6", loses=["dtype", "pure"], title="writing into the queries")
def scales_queries_in_place(d_out, q, k, v, weights):
    """Your function writes into an array that it was given.

    Whoever called it still needs it, and locked or integer arrays raise an error.
    Operators such as /= and *= change an array in place.
    """
    root = math.sqrt(q.shape[-1])
    q /= root
    d_weights, d_v = back_to_weights(d_out, v, weights)
    d_scores = softmax_backward(d_weights, weights)
    return d_scores @ k / root, np.swapaxes(d_scores, -1, -2) @ q, d_v


# ---------------------------------------------------------------- 2.7 attention_entropy


@misconception("2.7", loses=["zeros"], title="nan from a share of zero")
def nan_on_zero(weights):
    """Your entropy is nan where a share is zero: zero times minus infinity is not a number.

    On paper w log w goes to zero as w does, so such a share adds nothing.
    Masks make many shares exactly zero. How can its logarithm be kept out of the sum?
    """
    return -(weights * np.log(weights)).sum(axis=-1)


@misconception("2.7", loses=["nats", "zeros", "any-shape"], title="summed over the queries")
def sums_over_queries(weights):
    """You added up over the queries. Each query has an entropy of its own: the sum runs over the keys.

    The keys lie along the last axis, the one along which the shares sum to one.
    In a table [T, T] both axes have the same length, so no error tells you.
    """
    return -(weights * np.log(np.where(weights > 0, weights, 1))).sum(axis=-2)


@misconception("2.7", loses=["nats", "zeros", "any-shape", "dtype", "pure"],
               title="one number for the whole table")
def one_number(weights):
    """You added up, or averaged, over everything. Each query has an entropy of its own.

    The sum runs over the keys only, so [..., T_q, T_k] becomes [..., T_q].
    """
    return float(-(weights * np.log(np.where(weights > 0, weights, 1))).sum())


@misconception("2.7", loses=["nats", "zeros", "any-shape"], title="the axis of the keys is kept")
def keeps_the_axis(weights):
    """Your numbers are right, but they come as [..., T_q, 1]: the axis of the keys is still there.

    One number for each query has the shape [..., T_q].
    """
    return -(weights * np.log(np.where(weights > 0, weights, 1))).sum(axis=-1, keepdims=True)


@misconception("2.7", loses=["nats", "zeros", "any-shape"], title="bits instead of nats")
def bits(weights):
    """You took the logarithm to the base 2, which measures in bits. Here the natural one is meant: nats.

    One bit is 0.693 nats. Two equal shares should give 0.693 and not 1.
    """
    return -(weights * np.log2(np.where(weights > 0, weights, 1))).sum(axis=-1)


@misconception("2.7", loses=["nats", "zeros", "any-shape"], title="the sign is wrong")
def sign_forgotten(weights):
    """Your entropies are negative. The logarithm of a share is never above zero, so the sum needs a minus.

    Zero is the entropy of a query that looks at one word only; all others lie above it.
    """
    return (weights * np.log(np.where(weights > 0, weights, 1))).sum(axis=-1)


@misconception("2.7", loses=["nats", "zeros", "any-shape"], title="divided by the logarithm of the length")
def between_zero_and_one(weights):
    """You divided by the logarithm of the number of keys, so that equal shares give 1.

    That is a useful measure too, but not the one asked for: equal shares of T_k keys should give log(T_k).
    """
    logs = np.log(np.where(weights > 0, weights, 1))
    return -(weights * logs).sum(axis=-1) / math.log(weights.shape[-1])


@misconception("2.7", loses=["nats", "any-shape", "zeros"], title="the shares are missing from the sum")
def logarithms_alone(weights):
    """You added up the logarithms of the shares, and forgot to weigh each with its share.

    Entropy is a mean: the surprise -log w of each word, counted as often as the word is looked at.
    """
    return -np.log(np.where(weights > 0, weights, 1)).sum(axis=-1)


@misconception("2.7", loses=["dtype"], title="float32 has become float64")
def entropy_upcasts(weights):
    """Your numbers are right, but float32 shares give a float64 entropy.

    np.zeros and np.ones make float64 arrays unless they are told a dtype, and lift all that they meet.
    """
    logs = np.log(np.where(weights > 0, weights, np.ones(weights.shape)))
    return -(weights * logs).sum(axis=-1)


@misconception("2.7", loses=["pure"], title="writing into the weights")
def replaces_zeros_in_place(weights):
    """Your function writes into the weights that it was given, to get rid of the zeros.

    Whoever called it still needs them, and a locked array raises an error.
    Put the replacement into a new array.
    """
    weights[weights == 0] = 1
    return -(weights * np.log(weights)).sum(axis=-1)
