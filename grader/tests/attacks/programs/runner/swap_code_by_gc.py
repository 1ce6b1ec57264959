"""Tried: find every function of tests and grader in memory and swap its __code__.

Must: what is found belongs to the worker, and what it says is only believed as an answer.
"""
types = module("types")


def nothing(*args, **kwargs):
    return None


def swap():
    for thing in module("gc").get_objects():
        if type(thing) is types.FunctionType and str(thing.__module__).startswith(("test_", "_pytest", "pluggy", "pytest")):
            attempt(lambda f=thing: setattr(f, "__code__", nothing.__code__))


swap()
before_each_call(swap)
