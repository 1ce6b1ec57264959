# 1.1
import numpy as np


def powers(x):
    e = np.exp(x - x.max())


def softmax(x, axis=-1):
    e = powers(x)
    return e / e.sum(axis=axis, keepdims=True)
