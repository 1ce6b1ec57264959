"""Tried: make numpy's own comparisons and predicates say yes.

Must: the comparisons happen in another process.
"""
yes = lambda *a, **k: True
for name in ("allclose", "isclose", "array_equal", "all", "any", "isfinite", "isnan", "array_equiv"):
    setattr(np, name, yes)
for name in ("max", "abs", "absolute", "subtract"):
    setattr(np, name, lambda *a, **k: 0.0)
attempt(lambda: setattr(np._core.numeric, "allclose", yes))
