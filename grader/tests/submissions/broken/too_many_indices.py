# 1.1
import numpy as np


def softmax(x, axis=-1):
    largest = x[:, 0, 0]
    return np.exp(x - largest)
