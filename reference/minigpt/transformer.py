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
    normal = layer_norm(x, params["ln_1"]["weight"], params["ln_1"]["bias"])
    x = x + multi_head_attention(normal, params["attn"], n_head, mask)[0]
    # TODO 2: normalise what is now in the stream, feed forward (5.5), and add again
    normal = layer_norm(x, params["ln_2"]["weight"], params["ln_2"]["bias"])
    return x + feed_forward(normal, params["mlp"])


def gpt_forward(ids: np.ndarray, params: dict[str, Any], n_head: int) -> np.ndarray:
    """Give every token of the vocabulary a score for every next place: the whole GPT.

    ids: integers [..., T]. params: as in minigpt/parameters.py. n_head: H.
    Returns logits [..., T, V]: row t scores the token after ids[..., t], and saw no later one. The head is
    tied: a score is the dot product of the normalised stream with the row of the table of tokens, no bias.

    Raises ValueError when an id is no row of the table of tokens, or T is more than the table of positions
    has (2.1 and 4.2 do it).
    """
    # TODO 1: look up the tokens (2.1) and add their positions (4.2)
    x = add_positions(embed(ids, params["wte"]["weight"]), params["wpe"]["weight"])  # [..., T, D]
    # TODO 2: send the stream through all blocks (6.1) under the causal mask (2.3)
    mask = causal_mask(ids.shape[-1])  # [T, T]
    for block in params["h"]:
        x = transformer_block(x, block, n_head, mask)
    # TODO 3: normalise once more (5.3), and compare with the vector of every token (the tied head)
    x = layer_norm(x, params["ln_f"]["weight"], params["ln_f"]["bias"])
    return x @ params["wte"]["weight"].T  # [..., T, D] @ [D, V] -> [..., T, V]


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
    counts = targets != ignore_index  # [...]
    n = max(int(counts.sum()), 1)
    safe = np.where(counts, targets, 0)[..., np.newaxis]  # [..., 1]
    # TODO 2: take the logarithm of softmax without computing a large exponential
    shifted = logits - logits.max(axis=-1, keepdims=True)  # [..., V]
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    picked = np.take_along_axis(log_probabilities, safe, axis=-1)[..., 0]  # [...]
    loss = -float((picked * counts).sum()) / n
    # TODO 3: the gradient is probabilities minus one at the target, divided by how many count
    d_logits = np.exp(log_probabilities)
    np.put_along_axis(d_logits, safe, np.take_along_axis(d_logits, safe, axis=-1) - 1, axis=-1)
    return loss, d_logits * counts[..., np.newaxis] / n


def get_batch(
    data: np.ndarray, batch_size: int, block_size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Cut random windows out of a long text, each with the same window moved by one as its targets.

    data: ids [N]. batch_size: B. block_size: T, at most N - 1. rng: draws the starts of the windows, in one
    call rng.integers(N - T, size=B).
    Returns (x, y), each [B, T] in the dtype of data: y[b, t] is the token after x[b, t].
    """
    # TODO 1: draw the starts
    starts = rng.integers(len(data) - block_size, size=batch_size)  # [B]
    # TODO 2: take the windows, and the windows one place further
    places = starts[:, np.newaxis] + np.arange(block_size)  # [B, 1] + [T] -> [B, T]
    return data[places], data[places + 1]


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
    wte, t = params["wte"]["weight"], ids.shape[-1]
    x = add_positions(embed(ids, wte), params["wpe"]["weight"])  # [B, T, D]
    stream = x.reshape(-1, x.shape[-1])  # [B, T, D] -> [N, D]: one matrix, so that each product is one call
    kept = []
    for block in params["h"]:
        stream, memory = _block_forward(stream, block, n_head, t)
        kept.append(memory)
    last, memory_f = _norm_forward(stream, params["ln_f"])
    # TODO 2: the loss (6.3), and back through the tied head and the last norm (5.4)
    loss, d_logits = cross_entropy(last @ wte.T, targets.reshape(-1))  # [N, V]
    d_wte = d_logits.T @ last  # [V, N] @ [N, D] -> [V, D]
    d, ln_f = _norm_backward(d_logits @ wte, memory_f, params["ln_f"])  # [N, D]
    # TODO 3: back through the blocks, the last one first (3.6, 5.4, 5.6: import them above); each sublayer
    #   adds to the stream, so the gradient goes round it as well as through it
    blocks = []
    for block, memory in zip(reversed(params["h"]), reversed(kept), strict=True):
        d, grads = _block_backward(d, memory, block, n_head, t)
        blocks.append(grads)
    # TODO 4: back into both tables; a token that stands at many places collects from all of them
    _add_to_rows(d_wte, ids.reshape(-1), d)
    d_wpe = np.zeros_like(params["wpe"]["weight"])
    d_wpe[:t] = d.reshape(-1, t, d.shape[-1]).sum(axis=0)  # [B, T, D] -> [T, D]
    return loss, {"wte": {"weight": d_wte}, "wpe": {"weight": d_wpe}, "h": blocks[::-1], "ln_f": ln_f}


# The parts of gpt_loss_and_gradients. Each way forward returns what its way back needs, so nothing is
# computed twice, and arrays that nobody else holds are overwritten: PyTorch takes about as long. N is B * T.


def _block_forward(
    stream: np.ndarray, block: dict[str, Any], n_head: int, t: int
) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Send the stream [N, D] through a block; give the new stream, and what each part wants to keep."""
    normal, norm_1 = _norm_forward(stream, block["ln_1"])
    out, attention = _attention_forward(normal, block["attn"], n_head, t)
    out += stream
    normal, norm_2 = _norm_forward(out, block["ln_2"])
    thought, network = _network_forward(normal, block["mlp"])
    thought += out
    return thought, (norm_1, attention, norm_2, network)


def _block_backward(
    d: np.ndarray, memory: tuple[Any, ...], block: dict[str, Any], n_head: int, t: int
) -> tuple[np.ndarray, dict[str, Any]]:
    """Carry the gradient [N, D] at the new stream back to the old one, past and through both sublayers."""
    norm_1, attention, norm_2, network = memory
    d_normal, mlp = _network_backward(d, network, block["mlp"])
    d_middle, ln_2 = _norm_backward(d_normal, norm_2, block["ln_2"])
    d_middle += d
    d_normal, attn = _attention_backward(d_middle, attention, block["attn"], n_head, t)
    d_before, ln_1 = _norm_backward(d_normal, norm_1, block["ln_1"])
    d_before += d_middle
    return d_before, {"ln_1": ln_1, "attn": attn, "ln_2": ln_2, "mlp": mlp}


def _norm_forward(x: np.ndarray, params: dict[str, Any]) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Normalise each row of [N, D]; keep the normal rows, and one over their standard deviations."""
    normal = x - x.mean(axis=-1, keepdims=True)  # [N, D]
    variance = np.einsum("nd,nd->n", normal, normal) / x.shape[-1]
    by_std = (1 / np.sqrt(variance + 1e-5))[:, np.newaxis]  # [N, 1]; the eps of layer_norm
    normal *= by_std
    out = normal * params["weight"]
    out += params["bias"]
    return out, (normal, by_std)


def _norm_backward(
    d_out: np.ndarray, memory: tuple[np.ndarray, ...], params: dict[str, Any]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Carry a gradient back through a norm, as layer_norm_backward does."""
    normal, by_std = memory
    d = d_out.shape[-1]
    d_x = d_out * params["weight"]  # [N, D]
    along = np.einsum("nd,nd->n", d_x, normal)[:, np.newaxis] / d
    d_x -= d_x.mean(axis=-1, keepdims=True)
    d_x -= normal * along
    d_x *= by_std
    return d_x, {"weight": np.einsum("nd,nd->d", d_out, normal), "bias": d_out.sum(axis=0)}


def _attention_forward(
    x: np.ndarray, params: dict[str, Any], n_head: int, t: int
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Let every token attend to itself and those before it; keep input, q, k and v, weights and blends."""
    qkv = x @ params["c_attn"]["weight"]  # [N, D] @ [D, 3D] -> [N, 3D]
    qkv += params["c_attn"]["bias"]
    q, k, v = _heads(qkv, 3, n_head, t)  # each [B, H, T, d_k]
    weights = q @ k.swapaxes(-1, -2)  # [B, H, T, T]
    weights *= 1 / math.sqrt(q.shape[-1])
    weights += np.where(causal_mask(t), 0, -np.inf).astype(x.dtype)
    weights -= weights.max(axis=-1, keepdims=True)
    np.exp(weights, out=weights)
    weights /= weights.sum(axis=-1, keepdims=True)
    blend = np.empty_like(x)  # [N, D]: the heads lie side by side in it
    np.matmul(weights, v, out=_heads(blend, 1, n_head, t)[0])
    out = blend @ params["c_proj"]["weight"]
    out += params["c_proj"]["bias"]
    return out, (x, qkv, weights, blend)


def _attention_backward(
    d_out: np.ndarray, memory: tuple[np.ndarray, ...], params: dict[str, Any], n_head: int, t: int
) -> tuple[np.ndarray, dict[str, Any]]:
    """Carry a gradient back through attention, as multi_head_attention_backward does."""
    x, qkv, weights, blend = memory
    q, k, v = _heads(qkv, 3, n_head, t)
    d_heads = _heads(d_out @ params["c_proj"]["weight"].T, 1, n_head, t)[0]  # [B, H, T, d_k]
    d_scores = d_heads @ v.swapaxes(-1, -2)  # [B, H, T, T]
    d_scores -= np.einsum("bhij,bhij->bhi", d_scores, weights)[..., np.newaxis]
    d_scores *= weights
    d_scores *= 1 / math.sqrt(q.shape[-1])
    d_qkv = np.empty_like(qkv)  # [N, 3D]
    d_q, d_k, d_v = _heads(d_qkv, 3, n_head, t)
    np.matmul(d_scores, k, out=d_q)
    np.matmul(d_scores.swapaxes(-1, -2), q, out=d_k)
    np.matmul(weights.swapaxes(-1, -2), d_heads, out=d_v)
    grads = {"c_attn": _projection_gradients(x, d_qkv), "c_proj": _projection_gradients(blend, d_out)}
    return d_qkv @ params["c_attn"]["weight"].T, grads


def _heads(flat: np.ndarray, n_parts: int, n_head: int, t: int) -> np.ndarray:
    """View [N, n_parts * D] as [n_parts, B, H, T, d_k], without copying."""
    return flat.reshape(-1, t, n_parts, n_head, flat.shape[-1] // (n_parts * n_head)).transpose(2, 0, 3, 1, 4)


def _network_forward(
    x: np.ndarray, params: dict[str, Any]
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Widen, bend with gelu, narrow again; keep the input, the bent features and the slopes of gelu."""
    hidden = x @ params["c_fc"]["weight"]  # [N, D] @ [D, d_ff] -> [N, d_ff]
    hidden += params["c_fc"]["bias"]
    bent, slope = _gelu_and_slope(hidden)
    out = bent @ params["c_proj"]["weight"]
    out += params["c_proj"]["bias"]
    return out, (x, bent, slope)


def _network_backward(
    d_out: np.ndarray, memory: tuple[np.ndarray, ...], params: dict[str, Any]
) -> tuple[np.ndarray, dict[str, Any]]:
    """Carry a gradient back through the network, as feed_forward_backward does."""
    x, bent, slope = memory
    d_hidden = d_out @ params["c_proj"]["weight"].T  # [N, d_ff]
    d_hidden *= slope
    grads = {"c_fc": _projection_gradients(x, d_hidden), "c_proj": _projection_gradients(bent, d_out)}
    return d_hidden @ params["c_fc"]["weight"].T, grads


def _gelu_and_slope(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute gelu and its derivative together: with s = (1 + tanh u) / 2, gelu is x s.

    The derivative of s is 2 s (1 - s) u', so the slope of gelu is s + x s (1 - s) 2 u'.
    """
    rate = math.sqrt(2 / math.pi)
    slope = x * x
    share = slope * (0.044715 * rate)
    share += rate
    share *= x  # u
    np.tanh(share, out=share)  # the hot spot
    share *= 0.5
    share += 0.5  # s
    bent = x * share
    slope *= 6 * 0.044715 * rate
    slope += 2 * rate  # 2 u'
    slope *= bent
    slope *= 1 - share
    slope += share
    return bent, slope


def _projection_gradients(x: np.ndarray, d_out: np.ndarray) -> dict[str, np.ndarray]:
    """Add up the gradients of a projection's weight and bias over all N tokens."""
    return {"weight": x.T @ d_out, "bias": d_out.sum(axis=0)}  # [D_in, N] @ [N, D_out]


def _add_to_rows(table: np.ndarray, ids: np.ndarray, rows: np.ndarray) -> None:
    """Add row n to the row ids[n] of a table, in place; faster than np.add.at, which goes one by one."""
    order = np.argsort(ids, kind="stable")
    tokens, first = np.unique(ids[order], return_index=True)
    table[tokens] += np.add.reduceat(rows[order], first, axis=0)


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
    state = state or {"step": 0, "m": tree_map(np.zeros_like, params), "v": tree_map(np.zeros_like, params)}
    step, (beta_1, beta_2) = state["step"] + 1, betas
    # TODO 2: move the running means of the gradient and of its square
    m = tree_map(lambda old, g: _running_mean(old, g, beta_1), state["m"], grads)
    v = tree_map(lambda old, g: _running_mean(old, g * g, beta_2), state["v"], grads)

    # TODO 3: correct both for their start at zero, decay the arrays with two axes or more, and step
    def stepped(p: np.ndarray, m: np.ndarray, v: np.ndarray) -> np.ndarray:
        move = np.sqrt(v)
        move *= 1 / math.sqrt(1 - beta_2**step)
        move += eps
        np.divide(m, move, out=move)
        move *= -lr / (1 - beta_1**step)
        move += p * (1 - lr * weight_decay) if p.ndim >= 2 else p
        return move

    return tree_map(stepped, params, m, v), {"step": step, "m": m, "v": v}


def _running_mean(old: np.ndarray, new: np.ndarray, beta: float) -> np.ndarray:
    """Give beta * old + (1 - beta) * new, which a mean over about 1 / (1 - beta) steps is."""
    mean = old * beta
    mean += new * (1 - beta)
    return mean


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
    if temperature < 0 or (top_k is not None and top_k < 1) or (top_p is not None and not 0 < top_p <= 1):
        raise ValueError("temperature must be 0 or more, top_k 1 or more, and top_p in (0, 1]")
    # TODO 2: at temperature 0, put everything on the first largest score
    logits, n_vocab = logits * 1.0, logits.shape[-1]
    if temperature == 0:
        best = logits.argmax(axis=-1)[..., np.newaxis]  # [..., 1]
        return (np.arange(n_vocab) == best).astype(logits.dtype)
    # TODO 3: divide by the temperature, then drop what is below the k-th largest score
    scores = logits / temperature
    if top_k is not None and top_k < n_vocab:
        kth = np.sort(scores, axis=-1)[..., -top_k, np.newaxis]  # [..., 1]
        scores = np.where(scores < kth, -np.inf, scores)
    # TODO 4: turn scores into probabilities (1.1), then keep the smallest set that reaches top_p
    probabilities = softmax(scores)
    if top_p is not None:
        order = np.argsort(-probabilities, axis=-1, kind="stable")
        ordered = np.take_along_axis(probabilities, order, axis=-1)
        before = np.cumsum(ordered, axis=-1) - ordered  # what the larger ones have already
        kept = np.where(before < top_p, ordered, 0)
        np.put_along_axis(probabilities, order, kept / kept.sum(axis=-1, keepdims=True), axis=-1)
    return probabilities


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
    n_positions = params["wpe"]["weight"].shape[0]
    for _ in range(n_new):
        logits = gpt_forward(ids[:, -n_positions:], params, n_head)[:, -1]  # [B, V]
        reached = next_token_probabilities(logits, temperature, top_k, top_p).cumsum(axis=-1)  # [B, V]
        draws = rng.random(len(ids))[:, np.newaxis] * reached[:, -1:]  # a sum may miss 1 by a rounding
        new = (reached > draws).argmax(axis=-1)[:, np.newaxis]  # [B, 1]
        ids = np.concatenate([ids, new.astype(ids.dtype)], axis=1)
    return ids


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
    loss, grads = gpt_loss_and_gradients(ids, targets, params, n_head)
    params, state = adamw_step(params, grads, state, lr)
    return loss, params, state
