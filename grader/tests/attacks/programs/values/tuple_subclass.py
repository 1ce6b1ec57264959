"""Tried: kinds of tuple that lie about their length and their parts.

Must: refused; only a plain tuple travels.
Lesson: 3
"""


class Two(tuple):
    __len__ = lambda self: 2
    __getitem__ = lambda self, index: np.zeros(1)
    __iter__ = lambda self: iter((np.zeros(1), np.zeros(1)))
    __eq__ = lambda self, other: True
    __hash__ = object.__hash__


Named = module("collections").namedtuple("Named", "output weights")
answer_with(lambda honest, args, kwargs: Two() if "backward" in honest.__name__ else Named(np.zeros(1), np.zeros(1)))
