"""Honest: a temporary array of 100 MB."""
right_scores = attention_scores


def attention_scores(q, k):
    temporary = np.ones(12_500_000)
    return right_scores(q, k) * temporary[0].astype(q.dtype if q.dtype.kind == "f" else float)
