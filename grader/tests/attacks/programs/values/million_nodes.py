"""Tried: a list of a million numbers, a dict of a hundred thousand keys, a text of 100 MB.

Must: refused with a sentence, quickly.
"""
count = 0
KINDS = (lambda: [0] * 1_000_000, lambda: {str(i): i for i in range(100_000)}, lambda: "x" * 100_000_000)


def answer(honest, args, kwargs):
    global count
    count += 1
    return KINDS[count % 3]() if honest.__name__ == "softmax" else honest(*args, **kwargs)


answer_with(answer)
