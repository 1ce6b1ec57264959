"""Tried: numpy's own hooks: print options, error callbacks, buffer sizes, __array_function__, ufunc overrides.

Must: they are set in this process only; feedback is printed by another.
Lesson: 4
"""
np.set_printoptions(formatter={"all": lambda x: "LEAKED"}, threshold=1)
np.seterr(all="raise")
np.seterrcall(lambda *a: None)
attempt(lambda: np.setbufsize(16))
attempt(lambda: setattr(np, "array2string", lambda *a, **k: "LEAKED"))
attempt(lambda: setattr(np.ndarray, "__repr__", lambda self: "LEAKED"))
attempt(lambda: setattr(np, "testing", None))


class Over:
    __array_ufunc__ = None
    __array_function__ = lambda self, *a, **k: True
    __array_priority__ = 1e9
    __array__ = lambda self, *a, **k: np.zeros(3)
    __array_interface__ = {"shape": (3,), "typestr": "<f8", "data": (0, True), "version": 3}


answer_with(lambda honest, args, kwargs: Over())
