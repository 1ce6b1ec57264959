# 1.1
import numpy as np


def softmax(x, axis=-1):
    return np.softmax(x, axis=axis)
