"""Hidden tests of lesson 6: the answers of PyTorch and Hugging Face, other settings, and a whole training."""

import math

import numpy as np

from grader.testing import check_array, check_number, check_raises, check_that, criterion

# Two right orders of operations differ by a few roundings of float64, about 1e-15; a mistake by far more.
FLOAT64 = {"rtol": 1e-7, "atol": 1e-9}
# What a token may not see must not move its scores at all; this leaves room for another order of a sum.
NO_LEAK = {"rtol": 0.0, "atol": 1e-9}

# The sizes of the goldens.
D, N_VOCAB, N_POSITIONS = 6, 11, 7
RATES = (0.05, 0.1, 0.1, 0.07, 0.02)
SETTINGS = ((0.7, None, None), (1.0, 4, None), (1.0, None, 0.8), (1.6, 5, 0.75), (0.5, 6, 0.9))


def block_shapes(d, d_ff):
    """Give the shapes of a block's parameters, in the order in which the goldens hold them."""
    def projection(d_in, d_out):
        return {"weight": (d_in, d_out), "bias": (d_out,)}

    norm = {"weight": (d,), "bias": (d,)}
    return {"ln_1": norm, "attn": {"c_attn": projection(d, 3 * d), "c_proj": projection(d, d)},
            "ln_2": norm, "mlp": {"c_fc": projection(d, d_ff), "c_proj": projection(d_ff, d)}}


def gpt_shapes(n_vocab, n_positions, n_layer, d):
    """Give the shapes of a GPT's parameters, in the order in which the goldens hold them."""
    return {"wte": {"weight": (n_vocab, d)}, "wpe": {"weight": (n_positions, d)},
            "h": [block_shapes(d, 4 * d) for _ in range(n_layer)], "ln_f": {"weight": (d,), "bias": (d,)}}


def filled(shapes, make):
    """Put make(name, shape) for every shape of a tree."""
    def fill(branch, name):
        if isinstance(branch, tuple):
            return make(name, branch)
        if isinstance(branch, list):
            return [fill(part, f"{name}.{i}") for i, part in enumerate(branch)]
        return {key: fill(part, f"{name}.{key}") for key, part in branch.items()}

    return fill(shapes, "")


def cut(row, shapes):
    """Cut one row of numbers into a tree of parameters."""
    numbers = iter(row.tolist())
    return filled(shapes, lambda _, shape: np.array(
        [next(numbers) for _ in range(math.prod(shape))]).reshape(shape))


def drawn(rng, shapes):
    """Draw random parameters far from those of an untrained model."""
    return filled(shapes, lambda name, shape: rng.normal("ln" in name and "weight" in name, 0.5, shape))


def leaves(tree, name=""):
    """List (name, array) for each array of a tree; the names are like h.0.ln_1.weight."""
    if isinstance(tree, np.ndarray):
        return [(name, tree)]
    if type(tree) not in (dict, list):
        return [(name, None)]
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    return [leaf for key, branch in pairs for leaf in leaves(branch, f"{name}.{key}".lstrip("."))]


def two(answer):
    """Demand a tuple of two, and give its parts."""
    check_that(type(answer) is tuple and len(answer) == 2, "The function returns two things.", actual=answer)
    return answer


def surprises(logits, targets):
    """Give minus the logarithm of each target's probability."""
    rows, wanted = logits.reshape(-1, logits.shape[-1]).tolist(), targets.ravel().tolist()
    return [math.log(math.fsum(math.exp(x - max(row)) for x in row)) + max(row) - row[target]
            for row, target in zip(rows, wanted, strict=True)]


# ---------------------------------------------------------------- 6.1 transformer_block


@criterion("6.1", "encoder")
def test_an_encoder_block_agrees_with_torch(student, goldens):
    """Without a mask, the stream is that of PyTorch's encoder layer."""
    params = cut(goldens["block_parameters"], block_shapes(6, 10))
    answer = student.transformer_block(goldens["block_x"].copy(), params, 3)
    check_array(answer, goldens["block_encoder"], **FLOAT64)


@criterion("6.1", "encoder")
def test_without_a_mask_order_does_not_count(student, rng):
    """Without a mask every token sees all the others: shuffling the tokens shuffles the stream."""
    x, params, order = rng.normal(size=(2, 5, 4)), drawn(rng, block_shapes(4, 6)), np.array([3, 4, 1, 0, 2])
    usual = student.transformer_block(x, params, 2)
    check_that(type(usual) is np.ndarray and usual.shape == x.shape, "The stream keeps its shape.",
               actual=usual)
    changed = x.copy()
    changed[:, -1] *= -2.0
    other = student.transformer_block(changed, params, 2)
    check_that(bool((np.abs(other - usual)[:, 0] > 1e-6).any()), "The first token sees the last one.",
               actual=other)
    check_array(student.transformer_block(x[:, order], params, 2), usual[:, order], **FLOAT64)


@criterion("6.1", "decoder")
def test_a_decoder_block_agrees_with_torch(student, goldens):
    """Under a causal mask, the stream is that of PyTorch's encoder layer with the same mask."""
    params = cut(goldens["block_parameters"], block_shapes(6, 10))
    answer = student.transformer_block(goldens["block_x"].copy(), params, 3, np.tri(4, dtype=bool))
    check_array(answer, goldens["block_decoder"], **FLOAT64)


@criterion("6.1", "stream")
def test_silent_sublayers_leave_the_stream_alone(student, rng):
    """When both sublayers end in zeros, the stream comes out as it went in; each may speak alone."""
    x, params = rng.normal(3, 2, (2, 3, 4)), drawn(rng, block_shapes(4, 6))
    for sublayer in ("attn", "mlp"):
        params[sublayer]["c_proj"] = {name: np.zeros_like(array)
                                      for name, array in params[sublayer]["c_proj"].items()}
    check_array(student.transformer_block(x, params, 2), x, **FLOAT64)
    said = rng.normal(size=4)
    for sublayer in ("attn", "mlp"):
        params[sublayer]["c_proj"]["bias"] = said
        check_array(student.transformer_block(x, params, 2), x + said, **FLOAT64)
        params[sublayer]["c_proj"]["bias"] = np.zeros(4)


# ---------------------------------------------------------------- 6.2 gpt_forward


@criterion("6.2", "gpt2")
def test_scores_agree_with_gpt2(student, goldens):
    """With the same weights, the scores are those of Hugging Face's GPT-2, and the loss as well."""
    params = cut(goldens["gpt2_parameters"], gpt_shapes(N_VOCAB, N_POSITIONS, 2, D))
    logits = student.gpt_forward(goldens["gpt2_ids"].copy(), params, 2)
    check_array(logits, goldens["gpt2_logits"], **FLOAT64)


@criterion("6.2", "gpt2")
def test_a_batch_is_made_of_texts(student, rng):
    """A text alone, a text in a batch, and a text in a batch of batches get the same scores."""
    params, ids = drawn(rng, gpt_shapes(9, 5, 2, 4)), rng.integers(9, size=(2, 3, 5))
    alone = np.stack([np.stack([student.gpt_forward(text, params, 2) for text in texts]) for texts in ids])
    check_that(alone.shape == (2, 3, 5, 9), "The scores of a text are [T, V].", actual=alone)
    check_array(student.gpt_forward(ids[0], params, 2), alone[0], **FLOAT64)
    check_array(student.gpt_forward(ids, params, 2), alone, **FLOAT64)
    tokens = [student.gpt_forward(ids[0, :, :t], params, 2) for t in (1, 3)]
    for t, scores in zip((1, 3), tokens, strict=True):
        check_array(scores, alone[0, :, :t], name=f"the scores of the first {t} tokens", **FLOAT64)


# ---------------------------------------------------------------- 6.3 cross_entropy


@criterion("6.3", "loss")
def test_loss_of_many_places(student, rng):
    """The loss is the mean over all places of all texts, also of rows far apart."""
    logits, targets = rng.normal(0, 2, (2, 4, 5)), rng.integers(5, size=(2, 4))
    logits += rng.uniform(-9, 9, (2, 4, 1))
    loss, _ = two(student.cross_entropy(logits, targets))
    check_number(loss, math.fsum(surprises(logits, targets)) / 8, name="the loss", **FLOAT64)


@criterion("6.3", "gradient")
def test_gradient_of_many_places(student, rng):
    """Each row of the gradient sums to zero, is negative at the target only, and is divided by six."""
    logits, targets = rng.normal(0, 2, (2, 3, 4)), rng.integers(4, size=(2, 3))
    _, d_logits = two(student.cross_entropy(logits, targets))
    expected = np.empty(logits.shape)
    for place in np.ndindex(2, 3):
        powers = [math.exp(x) for x in logits[place].tolist()]
        expected[place] = [(power / math.fsum(powers) - (token == targets[place])) / 6
                           for token, power in enumerate(powers)]
    check_array(d_logits, expected, name="the gradient", **FLOAT64)


@criterion("6.3", "ignored")
def test_ignored_places_agree_with_torch(student, goldens):
    """With one place to ignore, loss and gradient are those of PyTorch."""
    loss, d_logits = two(student.cross_entropy(goldens["loss_logits"].copy(), goldens["loss_targets"].copy()))
    check_number(loss, float(goldens["loss_value"][0]), name="the loss", **FLOAT64)
    check_array(d_logits, goldens["loss_d_logits"], name="the gradient", **FLOAT64)


@criterion("6.3", "ignored")
def test_any_number_can_be_ignored(student, rng):
    """With ignore_index=2, the token 2 does not count, however the model scores it."""
    logits, targets = rng.normal(0, 2, (4, 5)), np.array([2, 0, 2, 4])
    loss, d_logits = two(student.cross_entropy(logits, targets, 2))
    usual_loss, usual = two(student.cross_entropy(logits[[1, 3]], targets[[1, 3]], 2))
    expected = math.fsum(surprises(logits[[1, 3]], targets[[1, 3]])) / 2
    check_number(loss, expected, name="the loss", **FLOAT64)
    check_number(usual_loss, expected, name="the loss", **FLOAT64)
    check_that(d_logits.shape == (4, 5), "The gradient has the shape of the scores.", actual=d_logits)
    check_array(d_logits[[1, 3]], usual, name="the gradient where targets count", **FLOAT64)
    check_array(d_logits[[0, 2]], np.zeros((2, 5)), name="the gradient where they do not", **FLOAT64)


@criterion("6.3", "ignored")
def test_nothing_counts(student, rng):
    """When every target is to be ignored, the loss is 0 and so is the gradient."""
    loss, d_logits = two(student.cross_entropy(rng.normal(size=(2, 3)), np.array([-100, -100])))
    check_number(loss, 0.0, name="the loss", **FLOAT64)
    check_array(d_logits, np.zeros((2, 3)), name="the gradient", **FLOAT64)


# ---------------------------------------------------------------- 6.4 get_batch


@criterion("6.4", "last-window")
def test_the_only_window(student, rng):
    """In a text of one token more than a window, every draw gives the same window."""
    data = rng.permutation(5)
    x, y = two(student.get_batch(data, 6, 4, rng))
    check_array(x, [data[:4].tolist()] * 6, name="x", **FLOAT64)
    check_array(y, [data[1:].tolist()] * 6, name="y", **FLOAT64)


@criterion("6.4", "last-window")
def test_every_start_is_drawn(student, rng):
    """The starts are those that the docstring's call draws, from the first to the last possible one."""
    seed = int(rng.integers(2**31))
    starts = np.random.default_rng(seed).integers(3, size=40).tolist()  # all three come up, but for 1 in 10^7
    x, y = two(student.get_batch(np.arange(7), 40, 4, np.random.default_rng(seed)))
    check_array(x, [list(range(start, start + 4)) for start in starts], name="x", **FLOAT64)
    check_array(y, [list(range(start + 1, start + 5)) for start in starts], name="y", **FLOAT64)


# ---------------------------------------------------------------- 6.5 gpt_loss_and_gradients


@criterion("6.5", "torch")
def test_gradients_agree_with_torch(student, goldens):
    """Every gradient of a small GPT-2 is the one that PyTorch finds; one target is left out."""
    shapes = gpt_shapes(N_VOCAB, N_POSITIONS, 2, D)
    params, expected = cut(goldens["gpt2_parameters"], shapes), cut(goldens["gpt2_gradients"], shapes)
    ids, targets = goldens["gpt2_ids"].copy(), goldens["gpt2_targets"].copy()
    _, grads = two(student.gpt_loss_and_gradients(ids, targets, params, 2))
    found = dict(leaves(grads))
    for name, gradient in reversed(leaves(expected)):  # in the order in which the way back meets them
        check_array(found.get(name), gradient, name=f"the gradient of {name}", **FLOAT64)


# ---------------------------------------------------------------- 6.6 adamw_step


@criterion("6.6", "first-step")
def test_first_steps_of_a_tree(student, rng):
    """In a tree of any layout, each number moves by lr * g / (|g| + eps) at the first step."""
    shapes = {"a": [{"b": (3,)}, {"b": (2,)}], "c": (4,)}
    params = drawn(rng, shapes)
    grads = filled(shapes, lambda _, shape: rng.uniform(0.5, 2.0, shape) * rng.choice([-1, 1], shape))
    moved, _ = two(student.adamw_step(params, grads, None, 0.01, eps=1e-8))
    found, slopes = dict(leaves(moved)), dict(leaves(grads))
    for name, array in leaves(params):
        expected = [p - 0.01 * g / (abs(g) + 1e-8)
                    for p, g in zip(array.tolist(), slopes[name].tolist(), strict=True)]
        check_array(found.get(name), expected, name=name, **FLOAT64)


@criterion("6.6", "torch")
def test_five_steps_agree_with_torch(student, goldens):
    """Five steps, with changing gradients and learning rates, end where torch.optim.AdamW ends."""
    for settings, name in (({}, "usual"), ({"betas": (0.8, 0.99), "eps": 0.1, "weight_decay": 0.3}, "other")):
        params, state = {role: goldens[f"adamw_{role}"].copy() for role in ("weight", "bias")}, None
        for step, rate in enumerate(RATES):
            grads = {role: goldens[f"adamw_d_{role}"][step].copy() for role in ("weight", "bias")}
            params, state = two(student.adamw_step(params, grads, state, rate, **settings))
        found = dict(leaves(params))
        for role in ("bias", "weight"):
            check_array(found.get(role), goldens[f"adamw_{name}_{role}"], name=f"params['{role}']", **FLOAT64)


# ---------------------------------------------------------------- 6.7 next_token_probabilities


@criterion("6.7", "greedy")
def test_greedy_rows_of_a_batch(student, rng):
    """At temperature 0 each row of a batch has its own best token, whatever top_k and top_p say."""
    logits = rng.permuted(np.tile(np.arange(5.0) * 300, (2, 3, 1)), axis=-1)
    expected = (logits == 1200.0).astype(float)
    check_array(student.next_token_probabilities(logits, 0.0, top_k=3, top_p=0.9), expected, **FLOAT64)


@criterion("6.7", "top-k")
def test_top_k_keeps_ties(student):
    """What ties with the k-th largest score is kept, in rows that lie far apart."""
    logits = np.array([[0.0, 1.0, 1.0, 3.0, 1.0], [500.0, 497.0, 498.0, 498.0, 400.0]])
    powers = np.array([[0.0, 1.0, 1.0, math.exp(2), 1.0], [math.exp(2), 0.0, 1.0, 1.0, 0.0]])
    expected = powers / [[math.exp(2) + 3], [math.exp(2) + 2]]
    check_array(student.next_token_probabilities(logits, top_k=2), expected, **FLOAT64)


@criterion("6.7", "top-p")
def test_top_p_takes_the_first_of_ties(student):
    """Of four equal probabilities, top_p=0.4 keeps the first two; top_p=1 keeps all, and 0.01 one."""
    logits = np.full((2, 4), 3.0)
    for top_p, kept in ((0.4, 2), (1.0, 4), (0.01, 1)):
        expected = [[1 / kept] * kept + [0.0] * (4 - kept)] * 2
        check_array(student.next_token_probabilities(logits, top_p=top_p), expected, **FLOAT64)


@criterion("6.7", "together")
def test_settings_agree_with_hugging_face(student, goldens):
    """With temperature, top_k and top_p together, the probabilities are those of Hugging Face's warpers."""
    for settings, expected in zip(SETTINGS, goldens["sampling_probabilities"], strict=True):
        answer = student.next_token_probabilities(goldens["sampling_logits"].copy(), *settings)
        check_array(answer, expected, **FLOAT64)


@criterion("6.7", "refuses")
def test_settings_on_the_edge(student):
    """A top_p of 1, a top_k of 1 and a temperature of 0 are fine; a top_p of -0.1 is not."""
    logits = np.array([[2.0, 0.0], [0.0, 3.0]])
    for settings in ({"top_k": 1}, {"temperature": 0.0}):
        check_array(student.next_token_probabilities(logits, **settings), np.eye(2), **FLOAT64)
    check_raises(ValueError, student.next_token_probabilities, logits, top_p=-0.1)


# ---------------------------------------------------------------- 6.8 generate


def drawn_from(shares, draws):
    """Give the token that each draw falls on."""
    return [next((token for token in range(len(row)) if math.fsum(row[: token + 1]) > draw), len(row) - 1)
            for row, draw in zip(shares.tolist(), draws.tolist(), strict=True)]


# What is expected follows from 6.2 and 6.7: in `grade` the reference's, so that no answer agrees with itself.
@criterion("6.8", "cropped")
def test_writing_past_the_table_of_positions(student, rng):
    """A text longer than the table of positions goes on from its last tokens."""
    for _ in range(3):
        params, ids = drawn(rng, gpt_shapes(7, 3, 1, 4)), rng.integers(7, size=(30, 5))
        seed = int(rng.integers(2**31))
        text, draws = ids.copy(), np.random.default_rng(seed).random((2, 30))
        for draw in draws:
            shares = student.next_token_probabilities(student.gpt_forward(text[:, -3:], params, 2)[:, -1])
            text = np.column_stack([text, drawn_from(shares, draw)])
        answer = student.generate(ids, params, 2, 2, np.random.default_rng(seed))
        check_array(answer, text, **FLOAT64)


@criterion("6.8", "settings")
def test_settings_reach_the_probabilities(student, rng):
    """A high temperature with top_k=2, and a high temperature with top_p, draw from what is kept."""
    for settings in ({"temperature": 3.0, "top_k": 2}, {"temperature": 3.0, "top_p": 0.5}):
        params, ids = drawn(rng, gpt_shapes(7, 4, 1, 4)), rng.integers(7, size=(40, 2))
        seed = int(rng.integers(2**31))
        logits = student.gpt_forward(ids, params, 2)[:, -1]
        shares = student.next_token_probabilities(logits, **settings)
        new = drawn_from(shares, np.random.default_rng(seed).random(40))
        answer = student.generate(ids, params, 2, 1, np.random.default_rng(seed), **settings)
        check_array(answer, np.column_stack([ids, new]), **FLOAT64)


# ---------------------------------------------------------------- 6.9 train_step

# The course's default model. PyTorch takes three steps in float64 from the same numbers, to 1e-9.
N_LAYER, N_HEAD, WIDTH, CONTEXT, BATCH = 2, 4, 64, 32, 16
STEPS, WARM_UP, PEAK = 400, 50, 8e-3
COMPARED, RATE_COMPARED = 3, 0.01
# The validation text is 6,000 characters long, so its own entropy may lie a little below the bound.
BELOW_THE_BOUND = 0.02


def untrained(n_vocab, dtype):
    """Draw the parameters that training starts from: always the same."""
    rng = np.random.default_rng(6)

    def make(name, shape):
        if "ln" in name or name.endswith("bias"):
            return np.full(shape, float("ln" in name and name.endswith("weight")), dtype)
        ends_a_sublayer = name.endswith("c_proj.weight")
        return rng.normal(0, 0.02 / math.sqrt(2 * N_LAYER) if ends_a_sublayer else 0.02, shape).astype(dtype)

    return filled(gpt_shapes(n_vocab, CONTEXT, N_LAYER, WIDTH), make)


def windows(text, starts):
    """Cut windows and their targets out of a text."""
    places = starts[:, np.newaxis] + np.arange(CONTEXT)
    return text[places].astype(np.int64), text[places + 1].astype(np.int64)


def batch(text, step):
    """Cut the batch of a step: windows far apart, always the same."""
    return windows(text, (np.arange(BATCH) + BATCH * step) * 7919 % (len(text) - CONTEXT))


def rate(step):
    """Give the learning rate of a step: it rises to its peak in a straight line, and falls along a cosine."""
    if step < WARM_UP:
        return PEAK * (step + 1) / WARM_UP
    return PEAK * (1 + math.cos(math.pi * (step - WARM_UP) / (STEPS - WARM_UP))) / 2


def keep(buffers, tree):
    """Copy a tree into arrays that are used again and again: 400 steps would fill the memory otherwise."""
    found = dict(leaves(tree))
    for name, array in leaves(buffers):
        new = found.get(name)
        if type(new) is not np.ndarray or new.shape != array.shape or new.dtype != array.dtype:
            check_array(new, array, name=name)  # says what is wrong
        np.copyto(array, new)


def three(answer):
    """Demand a tuple of three, and give its parts."""
    check_that(type(answer) is tuple and len(answer) == 3 and type(answer[2]) is dict,
               "The function returns three things: (loss, params, state).", actual=answer)
    return answer


def check_first_losses(student, goldens):
    """Demand the losses that PyTorch has at the first steps."""
    params, state = untrained(int(goldens["learning_n_vocab"][0]), np.float64), None
    for step in range(COMPARED):
        ids, targets = batch(goldens["training_text"], step)
        loss, params, state = three(student.train_step(params, state, ids, targets, N_HEAD, RATE_COMPARED))
        check_number(loss, float(goldens["learning_losses"][step]), name=f"the loss of step {step + 1}",
                     **FLOAT64)


def trained(student, goldens):
    """Take all steps in float32, and give the parameters."""
    text = goldens["training_text"]
    params = untrained(int(goldens["learning_n_vocab"][0]), np.float32)
    means = {name: filled(gpt_shapes(len(params["wte"]["weight"]), CONTEXT, N_LAYER, WIDTH),
                          lambda _, shape: np.zeros(shape, np.float32)) for name in ("m", "v")}
    state = None
    for step in range(STEPS):
        answer = three(student.train_step(params, state, *batch(text, step), N_HEAD, rate(step)))
        keep(params, answer[1])
        keep(means, {name: answer[2].get(name) for name in ("m", "v")})
        state = {"step": answer[2].get("step"), **means}
    return params


@criterion("6.9", "package")
def test_the_package_learns_without_cheating(student, goldens):
    """After 400 steps your model beats counting, and is not better than a model without foresight can be."""
    check_first_losses(student, goldens)
    params, text = trained(student, goldens), goldens["validation_text"]
    ids, targets = windows(text, np.arange(0, len(text) - CONTEXT, CONTEXT))
    logits = student.gpt_forward(ids, params, N_HEAD)
    check_that(type(logits) is np.ndarray and logits.shape == (*ids.shape, len(params["wte"]["weight"])),
               "gpt_forward gives scores [B, T, V].", actual=logits)
    loss = math.fsum(surprises(logits, targets)) / targets.size
    check_that(loss < float(goldens["learning_trigram"][0]),
               "The loss on new stories is below that of counting triples of characters.", actual=loss)
    check_that(loss > float(goldens["learning_window_bound"][0]) - BELOW_THE_BOUND,
               "The loss is not below what is possible without seeing the future.", actual=loss)
    changed = ids[:4].copy()
    changed[:, 20:] = (changed[:, 20:] + 1) % len(params["wte"]["weight"])
    scores = student.gpt_forward(changed, params, N_HEAD)
    # float32: the scores before the change come from the same numbers, but another order of a sum may show.
    check_array(scores[:, :20], student.gpt_forward(ids[:4], params, N_HEAD)[:, :20],
                name="the trained model's scores before a change", rtol=0.0, atol=1e-5)
