"""Known wrong solutions of lesson 6. The docstring of each is what a student reads who made it."""

import math

import numpy as np

from grader.testing import misconception
from minigpt.attention import softmax
from minigpt.feed_forward import feed_forward, feed_forward_backward, layer_norm, layer_norm_backward
from minigpt.multi_head import multi_head_attention, multi_head_attention_backward
from minigpt.parameters import tree_map
from minigpt.positional import add_positions
from minigpt.self_attention import causal_mask, embed
from minigpt.transformer import (
    adamw_step,
    cross_entropy,
    gpt_forward,
    gpt_loss_and_gradients,
    next_token_probabilities,
    transformer_block,
)


def normal(x, params):
    """Normalise with the parameters of a norm, for mistakes that lie elsewhere."""
    return layer_norm(x, params["weight"], params["bias"])


def first_vectors(ids, params):
    """Look tokens up and add their positions, the right way."""
    return add_positions(embed(ids, params["wte"]["weight"]), params["wpe"]["weight"])


def scored(x, params):
    """Finish a model the right way: the last norm, then the tied head."""
    return normal(x, params["ln_f"]) @ params["wte"]["weight"].T


def right_loss(logits, targets, ignore_index):
    """Compute the parts of cross-entropy the right way: what counts, how many, surprises, probabilities."""
    counts = targets != ignore_index
    logs = logits - logits.max(axis=-1, keepdims=True)
    logs = logs - np.log(np.exp(logs).sum(axis=-1, keepdims=True))
    safe = np.where(counts, targets, 0)[..., None]
    surprises = -np.take_along_axis(logs, safe, axis=-1)[..., 0] * counts
    hits = (np.arange(logits.shape[-1]) == safe).astype(logits.dtype)
    return counts, max(int(counts.sum()), 1), surprises, (np.exp(logs) - hits) * counts[..., None]


def adam_means(params, grads, state, betas):
    """Move the running means of AdamW the right way; give the number of the step, m and v."""
    if state is None:
        zeros = tree_map(np.zeros_like, params)
        state = {"step": 0, "m": zeros, "v": zeros}
    m = tree_map(lambda old, g: betas[0] * old + (1 - betas[0]) * g, state["m"], grads)
    v = tree_map(lambda old, g: betas[1] * old + (1 - betas[1]) * g * g, state["v"], grads)
    return state["step"] + 1, m, v


def adam_params(params, step, m, v, settings):
    """Step the right way from running means; settings are lr, betas, eps and weight_decay."""
    lr, betas, eps, weight_decay = settings

    def stepped(p, m, v):
        p = p * (1 - lr * weight_decay) if p.ndim >= 2 else p
        return p - lr * (m / (1 - betas[0] ** step)) / (np.sqrt(v / (1 - betas[1] ** step)) + eps)

    return tree_map(stepped, params, m, v)


def refuse_settings(temperature, top_k, top_p):
    """Refuse what next_token_probabilities has to refuse."""
    if temperature < 0 or (top_k is not None and top_k < 1) or (top_p is not None and not 0 < top_p <= 1):
        raise ValueError("bad settings")


def first_best(logits):
    """Put everything on the first largest score, the right way."""
    best = logits.argmax(axis=-1)[..., None]
    return (np.arange(logits.shape[-1]) == best).astype(logits.dtype)


def largest_scores(scores, top_k):
    """Tell which scores top_k keeps, the right way."""
    if top_k is None or top_k >= scores.shape[-1]:
        return np.ones(scores.shape, dtype=bool)
    return scores >= np.sort(scores, axis=-1)[..., -top_k, None]


def reaching(shares, top_p):
    """Tell which probabilities top_p keeps, the right way."""
    if top_p is None:
        return np.ones(shares.shape, dtype=bool)
    order = np.argsort(-shares, axis=-1, kind="stable")
    ordered = np.take_along_axis(shares, order, axis=-1)
    kept = np.empty(shares.shape, dtype=bool)
    np.put_along_axis(kept, order, np.cumsum(ordered, axis=-1) - ordered < top_p, axis=-1)
    return kept


def cut_at_p(shares, top_p):
    """Apply top_p to probabilities the right way."""
    kept = np.where(reaching(shares, top_p), shares, 0).astype(shares.dtype)
    return kept / kept.sum(axis=-1, keepdims=True)


def drawn_tokens(shares, draws):
    """Give the first token at which the running sum exceeds each draw, the right way."""
    return (np.cumsum(shares, axis=-1) > draws[:, None]).argmax(axis=-1)


def windows_at(data, starts, block_size):
    """Cut windows at these starts, and their targets, the right way."""
    places = starts[:, None] + np.arange(block_size)
    return data[places], data[places + 1]


# ---------------------------------------------------------------- 6.1 transformer_block

# Pre-LN in place of post-LN is right here: it would be a mistake in 5.7, which is post-LN.


@misconception("6.1", loses=["encoder", "decoder", "stream"], title="post-LN instead of pre-LN")
def post_for_pre(x, params, n_head, mask=None):
    """You normalise after adding, as the first paper did. This block normalises what a sublayer reads.

    With post-LN the stream itself is normalised twice in every block, and deep models become hard to train.
    With pre-LN a straight line leads from the first block to the last. Where does the norm stand on it?
    """
    x = normal(x + multi_head_attention(x, params["attn"], n_head, mask)[0], params["ln_1"])
    return normal(x + feed_forward(x, params["mlp"]), params["ln_2"])


@misconception("6.1", loses=["encoder", "decoder", "stream"], title="nothing goes round the sublayers")
def no_residual(x, params, n_head, mask=None):
    """You give only what the sublayers found; the stream itself is lost on the way.

    A block is there to add something to the stream, not to replace it.
    What should come out when both sublayers say nothing?
    """
    x = multi_head_attention(normal(x, params["ln_1"]), params["attn"], n_head, mask)[0]
    return feed_forward(normal(x, params["ln_2"]), params["mlp"])


@misconception("6.1", loses=["encoder", "decoder", "stream"], title="the norm stands on the stream")
def norm_on_the_residual_path(x, params, n_head, mask=None):
    """You add to the normalised stream, not to the stream.

    It happens when one name holds both: after x = norm(x) the old x is gone.
    The sublayer reads the normalised copy; what goes round it stays as it was.
    """
    x = normal(x, params["ln_1"])
    x = x + multi_head_attention(x, params["attn"], n_head, mask)[0]
    x = normal(x, params["ln_2"])
    return x + feed_forward(x, params["mlp"])


@misconception("6.1", loses=["encoder", "decoder", "stream"], title="what attention found is left out")
def only_the_second_sublayer_is_added(x, params, n_head, mask=None):
    """Your second sum starts from the stream that came into the block, so what attention added is lost.

    The network does read it, but the stream should carry it on as well.
    To what does the second sublayer add?
    """
    middle = x + multi_head_attention(normal(x, params["ln_1"]), params["attn"], n_head, mask)[0]
    return x + feed_forward(normal(middle, params["ln_2"]), params["mlp"])


@misconception("6.1", loses=["encoder", "decoder"], title="the second norm is missing")
def network_reads_the_raw_stream(x, params, n_head, mask=None):
    """Your feed-forward network reads the stream as it is, without a norm before it.

    Both sublayers read a normalised copy, each with a norm of its own.
    Which of the four entries of params did you not use?
    """
    x = x + multi_head_attention(normal(x, params["ln_1"]), params["attn"], n_head, mask)[0]
    return x + feed_forward(x, params["mlp"])


@misconception("6.1", loses=["encoder", "decoder"], title="the first norm serves twice")
def first_norm_twice(x, params, n_head, mask=None):
    """You normalise with ln_1 before both sublayers.

    The second has a norm of its own, with other gammas and betas.
    It is easily overlooked after copying a line.
    """
    x = x + multi_head_attention(normal(x, params["ln_1"]), params["attn"], n_head, mask)[0]
    return x + feed_forward(normal(x, params["ln_1"]), params["mlp"])


@misconception("6.1", loses=["encoder", "decoder"], title="attention and network do not follow each other")
def parallel_sublayers(x, params, n_head, mask=None):
    """Your network reads the stream as it was before attention added to it.

    Some models do compute both side by side, but in GPT-2 the network thinks about what attention gathered.
    What does the second norm read?
    """
    found = multi_head_attention(normal(x, params["ln_1"]), params["attn"], n_head, mask)[0]
    return x + found + feed_forward(normal(x, params["ln_2"]), params["mlp"])


@misconception("6.1", loses=["decoder"], title="the mask does not reach attention")
def decoder_unmasked(x, params, n_head, mask=None):
    """Your answer is the same with a mask and without one, so a decoder sees the future.

    The argument arrives, but is it handed on? In training such a model looks wonderfully good,
    and then it cannot write, since there is no future to copy from.
    """
    x = x + multi_head_attention(normal(x, params["ln_1"]), params["attn"], n_head)[0]
    return x + feed_forward(normal(x, params["ln_2"]), params["mlp"])


@misconception("6.1", loses=["encoder"], title="always a causal mask")
def encoder_masked(x, params, n_head, mask=None):
    """Without a mask your tokens still do not see those after them.

    A block is told by its mask whether it belongs to an encoder or to a decoder; None means that all see all.
    Who makes the causal mask for a GPT?
    """
    mask = causal_mask(x.shape[-2]) if mask is None else mask
    x = x + multi_head_attention(normal(x, params["ln_1"]), params["attn"], n_head, mask)[0]
    return x + feed_forward(normal(x, params["ln_2"]), params["mlp"])


@misconception("6.1", loses=["dtype"], title="float32 has become float64")
def block_upcasts(x, params, n_head, mask=None):
    """Your stream is right, but a float32 one comes out as float64, and makes all later blocks twice as slow.

    A NumPy number, np.zeros without a dtype, or dtype=float lifts everything that it meets.
    """
    stream = np.zeros(x.shape)
    stream = stream + x + multi_head_attention(normal(x, params["ln_1"]), params["attn"], n_head, mask)[0]
    return stream + feed_forward(normal(stream, params["ln_2"]), params["mlp"])


@misconception("6.1", loses=["pure"], title="writing into the stream")
def adds_in_place(x, params, n_head, mask=None):
    """Your function adds to the very array that it was given, and a locked one raises an error.

    Whoever called it may still need the old stream; going backwards does. The operator += changes an array
    in place.
    """
    x += multi_head_attention(normal(x, params["ln_1"]), params["attn"], n_head, mask)[0]
    x += feed_forward(normal(x, params["ln_2"]), params["mlp"])
    return x


# ---------------------------------------------------------------- 6.2 gpt_forward


@misconception("6.2", loses=["logits", "causal", "gpt2"], title="no causal mask")
def no_causal_mask(ids, params, n_head):
    """Your scores for a place change when a later token changes: the model sees the future.

    In training its loss falls far below what is possible, because it copies the answer. Then it cannot write.
    What has to go into every block beside the stream?
    """
    x = first_vectors(ids, params)
    for block in params["h"]:
        x = transformer_block(x, block, n_head)
    return scored(x, params)


@misconception("6.2", loses=["logits", "gpt2"], title="the last norm is missing")
def no_final_norm(ids, params, n_head):
    """Your scores come from the raw stream. After the last block GPT-2 normalises once more.

    With pre-LN the stream itself is never normalised on its way, so its numbers grow from block to block.
    Which entry of params did you not use?
    """
    x = first_vectors(ids, params)
    for block in params["h"]:
        x = transformer_block(x, block, n_head, causal_mask(ids.shape[-1]))
    return x @ params["wte"]["weight"].T


@misconception("6.2", loses=["logits", "gpt2"], title="positions come after the blocks")
def positions_after_the_blocks(ids, params, n_head):
    """You add the positions to what comes out of the blocks, so attention does not know where tokens stand.

    For attention "cat sat on mat" and "mat sat on cat" are then nearly the same.
    When must a token learn its place?
    """
    x = embed(ids, params["wte"]["weight"])
    for block in params["h"]:
        x = transformer_block(x, block, n_head, causal_mask(ids.shape[-1]))
    return scored(add_positions(x, params["wpe"]["weight"]), params)


@misconception("6.2", loses=["logits", "gpt2"], title="positions are missing")
def no_positions(ids, params, n_head):
    """Your model does not know where its tokens stand: the table of positions is not added.

    Attention by itself treats a text as a bag of words. Which entry of params tells it the order?
    """
    x = embed(ids, params["wte"]["weight"])
    if ids.shape[-1] > params["wpe"]["weight"].shape[0]:
        raise ValueError("too long")
    for block in params["h"]:
        x = transformer_block(x, block, n_head, causal_mask(ids.shape[-1]))
    return scored(x, params)


@misconception("6.2", loses=["logits", "gpt2"], title="the square projection is turned round")
def square_c_proj_transposed(ids, params, n_head):
    """Your attention's output projection is used the other way round. It is square, so no error tells you.

    PyTorch's linear layers keep [D_out, D_in]; the weights of GPT-2, and yours, are [D_in, D_out] and are
    used as x @ weight. Look for a .T that should not be there.
    """
    x, mask = first_vectors(ids, params), causal_mask(ids.shape[-1])
    for block in params["h"]:
        turned = {"weight": block["attn"]["c_proj"]["weight"].T, "bias": block["attn"]["c_proj"]["bias"]}
        x = transformer_block(x, {**block, "attn": {**block["attn"], "c_proj": turned}}, n_head, mask)
    return scored(x, params)


@misconception("6.2", loses=["logits", "gpt2"], title="the first block is used again and again")
def one_block_reused(ids, params, n_head):
    """With one block your model is right; with two, the first one does the work of both.

    Every block has parameters of its own. What changes from one round of your loop to the next?
    """
    x = first_vectors(ids, params)
    for _ in params["h"]:
        x = transformer_block(x, params["h"][0], n_head, causal_mask(ids.shape[-1]))
    return scored(x, params)


@misconception("6.2", loses=["logits", "gpt2"], title="every block starts from the beginning")
def blocks_do_not_follow(ids, params, n_head):
    """Each of your blocks reads the first vectors, not what the block before it made; only the last counts.

    The stream goes through all blocks, one after another.
    What does a block get, and where does its answer go?
    """
    start = x = first_vectors(ids, params)
    for block in params["h"]:
        x = transformer_block(start, block, n_head, causal_mask(ids.shape[-1]))
    return scored(x, params)


@misconception("6.2", loses=["logits", "gpt2"], title="token vectors are scaled")
def scales_the_embedding(ids, params, n_head):
    """You multiply the vectors of the tokens by the root of D.

    The first transformer did that; GPT-2 does not, and weights trained without it do not fit.
    """
    x = embed(ids, params["wte"]["weight"]) * math.sqrt(params["wte"]["weight"].shape[-1])
    x = add_positions(x, params["wpe"]["weight"])
    for block in params["h"]:
        x = transformer_block(x, block, n_head, causal_mask(ids.shape[-1]))
    return scored(x, params)


@misconception("6.2", loses=["logits", "gpt2"], title="probabilities instead of scores")
def gives_probabilities(ids, params, n_head):
    """Your answer is positive and each row sums to one: these are probabilities. The model gives scores.

    Loss and sampling turn scores into probabilities themselves, and if it happens twice, all become nearly
    equal.
    """
    return softmax(gpt_by_the_book(ids, params, n_head))


def gpt_by_the_book(ids, params, n_head):
    """Compute the whole model the right way, for mistakes around it."""
    x, mask = first_vectors(ids, params), causal_mask(ids.shape[-1])
    for block in params["h"]:
        x = transformer_block(x, block, n_head, mask)
    return scored(x, params)


@misconception("6.2", loses=["logits", "causal", "gpt2"], title="only the last place is scored")
def only_the_last_place(ids, params, n_head):
    """You give scores for the last place only. Every place has a next token, so there are T rows of scores.

    Training uses all of them at once; writing picks the last one itself.
    """
    return gpt_by_the_book(ids, params, n_head)[..., -1, :]


@misconception("6.2", loses=["refuses"], title="ids are looked up unchecked")
def unchecked_ids(ids, params, n_head):
    """You answer the id -1 with the last token of the table, where it should be refused.

    NumPy counts negative numbers from the end, so a mistake in a text stays unseen.
    Your own function of exercise 2.1 checks the ids: is it in use here?
    """
    x = add_positions(params["wte"]["weight"][ids], params["wpe"]["weight"])
    for block in params["h"]:
        x = transformer_block(x, block, n_head, causal_mask(ids.shape[-1]))
    return scored(x, params)


@misconception("6.2", loses=["dtype"], title="float32 has become float64")
def scores_upcast(ids, params, n_head):
    """Your scores are right, but float32 parameters give float64 scores.

    A NumPy number, np.zeros without a dtype, or dtype=float lifts everything that it meets, and everything
    after it takes twice the memory and time.
    """
    x, mask = first_vectors(ids, params) + np.zeros(1), causal_mask(ids.shape[-1])
    for block in params["h"]:
        x = transformer_block(x, block, n_head, mask)
    return scored(x, params)


@misconception("6.2", loses=["pure"], title="writing into the parameters")
def writes_into_the_table(ids, params, n_head):
    """Your function writes into the table of tokens that it was given, and a locked one raises an error.

    The parameters belong to the caller, and the next batch needs them as they were.
    Operators such as += and *= change an array in place.
    """
    table = params["wte"]["weight"]
    table *= 1.0
    return gpt_by_the_book(ids, params, n_head)


# ---------------------------------------------------------------- 6.3 cross_entropy


@misconception("6.3", loses=["loss", "gradient", "ignored"], title="a sum instead of a mean")
def sum_not_mean(logits, targets, ignore_index=-100):
    """Your loss and gradient grow with the number of tokens: you add the surprises up.

    A mean does not depend on the size of a batch, and neither should the learning rate.
    By what do you have to divide both?
    """
    _, _, surprises, d_logits = right_loss(logits, targets, ignore_index)
    return float(surprises.sum()), d_logits


@misconception("6.3", loses=["stable"], title="exp of the raw scores")
def no_max(logits, targets, ignore_index=-100):
    """Large scores give nan or infinity: their exponentials overflow, and so does the logarithm of zero.

    Only differences between the scores of a row count, so you may move each row before you take exponentials.
    And the logarithm of softmax can be written without a division.
    """
    counts = targets != ignore_index
    n, safe = max(int(counts.sum()), 1), np.where(counts, targets, 0)[..., None]
    powers = np.exp(1.0 * logits)
    shares = powers / powers.sum(axis=-1, keepdims=True)
    hits = (np.arange(logits.shape[-1]) == safe).astype(logits.dtype)
    surprises = -np.log(np.take_along_axis(shares, safe, axis=-1)[..., 0]) * counts
    return float(surprises.sum()) / n, (shares - hits) * counts[..., None] / n


@misconception("6.3", loses=["stable"], title="the logarithm of a probability that is zero")
def log_of_softmax(logits, targets, ignore_index=-100):
    """Your loss becomes infinite when the right score lies 1000 below the best: its probability rounds to 0.

    Softmax is safe, but its logarithm is not: log(exp(-1000)) should be -1000.
    Take the logarithm on paper first, and see which exponential is left.
    """
    counts, n, _, d_logits = right_loss(logits, targets, ignore_index)
    safe = np.where(counts, targets, 0)[..., None]
    picked = np.take_along_axis(softmax(logits), safe, axis=-1)[..., 0]
    return float((-np.log(picked) * counts).sum()) / n, d_logits / n


@misconception("6.3", loses=["ignored"], title="ignored places count in the number")
def padding_counted(logits, targets, ignore_index=-100):
    """You add up the right surprises, but divide by all places, the ignored ones too.

    A batch with much padding then seems better than it is.
    Over how many places is the mean taken?
    """
    _, _, surprises, d_logits = right_loss(logits, targets, ignore_index)
    return float(surprises.sum()) / targets.size, d_logits / targets.size


@misconception("6.3", loses=["ignored"], title="nothing is ignored")
def ignore_ignored(logits, targets, ignore_index=-100):
    """Places whose target is ignore_index count like all the others.

    Such a target is no token; it marks padding. With -100 NumPy even looks for a token that is not there.
    Which places may add to the loss, and which rows of the gradient must be zero?
    """
    n, places = targets.size, tuple(np.indices(targets.shape))
    logs = logits - logits.max(axis=-1, keepdims=True)
    logs = logs - np.log(np.exp(logs).sum(axis=-1, keepdims=True))
    d_logits = np.exp(logs)
    d_logits[(*places, targets)] -= 1
    return float(-logs[(*places, targets)].sum()) / n, d_logits / n


@misconception("6.3", loses=["ignored"], title="nan when nothing counts")
def nan_when_nothing_counts(logits, targets, ignore_index=-100):
    """When every target is to be ignored you divide zero by zero, and one nan spoils a whole training.

    A mean over nothing has to be decided by hand. What does the docstring say it is?
    """
    counts, _, surprises, d_logits = right_loss(logits, targets, ignore_index)
    return float(surprises.sum() / counts.sum()), (d_logits / counts.sum()).astype(logits.dtype)


@misconception("6.3", loses=["ignored"], title="ignored places keep a gradient")
def gradient_of_ignored_places(logits, targets, ignore_index=-100):
    """Your loss is right, but places that do not count still have a gradient.

    What is not in the loss cannot change it: these rows of the gradient are zero.
    Otherwise the model learns to write padding, or to avoid the first token of the vocabulary.
    """
    _, n, surprises, _ = right_loss(logits, targets, ignore_index)
    safe = np.where(targets != ignore_index, targets, 0)
    d_logits = right_loss(logits, safe, None)[3]
    return float(surprises.sum()) / n, d_logits / n


@misconception("6.3", loses=["loss", "gradient", "stable", "ignored"], title="softmax over the places")
def softmax_over_time(logits, targets, ignore_index=-100):
    """Your places compete with each other for each token, where the tokens should compete at each place.

    At every place the probabilities over the vocabulary sum to one.
    Along which axis of [..., T, V] does the vocabulary lie?
    """
    counts, n = targets != ignore_index, max(int((targets != ignore_index).sum()), 1)
    safe = np.where(counts, targets, 0)[..., None]
    logs = logits - logits.max(axis=-2, keepdims=True)
    logs = logs - np.log(np.exp(logs).sum(axis=-2, keepdims=True))
    hits = (np.arange(logits.shape[-1]) == safe).astype(logits.dtype)
    surprises = -np.take_along_axis(logs, safe, axis=-1)[..., 0] * counts
    return float(surprises.sum()) / n, (np.exp(logs) - hits) * counts[..., None] / n


@misconception("6.3", loses=["gradient", "stable", "ignored"], title="the gradient points the wrong way")
def sign(logits, targets, ignore_index=-100):
    """Your gradient has the opposite sign: as if a better score for the right token made the loss grow.

    Training would then learn to be as wrong as it can. The right token's score should have a negative
    gradient, since raising it lowers the loss.
    """
    _, n, surprises, d_logits = right_loss(logits, targets, ignore_index)
    return float(surprises.sum()) / n, -d_logits / n


@misconception("6.3", loses=["loss", "stable", "ignored"], title="the minus before the logarithm is missing")
def negative_loss(logits, targets, ignore_index=-100):
    """Your loss is negative. The logarithm of a probability is negative, and the surprise is its opposite.

    A perfect model has the loss zero; every other model has more.
    """
    _, n, surprises, d_logits = right_loss(logits, targets, ignore_index)
    return float(-surprises.sum()) / n, d_logits / n


@misconception("6.3", loses=["loss", "stable", "ignored"], title="bits instead of nats")
def in_bits(logits, targets, ignore_index=-100):
    """Your loss is larger than it should be by a factor of 1.4427: it is counted in bits.

    The course counts in nats, with the natural logarithm, and so does the gradient.
    """
    _, n, surprises, d_logits = right_loss(logits, targets, ignore_index)
    return float(surprises.sum()) / n / math.log(2), d_logits / n


@misconception("6.3", loses=["loss", "gradient", "stable", "ignored"], title="softmax was taken twice")
def double_softmax(logits, targets, ignore_index=-100):
    """You took softmax of the scores, and then once more on the way to the loss.

    Probabilities differ by less than one, so a second softmax makes them nearly equal, and learning is slow.
    Cross-entropy gets scores, and turns them into probabilities once.
    """
    _, n, surprises, d_logits = right_loss(softmax(logits), targets, ignore_index)
    return float(surprises.sum()) / n, d_logits / n


@misconception("6.3", loses=["gradient", "ignored"], title="the gradient is not divided")
def not_divided_by_tokens(logits, targets, ignore_index=-100):
    """Your loss is a mean, but your gradient is that of a sum.

    When the loss is divided by the number of places that count, every slope is as well.
    """
    _, n, surprises, d_logits = right_loss(logits, targets, ignore_index)
    return float(surprises.sum()) / n, d_logits


@misconception("6.3", loses=["loss", "gradient", "stable", "ignored", "dtype", "pure"],
               title="only the loss comes back")
def only_the_loss(logits, targets, ignore_index=-100):
    """Your function returns one number. The exercise asks for two things: the loss and its gradient.

    The gradient is where the way back through the model begins.
    """
    _, n, surprises, _ = right_loss(logits, targets, ignore_index)
    return float(surprises.sum()) / n


@misconception("6.3", loses=["dtype"], title="float32 has become float64")
def one_hot_upcasts(logits, targets, ignore_index=-100):
    """Your numbers are right, but float32 scores have a float64 gradient.

    np.eye and np.zeros make float64 arrays unless they are told a dtype, and lift all that they meet.
    Every gradient of the model grows out of this one.
    """
    _, n, surprises, d_logits = right_loss(logits, targets, ignore_index)
    return float(surprises.sum()) / n, (d_logits + np.zeros(1)) / n


@misconception("6.3", loses=["pure"], title="writing into the scores")
def shifts_in_place(logits, targets, ignore_index=-100):
    """Your function writes into the scores that it was given, and locked ones raise an error.

    Whoever called it may still need them. The operator -= changes an array in place.
    """
    logits -= logits.max(axis=-1, keepdims=True)
    _, n, surprises, d_logits = right_loss(logits, targets, ignore_index)
    return float(surprises.sum()) / n, d_logits / n


# ---------------------------------------------------------------- 6.4 get_batch


@misconception("6.4", loses=["targets", "last-window"], title="the targets are not moved")
def not_shifted(data, batch_size, block_size, rng):
    """Your targets are the inputs themselves. A model then learns to repeat its last token, which is no art.

    The target of a place is the token that comes after it.
    """
    x, _ = windows_at(data, rng.integers(len(data) - block_size, size=batch_size), block_size)
    return x, x.copy()


@misconception("6.4", loses=["targets", "last-window"], title="the targets are moved by two")
def shifted_twice(data, batch_size, block_size, rng):
    """Your targets are moved by two places, so the model never learns to write the next token.

    Perhaps the text was moved once already when the windows were cut. At the end of the text such targets
    do not even exist.
    """
    starts = rng.integers(len(data) - block_size, size=batch_size)
    places = starts[:, None] + np.arange(block_size)
    return data[places], data[places + 2]


@misconception("6.4", loses=["last-window"], title="the last window is never drawn")
def last_window_never(data, batch_size, block_size, rng):
    """Your starts end one too early, so the last token of the text is never a target.

    rng.integers(n) gives numbers below n, so the last one is left out already.
    In a text of five tokens with windows of four, how many starts are there?
    """
    return windows_at(data, rng.integers(len(data) - block_size - 1, size=batch_size), block_size)


@misconception("6.4", loses=["last-window"], title="a start too far")
def index_error(data, batch_size, block_size, rng):
    """Now and then your windows reach past the end of the text, and NumPy raises an IndexError.

    It is rare in a long text, and so it comes up an hour into the training.
    The last window needs a target for its last token as well. Where must it start?
    """
    return windows_at(data, rng.integers(len(data) - block_size + 1, size=batch_size), block_size)


@misconception("6.4", loses=["windows", "last-window"], title="one start for all windows")
def one_start_for_all(data, batch_size, block_size, rng):
    """All windows of your batch are the same: only one start is drawn.

    A batch of equal texts teaches no more than one of them. How many starts does the docstring draw?
    """
    start = rng.integers(len(data) - block_size)
    return windows_at(data, np.full(batch_size, start), block_size)


@misconception("6.4", loses=["last-window"], title="windows side by side")
def windows_side_by_side(data, batch_size, block_size, rng):
    """Your windows lie side by side in the text, where each one should start at a place of its own.

    Neighbours tell the same story, so such a batch teaches less. Every window has a start drawn for it.
    """
    start = rng.integers(len(data) - block_size)
    starts = (start + np.arange(batch_size) * block_size) % (len(data) - block_size)
    return windows_at(data, starts, block_size)


# ---------------------------------------------------------------- 6.5 gpt_loss_and_gradients


def whole_way(ids, targets, params, n_head, wrong=""):
    """Go forward and back through a GPT with the functions of earlier lessons; `wrong` names a mistake."""
    mask = None if wrong == "mask" else causal_mask(ids.shape[-1])
    stream, kept = first_vectors(ids, params), []
    for block in params["h"]:
        normal_1 = normal(stream, block["ln_1"])
        middle = stream + multi_head_attention(normal_1, block["attn"], n_head, mask)[0]
        normal_2 = normal(middle, block["ln_2"])
        kept.append((stream, normal_1, middle, normal_2))
        stream = middle + feed_forward(normal_2, block["mlp"])
    last, wte = normal(stream, params["ln_f"]), params["wte"]["weight"]
    loss, d_logits = cross_entropy(last @ wte.T, targets)
    d, d_gamma, d_beta = layer_norm_backward(d_logits @ wte, stream, params["ln_f"]["weight"])
    d = d_logits @ wte if wrong == "last norm" else d
    head = d_logits.reshape(-1, len(wte)).T @ last.reshape(-1, last.shape[-1])
    blocks = []
    for block, memory in zip(params["h"][::-1], kept[::-1], strict=True):
        d, grads = back_through_block(d, memory, block, (n_head, None if wrong == "backward mask" else mask),
                                      wrong)
        blocks.insert(0, grads)
    if wrong == "order":
        blocks.reverse()
    return loss, {**table_gradients(ids, d, params, head, wrong), "h": blocks,
                  "ln_f": {"weight": d_gamma, "bias": d_beta}}


def back_through_block(d, memory, block, how, wrong):
    """Go back through one block; without its bypass when `wrong` says so."""
    stream, normal_1, middle, normal_2 = memory
    bypass = 0.0 if wrong == "bypass" else 1.0
    d_normal, mlp = feed_forward_backward(d, middle if wrong == "raw" else normal_2, block["mlp"])
    d_x, *ln_2 = layer_norm_backward(d_normal, middle, block["ln_2"]["weight"])
    d = bypass * d + d_x
    read = stream if wrong == "raw" else normal_1
    d_normal, attn = multi_head_attention_backward(d, read, block["attn"], *how)
    d_x, *ln_1 = layer_norm_backward(d_normal, stream, block["ln_1"]["weight"])
    norms = [{"weight": norm[0], "bias": norm[1]} for norm in (ln_1, ln_2)]
    return bypass * d + d_x, {"ln_1": norms[0], "attn": attn, "ln_2": norms[1], "mlp": mlp}


def table_gradients(ids, d, params, head, wrong):
    """Collect the gradients of both tables, the right way or a wrong one."""
    if wrong == "one path":
        head = np.zeros_like(head)
    if wrong == "assigned":
        head[ids] += d
    elif wrong != "other path":
        np.add.at(head, ids, d)
    wpe = np.zeros_like(params["wpe"]["weight"])
    wpe[: ids.shape[-1]] = d.mean(axis=0) if wrong == "mean" else d.sum(axis=0)
    return {"wte": {"weight": head}, "wpe": {"weight": wpe[: ids.shape[-1]] if wrong == "short" else wpe}}


@misconception("6.5", loses=["loss"], title="the loss is a sum")
def loss_is_a_sum(ids, targets, params, n_head):
    """Your gradients are those of a mean, but the loss that you return has been multiplied by the tokens.

    Loss and gradients must belong to each other. What does cross_entropy give you?
    """
    loss, grads = whole_way(ids, targets, params, n_head)
    return loss * targets.size, grads


@misconception("6.5", loses=["loss", "blocks", "tables", "torch"], title="no causal mask")
def loss_with_foresight(ids, targets, params, n_head):
    """Your loss is that of a model that sees the tokens which it should guess.

    Its gradients belong to that model as well, and training teaches it to copy.
    gpt_forward uses a causal mask; does your forward pass, and your way back?
    """
    return whole_way(ids, targets, params, n_head, "mask")


@misconception("6.5", loses=["blocks", "tables", "torch"], title="the way back goes without a mask")
def backward_without_mask(ids, targets, params, n_head):
    """Your loss is right, but on the way back attention is treated as if there had been no mask.

    Backward functions compute the forward pass again, so they need every argument that it had.
    """
    return whole_way(ids, targets, params, n_head, "backward mask")


@misconception("6.5", loses=["tables", "torch"], title="a token that stands at several places counts once")
def embedding_assigned_not_added(ids, targets, params, n_head):
    """Tokens that stand at several places have too small a gradient: only one of the places was added.

    With an array as index, += writes each row once, however often it is named.
    NumPy has another function that really adds at every place.
    """
    return whole_way(ids, targets, params, n_head, "assigned")


@misconception("6.5", loses=["tables", "torch"], title="the head's part of the gradient is missing")
def tied_gradient_one_path(ids, targets, params, n_head):
    """Your table of tokens gets its gradient from the look-up only. The table is used twice.

    The head compares with the rows of the very same table, so it sends them a gradient too.
    Tokens that are not in the text have one as well. What is added to what?
    """
    return whole_way(ids, targets, params, n_head, "one path")


@misconception("6.5", loses=["tables", "torch"], title="the look-up's part of the gradient is missing")
def tied_gradient_other_path(ids, targets, params, n_head):
    """Your table of tokens gets its gradient from the head only. The table is used twice.

    What arrives at the very beginning of the model belongs to the rows that were looked up there.
    """
    return whole_way(ids, targets, params, n_head, "other path")


@misconception("6.5", loses=["blocks", "tables", "torch"], title="no gradient goes round the sublayers")
def residual_gradient_dropped(ids, targets, params, n_head):
    """Your gradient goes back through the sublayers, but not round them, so early blocks get hardly any.

    x + f(x) has two paths back: one through f, and one that passes it untouched.
    What has to be added after each sublayer?
    """
    return whole_way(ids, targets, params, n_head, "bypass")


@misconception("6.5", loses=["blocks", "tables", "torch"], title="the last norm is left out on the way back")
def last_norm_skipped(ids, targets, params, n_head):
    """Your gradients of the last norm are right, but the one that goes on into the blocks has not passed it.

    layer_norm_backward gives three things. Which one is for the blocks?
    """
    return whole_way(ids, targets, params, n_head, "last norm")


@misconception("6.5", loses=["blocks", "torch"], title="the blocks' gradients come in the wrong order")
def blocks_reversed(ids, targets, params, n_head):
    """Each gradient is right, but they are listed from the last block to the first.

    On the way back you meet the last block first. params["h"] begins with the first one.
    """
    return whole_way(ids, targets, params, n_head, "order")


@misconception("6.5", loses=["blocks", "tables", "torch"], title="the sublayers' inputs, before the norm")
def inputs_before_the_norm(ids, targets, params, n_head):
    """Your backward functions are given the stream, where the sublayers had read the normalised stream.

    Whoever goes back must see exactly what went in. What did attention read, and what the network?
    """
    return whole_way(ids, targets, params, n_head, "raw")


@misconception("6.5", loses=["tables", "torch"], title="the gradient of a position is a mean over the texts")
def position_gradient_is_a_mean(ids, targets, params, n_head):
    """Your gradients of the positions are too small by the number of texts in the batch.

    One row of the table served all texts, so it collects from all of them. The loss was a mean already.
    """
    return whole_way(ids, targets, params, n_head, "mean")


@misconception("6.5", loses=["tables", "torch"], title="positions that were not used have no gradient")
def position_gradient_is_short(ids, targets, params, n_head):
    """Your gradient of the positions has T rows, but the table has more.

    Every gradient has the shape of its parameter, or the optimiser cannot use it.
    What is the gradient of a row that was not used?
    """
    return whole_way(ids, targets, params, n_head, "short")


@misconception("6.5", loses=["dtype"], title="float32 has become float64")
def gradients_upcast(ids, targets, params, n_head):
    """Your gradients are right, but some of them are float64 although the parameters are float32.

    np.zeros makes a float64 table unless it is told a dtype; np.zeros_like asks the parameter.
    """
    loss, grads = whole_way(ids, targets, params, n_head)
    table = np.zeros(grads["wte"]["weight"].shape) + grads["wte"]["weight"]
    return loss, {**grads, "wte": {"weight": table}}


@misconception("6.5", loses=["pure"], title="writing into the parameters")
def writes_gradients_into_params(ids, targets, params, n_head):
    """Your function writes into the parameters that it was given, and locked ones raise an error.

    Gradients go into new arrays: the optimiser needs both, side by side.
    """
    loss, grads = whole_way(ids, targets, params, n_head)
    np.copyto(params["wte"]["weight"], grads["wte"]["weight"])
    return loss, {**grads, "wte": {"weight": params["wte"]["weight"]}}


# ---------------------------------------------------------------- 6.6 adamw_step


@misconception("6.6", loses=["first-step", "torch"], title="the means are not corrected")
def no_bias_correction(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    """Your first step has not the size of the learning rate: both running means started at zero.

    After one step m is only a tenth of the gradient, and v a twentieth of its square.
    By what do you have to divide them, and how does that change from step to step?
    """
    step, m, v = adam_means(params, grads, state, betas)

    def stepped(p, m, v):
        p = p * (1 - lr * weight_decay) if p.ndim >= 2 else p
        return p - lr * m / (np.sqrt(v) + eps)

    return tree_map(stepped, params, m, v), {"step": step, "m": m, "v": v}


@misconception("6.6", loses=["decay", "torch"], title="the decay goes through the gradient")
def coupled_decay(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    """You add the decay to the gradient, so it is divided by the root of v like everything else.

    Then parameters with large gradients hardly decay at all. The W in AdamW stands for taking the two apart:
    the decay acts on the parameter itself.
    """
    grads = tree_map(lambda p, g: g + weight_decay * p if p.ndim >= 2 else g, params, grads)
    step, m, v = adam_means(params, grads, state, betas)
    return adam_params(params, step, m, v, (lr, betas, eps, 0.0)), {"step": step, "m": m, "v": v}


@misconception("6.6", loses=["torch"], title="eps stands inside the root")
def eps_inside_sqrt(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    """You add eps to v before taking the root. It is added to the root.

    With eps = 1e-8 a sum inside the root acts like 1e-4 outside it, and parameters with small gradients
    stand nearly still.
    """
    step, m, v = adam_means(params, grads, state, betas)

    def stepped(p, m, v):
        p = p * (1 - lr * weight_decay) if p.ndim >= 2 else p
        return p - lr * (m / (1 - betas[0] ** step)) / np.sqrt(v / (1 - betas[1] ** step) + eps)

    return tree_map(stepped, params, m, v), {"step": step, "m": m, "v": v}


@misconception("6.6", loses=["torch"], title="eps is added before the correction")
def eps_before_correction(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    """Your eps is added before v is corrected, so its effect changes from step to step.

    Both running means are corrected first; then the root is taken, and then eps is added.
    """
    step, m, v = adam_means(params, grads, state, betas)

    def stepped(p, m, v):
        p = p * (1 - lr * weight_decay) if p.ndim >= 2 else p
        root = math.sqrt(1 - betas[1] ** step)
        return p - lr * root / (1 - betas[0] ** step) * m / (np.sqrt(v) + eps)

    return tree_map(stepped, params, m, v), {"step": step, "m": m, "v": v}


@misconception("6.6", loses=["first-step", "decay", "torch"], title="the steps are counted from zero")
def step_from_zero(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    """Your first step gives nan: with step 0 the correction divides by 1 - 1.

    The first step is number one. Count it before you use it.
    """
    step, m, v = adam_means(params, grads, state, betas)

    def stepped(p, m, v):
        p = p * (1 - lr * weight_decay) if p.ndim >= 2 else p
        before = step - 1
        with np.errstate(all="ignore"):
            mean, square = m / np.float32(1 - betas[0] ** before), v / np.float32(1 - betas[1] ** before)
            return (p - lr * mean / (np.sqrt(square) + eps)).astype(p.dtype)

    return tree_map(stepped, params, m, v), {"step": step, "m": m, "v": v}


@misconception("6.6", loses=["first-step", "decay", "torch"], title="biases decay as well")
def decays_biases(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    """You let every array decay. Only those with two axes or more should: weights and tables.

    Biases and the gammas of norms set a level; pulling them to zero takes away what the model needs.
    """
    step, m, v = adam_means(params, grads, state, betas)
    shrunk = tree_map(lambda p: p * (1 - lr * weight_decay), params)
    return adam_params(shrunk, step, m, v, (lr, betas, eps, 0.0)), {"step": step, "m": m, "v": v}


@misconception("6.6", loses=["decay", "torch"], title="nothing decays")
def no_decay(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    """Your weights do not decay: the argument weight_decay is not used.

    Before the step, an array with two axes or more loses a small part of itself.
    """
    step, m, v = adam_means(params, grads, state, betas)
    return adam_params(params, step, m, v, (lr, betas, eps, 0.0)), {"step": step, "m": m, "v": v}


@misconception("6.6", loses=["torch"], title="the decay comes after the step")
def decay_after_the_step(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    """You step first, and then let the new parameter decay, so a part of the step is taken back.

    The decay acts on the parameter as it came in.
    """
    step, m, v = adam_means(params, grads, state, betas)
    moved = adam_params(params, step, m, v, (lr, betas, eps, 0.0))
    shrunk = tree_map(lambda p: p * (1 - lr * weight_decay) if p.ndim >= 2 else p, moved)
    return shrunk, {"step": step, "m": m, "v": v}


@misconception("6.6", loses=["first-step", "torch"], title="uphill")
def uphill(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    """Your parameters move along the gradient, and the loss grows.

    A gradient points to where the loss rises. Which way do you want to go?
    """
    step, m, v = adam_means(params, grads, state, betas)
    moved = adam_params(params, step, tree_map(np.negative, m), v, (lr, betas, eps, weight_decay))
    return moved, {"step": step, "m": m, "v": v}


@misconception("6.6", loses=["running-means", "torch"], title="the betas are exchanged")
def betas_exchanged(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    """You use the second beta for the mean of the gradient, and the first one for the mean of its square.

    betas[0] belongs to m, betas[1] to v. At the first step it makes no difference, because of the correction.
    """
    betas = betas[::-1]
    step, m, v = adam_means(params, grads, state, betas)
    return adam_params(params, step, m, v, (lr, betas, eps, weight_decay)), {"step": step, "m": m, "v": v}


@misconception("6.6", loses=["first-step", "running-means", "torch"], title="the new gradient counts in full")
def means_that_grow(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    """You add the new gradient in full to what is left of the old mean. That is a sum, not a mean.

    The two shares of a running mean add up to one. Which share has the new value?
    """
    step, m, v = adam_means(params, grads, state, betas)
    old = state or {"m": tree_map(np.zeros_like, params), "v": tree_map(np.zeros_like, params)}
    m = tree_map(lambda m, g: betas[0] * m + g, old["m"], grads)
    v = tree_map(lambda v, g: betas[1] * v + g * g, old["v"], grads)
    return adam_params(params, step, m, v, (lr, betas, eps, weight_decay)), {"step": step, "m": m, "v": v}


@misconception("6.6", loses=["dtype"], title="float32 has become float64")
def step_upcasts(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    """Your step is right, but float32 parameters come out as float64.

    np.sqrt of a Python number is a NumPy number of 64 bits, and lifts every array that it meets.
    """
    step, m, v = adam_means(params, grads, state, betas)
    moved = adam_params(params, step, m, v, (lr, betas, eps, weight_decay))
    return tree_map(lambda p: p * np.float64(1.0), moved), {"step": step, "m": m, "v": v}


@misconception("6.6", loses=["pure"], title="writing into the old parameters")
def steps_in_place(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    """Your function changes the parameters that it was given, and locked ones raise an error.

    Whoever called it may want to compare, or to go back to the best parameters so far.
    Return new arrays, and leave the old ones as they were.
    """
    step, m, v = adam_means(params, grads, state, betas)
    moved = adam_params(params, step, m, v, (lr, betas, eps, weight_decay))
    tree_map(np.copyto, params, moved)
    return params, {"step": step, "m": m, "v": v}


# ---------------------------------------------------------------- 6.7 next_token_probabilities


@misconception("6.7", loses=["temperature", "together"], title="multiplied by the temperature")
def multiplies_temperature(logits, temperature=1.0, top_k=None, top_p=None):
    """Your low temperatures make the model freer, and high ones bolder: it should be the other way round.

    A small temperature should make the differences between scores larger.
    """
    refuse_settings(temperature, top_k, top_p)
    if temperature == 0:
        return first_best(logits * 1.0)
    scores = logits * temperature
    return cut_at_p(softmax(np.where(largest_scores(scores, top_k), scores, -np.inf)), top_p)


@misconception("6.7", loses=["temperature", "together"], title="the temperature is not used")
def temperature_ignored(logits, temperature=1.0, top_k=None, top_p=None):
    """Your probabilities are the same at every temperature above 0.

    What is divided by the temperature, and before which step?
    """
    refuse_settings(temperature, top_k, top_p)
    if temperature == 0:
        return first_best(logits * 1.0)
    scores = logits * 1.0
    return cut_at_p(softmax(np.where(largest_scores(scores, top_k), scores, -np.inf)), top_p)


@misconception("6.7", loses=["top-k", "top-p", "together", "refuses"],
               title="what is kept does not sum to one")
def not_renormalised(logits, temperature=1.0, top_k=None, top_p=None):
    """With top_k or top_p your probabilities sum to less than one.

    What the others had is lost. Those that are kept share out everything among themselves.
    """
    refuse_settings(temperature, top_k, top_p)
    if temperature == 0:
        return first_best(logits * 1.0)
    scores = logits / temperature
    shares = softmax(scores) * largest_scores(scores, top_k)
    return shares * reaching(shares, top_p)


@misconception("6.7", loses=["top-p", "together"], title="what top_p leaves does not sum to one")
def top_p_not_renormalised(logits, temperature=1.0, top_k=None, top_p=None):
    """With top_p your probabilities sum to less than one.

    What was struck out is lost. Those that are kept share out everything among themselves.
    """
    refuse_settings(temperature, top_k, top_p)
    if temperature == 0:
        return first_best(logits * 1.0)
    scores = logits / temperature
    shares = softmax(np.where(largest_scores(scores, top_k), scores, -np.inf))
    return shares * reaching(shares, top_p)


@misconception("6.7", loses=["greedy", "refuses"], title="division by a temperature of zero")
def zero_divides(logits, temperature=1.0, top_k=None, top_p=None):
    """At temperature 0 you divide by zero, and all probabilities become nan.

    As the temperature falls, the largest score takes more and more. At 0 it takes everything,
    and that has to be said by hand.
    """
    refuse_settings(temperature, top_k, top_p)
    with np.errstate(all="ignore"):
        scores = logits * 1.0 / np.float32(temperature) if temperature == 0 else logits / temperature
        scores = np.where(largest_scores(scores, top_k), scores, -np.inf)
        return cut_at_p(softmax(scores.astype((logits * 1.0).dtype)), top_p)


@misconception("6.7", loses=["greedy"], title="all largest scores at temperature 0")
def ties_share_at_zero(logits, temperature=1.0, top_k=None, top_p=None):
    """At temperature 0 two equal largest scores share out the one between them.

    Temperature 0 stands for a fixed choice, the same every time: the first of them.
    """
    refuse_settings(temperature, top_k, top_p)
    if temperature == 0:
        best = logits == logits.max(axis=-1, keepdims=True)
        return (best / best.sum(axis=-1, keepdims=True)).astype((logits * 1.0).dtype)
    scores = logits / temperature
    return cut_at_p(softmax(np.where(largest_scores(scores, top_k), scores, -np.inf)), top_p)


@misconception("6.7", loses=["top-k", "together", "refuses"], title="top_k keeps one too many")
def top_k_off_by_one(logits, temperature=1.0, top_k=None, top_p=None):
    """With top_k=2 you keep three scores.

    Counted from the end of a sorted row, the largest score is number one, not number zero.
    """
    refuse_settings(temperature, top_k, top_p)
    if temperature == 0:
        return first_best(logits * 1.0)
    scores = logits / temperature
    keep = largest_scores(scores, None if top_k is None else top_k + 1)
    return cut_at_p(softmax(np.where(keep, scores, -np.inf)), top_p)


@misconception("6.7", loses=["top-k"], title="top_k drops what ties with the k-th")
def top_k_drops_ties(logits, temperature=1.0, top_k=None, top_p=None):
    """When several scores equal the k-th largest, you keep only some of them.

    Two tokens with the same score should have the same chance, and not be left to the sorting.
    Compare with the value of the k-th largest score, rather than counting.
    """
    refuse_settings(temperature, top_k, top_p)
    if temperature == 0:
        return first_best(logits * 1.0)
    scores = logits / temperature
    if top_k is not None:
        rank = np.argsort(np.argsort(-scores, axis=-1, kind="stable"), axis=-1, kind="stable")
        scores = np.where(rank < top_k, scores, -np.inf)
    return cut_at_p(softmax(scores), top_p)


@misconception("6.7", loses=["top-k", "together", "refuses"], title="one k-th largest score for all rows")
def one_threshold_for_all(logits, temperature=1.0, top_k=None, top_p=None):
    """You look for the k largest scores of the whole batch, so some rows keep more than others, or nothing.

    Each row belongs to a text of its own, and keeps k scores of its own. Along which axis do you sort?
    """
    refuse_settings(temperature, top_k, top_p)
    if temperature == 0:
        return first_best(logits * 1.0)
    scores = logits / temperature
    if top_k is not None and top_k < scores.shape[-1]:
        scores = np.where(scores >= np.sort(scores, axis=None)[-top_k], scores, -np.inf)
    with np.errstate(all="ignore"):
        return cut_at_p(softmax(scores), top_p)


@misconception("6.7", loses=["top-p", "together"], title="top_p drops the token that crosses p")
def drops_the_crossing_token(logits, temperature=1.0, top_k=None, top_p=None):
    """Your kept probabilities stay below p: the one that crosses it is missing.

    When the first token alone has more than p, nothing at all is left, and zero by zero is nan.
    The set has to reach p.
    """
    refuse_settings(temperature, top_k, top_p)
    if temperature == 0:
        return first_best(logits * 1.0)
    scores = logits / temperature
    shares = softmax(np.where(largest_scores(scores, top_k), scores, -np.inf))
    if top_p is None:
        return shares
    order = np.argsort(-shares, axis=-1, kind="stable")
    ordered = np.take_along_axis(shares, order, axis=-1)
    kept = np.where(np.cumsum(ordered, axis=-1) <= top_p + 1e-6, ordered, 0)
    with np.errstate(all="ignore"):
        np.put_along_axis(shares, order, kept / kept.sum(axis=-1, keepdims=True), axis=-1)
    return shares


@misconception("6.7", loses=["top-p"], title="top_p keeps what ties with the last one")
def top_p_keeps_ties(logits, temperature=1.0, top_k=None, top_p=None):
    """Of four equal probabilities top_p=0.4 keeps all four in your function.

    top_p keeps the smallest set that reaches p, so of equal ones only as many as are needed, the first ones.
    """
    refuse_settings(temperature, top_k, top_p)
    if temperature == 0:
        return first_best(logits * 1.0)
    scores = logits / temperature
    shares = softmax(np.where(largest_scores(scores, top_k), scores, -np.inf))
    least = np.where(reaching(shares, top_p), shares, np.inf).min(axis=-1, keepdims=True)
    kept = np.where(shares >= least, shares, 0).astype(shares.dtype)
    return kept / kept.sum(axis=-1, keepdims=True)


@misconception("6.7", loses=["top-k", "together", "refuses"], title="struck-out scores are set to zero")
def zero_filled_logits(logits, temperature=1.0, top_k=None, top_p=None):
    """With top_k the other tokens still have a chance: you gave them the score 0.

    Zero is an ordinary score, and softmax makes exp(0) = 1 of it; among negative scores it is even the best.
    Which score has an exponential of zero?
    """
    refuse_settings(temperature, top_k, top_p)
    if temperature == 0:
        return first_best(logits * 1.0)
    scores = logits / temperature
    return cut_at_p(softmax(np.where(largest_scores(scores, top_k), scores, 0)), top_p)


@misconception("6.7", loses=["together"], title="top_p comes before top_k")
def top_p_before_top_k(logits, temperature=1.0, top_k=None, top_p=None):
    """You apply top_p to all probabilities, and then top_k. It should be the other way round.

    After top_k the kept probabilities are larger, so fewer of them are needed to reach p.
    """
    refuse_settings(temperature, top_k, top_p)
    if temperature == 0:
        return first_best(logits * 1.0)
    scores = logits / temperature
    shares = cut_at_p(softmax(scores), top_p)
    kept = shares * largest_scores(scores, top_k)
    return kept / kept.sum(axis=-1, keepdims=True)


@misconception("6.7", loses=["together"], title="the temperature comes last")
def temperature_last(logits, temperature=1.0, top_k=None, top_p=None):
    """You choose the tokens at temperature 1, and only then change their probabilities.

    The temperature comes first: what top_p keeps depends on it.
    """
    refuse_settings(temperature, top_k, top_p)
    if temperature == 0:
        return first_best(logits * 1.0)
    scores = np.where(largest_scores(logits * 1.0, top_k), logits * 1.0, -np.inf)
    return softmax(np.where(reaching(softmax(scores), top_p), scores, -np.inf) / temperature)


@misconception("6.7", loses=["refuses"], title="nothing is refused")
def nothing_is_refused(logits, temperature=1.0, top_k=None, top_p=None):
    """You answer a negative temperature, a top_k of 0 or a top_p above 1, where an error would help.

    Whoever sets top_p=90 means 0.9, and should be told at once. Which values make sense?
    """
    if temperature == 0:
        return first_best(logits * 1.0)
    scores = logits / temperature
    with np.errstate(all="ignore"):
        return cut_at_p(softmax(np.where(largest_scores(scores, top_k or None), scores, -np.inf)), top_p)


@misconception("6.7", loses=["dtype"], title="float32 has become float64")
def probabilities_upcast(logits, temperature=1.0, top_k=None, top_p=None):
    """Your probabilities are right, but float32 scores give float64 probabilities.

    np.zeros, np.full and np.array make float64 arrays unless they are told a dtype.
    """
    refuse_settings(temperature, top_k, top_p)
    if temperature == 0:
        return first_best(logits * np.float64(1.0))
    scores = logits / np.float64(temperature)
    return cut_at_p(softmax(np.where(largest_scores(scores, top_k), scores, -np.inf)), top_p)


@misconception("6.7", loses=["dtype", "pure"], title="writing into the scores")
def divides_in_place(logits, temperature=1.0, top_k=None, top_p=None):
    """Your function writes into the scores that it was given.

    Whoever called it may want to try another temperature; locked or integer scores raise an error.
    The operator /= changes an array in place.
    """
    refuse_settings(temperature, top_k, top_p)
    if temperature == 0:
        return first_best(logits * 1.0)
    logits /= temperature
    return cut_at_p(softmax(np.where(largest_scores(logits, top_k), logits, -np.inf)), top_p)


# ---------------------------------------------------------------- 6.8 generate


def write_on(ids, params, n_head, n_new, choose, n_seen=None):
    """Write on the right way: choose(scores of all places) names the next token of each text."""
    n_seen = n_seen or params["wpe"]["weight"].shape[0]
    for _ in range(n_new):
        new = choose(gpt_forward(ids[:, -n_seen:], params, n_head))
        ids = np.concatenate([ids, new[:, None].astype(ids.dtype)], axis=1)
    return ids


@misconception("6.8", loses=["greedy", "sampling", "cropped", "settings"],
               title="the scores of the first place")
def first_position_logits(ids, params, n_head, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    """You take the scores of the first place, which say what comes after the first token only.

    So the same token would be likely again and again, whatever was written since.
    Which place knows the whole text?
    """
    return write_on(ids, params, n_head, n_new, lambda logits: drawn_tokens(
        next_token_probabilities(logits[:, 0], temperature, top_k, top_p), rng.random(len(ids))))


@misconception("6.8", loses=["cropped"], title="the model keeps seeing the beginning")
def keeps_the_first_context(ids, params, n_head, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    """When the text is too long your model sees its first tokens, and never what it has just written.

    It must lose some tokens. Which ones matter least for the next one?
    """
    n_seen = params["wpe"]["weight"].shape[0]
    for _ in range(n_new):
        logits = gpt_forward(ids[:, :n_seen], params, n_head)[:, -1]
        shares = next_token_probabilities(logits, temperature, top_k, top_p)
        ids = np.column_stack([ids, drawn_tokens(shares, rng.random(len(ids)))])
    return ids


@misconception("6.8", loses=["sampling", "cropped", "settings"], title="one draw for all texts")
def one_draw_for_all_rows(ids, params, n_head, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    """All texts of your batch use the same random number, so equal texts go on equally for ever.

    Each text draws a number of its own at each step. How many numbers does one call have to give?
    """
    return write_on(ids, params, n_head, n_new, lambda logits: drawn_tokens(
        next_token_probabilities(logits[:, -1], temperature, top_k, top_p), np.full(len(ids), rng.random())))


@misconception("6.8", loses=["cropped"], title="the text grows past the table of positions")
def context_not_cropped(ids, params, n_head, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    """Long texts raise an error: the model has no position for their last tokens.

    The model sees only as many tokens as its table of positions has rows. The text may be longer.
    """
    return write_on(ids, params, n_head, n_new, lambda logits: drawn_tokens(
        next_token_probabilities(logits[:, -1], temperature, top_k, top_p), rng.random(len(ids))), 10**6)


@misconception("6.8", loses=["greedy", "sampling", "cropped", "settings"],
               title="only the new tokens come back")
def returns_only_new(ids, params, n_head, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    """You return the new tokens alone. The exercise asks for the whole text, the beginning included."""
    text = write_on(ids, params, n_head, n_new, lambda logits: drawn_tokens(
        next_token_probabilities(logits[:, -1], temperature, top_k, top_p), rng.random(len(ids))))
    return text[:, ids.shape[1]:]


@misconception("6.8", loses=["sampling", "cropped", "settings"], title="always the best token")
def always_argmax(ids, params, n_head, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    """Your text always goes on with the most likely token, at any temperature, so it soon repeats itself.

    Likely tokens should come often, and unlikely ones now and then.
    What are the probabilities for, and what is rng for?
    """
    return write_on(ids, params, n_head, n_new, lambda logits: logits[:, -1].argmax(axis=-1))


@misconception("6.8", loses=["settings"], title="top_k and top_p stay behind")
def settings_not_handed_on(ids, params, n_head, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    """Your text uses tokens that top_k or top_p should have struck out.

    The arguments arrive in generate. Are they handed on?
    """
    return write_on(ids, params, n_head, n_new, lambda logits: drawn_tokens(
        next_token_probabilities(logits[:, -1], temperature), rng.random(len(ids))))


@misconception("6.8", loses=["greedy", "sampling", "cropped"], title="the model sees only the newest token")
def forgets_the_text(ids, params, n_head, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    """After the first step your model sees only the token that it wrote last.

    It then forgets the text, and takes every token for the first one. Append the new token to the text,
    and show the model all of it.
    """
    seen = ids[:, -params["wpe"]["weight"].shape[0]:]
    for _ in range(n_new):
        shares = next_token_probabilities(gpt_forward(seen, params, n_head)[:, -1], temperature, top_k, top_p)
        seen = drawn_tokens(shares, rng.random(len(ids)))[:, None].astype(ids.dtype)
        ids = np.concatenate([ids, seen], axis=1)
    return ids


# ---------------------------------------------------------------- 6.9 train_step

# Kept few: each is a whole package. All three show at the first steps, long before the training is over.


@misconception("6.9", loses=["one-step", "package"], title="the state is thrown away")
def state_thrown_away(params, state, ids, targets, n_head, lr):
    """Your first step is right, and the second is a first step again: the optimiser starts anew each time.

    Its running means then know a single gradient, and every parameter moves by the full learning rate always.
    What has to travel from one step to the next?
    """
    loss, grads = gpt_loss_and_gradients(ids, targets, params, n_head)
    return loss, *adamw_step(params, grads, None, lr)


@misconception("6.9", loses=["one-step", "package"], title="the old parameters come back")
def returns_old_params(params, state, ids, targets, n_head, lr):
    """You return the parameters that came in, so nothing is ever learnt.

    adamw_step leaves them as they were and gives you new ones. What do you do with its answer?
    """
    loss, grads = gpt_loss_and_gradients(ids, targets, params, n_head)
    return loss, params, adamw_step(params, grads, state, lr)[1]


@misconception("6.9", loses=["one-step", "package"], title="the loss after the step")
def loss_after_the_step(params, state, ids, targets, n_head, lr):
    """You return the loss of the new parameters on the batch that they have just learnt from.

    It looks better than it is, and costs a second pass. The loss that belongs to this step was there already.
    """
    _, grads = gpt_loss_and_gradients(ids, targets, params, n_head)
    params, state = adamw_step(params, grads, state, lr)
    return gpt_loss_and_gradients(ids, targets, params, n_head)[0], params, state
