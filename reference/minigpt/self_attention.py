"""Self-attention: queries, keys and values from one text, and the masks that say who may look where.

Shapes: `B` texts of `T` tokens, each a vector of width `D`. The dots in `[..., T, D]` stand for any
number of batch axes, also none. Every function returns new arrays and leaves its inputs as they were.
float32 in gives float32 out; integers become float64, except in `embed`, which hands out the numbers of
the table as they are. Masks are bool, and True means: may attend.
"""

import math

import numpy as np

from minigpt.attention import (
    scaled_dot_product_attention,
    softmax_backward,
)


def embed(ids: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Look up the vector of every token.

    ids: integers of any shape [...], each from 0 to V - 1. table: [V, D], one row for each token.
    Returns the vectors [..., D]: where an id stood, now stands its row of the table. The numbers are those
    of one_hot(ids) @ table.

    Raises ValueError when an id is below 0, or V or more.
    """
    # TODO 1: refuse ids that are no rows of the table (NumPy would count negative ones from the end)
    if ids.size and (ids.min() < 0 or ids.max() >= table.shape[0]):
        raise ValueError(f"token ids must be from 0 to {table.shape[0] - 1}")
    # TODO 2: take the rows of the table that the ids name, as an array of its own
    return table[ids]  # [...] -> [..., D]


def project_qkv(
    x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray,
    b_q: np.ndarray | None = None, b_k: np.ndarray | None = None, b_v: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make queries, keys and values from the same vectors, with three matrices.

    x: [..., T, D]. w_q, w_k: [D, d_k]. w_v: [D, d_v]. b_q, b_k: None or [d_k]. b_v: None or [d_v].
    Returns (q, k, v): [..., T, d_k], [..., T, d_k], [..., T, d_v]. Each bias that is there is added to its
    own product; some may be None and others not.

    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.2.
    """
    # TODO 1: multiply x by each of the three matrices
    x = x * 1.0  # integers become float64, float32 stays
    q, k, v = x @ w_q, x @ w_k, x @ w_v  # [..., T, D] @ [D, d] -> [..., T, d]
    # TODO 2: add each bias that is there
    return (
        q if b_q is None else q + b_q,
        k if b_k is None else k + b_k,
        v if b_v is None else v + b_v,
    )


def causal_mask(t_q: int, t_k: int | None = None) -> np.ndarray:
    """Say who may look where when nobody may look ahead.

    t_q: the number of queries. t_k: the number of keys; None means as many as queries.
    Returns bool [T_q, T_k]; True = may attend. The last query is aligned with the last key, so query i
    may look at key j when j <= i + T_k - T_q. If T_q > T_k, the first T_q - T_k queries see nothing.
    """
    # TODO 1: without t_k, there are as many keys as queries
    t_k = t_q if t_k is None else t_k
    # TODO 2: compare the number of each key with the last number that its query may look at
    last = np.arange(t_q)[:, np.newaxis] + t_k - t_q  # [T_q, 1]
    mask: np.ndarray = np.arange(t_k) <= last  # [T_k] and [T_q, 1] -> [T_q, T_k]
    return mask


def padding_mask(lengths: np.ndarray, t_k: int) -> np.ndarray:
    """Say which keys are real tokens, for texts of different lengths in one batch.

    lengths: integers [B], the number of real tokens of each text; they come first, padding comes after.
    t_k: the number of keys, padding included.
    Returns bool [B, 1, T_k]; True = may attend: the key is a real token. The axis of length 1 stands for the
    queries, so that one row serves every query of its text.

    Raises ValueError when a length is below 0 or above t_k.
    """
    # TODO 1: refuse lengths that cannot be
    if lengths.size and (lengths.min() < 0 or lengths.max() > t_k):
        raise ValueError(f"lengths must be from 0 to {t_k}")
    # TODO 2: compare the number of each key with the length of its text, and add an axis for the queries
    mask: np.ndarray = np.arange(t_k) < lengths[:, np.newaxis, np.newaxis]  # [T_k], [B, 1, 1] -> [B, 1, T_k]
    return mask


def self_attention(
    x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Let every token of a text look at the tokens of the same text.

    x: [..., T, D]. w_q, w_k: [D, d_k]. w_v: [D, d_v].
    mask: None, or bool and of any shape that broadcasts to [..., T, T]; True = may attend.
    Returns (out, weights): [..., T, d_v] and [..., T, T]. Scores are divided by the root of d_k, and a
    token that may look at nothing gets weights of zero and an output of zero.

    Source: Vaswani et al. 2017, "Attention Is All You Need", sections 3.2.1 and 3.2.3.
    """
    # TODO 1: make queries, keys and values (2.2)
    q, k, v = project_qkv(x, w_q, w_k, w_v)
    # TODO 2: let them attend, under the mask (1.5)
    return scaled_dot_product_attention(q, k, v, mask)


def scaled_dot_product_attention_backward(
    d_out: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Carry a gradient back through attention, from its output to queries, keys and values.

    d_out: the gradient of the loss at the output [..., T_q, d_v]. q: [..., T_q, d_k]. k: [..., T_k, d_k].
    v: [..., T_k, d_v]. weights: [..., T_q, T_k], as scaled_dot_product_attention gave them for this q
    and k; a mask shows in them as zeros, and is not needed again.
    Returns (d_q, d_k, d_v), the gradients of the loss at q, k and v, of the shapes of q, k and v.
    """
    # TODO 1: out = weights @ v: carry d_out back to the weights and to the values
    d_weights = d_out @ np.swapaxes(v, -1, -2)  # [..., T_q, d_v] @ [..., d_v, T_k] -> [..., T_q, T_k]
    d_v = np.swapaxes(weights, -1, -2) @ d_out  # [..., T_k, T_q] @ [..., T_q, d_v] -> [..., T_k, d_v]
    # TODO 2: carry the gradient back through softmax (1.7) and through the scale
    d_scores = softmax_backward(d_weights, weights) / math.sqrt(q.shape[-1])  # [..., T_q, T_k]
    # TODO 3: scores = q @ k turned round: carry the gradient back to queries and keys
    d_q = d_scores @ k  # [..., T_q, T_k] @ [..., T_k, d_k] -> [..., T_q, d_k]
    d_k = np.swapaxes(d_scores, -1, -2) @ q  # [..., T_k, T_q] @ [..., T_q, d_k] -> [..., T_k, d_k]
    return d_q, d_k, d_v


def attention_entropy(weights: np.ndarray) -> np.ndarray:
    """Measure how spread out the attention of every query is, in nats.

    weights: [..., T_q, T_k], shares that sum to one along the last axis, or a row of zeros.
    Returns [..., T_q]: minus the sum of w * log(w), where 0 * log(0) counts as 0. All on one key gives 0,
    the same on each of T_k keys gives log(T_k), and a query that looks at nothing gives 0.

    Source: Shannon 1948, "A Mathematical Theory of Communication", section 6.
    """
    # TODO 1: take the logarithm of the shares, so that a share of zero does no harm
    shares = weights * 1.0  # integers become float64, float32 stays
    logs = np.log(np.where(shares > 0, shares, 1))  # [..., T_q, T_k]
    # TODO 2: add up -w * log(w) over the keys
    entropy: np.ndarray = -(shares * logs).sum(axis=-1) + 0.0  # [..., T_q]; + 0.0 turns -0.0 into 0.0
    return entropy
