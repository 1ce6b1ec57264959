"""Public tests of lesson 6. They come with your repository: read them, run them, add your own.

Expected numbers come from plain Python loops over lists, from laws, and from nudging one number at a time.
"""

import math

import numpy as np

from grader.testing import check_array, check_number, check_raises, check_that, criterion

# Two right orders of operations differ by a few roundings of float64, about 1e-15; a mistake by far more.
FLOAT64 = {"rtol": 1e-7, "atol": 1e-9}
# float32 has seven digits, and a whole model of float32 numbers may cost three of them.
FLOAT32 = {"rtol": 1e-4, "atol": 1e-5}
# A token whose features are nearly equal has a large gradient, and little of it is sure in float32.
SHARP = {"rtol": 1e-3, "atol": 1e-4}
# What a token may not see must not move its scores at all; this leaves room for another order of a sum.
NO_LEAK = {"rtol": 0.0, "atol": 1e-9}
# A central difference with a step of 1e-5 is itself wrong by about 1e-10.
DIFFERENCE = {"rtol": 1e-6, "atol": 1e-8}
STEP = 1e-5


def locked(tree):
    """Copy a tree of arrays and make the copies read-only."""
    if isinstance(tree, np.ndarray):
        tree = tree.copy()
        tree.flags.writeable = False
        return tree
    if isinstance(tree, dict):
        return {key: locked(branch) for key, branch in tree.items()}
    return [locked(branch) for branch in tree]


def with_dtype(tree, dtype):
    """Convert every array of a tree."""
    if isinstance(tree, np.ndarray):
        return tree.astype(dtype)
    if isinstance(tree, dict):
        return {key: with_dtype(branch, dtype) for key, branch in tree.items()}
    return [with_dtype(branch, dtype) for branch in tree]


def named(tree, name=""):
    """List (name, array) for each array of a tree; the names are like h.0.ln_1.weight."""
    if isinstance(tree, np.ndarray):
        return [(name, tree)]
    if type(tree) not in (dict, list):
        return [(name, None)]
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    return [leaf for key, branch in pairs for leaf in named(branch, f"{name}.{key}".lstrip("."))]


# ---------------------------------------------------------------- models of random numbers


def projection(rng, d_in, d_out):
    """Draw a projection."""
    return {"weight": rng.normal(0, 0.7, (d_in, d_out)), "bias": rng.normal(0, 0.3, d_out)}


def norm(rng, d):
    """Draw the gammas and betas of a norm."""
    return {"weight": rng.uniform(0.5, 1.5, d), "bias": rng.normal(0, 0.3, d)}


def draw_block(rng, d, d_ff):
    """Draw a block of width d."""
    attn = {"c_attn": projection(rng, d, 3 * d), "c_proj": projection(rng, d, d)}
    mlp = {"c_fc": projection(rng, d, d_ff), "c_proj": projection(rng, d_ff, d)}
    return {"ln_1": norm(rng, d), "attn": attn, "ln_2": norm(rng, d), "mlp": mlp}


def draw_gpt(rng, n_vocab, n_positions, n_layer, d):
    """Draw a whole GPT of width d."""
    return {"wte": {"weight": rng.normal(0, 0.8, (n_vocab, d))},
            "wpe": {"weight": rng.normal(0, 0.8, (n_positions, d))},
            "h": [draw_block(rng, d, d + 3) for _ in range(n_layer)], "ln_f": norm(rng, d)}


# Little is sure in float32 of a token whose features are nearly equal: its norm divides by next to nothing.
def calm_tokens(rng, n):
    """Draw tokens of four features that lie apart."""
    return rng.permuted(np.array([[-1.5, -0.5, 0.5, 1.5]] * n), axis=-1) + rng.uniform(-0.2, 0.2, (n, 4))


def calmed(block):
    """Let a block add little to its stream, so that features that lie apart stay apart."""
    for sublayer in ("attn", "mlp"):
        block[sublayer]["c_proj"] = {name: 0.2 * array for name, array in block[sublayer]["c_proj"].items()}
    return block


def calm_gpt(rng, n_vocab, n_positions):
    """Draw a GPT of one block in which the features of every token lie apart."""
    params = draw_gpt(rng, n_vocab, n_positions, 1, 4)
    params["wte"]["weight"] = calm_tokens(rng, n_vocab)
    params["wpe"]["weight"] *= 0.2
    calmed(params["h"][0])
    return params


# ---------------------------------------------------------------- a GPT of lists and loops, token by token


def dot(a, b):
    """Add up the products, feature by feature."""
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def plus(a, b):
    """Add two vectors."""
    return [x + y for x, y in zip(a, b, strict=True)]


def shares_of(scores):
    """Share out 1 over a list of scores."""
    powers = [math.exp(score - max(scores)) for score in scores]
    return [power / math.fsum(powers) for power in powers]


def projected(row, p):
    """Send one vector through a projection."""
    return plus([dot(row, column) for column in p["weight"].T.tolist()], p["bias"].tolist())


def normalised(row, p):
    """Normalise one vector."""
    mean = math.fsum(row) / len(row)
    std = math.sqrt(math.fsum((x - mean) ** 2 for x in row) / len(row) + 1e-5)
    return [g * (x - mean) / std + b
            for x, g, b in zip(row, p["weight"].tolist(), p["bias"].tolist(), strict=True)]


def bent(x):
    """Compute GPT-2's gelu of one number."""
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def attended(rows, p, n_head, sees):
    """Let each vector attend: sees[i] lists the places that place i may look at."""
    d = len(rows[0])
    parts = [projected(row, p["c_attn"]) for row in rows]
    out = []
    for i, part in enumerate(parts):
        blend = []
        for start in range(0, d, d // n_head):
            head = slice(start, start + d // n_head)
            keys = [parts[j][d:2 * d][head] for j in sees[i]]
            weights = shares_of([dot(part[:d][head], key) / math.sqrt(d / n_head) for key in keys])
            values = [parts[j][2 * d:][head] for j in sees[i]]
            blend += [dot(weights, feature) for feature in zip(*values, strict=True)]
        out.append(projected(blend, p["c_proj"]))
    return out


def block_of(rows, p, n_head, sees):
    """Send the vectors of one text through a block."""
    found = attended([normalised(row, p["ln_1"]) for row in rows], p["attn"], n_head, sees)
    rows = [plus(row, more) for row, more in zip(rows, found, strict=True)]
    hidden = [projected(normalised(row, p["ln_2"]), p["mlp"]["c_fc"]) for row in rows]
    thought = [projected([bent(x) for x in row], p["mlp"]["c_proj"]) for row in hidden]
    return [plus(row, more) for row, more in zip(rows, thought, strict=True)]


def logits_of(ids, params, n_head):
    """Score the next token at every place of one text, a list of ids."""
    wte, wpe = params["wte"]["weight"].tolist(), params["wpe"]["weight"].tolist()
    rows = [plus(wte[token], wpe[place]) for place, token in enumerate(ids)]
    for block in params["h"]:
        rows = block_of(rows, block, n_head, [range(place + 1) for place in range(len(ids))])
    return [[dot(normalised(row, params["ln_f"]), token) for token in wte] for row in rows]


def surprise(logits, target):
    """Give minus the logarithm of a target's probability."""
    largest = max(logits)
    return math.log(math.fsum(math.exp(x - largest) for x in logits)) + largest - logits[target]


# ---------------------------------------------------------------- 6.1 transformer_block


@criterion("6.1", "encoder")
def test_a_block_of_one_head(student, rng):
    """Two tokens that see each other pass through the block as the formulas say."""
    x, params = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0]]), draw_block(rng, 3, 4)
    expected = block_of(x.tolist(), params, 1, [[0, 1], [0, 1]])
    check_array(student.transformer_block(x, params, 1), expected, **FLOAT64)


@criterion("6.1", "encoder")
def test_a_block_of_a_batch(student, rng):
    """Each text of a batch passes through the block by itself, with two heads."""
    x, params = rng.normal(0, 2, (2, 3, 4)), draw_block(rng, 4, 6)
    expected = [block_of(text, params, 2, [range(3)] * 3) for text in x.tolist()]
    check_array(student.transformer_block(x, params, 2), expected, **FLOAT64)


@criterion("6.1", "decoder")
def test_a_block_under_a_causal_mask(student, rng):
    """Under a causal mask, each token sees itself and those before it."""
    x, params = rng.normal(0, 2, (2, 3, 4)), draw_block(rng, 4, 5)
    expected = [block_of(text, params, 2, [range(1), range(2), range(3)]) for text in x.tolist()]
    check_array(student.transformer_block(x, params, 2, np.tri(3, dtype=bool)), expected, **FLOAT64)


@criterion("6.1", "decoder")
def test_a_block_does_not_leak(student, rng):
    """Under a causal mask, changing the later tokens changes nothing before them, and does change them."""
    x, params = rng.normal(0, 2, (2, 4, 6)), draw_block(rng, 6, 5)
    changed = x.copy()
    changed[:, 2:] += rng.uniform(1, 2, (2, 2, 6)) * rng.choice([-1, 1], 6)
    mask = np.tri(4, dtype=bool)
    first, second = (student.transformer_block(text, params, 3, mask) for text in (x, changed))
    check_that(first.shape == second.shape == x.shape, "The stream keeps its shape.", actual=first)
    check_array(second[:, :2], first[:, :2], name="the stream before the change", **NO_LEAK)
    check_that(bool((np.abs(second - first)[:, 2:] > 1e-3).any()), "The changed tokens themselves change.",
               actual=second)


@criterion("6.1", "dtype")
def test_a_block_of_float32(student, rng):
    """A float32 stream and float32 parameters give a float32 stream."""
    x, params = calm_tokens(rng, 3), calmed(draw_block(rng, 4, 5))
    usual = student.transformer_block(x, params, 2)
    answer = student.transformer_block(x.astype(np.float32), with_dtype(params, np.float32), 2)
    check_array(answer, usual, dtype=np.float32, **FLOAT32)


# The student's own answer for unlocked arrays is what is compared.
@criterion("6.1", "pure")
def test_a_block_leaves_its_inputs_alone(student, rng):
    """A locked stream, locked parameters and a locked mask give the same answer."""
    x, params, mask = rng.normal(0, 2, (3, 4)), draw_block(rng, 4, 5), np.tri(3, dtype=bool)
    usual = student.transformer_block(x.copy(), params, 2, mask)
    check_array(student.transformer_block(locked(x), locked(params), 2, locked(mask)), usual, **FLOAT64)


# ---------------------------------------------------------------- 6.2 gpt_forward


@criterion("6.2", "logits")
def test_scores_of_two_tokens(student, rng):
    """A model of one block scores every next token after the text 2, 0."""
    params = draw_gpt(rng, 5, 4, 1, 3)
    check_array(student.gpt_forward(np.array([2, 0]), params, 1), logits_of([2, 0], params, 1), **FLOAT64)


@criterion("6.2", "logits")
def test_scores_of_a_batch(student, rng):
    """A model of two blocks and two heads scores each text of a batch."""
    ids, params = rng.integers(7, size=(2, 3)), draw_gpt(rng, 7, 5, 2, 4)
    expected = [logits_of(text, params, 2) for text in ids.tolist()]
    check_array(student.gpt_forward(ids, params, 2), expected, **FLOAT64)


@criterion("6.2", "causal")
def test_the_model_does_not_see_the_future(student, rng):
    """Changing the tokens from any place on changes no score before it."""
    ids, params = rng.integers(7, size=(2, 5)), draw_gpt(rng, 7, 6, 2, 4)
    usual = student.gpt_forward(ids, params, 2)
    check_that(type(usual) is np.ndarray and usual.shape == (2, 5, 7),
               "The scores are an array [B, T, V].", actual=usual)
    for place in range(1, 5):
        changed = ids.copy()
        changed[:, place:] = (ids[:, place:] + rng.integers(1, 7, (2, 5 - place))) % 7
        scores = student.gpt_forward(changed, params, 2)
        check_array(scores[:, :place], usual[:, :place], name=f"the scores before place {place}", **NO_LEAK)


@criterion("6.2", "refuses")
def test_unknown_tokens_and_long_texts_are_refused(student, rng):
    """The ids -1 and 5 in a vocabulary of 5, and four tokens with three positions, raise ValueError."""
    params = draw_gpt(rng, 5, 3, 1, 4)
    scores = student.gpt_forward(np.array([1, 4, 0]), params, 2)
    check_that(isinstance(scores, np.ndarray) and scores.shape[-1:] == (5,),
               "Known tokens are not refused: each of the five gets a score.", actual=scores)
    for ids in ([1, -1], [1, 5], [1, 2, 3, 4]):
        check_raises(ValueError, student.gpt_forward, np.array(ids), params, 2)


@criterion("6.2", "dtype")
def test_scores_of_float32_parameters(student, rng):
    """float32 parameters give float32 scores."""
    ids, params = rng.integers(5, size=(2, 3)), calm_gpt(rng, 5, 4)
    usual = student.gpt_forward(ids, params, 2)
    answer = student.gpt_forward(ids, with_dtype(params, np.float32), 2)
    check_array(answer, usual, dtype=np.float32, **FLOAT32)


@criterion("6.2", "pure")
def test_the_model_leaves_its_parameters_alone(student, rng):
    """Locked ids and locked parameters give the same scores."""
    ids, params = rng.integers(5, size=(2, 3)), draw_gpt(rng, 5, 4, 1, 4)
    usual = student.gpt_forward(ids.copy(), with_dtype(params, np.float64), 2)
    check_array(student.gpt_forward(locked(ids), locked(params), 2), usual, **FLOAT64)


# ---------------------------------------------------------------- 6.3 cross_entropy


def loss_and_gradient(answer):
    """Demand a tuple of two, and give its parts."""
    check_that(type(answer) is tuple and len(answer) == 2,
               "The function returns two things: (loss, d_logits).", actual=answer)
    return answer


def loss_by_loop(logits, targets):
    """Give the mean surprise over lists of scores and their targets."""
    surprises = [surprise(row, target) for row, target in zip(logits, targets, strict=True)]
    return math.fsum(surprises) / len(surprises)


@criterion("6.3", "loss")
def test_loss_of_two_places(student):
    """With probabilities of 1/2 and 1/4 for the right tokens, the loss is the mean of log 2 and log 4."""
    logits = np.array([[0.0, math.log(2), 0.0], [math.log(3), 0.0, -1000.0]])
    loss, _ = loss_and_gradient(student.cross_entropy(logits, np.array([1, 1])))
    check_number(loss, (math.log(2) + math.log(4)) / 2, name="the loss", **FLOAT64)


@criterion("6.3", "loss")
def test_loss_of_a_clueless_model(student):
    """When all of V scores are equal, the loss is log V, whatever the targets are."""
    loss, _ = loss_and_gradient(student.cross_entropy(np.full((2, 3, 7), 5.0), np.arange(6).reshape(2, 3)))
    check_number(loss, math.log(7), name="the loss", **FLOAT64)


@criterion("6.3", "gradient")
def test_gradient_of_the_loss_is_its_slope(student, rng):
    """Nudging one score up and down by 0.00001 changes the loss as the gradient says."""
    logits, targets = rng.normal(size=(2, 3)), np.array([2, 0])
    slopes = np.zeros((2, 3))
    for place in np.ndindex(2, 3):
        up, down = logits.copy(), logits.copy()
        up[place], down[place] = up[place] + STEP, down[place] - STEP
        slopes[place] = (loss_by_loop(up.tolist(), [2, 0]) - loss_by_loop(down.tolist(), [2, 0])) / (2 * STEP)
    _, d_logits = loss_and_gradient(student.cross_entropy(logits, targets))
    check_array(d_logits, slopes, name="the gradient", **DIFFERENCE)


@criterion("6.3", "stable")
def test_large_scores_give_a_finite_loss(student):
    """A right token with the score 1000 is no surprise, and one 1000 below the best costs 1000."""
    for target, expected, gradient in ((0, 0.0, [0.0, 0.0]), (1, 1000.0, [1.0, -1.0])):
        answer = student.cross_entropy(np.array([[1000.0, 0.0]]), np.array([target]))
        loss, d_logits = loss_and_gradient(answer)
        check_number(loss, expected, name="the loss", **FLOAT64)
        check_array(d_logits, [gradient], name="the gradient", **FLOAT64)


@criterion("6.3", "dtype")
def test_gradient_of_float32_scores(student):
    """float32 scores give a float32 gradient."""
    logits, targets = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 1.0]]), np.array([0, 2])
    _, usual = loss_and_gradient(student.cross_entropy(logits, targets))
    _, answer = loss_and_gradient(student.cross_entropy(logits.astype(np.float32), targets))
    check_array(answer, usual, dtype=np.float32, name="the gradient", **FLOAT32)


@criterion("6.3", "pure")
def test_cross_entropy_leaves_its_inputs_alone(student):
    """Locked scores and locked targets give the same answer."""
    logits, targets = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 1.0]]), np.array([0, 2])
    loss, gradient = loss_and_gradient(student.cross_entropy(logits.copy(), targets.copy()))
    answer = loss_and_gradient(student.cross_entropy(locked(logits), locked(targets)))
    check_number(answer[0], float(loss), name="the loss", **FLOAT64)
    check_array(answer[1], gradient, name="the gradient", **FLOAT64)


# ---------------------------------------------------------------- 6.4 get_batch


def batch_of(answer):
    """Demand a tuple of two, and give its parts."""
    check_that(type(answer) is tuple and len(answer) == 2, "The function returns two things: (x, y).",
               actual=answer)
    return answer


# In the text 0, 1, 2, ... each token tells its place. The seed is fixed: no start lies near an end.
@criterion("6.4", "windows")
def test_windows_are_cut_from_the_text(student):
    """From the text 0, 1, 2, ... each window of five goes up by one, and each begins elsewhere."""
    x, _ = batch_of(student.get_batch(np.arange(4000), 3, 5, np.random.default_rng(1)))
    check_that(type(x) is np.ndarray and x.shape == (3, 5), "x is an array [B, T].", actual=x)
    starts = x[:, 0].tolist()
    check_array(x, [list(range(start, start + 5)) for start in starts], name="x", **FLOAT64)
    check_that(len(set(starts)) == 3, "The three windows begin at three places.", actual=x)


@criterion("6.4", "targets")
def test_targets_are_the_next_tokens(student):
    """In the text 0, 1, 2, ... every target is the token of the input plus one."""
    x, y = batch_of(student.get_batch(np.arange(4000), 2, 3, np.random.default_rng(1)))
    check_that(type(x) is np.ndarray and x.shape == (2, 3) and x.dtype == np.arange(1).dtype,
               "x is an array [B, T] of tokens, which are integers.", actual=x)
    check_array(y, [[token + 1 for token in row] for row in x.tolist()], name="y", **FLOAT64)


# ---------------------------------------------------------------- 6.5 gpt_loss_and_gradients


def model_loss(ids, targets, params, n_head):
    """Compute the mean surprise of a model over a batch."""
    rows = [row for text in ids.tolist() for row in logits_of(text, params, n_head)]
    return loss_by_loop(rows, targets.ravel().tolist())


def both(answer):
    """Demand a tuple of two, and give its parts."""
    check_that(type(answer) is tuple and len(answer) == 2,
               "The function returns two things: (loss, grads).", actual=answer)
    return answer


def slope_along(moves, loss, step=STEP):
    """Measure how the loss changes when arrays move in their directions, all at once."""
    losses = []
    for sign in (1, -1):
        for array, direction in moves:
            np.add(array, sign * step * direction, out=array)
        losses.append(loss())
        for array, direction in moves:
            np.subtract(array, sign * step * direction, out=array)
    return (losses[0] - losses[1]) / (2 * step)


def careful_slope(moves, loss):
    """Measure it with two steps, and take off the error that shrinks with their square.

    A token whose features are nearly equal bends the loss sharply: there one step is not enough.
    """
    return (4 * slope_along(moves, loss, STEP / 2) - slope_along(moves, loss)) / 3


def check_slopes(moves, loss):
    """Demand that the loss changes along directions as the gradients say; name the first wrong one.

    moves: (name, gradient, array, direction) in the order in which the way back meets them.
    """
    for name, gradient, array, _ in moves:
        check_array(gradient, np.zeros(array.shape), rtol=0.0, atol=1e9, name=f"the gradient of {name}")
    said = [float((gradient * direction).sum()) for _, gradient, _, direction in moves]
    together = slope_along([(array, direction / len(moves)) for *_, array, direction in moves], loss)
    if abs(math.fsum(said) / len(moves) - together) < DIFFERENCE["atol"] / 2:
        return  # all at once, because it is quicker; only when this fails, one after another
    for number, (name, _, *move) in zip(said, moves, strict=True):
        check_number(number, careful_slope([move], loss),
                     name=f"the gradient of {name}, along a random direction,", **DIFFERENCE)


def random_direction(rng, shape):
    """Draw a direction of length one."""
    direction = rng.normal(size=shape)
    return direction / math.sqrt(float((direction**2).sum()))


@criterion("6.5", "loss")
def test_loss_of_the_whole_model(student, rng):
    """The loss is the mean surprise of the model about the targets."""
    params, ids, targets = draw_gpt(rng, 5, 4, 2, 4), np.array([[2, 0, 1]]), np.array([[0, 1, 3]])
    loss, _ = both(student.gpt_loss_and_gradients(ids, targets, params, 2))
    expected = loss_by_loop(logits_of([2, 0, 1], params, 2), [0, 1, 3])
    check_number(loss, expected, name="the loss", **FLOAT64)


@criterion("6.5", "blocks")
def test_gradients_of_the_blocks_are_slopes(student, rng):
    """Moving the parameters of the last norm, or of a block, changes the loss as their gradients say."""
    params, (ids, targets) = draw_gpt(rng, 5, 4, 2, 4), rng.integers(5, size=(2, 2, 3))
    _, grads = both(student.gpt_loss_and_gradients(ids, targets, params, 2))
    mine = with_dtype(params, float)  # a copy to nudge
    found, arrays = dict(named(grads)), dict(named(mine))
    check_that(sorted(found) == sorted(arrays), "The gradients have the layout of the parameters.",
               actual=", ".join(found))
    moves = [(name, found[name], array, random_direction(rng, array.shape))
             for name, array in arrays.items() if name.startswith(("h", "ln_f"))]
    check_slopes(moves[::-1],  # the way back meets the last one first
                 lambda: model_loss(ids, targets, mine, 2))


@criterion("6.5", "tables")
def test_gradients_of_the_tables_are_slopes(student, rng):
    """Moving one token's vector, or one position's, changes the loss as its gradient says."""
    params, ids = draw_gpt(rng, 5, 4, 1, 4), np.array([[2, 0, 2], [1, 2, 2]])  # token 2 stands at four places
    targets = rng.integers(5, size=(2, 3))
    _, grads = both(student.gpt_loss_and_gradients(ids, targets, params, 2))
    mine = with_dtype(params, float)  # a copy to nudge
    found, arrays, moves = dict(named(grads)), dict(named(mine)), []
    for table in ("wpe.weight", "wte.weight"):
        for row in range(len(arrays[table])):
            direction = np.zeros(arrays[table].shape)
            direction[row] = random_direction(rng, 4)
            moves.append((f"{table}, row {row}", found.get(table), arrays[table], direction))
    check_slopes(moves, lambda: model_loss(ids, targets, mine, 2))


@criterion("6.5", "dtype")
def test_gradients_of_float32_parameters(student, rng):
    """float32 parameters have float32 gradients, all of them."""
    params, (ids, targets) = calm_gpt(rng, 5, 4), rng.integers(5, size=(2, 2, 3))
    _, usual = both(student.gpt_loss_and_gradients(ids, targets, params, 2))
    _, grads = both(student.gpt_loss_and_gradients(ids, targets, with_dtype(params, np.float32), 2))
    found = dict(named(grads))
    check_that(bool(found), "The gradients are a tree of arrays.", actual=grads)
    for name, gradient in named(usual):
        check_array(found.get(name), gradient, dtype=np.float32, name=f"the gradient of {name}", **SHARP)


@criterion("6.5", "pure")
def test_gradients_leave_the_parameters_alone(student, rng):
    """Locked ids, targets and parameters have the same gradients."""
    params, (ids, targets) = draw_gpt(rng, 5, 4, 1, 4), rng.integers(5, size=(2, 2, 3))
    _, usual = both(student.gpt_loss_and_gradients(ids.copy(), targets.copy(), with_dtype(params, float), 2))
    _, grads = both(student.gpt_loss_and_gradients(locked(ids), locked(targets), locked(params), 2))
    found = dict(named(grads))
    check_that(bool(found), "The gradients are a tree of arrays.", actual=grads)
    for name, gradient in named(usual):
        check_array(found.get(name), gradient, name=f"the gradient of {name}", **FLOAT64)


# ---------------------------------------------------------------- 6.6 adamw_step


def params_and_state(answer):
    """Demand a tuple of two, and give its parts."""
    check_that(type(answer) is tuple and len(answer) == 2 and type(answer[1]) is dict,
               "The function returns two things: (params, state).", actual=answer)
    return answer


@criterion("6.6", "first-step")
def test_the_first_step_has_the_size_of_the_learning_rate(student):
    """At the first step every number moves by 0.1, the learning rate, however large its gradient is."""
    params, grads = {"bias": np.array([1.0, 2.0, 3.0])}, {"bias": np.array([5.0, -0.5, 200.0])}
    moved, _ = params_and_state(student.adamw_step(params, grads, None, 0.1))
    check_array(dict(named(moved)).get("bias"), [0.9, 2.1, 2.9], name="params['bias']", **FLOAT64)


@criterion("6.6", "running-means")
def test_the_state_holds_running_means(student):
    """After the gradients 2 and 4, the means and the number of steps are those of a plain loop."""
    params, state, m, v = [np.array([1.0, -1.0])], None, 0.0, 0.0
    for step, g in enumerate((2.0, 4.0), start=1):
        grads = [np.array([g, -g])]
        params, state = params_and_state(student.adamw_step(params, grads, state, 0.1, betas=(0.8, 0.7)))
        m, v = 0.8 * m + 0.2 * g, 0.7 * v + 0.3 * g * g
        check_that(set(state) == {"step", "m", "v"}, "The state has the keys step, m and v.",
                   actual=", ".join(map(str, state)))
        check_number(state["step"], step, name="state['step']", **FLOAT64)
        found = dict(named(state))
        check_array(found.get("m.0"), [m, -m], name="state['m'][0]", **FLOAT64)
        check_array(found.get("v.0"), [v, v], name="state['v'][0]", **FLOAT64)


@criterion("6.6", "decay")
def test_only_matrices_decay(student):
    """With gradients of 0, a matrix shrinks by lr * weight_decay of itself, and a bias stays."""
    params = {"weight": np.array([[1.0, -2.0]]), "bias": np.array([3.0])}
    grads = {"weight": np.zeros((1, 2)), "bias": np.zeros(1)}
    moved, _ = params_and_state(student.adamw_step(params, grads, None, 0.5, weight_decay=0.2))
    found = dict(named(moved))
    check_array(found.get("weight"), [[0.9, -1.8]], name="params['weight']", **FLOAT64)
    check_array(found.get("bias"), [3.0], name="params['bias']", **FLOAT64)


@criterion("6.6", "dtype")
def test_a_step_of_float32(student):
    """float32 parameters and gradients give float32 parameters, and a float32 state, at both steps."""
    params, grads = {"weight": np.array([[1.0, -2.0]])}, {"weight": np.array([[2.0, 0.5]])}
    small, small_grads = with_dtype(params, np.float32), with_dtype(grads, np.float32)
    state = small_state = None
    for _ in range(2):
        params, state = params_and_state(student.adamw_step(params, grads, state, 0.1))
        small, small_state = params_and_state(student.adamw_step(small, small_grads, small_state, 0.1))
        found = dict(named({"params": small, "m": small_state.get("m"), "v": small_state.get("v")}))
        for name, usual in named({"params": params, "m": state.get("m"), "v": state.get("v")}):
            check_array(found.get(name), usual, dtype=np.float32, name=name, **FLOAT32)


@criterion("6.6", "pure")
def test_a_step_leaves_the_old_parameters_alone(student):
    """Locked parameters, gradients and state give the same step."""
    params, grads = {"weight": np.array([[1.0, -2.0]])}, {"weight": np.array([[2.0, 0.5]])}
    state = {"step": 1, "m": {"weight": np.array([[0.2, 0.05]])}, "v": {"weight": np.array([[0.2, 0.1]])}}
    kept = {"step": 1, "m": locked(state["m"]), "v": locked(state["v"])}
    free = [{"weight": tree["weight"].copy()} for tree in (params, grads)]
    usual = params_and_state(student.adamw_step(*free, state, 0.1))
    answer = params_and_state(student.adamw_step(locked(params), locked(grads), kept, 0.1))
    for part, old, new in (("params", usual[0], answer[0]), ("m", usual[1].get("m"), answer[1].get("m"))):
        check_array(dict(named(new)).get("weight"), dict(named(old)).get("weight"),
                    name=f"{part}['weight']", **FLOAT64)


# ---------------------------------------------------------------- 6.7 next_token_probabilities


@criterion("6.7", "temperature")
def test_temperature_divides_the_scores(student):
    """The scores 2, 0 and 1 become softmax of 4, 0 and 2 at temperature 0.5, and of 1, 0 and 0.5 at 2."""
    logits = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 1.0]])
    for temperature in (0.5, 2.0, 1.0):
        expected = [shares_of([score / temperature for score in row]) for row in logits.tolist()]
        check_array(student.next_token_probabilities(logits, temperature), expected, **FLOAT64)


@criterion("6.7", "greedy")
def test_temperature_zero_takes_the_first_largest(student):
    """At temperature 0 the largest score has the probability 1; of two equal ones, the first."""
    logits = np.array([[1.0, 3.0, 2.0], [5.0, 0.0, 5.0]])
    check_array(student.next_token_probabilities(logits, 0.0), [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], **FLOAT64)


@criterion("6.7", "top-k")
def test_top_k_keeps_the_largest(student):
    """With top_k=2 the two largest scores of each row share 1; with top_k=9 of three, all do."""
    logits = np.array([[2.0, 0.0, 1.0], [-3.0, -1.0, -2.0]])
    two = [[*shares_of([2.0, 1.0]), 0.0], [0.0, *shares_of([-1.0, -2.0])]]
    two[0] = [two[0][0], 0.0, two[0][1]]
    check_array(student.next_token_probabilities(logits, top_k=2), two, **FLOAT64)
    everyone = [shares_of(row) for row in logits.tolist()]
    check_array(student.next_token_probabilities(logits, top_k=9), everyone, **FLOAT64)


@criterion("6.7", "top-p")
def test_top_p_keeps_what_reaches_p(student):
    """Of the probabilities 1/8, 1/2, 1/4 and 1/8, top_p=0.6 keeps the 1/2 and the 1/4, as 2/3 and 1/3."""
    logits = np.log(np.array([[1.0, 4.0, 2.0, 1.0], [1.0, 1.0, 1.0, 13.0]]))
    expected = [[0.0, 2 / 3, 1 / 3, 0.0], [0.0, 0.0, 0.0, 1.0]]
    check_array(student.next_token_probabilities(logits, top_p=0.6), expected, **FLOAT64)


@criterion("6.7", "refuses")
def test_settings_without_sense_are_refused(student):
    """A temperature of -1, a top_k of 0, and a top_p of 0 or of 1.5 raise ValueError."""
    logits = np.array([2.0, 0.0, 1.0])
    for settings in ({"temperature": -1.0}, {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.5}):
        check_raises(ValueError, student.next_token_probabilities, logits, **settings)


@criterion("6.7", "dtype")
def test_probabilities_of_float32_scores(student):
    """float32 scores give float32 probabilities, and integers count as float64, with every setting."""
    logits = np.array([[2.0, 0.0, 1.0, 5.0]])
    for settings in ({"temperature": 0.5}, {"top_k": 2}, {"top_p": 0.9}):
        usual = student.next_token_probabilities(logits.copy(), **settings)
        answer = student.next_token_probabilities(logits.astype(np.float32), **settings)
        check_array(answer, usual, dtype=np.float32, **FLOAT32)
        answer = student.next_token_probabilities(logits.astype(np.int64), **settings)
        check_array(answer, usual, dtype=np.float64, **FLOAT64)


@criterion("6.7", "pure")
def test_probabilities_leave_the_scores_alone(student):
    """Locked scores give the same probabilities, with every setting."""
    logits = np.array([[2.0, 0.0, 1.0, 5.0]])
    for settings in ({"temperature": 0.5}, {"top_k": 2}, {"top_p": 0.9}):
        usual = student.next_token_probabilities(logits.copy(), **settings)
        check_array(student.next_token_probabilities(locked(logits), **settings), usual, **FLOAT64)


# ---------------------------------------------------------------- 6.8 generate


def draw_writer(rng, n_vocab, n_positions):
    """Draw a GPT in which what comes next depends on all of the text, not on one favourite token."""
    params = draw_gpt(rng, n_vocab, n_positions, 1, 4)
    for layer in (params["h"][0]["attn"]["c_proj"], params["h"][0]["mlp"]["c_proj"], params["ln_f"]):
        layer["bias"] *= 0.0
    params["h"][0]["attn"]["c_proj"]["weight"] *= 3.0
    wte, wpe = params["wte"]["weight"], params["wpe"]["weight"]
    wte /= np.sqrt((wte**2).sum(axis=-1, keepdims=True))  # tokens of length one: none is loud by itself
    wpe += np.sign(wpe)
    return params


def written(ids, params, n_head, n_new, choose):
    """Write on, one text at a time: choose(probabilities, text, step) names the next token."""
    texts = []
    for number, text in enumerate(ids.tolist()):
        for step in range(n_new):
            shares = shares_of(logits_of(text[-len(params["wpe"]["weight"]):], params, n_head)[-1])
            text.append(choose(shares, number, step))
        texts.append(text)
    return np.array(texts)


@criterion("6.8", "greedy")
def test_greedy_writing(student, rng):
    """At temperature 0, two new tokens follow each text, the best one each time, with any model."""
    for _ in range(7):
        ids, params = rng.integers(9, size=(2, 2)), draw_writer(rng, 9, 6)
        expected = written(ids, params, 2, 2, lambda shares, text, step: shares.index(max(shares)))
        answer = student.generate(ids, params, 2, 2, np.random.default_rng(0), temperature=0.0)
        check_array(answer, expected, **FLOAT64)


@criterion("6.8", "sampling")
def test_sampled_writing(student, rng):
    """Each text draws its own numbers, one a step, and takes the token that its number falls on."""
    for _ in range(4):
        ids, params, seed = rng.integers(7, size=(5, 2)), draw_writer(rng, 7, 6), int(rng.integers(2**31))
        draws = np.random.default_rng(seed).random((2, 5)).tolist()  # the numbers of two calls of random(5)

        def choose(shares, text, step, draws=draws):
            sums = [math.fsum(shares[: token + 1]) for token in range(6)]
            return next((token for token, reached in enumerate(sums) if reached > draws[step][text]), 6)

        expected = written(ids, params, 2, 2, choose)
        check_array(student.generate(ids, params, 2, 2, np.random.default_rng(seed)), expected, **FLOAT64)


# ---------------------------------------------------------------- 6.9 train_step


@criterion("6.9", "one-step")
def test_two_steps_of_learning(student, rng):
    """Both steps give the loss before them; the second goes on from the parameters and state of the first."""
    params, (ids, targets), state = draw_gpt(rng, 5, 3, 1, 4), rng.integers(5, size=(2, 2, 3)), None
    for step in (1, 2):
        expected = model_loss(ids, targets, params, 2)
        _, grads = student.gpt_loss_and_gradients(ids, targets, params, 2)
        moved, kept = student.adamw_step(params, grads, state, 0.1)
        answer = student.train_step(params, state, ids, targets, 2, 0.1)
        check_that(type(answer) is tuple and len(answer) == 3,
                   "The function returns three things: (loss, params, state).", actual=answer)
        check_number(answer[0], expected, name=f"the loss of step {step}", **FLOAT64)
        found = dict(named({"params": answer[1], "state": answer[2]}))
        for name, array in named({"params": moved, "state": kept}):
            if array is not None:
                check_array(found.get(name), array, name=name, **FLOAT64)
        params, state = answer[1:]
