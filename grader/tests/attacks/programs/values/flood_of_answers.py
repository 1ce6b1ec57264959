"""Tried: 60 MB for every answer, all of which the grader would keep for its diagnosis.

Must: the grader's memory stays bounded.
"""
part = np.zeros(7_500_000)
answer_with(lambda honest, args, kwargs: part)
