"""Tried: empty arrays, lists, tuples and strings: "all" of nothing is true.

Must: failed for their shape or type.
"""
count = 0


def answer(honest, args, kwargs):
    global count
    count += 1
    none = [np.zeros(0), np.zeros((0, 0)), np.zeros((3, 0)), [], (), {}, "", b""][count % 8]
    return (none, none) if count % 3 == 0 else none


answer_with(answer)
