# 1.2
import numpy as np


def attention_scores(q, k):
    rows = q.reshape(3, 3)
    return rows @ k.T
