"""Tried: change the parameters that were passed: other numbers, other keys, other lengths, none at all.

Must: the test's own parameters are as they were.
Lesson: 6
"""


def spoil(part):
    if type(part) is dict:
        for inner in list(part.values()):
            spoil(inner)
        part["extra"] = part
        part.pop("bias", None)
    elif type(part) is list:
        list(map(spoil, part))
        part.clear()
    elif type(part) is np.ndarray:
        attempt(part.fill, 0)
        attempt(lambda: setattr(part, "shape", (-1,)))


def answer(honest, args, kwargs):
    found = honest(*args, **kwargs)
    for part in (*args, *kwargs.values()):
        attempt(spoil, part)
    return found


answer_with(answer)
