"""Tried: subclasses of float, np.float64, int, str, tuple, list and dict that are equal to everything.

Must: refused by their exact type.
"""


def sly(kind):
    return type(kind.__name__, (kind,), {"__eq__": lambda a, b: True, "__sub__": lambda a, b: kind(0),
                                         "__hash__": lambda a: 0, "__float__": lambda a: 0.0})


KINDS = [sly(k) for k in (float, np.float64, int, str, tuple, list, dict)]
count = 0


def answer(honest, args, kwargs):
    global count
    count += 1
    return KINDS[count % len(KINDS)]()


answer_with(answer)
