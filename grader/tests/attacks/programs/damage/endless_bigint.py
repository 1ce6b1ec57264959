"""Tried: an integer whose power takes for ever, and turning it into text.

Must: killed.
"""


def scale_scores(scores, d_k):
    n = 3 ** (10**7)
    return len(str(n**n))
