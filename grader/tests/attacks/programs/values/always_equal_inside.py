"""Tried: the same, hidden in an array of objects, a list, a tuple and a dict.

Must: refused by its type, wherever it is.
"""


class Equal:
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0


count = 0


def answer(honest, args, kwargs):
    global count
    count += 1
    e = Equal()
    return [np.array([e, e]), [e, e], (e, e), {"a": e}, {e: 1}, {1: 2}][count % 6]


answer_with(answer)
