"""Tried: the parent's open files, working directory and memory through /proc, to write a result there.

Must: nothing opens.
"""


def forge():
    os = module("os")
    for pid in (os.getppid(), os.getpid(), 1):
        for number in range(20):
            attempt(lambda p=pid, n=number: open(f"/proc/{p}/fd/{n}", "w").write('{"score": 100}'))
        attempt(lambda p=pid: open(f"/proc/{p}/cwd/results.json", "w").write("{}"))
        attempt(lambda p=pid: open(f"/proc/{p}/mem", "r+b").write(b"x"))


before_each_call(forge)
