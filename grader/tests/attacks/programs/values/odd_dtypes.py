"""Tried: structured, object, string, datetime, void, half, long double and byte-swapped arrays.

Must: refused, or failed for their dtype.
"""
DTYPES = ["f8,f8", "O", "U8", "M8[s]", "V8", "f2", "g", ">f8", "c16", "?", "i1", "S3"]
count = 0


def turn(x):
    global count
    count += 1
    return tuple(map(turn, x)) if type(x) is tuple else np.zeros(x.shape, DTYPES[count % len(DTYPES)])


answer_with(lambda honest, args, kwargs: turn(honest(*args, **kwargs)))
