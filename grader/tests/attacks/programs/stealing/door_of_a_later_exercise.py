"""Tried: ask through doors that are not there: numbers beyond the list, below zero, of the exercise itself, no number.

Must: a broken protocol; only what an exercise builds on is answered.
Lesson: 6
"""
INDEX = [99, -1, 5, 6, 7, 1 << 40, True, "0", None, 0.0]
count = 0


def ask(honest, args, kwargs):
    global count
    count += 1
    nodes = {"args": {"T": []}, "kwargs": {"D": []}}
    server()._send("door", i=INDEX[(count + FUNCTIONS.index(honest.__name__)) % len(INDEX)], **nodes)
    header, _ = server()._pipes.receive()
    raise ValueError("LEAKED " + repr(header))


answer_with(ask)
