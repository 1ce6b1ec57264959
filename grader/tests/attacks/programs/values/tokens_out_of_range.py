"""Tried: tokens and batches that are no tokens: negative, above 2**60, floats, of 8 bits, nan, two-dimensional twice.

Must: other numbers than expected; a test that uses them as indices fails and does not stop.
Lesson: 6
"""
count = 0


def answer(honest, args, kwargs):
    global count
    count += 1
    part = honest(*args, **kwargs)
    odd = [np.full((2, 3), -(1 << 62)), np.full((2, 3), 1 << 62), np.full((2, 3), np.nan), np.zeros((2, 3), np.uint8),
           np.zeros((2, 3, 2, 3), int), np.full((2, 3), 1 << 63, np.uint64), np.zeros((), int)][count % 7]
    return (odd,) * len(part) if type(part) is tuple else odd


answer_with(answer)
