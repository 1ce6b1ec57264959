"""Tried: scalars and arrays of shape (1,) or (), which compare with every shape.

Must: failed for their type or shape.
"""
count = 0


def answer(honest, args, kwargs):
    global count
    count += 1
    one = [0.0, np.float64(0.5), np.zeros(()), np.zeros(1), np.zeros((1, 1)), 0, True][count % 7]
    return (one, one) if count % 2 else one


answer_with(answer)
