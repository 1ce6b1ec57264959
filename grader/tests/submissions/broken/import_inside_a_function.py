# 1.1
import numpy as np


def softmax(x, axis=-1):
    from scipy.special import softmax as ready
    return ready(x, axis)
