"""Tried: 60 MB for every answer, all of which the grader would keep for its diagnosis.

Must: the grader's memory stays bounded.
"""
part = np.zeros(7_500_000)


def answer(honest, args, kwargs):
    return part if honest.__name__.startswith("s") else honest(*args, **kwargs)


answer_with(answer)
