# 1.5
import numpy as np


SCALES = {'half': 0.5}


def scaled_dot_product_attention(q, k, v, mask=None):
    weights = q @ k.T * SCALES['quarter']
    return weights @ v, weights
