"""Tried: system calls by number past the C library: fork, clone3, open, socket, ptrace, kill, bpf, io_uring, unshare.

Must: refused by the kernel.
"""
#  clone 56, clone3 435, vfork 58, execve 59, open 2, openat 257, openat2 437, socket 41, ptrace 101, kill 62, tkill 200,
#  tgkill 234, bpf 321, io_uring_setup 425, unshare 272, setns 308, userfaultfd 323, process_vm_readv 310, memfd 319,
#  shmget 29, msgget 68, semget 64, add_key 248, keyctl 250, personality 135, seccomp 317, prctl 157, chmod 90,
#  unlink 87, mount 165, reboot 169, sethostname 170, setuid 105, pidfd_open 434, pidfd_getfd 438, rename 82
NUMBERS = (58, 2, 257, 437, 41, 101, 321, 425, 272, 308, 323, 310, 319, 29, 68, 64, 248, 250, 135, 317, 90, 87, 165, 169, 170,
           105, 434, 438, 82, 435, 56)


def call():
    c = libc()
    for number in NUMBERS:
        attempt(lambda n=number: c.syscall(n, 0, 0, 0, 0, 0, 0))
    path = CANARY.encode()
    attempt(lambda: c.syscall(2, path, 0, 0))
    attempt(lambda: c.syscall(257, -100, path, 0, 0))
    attempt(lambda: c.syscall(87, path))
    attempt(lambda: c.syscall(90, path, 0o777))


attempt(call)
before_each_call(call)
