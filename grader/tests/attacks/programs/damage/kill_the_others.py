"""Tried: kill, stop or trace the grader, the zygote, siblings, groups and everyone.

Must: nobody but the worker is hurt.
"""


def kill():
    os = module("os")
    own = os.getpid()
    targets = [os.getppid(), 0, -1, -own, *range(own - 40, own), *range(own + 1, own + 20)]
    for number in (19, 15, 9, 2, 24):
        for pid in targets:
            attempt(lambda p=pid, n=number: os.kill(p, n))
        attempt(lambda n=number: os.killpg(0, n))
    c = libc()
    for pid in targets[:1]:
        attempt(lambda p=pid: c.syscall(62, p, 9))
        attempt(lambda p=pid: c.ptrace(16, p, 0, 0))
        attempt(lambda p=pid: module("signal").pidfd_send_signal(os.pidfd_open(p), 9))


attempt(kill)
before_each_call(kill)
