"""Lesson 6, honestly wrong: right shapes and zeros. What this earns is what an attack may earn.

Lesson: 6
"""

import numpy as np


def _zeros(tree):
    if isinstance(tree, dict):
        return {name: _zeros(part) for name, part in tree.items()}
    return [_zeros(part) for part in tree] if isinstance(tree, list) else np.zeros_like(tree)


def transformer_block(x, params, n_head, mask=None):
    return np.zeros_like(x)


def gpt_forward(ids, params, n_head):
    return np.zeros((*ids.shape, len(params["wte"]["weight"])), params["wte"]["weight"].dtype)


def cross_entropy(logits, targets, ignore_index=-100):
    return -1.0, np.zeros_like(logits)


def get_batch(data, batch_size, block_size, rng):
    part = np.zeros((batch_size, block_size), data.dtype) - 1
    return part, part


def gpt_loss_and_gradients(ids, targets, params, n_head):
    return -1.0, _zeros(params)


def adamw_step(params, grads, state, lr, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1):
    return _zeros(params), {"step": -1, "m": _zeros(params), "v": _zeros(params)}


def next_token_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    return np.zeros_like(logits)


def generate(ids, params, n_head, n_new, rng, temperature=1.0, top_k=None, top_p=None):
    return np.concatenate([ids, np.zeros((*ids.shape[:-1], n_new), ids.dtype) - 1], axis=-1)


def train_step(params, state, ids, targets, n_head, lr):
    return -1.0, _zeros(params), {"step": -1, "m": _zeros(params), "v": _zeros(params)}
