"""Tried: make every comparison of numpy.testing succeed.

Must: the comparisons happen in another process.
"""
testing = attempt(lambda: module("numpy.testing"))
for name in ("assert_allclose", "assert_array_equal", "assert_array_almost_equal", "assert_equal"):
    attempt(lambda n=name: setattr(testing, n, lambda *a, **k: None))
