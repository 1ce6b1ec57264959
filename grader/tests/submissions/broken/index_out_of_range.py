# 1.2
import numpy as np


def attention_scores(q, k):
    scores = np.zeros((len(q), len(k)))
    for i in range(len(q)):
        for j in range(len(k)):
            scores[j, i] = q[i] @ k[j]
    return scores
