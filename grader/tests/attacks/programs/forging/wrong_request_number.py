"""Tried: answers with the number of an earlier request, none, and one that is to come.

Must: a broken protocol; no points for that exercise.
"""


def softmax(x, axis=-1):
    loop = server()
    loop._id = ["", "0", 0, None, True, loop._id + "0"][x.ndim % 6]
    return honest_weights(x, axis)
