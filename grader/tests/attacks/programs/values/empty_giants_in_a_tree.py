"""Tried: every leaf an array without elements, of shapes up to (2**40, 0, 2**20).

Must: the wrong shape; nothing sums over 2**40 places.
Lesson: 6
"""
SHAPES = [(1 << 40, 0), (0, 1 << 40), (1 << 30, 0, 1 << 9), (0,) * 64]


def emptied(part, n=0):
    if type(part) in (list, tuple):
        return type(part)(emptied(p, n + i) for i, p in enumerate(part))
    if type(part) is dict:
        return {k: emptied(v, n + i) for i, (k, v) in enumerate(part.items())}
    return np.zeros(SHAPES[n % 4])


answer_with(lambda honest, args, kwargs: emptied(honest(*args, **kwargs)))
