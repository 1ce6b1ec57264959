"""Tried: pytest.skip() inside the function, from the real pytest or a class of the same name.

Must: an exception like any other.
"""


def skip(honest, args, kwargs):
    pytest = attempt(lambda: module("pytest"))
    attempt_skip = getattr(pytest, "skip", None)
    if attempt_skip:
        attempt_skip("nothing to see")
    raise type("Skipped", (BaseException,), {"__module__": "_pytest.outcomes"})("skipped")


answer_with(skip)
