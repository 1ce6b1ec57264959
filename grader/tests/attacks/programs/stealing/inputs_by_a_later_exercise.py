"""Tried: keep what the hidden tests of one exercise send in a corner of numpy, tell it in the next one's public tests.

Must: nothing of one exercise reaches the next.
"""
kept = vars(np).setdefault("_corner", {})


def tell(honest, args, kwargs):
    earlier = {name: calls for name, calls in kept.items() if name != honest.__name__}
    kept.setdefault(honest.__name__, []).append(repr(args)[:300])
    if earlier:
        raise ValueError("LEAKED " + repr(earlier)[:300])
    return honest(*args, **kwargs)


answer_with(tell)
if len(kept) > 1:
    raise ImportError("LEAKED " + repr(kept)[:300])
