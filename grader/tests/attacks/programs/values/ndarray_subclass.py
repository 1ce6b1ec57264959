"""Tried: an ndarray subclass whose comparisons and ufuncs say "equal".

Must: refused by its type; nothing of it crosses the pipe.
"""


class Sly(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return np.True_ if ufunc.nout == 1 else (np.True_, np.True_)

    def __array_function__(self, function, types, args, kwargs):
        return True

    def __eq__(self, other):
        return True


def sly(x):
    return tuple(map(sly, x)) if type(x) is tuple else x.view(Sly)


answer_with(lambda honest, args, kwargs: sly(honest(*args, **kwargs)))
