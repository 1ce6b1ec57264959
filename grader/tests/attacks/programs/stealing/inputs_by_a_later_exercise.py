"""Tried: keep what the hidden tests of one exercise send in a corner of numpy, tell it in the next one's public tests.

Must: no process that has seen a hidden input answers a public test. (Only hidden tests of 1.1 name an axis.)
"""
kept = vars(np).setdefault("_corner", [])


def tell(honest, args, kwargs):
    if honest.__name__ == "softmax" and "axis" in kwargs:
        kept.append(repr((args, kwargs))[:300])
    elif kept:
        raise ValueError("LEAKED " + repr(kept)[:300])
    return honest(*args, **kwargs)


answer_with(tell)
if kept:
    raise ImportError("LEAKED " + repr(kept)[:300])
