"""Tried: an array of 2**50 elements that takes 8 bytes here, and would take all of the grader's memory there.

Must: refused before anything is built.
"""
giant = lambda: np.broadcast_to(np.zeros(1), (1 << 25, 1 << 25))
answer_with(lambda honest, args, kwargs: giant())
