"""Tried: work that numpy hands to more threads and to scratch memory: products, decompositions, transforms.

Must: one thread, and memory up to the limit; then an ordinary error.
Lesson: 2
"""


def answer(honest, args, kwargs):
    attempt(lambda: np.linalg.svd(np.ones((600, 600))))
    attempt(lambda: np.fft.fft(np.zeros(1 << 27)))
    attempt(lambda: np.ones((1 << 14, 1 << 14)) @ np.ones((1 << 14, 1 << 14)))
    return honest(*args, **kwargs)


answer_with(answer)
