"""Positions: how a transformer learns in which order its tokens stand.

Three ways: add a vector to each token (sines, or a learned table), rotate queries and keys (rotary),
or lower the scores of far keys (ALiBi). Tables, angles and biases are float64; tokens, queries and keys
keep their own dtype. Every function returns new arrays and leaves its inputs as they were.
"""

import numpy as np


def sinusoidal_encoding(n_positions: int, d_model: int, base: float = 10000.0) -> np.ndarray:
    """Write every position as sines and cosines of falling frequencies.

    n_positions: T, for the positions 0 to T - 1. d_model: D, even or odd. base: how slow the slowest wave is.
    Returns the table [T, D] in float64: entry [t, 2i] is sin(t / base^(2i / D)), and [t, 2i + 1] is the
    cosine of the same angle. An odd D ends with a sine.

    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.5.
    """
    # TODO 1: give each pair of columns its frequency; an odd width has half a pair at the end
    # TODO 2: multiply every position with every frequency
    # TODO 3: sines into the even columns, cosines into the odd ones
    raise NotImplementedError("4.1 sinusoidal_encoding")


def add_positions(x: np.ndarray, table: np.ndarray, offset: int = 0) -> np.ndarray:
    """Add to every token the vector of its position.

    x: [..., T, D]. table: [n_positions, D], one row per position. offset: the position of the first token,
    so the tokens stand at offset, ..., offset + T - 1, in every row of the batch.
    Returns [..., T, D] in the dtype of x, whatever dtype the table has; an integer x gives float64.

    Raises ValueError when offset is negative, or a token stands past the end of the table.
    """
    # TODO 1: refuse positions that the table does not have
    # TODO 2: take the rows of these positions and add them, in the dtype of x
    raise NotImplementedError("4.2 add_positions")


def shift_matrix(k: int, d_model: int, base: float = 10000.0) -> np.ndarray:
    """Make the matrix that moves the sinusoidal encoding by k positions: PE[t + k] = PE[t] @ M, for all t.

    k: how far, an integer, also zero or negative. d_model: D, even. base: as in sinusoidal_encoding.
    Returns M [D, D] in float64: each pair of columns is turned by its own angle, and mixes with no other.
    PE[t] is a row, and stands to the left of M.

    Raises ValueError when D is odd: the last sine would have no cosine.
    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.5.
    """
    # TODO 1: refuse an odd width
    # TODO 2: work out the angle by which each pair of columns turns in k steps
    # TODO 3: place cosines and sines of these angles in blocks of two by two along the diagonal
    raise NotImplementedError("4.3 shift_matrix")


def rotary_angles(
    positions: np.ndarray, d_head: int, base: float = 10000.0
) -> tuple[np.ndarray, np.ndarray]:
    """Give the cosines and sines by which rotary embedding turns each pair of features.

    positions: an array [...] of integers or floats, in any order. d_head: the width of a head, even.
    base: as in sinusoidal_encoding. Returns (cos, sin), each [..., d_head / 2] in float64, whatever dtype
    the positions have: the cosine and the sine of p / base^(2i / d_head) for pair i at position p.

    Raises ValueError when d_head is odd.
    Source: Su et al. 2021, "RoFormer", section 3.2.2.
    """
    # TODO 1: refuse an odd width
    # TODO 2: multiply every position with the frequency of every pair
    # TODO 3: return their cosines and sines
    raise NotImplementedError("4.4 rotary_angles")


def apply_rotary(x: np.ndarray, cos: np.ndarray, sin: np.ndarray) -> np.ndarray:
    """Turn each pair of neighbouring features (0 and 1, 2 and 3, ...) by the angle of its position.

    x: queries or keys [..., T, d_head]. cos, sin: [T, d_head / 2], or of any shape that broadcasts to
    [..., T, d_head / 2]. The pair (a, b) becomes (a cos - b sin, a sin + b cos), in its old place.
    Returns the turned vectors [..., T, d_head] in the dtype of x, whatever dtype cos and sin have;
    an integer x gives float64.

    Source: Su et al. 2021, "RoFormer", section 3.4.2.
    """
    # TODO 1: take the first and the second feature of every pair
    # TODO 2: turn every pair, and put the features back where they were
    raise NotImplementedError("4.5 apply_rotary")


def alibi_bias(n_head: int, t_q: int, t_k: int) -> np.ndarray:
    """Make the bias of ALiBi: the farther back a key is, the lower its score, in each head at its own rate.

    n_head: H, any number. t_q, t_k: the numbers of queries and keys, t_k >= t_q; the last query stands at
    the last key. Returns [H, T_q, T_k] in float64, to be added to the scaled scores: -slope * distance,
    where head h = 1, ..., H has the slope 2^(-8h / H), for every H.
    What lies ahead of a query is the causal mask's business: any finite number may stand there.

    Source: Press et al. 2021, "Train Short, Test Long", section 3.
    """
    # TODO 1: give each head its slope
    # TODO 2: work out how far each key lies before each query, the last query standing at the last key
    # TODO 3: multiply each distance with each slope
    raise NotImplementedError("4.6 alibi_bias")
