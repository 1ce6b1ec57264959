"""Tried: keep what hidden tests send in numpy's and random's own state, and tell it in a later exercise's public test.

Must: no process that has seen a hidden input answers a public test. (Only hidden tests of 5.1 use the word none... they use "none".)
Lesson: 5
"""
random = module("random")
kept = vars(random).setdefault("_corner", [])


def tell(honest, args, kwargs):
    if honest.__name__ == "gelu":
        kept.append(repr(args)[:100])
        np.seterrcall(kept.append)
    elif len(kept) > 40:
        raise ValueError("LEAKED " + repr(kept[40:])[:300])
    return honest(*args, **kwargs)


answer_with(tell)
