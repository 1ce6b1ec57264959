# 1.1
import numpy as np


def softmax(x, axis=-1):
    rows = x.tolist()
    return np.exp(x - rows[0, 0])
