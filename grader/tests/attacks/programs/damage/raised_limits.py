"""Tried: raise one's own limits and priority, and allow core dumps.

Must: refused; the limits hold.
"""


def raise_limits():
    resource, os = module("resource"), module("os")
    for name in ("AS", "CPU", "FSIZE", "NOFILE", "CORE", "MEMLOCK", "NPROC", "STACK"):
        kind = getattr(resource, "RLIMIT_" + name)
        attempt(lambda k=kind: resource.setrlimit(k, (-1, -1)))
        attempt(lambda k=kind: resource.prlimit(os.getppid(), k, (0, 0)))
    attempt(lambda: os.nice(-20))
    attempt(lambda: os.sched_setaffinity(0, {0}))
    attempt(lambda: libc().prctl(4, 1, 0, 0, 0))


def scale_scores(scores, d_k):
    attempt(raise_limits)
    hoard = []
    while True:
        hoard.append(np.ones(1 << 24))
