"""Tried: take the lock off read-only inputs, by the flag, by ctypes, and by a view, and write into them.

Must: the grader's own arrays do not change, and `pure` is not won by it.
Lesson: 2
"""


def answer(honest, args, kwargs):
    for part in args:
        if type(part) is np.ndarray:
            attempt(lambda: part.setflags(write=True))
            attempt(lambda: module("ctypes").memset(part.ctypes.data, 1, part.nbytes))
            attempt(lambda: np.frombuffer(part.base, np.uint8).fill(1))
    return honest(*args, **kwargs)


answer_with(answer)
