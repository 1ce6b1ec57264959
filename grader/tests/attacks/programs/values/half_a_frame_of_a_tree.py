"""Tried: a header that promises a tree of arrays, with too few bytes behind it, then more, then another header.

Must: a broken protocol; no array is made of bytes that are not there.
Lesson: 6
"""
count = 0


def answer(honest, args, kwargs):
    global count
    count += 1
    node = {"D": [[f"h.{i}", {"A": ["float64", [4, 4]]}] for i in range(9)]}
    data = [bytes(100), bytes(9 * 128 + 16), bytes(9 * 128 - 1)][count % 3]
    server()._send("value", data, v=node, g=[], w=[], p=0)
    return honest(*args, **kwargs)


answer_with(answer)
