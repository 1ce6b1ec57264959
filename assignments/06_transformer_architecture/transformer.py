"""The transformer: blocks, the whole GPT, its loss and gradients, and how it writes text.

Shapes: `B` texts of `T` token ids, width `D`, `V` tokens in the vocabulary. Parameters are laid out as
minigpt/parameters.py says. Every function returns new arrays and leaves its inputs as they were.
float32 in gives float32 out.
"""

import math
from typing import Any

import numpy as np

from minigpt.attention import softmax
from minigpt.feed_forward import feed_forward, layer_norm
from minigpt.multi_head import multi_head_attention
from minigpt.parameters import tree_map
from minigpt.positional import add_positions
from minigpt.self_attention import causal_mask, embed


def transformer_block(
    x: np.ndarray, params: dict[str, Any], n_head: int, mask: np.ndarray | None = None
) -> np.ndarray:
    """Attend, then think: the block that a transformer is a stack of, with pre-LN.

    x: the stream [..., T, D]. params: {"ln_1", "attn", "ln_2", "mlp"}. n_head: H.
    mask: None for an encoder, causal for a decoder; True = may attend; its axes as in multi_head_attention.
    Returns the stream [..., T, D], to which both sublayers have added their output. Each sublayer reads the
    normalised stream (eps 1e-5), and what goes round it is not normalised.

    Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.3;
    Xiong et al. 2020, "On Layer Normalization in the Transformer Architecture".
    """
    # TODO 1: normalise (5.3), attend (3.4), and add the output to the stream
    # TODO 2: normalise what is now in the stream, feed forward (5.5), and add again
    raise NotImplementedError("6.1 transformer_block")


def gpt_forward(ids: np.ndarray, params: dict[str, Any], n_head: int) -> np.ndarray:
    """Give every token of the vocabulary a score for every next place: the whole GPT.

    ids: integers [..., T]. params: as in minigpt/parameters.py. n_head: H.
    Returns logits [..., T, V]: row t scores the token after ids[..., t], and saw no later one. The head is
    tied: a score is the dot product of the normalised stream with the row of the table of tokens, no bias.

    Raises ValueError when an id is no row of the table of tokens, or T is more than the table of positions
    has (2.1 and 4.2 do it).
    """
    # TODO 1: look up the tokens (2.1) and add their positions (4.2)
    # TODO 2: send the stream through all blocks (6.1) under the causal mask (2.3)
    # TODO 3: normalise once more (5.3), and compare with the vector of every token (the tied head)
    raise NotImplementedError("6.2 gpt_forward")


def cross_entropy(
    logits: np.ndarray, targets: np.ndarray, ignore_index: int = -100
) -> tuple[float, np.ndarray]:
    """Measure how surprised the model is by the right tokens, and how to be less so.

    logits: [..., V]. targets: ids [...]; those equal to ignore_index, which may be any number, do not count.
    Returns (loss, d_logits): the mean of -log(probability of the target) over the targets that count, one
    number in nats, and its gradient [..., V] in the dtype of the logits. Logits as large as 1000 are fine.
    When no target counts: 0.0 and zeros.
    """
    # TODO 1: find the targets that count
    # TODO 2: take the logarithm of softmax without computing a large exponential
    # TODO 3: the gradient is probabilities minus one at the target, divided by how many count
    raise NotImplementedError("6.3 cross_entropy")


def get_batch(
    data: np.ndarray, batch_size: int, block_size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Cut random windows out of a long text, each with the same window moved by one as its targets.

    data: ids [N]. batch_size: B. block_size: T, at most N - 1. rng: draws the starts of the windows, in one
    call rng.integers(N - T, size=B).
    Returns (x, y), each [B, T] in the dtype of data: y[b, t] is the token after x[b, t].
    """
    # TODO 1: draw the starts
    # TODO 2: take the windows, and the windows one place further
    raise NotImplementedError("6.4 get_batch")


def gpt_loss_and_gradients(
    ids: np.ndarray, targets: np.ndarray, params: dict[str, Any], n_head: int
) -> tuple[float, dict[str, Any]]:
    """Compute the loss of the whole GPT and its gradient at every parameter.

    ids, targets: [B, T]; a target of -100 does not count. params: as in minigpt/parameters.py. n_head: H.
    Returns (loss, grads): the mean loss in nats, a Python float, and the gradients in the layout of params,
    each with the shape of its parameter.
    The table of tokens is used at both ends of the model, and collects gradients from both. Rows of the table
    of positions that stand past T have the gradient 0.
    """
    # TODO 1: go forward as in 6.2, and keep what each sublayer was given
    # TODO 2: the loss (6.3), and back through the tied head and the last norm (5.4)
    # TODO 3: back through the blocks, the last one first (3.6, 5.4, 5.6: import them above); each sublayer
    #   adds to the stream, so the gradient goes round it as well as through it
    # TODO 4: back into both tables; a token that stands at many places collects from all of them
    raise NotImplementedError("6.5 gpt_loss_and_gradients")


# The parts of gpt_loss_and_gradients. Each way forward returns what its way back needs, so nothing is
# computed twice, and arrays that nobody else holds are overwritten: PyTorch takes about as long. N is B * T.


def adamw_step(
    params: Any, grads: Any, state: dict[str, Any] | None, lr: float,
    betas: tuple[float, float] = (0.9, 0.95), eps: float = 1e-8, weight_decay: float = 0.1,
) -> tuple[Any, dict[str, Any]]:
    """Take one step of AdamW: each parameter moves by about lr, against its mean gradient.

    params, grads: trees of the same layout. state: None at the first step, then what the last step returned:
    {"step", "m", "v"}, the number of steps taken (a Python int) and two trees of running means in the layout
    of params. lr: the learning rate. eps is added to the root of v, after both corrections. Arrays with two
    axes or more decay by the factor 1 - lr * weight_decay, before the step; the others do not.
    Returns (params, state), both new; params and grads may be any tree that tree_map takes.

    Source: Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2.
    """
    # TODO 1: start from zeros at the first step, and count the step
    # TODO 2: move the running means of the gradient and of its square
    # TODO 3: correct both for their start at zero, decay the arrays with two axes or more, and step
    raise NotImplementedError("6.6 adamw_step")


def next_token_probabilities(
    logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """Turn the scores of the next token into probabilities to draw from.

    logits: [..., V]. temperature: divides the scores; below 1 bolder, above 1 freer, and 0 puts everything on
    the first largest score. top_k: then keep the k largest scores of each row, and all that tie with the
    k-th; k may be more than V. top_p: then keep the smallest set of largest probabilities that reaches p, the
    one that crosses p included; of ties the first ones. None keeps all.
    Returns the probabilities [..., V] of what was kept, which sum to one; the others are 0.

    Raises ValueError for a temperature below 0, a top_k below 1, or a top_p outside (0, 1].
    """
    # TODO 1: refuse bad values
    # TODO 2: at temperature 0, put everything on the first largest score
    # TODO 3: divide by the temperature, then drop what is below the k-th largest score
    # TODO 4: turn scores into probabilities (1.1), then keep the smallest set that reaches top_p
    raise NotImplementedError("6.7 next_token_probabilities")


def generate(
    ids: np.ndarray, params: dict[str, Any], n_head: int, n_new: int, rng: np.random.Generator,
    temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None,
) -> np.ndarray:
    """Write on: draw the next token, append it, and start over, n_new times.

    ids: [B, T], at least one token. The model sees the last tokens that fit its table of positions.
    rng: draws one number per text and step, in one call rng.random(B); the new token is the first at which
    the probabilities, added up from token 0, exceed it. temperature, top_k, top_p: as in
    next_token_probabilities.
    Returns [B, T + n_new], the ids with the new ones behind them, in the dtype of ids.
    """
    # TODO: n_new times: crop, score (6.2), turn the last row into probabilities (6.7), draw, append
    raise NotImplementedError("6.8 generate")


def train_step(
    params: Any, state: dict[str, Any] | None, ids: np.ndarray, targets: np.ndarray, n_head: int, lr: float
) -> tuple[float, Any, dict[str, Any]]:
    """Learn from one batch: measure how wrong the model is, and move every parameter against its gradient.

    params: a GPT. state: None at the first step, then what the last step returned. ids, targets: [B, T].
    n_head: H. lr: the learning rate of this step.
    Returns (loss, params, state): the loss of the parameters that came in, and the parameters and the state
    after one step of AdamW with its usual betas, eps and weight decay. All new.
    """
    # TODO: the loss and its gradients (6.5), then one step of AdamW (6.6)
    raise NotImplementedError("6.9 train_step")
