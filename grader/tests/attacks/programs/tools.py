"""A burglar's tools. They stand between the honest wrong functions and each attack program.

CANARY (a readable file), PORT (a listener on 127.0.0.1), MARKER (a name for what is left behind) and
COURSE (the teacher's course) are written above them by the harness.
"""

import warnings as _warnings

FUNCTIONS = tuple(name for name, thing in globals().items() if type(thing).__name__ == "function")
sys = _warnings.sys
builtins = sys.modules["builtins"]


def attempt(step, *args):
    """Do one thing; whatever it raises, the attack goes on with the next."""
    try:
        return step(*args)
    except BaseException as error:
        return error


def module(name):
    """Get a module past the rule about imports: loaded already, or by the real import."""
    return sys.modules.get(name) or builtins.__import__(name, fromlist=["*"])


def answer_with(make):
    """Replace all functions of the lesson: `make(honest function, args, kwargs)` gives the answer."""
    def wrapped(honest):
        def function(*args, **kwargs):
            return make(honest, args, kwargs)
        return function
    for name in FUNCTIONS:
        globals()[name] = wrapped(globals()[name])


def before_each_call(step):
    """Do something at every call, then answer honestly wrong."""
    def make(honest, args, kwargs):
        attempt(step)
        return honest(*args, **kwargs)
    answer_with(make)


def everyones_frames():
    """Walk the frames from here to the outermost caller."""
    frame = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def libc():
    """Call the C library without asking Python."""
    return module("ctypes").CDLL(None, use_errno=True)


def wire():
    """Get the functions that speak with the grader."""
    return module("grader.sandbox.wire")


def server():
    """Get the worker's own loop, which knows the number of the request."""
    return next(thing for thing in module("gc").get_objects() if type(thing).__name__ == "Server")


def reply_pipe():
    """Name the descriptor that answers go through."""
    return getattr(sys.modules.get("grader.sandbox.confine"), "REPLY_FD", 4)


def honest_weights(x, axis=-1):
    """Give the right softmax: what a stolen or forged answer would be."""
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)
