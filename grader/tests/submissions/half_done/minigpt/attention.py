"""Attention: compare queries with keys, turn the scores into shares, blend the values.

Shapes: `T_q` queries and `T_k` keys of width `d_k`, values of width `d_v`. The dots in `[..., T, d_k]`
stand for any number of batch axes, also none. Every function returns a new array and leaves its
inputs as they were. float32 in gives float32 out; integers become float64.
"""

import math

import numpy as np


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Turn scores into shares that are positive and sum to one along an axis.

    x: scores of any shape. axis: the axis along which the scores compete.
    Returns the shares, of the shape of x: share i is exp(x_i) / (exp(x_1) + ... + exp(x_n)).

    Scores as large as 1000 must not overflow, and a score of -inf has the share 0. At least one
    score of each row has to be finite.
    """
    # TODO 1: move the scores so that the largest one of each row, along the axis, becomes 0
    # TODO 2: make all of them positive with the exponential function
    # TODO 3: divide by the sums along the axis
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def attention_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Compare every query with every key: the score of a pair is their dot product.

    q: queries [..., T_q, d_k]. k: keys [..., T_k, d_k].
    Returns the scores [..., T_q, T_k]; entry [i, j] belongs to query i and key j.

    Raises ValueError (NumPy does it) when queries and keys have different widths.
    """
    # TODO 1: turn the keys round, so that a matrix product fits: only their last two axes change places
    # TODO 2: take all dot products at once with a matrix product
    return q @ np.swapaxes(k, -1, -2)


def scale_scores(scores: np.ndarray, d_k: int) -> np.ndarray:
    """Divide the scores by the square root of the width of the keys.

    scores: [..., T_q, T_k]. d_k: the number of features of a key, a Python int.
    Returns the scaled scores [..., T_q, T_k], whose variance no longer grows with d_k.

    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.1.
    """
    # TODO: divide by the square root of d_k (one that does not make float32 scores float64)
    return scores / math.sqrt(d_k)


def mask_scores(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Push the scores of forbidden pairs so low that softmax gives them no share.

    scores: [..., T_q, T_k]. mask: bool, of any shape that broadcasts to the scores; True = may attend.
    Returns the scores, with -inf (or -1e9 or less) wherever the mask is False.
    """
    # TODO: keep a score where the mask is True, and put minus infinity where it is False
    masked = np.where(mask, scores, -np.inf)


def scaled_dot_product_attention(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Let every query gather a blend of the values, in shares that depend on the keys.

    q: queries [..., T_q, d_k]. k: keys [..., T_k, d_k]. v: values [..., T_k, d_v].
    mask: None, or bool and of any shape that broadcasts to [..., T_q, T_k]; True = may attend.
    Returns (out, weights): the blends [..., T_q, d_v] and the shares [..., T_q, T_k].
    A query that may look at nothing gets weights of zero and an output of zero.

    Source: Vaswani et al. 2017, "Attention Is All You Need", equation 1.
    """
    # TODO 1: compare queries with keys, and scale (1.2, 1.3)
    # TODO 2: without a mask: turn the scores into weights (1.1)
    # TODO 3: with a mask: mark what is forbidden before that (1.4), and
    #   give a query that may look at nothing weights of zero, not nan
    # TODO 4: blend the values in these shares, and return both
    raise NotImplementedError("1.5 scaled_dot_product_attention")


def attention_pooling(
    x_query: np.ndarray, x_key: np.ndarray, y: np.ndarray, bandwidth: float
) -> np.ndarray:
    """Guess the value of a curve at new places from its known points: kernel regression.

    x_query: the places to guess at [n_q]. x_key: the known places [n_k]. y: the known values [n_k].
    bandwidth: how far "near" reaches, a Python float above 0, called h below.
    Returns the guesses [n_q]: means of y, in shares proportional to exp(-(x_query - x_key)² / (2 h²)).

    However far away all known places are, the shares sum to one.
    Source: Nadaraya 1964, Watson 1964.
    """
    # TODO 1: measure how far every query is from every key, in bandwidths
    # TODO 2: turn the exponents into shares over the keys (1.1 does the exponential)
    # TODO 3: blend the known values in these shares
    raise NotImplementedError("1.6 attention_pooling")


def softmax_backward(d_out: np.ndarray, weights: np.ndarray, axis: int = -1) -> np.ndarray:
    """Carry a gradient back through softmax, from its shares to its scores.

    d_out: the gradient of the loss at the shares, of any shape. weights: the shares that softmax gave,
    of the same shape. axis: the axis along which softmax was taken.
    Returns the gradient of the loss at the scores, of the same shape. It sums to zero along the axis.
    """
    # TODO 1: take the mean of d_out along the axis, each entry counted with its share
    # TODO 2: multiply each share by how far its entry of d_out lies above that mean
    raise NotImplementedError("1.7 softmax_backward")
