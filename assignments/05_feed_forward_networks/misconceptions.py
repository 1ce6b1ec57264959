"""Known wrong solutions of lesson 5. The docstring of each is what a student reads who made it."""

# No import of the reference here: `global_rng` recognises recorded calls, so this file is run by itself too.
import math

import numpy as np

from grader.testing import misconception

ROOT = math.sqrt(2 / math.pi)


def curve(x):
    """Compute GPT-2's gelu the right way."""
    return 0.5 * x * (1 + np.tanh(ROOT * (x + 0.044715 * x * x * x)))


def slope(x):
    """Compute the slope of GPT-2's gelu the right way."""
    t = np.tanh(ROOT * (x + 0.044715 * x * x * x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * ROOT * (1 + 3 * 0.044715 * x * x)


def error_function(x):
    """Compute erf element by element."""
    return np.vectorize(math.erf, otypes=[x.dtype])(x * 1.0)


def exact_curve(x):
    """Compute the exact gelu the right way."""
    return 0.5 * x * (1 + error_function(x * 1.0 / math.sqrt(2)))


def exact_slope(x):
    """Compute the slope of the exact gelu the right way."""
    share = 0.5 * (1 + error_function(x * 1.0 / math.sqrt(2)))
    return share + x * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def refuse(approximate):
    """Refuse a word that names neither formula."""
    if approximate not in ("tanh", "none"):
        raise ValueError(f"unknown formula: {approximate}")


def centre(x, axis=-1):
    """Take the mean of every token off."""
    return x - x.mean(axis=axis, keepdims=True)


def spread(x, eps, divisor=None):
    """Compute the root of variance plus eps of every token the right way, unless told another divisor."""
    squares = (centre(x) ** 2).sum(axis=-1, keepdims=True)
    return (squares / (divisor or x.shape[-1]) + eps) ** 0.5


def normalised(x, gamma, beta, eps):
    """Normalise every token the right way."""
    return gamma * (centre(x) / spread(x, eps)) + beta


def linear(x, layer):
    """Take tokens through a projection."""
    return x @ layer["weight"] + layer["bias"]


def flat(x):
    """Forget the batch: one row for each token."""
    return x.reshape(-1, x.shape[-1])


def layer_gradient(x, d_out):
    """Compute the gradients of one projection the right way."""
    return {"weight": flat(x).T @ flat(d_out), "bias": flat(d_out).sum(axis=0)}


def back_to_hidden(d_out, x, params):
    """Give the hidden features before the bend, and the gradient there."""
    hidden = linear(x, params["c_fc"])
    return hidden, (d_out @ params["c_proj"]["weight"].T) * slope(hidden)


# ---------------------------------------------------------------- 5.1 gelu


@misconception("5.1", loses=["tanh", "words"], title="the exact formula, whatever was asked for")
def erf_for_tanh(x, approximate="tanh"):
    """Your numbers are those of the exact formula, also where GPT-2's formula with tanh was asked for.

    The two differ by less than 0.0005, so pictures look the same, but a model's outputs drift apart.
    GPT-2 was trained with tanh. What does your function do with its second argument?
    """
    return exact_curve(x)


@misconception("5.1", loses=["exact", "words"], title="the formula with tanh, whatever was asked for")
def tanh_for_erf(x, approximate="tanh"):
    """Your numbers are those of the formula with tanh, also where the exact ones were asked for.

    The formula with tanh is an imitation: it differs by up to 0.0005.
    What does your function do with its second argument?
    """
    return curve(x)


@misconception("5.1", loses=["tanh", "exact", "words"], title="x times the logistic curve of 1.702 x")
def sigmoid_1702(x, approximate="tanh"):
    """You multiplied x by the logistic curve of 1.702 x.

    The paper names this as a quick imitation of GELU. It differs by up to 0.02, forty times as much as the
    formula with tanh. Which two formulas does the docstring ask for?
    """
    return x / (1 + np.exp(-1.702 * x))


@misconception("5.1", loses=["tanh", "exact", "words"], title="ReLU in place of GELU")
def relu(x, approximate="tanh"):
    """Your function cuts every negative number off. That is ReLU.

    GELU lets a part of small negative numbers through, and holds a part of small positive ones back.
    """
    return np.maximum(x * 1.0, 0)


@misconception("5.1", loses=["tanh", "exact", "words"], title="SiLU in place of GELU")
def silu(x, approximate="tanh"):
    """You multiplied x by the logistic curve of x. That is SiLU, also called Swish.

    It looks like GELU, but its gate opens more slowly. GELU's gate is the share of a bell curve below x.
    """
    return x / (1 + np.exp(-1.0 * x))


@misconception("5.1", loses=["tanh", "exact", "extreme"], title="the factor 0.5 is missing")
def half_forgotten(x, approximate="tanh"):
    """All your numbers are twice too large.

    The bracket 1 + tanh(...) runs from 0 to 2, and a gate should run from 0 to 1.
    """
    refuse(approximate)
    return 2 * (curve(x) if approximate == "tanh" else exact_curve(x))


@misconception("5.1", loses=["tanh"], title="the root of 2π in place of the root of 2/π")
def sqrt_2pi(x, approximate="tanh"):
    """Your curve is too steep: inside tanh stands a factor of 2.507 where 0.798 belongs.

    The root covers 2 divided by π, not 2 times π.
    At small x, GELU has to rise as steeply as the exact curve does.
    """
    refuse(approximate)
    if approximate == "none":
        return exact_curve(x)
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 * math.pi) * (x + 0.044715 * x * x * x)))


@misconception("5.1", loses=["tanh"], title="the cube is missing")
def no_cube(x, approximate="tanh"):
    """Inside tanh you have only x, without its small cube.

    The term 0.044715 x³ bends tanh towards the bell curve's own share. Without it the error is 70 times
    as large.
    """
    refuse(approximate)
    return exact_curve(x) if approximate == "none" else 0.5 * x * (1 + np.tanh(ROOT * x))


@misconception("5.1", loses=["tanh", "exact", "extreme"], title="the gate without the number")
def phi_only(x, approximate="tanh"):
    """Your answers lie between 0 and 1: they are the gate, not what comes through it.

    GELU is x times the gate. Which factor is missing?
    """
    refuse(approximate)
    if approximate == "none":
        return 0.5 * (1 + error_function(x * 1.0 / math.sqrt(2)))
    return 0.5 * (1 + np.tanh(ROOT * (x + 0.044715 * x * x * x)))


@misconception("5.1", loses=["exact"], title="erf of x, not of x over the root of 2")
def erf_unscaled(x, approximate="tanh"):
    """With "none", you took erf of x itself, and the gate opens too fast.

    The error function belongs to a bell curve that is narrower than the normal one.
    What does x have to be divided by before it goes in?
    """
    refuse(approximate)
    return 0.5 * x * (1 + error_function(x * 1.0)) if approximate == "none" else curve(x * 1.0)


@misconception("5.1", loses=["words"], title="any other word counts as tanh")
def any_word(x, approximate="tanh"):
    """You take every word but "none" for "tanh", so a mistyped word gives numbers and no error.

    A caller who writes "erf" believes that the exact formula answered. What should happen to such a word?
    """
    return exact_curve(x) if approximate == "none" else curve(x)


@misconception("5.1", loses=["extreme"], title="tanh made of exponentials overflows")
def tanh_by_exponentials(x, approximate="tanh"):
    """Large numbers give nan: you made tanh of exponentials, and infinity by infinity is not a number.

    NumPy's own tanh knows how to stop at 1.
    """
    refuse(approximate)
    if approximate == "none":
        return exact_curve(x)
    power = np.exp(2 * ROOT * (x + 0.044715 * x * x * x))
    return 0.5 * x * (1 + (power - 1) / (power + 1))


@misconception("5.1", loses=["dtype"], title="a NumPy number makes float64")
def numpy_scalar_upcasts(x, approximate="tanh"):
    """Your numbers are right, but float32 comes back as float64.

    np.sqrt of a Python number is a NumPy number of 64 bits, and lifts the whole array to its size.
    A plain Python number does not. Where else is there a square root?
    """
    refuse(approximate)
    return np.float64(1.0) * (exact_curve(x) if approximate == "none" else curve(x))


@misconception("5.1", loses=["dtype", "pure"], title="writing into the numbers")
def gelu_in_place(x, approximate="tanh"):
    """Your function writes into the array that it was given.

    Whoever called it may still need the numbers, and locked or integer arrays raise an error.
    An operator such as *= changes an array in place.
    """
    refuse(approximate)
    gate = 0.5 * (1 + (np.tanh(ROOT * (x + 0.044715 * x * x * x)) if approximate == "tanh"
                       else error_function(x * 1.0 / math.sqrt(2))))
    x *= gate
    return x


# ---------------------------------------------------------------- 5.2 gelu_backward


@misconception("5.2", loses=["tanh", "exact"], title="the slope of what stands inside is missing")
def inner_derivative_missing(d_out, x, approximate="tanh"):
    """Your second term lacks a factor: the slope of what stands inside tanh, or inside erf.

    That is the chain rule: the outer slope, times the slope of what it was taken of.
    """
    if approximate == "none":
        share = 0.5 * (1 + error_function(x * 1.0 / math.sqrt(2)))
        return d_out * (share + x * np.exp(-0.5 * x * x) / math.sqrt(math.pi))
    t = np.tanh(ROOT * (x + 0.044715 * x * x * x))
    return d_out * (0.5 * (1 + t) + 0.5 * x * (1 - t * t))


@misconception("5.2", loses=["tanh", "exact"], title="the slope of ReLU")
def relu_gradient(d_out, x, approximate="tanh"):
    """You let the gradient through where x is positive, and stopped it elsewhere. That is the slope of ReLU.

    GELU has a slope of 0.5 at 0, a little more than 1 near 1.4, and a little below 0 near -1.4.
    """
    return d_out * (x > 0)


@misconception("5.2", loses=["tanh", "exact"], title="only the gate, not the slope of the gate")
def product_rule_missing(d_out, x, approximate="tanh"):
    """You multiplied with the gate alone, as if it were a constant.

    GELU is x times a gate, and the gate moves with x too. The product rule has two terms.
    """
    if approximate == "none":
        return d_out * 0.5 * (1 + error_function(x * 1.0 / math.sqrt(2)))
    return d_out * 0.5 * (1 + np.tanh(ROOT * (x + 0.044715 * x * x * x)))


@misconception("5.2", loses=["tanh", "exact"], title="the gradient that comes in is not used")
def upstream_forgotten(d_out, x, approximate="tanh"):
    """You return the slope itself, whatever gradient came in.

    The chain rule multiplies: how much the loss changes with the output, times how much the output changes
    with x.
    """
    return (slope(x) if approximate == "tanh" else exact_slope(x)) * 1.0


@misconception("5.2", loses=["exact"], title="the slope of tanh for both formulas")
def tanh_slope_for_both(d_out, x, approximate="tanh"):
    """Your slope is that of the formula with tanh, also where the exact one was asked for.

    A slope has to belong to the curve that was used on the way forward.
    """
    return d_out * slope(x)


@misconception("5.2", loses=["tanh"], title="the exact slope for both formulas")
def exact_slope_for_both(d_out, x, approximate="tanh"):
    """Your slope is that of the exact formula, also where the one with tanh was asked for.

    A slope has to belong to the curve that was used on the way forward.
    """
    return d_out * exact_slope(x)


@misconception("5.2", loses=["tanh"], title="the cube's slope without its 3")
def cube_slope_without_three(d_out, x, approximate="tanh"):
    """Your slope of 0.044715 x³ lacks its factor 3.

    Differentiate what stands inside tanh once more, term by term.
    """
    if approximate == "none":
        return d_out * exact_slope(x)
    t = np.tanh(ROOT * (x + 0.044715 * x * x * x))
    return d_out * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * ROOT * (1 + 0.044715 * x * x))


@misconception("5.2", loses=["dtype"], title="float32 has become float64")
def gelu_backward_upcasts(d_out, x, approximate="tanh"):
    """Your gradient is right, but float32 comes back as float64.

    np.sqrt of a Python number is a NumPy number of 64 bits, and lifts the whole array to its size.
    """
    return np.float64(1.0) * d_out * (slope(x) if approximate == "tanh" else exact_slope(x))


@misconception("5.2", loses=["pure"], title="writing into the gradient")
def gelu_backward_in_place(d_out, x, approximate="tanh"):
    """Your function writes into the gradient that it was given.

    Whoever called it may still need it. The operator *= changes an array in place.
    """
    d_out *= slope(x) if approximate == "tanh" else exact_slope(x)
    return d_out


# ---------------------------------------------------------------- 5.3 layer_norm


@misconception("5.3", loses=["token", "whole"], title="the squares are divided by D - 1")
def ddof_1(x, gamma, beta, eps=1e-5):
    """Your answers are a little too small: you divided the sum of the squares by one less than the features.

    D - 1 is for guessing the spread of many from a few. Here the features are all there are.
    With 8 features the answers are off by 6.5 percent, with 768 by so little that nobody would notice.
    Mind that libraries differ in their default: some divide by D, others by D - 1.
    """
    return gamma * (centre(x) / spread(x, eps, x.shape[-1] - 1)) + beta


@misconception("5.3", loses=["token", "eps", "whole"], title="divided by D - 1, and eps outside the root")
def ddof_1_eps_outside(x, gamma, beta, eps=1e-5):
    """Two things at once: the squares are divided by D - 1, and eps is added to the root, not under it.

    A well-known tutorial does it this way. GPT-2, PyTorch's layer and the paper do not.
    """
    return gamma * (centre(x) / (spread(x, 0, x.shape[-1] - 1) + eps)) + beta


@misconception("5.3", loses=["eps", "whole"], title="eps is added outside the root")
def eps_outside(x, gamma, beta, eps=1e-5):
    """You added eps to the root of the variance. It belongs under the root, beside the variance.

    With 1e-5 that is hard to see; with a larger eps, or for tokens that hardly vary, the answers part.
    """
    return gamma * (centre(x) / (spread(x, 0) + eps)) + beta


@misconception("5.3", loses=["eps", "whole"], title="eps is always 0.00001")
def eps_fixed(x, gamma, beta, eps=1e-5):
    """Your answer is the same for every eps.

    The argument arrives, but a number of your own is used in its place. Models differ in their eps.
    """
    return normalised(x, gamma, beta, 1e-5)


@misconception("5.3", loses=["eps", "whole"], title="eps is not used")
def no_eps(x, gamma, beta, eps=1e-5):
    """You give nan for a token whose features are all the same: its variance is 0, and 0 by 0 is no number.

    What is eps for, and where does it go?
    """
    return gamma * (centre(x) / spread(x, 0)) + beta


@misconception("5.3", loses=["token", "whole"], title="normalised along the sequence")
def over_the_sequence(x, gamma, beta, eps=1e-5):
    """You took mean and variance along the positions, so each feature is normalised over the tokens.

    Then a token's answer depends on the tokens after it: the future leaks, and a GPT learns to cheat.
    One token [D] should be enough to compute its answer. Which axis holds its features?
    """
    x = x * 1.0
    axis = -2 if x.ndim > 1 else -1
    centred = centre(x, axis)
    return gamma * (centred / np.sqrt((centred**2).mean(axis=axis, keepdims=True) + eps)) + beta


@misconception("5.3", loses=["token", "whole"], title="one mean for the whole array")
def over_everything(x, gamma, beta, eps=1e-5):
    """You took one mean and one variance over all numbers of the batch.

    Each token has a mean and a spread of its own, and must not feel what stands in the next sentence.
    """
    return gamma * ((x - x.mean()) / np.sqrt(x.var() + eps)) + beta


@misconception("5.3", loses=["token", "eps", "whole", "large-means"], title="the mean is not taken off")
def no_centring(x, gamma, beta, eps=1e-5):
    """You divided by the spread, but the mean of each token is still there.

    After normalising, the features of a token should sum to zero.
    """
    return gamma * (x / spread(x, eps)) + beta


@misconception("5.3", loses=["token", "eps", "whole", "large-means"], title="RMS normalisation")
def rms(x, gamma, beta, eps=1e-5):
    """You divided by the root of the mean square, and took no mean off. That is RMSNorm.

    Newer models use it, with good results, but layer normalisation takes the mean off first.
    """
    x = x * 1.0
    return gamma * (x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps)) + beta


@misconception("5.3", loses=["token", "affine", "eps", "whole"], title="gamma and beta have changed places")
def gamma_beta_swapped(x, gamma, beta, eps=1e-5):
    """You multiplied by beta and added gamma.

    In a new model gamma is 1 and beta is 0, so yours would give 1 everywhere.
    """
    return normalised(x, beta, gamma, eps)


@misconception("5.3", loses=["affine", "eps", "whole"], title="gamma and beta are not used")
def no_affine(x, gamma, beta, eps=1e-5):
    """Every token is normalised well, but nothing is stretched or shifted.

    Gamma and beta are learnt: with them the network may undo the normalising where that helps.
    """
    return centre(x * gamma.dtype.type(1)) / spread(x, eps)


@misconception("5.3", loses=["affine", "eps", "whole"], title="shifted first, stretched afterwards")
def shift_before_stretch(x, gamma, beta, eps=1e-5):
    """You added beta before you multiplied by gamma, so beta is stretched too.

    A constant token should become beta itself.
    """
    return gamma * (centre(x) / spread(x, eps) + beta)


@misconception("5.3", loses=["large-means"], title="mean of the squares minus square of the mean")
def one_pass_variance(x, gamma, beta, eps=1e-5):
    """For tokens with a large mean your variance is wrong, and the answers are far too large, or nan.

    You took the mean of the squares minus the square of the mean. On paper that is the same; in a computer
    two huge numbers cancel, and the digits that matter were never stored. Take the mean off first.
    """
    x = x * 1.0
    variance = (x * x).mean(axis=-1, keepdims=True) - x.mean(axis=-1, keepdims=True) ** 2
    return gamma * (centre(x) / np.sqrt(variance + eps)) + beta


@misconception("5.3", loses=["token", "eps", "whole"], title="divided by the variance, not by its root")
def divides_by_the_variance(x, gamma, beta, eps=1e-5):
    """You divided by the variance itself. Tokens with large features come out tiny.

    A variance is measured in squares. What brings it back to the size of the features?
    """
    return gamma * (centre(x) / spread(x, eps) ** 2) + beta


@misconception("5.3", loses=["dtype"], title="float32 has become float64")
def layer_norm_upcasts(x, gamma, beta, eps=1e-5):
    """Your numbers are right, but float32 tokens come back as float64.

    np.zeros, np.array and dtype=float make 64 bits unless they are told otherwise, and lift all they meet.
    """
    return normalised(x, gamma, beta, np.float64(eps))


@misconception("5.3", loses=["dtype", "pure"], title="writing into the tokens")
def layer_norm_in_place(x, gamma, beta, eps=1e-5):
    """Your function writes into the tokens that it was given.

    They are the stream, and the stream is still needed: the sublayer's answer is added to it later.
    The operator -= changes an array in place, and locked or integer tokens raise an error.
    """
    root = spread(x, eps)
    x -= x.mean(axis=-1, keepdims=True)
    return gamma * (x / root) + beta


# ---------------------------------------------------------------- 5.4 layer_norm_backward


@misconception("5.4", loses=["d-x", "zero-sum", "batch"], title="mean and spread are taken for constants")
def mean_terms_dropped(d_out, x, gamma, eps=1e-5):
    """You divided the gradient by the spread, as if mean and spread did not depend on the token.

    Raise one feature, and the mean of its token rises, and its spread changes: every feature feels that.
    Each of these two ways takes something off.
    """
    root = spread(x, eps)
    return d_out * gamma / root, flat(d_out * centre(x) / root).sum(axis=0), flat(d_out).sum(axis=0)


@misconception("5.4", loses=["d-x", "batch"], title="the spread is taken for a constant")
def spread_term_dropped(d_out, x, gamma, eps=1e-5):
    """Your gradient knows that the mean moves with the token, but not that the spread does.

    Stretch a token a little: after normalising it is the same as before. So the gradient should have
    nothing left along the normalised token.
    """
    root, g = spread(x, eps), d_out * gamma
    return centre(g) / root, flat(d_out * centre(x) / root).sum(axis=0), flat(d_out).sum(axis=0)


@misconception("5.4", loses=["d-x", "parameters", "zero-sum", "batch"],
               title="the gradient of beta does not come back")
def d_beta_missing(d_out, x, gamma, eps=1e-5):
    """Your function returns two things. The exercise asks for three: d_x, d_gamma and d_beta.

    beta is learnt like gamma. It was added to every token: what does that make of its gradient?
    """
    root = spread(x, eps)
    n, g = centre(x) / root, d_out * gamma
    return (centre(g) - n * (g * n).mean(axis=-1, keepdims=True)) / root, flat(d_out * n).sum(axis=0)


@misconception("5.4", loses=["parameters", "batch"], title="the output in place of the normalised token")
def uses_y_not_xhat(d_out, x, gamma, eps=1e-5):
    """In the gradient of gamma you used the token after it was stretched.

    Gamma multiplies the normalised token, so the normalised token is the slope, before gamma touches it.
    """
    root = spread(x, eps)
    n, g = centre(x) / root, d_out * gamma
    d_x = (centre(g) - n * (g * n).mean(axis=-1, keepdims=True)) / root
    return d_x, flat(d_out * n * gamma).sum(axis=0), flat(d_out).sum(axis=0)


@misconception("5.4", loses=["d-x", "batch"], title="gamma is missing on the way back")
def gamma_missing(d_out, x, gamma, eps=1e-5):
    """Your d_x is right only where gamma is 1.

    On the way forward each feature was multiplied by its gamma. What happens to its gradient on the way back?
    """
    root = spread(x, eps)
    n = centre(x) / root
    d_x = (centre(d_out) - n * (d_out * n).mean(axis=-1, keepdims=True)) / root
    return d_x, flat(d_out * n).sum(axis=0), flat(d_out).sum(axis=0)


@misconception("5.4", loses=["parameters", "batch"], title="one gradient of gamma for each token")
def not_summed(d_out, x, gamma, eps=1e-5):
    """Your gradients of gamma and beta still have the shape of the tokens.

    All tokens share one gamma, so what they want of it is added up. A gradient has the shape of its
    parameter.
    """
    root = spread(x, eps)
    n, g = centre(x) / root, d_out * gamma
    return (centre(g) - n * (g * n).mean(axis=-1, keepdims=True)) / root, d_out * n, d_out * 1.0


@misconception("5.4", loses=["batch"], title="summed over the first axis only")
def first_axis_only(d_out, x, gamma, eps=1e-5):
    """For one sentence your gradients are right; for a batch, gamma and beta keep an axis too many.

    You summed over axis 0, but every axis except the last one counts tokens.
    """
    root = spread(x, eps)
    n, g = centre(x) / root, d_out * gamma
    d_x = (centre(g) - n * (g * n).mean(axis=-1, keepdims=True)) / root
    return d_x, (d_out * n).sum(axis=0), d_out.sum(axis=0)


@misconception("5.4", loses=["d-x", "batch"], title="the gradient ignores the eps that was asked for")
def backward_eps_fixed(d_out, x, gamma, eps=1e-5):
    """Your gradients are the same for every eps.

    The way back has to divide by the same number as the way forward.
    """
    root = spread(x, 1e-5)
    n, g = centre(x) / root, d_out * gamma
    d_x = (centre(g) - n * (g * n).mean(axis=-1, keepdims=True)) / root
    return d_x, flat(d_out * n).sum(axis=0), flat(d_out).sum(axis=0)


@misconception("5.4", loses=["d-x", "parameters", "batch"], title="the squares are divided by D - 1")
def backward_ddof_1(d_out, x, gamma, eps=1e-5):
    """On the way back you divided the sum of the squares by one less than the number of features.

    The variance is their mean, here as in 5.3.
    """
    root = spread(x, eps, x.shape[-1] - 1)
    n, g = centre(x) / root, d_out * gamma
    d_x = (centre(g) - n * (g * n).mean(axis=-1, keepdims=True)) / root
    return d_x, flat(d_out * n).sum(axis=0), flat(d_out).sum(axis=0)


@misconception("5.4", loses=["dtype"], title="float32 has become float64")
def layer_norm_backward_upcasts(d_out, x, gamma, eps=1e-5):
    """Your gradients are right, but float32 inputs give float64.

    np.zeros, np.array and dtype=float make 64 bits unless they are told otherwise, and lift all they meet.
    """
    root = spread(x, np.float64(eps))
    n, g = centre(x) / root, d_out * gamma
    d_x = (centre(g) - n * (g * n).mean(axis=-1, keepdims=True)) / root
    return d_x, flat(d_out * n).sum(axis=0), flat(d_out).sum(axis=0)


@misconception("5.4", loses=["pure"], title="writing into the gradient")
def layer_norm_backward_in_place(d_out, x, gamma, eps=1e-5):
    """Your function writes into the gradient that it was given.

    Whoever called it may still need it: the same gradient also flows along the stream.
    The operator *= changes an array in place.
    """
    root = spread(x, eps)
    n = centre(x) / root
    d_gamma, d_beta = flat(d_out * n).sum(axis=0), flat(d_out).sum(axis=0)
    d_out *= gamma
    return (centre(d_out) - n * (d_out * n).mean(axis=-1, keepdims=True)) / root, d_gamma, d_beta


# ---------------------------------------------------------------- 5.5 feed_forward


@misconception("5.5", loses=["bend"], title="ReLU in place of GELU")
def feed_forward_relu(x, params):
    """Your network bends with ReLU: everything below zero is cut off.

    The network of 2017 did that; GPT-2 bends with GELU.
    """
    return linear(np.maximum(linear(x, params["c_fc"]), 0), params["c_proj"])


@misconception("5.5", loses=["bend"], title="the exact GELU in place of GPT-2's")
def feed_forward_erf(x, params):
    """Your network bends with the exact formula. GPT-2 uses the one with tanh.

    The difference is small, but a model's weights were learnt with one of the two.
    Which formula does gelu take when it is asked for nothing?
    """
    return linear(exact_curve(linear(x, params["c_fc"])), params["c_proj"])


@misconception("5.5", loses=["formula", "bend"], title="there is no bend")
def no_activation(x, params):
    """You projected twice, with nothing in between.

    Two projections in a row are one projection: all the width in the middle is wasted.
    """
    return linear(linear(x, params["c_fc"]) * 1.0, params["c_proj"])


@misconception("5.5", loses=["formula", "bend"], title="the bend comes last")
def activation_after_second(x, params):
    """You bent the features after the second projection, not between the two.

    Then the two projections are one, and the stream gets hardly any negative numbers.
    """
    return curve(linear(linear(x, params["c_fc"]), params["c_proj"]))


@misconception("5.5", loses=["formula", "bend"], title="the bend comes twice")
def activation_twice(x, params):
    """You bent the features between the projections, and once more at the end.

    What goes back to the stream is a plain projection: it has to be able to be negative.
    """
    return curve(linear(curve(linear(x, params["c_fc"])), params["c_proj"]))


@misconception("5.5", loses=["formula", "bend"], title="the second bias is missing")
def no_second_bias(x, params):
    """Your answers lack the bias of the second projection.

    Both projections have a weight and a bias.
    """
    return curve(linear(x, params["c_fc"])) @ params["c_proj"]["weight"]


@misconception("5.5", loses=["formula", "bend"], title="the first bias is missing")
def no_first_bias(x, params):
    """Your hidden features lack the bias of the first projection.

    Without it every feature detector has its threshold at zero.
    """
    return linear(curve(x @ params["c_fc"]["weight"]), params["c_proj"])


@misconception("5.5", loses=["formula", "bend"], title="the stream is added here")
def adds_the_residual(x, params):
    """You added the token to the answer. The block does that, not this function.

    Here only what the network found should come back. If both add the stream, it counts twice.
    """
    return x + linear(curve(linear(x, params["c_fc"])), params["c_proj"])


@misconception("5.5", loses=["formula", "bend", "positions"], title="the tokens are mixed")
def mixes_tokens(x, params):
    """Every token's answer depends on the others: you ran the projection along the positions.

    A token's features lie along the last axis. Attention mixes tokens; this part thinks about each by itself.
    """
    turned = np.swapaxes(x, -1, -2)
    return np.swapaxes(linear(curve(linear(turned, params["c_fc"])), params["c_proj"]), -1, -2)


@misconception("5.5", loses=["formula", "bend", "positions"], title="the weights are turned round")
def torch_layout(x, params):
    """You used the weights transposed, as PyTorch's linear layer stores them.

    GPT-2's files, and this course, keep a weight as [features in, features out].
    When both sizes are equal there is no error, and only the numbers tell.
    """
    hidden = curve(x @ params["c_fc"]["weight"].T + params["c_fc"]["bias"])
    return hidden @ params["c_proj"]["weight"].T + params["c_proj"]["bias"]


@misconception("5.5", loses=["positions"], title="the batch is flattened")
def flattens_the_batch(x, params):
    """For one sentence your answers are right; for a batch they come back as one long list of tokens.

    The answer should have the shape of x. A product with a weight works on the last axis and leaves the
    others.
    """
    return linear(curve(linear(flat(x), params["c_fc"])), params["c_proj"])


@misconception("5.5", loses=["dtype"], title="float32 has become float64")
def feed_forward_upcasts(x, params):
    """Your numbers are right, but float32 tokens come back as float64.

    np.zeros, np.array and dtype=float make 64 bits unless they are told otherwise, and lift all they meet.
    """
    return linear(curve(linear(x * np.float64(1.0), params["c_fc"])), params["c_proj"])


@misconception("5.5", loses=["pure"], title="writing into the parameters")
def feed_forward_in_place(x, params):
    """Your function writes into the parameters that it was given, and the next token meets other weights.

    An operator such as *= changes an array in place.
    """
    hidden = linear(x, params["c_fc"])
    weight = params["c_proj"]["weight"]
    weight *= 1.0
    return curve(hidden) @ weight + params["c_proj"]["bias"]


# ---------------------------------------------------------------- 5.6 feed_forward_backward


@misconception("5.6", loses=["d-x", "grads", "batch"], title="the bend is left out on the way back")
def bend_forgotten(d_out, x, params):
    """On the way back you went through both projections, but not through the bend between them.

    Every step of the way forward has a step on the way back. Which one of yours belongs to gelu?
    """
    hidden = linear(x, params["c_fc"])
    d_hidden = d_out @ params["c_proj"]["weight"].T
    grads = {"c_fc": layer_gradient(x, d_hidden), "c_proj": layer_gradient(curve(hidden), d_out)}
    return d_hidden @ params["c_fc"]["weight"].T, grads


@misconception("5.6", loses=["d-x", "grads", "batch"], title="the slope was taken at the bent features")
def slope_after_the_bend(d_out, x, params):
    """You asked for the slope of gelu at its output, not at its input.

    gelu_backward wants what went into gelu: the hidden features before the bend.
    """
    bent = curve(linear(x, params["c_fc"]))
    d_hidden = (d_out @ params["c_proj"]["weight"].T) * slope(bent)
    grads = {"c_fc": layer_gradient(x, d_hidden), "c_proj": layer_gradient(bent, d_out)}
    return d_hidden @ params["c_fc"]["weight"].T, grads


@misconception("5.6", loses=["grads", "batch"], title="the second weight met the features before the bend")
def unbent_for_the_weight(d_out, x, params):
    """In the gradient of the second weight you used the hidden features before the bend.

    A weight's gradient is made of what it was multiplied with on the way forward.
    """
    hidden, d_hidden = back_to_hidden(d_out, x, params)
    grads = {"c_fc": layer_gradient(x, d_hidden), "c_proj": layer_gradient(hidden, d_out)}
    return d_hidden @ params["c_fc"]["weight"].T, grads


@misconception("5.6", loses=["grads", "batch"], title="the gradients of the biases are not summed")
def bias_not_summed(d_out, x, params):
    """Your gradients of the biases still have one row for each token.

    All tokens share one bias, so what they want of it is added up. A gradient has the shape of its parameter.
    """
    hidden, d_hidden = back_to_hidden(d_out, x, params)
    grads = {"c_fc": layer_gradient(x, d_hidden) | {"bias": d_hidden},
             "c_proj": layer_gradient(curve(hidden), d_out) | {"bias": d_out * 1.0}}
    return d_hidden @ params["c_fc"]["weight"].T, grads


@misconception("5.6", loses=["grads", "batch"], title="means in place of sums")
def means_not_sums(d_out, x, params):
    """Your gradients of weights and biases are too small by the number of tokens.

    The loss changes by what all tokens contribute together. If a mean is wanted, d_out has it in it already.
    """
    hidden, d_hidden = back_to_hidden(d_out, x, params)
    n = len(flat(x))
    grads = {"c_fc": layer_gradient(x, d_hidden / n), "c_proj": layer_gradient(curve(hidden), d_out / n)}
    return d_hidden @ params["c_fc"]["weight"].T, grads


@misconception("5.6", loses=["grads", "batch"], title="the gradients of the weights are turned round")
def weights_turned_round(d_out, x, params):
    """Your gradients of the weights are transposed.

    A gradient has the shape of what it belongs to: [features in, features out].
    """
    hidden, d_hidden = back_to_hidden(d_out, x, params)
    grads = {"c_fc": layer_gradient(x, d_hidden), "c_proj": layer_gradient(curve(hidden), d_out)}
    turned = {name: {"weight": np.ascontiguousarray(layer["weight"].T), "bias": layer["bias"]}
              for name, layer in grads.items()}
    return d_hidden @ params["c_fc"]["weight"].T, turned


@misconception("5.6", loses=["batch"], title="only the last sentence of the batch counts")
def last_sentence_only(d_out, x, params):
    """For one sentence your gradients are right; for a batch they are those of its last sentence.

    In a loop over the batch, = forgets what was there before. What the sentences want has to be added up.
    """
    hidden, d_hidden = back_to_hidden(d_out, x, params)
    last, t = slice(-x.shape[-2], None), x.shape[-2]
    grads = {"c_fc": layer_gradient(flat(x)[last], flat(d_hidden)[last]),
             "c_proj": layer_gradient(curve(flat(hidden)[-t:]), flat(d_out)[-t:])}
    return d_hidden @ params["c_fc"]["weight"].T, grads


@misconception("5.6", loses=["d-x", "batch"], title="the token's gradient stops at the hidden features")
def d_x_of_hidden(d_out, x, params):
    """You return as d_x the gradient at the hidden features, of width d_ff.

    One step is missing: back through the first projection. A gradient has the shape of what it belongs to.
    """
    hidden, d_hidden = back_to_hidden(d_out, x, params)
    grads = {"c_fc": layer_gradient(x, d_hidden), "c_proj": layer_gradient(curve(hidden), d_out)}
    return d_hidden, grads


@misconception("5.6", loses=["d-x", "batch"], title="the stream's own gradient is added here")
def adds_the_residual_gradient(d_out, x, params):
    """You added d_out to d_x. That belongs to the block, which added x to the answer on the way forward.

    This function goes back through the network alone.
    """
    hidden, d_hidden = back_to_hidden(d_out, x, params)
    grads = {"c_fc": layer_gradient(x, d_hidden), "c_proj": layer_gradient(curve(hidden), d_out)}
    return d_out + d_hidden @ params["c_fc"]["weight"].T, grads


@misconception("5.6", loses=["dtype"], title="float32 has become float64")
def feed_forward_backward_upcasts(d_out, x, params):
    """Your gradients are right, but float32 inputs give float64.

    np.zeros makes 64 bits unless it is told otherwise, and lifts all that is added to it.
    """
    hidden, d_hidden = back_to_hidden(d_out * np.float64(1.0), x * np.float64(1.0), params)
    grads = {"c_fc": layer_gradient(x, d_hidden),
             "c_proj": layer_gradient(curve(hidden), d_out * np.float64(1.0))}
    return d_hidden @ params["c_fc"]["weight"].T, grads


@misconception("5.6", loses=["pure"], title="writing into the gradient")
def feed_forward_backward_in_place(d_out, x, params):
    """Your function writes into the gradient that it was given.

    The same gradient also flows along the stream, past this network. An operator such as *= changes it for
    all.
    """
    hidden, d_hidden = back_to_hidden(d_out, x, params)
    d_out *= 1.0
    grads = {"c_fc": layer_gradient(x, d_hidden), "c_proj": layer_gradient(curve(hidden), d_out)}
    return d_hidden @ params["c_fc"]["weight"].T, grads


# ---------------------------------------------------------------- 5.7 add_and_norm


@misconception("5.7", loses=["order", "quiet", "eps"], title="the finding is normalised, and then added")
def norm_before_add(x, sublayer_out, gamma, beta, eps=1e-5):
    """You normalised what the sublayer found, and added it to the stream as it was.

    In the first paper the sum is normalised: what comes out has mean beta and a spread of gamma.
    """
    return x + normalised(sublayer_out, gamma, beta, eps)


@misconception("5.7", loses=["order", "eps"], title="the stream is normalised, and then added to")
def norm_on_the_residual_path(x, sublayer_out, gamma, beta, eps=1e-5):
    """You normalised the stream first, and added what the sublayer found afterwards.

    Then the finding comes through at its own size. In the first paper the sum is normalised.
    """
    return normalised(x, gamma, beta, eps) + sublayer_out


@misconception("5.7", loses=["order", "quiet"], title="the stream is missing")
def no_residual(x, sublayer_out, gamma, beta, eps=1e-5):
    """You normalised what the sublayer found, and the stream is gone.

    A sublayer adds to what is known; it does not replace it. What if it finds nothing?
    """
    return normalised(sublayer_out, gamma, beta, eps)


@misconception("5.7", loses=["order", "quiet", "eps"], title="the stream is added once more at the end")
def adds_after_norm(x, sublayer_out, gamma, beta, eps=1e-5):
    """You normalised the sum, which is right, and added the stream to it once more.

    The normalised sum is the new stream.
    """
    return x + normalised(x + sublayer_out, gamma, beta, eps)


@misconception("5.7", loses=["order", "quiet", "eps"], title="nothing is normalised")
def only_adds(x, sublayer_out, gamma, beta, eps=1e-5):
    """You added stream and finding, and stopped there.

    Without normalising, the stream grows with every sublayer. Which function of this lesson comes next?
    """
    return x + sublayer_out


@misconception("5.7", loses=["eps"], title="eps is not passed on")
def eps_not_passed(x, sublayer_out, gamma, beta, eps=1e-5):
    """Your answer is the same for every eps.

    The argument arrives, but layer_norm is called without it and takes its own.
    """
    return normalised(x + sublayer_out, gamma, beta, 1e-5)


@misconception("5.7", loses=["dtype"], title="float32 has become float64")
def add_and_norm_upcasts(x, sublayer_out, gamma, beta, eps=1e-5):
    """Your numbers are right, but float32 comes back as float64.

    np.zeros, np.array and dtype=float make 64 bits unless they are told otherwise, and lift all they meet.
    """
    return normalised(x + np.float64(1.0) * sublayer_out, gamma, beta, eps)


@misconception("5.7", loses=["dtype", "pure"], title="writing into the stream")
def add_in_place(x, sublayer_out, gamma, beta, eps=1e-5):
    """Your function writes into the stream that it was given.

    The operator += adds into its left side. Whoever called it may still need the stream as it was,
    and a locked stream, or one of integers, raises an error.
    """
    x += sublayer_out
    return normalised(x, gamma, beta, eps)


# ---------------------------------------------------------------- 5.8 dropout


def check_p(p):
    """Refuse what is no probability of dropping."""
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}")


def kept(x, keep, p):
    """Keep some numbers, and make them larger."""
    return np.where(keep, x / (1 - p), 0).astype((x * 1.0).dtype)


@misconception("5.8", loses=["rescaled"], title="what is kept does not grow")
def not_rescaled(x, p, rng, training=True):
    """You dropped the right numbers, but those that stay are as large as before, so the mean shrinks.

    In use nothing is dropped, and the next layer then meets larger sums than it ever saw while it learnt.
    By which factor must the kept ones grow?
    """
    check_p(p)
    if not training or p == 0:
        return x * 1.0
    return np.where(rng.random(x.shape) < p, 0.0, x * 1.0).astype((x * 1.0).dtype)


@misconception("5.8", loses=["draw", "rescaled"], title="p is read as the share that is kept")
def p_is_keep_probability(x, p, rng, training=True):
    """You kept a share of p, and dropped the rest.

    Here p says how much is dropped, as in PyTorch. The first paper meant the share that stays.
    """
    check_p(p)
    if not training or p == 0:
        return x * 1.0
    return np.where(rng.random(x.shape) < p, x / p, 0).astype((x * 1.0).dtype)


@misconception("5.8", loses=["draw"], title="kept where the number drawn is below 1 - p")
def keeps_below(x, p, rng, training=True):
    """You drop the right share, but other numbers than the docstring says.

    An element is dropped where its own number is below p, so that everyone who starts from the same generator
    gets the same answer.
    """
    check_p(p)
    if not training or p == 0:
        return x * 1.0
    return kept(x, rng.random(x.shape) < 1 - p, p)


@misconception("5.8", loses=["draw"], title="one draw for all rows of the batch")
def same_mask_for_the_batch(x, p, rng, training=True):
    """You drew once for all rows along the first axis, so the same places are dropped in each.

    Every element has a number of its own. What shape should the draw have?
    """
    check_p(p)
    if not training or p == 0:
        return x * 1.0
    return kept(x, np.broadcast_to(rng.random(x.shape[1:]) >= p, x.shape), p)


@misconception("5.8", loses=["draw"], title="drawn with another method")
def binomial_draw(x, p, rng, training=True):
    """You dropped the right share, with another kind of draw than the docstring says.

    A generator gives other numbers for each of its methods, so nobody could repeat your answer.
    """
    check_p(p)
    if not training or p == 0:
        return x * 1.0
    return kept(x, rng.binomial(1, 1 - p, x.shape) == 1, p)


def is_dropped(call):
    """Tell whether a call asked for dropping, and was answered with an array of the right shape."""
    x, p, *rest = call.args
    training = call.kwargs.get("training", rest[1] if len(rest) > 1 else True)
    return bool(training and 0 < p < 1 and type(call.answer) is np.ndarray and call.answer.shape == x.shape)


def is_plausible(call):
    """Tell whether the answer is x / (1 - p) wherever it is not 0."""
    x, p = call.args[:2]
    grown = x / (1 - p)
    return bool(np.isclose(call.answer, np.where(call.answer != 0, grown, 0), rtol=1e-4, atol=1e-6).all())


def ignores_the_generator(calls):
    """Tell whether a function of the recorded calls drops rightly, but not what its generator says."""
    asked = [call for call in calls if is_dropped(call)]
    pairs = [(a, b) for i, a in enumerate(asked) for b in asked[:i]
             if a.args[0].shape == b.args[0].shape and a.args[0].size >= 20 and a.args[1] == b.args[1]]
    strange = False
    for a, b in pairs:
        same_state = a.args[2].bit_generator.state == b.args[2].bit_generator.state
        same_drops = bool(((a.answer == 0) == (b.answer == 0)).all())
        strange = strange or same_state != same_drops
    return strange and all(is_plausible(call) for call in asked)


@misconception("5.8", loses=["draw"], title="the generator is not used", recognise=True)
def global_rng(x, p=None, rng=None, training=True):
    """You drop the right share, but the generator that was handed to you has no influence on it.

    Something else draws: np.random.rand and its kin, or a new generator of your own.
    Then nobody can repeat your answer. The argument rng is the only source of chance here.
    """
    if isinstance(x, list):  # the recorded calls of a student; otherwise this is an example of the mistake
        return ignores_the_generator(x)
    check_p(p)
    if not training or p == 0:
        return x * 1.0
    return kept(x, np.random.random(x.shape) >= p, p)


@misconception("5.8", loses=["switch"], title="it also drops outside training")
def drops_always(x, p, rng, training=True):
    """You drop numbers outside training too, so that a finished model answers differently each time.

    What does the argument `training` change?
    """
    check_p(p)
    return kept(x, rng.random(x.shape) >= p, p)


@misconception("5.8", loses=["switch"], title="any p is taken")
def any_p(x, p, rng, training=True):
    """You take a p of 1, or one that is no probability, and give numbers where an error should be.

    With p = 1 everything is dropped and the rest divided by 0. Which values make sense?
    """
    if not training or p == 0:
        return x * 1.0
    with np.errstate(all="ignore"):
        return np.where(rng.random(x.shape) < p, 0, x / np.float64(1 - p)).astype((x * 1.0).dtype)


@misconception("5.8", loses=["dtype"], title="a table of floats makes float64")
def float_table(x, p, rng, training=True):
    """Your numbers are right, but float32 comes back as float64.

    The table of what is kept has 64 bits, and lifts x to its size when you multiply.
    """
    check_p(p)
    if not training or p == 0:
        return x * 1.0
    return x * ((rng.random(x.shape) >= p).astype(np.float64) / (1 - p))


@misconception("5.8", loses=["pure"], title="writing into the numbers")
def drops_in_place(x, p, rng, training=True):
    """Your function writes zeros into the array that it was given.

    Whoever called it may still need the numbers, and a locked array raises an error.
    An index on the left of = changes an array in place.
    """
    check_p(p)
    if not training or p == 0:
        return x * 1.0
    x[rng.random(x.shape) < p] = 0
    return x / (1 - p)
