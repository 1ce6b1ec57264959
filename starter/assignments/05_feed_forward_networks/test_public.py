"""Public tests of lesson 5. They come with your repository: read them, run them, add your own.

Every expected number is worked out by hand, by a plain Python loop, or follows from a law.
"""

import copy
import math

import numpy as np

from grader.testing import check_array, check_raises, check_that, check_tree, criterion

# Two right orders of operations differ by a few roundings of float64, about 1e-15; a mistake by far more.
FLOAT64 = {"rtol": 1e-7, "atol": 1e-9}
# float32 has seven digits, and a few operations may cost two of them.
FLOAT32 = {"rtol": 1e-4, "atol": 1e-5}
# A central difference with a step of 1e-5 is itself wrong by about 1e-10.
DIFFERENCE = {"rtol": 1e-6, "atol": 1e-8}
STEP = 1e-5
# The text works with eps left out, which moves the numbers by less than one part in a million.
BY_HAND = {"rtol": 1e-5, "atol": 1e-8}

SMALL = [-2.0, -1.0, -0.5, 0.0, 1.0, 2.0]
# The token of the worked example. In hundreds, an eps of 1e-5 is too small to be seen.
TOKEN = [1.0, 7.0, 9.0, 15.0]
HUNDREDS = [100.0, 700.0, 900.0, 1500.0]


def gelu_of(x, word="tanh"):
    """Compute one gelu with the math module."""
    if word == "none":
        return 0.5 * x * (1 + math.erf(x / math.sqrt(2)))
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def slope_of(x, word="tanh"):
    """Nudge x up and down, and see how much gelu changes."""
    return (gelu_of(x + STEP, word) - gelu_of(x - STEP, word)) / (2 * STEP)


def dot(a, b):
    """Add up the products, feature by feature."""
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def normal_of(token, eps=1e-5):
    """Give one token mean 0 and variance 1, in two passes: first the mean, then the spread."""
    mean = math.fsum(token) / len(token)
    variance = math.fsum((x - mean) ** 2 for x in token) / len(token)
    return [(x - mean) / math.sqrt(variance + eps) for x in token]


def norm_of(token, gamma, beta, eps=1e-5):
    """Normalise one token, stretch and shift."""
    return [g * n + b for n, g, b in zip(normal_of(token, eps), gamma, beta, strict=True)]


def project(token, layer):
    """Take one token through a projection, one output feature at a time."""
    return [dot(token, column) + b
            for column, b in zip(layer["weight"].T.tolist(), layer["bias"].tolist(), strict=True)]


def think(token, params):
    """Take one token through the whole network."""
    return project([gelu_of(h) for h in project(token, params["c_fc"])], params["c_proj"])


def network(c_fc_weight, c_fc_bias, c_proj_weight, c_proj_bias):
    """Put the parameters of a network together."""
    return {"c_fc": {"weight": np.array(c_fc_weight), "bias": np.array(c_fc_bias)},
            "c_proj": {"weight": np.array(c_proj_weight), "bias": np.array(c_proj_bias)}}


def some_network(rng, d, d_ff):
    """Draw the parameters of a network."""
    return network(rng.normal(size=(d, d_ff)), rng.normal(size=d_ff),
                   rng.normal(size=(d_ff, d)), rng.normal(size=d))


def mapped(change, tree):
    """Change every array of nested tuples and dicts."""
    if isinstance(tree, dict):
        return {key: mapped(change, part) for key, part in tree.items()}
    return tuple(mapped(change, part) for part in tree) if isinstance(tree, tuple) else change(tree)


def as_type(dtype, tree):
    """Copy arrays, with another type."""
    return mapped(lambda array: array.astype(dtype), tree)


def locked(tree):
    """Copy arrays, and make the copies read-only."""

    def lock(array):
        array = array.copy()
        array.flags.writeable = False
        return array

    return mapped(lock, tree)


def parts(answer, *names):
    """Demand a tuple of so many things, and give its parts."""
    check_that(type(answer) is tuple and len(answer) == len(names),
               f"The function returns {len(names)} things: ({', '.join(names)}).", actual=answer)
    return answer


def arrays_in(answer):
    """Demand arrays everywhere, and give the answer."""

    def check(part):
        check_that(isinstance(part, np.ndarray), "The function returns arrays.", actual=part)
        return part

    return mapped(check, answer)


def check_types(function, inputs, words=(), whole=0):
    """Demand that float32 stays float32 and that integers become float64, with the same numbers.

    What is compared is the student's own answer for float64: only the dtype is in question.
    `whole` says which of the inputs may be integers.
    """
    usual = arrays_in(function(*inputs, *words))
    check_tree(function(*as_type(np.float32, inputs), *words), as_type(np.float32, usual), **FLOAT32)
    given = list(inputs)
    given[whole] = given[whole].astype(np.int64)
    check_tree(function(*given, *words), as_type(np.float64, usual), **FLOAT64)


def check_untouched(function, inputs, words=()):
    """Demand that locked inputs, which cannot be written to, give the same answer."""
    usual = arrays_in(function(*mapped(np.copy, inputs), *words))
    check_tree(function(*locked(inputs), *words), usual, **FLOAT64)


# ---------------------------------------------------------------- 5.1 gelu


@criterion("5.1", "tanh")
def test_small_numbers_come_through_in_part(student):
    """The numbers -1 and 1 become -0.1588 and 0.8412, and 0 stays 0."""
    check_array(student.gelu(np.array(SMALL)), [gelu_of(x) for x in SMALL], **FLOAT64)


@criterion("5.1", "tanh")
def test_gelu_of_a_table(student, rng):
    """Every number of a table is bent by itself, also when the formula is asked for by name."""
    x = rng.normal(0, 2, (2, 3))
    expected = [[gelu_of(number) for number in row] for row in x.tolist()]
    check_array(student.gelu(x, approximate="tanh"), expected, **FLOAT64)


@criterion("5.1", "exact")
def test_exact_gelu(student):
    """With "none" the number 2 becomes 1.9545; with tanh it would be 1.9546."""
    check_array(student.gelu(np.array(SMALL), approximate="none"), [gelu_of(x, "none") for x in SMALL],
                **FLOAT64)


@criterion("5.1", "words")
def test_another_word_is_refused(student):
    """The words "tanh" and "none" are answered; one that names neither formula raises ValueError."""
    for word in ("tanh", "none"):
        arrays_in(student.gelu(np.array(SMALL), approximate=word))
    check_raises(ValueError, student.gelu, np.array(SMALL), approximate="sigmoid")


@criterion("5.1", "dtype")
def test_gelu_keeps_float32(student):
    """float32 stays float32 with both formulas, and integers become float64."""
    for word in ("tanh", "none"):
        check_types(student.gelu, (np.array([-2.0, -1.0, 0.0, 3.0]),), (word,))


@criterion("5.1", "pure")
def test_gelu_leaves_its_input_alone(student):
    """Locked numbers, which cannot be written to, give the same answer."""
    for word in ("tanh", "none"):
        check_untouched(student.gelu, (np.array(SMALL),), (word,))


# ---------------------------------------------------------------- 5.2 gelu_backward


@criterion("5.2", "tanh")
def test_slope_of_gelu(student):
    """At -1, 0 and 1 the slopes are -0.083, 0.5 and 1.083, and the gradient that comes in is multiplied."""
    answer = student.gelu_backward(np.array([1.0, 1.0, 2.0]), np.array([-1.0, 0.0, 1.0]))
    check_array(answer, [slope_of(-1.0), slope_of(0.0), 2 * slope_of(1.0)], **DIFFERENCE)


@criterion("5.2", "tanh")
def test_gradient_of_a_table(student, rng):
    """Nudging one number up and down by 0.00001 changes the loss as the gradient says."""
    d_out, x = rng.uniform(0.5, 2.0, (2, 3)), rng.normal(0, 1.5, (2, 3))
    slopes = [[slope_of(number) for number in row] for row in x.tolist()]
    check_array(student.gelu_backward(d_out, x, approximate="tanh"), d_out * np.array(slopes), **DIFFERENCE)


@criterion("5.2", "dtype")
def test_gelu_gradient_keeps_float32(student):
    """float32 stays float32, and integers become float64."""
    check_types(student.gelu_backward, (np.array([0.5, 1.0, 2.0]), np.array([-1.0, 0.0, 2.0])), whole=1)


@criterion("5.2", "pure")
def test_gelu_backward_leaves_its_inputs_alone(student):
    """A locked gradient and locked numbers, which cannot be written to, give the same answer."""
    check_untouched(student.gelu_backward, (np.array([0.5, 1.0, 2.0]), np.array([-1.0, 0.0, 2.0])))


# ---------------------------------------------------------------- 5.3 layer_norm


@criterion("5.3", "token")
def test_worked_example_token(student):
    """The token 100, 700, 900, 1500 has mean 800 and a spread of 500, and becomes -1.4, -0.2, 0.2, 1.4."""
    answer = student.layer_norm(np.array([HUNDREDS]), np.ones(4), np.zeros(4))
    check_array(answer, [[-1.4, -0.2, 0.2, 1.4]], **FLOAT64)


@criterion("5.3", "token")
def test_each_token_has_its_own_mean(student, rng):
    """In a square of three tokens with three features, each row is normalised by itself."""
    x = rng.permuted(np.array([[100.0, 700.0, 1300.0]] * 3), axis=-1) + rng.uniform(0, 90, (3, 3))
    expected = [normal_of(token) for token in x.tolist()]
    check_array(student.layer_norm(x, np.ones(3), np.zeros(3)), expected, **FLOAT64)


# The student's own plain answer is stretched here: only gamma and beta are in question.
@criterion("5.3", "affine")
def test_each_feature_is_stretched_and_shifted(student):
    """Gamma multiplies the normalised features one by one, and beta is added after that."""
    x, gamma, beta = np.array([TOKEN]), np.array([2.0, 1.0, 0.5, -1.0]), np.array([0.5, 0.0, -1.0, 3.0])
    plain = arrays_in(student.layer_norm(x, np.ones(4), np.zeros(4)))
    check_array(student.layer_norm(x, gamma, beta), plain * gamma + beta, **FLOAT64)


@criterion("5.3", "eps")
def test_a_constant_token_becomes_beta(student):
    """A token whose features are all 3 has no spread, and becomes beta instead of nan."""
    beta = np.array([0.5, 0.0, -1.0, 2.0])
    answer = student.layer_norm(np.array([[3.0, 3.0, 3.0, 3.0]]), np.array([2.0, 1.0, 0.5, -1.0]), beta)
    check_array(answer, [beta], **FLOAT64)


# eps is added to a variance, which has the units of a square. So this law holds, whatever the divisor is.
@criterion("5.3", "eps")
def test_eps_is_measured_like_a_variance(student):
    """Features ten times as large, with an eps a hundred times as large, give the same answer."""
    x, gamma, beta = np.array([[0.1, 0.7, 0.9, 1.5]]), np.ones(4), np.zeros(4)
    usual = arrays_in(student.layer_norm(x, gamma, beta, eps=0.1))
    check_array(student.layer_norm(10 * x, gamma, beta, eps=10.0), usual, **FLOAT64)


@criterion("5.3", "dtype")
def test_layer_norm_keeps_float32(student):
    """float32 stays float32, and integers become float64."""
    check_types(student.layer_norm, (np.array([[1.0, 3.0, 8.0]]), np.array([0.5, 1.0, 2.0]), np.ones(3)))


@criterion("5.3", "pure")
def test_layer_norm_leaves_its_inputs_alone(student):
    """Locked tokens, gamma and beta, which cannot be written to, give the same answer."""
    check_untouched(student.layer_norm, (np.array([[1.0, 3.0, 8.0]]), np.array([0.5, 1.0, 2.0]), np.ones(3)))


# ---------------------------------------------------------------- 5.4 layer_norm_backward


def three(answer):
    """Demand the three gradients of layer normalisation."""
    return parts(answer, "d_x", "d_gamma", "d_beta")


@criterion("5.4", "d-x")
def test_worked_example_token_gradient(student):
    """A gradient of 1 at the first feature of 1, 7, 9, 15 comes back as 0.052, -0.064, -0.036, 0.048."""
    d_out = np.array([[1.0, 0.0, 0.0, 0.0]])
    d_x, _, _ = three(student.layer_norm_backward(d_out, np.array([TOKEN]), np.ones(4)))
    check_array(d_x, [[0.052, -0.064, -0.036, 0.048]], name="d_x", **BY_HAND)


@criterion("5.4", "d-x")
def test_token_gradient_is_the_slope(student, rng):
    """Nudging one feature up and down by 0.00001 changes the loss as d_x says, for any eps."""
    # The features lie at least 0.5 apart: a token that is nearly constant bends too sharply for this step.
    x = rng.permuted(np.array([[-1.5, 0.0, 1.5]] * 2), axis=-1) + rng.uniform(-0.5, 0.5, (2, 3))
    gamma, d_out = rng.uniform(0.5, 2.0, 3), rng.uniform(0.5, 2.0, (2, 3))

    def loss(place, nudge, eps):
        moved = x.copy()
        moved[place] += nudge
        return math.fsum(dot(g, norm_of(token, gamma, np.zeros(3), eps))
                         for g, token in zip(d_out, moved.tolist(), strict=True))

    for eps in (0.1, 1e-5):
        slopes = np.zeros_like(x)
        for place in np.ndindex(*x.shape):
            slopes[place] = (loss(place, STEP, eps) - loss(place, -STEP, eps)) / (2 * STEP)
        d_x, _, _ = three(student.layer_norm_backward(d_out, x, gamma, eps=eps))
        check_array(d_x, slopes, name="d_x", **DIFFERENCE)


@criterion("5.4", "parameters")
def test_gradients_of_gamma_and_beta(student, rng):
    """What each token wants of gamma and beta is added up, feature by feature."""
    x = np.array([HUNDREDS, HUNDREDS[::-1]])
    d_out, gamma = np.array([[1.0, 2.0, 3.0, 4.0], [2.0, 0.0, 1.0, 5.0]]), rng.uniform(1.5, 2.0, 4)
    normal = [[-1.4, -0.2, 0.2, 1.4], [1.4, 0.2, -0.2, -1.4]]
    _, d_gamma, d_beta = three(student.layer_norm_backward(d_out, x, gamma))
    columns = list(zip(d_out.T.tolist(), zip(*normal, strict=True), strict=True))
    check_array(d_gamma, [dot(wishes, column) for wishes, column in columns], name="d_gamma", **FLOAT64)
    check_array(d_beta, [3.0, 2.0, 4.0, 9.0], name="d_beta", **FLOAT64)


@criterion("5.4", "dtype")
def test_layer_norm_gradients_keep_float32(student):
    """float32 stays float32 in all three gradients, and integer tokens become float64."""
    inputs = np.array([[0.5, 1.0, 2.0]]), np.array([[1.0, 3.0, 8.0]]), np.array([0.5, 1.0, 2.0])
    check_types(student.layer_norm_backward, inputs, whole=1)


@criterion("5.4", "pure")
def test_layer_norm_backward_leaves_its_inputs_alone(student):
    """A locked gradient, locked tokens and a locked gamma give the same three gradients."""
    inputs = np.array([[0.5, 1.0, 2.0]]), np.array([[1.0, 3.0, 8.0]]), np.array([0.5, 1.0, 2.0])
    check_untouched(student.layer_norm_backward, inputs)


# ---------------------------------------------------------------- 5.5 feed_forward


# Hidden features far from zero: there gelu gives the number itself or 0, so the bend is not in question.
@criterion("5.5", "formula")
def test_two_projections_with_biases(student):
    """The token 1, 2 has the hidden features 51, -38, 62, and what is left of them is projected back."""
    params = network([[10.0, -20.0, 5.0], [20.0, -10.0, 30.0]], [1.0, 2.0, -3.0],
                     [[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]], [0.5, 0.5])
    check_array(student.feed_forward(np.array([[1.0, 2.0]]), params), [[113.5, -61.5]], **FLOAT64)


@criterion("5.5", "formula")
def test_every_size_equal(student, rng):
    """Three tokens, three features and three hidden features follow the formula."""
    signs, x = np.array([1.0, -1.0, 1.0]), rng.uniform(1, 2, (3, 3))
    params = network(rng.uniform(20, 30, (3, 3)) * signs, rng.uniform(1, 5, 3) * signs,
                     rng.normal(size=(3, 3)), rng.normal(size=3))
    check_array(student.feed_forward(x, params), [think(token, params) for token in x.tolist()], **FLOAT64)


@criterion("5.5", "bend")
def test_the_bend_is_soft(student):
    """With weights of 1 and biases of 0, the tokens -1 and 1 become -0.1588 and 0.8412."""
    params = network([[1.0]], [0.0], [[1.0]], [0.0])
    check_array(student.feed_forward(np.array([[-1.0], [1.0]]), params), [[gelu_of(-1.0)], [gelu_of(1.0)]],
                **FLOAT64)


@criterion("5.5", "bend")
def test_every_size_different(student, rng):
    """Four tokens, two features and five hidden features near zero follow the formula."""
    x, params = rng.normal(size=(4, 2)), some_network(rng, 2, 5)
    check_array(student.feed_forward(x, params), [think(token, params) for token in x.tolist()], **FLOAT64)


@criterion("5.5", "dtype")
def test_feed_forward_keeps_float32(student, rng):
    """float32 stays float32, and integer tokens become float64."""
    check_types(student.feed_forward, (np.array([[1.0, -2.0], [0.0, 1.0]]), some_network(rng, 2, 2)))


@criterion("5.5", "pure")
def test_feed_forward_leaves_its_inputs_alone(student, rng):
    """Locked tokens and parameters, which cannot be written to, give the same answer."""
    check_untouched(student.feed_forward, (rng.normal(size=(2, 2)), some_network(rng, 2, 2)))


# ---------------------------------------------------------------- 5.6 feed_forward_backward


def slopes_of_loss(d_out, x, params):
    """Nudge every number of tokens and parameters, and see how much the loss changes."""
    d_out, everything = d_out.tolist(), {"x": x, **params}

    def loss():
        return math.fsum(dot(g, think(token, everything))
                         for g, token in zip(d_out, everything["x"].tolist(), strict=True))

    def slopes(array):
        found = np.zeros_like(array)
        for place in np.ndindex(*array.shape):
            kept = array[place]
            array[place] = kept + STEP
            up = loss()
            array[place] = kept - STEP
            found[place] = (up - loss()) / (2 * STEP)
            array[place] = kept
        return found

    found = mapped(slopes, everything)
    return found.pop("x"), found


@criterion("5.6", "d-x")
def test_token_gradient_of_feed_forward(student, rng):
    """Nudging one feature of a token changes the loss as d_x says."""
    d_out, x, params = rng.normal(size=(2, 3)), rng.normal(size=(2, 3)), some_network(rng, 3, 2)
    d_x, _ = parts(student.feed_forward_backward(d_out, x, params), "d_x", "grads")
    check_array(d_x, slopes_of_loss(d_out, x.copy(), mapped(np.copy, params))[0], name="d_x", **DIFFERENCE)


@criterion("5.6", "grads")
def test_parameter_gradients_of_a_tiny_network(student):
    """With one feature and two tokens, every weight and every bias adds up what both tokens want."""
    params = network([[2.0]], [0.5], [[3.0]], [0.0])
    _, grads = parts(student.feed_forward_backward(np.array([[1.0], [2.0]]), np.array([[1.0], [-0.5]]),
                                                   params), "d_x", "grads")
    first, second = 3 * slope_of(2.5), 2 * 3 * slope_of(-0.5)
    expected = network([[first - 0.5 * second]], [first + second],
                       [[gelu_of(2.5) + 2 * gelu_of(-0.5)]], [3.0])
    check_tree(grads, expected, name="grads", **DIFFERENCE)


@criterion("5.6", "grads")
def test_parameter_gradients_are_the_slopes(student, rng):
    """Nudging one weight or one bias changes the loss as grads says."""
    d_out, x, params = rng.normal(size=(3, 2)), rng.normal(size=(3, 2)), some_network(rng, 2, 4)
    _, grads = parts(student.feed_forward_backward(d_out, x, params), "d_x", "grads")
    _, expected = slopes_of_loss(d_out, x.copy(), mapped(np.copy, params))
    check_tree(grads, expected, name="grads", **DIFFERENCE)


@criterion("5.6", "dtype")
def test_feed_forward_gradients_keep_float32(student, rng):
    """float32 stays float32 in every gradient, and integer tokens become float64."""
    # Hidden features below -4 would have slopes of which little is sure in float32.
    params = mapped(lambda array: rng.uniform(-1, 1, array.shape), some_network(rng, 2, 2))
    inputs = rng.uniform(-1, 1, (2, 2)), np.array([[1.0, -2.0], [0.0, 1.0]]), params
    check_types(student.feed_forward_backward, inputs, whole=1)


@criterion("5.6", "pure")
def test_feed_forward_backward_leaves_its_inputs_alone(student, rng):
    """A locked gradient, locked tokens and locked parameters give the same gradients."""
    inputs = rng.normal(size=(2, 2)), rng.normal(size=(2, 2)), some_network(rng, 2, 2)
    check_untouched(student.feed_forward_backward, inputs)


# ---------------------------------------------------------------- 5.7 add_and_norm


@criterion("5.7", "order")
def test_the_sum_is_normalised(student):
    """The stream 100, 300, 500, 700 and a finding of 0, 400, 400, 800 become -1.4, -0.2, 0.2, 1.4."""
    x, found = np.array([[100.0, 300.0, 500.0, 700.0]]), np.array([[0.0, 400.0, 400.0, 800.0]])
    check_array(student.add_and_norm(x, found, np.ones(4), np.zeros(4)), [[-1.4, -0.2, 0.2, 1.4]], **FLOAT64)


@criterion("5.7", "order")
def test_sum_of_many_tokens(student, rng):
    """Every token of a square is added, normalised, stretched and shifted by itself."""
    x = rng.permuted(np.array([[100.0, 700.0, 1300.0]] * 3), axis=-1)
    found, gamma, beta = rng.uniform(0, 90, (3, 3)), rng.uniform(0.5, 2, 3), rng.normal(size=3)
    expected = [norm_of(token, gamma, beta) for token in (x + found).tolist()]
    check_array(student.add_and_norm(x, found, gamma, beta), expected, **FLOAT64)


@criterion("5.7", "quiet")
def test_a_sublayer_that_found_nothing(student):
    """When the finding is 0 everywhere, the stream 100, 700, 900, 1500 becomes -1.4, -0.2, 0.2, 1.4."""
    answer = student.add_and_norm(np.array([HUNDREDS]), np.zeros((1, 4)), np.ones(4), np.zeros(4))
    check_array(answer, [[-1.4, -0.2, 0.2, 1.4]], **FLOAT64)


@criterion("5.7", "dtype")
def test_add_and_norm_keeps_float32(student):
    """float32 stays float32, and integers become float64."""
    check_types(student.add_and_norm, (np.array([[1.0, 3.0, 8.0]]), np.array([[2.0, 0.0, 1.0]]),
                                       np.array([0.5, 1.0, 2.0]), np.ones(3)))


@criterion("5.7", "pure")
def test_add_and_norm_leaves_its_inputs_alone(student):
    """A locked stream, a locked finding, gamma and beta give the same answer."""
    check_untouched(student.add_and_norm, (np.array([[1.0, 3.0, 8.0]]), np.array([[2.0, 0.0, 1.0]]),
                                           np.array([0.5, 1.0, 2.0]), np.ones(3)))


# ---------------------------------------------------------------- 5.8 dropout


def check_dropped(answer, drawn, p):
    """Demand zeros exactly where the number that was drawn is below p."""
    check_that(type(answer) is np.ndarray and answer.shape == drawn.shape,
               "The result has the shape of the input.", actual=answer)
    check_array((answer != 0).astype(np.float64), (drawn >= p).astype(np.float64),
                name="the table of what was kept (1) and dropped (0)", **FLOAT64)


@criterion("5.8", "draw")
def test_numbers_drawn_below_p_are_dropped(student, rng):
    """Each number is dropped where rng.random(x.shape) is below p, and kept elsewhere."""
    drawn = copy.deepcopy(rng).random((4, 6))
    check_dropped(student.dropout(np.ones((4, 6)), 0.25, rng), drawn, 0.25)


@criterion("5.8", "draw")
def test_the_same_generator_drops_the_same(student, rng):
    """Two generators in the same state drop the same numbers, and another one drops others."""
    x, p, other = np.full((3, 4, 5), 2.0), 0.4, np.random.default_rng(5)
    generators = (copy.deepcopy(rng), rng, other)
    drawn = [copy.deepcopy(generator).random(x.shape) for generator in generators]
    answers = [student.dropout(x, p, generator) for generator in generators]
    for answer, numbers in zip(answers, drawn, strict=True):
        check_dropped(answer, numbers, p)


@criterion("5.8", "switch")
def test_nothing_is_drawn_outside_training(student, rng):
    """Outside training, or with p = 0, the numbers come back and the generator stays as it was."""
    x, before = np.array([[1.0, -2.0, 3.0]]), rng.bit_generator.state
    check_array(student.dropout(x, 0.5, rng, training=False), x, **FLOAT64)
    check_array(student.dropout(x, 0.0, rng), x, **FLOAT64)
    check_that(bool(rng.bit_generator.state == before), "Nothing is drawn from the generator.")


@criterion("5.8", "switch")
def test_a_p_outside_its_range_is_refused(student, rng):
    """A p of 1, of 1.5 or of -0.1 raises ValueError."""
    for p in (1.0, 1.5, -0.1):
        check_raises(ValueError, student.dropout, np.ones(3), p, rng)


@criterion("5.8", "dtype")
def test_dropout_keeps_float32(student, rng):
    """float32 stays float32, and integers become float64."""
    for given, wanted in ((np.float32, np.float32), (np.int64, np.float64)):
        answer = arrays_in(student.dropout(np.array([[2, 4, 6], [8, 10, 12]], dtype=given), 0.5, rng))
        check_array(answer, answer.astype(wanted), **FLOAT32)


@criterion("5.8", "pure")
def test_dropout_leaves_its_input_alone(student, rng):
    """Locked numbers, which cannot be written to, can be dropped as well."""
    answer = arrays_in(student.dropout(locked(np.array([[2.0, 4.0, 6.0], [8.0, 10.0, 12.0]])), 0.5, rng))
    check_that(answer.shape == (2, 3), "The result has the shape of the input.", actual=answer)
