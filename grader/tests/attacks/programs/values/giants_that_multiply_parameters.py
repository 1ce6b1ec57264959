"""Tried: every leaf of the gradients and of the state a column or a row of 2**15.

Must: the grader gives a test no such memory; the test fails, the run goes on.
Lesson: 6
"""
count = 0


def grown(part):
    global count
    if type(part) in (list, tuple):
        return type(part)(grown(p) for p in part)
    if type(part) is dict:
        return {k: grown(v) for k, v in part.items()}
    count += 1
    return np.zeros((1 << 15, 1) if count % 2 else (1, 1 << 15)) if type(part) is np.ndarray else part


answer_with(lambda honest, args, kwargs: grown(honest(*args, **kwargs)))
