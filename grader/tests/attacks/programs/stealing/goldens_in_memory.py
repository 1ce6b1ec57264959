"""Tried: look for the answers of PyTorch in everything this process holds: arrays, texts, archives, mapped files.

Must: the process that runs this has never seen them.
Lesson: 6
"""
gc = module("gc")


def hunt():
    for thing in gc.get_objects():
        if type(thing).__name__ in ("NpzFile", "Criterion", "TestFunction", "Course", "Exercise"):
            raise ValueError("LEAKED " + type(thing).__name__)
        if type(thing) is dict and any(type(k) is str and k.startswith(("learning_", "sampling_pro")) for k in list(thing)):
            if thing is not globals():
                raise ValueError("LEAKED a table of goldens")


def answer(honest, args, kwargs):
    hunt()
    return honest(*args, **kwargs)


answer_with(answer)
