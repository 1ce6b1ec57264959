"""Tried: a daemonised child that outlives the grading and rewrites the report later.

Must: no child can exist.
"""


def daemonise():
    os, time = module("os"), module("time")
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(3)
            open("/tmp/" + MARKER, "w").write('{"score": 100}')
        os._exit(0)


attempt(daemonise)
before_each_call(daemonise)
