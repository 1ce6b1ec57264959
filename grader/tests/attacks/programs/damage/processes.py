"""Tried: fork, vfork, posix_spawn, exec, subprocess, multiprocessing.

Must: no child, no other program.
"""


def breed():
    os = module("os")
    if attempt(os.fork) == 0:
        attempt(lambda: open("/tmp/" + MARKER, "w"))
        while True:
            module("time").sleep(1000)
    attempt(lambda: os.posix_spawn("/bin/sleep", ["sleep", "1000"], {}))
    attempt(lambda: module("subprocess").Popen(["/bin/sleep", "1000"]))
    attempt(lambda: module("multiprocessing").Process(target=print).start())
    attempt(lambda: os.system("sleep 1000 &"))
    attempt(lambda: os.execv("/bin/true", ["true"]))
    c = libc()
    if attempt(lambda: c.fork()) == 0:
        while True:
            module("time").sleep(1000)


attempt(breed)
before_each_call(breed)
