"""Public tests of lesson 4. They come with your repository: read them, run them, add your own.

Every expected number is worked out by hand, by a plain Python loop, or follows from a law.
"""

import math

import numpy as np
import pytest

from grader.testing import check_array, check_raises, check_that, criterion

# Two right orders of operations differ by a few roundings of float64, about 1e-15; a mistake by far more.
FLOAT64 = {"rtol": 1e-7, "atol": 1e-9}
# float32 has seven digits, and a few operations may cost two of them.
FLOAT32 = {"rtol": 1e-4, "atol": 1e-6}
# Tables and angles: a criterion of its own asks for float64, so the others forgive float32. An angle of
# ten radians carries an error of 5e-7 there; the smallest mistake moves a number by more than 1e-4.
ANGLES = {"rtol": 1e-4, "atol": 1e-5}


def waves(position, width, base=10000.0):
    """Write one position as sines and cosines, one column after another."""
    row = []
    for column in range(width):
        angle = position / base ** (2 * (column // 2) / width)
        row.append(math.sin(angle) if column % 2 == 0 else math.cos(angle))
    return row


def waves_of(positions, width, base=10000.0):
    """Write some positions as sines and cosines, one row for each."""
    return np.array([waves(position, width, base) for position in positions])


def angles_of(positions, width, base=10000.0):
    """Give cosines and sines of all rotary angles, as two tables with a row for each position."""
    rows = [[p / base ** (2 * i / width) for i in range(width // 2)] for p in positions]
    return tuple(np.array([[f(angle) for angle in row] for row in rows]) for f in (math.cos, math.sin))


def turned(x, cos, sin):
    """Turn lists of vectors with complex numbers: a pair (a, b) is a + bi, and a turn is a product."""
    rows = []
    for vector, c_row, s_row in zip(x, cos, sin, strict=True):
        row = []
        for i, (c, s) in enumerate(zip(c_row, s_row, strict=True)):
            pair = complex(vector[2 * i], vector[2 * i + 1]) * complex(c, s)
            row += [pair.real, pair.imag]
        rows.append(row)
    return rows


def shares_under(bias, scores):
    """Share out scores plus bias, head by head, over the keys that do not lie ahead of a query."""
    heads, t_q, t_k = bias.shape
    shares = np.zeros(bias.shape)
    for head in range(heads):
        for i in range(t_q):
            last = i + t_k - t_q  # the key at which query i stands
            totals = [float(scores[i, j] + bias[head, i, j]) for j in range(last + 1)]
            powers = [math.exp(total - max(totals)) for total in totals]
            shares[head, i, :last + 1] = [power / math.fsum(powers) for power in powers]
    return shares


def shares_with_slopes(slopes, scores):
    """Share out the scores, each power lowered by e^(-slope) for every step that its key lies back."""
    t_q, t_k = scores.shape
    shares = np.zeros((len(slopes), t_q, t_k))
    for head, slope in enumerate(slopes):
        for i in range(t_q):
            last = i + t_k - t_q
            powers = [math.exp(scores[i, j]) * math.exp(-slope) ** (last - j) for j in range(last + 1)]
            shares[head, i, :last + 1] = [power / math.fsum(powers) for power in powers]
    return shares


def locked(*arrays):
    """Copy arrays and make the copies read-only."""
    copies = [array.copy() for array in arrays]
    for copy in copies:
        copy.flags.writeable = False
    return copies


def floats(answer):
    """Take float32 as the float64 it is equal to; leave all else as it is."""
    small = isinstance(answer, np.ndarray) and answer.dtype == np.float32
    return answer.astype(np.float64) if small else answer


def check_float64(answer):
    """Demand an array of float64 numbers; which numbers is another test's business."""
    check_that(isinstance(answer, np.ndarray), "The answer is an array.", actual=answer)
    check_array(answer, answer.astype(np.float64), **FLOAT64)


def pair(answer):
    """Demand a tuple of two, and give its parts."""
    check_that(type(answer) is tuple and len(answer) == 2,
               "The function returns two things: (cos, sin).", actual=answer)
    return answer


def check_angles(answer, cos, sin):
    """Compare both parts of (cos, sin)."""
    your_cos, your_sin = pair(answer)
    check_array(floats(your_cos), cos, name="the table of cosines", **ANGLES)
    check_array(floats(your_sin), sin, name="the table of sines", **ANGLES)


def check_bias_shape(bias, shape):
    """Demand one number for each head, query and key."""
    check_that(isinstance(bias, np.ndarray) and bias.shape == shape,
               "The bias is an array [H, T_q, T_k].", actual=bias)


# ---------------------------------------------------------------- 4.1 sinusoidal_encoding


@criterion("4.1", "pairs")
def test_two_columns_are_one_clock_hand(student):
    """With two columns, position t is the sine and the cosine of t."""
    expected = [[0.0, 1.0], [math.sin(1), math.cos(1)], [math.sin(2), math.cos(2)]]
    check_array(floats(student.sinusoidal_encoding(3, 2)), expected, **ANGLES)


@criterion("4.1", "pairs")
def test_all_hands_start_at_the_same_place(student):
    """Position 0 is 0, 1, 0, 1, and so on: all sines are 0 there, and all cosines 1."""
    check_array(floats(student.sinusoidal_encoding(1, 6)), [[0.0, 1.0, 0.0, 1.0, 0.0, 1.0]], **ANGLES)


@criterion("4.1", "pairs")
def test_every_pair_is_a_point_on_a_circle(student):
    """In every pair of columns, the squares of sine and cosine add up to one."""
    table = floats(student.sinusoidal_encoding(5, 6))
    check_that(table.shape == (5, 6), "Five positions of width six make a table [5, 6].", actual=table)
    squares = table**2
    check_array(squares[:, 0::2] + squares[:, 1::2], np.ones((5, 3)), name="the sum of the squares", **ANGLES)


@criterion("4.1", "frequencies")
def test_the_second_pair_turns_a_hundred_times_as_slowly(student):
    """With width 4, the second pair of columns turns by a hundredth of a radian at each step."""
    expected = waves_of(range(4), 4)
    check_array(floats(student.sinusoidal_encoding(4, 4)), expected, **ANGLES)


@criterion("4.1", "frequencies")
def test_four_pairs_have_four_speeds(student):
    """Width 8 has four speeds, each a tenth of the one before."""
    check_array(floats(student.sinusoidal_encoding(5, 8)), waves_of(range(5), 8), **ANGLES)


@criterion("4.1", "base")
def test_worked_example_table(student):
    """With width 4 and base 100, the second pair turns a tenth as fast as the first."""
    check_array(floats(student.sinusoidal_encoding(3, 4, 100.0)), waves_of(range(3), 4, 100.0), **ANGLES)


@criterion("4.1", "odd-width")
def test_an_odd_width_ends_with_a_sine(student):
    """Widths 3 and 7 leave out the last cosine."""
    check_array(floats(student.sinusoidal_encoding(2, 3)), waves_of(range(2), 3), **ANGLES)
    check_array(floats(student.sinusoidal_encoding(4, 7)), waves_of(range(4), 7), **ANGLES)


@criterion("4.1", "dtype")
def test_the_table_is_float64(student):
    """The table has dtype float64."""
    check_float64(student.sinusoidal_encoding(3, 4))


# ---------------------------------------------------------------- 4.2 add_positions


@criterion("4.2", "rows")
def test_each_token_gets_its_row(student):
    """Two tokens get the first two rows of a table of three."""
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    table = np.array([[10.0, 20.0], [30.0, 40.0], [50.0, 60.0]])
    check_array(student.add_positions(x, table), [[11.0, 22.0], [33.0, 44.0]], **FLOAT64)


@criterion("4.2", "rows")
def test_any_table_is_added(student, rng):
    """A learned table is any table of numbers, and is added number by number."""
    x, table = rng.normal(size=(3, 3)), rng.uniform(1, 2, (4, 3))
    expected = [[x[t, d] + table[t, d] for d in range(3)] for t in range(3)]
    check_array(student.add_positions(x, table), expected, **FLOAT64)


@criterion("4.2", "offset")
def test_the_first_token_stands_at_the_offset(student):
    """With an offset of 1, two tokens get the second and the third row."""
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    table = np.array([[10.0, 20.0], [30.0, 40.0], [50.0, 60.0], [70.0, 80.0]])
    check_array(student.add_positions(x, table, 1), [[31.0, 42.0], [53.0, 64.0]], **FLOAT64)


@criterion("4.2", "bounds")
def test_a_token_past_the_end_is_refused(student):
    """A table of two rows has room for two tokens; a third one, or an offset, raises ValueError."""
    table = np.array([[10.0, 20.0], [30.0, 40.0]])
    fits = student.add_positions(np.ones((2, 2)), table)
    check_that(fits.shape == (2, 2), "Two tokens fit a table of two rows.", actual=fits)
    check_raises(ValueError, student.add_positions, np.ones((3, 2)), table)
    check_raises(ValueError, student.add_positions, np.ones((2, 2)), table, 1)


@criterion("4.2", "bounds")
def test_a_negative_offset_is_refused(student):
    """There is no position before the first row: a negative offset raises ValueError."""
    table = np.array([[10.0, 20.0], [30.0, 40.0], [50.0, 60.0]])
    check_raises(ValueError, student.add_positions, np.ones((1, 2)), table, -2)


# What is compared here is the student's own answer for float64 tokens: only the dtype is in question.
@criterion("4.2", "dtype")
@pytest.mark.parametrize(("given", "wanted"), [(np.float32, np.float32), (np.int64, np.float64)])
def test_tokens_keep_float32(student, given, wanted):
    """float32 tokens stay float32 although the table is float64, and integers become float64."""
    x, table = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.5, 0.25], [2.5, 0.75], [1.5, 1.25]])
    usual = student.add_positions(x.copy(), table)
    check_array(student.add_positions(x.astype(given), table), usual, dtype=wanted, **FLOAT32)


@criterion("4.2", "pure")
def test_adding_leaves_tokens_and_table_alone(student):
    """Locked tokens and a locked table, which cannot be written to, give the same sum."""
    x, table = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.5, 0.25], [2.5, 0.75], [1.5, 1.25]])
    usual = student.add_positions(x.copy(), table.copy())
    check_array(student.add_positions(*locked(x, table)), usual, **FLOAT64)


# ---------------------------------------------------------------- 4.3 shift_matrix


@criterion("4.3", "shift")
def test_one_step_of_one_clock_hand(student):
    """With two columns, a row [sin t, cos t] times the matrix is [sin (t + 1), cos (t + 1)]."""
    c, s = math.cos(1), math.sin(1)
    check_array(floats(student.shift_matrix(1, 2)), [[c, -s], [s, c]], **ANGLES)


@criterion("4.3", "shift")
def test_every_row_moves_by_three(student):
    """With six columns, rows 0 to 4 times the matrix are rows 3 to 7."""
    matrix = floats(student.shift_matrix(3, 6))
    check_that(matrix.shape == (6, 6), "For width six the matrix is [6, 6].", actual=matrix)
    moved = [[math.fsum(row[a] * matrix[a, b] for a in range(6)) for b in range(6)]
             for row in waves_of(range(5), 6).tolist()]
    check_array(np.array(moved), waves_of(range(3, 8), 6), name="the moved table", **ANGLES)


@criterion("4.3", "backwards")
def test_two_back_undo_two_forward(student):
    """The matrix for -2 times the matrix for 2 changes nothing."""
    back, forward = floats(student.shift_matrix(-2, 4)), floats(student.shift_matrix(2, 4))
    check_that(back.shape == forward.shape == (4, 4), "For width four the matrix is [4, 4].", actual=back)
    check_array(back @ forward, np.eye(4), name="the product of the two", **ANGLES)


@criterion("4.3", "odd-width")
def test_a_hand_without_a_cosine_cannot_be_turned(student):
    """Odd widths raise ValueError, and even ones do not."""
    matrix = student.shift_matrix(1, 2)
    check_that(matrix.shape == (2, 2), "For width two the matrix is [2, 2].", actual=matrix)
    check_raises(ValueError, student.shift_matrix, 1, 3)
    check_raises(ValueError, student.shift_matrix, 2, 5)


@criterion("4.3", "dtype")
def test_the_matrix_is_float64(student):
    """The matrix has dtype float64."""
    check_float64(student.shift_matrix(2, 4))


# ---------------------------------------------------------------- 4.4 rotary_angles


@criterion("4.4", "angles")
def test_one_pair_turns_by_its_position(student):
    """A head of width 2 has one pair, which turns by as many radians as its position says."""
    answer = student.rotary_angles(np.array([0.0, 1.0, 2.0]), 2)
    check_angles(answer, np.array([[1.0], [math.cos(1)], [math.cos(2)]]),
                 np.array([[0.0], [math.sin(1)], [math.sin(2)]]))


@criterion("4.4", "angles")
def test_three_pairs_have_three_speeds(student):
    """A head of width 6 has three pairs, and each has its own speed."""
    check_angles(student.rotary_angles(np.arange(4.0), 6), *angles_of(range(4), 6))


@criterion("4.4", "odd-width")
def test_a_head_of_odd_width_is_refused(student):
    """Odd widths raise ValueError, since one feature would have no partner; even ones do not."""
    pair(student.rotary_angles(np.array([0.0, 1.0]), 2))
    check_raises(ValueError, student.rotary_angles, np.array([0.0, 1.0]), 3)
    check_raises(ValueError, student.rotary_angles, np.array([0.0, 1.0]), 5)


# What is compared here is the student's own answer for float64 positions: only the dtype is in question.
@criterion("4.4", "dtype")
@pytest.mark.parametrize("given", [np.int64, np.int8, np.float32])
def test_angles_are_float64(student, given):
    """Positions of any dtype give float64 cosines and sines."""
    positions = np.array([0.0, 1.0, 100.0])
    cos, sin = pair(student.rotary_angles(positions.copy(), 4))
    your_cos, your_sin = pair(student.rotary_angles(positions.astype(given), 4))
    check_array(your_cos, cos, dtype=np.float64, name="the table of cosines", **FLOAT64)
    check_array(your_sin, sin, dtype=np.float64, name="the table of sines", **FLOAT64)


@criterion("4.4", "pure")
def test_angles_leave_the_positions_alone(student):
    """Locked positions, which cannot be written to, give the same angles."""
    positions = np.array([0.0, 1.0, 2.0])
    cos, sin = pair(student.rotary_angles(positions.copy(), 4))
    check_angles(student.rotary_angles(*locked(positions), 4), floats(cos), floats(sin))


# ---------------------------------------------------------------- 4.5 apply_rotary


@criterion("4.5", "turn")
def test_a_quarter_turn(student):
    """A quarter turn to the left makes (-2, 1) of (1, 2), and (0, -3) of (-3, 0)."""
    x, cos, sin = np.array([[1.0, 2.0, -3.0, 0.0]]), np.array([[0.0, 0.0]]), np.array([[1.0, 1.0]])
    check_array(student.apply_rotary(x, cos, sin), [[-2.0, 1.0, 0.0, -3.0]], **FLOAT64)


@criterion("4.5", "turn")
def test_position_zero_changes_nothing(student):
    """A vector at position 0 is not turned, and its neighbour at position 1 is."""
    x = np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]])
    cos, sin = angles_of(range(2), 4)
    check_array(student.apply_rotary(x, cos, sin), turned(x, cos, sin), **FLOAT64)


@criterion("4.5", "turn")
def test_every_pair_has_its_own_angle(student, rng):
    """Six vectors of six features are turned pair by pair."""
    x = rng.normal(size=(6, 6))
    cos, sin = angles_of(range(6), 6, base=20.0)
    check_array(student.apply_rotary(x, cos, sin), turned(x, cos, sin), **FLOAT64)


@criterion("4.5", "norms")
def test_turning_keeps_the_length(student, rng):
    """A turned vector is as long as it was before."""
    x = rng.normal(size=(4, 6))
    answer = student.apply_rotary(x, *angles_of(range(3, 7), 6, base=20.0))
    check_that(answer.shape == (4, 6), "The result has the shape of x.", actual=answer)
    check_array((answer**2).sum(axis=-1), (x**2).sum(axis=-1), name="the squared length", **FLOAT64)


# What is compared here is the student's own answer for float64 vectors: only the dtype is in question.
@criterion("4.5", "dtype")
@pytest.mark.parametrize(("given", "wanted"), [(np.float32, np.float32), (np.int64, np.float64)])
def test_turned_vectors_keep_float32(student, given, wanted):
    """float32 vectors stay float32 although the angles are float64, and integers become float64."""
    x, (cos, sin) = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]), angles_of(range(1, 3), 4)
    usual = student.apply_rotary(x.copy(), cos, sin)
    check_array(student.apply_rotary(x.astype(given), cos, sin), usual, dtype=wanted, **FLOAT32)


@criterion("4.5", "pure")
def test_turning_leaves_its_inputs_alone(student):
    """Locked vectors, cosines and sines, which cannot be written to, give the same result."""
    x, (cos, sin) = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]), angles_of(range(1, 3), 4)
    usual = student.apply_rotary(x.copy(), cos.copy(), sin.copy())
    check_array(student.apply_rotary(*locked(x, cos, sin)), usual, **FLOAT64)


# ---------------------------------------------------------------- 4.6 alibi_bias

# A bias counts only through the shares that it leads to: what it holds ahead of a query, and what it adds
# to a whole row of scores, changes none of them.


@criterion("4.6", "distance")
def test_a_step_back_lowers_the_share(student):
    """With equal scores, the nearest key has the largest share, and each step back costs the same factor."""
    bias = student.alibi_bias(2, 3, 3)
    check_bias_shape(bias, (2, 3, 3))
    shares = shares_under(bias, np.zeros((3, 3)))
    check_that(bool((shares[:, 2, 1] < shares[:, 2, 2]).all() and (shares[:, 2, 0] < shares[:, 2, 1]).all()),
               "The farther back a key is, the smaller is its share.", actual=shares)
    factor = shares[:, 1, 0] / shares[:, 1, 1]
    check_array(shares[:, 2, 1] / shares[:, 2, 2], factor, name="the factor of one step", **ANGLES)
    check_array(shares[:, 2, 0] / shares[:, 2, 2], factor**2, name="the factor of two steps", **ANGLES)


@criterion("4.6", "slopes")
def test_two_heads_have_the_slopes_1_16_and_1_256(student):
    """With two heads, a step back lowers a score by 1/16 in the first one and by 1/256 in the second."""
    bias, scores = student.alibi_bias(2, 2, 2), np.zeros((2, 2))
    check_bias_shape(bias, (2, 2, 2))
    check_array(shares_under(bias, scores), shares_with_slopes([1 / 16, 1 / 256], scores),
                name="the table of shares", **ANGLES)


@criterion("4.6", "slopes")
def test_four_heads_on_four_words(student, rng):
    """With four heads the slopes are 1/4, 1/16, 1/64 and 1/256, whatever the scores are."""
    bias, scores = student.alibi_bias(4, 4, 4), rng.normal(size=(4, 4))
    check_bias_shape(bias, (4, 4, 4))
    expected = shares_with_slopes([1 / 4, 1 / 16, 1 / 64, 1 / 256], scores)
    check_array(shares_under(bias, scores), expected, name="the table of shares", **ANGLES)


@criterion("4.6", "dtype")
def test_the_bias_is_float64(student):
    """The bias has dtype float64."""
    check_float64(student.alibi_bias(2, 3, 3))
