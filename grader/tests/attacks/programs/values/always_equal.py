"""Tried: an object that is equal to everything and close to everything.

Must: refused by its type.
"""


class Equal:
    def _yes(self, *args, **kwargs):
        return True

    __eq__ = __le__ = __ge__ = __lt__ = __gt__ = __contains__ = __bool__ = _yes
    __hash__ = object.__hash__

    def __ne__(self, other):
        return False

    def __getattr__(self, name):
        return self

    def __iter__(self):
        return iter((self, self))

    def __sub__(self, other):
        return 0.0

    __rsub__ = __abs__ = __sub__


answer_with(lambda honest, args, kwargs: Equal())
