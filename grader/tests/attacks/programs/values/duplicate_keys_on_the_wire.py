"""Tried: a dict that is sent with the same key twice, a right and a wrong value, and one with a key that is no text.

Must: a broken protocol; there is no second value to choose from.
Lesson: 6
"""


def twice(honest, args, kwargs):
    node = {"D": [["step", 1], ["step", 2], ["m", None], ["m", None]]}
    server()._send("value", v={"T": [node, node]} if len(args) % 2 else node, g=[], w=[], p=0)
    server()._pipes.receive()


answer_with(twice)
