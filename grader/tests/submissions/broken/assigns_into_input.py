# 1.4
import numpy as np


def mask_scores(scores, mask):
    scores[~mask] = -1e9
    return scores * 1.0
