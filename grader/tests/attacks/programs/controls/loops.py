"""Honest: plain loops instead of vectorising."""


def scale_scores(scores, d_k):
    scores = np.asarray(scores)
    out = np.empty(scores.shape, scores.dtype if scores.dtype.kind == "f" else np.float64)
    for index in np.ndindex(*scores.shape):
        out[index] = scores[index] / math.sqrt(d_k)
    return out
