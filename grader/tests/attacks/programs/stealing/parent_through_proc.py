"""Tried: the grader's environment, arguments, maps and memory through /proc.

Must: nothing opens.
"""


def steal():
    os = module("os")
    loot = []
    for pid in (os.getppid(), os.getpid(), 1, "self"):
        for name in ("environ", "cmdline", "maps", "mem", "fd", "stat", "status", "auxv", "stack"):
            found = attempt(lambda p=pid, n=name: open(f"/proc/{p}/{n}", "rb").read(4096))
            if isinstance(found, bytes):
                loot.append(found)
    return loot


if steal():
    raise ImportError("LEAKED " + repr(steal()))
before_each_call(steal)
