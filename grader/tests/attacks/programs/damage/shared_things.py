"""Tried: System V memory, semaphores and queues, POSIX shared memory, message queues, keys.

Must: none is made.
"""


def share():
    c = libc()
    for number in range(5):
        attempt(lambda n=number: c.shmget(0x5EED00 + n, 4096, 0o1777))
        attempt(lambda n=number: c.semget(0x5EED00 + n, 1, 0o1777))
        attempt(lambda n=number: c.msgget(0x5EED00 + n, 0o1777))
    attempt(lambda: module("multiprocessing.shared_memory").SharedMemory(MARKER, True, 4096))
    attempt(lambda: c.mq_open(b"/" + MARKER.encode(), 66, 0o600, None))
    attempt(lambda: c.sem_open(b"/" + MARKER.encode(), 66, 0o600, 1))
    attempt(lambda: c.syscall(248, b"user", MARKER.encode(), b"x", 1, -4))


attempt(share)
before_each_call(share)
