"""Tried: arrays without elements, of shape (2**40, 0): a sum over the last axis has 2**40 of them.

Must: failed for the shape; the grader neither runs out of memory nor stops.
"""
count = 0


def answer(honest, args, kwargs):
    global count
    count += 1
    part = np.zeros([(1 << 40, 0), (0, 1 << 40), (1 << 30, 0, 1 << 9)][count % 3])
    return (part, part) if honest(*args, **kwargs).__class__ is tuple else part


answer_with(answer)
