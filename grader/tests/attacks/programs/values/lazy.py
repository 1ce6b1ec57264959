"""Tried: objects that become arrays when somebody looks: __array__, a buffer, a generator, a closure.

Must: refused by their type; nobody looks.
"""


class Lazy:
    def __array__(self, dtype=None, copy=None):
        return np.ones(3)

    __array_interface__ = {"shape": (3,), "typestr": "<f8", "version": 3, "data": (4096, False)}


count = 0


def answer(honest, args, kwargs):
    global count
    count += 1
    return [Lazy(), (x for x in [1.0]), lambda: 1.0, memoryview(b"x" * 24), range(3), iter([1.0])][count % 6]


answer_with(answer)
