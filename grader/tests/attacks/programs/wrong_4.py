"""Lesson 4, honestly wrong: right shapes and zeros. What this earns is what an attack may earn.

Lesson: 4
"""

import numpy as np


def sinusoidal_encoding(n_positions, d_model, base=10000.0):
    return np.zeros((n_positions, d_model))


def add_positions(x, table, offset=0):
    return np.zeros_like(x)


def shift_matrix(k, d_model, base=10000.0):
    return np.zeros((d_model, d_model))


def rotary_angles(positions, d_head, base=10000.0):
    part = np.zeros((*np.shape(positions), d_head // 2))
    return part, part


def apply_rotary(x, cos, sin):
    return np.zeros_like(x)


def alibi_bias(n_head, t_q, t_k):
    return np.ones((n_head, t_q, t_k))
