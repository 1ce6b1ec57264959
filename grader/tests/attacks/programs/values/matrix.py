"""Tried: np.matrix, whose product and shape are others.

Must: refused by its type.
"""
turn = lambda x: tuple(map(turn, x)) if type(x) is tuple else np.asmatrix(np.atleast_2d(x.reshape(-1)))
answer_with(lambda honest, args, kwargs: turn(honest(*args, **kwargs)))
