"""Tried: at import: swallow every exception, ignore every signal, forbid collection, then wait for ever.

Must: the import runs out of its time; a module that hangs is tried once more, alone.
Lesson: 4
"""
gc = module("gc")
gc.disable()
while True:
    try:
        module("time").sleep(1000)
    except BaseException:
        pass
