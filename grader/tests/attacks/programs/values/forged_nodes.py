"""Tried: values that no encoder writes: sizes that lie, unknown dtypes, layouts, generators, objects by name.

Must: each is a broken protocol, and nothing is built that the frame does not hold.
"""
count = 0
NODES = [
    {"A": ["float64", [1 << 40]]}, {"A": ["float64", [-1]]}, {"A": ["object", [1]]}, {"A": ["O", []]},
    {"A": ["float64", [1], [8], 0, False]}, {"A": ["float64", [2.0]]}, {"A": ["float64", [True]]},
    {"A": ["float64", [1] * 64]}, {"A": [["f8"], [0]]}, {"G": ["PCG64", 0, 0, 0, 0]}, {"G": ["MT19937", 0, 0, 0, 0]},
    {"S": ["float64", "00"]}, {"S": ["datetime64", "0" * 16]}, {"S": ["float64", "zz" * 8]}, {"F": "1e5"}, {"F": "__import__"},
    {"D": [["a", 1], ["a", 2]]}, {"D": [[1, 1]]}, {"T": "abc"}, {"X": 1}, {"A": 1, "S": 2}, {}, {"O": "os.system"},
]


def forge(honest, args, kwargs):
    global count
    count += 1
    node = NODES[(count + 3 * FUNCTIONS.index(honest.__name__)) % len(NODES)]
    server()._send("value", v=node, g=[], w=[], p=0)
    server()._pipes.receive()


answer_with(forge)
