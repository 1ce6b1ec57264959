"""Known wrong solutions of lesson 1. The docstring of each is what a student reads who made it."""

import numpy as np

from grader.testing import misconception
from minigpt.attention import attention_scores, mask_scores, scale_scores, softmax


def scaled(q, k):
    """Compute the scores the right way, for mistakes that come after them."""
    return scale_scores(attention_scores(q, k), q.shape[-1])


def shares_under(mask, scores):
    """Turn scores into weights the right way, rows that see nothing included."""
    if mask is None:
        return softmax(scores)
    sees_any = mask.any(axis=-1, keepdims=True)
    return softmax(mask_scores(scores, mask | ~sees_any)) * sees_any


# ---------------------------------------------------------------- 1.1 softmax


@misconception("1.1", loses=["stable"], title="exp of the raw scores")
def no_max(x, axis=-1):
    """Large scores give nan: their exponentials are infinite, and infinity by infinity is not a number.

    Only differences between scores count. So you may move a whole row before you take exponentials.
    Where should the largest score of a row end up, so that nothing can overflow?
    """
    powers = np.exp(1.0 * x)
    return powers / powers.sum(axis=axis, keepdims=True)


@misconception("1.1", loses=["axis"], title="the axis is ignored")
def axis_ignored(x, axis=-1):
    """Your shares sum to one along the last axis, whichever axis was asked for.

    The argument `axis` never reaches your maximum and your sum.
    Look for a place where -1 is written down, or where only the default is used.
    """
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


@misconception("1.1", loses=["shares", "stable", "axis"], title="always along axis 0")
def axis_zero(x, axis=-1):
    """Your shares sum to one down the columns: the rows compete, not the scores within a row.

    For scores [queries, keys] this makes the queries share out each key.
    Which axis does your sum run along, and which one was asked for?
    """
    e = np.exp(x - np.max(x, axis=0, keepdims=True))
    return e / np.sum(e, axis=0, keepdims=True)


@misconception("1.1", loses=["stable"], title="one maximum for the whole array")
def global_max(x, axis=-1):
    """Rows of small scores give nan when they stand beside a row of large ones.

    You took the maximum of the whole array off every row, and a small row falls so low
    that all of its exponentials are zero. Zero by zero is not a number.
    Which maximum belongs to a row?
    """
    e = np.exp(x - np.max(x))
    return e / np.sum(e, axis=axis, keepdims=True)


@misconception("1.1", loses=["shares", "stable", "axis"], title="one sum for the whole array")
def global_sum(x, axis=-1):
    """All numbers of your result together sum to one. Each row should sum to one by itself.

    Every row belongs to another query, and shares out its own attention.
    Along which axis does your sum run?
    """
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e)


@misconception("1.1", loses=["shares", "stable", "axis"], title="the row sums have lost their axis")
def no_keepdims(x, axis=-1):
    """Your row sums have one axis less than the table, so NumPy lines them up with the columns.

    In a square table each column is then divided by the sum of another line; other tables raise an error.
    What shape must the sums have, so that each one meets its own row?
    """
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis)


@misconception("1.1", loses=["pure"], title="writing into the scores")
def mutates_input(x, axis=-1):
    """Your shares are right, but your function writes into the array that it was given.

    Whoever called it may still need the scores. An operator such as -= changes an array in place.
    """
    if x.dtype.kind != "f":
        x = x.astype(np.float64)
    x -= x.max(axis=axis, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(axis=axis, keepdims=True)
    return x


@misconception("1.1", loses=["dtype"], title="float32 has become float64")
def numpy_scalar_upcasts(x, axis=-1):
    """Your shares are right, but float32 scores come back as float64, which takes twice the memory.

    A NumPy number such as np.float64(1.0), an array of np.zeros, or dtype=float lifts everything it meets.
    Plain Python numbers do not.
    """
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / (np.sum(e, axis=axis, keepdims=True) * np.float64(1.0))


# ---------------------------------------------------------------- 1.2 attention_scores


@misconception("1.2", loses=["batch"], title="every axis turned round")
def transposes_every_axis(q, k):
    """Your scores are right for one sentence and wrong, or an error, for a batch.

    `.T` turns the order of all axes round, the batch axis too.
    Only two axes of the keys have to change places. Which ones, counted from the end?
    """
    return q @ k.T * 1.0


@misconception("1.2", loses=["dot-products", "batch", "dtype", "pure"],
               title="multiplied entry by entry")
def elementwise_product(q, k):
    """You multiplied queries and keys entry by entry, so query 1 meets only key 1, and nothing is added up.

    Every query should meet every key, and each meeting gives one number: a sum of products.
    Which NumPy operator multiplies rows with columns?
    """
    return q * k


@misconception("1.2", loses=["batch"], title="only the first sentence of the batch")
def first_batch_row_only(q, k):
    """All queries of the batch were compared with the keys of its first row.

    Each row of a batch is a sentence of its own, with its own keys.
    Look for an index [0] that should not be there.
    """
    first = k.reshape(-1, *k.shape[-2:])[0]
    return q @ np.swapaxes(first, -1, -2) * 1.0


@misconception("1.2", loses=["dtype"], title="float32 has become float64")
def zeros_are_float64(q, k):
    """Your scores are right, but float32 vectors give float64 scores.

    np.zeros and np.empty make float64 arrays unless they are told a dtype, and so does dtype=float.
    """
    scores = np.zeros((*q.shape[:-1], k.shape[-2]))
    for *batch, i, j in np.ndindex(*scores.shape):
        scores[(*batch, i, j)] = np.dot(q[(*batch, i)], k[(*batch, j)])
    return scores


@misconception("1.2", loses=["dtype", "pure"], title="writing into the queries")
def writes_into_the_queries(q, k):
    """Your function writes into the queries that it was given.

    Whoever called it may still need them, and locked or integer queries raise an error.
    An operator such as *= or /= changes an array in place.
    """
    q *= 1.0
    return q @ np.swapaxes(k, -1, -2)


# ---------------------------------------------------------------- 1.3 scale_scores


@misconception("1.3", loses=["root", "variance", "dtype"], title="the scores are not scaled")
def no_scale(scores, d_k):
    """Your scores came back as they went in.

    A dot product of d_k features has a variance of d_k, so wide keys give large scores,
    and softmax then gives nearly everything to one key. What brings the variance back to one?
    """
    return scores


@misconception("1.3", loses=["root", "variance"], title="divided by d_k, not by its root")
def divides_by_d_k(scores, d_k):
    """Your scores are too small by the root of d_k, and all shares come out nearly equal.

    d_k is the variance of a dot product, and scores are compared by their typical size.
    How do you get from a variance to a typical size?
    """
    return scores / d_k


@misconception("1.3", loses=["root", "variance"], title="multiplied instead of divided")
def multiplies(scores, d_k):
    """Your scores have grown by the root of d_k. They should shrink by it.

    Wide keys give large scores already; scaling takes that back.
    """
    return scores * d_k**0.5


@misconception("1.3", loses=["root", "variance"], title="scaled by the number of keys")
def scales_by_the_keys(scores, d_k):
    """You divided by the root of the length of a row, which is the number of keys.

    The size of a dot product depends on how many features were added up, not on how many words there are.
    Which argument tells you that?
    """
    return scores / scores.shape[-1] ** 0.5


@misconception("1.3", loses=["dtype"], title="a NumPy root makes float64")
def numpy_root_upcasts(scores, d_k):
    """Your numbers are right, but float32 scores come back as float64.

    np.sqrt of a Python number is a NumPy number of 64 bits, and lifts the whole array to its size.
    A plain Python number does not. Where else is there a square root?
    """
    return scores / np.sqrt(d_k)


@misconception("1.3", loses=["dtype", "pure"], title="writing into the scores")
def divides_in_place(scores, d_k):
    """Your function writes into the scores that it was given.

    Whoever called it may still need them, and locked or integer scores raise an error.
    The operator /= changes an array in place.
    """
    scores /= d_k**0.5
    return scores


# ---------------------------------------------------------------- 1.4 mask_scores


@misconception("1.4", loses=["true-attends", "false-is-out", "broadcast"], title="the mask is upside down")
def mask_inverted(scores, mask):
    """You pushed down the scores where the mask is True, and kept those where it is False.

    Here True means: may attend. Other libraries have it the other way round, and no error tells you.
    Every word now sees exactly what it should not see.
    """
    return np.where(mask, -np.inf, scores)


@misconception("1.4", loses=["true-attends", "false-is-out", "broadcast"],
               title="the mask is upside down, with -1e9")
def mask_inverted_finite(scores, mask):
    """You wrote -1e9 where the mask is True, and kept the scores where it is False.

    Here True means: may attend. Other libraries have it the other way round, and no error tells you.
    Every word now sees exactly what it should not see.
    """
    return np.where(mask, -1e9, scores)


# One family: 0, scores * mask, and a tiny number such as 1e-9 give the same numbers to nine digits.
@misconception("1.4", loses=["false-is-out"], title="zero is an ordinary score")
def fills_zero(scores, mask):
    """Where the mask is False your scores are zero, or nearly zero, so these words keep a share.

    Multiplying with the mask, writing 0, and writing 1e-9 all do this. Zero is not a low score:
    softmax makes exp(0) = 1 of it. Which score has an exponential of zero?
    """
    return np.where(mask, scores, 0.0)


@misconception("1.4", loses=["true-attends", "false-is-out", "broadcast", "dtype"],
               title="the mask was added as 0 and 1")
def adds_the_bool(scores, mask):
    """You added the mask to the scores. NumPy counts True as 1 and False as 0.

    Permitted scores have grown by one, forbidden ones are as they were, so nothing is masked.
    A mask that is added must hold 0 for yes and a very low number for no. This one holds yes and no.
    """
    return scores + mask


@misconception("1.4", loses=["true-attends", "false-is-out", "broadcast"],
               title="queries and keys of the mask exchanged")
def mask_transposed(scores, mask):
    """You turned the mask round, so its rows speak about keys and its columns about queries.

    Row i of the mask says what query i may look at, just as row i of the scores belongs to query i.
    With a square mask nothing raises an error: words then see the future and not the past.
    """
    return np.where(np.swapaxes(mask, -1, -2), scores, -np.inf)


@misconception("1.4", loses=["broadcast"], title="the mask is not stretched")
def mask_not_broadcast(scores, mask):
    """Your mask works in its full shape, but a smaller one, for a batch or for all queries, raises an error.

    An index with a bool array needs the very shape of the scores. NumPy can stretch a mask,
    if you use a function that broadcasts, or ask for the full shape first.
    """
    masked = scores * 1.0
    masked[~mask] = -np.inf
    return masked


@misconception("1.4", loses=["broadcast", "dtype", "pure"], title="writing into the scores")
def writes_into_the_scores(scores, mask):
    """Your function writes into the scores that it was given.

    Whoever called it may still need them; locked scores raise an error, and integers cannot hold infinity.
    A smaller mask does not fit such an index either. Make a new array, and leave the old one as it was.
    """
    scores[~mask] = -np.inf
    return scores


@misconception("1.4", loses=["dtype"], title="an added mask makes float64")
def added_mask_upcasts(scores, mask):
    """Your mask works, but float32 scores come back as float64.

    The array of zeros and very low numbers that you add has 64 bits, and lifts the scores to its size.
    Which dtype should it have?
    """
    return scores + np.where(mask, 0.0, -np.inf)


# ---------------------------------------------------------------- 1.5 scaled_dot_product_attention


@misconception("1.5", loses=["formula"], title="the scores are not scaled")
def attention_without_scale(q, k, v, mask=None):
    """Your weights are sharper than they should be: the scores went into softmax unscaled.

    A dot product of many features is large by its nature.
    Which step of the formula stands between the scores and softmax?
    """
    weights = shares_under(mask, attention_scores(q, k))
    return weights @ v, weights


@misconception("1.5", loses=["mask", "dead-rows", "extreme"], title="the mask is upside down")
def attention_mask_inverted(q, k, v, mask=None):
    """Your weights lie exactly where the mask is False. Here True means: may attend.

    Other libraries have it the other way round, and no error tells you.
    Print the weights for a mask of one row, and see who gets a share.
    """
    weights = shares_under(None if mask is None else ~mask, scaled(q, k))
    return weights @ v, weights


@misconception("1.5", loses=["formula"], title="scaled after softmax")
def scales_after_softmax(q, k, v, mask=None):
    """Your weights do not sum to one: each row sums to one by the root of d_k.

    You divided the shares, not the scores. Scaling is there to keep softmax from being too sharp,
    so it has to come before it.
    """
    weights = shares_under(mask, attention_scores(q, k)) / q.shape[-1] ** 0.5
    return weights @ v, weights


@misconception("1.5", loses=["dead-rows"], title="nan for a query that sees nothing")
def dead_row_nan(q, k, v, mask=None):
    """You give nan to a query that may look at nothing, and one nan soon spreads through a whole network.

    If every score of a row is minus infinity, softmax computes infinity minus infinity.
    Such a query should have weights of zero. How can you tell these rows from the mask?
    """
    scores = scaled(q, k)
    weights = softmax(scores if mask is None else mask_scores(scores, mask))
    return weights @ v, weights


@misconception("1.5", loses=["dead-rows"], title="equal shares for a query that sees nothing")
def dead_row_uniform(q, k, v, mask=None):
    """You give the same share to every forbidden word when a query may look at nothing.

    If all scores of a row are equally low, softmax sees no difference between them.
    Such a query should have weights of zero. How can you tell these rows from the mask?
    """
    scores = scaled(q, k)
    weights = softmax(scores if mask is None else np.where(mask, scores, -1e9))
    return weights @ v, weights


@misconception("1.5", loses=["formula", "mask", "dead-rows", "extreme"], title="softmax over the queries")
def softmax_over_queries(q, k, v, mask=None):
    """In your weights the columns sum to one, not the rows: the queries compete for each key.

    Each query should share out all of its attention over the keys.
    Along which axis of [T_q, T_k] do the keys lie?
    """
    scores = scaled(q, k)
    weights = softmax(scores if mask is None else mask_scores(scores, mask), axis=-2)
    return weights @ v, weights


@misconception("1.5", loses=["mask", "extreme"], title="the mask comes after softmax")
def masks_after_softmax(q, k, v, mask=None):
    """With a mask, your weights sum to less than one.

    You struck shares out after softmax, and what the forbidden words had is lost.
    If they are out of the race before it, the others share out everything.
    """
    weights = softmax(scaled(q, k))
    if mask is not None:
        weights = weights * mask
    return weights @ v, weights


@misconception("1.5", loses=["dead-rows", "extreme"], title="masked after softmax, then shared out again")
def shares_out_again(q, k, v, mask=None):
    """You struck shares out after softmax and divided by what was left. Mostly that gives the right numbers.

    But when a forbidden word had nearly everything, or a query may look at nothing,
    the rest is zero, and zero by zero is nan. Take forbidden words out before softmax.
    """
    weights = softmax(scaled(q, k))
    if mask is not None:
        weights = weights * mask
        weights = weights / weights.sum(axis=-1, keepdims=True)
    return weights @ v, weights


@misconception("1.5", loses=["formula", "mask", "dead-rows", "extreme"], title="softmax is missing")
def no_softmax(q, k, v, mask=None):
    """Your weights are the scores themselves: some are negative, and the rows do not sum to one.

    The output should be an average of the values. Scores have to become shares first.
    """
    scores = scaled(q, k)
    weights = scores if mask is None else mask_scores(scores, mask)
    return weights @ v, weights


@misconception("1.5", loses=["formula", "mask", "dead-rows"], title="the best key takes everything")
def hard_argmax(q, k, v, mask=None):
    """Each of your queries takes the value of its best key alone, and the others count for nothing.

    That is a hard look-up. A soft one gives every permitted key a share that grows with its score.
    Without it a network cannot learn, because a small change changes nothing.
    """
    scores = scaled(q, k)
    if mask is not None:
        scores = mask_scores(scores, mask)
    weights = (scores == scores.max(axis=-1, keepdims=True)).astype(scores.dtype)
    return weights @ v, weights


@misconception("1.5", loses=["mask", "dead-rows", "extreme"], title="the mask is ignored")
def mask_ignored(q, k, v, mask=None):
    """Your answer is the same with a mask and without one.

    The argument arrives, but nothing is done with it. Between which two steps does it belong?
    """
    weights = softmax(scaled(q, k))
    return weights @ v, weights


@misconception("1.5", loses=["formula", "mask", "dead-rows", "extreme", "dtype", "pure"],
               title="only the output comes back")
def returns_only_out(q, k, v, mask=None):
    """Your function returns one array. The exercise asks for two things: the output and the weights.

    The weights show where each output was taken from; later lessons draw them and go back through them.
    """
    weights = shares_under(mask, scaled(q, k))
    return weights @ v


@misconception("1.5", loses=["formula", "mask", "dead-rows", "extreme"],
               title="weights and output exchanged")
def returns_weights_first(q, k, v, mask=None):
    """Your two results come in the wrong order: the weights first, then the output.

    Whoever calls your function takes the first one for the output.
    What does the docstring say after "Returns"?
    """
    weights = shares_under(mask, scaled(q, k))
    return weights, weights @ v


@misconception("1.5", loses=["dtype"], title="float32 has become float64")
def attention_upcasts(q, k, v, mask=None):
    """Your numbers are right, but float32 inputs give float64 results.

    A NumPy number such as np.sqrt(64), an array of np.zeros, or dtype=float lifts everything it meets.
    Your own scale_scores and mask_scores keep the dtype: are they in use here?
    """
    weights = shares_under(mask, attention_scores(q, k) / np.sqrt(q.shape[-1]))
    return weights @ v, weights


@misconception("1.5", loses=["dtype", "pure"], title="writing into the queries")
def scales_the_queries_in_place(q, k, v, mask=None):
    """Your function writes into the queries that it was given.

    Scaling the queries before the product is fine, but the array belongs to whoever called you;
    locked or integer queries raise an error. The operator /= changes an array in place.
    """
    q /= q.shape[-1] ** 0.5
    weights = shares_under(mask, attention_scores(q, k))
    return weights @ v, weights


# ---------------------------------------------------------------- 1.6 attention_pooling


@misconception("1.6", loses=["kernel", "limits"], title="far points count most")
def sign_of_distance(x_query, x_key, y, bandwidth):
    """In your guesses the points that are farthest away have the largest shares.

    A share should shrink with the distance, so a larger distance needs a lower score.
    Look at the sign of your exponent.
    """
    distance = (1.0 * x_query[:, None] - x_key[None, :]) / bandwidth
    return softmax(distance**2 / 2) @ y


@misconception("1.6", loses=["kernel"], title="the bandwidth is not squared")
def bandwidth_not_squared(x_query, x_key, y, bandwidth):
    """Your kernel has the wrong width, except for a bandwidth of one.

    The square of a distance has to be compared with the square of a length.
    What happens to your exponent when you measure everything in millimetres instead of metres?
    """
    distance = 1.0 * x_query[:, None] - x_key[None, :]
    return softmax(-(distance**2) / (2 * bandwidth)) @ y


@misconception("1.6", loses=["kernel"], title="the 2 in the kernel is missing")
def forgets_the_half(x_query, x_key, y, bandwidth):
    """Your kernel is too narrow: its exponent is twice as large as it should be.

    Compare your exponent with the formula of the lesson, factor by factor.
    """
    distance = (1.0 * x_query[:, None] - x_key[None, :]) / bandwidth
    return softmax(-(distance**2)) @ y


@misconception("1.6", loses=["kernel", "limits", "dtype", "pure"], title="shared out over the queries")
def normalises_over_queries(x_query, x_key, y, bandwidth):
    """Your shares sum to one over the places you ask about, not over the known points.

    Every guess is an average of its own, so its shares over the known points sum to one.
    Along which axis of your table do the known points lie?
    """
    distance = (1.0 * x_query[:, None] - x_key[None, :]) / bandwidth
    return softmax(-(distance**2) / 2, axis=0) @ y


@misconception("1.6", loses=["limits"], title="the kernel underflows far away")
def kernel_underflows(x_query, x_key, y, bandwidth):
    """Far from all known points, or with a small bandwidth, your guess is nan.

    There all kernel values are so small that they round to zero, and zero by zero is not a number.
    You have written a function that shares out such scores safely.
    """
    distance = (1.0 * x_query[:, None] - x_key[None, :]) / bandwidth
    kernel = np.exp(-(distance**2) / 2)
    return (kernel @ y) / kernel.sum(axis=1)


@misconception("1.6", loses=["dtype"], title="float32 has become float64")
def numpy_square_upcasts(x_query, x_key, y, bandwidth):
    """Your guesses are right, but float32 places give float64 guesses.

    np.square or np.sqrt of a Python number is a NumPy number of 64 bits, and lifts all that it meets.
    A plain Python number does not.
    """
    distance = 1.0 * x_query[:, None] - x_key[None, :]
    return softmax(-(distance**2) / (2 * np.square(bandwidth))) @ y


@misconception("1.6", loses=["dtype", "pure"], title="writing into the places")
def measures_in_place(x_query, x_key, y, bandwidth):
    """Your function writes into the places that it was given.

    Measuring them in bandwidths is a good idea, but the arrays belong to whoever called you;
    locked or integer places raise an error. The operator /= changes an array in place.
    """
    x_query /= bandwidth
    x_key /= bandwidth
    return softmax(-((x_query[:, None] - x_key[None, :]) ** 2) / 2) @ y


# ---------------------------------------------------------------- 1.7 softmax_backward


@misconception("1.7", loses=["gradient", "zero-sum", "axis"], title="only each score's own share")
def diagonal_only(d_out, weights, axis=-1):
    """You followed each score into its own share only: g w (1 - w).

    But raising one score also lowers all the other shares of its row, because they sum to one.
    Those slopes belong to the gradient too.
    """
    return d_out * weights * (1.0 - weights)


@misconception("1.7", loses=["gradient", "zero-sum", "axis"], title="the mean is not taken off")
def missing_sum(d_out, weights, axis=-1):
    """Your gradient is the share times g, and does not sum to zero.

    What counts is not how large g is, but how far it lies above the mean of its row.
    When every share would gain the same, nothing should move.
    """
    return d_out * weights


@misconception("1.7", loses=["gradient", "axis"], title="softmax was taken twice")
def softmax_applied_again(d_out, weights, axis=-1):
    """You took softmax of the weights once more. They are shares already.

    The function is given what softmax gave, not the scores that went into it.
    """
    again = softmax(weights, axis=axis)
    return again * (d_out - np.sum(d_out * again, axis=axis, keepdims=True))


@misconception("1.7", loses=["axis"], title="the axis is ignored")
def backward_ignores_axis(d_out, weights, axis=-1):
    """Your mean always runs along the last axis, whichever axis was asked for.

    The argument `axis` has to be the one along which the shares sum to one.
    """
    return weights * (d_out - np.sum(d_out * weights, axis=-1, keepdims=True))


@misconception("1.7", loses=["gradient", "zero-sum", "axis"], title="one mean for the whole array")
def one_mean_for_all(d_out, weights, axis=-1):
    """You took one sum over the whole array off every row.

    Each row of shares sums to one by itself, so each row has a mean of its own.
    Along which axis does your sum run?
    """
    return weights * (d_out - np.sum(d_out * weights))


@misconception("1.7", loses=["dtype"], title="a table of slopes in float64")
def identity_upcasts(d_out, weights, axis=-1):
    """Your gradient is right, but float32 inputs give float64.

    np.eye and np.zeros make float64 arrays unless they are told a dtype, and lift all that they meet.
    """
    w, g = np.moveaxis(weights, axis, -1), np.moveaxis(d_out, axis, -1)
    slopes = np.eye(w.shape[-1]) * w[..., None] - w[..., :, None] * w[..., None, :]
    return np.moveaxis((slopes @ g[..., None])[..., 0], -1, axis)


@misconception("1.7", loses=["dtype", "pure"], title="writing into the gradient")
def subtracts_in_place(d_out, weights, axis=-1):
    """Your function writes into the gradient that it was given.

    Whoever called it may still need it, and a locked or integer gradient raises an error.
    The operator -= changes an array in place.
    """
    d_out -= np.sum(d_out * weights, axis=axis, keepdims=True)
    return weights * d_out
