"""Tried: zero the inputs in place, so that an answer of zeros is right for them.

Must: the tests' own arrays are elsewhere, and stay as they are.
"""


def answer(honest, args, kwargs):
    for array in args:
        attempt(lambda a=array: a.setflags(write=True))
        attempt(lambda a=array: a.fill(0))
    return honest(*args, **kwargs)


answer_with(answer)
