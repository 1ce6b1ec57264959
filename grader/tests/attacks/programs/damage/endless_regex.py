"""Tried: a regular expression that backtracks for ever.

Must: killed.
"""
import re


def scale_scores(scores, d_k):
    return re.match(r"(a*)*b", "a" * 50)
