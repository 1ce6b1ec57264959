# 1.3
import numpy as np


def scale_scores(scores, d_k):
    return scores / math.sqrt(d_k)
