"""Tried: pass the random generator through a door, so that the reference draws from it, and use what it drew.

Must: the reference takes no generator there; its own draws stay its own.
Lesson: 6
"""


def generate(ids, params, n_head, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    for wrong in ((ids, params, rng), (rng, params, n_head), (rng,), (ids, {"wte": rng}, n_head)):
        attempt(lambda: gpt_forward(*wrong))
        attempt(lambda: next_token_probabilities(*wrong[:1]))
    return np.concatenate([ids, np.zeros((*ids.shape[:-1], n_new), ids.dtype)], axis=-1)
