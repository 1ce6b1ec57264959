# 1.1
import numpy as np


def softmax(x, axis=-1):
    shifted = x - x.max(axis=axis, keepdims=True)
    e = np.exp(shiftd)
    return e / e.sum(axis=axis, keepdims=True)
