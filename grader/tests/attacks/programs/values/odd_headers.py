"""Tried: frames whose JSON is odd: NaN, 1e999, 5,000 digits, a million nodes, 100,000 levels, twice the same key.

Must: each is a broken protocol, at once, and costs the grader nothing.
"""
HEADERS = [
    '{"id": NaN}', '{"id": 1e999, "value": Infinity}', '{"id": ' + "9" * 5000 + "}", "[" * 100_000,
    "[" + "0," * 100_000 + "0]", '{"id": 1, "id": 2}', '"text"', "null", "\ufffe", '{"value": {"A": ["float64", [-1]]}}',
]
count = 0


def bad(honest, args, kwargs):
    global count
    count += 1
    text = HEADERS[(count + len(args) + len(honest.__name__)) % len(HEADERS)].encode()
    module("os").write(reply_pipe(), len(text).to_bytes(4, "little") + bytes(8) + text)
    return honest(*args, **kwargs)


answer_with(bad)
