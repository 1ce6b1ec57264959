"""Known wrong solutions of lesson 4. The docstring of each is what a student reads who made it.

Not here, because they are right: in 4.6 a bias that holds anything finite ahead of a query, a bias with the
distance |i - j|, and one that is slope times the place of the key. The causal mask and softmax see no
difference. In 4.1 "the exponent is doubled" and "the exponent is divided by half the width" are one mistake.
"""

import numpy as np

from grader.testing import misconception


def angles_with(positions, exponents, base):
    """Give the angle of every position and pair, for exponents chosen rightly or wrongly."""
    return np.asarray(positions)[..., np.newaxis] * float(base) ** (-np.asarray(exponents, dtype=float))


def interleaved(angles, width):
    """Lay out sines and cosines of angles the right way, for mistakes that lie in the angles."""
    table = np.empty((len(angles), width))
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles)[:, : width // 2]
    return table


def blocks(angles, width):
    """Turn each pair of columns the right way, for mistakes that lie in the angles."""
    matrix = np.zeros((width, width))
    for i, angle in enumerate(angles):
        c, s = np.cos(angle), np.sin(angle)
        matrix[2 * i: 2 * i + 2, 2 * i: 2 * i + 2] = [[c, -s], [s, c]]
    return matrix


def right_exponents(width):
    """Give 2i / width for every pair."""
    return np.arange(0, width, 2) / width


def must_be_even(width):
    """Refuse an odd width the right way."""
    if width % 2:
        raise ValueError("odd")


def must_fit(x, table, offset):
    """Refuse positions that the table does not have, the right way."""
    if offset < 0 or offset + x.shape[-2] > len(table):
        raise ValueError("out of the table")


def steps_back(t_q, t_k):
    """Count how far each key lies before each query; below zero means ahead."""
    return np.arange(t_k - t_q, t_k)[:, np.newaxis] - np.arange(t_k)


def stack_slopes(slopes, distance):
    """Multiply each slope with the whole table of distances."""
    return -np.asarray(slopes, dtype=float)[:, np.newaxis, np.newaxis] * distance


# ---------------------------------------------------------------- 4.1 sinusoidal_encoding


@misconception("4.1", loses=["frequencies", "base", "odd-width", "distance"], title="the exponent is doubled")
def exponent_doubled(n_positions, d_model, base=10000.0):
    """Your hands slow down too fast from pair to pair: each exponent is twice what it should be.

    Either a 2 was multiplied in a second time, or you divided by half the width.
    In the formula, is `2i` the number of a pair, or already the number of a column?
    """
    exponents = 2 * np.arange(0, d_model, 2) / d_model
    return interleaved(angles_with(np.arange(n_positions), exponents, base), d_model)


@misconception("4.1", loses=["frequencies", "base", "odd-width", "distance"], title="the exponent is halved")
def exponent_halved(n_positions, d_model, base=10000.0):
    """Your hands slow down too little from pair to pair: each exponent is half of what it should be.

    You counted the pairs 0, 1, 2, and divided that number by the width.
    What does the formula divide by the width?
    """
    exponents = np.arange((d_model + 1) // 2) / d_model
    return interleaved(angles_with(np.arange(n_positions), exponents, base), d_model)


@misconception("4.1", loses=["pairs", "frequencies", "base", "odd-width", "distance"],
               title="the cosine has an exponent of its own")
def cos_with_its_own_exponent(n_positions, d_model, base=10000.0):
    """Beside each of your sines stands the cosine of another angle.

    You put the number of the column into the exponent, so sine and cosine turn at different speeds.
    A clock hand needs both numbers for the same angle, or it cannot be turned on.
    """
    angles = angles_with(np.arange(n_positions), np.arange(d_model) / d_model, base)
    table = np.sin(angles)
    table[:, 1::2] = np.cos(angles[:, 1::2])
    return table


@misconception("4.1", loses=["frequencies", "base", "odd-width", "distance"], title="a base of 1000")
def base_1000(n_positions, d_model, base=10000.0):
    """Your table is that of a base of 1000, whatever base was asked for.

    The paper has 10000, four zeros, and here the base is an argument.
    Look for a number that is typed out in your function.
    """
    angles = angles_with(np.arange(n_positions), right_exponents(d_model), 1000.0)
    return interleaved(angles, d_model)


@misconception("4.1", loses=["base"], title="the base is ignored")
def base_ignored(n_positions, d_model, base=10000.0):
    """Your table is right for a base of 10000, and the same for every other base.

    The argument `base` arrives, but your function has the number typed out.
    """
    angles = angles_with(np.arange(n_positions), right_exponents(d_model), 10000.0)
    return interleaved(angles, d_model)


@misconception("4.1", loses=["frequencies", "base", "odd-width", "distance"],
               title="faster and faster instead of slower and slower")
def multiplies_frequency(n_positions, d_model, base=10000.0):
    """Your hands turn faster from pair to pair, up to thousands of radians at each step.

    Then two neighbouring positions look as different as two far ones, and nothing can be read off.
    You multiplied where the formula divides, or lost the sign of an exponent.
    """
    return interleaved(angles_with(np.arange(n_positions), -right_exponents(d_model), base), d_model)


@misconception("4.1", loses=["frequencies", "base", "odd-width", "distance"],
               title="all hands turn at the same speed")
def same_speed_for_all(n_positions, d_model, base=10000.0):
    """All pairs of columns in your table are the same: every hand turns by one radian at each step.

    An exponent that is divided with // is a whole number, and here always 0.
    Which division keeps the part behind the point?
    """
    exponents = np.arange(0, d_model, 2) // d_model
    return interleaved(angles_with(np.arange(n_positions), exponents, base), d_model)


@misconception("4.1", loses=["frequencies", "base", "odd-width", "distance"],
               title="// rounded a logarithm down")
def integer_division(n_positions, d_model, base=10000.0):
    """Your speeds are powers of e with whole numbers, because // has rounded a quotient down.

    In -a / b // 2 Python divides from left to right, and the last division rounds.
    Write brackets where you mean half of the width.
    """
    rates = np.arange((d_model + 1) // 2) * (-np.log(base) / d_model // 2)
    return interleaved(np.arange(n_positions)[:, np.newaxis] * np.exp(rates), d_model)


@misconception("4.1", loses=["frequencies", "base", "odd-width", "distance"],
               title="the last pair reaches the base")
def last_pair_reaches_the_base(n_positions, d_model, base=10000.0):
    """Your speeds run from 1 down to exactly 1/base. In the paper the last pair stops short of it.

    You spread the exponents from 0 to 1, both ends included, as some libraries do.
    What is the exponent of the last pair of width 4 in the formula?
    """
    n_pairs = (d_model + 1) // 2
    exponents = np.arange(n_pairs) / max(n_pairs - 1, 1)
    return interleaved(angles_with(np.arange(n_positions), exponents, base), d_model)


@misconception("4.1", loses=["pairs", "frequencies", "base", "odd-width"],
               title="halves instead of neighbours")
def halves_not_interleaved(n_positions, d_model, base=10000.0):
    """You have written all sines into the first half of the columns, and all cosines into the second.

    Some libraries do that, and it works as well, but weights trained with one order are useless with
    the other. Here sine and cosine of one angle stand side by side.
    """
    angles = angles_with(np.arange(n_positions), right_exponents(d_model), base)
    return np.concatenate([np.sin(angles), np.cos(angles)[:, : d_model // 2]], axis=1)


@misconception("4.1", loses=["pairs", "frequencies", "base", "odd-width"], title="sine and cosine exchanged")
def sin_cos_swapped(n_positions, d_model, base=10000.0):
    """Your even columns hold cosines, and your odd ones sines: position 0 begins with a 1.

    Columns are counted from 0, so the first one is even.
    """
    angles = angles_with(np.arange(n_positions), right_exponents(d_model), base)
    table = np.empty((n_positions, d_model))
    table[:, 0::2] = np.cos(angles)
    table[:, 1::2] = np.sin(angles)[:, : d_model // 2]
    return table


@misconception("4.1", loses=["pairs", "frequencies", "base", "odd-width", "distance"], title="only sines")
def sin_only(n_positions, d_model, base=10000.0):
    """All of your columns are sines, and position 0 is a row of zeros.

    One sine does not tell where a hand stands: it has the same height on the left and on the right.
    What is the second number that a place on a circle needs?
    """
    angles = angles_with(np.arange(n_positions), right_exponents(d_model), base)
    return np.sin(np.repeat(angles, 2, axis=1)[:, :d_model])


@misconception("4.1", loses=["pairs", "frequencies", "base", "odd-width"], title="positions counted from one")
def positions_from_one(n_positions, d_model, base=10000.0):
    """Your first row is that of position 1. Positions are counted from 0 here.

    Distances between rows are right, so a model would learn; but every row is one off,
    and does not fit a model that was trained with the right ones.
    """
    return interleaved(angles_with(np.arange(1, n_positions + 1), right_exponents(d_model), base), d_model)


@misconception("4.1", loses=["odd-width"], title="an odd width raises an error")
def odd_width_crash(n_positions, d_model, base=10000.0):
    """Your table is right for even widths; for odd ones NumPy refuses to write the cosines.

    An odd width has one more sine than cosines, so the last angle has no column for its cosine.
    How many columns does 1::2 reach?
    """
    angles = angles_with(np.arange(n_positions), right_exponents(d_model), base)
    table = np.empty((n_positions, d_model))
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles)
    return table


@misconception("4.1", loses=["dtype"], title="the table is float32")
def table_is_float32(n_positions, d_model, base=10000.0):
    """Your numbers are right, but the table is float32. Tables are float64 in this lesson.

    A large position times a small speed needs all digits; whoever adds the table can round it later.
    """
    angles = angles_with(np.arange(n_positions), right_exponents(d_model), base)
    return interleaved(angles, d_model).astype(np.float32)


# ---------------------------------------------------------------- 4.2 add_positions


@misconception("4.2", loses=["batch"], title="positions along the batch")
def indexes_the_batch_axis(x, table, offset=0):
    """In a batch, you gave each sentence a position, and all of its tokens the same one.

    The first axis of [B, T, D] counts sentences. Order is a matter of tokens.
    Count axes from the end: which one holds the tokens, with a batch and without?
    """
    must_fit(x, table, offset)
    n = x.shape[0]
    rows = table[offset:offset + n]
    return x * 1.0 + rows.astype(np.result_type(x, np.float32)).reshape(len(rows), *[1] * (x.ndim - 2), -1)


@misconception("4.2", loses=["rows", "batch", "offset"], title="the tokens are scaled by the root of D")
def scale_by_sqrt_d(x, table, offset=0):
    """You multiplied the tokens with the root of their width before you added the positions.

    The paper does that in its embedding layer, so that the table does not drown the tokens.
    Here it is not asked for: with weights that were trained without it, it makes the tokens too loud.
    """
    must_fit(x, table, offset)
    return x * x.shape[-1] ** 0.5 + table[offset:offset + x.shape[-2]].astype(np.result_type(x, np.float32))


@misconception("4.2", loses=["rows", "batch", "offset"], title="multiplied instead of added")
def multiplies_with_the_table(x, table, offset=0):
    """You multiplied every token with the row of its position.

    Where the row holds a 0, the token loses that number for good. A sum moves the token and keeps it.
    """
    must_fit(x, table, offset)
    return x * table[offset:offset + x.shape[-2]].astype(np.result_type(x, np.float32))


@misconception("4.2", loses=["offset", "bounds"], title="the offset is ignored")
def offset_ignored(x, table, offset=0):
    """Your tokens always stand at the positions 0, 1, 2, wherever they should begin.

    The argument `offset` arrives, but nothing is done with it.
    When a model writes word by word, every new word would then stand at position 0.
    """
    if x.shape[-2] > len(table):
        raise ValueError("too many tokens")
    return x * 1.0 + table[:x.shape[-2]].astype(np.result_type(x, np.float32))


@misconception("4.2", loses=["bounds"], title="late tokens share the last row")
def clips_silently(x, table, offset=0):
    """Past the end of the table you give all tokens its last row, and before its start the first one.

    Nothing crashes, and the model can no longer tell these tokens apart.
    A place that is not in the table should be refused.
    """
    places = np.clip(np.arange(offset, offset + x.shape[-2]), 0, len(table) - 1)
    return x * 1.0 + table[places].astype(np.result_type(x, np.float32))


@misconception("4.2", loses=["bounds"], title="the slice is not checked")
def slice_is_not_checked(x, table, offset=0):
    """You did not notice that some positions are not in the table: Python cuts a slice short.

    If one row is left, NumPy stretches it over all tokens; a negative offset takes rows from the end.
    Most of the time the shapes happen not to fit. Do not rely on that: check the positions first.
    """
    return x * 1.0 + table[offset:offset + x.shape[-2]].astype(np.result_type(x, np.float32))


@misconception("4.2", loses=["bounds"], title="IndexError instead of ValueError")
def raises_index_error(x, table, offset=0):
    """You let NumPy's IndexError out past the end, and a negative offset takes rows from the end.

    The docstring promises ValueError for both. Check the positions yourself, before you look them up.
    """
    places = np.arange(offset, offset + x.shape[-2])
    return x * 1.0 + table[places].astype(np.result_type(x, np.float32))


@misconception("4.2", loses=["bounds"], title="the last row is refused")
def last_row_refused(x, table, offset=0):
    """You refuse tokens that would stand on the last row of the table, which is still in it.

    A table of 5 rows has the positions 0 to 4. Look at your comparison: should equal be refused?
    """
    if offset < 0 or offset + x.shape[-2] > len(table) - 1:
        raise ValueError("out of the table")
    return x * 1.0 + table[offset:offset + x.shape[-2]].astype(np.result_type(x, np.float32))


@misconception("4.2", loses=["dtype"], title="the table makes float64")
def table_upcasts(x, table, offset=0):
    """Your sums are right, but float32 tokens come back as float64.

    The table has 64 bits, and lifts everything that it is added to.
    Give its rows the dtype of the tokens first.
    """
    must_fit(x, table, offset)
    return x + table[offset:offset + x.shape[-2]]


@misconception("4.2", loses=["dtype", "pure"], title="writing into the tokens")
def mutates_input(x, table, offset=0):
    """Your function writes into the tokens that it was given.

    Whoever called it may still need them, and locked or integer tokens raise an error.
    The operator += changes an array in place.
    """
    must_fit(x, table, offset)
    x += table[offset:offset + x.shape[-2]]
    return x


# ---------------------------------------------------------------- 4.3 shift_matrix


@misconception("4.3", loses=["shift", "base"], title="the wrong sign of the sine")
def wrong_sign(k, d_model, base=10000.0):
    """Your matrix turns every hand backwards: it moves a row by -k instead of k.

    Or you wrote it for a column that stands to its right; here a row stands to its left.
    Take k = 1 and the row [sin t, cos t] = [0, 1] of position 0. What should come out?
    """
    must_be_even(d_model)
    return blocks(-k * float(base) ** -right_exponents(d_model), d_model)


@misconception("4.3", loses=["shift", "rotation", "backwards", "base"], title="both sines have the same sign")
def both_sines_positive(k, d_model, base=10000.0):
    """In each of your blocks both sines have the same sign, so lengths are not kept.

    A rotation has one sine with a plus and one with a minus.
    Write out sin(a + b) and cos(a + b) side by side: their signs differ.
    """
    must_be_even(d_model)
    matrix = np.abs(np.eye(d_model))
    for i, angle in enumerate(k * float(base) ** -right_exponents(d_model)):
        c, s = np.cos(angle), np.sin(angle)
        matrix[2 * i: 2 * i + 2, 2 * i: 2 * i + 2] = [[c, s], [s, c]]
    return matrix


@misconception("4.3", loses=["shift", "base"], title="one angle for all pairs")
def one_angle_for_all(k, d_model, base=10000.0):
    """Your matrix turns all pairs by the same angle, k.

    In k steps the slow hands get less far than the fast one.
    Which speed has each pair in the table that you want to move?
    """
    must_be_even(d_model)
    return blocks(np.full(d_model // 2, float(k)), d_model)


@misconception("4.3", loses=["shift", "base"], title="the exponent is doubled")
def shift_exponent_doubled(k, d_model, base=10000.0):
    """Your angles shrink too fast from pair to pair: each exponent is twice what it should be.

    The matrix needs the very speeds of the table, or it moves another one.
    """
    must_be_even(d_model)
    return blocks(k * float(base) ** (-2 * right_exponents(d_model)), d_model)


@misconception("4.3", loses=["shift", "base"], title="halves instead of neighbours")
def shift_of_halves(k, d_model, base=10000.0):
    """Your matrix fits a table with all sines in its first half and all cosines in its second.

    In this lesson's table, sine and cosine of one angle stand side by side,
    so the four numbers of a pair make a small square on the diagonal.
    """
    must_be_even(d_model)
    angles = k * float(base) ** -right_exponents(d_model)
    cosines, sines = np.diag(np.cos(angles)), np.diag(np.sin(angles))
    return np.block([[cosines, -sines], [sines, cosines]])


@misconception("4.3", loses=["backwards"], title="negative shifts do nothing")
def steps_one_by_one(k, d_model, base=10000.0):
    """For a negative k your matrix moves nothing.

    You multiply by the matrix of one step, k times, and a loop over range(-2) has no round at all.
    An angle may be negative: does the formula need a loop?
    """
    must_be_even(d_model)
    one, matrix = blocks(float(base) ** -right_exponents(d_model), d_model), np.eye(d_model)
    for _ in range(k):
        matrix = matrix @ one
    return matrix


@misconception("4.3", loses=["odd-width"], title="an odd width is not refused")
def odd_width_accepted(k, d_model, base=10000.0):
    """For an odd width you return a matrix, although none can be right.

    The last sine has no cosine beside it, and from a sine alone nobody knows where the hand goes next.
    """
    matrix = np.zeros((d_model, d_model))
    for column in range(d_model):
        pair = column - column % 2
        angle = k / base ** (pair / d_model)
        matrix[column, column] = np.cos(angle)
        if pair + 1 < d_model:
            matrix[pair, pair + 1], matrix[pair + 1, pair] = -np.sin(angle), np.sin(angle)
    return matrix


@misconception("4.3", loses=["base"], title="the base is ignored")
def shift_base_ignored(k, d_model, base=10000.0):
    """Your matrix is right for a base of 10000, and the same for every other base.

    The argument `base` arrives, but your function has the number typed out.
    """
    must_be_even(d_model)
    return blocks(k * 10000.0 ** -right_exponents(d_model), d_model)


@misconception("4.3", loses=["dtype"], title="the matrix is float32")
def matrix_is_float32(k, d_model, base=10000.0):
    """Your numbers are right, but the matrix is float32. Matrices are float64 in this lesson."""
    must_be_even(d_model)
    return blocks(k * float(base) ** -right_exponents(d_model), d_model).astype(np.float32)


# ---------------------------------------------------------------- 4.4 rotary_angles


@misconception("4.4", loses=["positions"], title="the positions are ignored")
def positions_ignored(positions, d_head, base=10000.0):
    """You count 0, 1, 2 instead of taking the positions that were handed over.

    That is right for a sentence from its start. When a model writes word by word, the new word
    stands far down the line, and would be turned as if it stood at the beginning.
    """
    must_be_even(d_head)
    angles = angles_with(np.arange(positions.shape[0]), right_exponents(d_head), base)
    return np.cos(angles), np.sin(angles)


@misconception("4.4", loses=["angles", "positions", "base"], title="the exponent is doubled")
def doubled_exponent(positions, d_head, base=10000.0):
    """Your pairs slow down too fast: each exponent is twice what it should be.

    Either a 2 was multiplied in a second time, or you divided by half the width.
    In the formula, is `2i` the number of a pair, or already the number of a feature?
    """
    must_be_even(d_head)
    angles = angles_with(positions, 2 * right_exponents(d_head), base)
    return np.cos(angles), np.sin(angles)


@misconception("4.4", loses=["angles", "positions", "base"], title="the exponent is halved")
def rotary_exponent_halved(positions, d_head, base=10000.0):
    """Your pairs slow down too little: each exponent is half of what it should be.

    You counted the pairs 0, 1, 2, and divided that number by the width.
    What does the formula divide by the width?
    """
    must_be_even(d_head)
    angles = angles_with(positions, right_exponents(d_head) / 2, base)
    return np.cos(angles), np.sin(angles)


@misconception("4.4", loses=["angles", "positions", "base"], title="sines come first")
def sines_first(positions, d_head, base=10000.0):
    """Your two results come in the wrong order: the sines first, then the cosines.

    Position 0 should not be turned at all. Which of the two is 1 there?
    """
    must_be_even(d_head)
    angles = angles_with(positions, right_exponents(d_head), base)
    return np.sin(angles), np.cos(angles)


@misconception("4.4", loses=["angles", "positions", "base"], title="every angle twice")
def every_angle_twice(positions, d_head, base=10000.0):
    """Your tables have one column for each feature. They should have one for each pair.

    Some libraries repeat every angle, so that they can multiply whole vectors at once.
    Here the pairs are taken apart first, and half as many angles are enough.
    """
    must_be_even(d_head)
    angles = angles_with(positions, right_exponents(d_head), base)
    angles = np.concatenate([angles, angles], axis=-1)
    return np.cos(angles), np.sin(angles)


@misconception("4.4", loses=["base"], title="the base is ignored")
def rotary_base_ignored(positions, d_head, base=10000.0):
    """Your angles are right for a base of 10000, and the same for every other base.

    The argument `base` arrives, but your function has the number typed out.
    Models for long texts change just this number.
    """
    must_be_even(d_head)
    angles = angles_with(positions, right_exponents(d_head), 10000.0)
    return np.cos(angles), np.sin(angles)


@misconception("4.4", loses=["odd-width"], title="an odd width is not refused")
def rotary_odd_width_accepted(positions, d_head, base=10000.0):
    """For an odd width you return angles, although one feature has no partner to turn with.

    The error would come later, far from its cause. Refuse such a width here.
    """
    angles = angles_with(positions, right_exponents(d_head), base)
    return np.cos(angles), np.sin(angles)


@misconception("4.4", loses=["dtype"], title="the angles are float32")
def angles_are_float32(positions, d_head, base=10000.0):
    """Your numbers are right, but cosines and sines are float32. Angles are float64 in this lesson.

    A large position times a small speed needs all digits; whoever turns vectors can round later.
    """
    must_be_even(d_head)
    angles = angles_with(positions, right_exponents(d_head), base)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


@misconception("4.4", loses=["dtype", "pure"], title="dividing the positions in place")
def divides_in_place(positions, d_head, base=10000.0):
    """Your function writes into the positions that it was given.

    Whoever called it may still need them, and locked or integer positions raise an error.
    The operator /= changes an array in place.
    """
    must_be_even(d_head)
    angles = []
    for _ in range(d_head // 2):
        angles.append(positions.astype(float))
        positions /= base ** (2 / d_head)
    return np.cos(np.stack(angles, axis=-1)), np.sin(np.stack(angles, axis=-1))


# ---------------------------------------------------------------- 4.5 apply_rotary


@misconception("4.5", loses=["turn", "batch"], title="halves instead of neighbours")
def halves(x, cos, sin):
    """You have paired each feature of the first half with one of the second half.

    Some libraries do that, and scores come out just as well, but weights trained with one order
    are useless with the other. Here features 0 and 1 are a pair, then 2 and 3.
    """
    half = x.shape[-1] // 2
    first, second = x[..., :half] * 1.0, x[..., half:] * 1.0
    cos, sin = cos.astype(first.dtype), sin.astype(first.dtype)
    return np.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)


@misconception("4.5", loses=["turn", "norms", "relative", "batch"],
               title="pairs by halves, angles by neighbours")
def half_rotation_interleaved_angles(x, cos, sin):
    """You took partners from the two halves of a vector, but handed out the angles to neighbours.

    Two recipes are mixed: the two partners of a pair get different angles, so nothing is rotated.
    No error is raised, and lengths change. Choose one pairing for both steps.
    """
    half = x.shape[-1] // 2
    swapped = np.concatenate([-x[..., half:], x[..., :half]], axis=-1) * 1.0
    cos, sin = (np.repeat(part, 2, axis=-1).astype(swapped.dtype) for part in (cos, sin))
    return x * cos + swapped * sin


@misconception("4.5", loses=["turn", "batch"], title="turned the other way round")
def negative_angle(x, cos, sin):
    """Your pairs turn clockwise: by minus the angle.

    Scores among vectors that you turned come out right, because only differences of angles count.
    But a key that another program turned, in another direction, no longer fits. Look at your signs.
    """
    x = x * 1.0
    cos, sin = cos.astype(x.dtype), sin.astype(x.dtype)
    out = np.empty_like(x)
    out[..., 0::2] = x[..., 0::2] * cos + x[..., 1::2] * sin
    out[..., 1::2] = x[..., 1::2] * cos - x[..., 0::2] * sin
    return out


@misconception("4.5", loses=["turn", "norms", "relative", "batch"],
               title="the second feature sees the new first")
def aliased_in_place(x, cos, sin):
    """You wrote the new first feature of each pair before you computed the second one from the old.

    A slice is a window onto the same numbers: after writing, the old value is gone.
    Write into a new array, or keep a copy of what you still need.
    """
    out = x * 1.0
    cos, sin = cos.astype(out.dtype), sin.astype(out.dtype)
    out[..., 0::2] = out[..., 0::2] * cos - out[..., 1::2] * sin
    out[..., 1::2] = out[..., 0::2] * sin + out[..., 1::2] * cos
    return out


@misconception("4.5", loses=["turn", "norms", "relative", "batch"], title="added instead of turned")
def adds_instead_of_rotating(x, cos, sin):
    """You added cosines and sines to the features. Rotary embedding does not add, it turns.

    At position 0, where nothing should happen, every first feature has grown by 1.
    """
    out = x * 1.0
    out[..., 0::2] += cos.astype(out.dtype)
    out[..., 1::2] += sin.astype(out.dtype)
    return out


@misconception("4.5", loses=["turn", "norms", "relative", "batch"], title="both sines have the same sign")
def same_sign_twice(x, cos, sin):
    """Both of your sums have a plus, so lengths change, and nothing is rotated.

    A rotation has one sine with a plus and one with a minus.
    Turn (1, 0) and then (0, 1) by a quarter on paper, and look where each one ends.
    """
    x = x * 1.0
    cos, sin = cos.astype(x.dtype), sin.astype(x.dtype)
    out = np.empty_like(x)
    out[..., 0::2] = x[..., 0::2] * cos + x[..., 1::2] * sin
    out[..., 1::2] = x[..., 0::2] * sin + x[..., 1::2] * cos
    return out


@misconception("4.5", loses=["turn", "batch"], title="the features are not put back")
def not_put_back(x, cos, sin):
    """Your pairs are turned rightly, but then all first features stand in front, and all second ones behind.

    Scores do not change when queries and keys are both reordered, so you will see no error.
    But a turned vector should have its features where they were before.
    """
    first, second = x[..., 0::2] * 1.0, x[..., 1::2] * 1.0
    cos, sin = cos.astype(first.dtype), sin.astype(first.dtype)
    return np.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)


@misconception("4.5", loses=["batch"], title="positions along the heads")
def positions_along_the_heads(x, cos, sin):
    """With a batch or with heads, you lined the angles up with the wrong axis, or an error was raised.

    Vectors come as [..., T, d_head]: the positions lie on the last axis but one.
    In other programs the heads stand there. Print the shapes of x and cos side by side.
    """
    x = x * 1.0
    cos, sin = cos.astype(x.dtype), sin.astype(x.dtype)
    if x.ndim > 2:
        cos, sin = cos[..., :, np.newaxis, :], sin[..., :, np.newaxis, :]
    first, second = x[..., 0::2], x[..., 1::2]
    return np.stack([first * cos - second * sin, first * sin + second * cos], axis=-1).reshape(x.shape)


@misconception("4.5", loses=["dtype"], title="the angles make float64")
def angles_upcast(x, cos, sin):
    """Your vectors are right, but float32 vectors come back as float64.

    Cosines and sines have 64 bits, and lift everything that they meet. Give them the dtype of x first.
    """
    first, second = x[..., 0::2], x[..., 1::2]
    return np.stack([first * cos - second * sin, first * sin + second * cos], axis=-1).reshape(x.shape)


@misconception("4.5", loses=["dtype", "pure"], title="writing into the vectors")
def turns_in_place(x, cos, sin):
    """Your function writes into the vectors that it was given.

    Whoever called it may still need them; locked vectors raise an error, and integers cannot hold
    a turned one. Make a new array for the result.
    """
    first, second = x[..., 0::2].copy(), x[..., 1::2].copy()
    x[..., 0::2] = first * cos - second * sin
    x[..., 1::2] = first * sin + second * cos
    return x


# ---------------------------------------------------------------- 4.6 alibi_bias

# Whether zeros, or numbers of the other sign, stand ahead of the queries is no mistake. But recorded
# answers are compared as they are, so the likeliest mistakes come in both spellings.


@misconception("4.6", loses=["slopes", "any-heads", "distance", "aligned"], title="far keys are rewarded")
def sign(n_head, t_q, t_k):
    """Your bias grows with the distance, so the farthest key gets the largest share.

    The bias is added to the scores, and a penalty has to lower them. Look at its sign.
    """
    slopes = 2.0 ** (-8 * np.arange(1, n_head + 1) / n_head)
    return -stack_slopes(slopes, steps_back(t_q, t_k))


@misconception("4.6", loses=["slopes", "any-heads", "distance", "aligned"],
               title="far keys are rewarded, with zeros ahead")
def sign_with_zeros_ahead(n_head, t_q, t_k):
    """Your bias grows with the distance, so the farthest key gets the largest share.

    The bias is added to the scores, and a penalty has to lower them. Look at its sign.
    """
    slopes = 2.0 ** (-8 * np.arange(1, n_head + 1) / n_head)
    return -stack_slopes(slopes, np.maximum(steps_back(t_q, t_k), 0))


@misconception("4.6", loses=["slopes", "any-heads", "aligned"], title="heads counted from zero")
def heads_from_zero(n_head, t_q, t_k):
    """Your first head has a slope of 1, and the last one stops short of 1/256.

    The heads of the formula are counted from 1 to H, and np.arange counts from 0.
    """
    return stack_slopes(2.0 ** (-8 * np.arange(n_head) / n_head), steps_back(t_q, t_k))


@misconception("4.6", loses=["slopes", "any-heads", "aligned"], title="heads counted from zero, zeros ahead")
def heads_from_zero_with_zeros_ahead(n_head, t_q, t_k):
    """Your first head has a slope of 1, and the last one stops short of 1/256.

    The heads of the formula are counted from 1 to H, and np.arange counts from 0.
    """
    distance = np.maximum(steps_back(t_q, t_k), 0)
    return stack_slopes(2.0 ** (-8 * np.arange(n_head) / n_head), distance)


@misconception("4.6", loses=["slopes", "any-heads", "aligned"], title="slopes of eight heads for any number")
def slope_exponent(n_head, t_q, t_k):
    """Your slopes are 1/2, 1/4, 1/8 and so on for any number of heads. That is right for eight only.

    With fewer heads, none would look far back. The formula always ends at 1/256.
    Where does the number of heads enter?
    """
    return stack_slopes(2.0 ** -np.arange(1.0, n_head + 1), steps_back(t_q, t_k))


@misconception("4.6", loses=["slopes", "any-heads", "aligned"],
               title="slopes of eight heads for any number, zeros ahead")
def slope_exponent_with_zeros_ahead(n_head, t_q, t_k):
    """Your slopes are 1/2, 1/4, 1/8 and so on for any number of heads. That is right for eight only.

    With fewer heads, none would look far back. The formula always ends at 1/256.
    Where does the number of heads enter?
    """
    return stack_slopes(2.0 ** -np.arange(1.0, n_head + 1), np.maximum(steps_back(t_q, t_k), 0))


@misconception("4.6", loses=["slopes", "any-heads", "aligned"], title="one slope for all heads")
def one_slope_for_all(n_head, t_q, t_k):
    """All of your heads have the slope of the first one, so all look equally far back.

    Each head should have a rate of its own: some look close by, others far.
    """
    return stack_slopes(np.full(n_head, 2.0 ** (-8 / n_head)), steps_back(t_q, t_k))


@misconception("4.6", loses=["any-heads"], title="the slopes of the next power of two")
def closest_power_of_two(n_head, t_q, t_k):
    """Your slopes are right for 1, 2, 4 and 8 heads, and others for the numbers in between.

    The program of the paper's authors does this: it fills up the slopes of the next smaller power of two.
    Here one rule holds for every number of heads.
    """
    power = 2 ** int(np.log2(n_head))
    slopes = list(2.0 ** (-8 * np.arange(1, power + 1) / power))
    slopes += list(2.0 ** (-4 * np.arange(1, 2 * power, 2) / power))[: n_head - power]
    return stack_slopes(slopes, steps_back(t_q, t_k))


@misconception("4.6", loses=["any-heads"], title="// rounded the exponent")
def integer_exponent(n_head, t_q, t_k):
    """Your slopes are powers of two with whole exponents, which is right for 1, 2, 4 and 8 heads only.

    The operator // rounds down. Which division keeps the part behind the point?
    """
    return stack_slopes(2.0 ** (-8 * np.arange(1, n_head + 1) // n_head), steps_back(t_q, t_k))


@misconception("4.6", loses=["aligned"], title="the first query stands at the first key, zeros ahead")
def aligned_at_the_top(n_head, t_q, t_k):
    """With more keys than queries, you count distances as if the first query stood at the first key.

    When a model writes word by word, there is one query, the newest word, and it stands at the last key.
    Then all your distances are 0, and the nearest keys lose their lead.
    """
    slopes = 2.0 ** (-8 * np.arange(1, n_head + 1) / n_head)
    distance = np.arange(t_q)[:, np.newaxis] - np.arange(t_k)
    return stack_slopes(slopes, np.maximum(distance, 0))


@misconception("4.6", loses=["aligned"], title="the first query stands at the first key")
def aligned_at_the_top_both_ways(n_head, t_q, t_k):
    """With more keys than queries, you count distances as if the first query stood at the first key.

    When a model writes word by word, there is one query, the newest word, and it stands at the last key.
    Your penalty then falls on the nearest keys.
    """
    slopes = 2.0 ** (-8 * np.arange(1, n_head + 1) / n_head)
    distance = np.arange(t_q)[:, np.newaxis] - np.arange(t_k)
    return stack_slopes(slopes, np.abs(distance))


@misconception("4.6", loses=["slopes", "any-heads", "distance", "aligned"], title="the heads come last")
def heads_last(n_head, t_q, t_k):
    """Your bias has the heads on its last axis. They belong on the first one: [H, T_q, T_k].

    Scores come as [B, H, T_q, T_k], and a bias must line up with them from the end.
    """
    slopes = 2.0 ** (-8 * np.arange(1, n_head + 1) / n_head)
    return np.moveaxis(stack_slopes(slopes, steps_back(t_q, t_k)), 0, -1)


@misconception("4.6", loses=["dtype"], title="the bias is float32")
def bias_is_float32(n_head, t_q, t_k):
    """Your numbers are right, but the bias is float32. It is float64 in this lesson."""
    slopes = 2.0 ** (-8 * np.arange(1, n_head + 1) / n_head)
    return stack_slopes(slopes, steps_back(t_q, t_k)).astype(np.float32)
