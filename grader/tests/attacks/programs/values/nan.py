"""Tried: nan everywhere, where a comparison with nan is neither greater nor smaller.

Must: failed for not being finite.
"""
turn = lambda x: tuple(map(turn, x)) if type(x) is tuple else np.full(x.shape, np.nan, x.dtype)
answer_with(lambda honest, args, kwargs: turn(honest(*args, **kwargs)))
