"""Tried: load a library of one's own or of the system.

Must: nothing opens.
"""


def load():
    ctypes = module("ctypes")
    for name in ("libm.so.6", "libssl.so.3", "/tmp/" + MARKER + ".so", CANARY):
        attempt(lambda n=name: ctypes.CDLL(n))
    attempt(lambda: module("_ctypes").dlopen("libutil.so.1", 2))
    attempt(lambda: module("sqlite3"))


attempt(load)
before_each_call(load)
