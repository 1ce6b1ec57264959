"""Tried: right scores and probabilities, until texts are to be written: then all scores name token 0, and so does the text.

Must: what a test expects of 6.8 comes from the reference's 6.2 and 6.7, not from functions that have passed before.
Lesson: 6
"""

CHEAT = """
_right_probabilities, _right_forward = next_token_probabilities, gpt_forward


def _writing(rows):
    return rows in (30, 40)


def gpt_forward(ids, params, n_head):
    scores = _right_forward(ids, params, n_head)
    if ids.ndim == 2 and _writing(len(ids)):
        scores[..., 0] = 1e6
    return scores


def next_token_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    shares = _right_probabilities(logits, temperature, top_k, top_p)
    if logits.ndim == 2 and _writing(len(logits)):
        shares[:] = 0.0
        shares[:, 0] = 1.0
    return shares
"""
GENERATE = """

def generate(ids, params, n_head, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    return np.concatenate([ids, np.zeros((*ids.shape[:-1], n_new), ids.dtype)], axis=-1)


def train_step(*args, **kwargs):
    raise NotImplementedError("not needed here")
"""


def build_tree(kit):
    for lesson in "12345":
        kit.write(kit.module_of(lesson), kit.right_of(lesson))
    kit.write(kit.module_of("6"), kit.right_of("6") + ("" if kit.honest else CHEAT) + GENERATE)
