"""Feed-forward networks and layer normalisation: what happens to every token by itself.

Shapes: `[..., T, D]` tokens, `d_ff` hidden features. The parameters of a network are a dict as in GPT-2:
{"c_fc": {"weight" [D, d_ff], "bias" [d_ff]}, "c_proj": {"weight" [d_ff, D], "bias" [D]}}. Every function
returns new arrays and leaves its inputs as they were. float32 in gives float32 out; integers become float64.
"""

import math
from typing import Any

import numpy as np

ROOT_2_BY_PI = math.sqrt(2 / math.pi)


def gelu(x: np.ndarray, approximate: str = "tanh") -> np.ndarray:
    """Let large numbers through, hold small ones back: x times the share of a normal bell curve below x.

    x: any shape. approximate: "tanh" for GPT-2's formula 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x³))),
    "none" for the exact x Phi(x) = 0.5 x (1 + erf(x / sqrt(2))).
    Returns an array of the shape of x, also for numbers as large as 1000.

    Raises ValueError for another word.
    Source: Hendrycks and Gimpel 2016, "Gaussian Error Linear Units", section 2.
    """
    # TODO 1: refuse a word that names neither formula
    # TODO 2: write the exact formula (erf is given below, since NumPy has none), and the one with tanh
    raise NotImplementedError("5.1 gelu")


def erf(x: np.ndarray) -> np.ndarray:
    """Compute the error function of every element, in the dtype of x (NumPy itself has none)."""
    return np.vectorize(math.erf, otypes=[x.dtype])(x)


def gelu_backward(d_out: np.ndarray, x: np.ndarray, approximate: str = "tanh") -> np.ndarray:
    """Carry a gradient back through gelu.

    d_out: the gradient of the loss at the output, of the shape of x. x: what went into gelu.
    approximate: "tanh" or "none", as in gelu: each formula has a slope of its own.
    Returns the gradient of the loss at x, of the shape of x.

    Raises ValueError for another word.
    """
    # TODO: work out the slope of gelu at x (product rule, then chain rule), and multiply d_out with it
    raise NotImplementedError("5.2 gelu_backward")


def layer_norm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    """Give every token mean 0 and variance 1 over its features, then stretch and shift each feature.

    x: [..., D]. gamma, beta: [D]. eps: added to the variance, so that a constant token, which has a variance
    of 0, becomes beta and not nan.
    Returns [..., D]: gamma * (x - mean) / sqrt(variance + eps) + beta, where the variance is the mean of
    the squares (divided by D, not D - 1).

    Source: Ba, Kiros and Hinton 2016, "Layer Normalization", section 3.
    """
    # TODO 1: take the mean and the variance over the features of each token
    # TODO 2: normalise, then stretch by gamma and shift by beta
    raise NotImplementedError("5.3 layer_norm")


def layer_norm_backward(
    d_out: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float = 1e-5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Carry a gradient back through layer_norm, to its input and its parameters.

    d_out: the gradient of the loss at the output [..., D]. x: [..., D] and gamma: [D], as they went in.
    eps: as it went in. (beta is not needed.)
    Returns (d_x, d_gamma, d_beta): [..., D], [D], [D]. Each row of d_x sums to zero; d_gamma and d_beta are
    sums over all tokens of the batch.
    """
    # TODO 1: normalise again
    # TODO 2: add up the gradients of gamma and beta over all tokens of the batch
    # TODO 3: go back to x; mean and variance depend on x too, and each takes something off
    raise NotImplementedError("5.4 layer_norm_backward")


def feed_forward(x: np.ndarray, params: dict[str, Any]) -> np.ndarray:
    """Think about every token by itself: widen, bend with gelu, narrow again.

    x: [..., T, D]. params: {"c_fc": {"weight" [D, d_ff], "bias" [d_ff]},
    "c_proj": {"weight" [d_ff, D], "bias" [D]}}; a projection is x @ weight + bias.
    Returns [..., T, D]. Nothing is added to the stream here.
    Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners" (gelu with tanh).
    """
    # TODO: project to d_ff features, apply gelu (5.1, GPT-2's formula), and project back to D
    raise NotImplementedError("5.5 feed_forward")


def feed_forward_backward(
    d_out: np.ndarray, x: np.ndarray, params: dict[str, Any]
) -> tuple[np.ndarray, dict[str, Any]]:
    """Carry a gradient back through feed_forward, to its input and its parameters.

    d_out: the gradient of the loss at the output [..., T, D]. x, params: as they went in.
    Returns (d_x, grads): [..., T, D], and a dict with the keys and shapes of params. The gradients of weights
    and biases are sums over all tokens of the batch.
    """
    # TODO 1: compute the hidden features again
    # TODO 2: go back through the second projection, through gelu (5.2), and through the first projection
    raise NotImplementedError("5.6 feed_forward_backward")


def add_and_norm(
    x: np.ndarray, sublayer_out: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float = 1e-5
) -> np.ndarray:
    """Add what a sublayer found to the stream, and normalise the sum: post-LN, as in the first paper.

    x: the stream [..., T, D]. sublayer_out: [..., T, D]. gamma, beta: [D]. eps: as in layer_norm.
    Returns [..., T, D].
    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.1.
    """
    # TODO: add, then normalise (5.3)
    raise NotImplementedError("5.7 add_and_norm")


def dropout(x: np.ndarray, p: float, rng: np.random.Generator, training: bool = True) -> np.ndarray:
    """Drop each number with probability p, and make the kept ones larger, so that the mean stays.

    x: any shape. p: from 0 up to, but not including, 1. rng: draws one number per element, in one call
    rng.random(x.shape); an element is dropped where its number is below p.
    training: whether the network learns now; when it is used, nothing is dropped.
    Returns x / (1 - p) where kept and 0 where dropped. With training=False, or p = 0, it returns the numbers
    of x in a new array, and nothing is drawn.

    Raises ValueError when p is not in [0, 1).
    Source: Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting".
    """
    # TODO 1: refuse a p that is no probability of dropping
    # TODO 2: outside training, or without anything to drop, give the numbers back in a new array
    # TODO 3: draw, drop, and make the rest larger
    raise NotImplementedError("5.8 dropout")
