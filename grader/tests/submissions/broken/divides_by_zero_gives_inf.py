# 1.3
import numpy as np


def scale_scores(scores, d_k):
    width = np.float64(d_k - d_k)
    return scores / width
