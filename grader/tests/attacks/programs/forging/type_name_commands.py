"""Tried: an exception class whose name is a line of workflow commands.

Must: the name is taken as a short word, or not at all.
"""
Evil = type("X\n::error::FORGED\x1b[31m", (ValueError,), {})


def say(honest, args, kwargs):
    raise Evil("x")


answer_with(say)
