"""Tried: a dict with keys that are names of Python's own: __class__, __eq__, keys, and a text of 200,000 letters.

Must: they are text, and mean nothing.
Lesson: 5
"""
odd = {name: np.zeros(2) for name in ("__class__", "__eq__", "keys", "items", "", "\0", "c_fc.weight", "x" * 199_000)}
answer_with(lambda honest, args, kwargs: (honest(*args, **kwargs)[0], odd) if "backward" in honest.__name__ else odd)
