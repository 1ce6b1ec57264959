"""Tried: speak for the worker, with states of random generators that are out of range, of other kinds, or many.

Must: each is a broken protocol, or changes nothing that a test draws from.
Lesson: 5
"""
STATES = [
    [["PCG64", 1 << 200, 1, 0, 0]], [["PCG64", -1, 1, 0, 0]], [["PCG64", 1, 1, 2, 0]], [["PCG64", 1, 1, 0, 1 << 40]],
    [["MT19937", 1, 1, 0, 0]], [["os", 1, 1, 0, 0]], [["PCG64", 1.0, 1, 0, 0]], [["PCG64", True, 1, 0, 0]], [[]],
    [["PCG64", 1, 1, 0, 0]] * 65, [["PCG64", 1, 1, 0, 0]] * 64, [{"bit_generator": "PCG64"}], ["PCG64"], [None],
]
count = 0


def forge(honest, args, kwargs):
    global count
    count += 1
    place = count + 3 * FUNCTIONS.index(honest.__name__)
    server()._send("value", v=[], g=STATES[place % len(STATES)], w=[], p=0)
    server()._pipes.receive()


answer_with(forge)
