"""Tried: integers of five thousand digits and more, which cost quadratic time to read.

Must: refused with a sentence.
"""
answer_with(lambda honest, args, kwargs: [10**5000, -(10**100_000)])
