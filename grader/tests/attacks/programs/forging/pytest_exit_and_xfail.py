"""Tried: end the test session from inside: exit, xfail, SystemExit(0), KeyboardInterrupt, StopIteration.

Must: each is an error of the student's function; every test still runs.
"""
count = 0
KINDS = (SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration, StopAsyncIteration,
         type("Exit", (Exception,), {}), type("XFailed", (BaseException,), {}),
         type("CheckPassed", (Exception,), {}), type("UsageError", (Exception,), {}))


def leave(honest, args, kwargs):
    global count
    count += 1
    raise KINDS[count % len(KINDS)](0)


answer_with(leave)
