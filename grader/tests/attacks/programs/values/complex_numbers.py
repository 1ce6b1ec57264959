"""Tried: complex arrays whose imaginary part a cast would drop; warnings in the grader's log.

Must: failed for their dtype, without a warning on the terminal.
"""
turn = lambda x: tuple(map(turn, x)) if type(x) is tuple else x.astype(complex) + 1j * np.nan
answer_with(lambda honest, args, kwargs: turn(honest(*args, **kwargs)))
