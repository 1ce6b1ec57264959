"""Hidden tests of lesson 4: laws, other shapes and positions, and PyTorch's own answers."""

import math

import numpy as np
import pytest

from grader.testing import check_array, check_raises, check_that, criterion

# Two right orders of operations differ by a few roundings of float64, about 1e-15; a mistake by far more.
FLOAT64 = {"rtol": 1e-7, "atol": 1e-9}
# Tables and angles: a criterion of its own asks for float64, so the others forgive float32. An angle of
# ten radians carries an error of 5e-7 there; the smallest mistake moves a number by more than 1e-4.
ANGLES = {"rtol": 1e-4, "atol": 1e-5}


def speeds(width, base):
    """Give the angle by which each pair turns in one step; a pair without a cosine counts too."""
    return [math.exp(-math.log(base) * 2 * i / width) for i in range((width + 1) // 2)]


def sine_rows(positions, width, base=10000.0):
    """Write positions as sines and cosines, number by number."""
    rows = np.empty((len(positions), width))
    for place, column in np.ndindex(*rows.shape):
        angle = positions[place] * speeds(width, base)[column // 2]
        rows[place, column] = (math.sin, math.cos)[column % 2](angle)
    return rows


def rotary_rows(positions, width, base=10000.0):
    """Give (cos, sin) of every angle, number by number, for positions of any shape."""
    cos, sin = (np.empty((*positions.shape, width // 2)) for _ in range(2))
    for *place, i in np.ndindex(*cos.shape):
        angle = float(positions[tuple(place)]) * speeds(width, base)[i]
        cos[(*place, i)], sin[(*place, i)] = math.cos(angle), math.sin(angle)
    return cos, sin


def turn_loop(x, cos, sin):
    """Turn every pair of every vector, number by number."""
    out = np.empty(x.shape)
    cos, sin = (np.broadcast_to(part, (*x.shape[:-1], x.shape[-1] // 2)) for part in (cos, sin))
    for *place, i in np.ndindex(*cos.shape):
        a, b = x[(*place, 2 * i)], x[(*place, 2 * i + 1)]
        c, s = cos[(*place, i)], sin[(*place, i)]
        out[(*place, 2 * i)], out[(*place, 2 * i + 1)] = a * c - b * s, a * s + b * c
    return out


def causal_shares(bias, scores):
    """Share out scores [..., T_q, T_k] plus bias [H, T_q, T_k] over the keys not ahead of a query."""
    t_q, t_k = scores.shape[-2:]
    total = np.broadcast_to(scores, np.broadcast_shapes(scores.shape, bias.shape)) + bias
    shares = np.zeros(total.shape)
    for *rest, i in np.ndindex(*total.shape[:-1]):
        row = total[(*rest, i)].tolist()[:i + t_k - t_q + 1]
        powers = [math.exp(score - max(row)) for score in row]
        shares[(*rest, i)][:len(row)] = [power / math.fsum(powers) for power in powers]
    return shares


def penalties(slopes, t_q, t_k):
    """Write minus slope times distance for every key that a query may look at, and 0 ahead of it."""
    bias = np.zeros((len(slopes), t_q, t_k))
    for head, i, j in np.ndindex(*bias.shape):
        bias[head, i, j] = -slopes[head] * max(i + t_k - t_q - j, 0)
    return bias


def powers_of_two(heads):
    """Give the slopes of so many heads."""
    return [0.5 ** (8 * head / heads) for head in range(1, heads + 1)]


def wide(answer):
    """Take float32 as the float64 it is equal to; leave all else as it is."""
    small = isinstance(answer, np.ndarray) and answer.dtype == np.float32
    return answer.astype(np.float64) if small else answer


def check_both(answer, cos, sin):
    """Demand a tuple of two, and compare its parts."""
    check_that(type(answer) is tuple and len(answer) == 2,
               "The function returns two things: (cos, sin).", actual=answer)
    check_array(wide(answer[0]), cos, name="the table of cosines", **ANGLES)
    check_array(wide(answer[1]), sin, name="the table of sines", **ANGLES)


def check_bias(bias, slopes, scores):
    """Demand a bias that leads to the shares of these slopes, whatever it holds ahead of a query."""
    t_q, t_k = scores.shape[-2:]
    check_that(isinstance(bias, np.ndarray) and bias.shape == (len(slopes), t_q, t_k),
               "The bias is an array [H, T_q, T_k].", actual=bias)
    expected = causal_shares(penalties(slopes, t_q, t_k), scores)
    check_array(causal_shares(bias, scores), expected, name="the table of shares", **ANGLES)


# ---------------------------------------------------------------- 4.1 sinusoidal_encoding


@criterion("4.1", "frequencies")
def test_waves_agree_with_torch(student, goldens):
    """A longer table is the one that PyTorch gives with complex numbers."""
    table = goldens["waves_even"]
    check_array(wide(student.sinusoidal_encoding(*table.shape)), table, **ANGLES)


@criterion("4.1", "base")
def test_any_base(student, rng):
    """Another base gives other speeds."""
    base = float(rng.uniform(30, 300))
    check_array(wide(student.sinusoidal_encoding(7, 6, base)), sine_rows(range(7), 6, base), **ANGLES)


@criterion("4.1", "odd-width")
def test_odd_waves_agree_with_torch(student, goldens):
    """A table of odd width is the one that PyTorch gives with complex numbers."""
    table = goldens["waves_odd"]
    check_array(wide(student.sinusoidal_encoding(*table.shape)), table, **ANGLES)


@criterion("4.1", "distance")
def test_the_product_of_two_rows_knows_only_their_distance(student):
    """The dot product of two rows is a sum of cosines of their distance, wherever the two stand."""
    for positions, width in ((6, 2), (9, 8)):
        table = wide(student.sinusoidal_encoding(positions, width))
        check_that(table.shape == (positions, width), "The table is [T, D].", actual=table)
        expected = [[math.fsum(math.cos((t - s) * speed) for speed in speeds(width, 10000.0))
                     for s in range(positions)] for t in range(positions)]
        check_array(table @ table.T, expected, name="the table of dot products", **ANGLES)


# ---------------------------------------------------------------- 4.2 add_positions


@criterion("4.2", "batch")
def test_every_sentence_begins_at_the_same_position(student, rng):
    """With one batch axis or two, each sentence gets the same rows, one for each token."""
    for shape in ((2, 4, 3), (3, 3, 3), (2, 5, 4, 3)):
        x, table = rng.normal(size=shape), rng.uniform(1, 2, (6, 3))
        expected = np.empty(shape)
        for *rest, t, d in np.ndindex(*shape):
            expected[(*rest, t, d)] = x[(*rest, t, d)] + table[t, d]
        check_array(student.add_positions(x, table), expected, **FLOAT64)


@criterion("4.2", "batch")
def test_adding_agrees_with_torch(student, goldens):
    """The sum is the one that PyTorch gives with an embedding layer, views included."""
    x, table = goldens["added_x"].swapaxes(1, 2).copy().swapaxes(1, 2), goldens["added_table"].copy()
    check_array(student.add_positions(x, table), goldens["added_out"], **FLOAT64)


@criterion("4.2", "offset")
def test_any_offset_in_the_table(student, rng):
    """Tokens get the rows from their offset on."""
    x, table = rng.normal(size=(3, 4)), rng.uniform(1, 2, (8, 4))
    for offset in (2, 4):
        expected = [[x[t, d] + table[offset + t, d] for d in range(4)] for t in range(3)]
        check_array(student.add_positions(x, table, offset=offset), expected, **FLOAT64)


@criterion("4.2", "bounds")
def test_the_edges_of_the_table(student, rng):
    """The last row may be used; one token more raises ValueError, also where one row is left, or none."""
    table = rng.uniform(1, 2, (5, 3))
    for tokens, offset in ((5, 0), (2, 3), (1, 4)):
        fits = student.add_positions(rng.normal(size=(tokens, 3)), table, offset)
        check_that(fits.shape == (tokens, 3), "Tokens that fit the table are taken.", actual=fits)
    for tokens, offset in ((2, 4), (6, 0), (1, 5), (1, 9), (2, -1), (2, -3), (5, -5)):
        check_raises(ValueError, student.add_positions, rng.normal(size=(tokens, 3)), table, offset)


# ---------------------------------------------------------------- 4.3 shift_matrix


@criterion("4.3", "shift")
def test_shift_agrees_with_torch(student, goldens):
    """The matrix is the one that PyTorch gives as the exponential of a generator of rotations."""
    check_array(wide(student.shift_matrix(5, 8)), goldens["shift_by_five"], **ANGLES)


@criterion("4.3", "shift")
def test_every_row_of_a_wide_table_moves(student):
    """Rows 0 to 4 times the matrix for four are rows 4 to 8."""
    matrix = wide(student.shift_matrix(4, 10))
    check_that(matrix.shape == (10, 10), "For width ten the matrix is [10, 10].", actual=matrix)
    check_array(sine_rows(range(5), 10) @ matrix, sine_rows(range(4, 9), 10), name="the moved table",
                **ANGLES)


@criterion("4.3", "rotation")
def test_the_matrix_keeps_lengths(student):
    """The matrix times its mirror image is the identity, and no direction is turned over."""
    matrix = wide(student.shift_matrix(3, 6))
    check_that(matrix.shape == (6, 6), "For width six the matrix is [6, 6].", actual=matrix)
    check_array(matrix @ matrix.T, np.eye(6), name="the matrix times its mirror image", **ANGLES)
    check_array(np.array(np.linalg.det(matrix)), 1.0, name="the determinant", **ANGLES)


@criterion("4.3", "rotation")
def test_two_shifts_make_one(student):
    """Two steps and then three are five, and no step is no change."""
    none, two, three, five = (wide(student.shift_matrix(k, 4)) for k in (0, 2, 3, 5))
    check_that(two.shape == three.shape == (4, 4), "For width four the matrix is [4, 4].", actual=two)
    check_array(none, np.eye(4), name="the matrix for no step", **ANGLES)
    check_array(two @ three, five, name="the product of two shifts", **ANGLES)


@criterion("4.3", "base")
def test_the_angles_of_another_base(student, rng):
    """With another base the rows of that table are moved."""
    base = float(rng.uniform(30, 300))
    matrix = wide(student.shift_matrix(2, 4, base))
    check_that(matrix.shape == (4, 4), "For width four the matrix is [4, 4].", actual=matrix)
    moved = sine_rows(range(5), 4, base) @ matrix
    check_array(moved, sine_rows(range(2, 7), 4, base), name="the moved table", **ANGLES)


# ---------------------------------------------------------------- 4.4 rotary_angles


@criterion("4.4", "positions")
def test_positions_start_anywhere_in_any_order(student, rng):
    """Positions that start later, stand in any order, repeat or lie between two tokens are taken as given."""
    for positions in (np.array([5.0, 6.0, 7.0]), rng.permutation(6) + 2.0, np.array([0.5, 0.5, 2.25])):
        check_both(student.rotary_angles(positions, 6), *rotary_rows(positions, 6))


@criterion("4.4", "positions")
def test_every_sentence_may_have_its_own_positions(student, rng):
    """Positions [B, T] give cosines and sines [B, T, d_head / 2], views included."""
    positions = rng.integers(0, 9, (3, 4)).astype(float)[:, ::2]
    check_both(student.rotary_angles(positions, 8), *rotary_rows(positions, 8))


@criterion("4.4", "angles")
def test_angles_agree_with_torch(student, goldens):
    """Cosines and sines are the real and imaginary parts of PyTorch's polar numbers."""
    answer = student.rotary_angles(np.arange(7.0), 10)
    check_both(answer, goldens["polar_real"], goldens["polar_imag"])


@criterion("4.4", "base")
def test_another_base_gives_other_angles(student, rng):
    """With another base every pair but the first has another speed."""
    base, positions = float(rng.uniform(30, 300)), np.arange(5.0)
    check_both(student.rotary_angles(positions, 6, base), *rotary_rows(positions, 6, base))


# ---------------------------------------------------------------- 4.5 apply_rotary


@criterion("4.5", "relative")
def test_moving_both_by_the_same_keeps_the_score(student, rng):
    """A query and a key that move on together keep their score; one that moves alone changes it."""
    q, k = rng.uniform(0.5, 2.0, (1, 6)), rng.uniform(0.5, 2.0, (1, 6))

    def score(m, n):
        places = [np.array([float(p)]) for p in (m, n)]
        one, other = (student.apply_rotary(x.copy(), *rotary_rows(place, 6, 50.0))
                      for x, place in zip((q, k), places, strict=True))
        check_that(one.shape == other.shape == (1, 6), "The result has the shape of x.", actual=one)
        return float((one * other).sum())

    far, near = score(2, 7), score(2, 4)
    check_array(np.array([score(0, 5), score(9, 14)]), [far] * 2, name="five steps apart", **FLOAT64)
    check_array(np.array([score(5, 7), score(1, 3)]), [near] * 2, name="two steps apart", **FLOAT64)
    check_that(abs(far - near) > 1e-6, "Another distance gives another score.", actual=far - near)


@criterion("4.5", "relative")
def test_a_score_is_a_sum_over_the_pairs(student, rng):
    """The same vector at two places has the score of its pairs' squares times cosines of the distance."""
    x, positions = rng.uniform(0.5, 2.0, 4), np.array([3.0, 0.0, 11.0])
    answer = student.apply_rotary(np.array([x, x, x]), *rotary_rows(positions, 4, 1.0))
    check_that(answer.shape == (3, 4), "The result has the shape of x.", actual=answer)
    # With a base of 1 all pairs turn by the same angle, so any choice of pairs gives the same scores.
    length = math.fsum(a * a for a in x.tolist())
    expected = [[length * math.cos(m - n) for n in positions.tolist()] for m in positions.tolist()]
    check_array(answer @ answer.T, expected, name="the table of scores", **FLOAT64)


@criterion("4.5", "batch")
def test_every_head_is_turned_by_its_positions(student, rng):
    """Batches, heads and views are turned, with one set of angles for all or one for each sentence."""
    shared = rotary_rows(np.arange(5.0), 6, 20.0)
    own = rotary_rows(rng.integers(0, 9, (2, 1, 5)).astype(float), 6, 20.0)
    for shape, angles in (((2, 5, 6), shared), ((2, 3, 5, 6), shared), ((2, 3, 5, 6), own)):
        x = rng.normal(size=(*shape[:-1], 12))[..., ::2]
        check_array(student.apply_rotary(x, *angles), turn_loop(x, *angles), **FLOAT64)


@criterion("4.5", "batch")
def test_turning_with_every_size_equal(student, rng):
    """Four sentences with four heads, four positions and four features are kept apart."""
    x, angles = rng.normal(size=(4, 4, 4, 4)), rotary_rows(np.arange(4.0), 4, 20.0)
    check_array(student.apply_rotary(x, *angles), turn_loop(x, *angles), **FLOAT64)


@criterion("4.5", "batch")
def test_turning_agrees_with_torch(student, goldens):
    """The turned vectors are those that PyTorch gives as a product of complex numbers."""
    x, cos, sin = (goldens[f"turned_{name}"].copy() for name in ("x", "cos", "sin"))
    check_array(student.apply_rotary(x, cos, sin), goldens["turned_out"], **FLOAT64)


# ---------------------------------------------------------------- 4.6 alibi_bias


@criterion("4.6", "slopes")
def test_eight_heads_halve_their_slopes(student, rng):
    """With eight heads the slopes are 1/2, 1/4, and so on to 1/256."""
    scores = rng.normal(size=(3, 3))
    check_bias(student.alibi_bias(8, 3, 3), [1 / 2**h for h in range(1, 9)], scores)


@criterion("4.6", "distance")
def test_a_long_row_falls_evenly(student):
    """From key to key, the logarithm of the share rises by the same amount, in every row of a head."""
    bias = student.alibi_bias(3, 6, 6)
    check_that(isinstance(bias, np.ndarray) and bias.shape == (3, 6, 6),
               "The bias is an array [H, T_q, T_k].", actual=bias)
    steps = [np.diff(np.log(causal_shares(bias, np.zeros((6, 6)))[:, i, :i + 1])) for i in range(1, 6)]
    rises = np.concatenate(steps, axis=-1)
    check_that(bool((rises > 0).all()), "The nearer a key is, the larger is its share.", actual=rises)
    check_array(rises, np.repeat(rises[:, :1], rises.shape[1], axis=1), name="the rise", **ANGLES)


@criterion("4.6", "any-heads")
@pytest.mark.parametrize("heads", [3, 5, 12])
def test_slopes_for_any_number_of_heads(student, rng, heads):
    """The rule 2^(-8h/H) holds where H is no power of two."""
    check_bias(student.alibi_bias(heads, 4, 4), powers_of_two(heads), rng.normal(size=(4, 4)))


@criterion("4.6", "aligned")
def test_the_last_query_stands_at_the_last_key(student, rng):
    """With more keys than queries, distances are counted from the end."""
    for t_q, t_k in ((1, 4), (2, 5), (3, 7)):
        check_bias(student.alibi_bias(2, t_q, t_k), powers_of_two(2), rng.normal(size=(3, 1, t_q, t_k)))


@criterion("4.6", "aligned")
def test_biased_attention_agrees_with_torch(student, goldens):
    """The shares under the causal mask are those that PyTorch gives."""
    scores, shares = goldens["biased_scores"].copy(), goldens["biased_shares"]
    bias = student.alibi_bias(4, 3, 5)
    check_that(isinstance(bias, np.ndarray) and bias.shape == (4, 3, 5),
               "The bias is an array [H, T_q, T_k].", actual=bias)
    check_array(causal_shares(bias, scores), shares, name="the table of shares", **ANGLES)
