"""Tried: a masked array with everything masked: comparisons give "masked", which is no failure.

Must: refused by its type.
"""
hide = lambda x: tuple(map(hide, x)) if type(x) is tuple else np.ma.masked_all_like(x)
answer_with(lambda honest, args, kwargs: hide(honest(*args, **kwargs)))
