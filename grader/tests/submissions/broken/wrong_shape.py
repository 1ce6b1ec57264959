# 1.2
import numpy as np


def attention_scores(q, k):
    return (q[:, None, :] * k).sum(axis=0)
