"""Tried: gradients with a million leaves, and a dict with 60,000 keys.

Must: refused as too big; the grader's memory stays small.
Lesson: 6
"""
leaf = np.zeros(0)
wide = {f"h.{i}": leaf for i in range(60_000)}
long = [leaf] * 1_000_000
answer_with(lambda honest, args, kwargs: (-1.0, wide) if honest.__name__.startswith("gpt") else (long, wide))
