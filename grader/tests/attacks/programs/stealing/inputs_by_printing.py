"""Tried: carry the hidden tests' inputs out in what is printed, and in the names of warnings.

Must: what is printed in hidden tests is not shown.
"""


def tell(honest, args, kwargs):
    print("LEAKED", args)
    print("LEAKED", args, file=sys.stderr)
    attempt(lambda: _warnings.warn("LEAKED " + repr(args)))
    return honest(*args, **kwargs)


answer_with(tell)
