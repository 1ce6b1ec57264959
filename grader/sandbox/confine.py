"""Confine the calling process for good (Linux on x86-64 and aarch64): limits, another uid, Landlock, seccomp.

The seccomp allow-list alone is enough. The other layers stand behind it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
from collections.abc import Collection

REQUEST_FD, REPLY_FD = 3, 4
UNPRIVILEGED_ID = 65534
CPU_TOTAL_SECONDS = 3600
"""For a worker's whole life. The grader lowers the soft limit, exercise by exercise."""
LIMITS = {
    resource.RLIMIT_CPU: CPU_TOTAL_SECONDS, resource.RLIMIT_AS: 1 << 30, resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_CORE: 0, resource.RLIMIT_MEMLOCK: 0, resource.RLIMIT_MSGQUEUE: 0,
}
LATE_LIMITS = {resource.RLIMIT_NOFILE: REPLY_FD + 1, resource.RLIMIT_NPROC: 0}
"""Set when nothing needs another descriptor any more."""

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 1, 4, 38, 22
_SECCOMP_MODE_FILTER = 2
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446
_LANDLOCK_VERSION_FLAG = 1

_libc = ctypes.CDLL(None, use_errno=True)


class ConfinementError(Exception):
    """A layer could not be put on."""


# Numbers of the system calls that a worker may make. Denied calls fail with EPERM.
_ALLOWED = {
    "x86_64": {
        "read": 0, "write": 1, "munmap": 11, "brk": 12, "readv": 19, "writev": 20, "sched_yield": 24,
        "mremap": 25, "nanosleep": 35, "getpid": 39, "exit": 60, "gettimeofday": 96,
        "getrlimit": 97, "getrusage": 98, "times": 100, "getuid": 102, "getgid": 104, "geteuid": 107,
        "getegid": 108, "getppid": 110, "gettid": 186, "time": 201, "futex": 202,
        "sched_getaffinity": 204, "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229,
        "clock_nanosleep": 230, "exit_group": 231, "getrandom": 318,
    },
    "aarch64": {
        "read": 63, "write": 64, "readv": 65, "writev": 66, "exit": 93, "exit_group": 94, "futex": 98,
        "nanosleep": 101, "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115,
        "sched_getaffinity": 123, "sched_yield": 124, "restart_syscall": 128, "times": 153,
        "getrusage": 165, "gettimeofday": 169, "getpid": 172, "getppid": 173, "getuid": 174,
        "geteuid": 175, "getgid": 176, "getegid": 177, "gettid": 178, "brk": 214, "munmap": 215,
        "mremap": 216, "getrandom": 278,
    },
}
_MAPPING = {"x86_64": (9, 10), "aarch64": (222, 226)}
"""mmap and mprotect: allowed without PROT_EXEC."""
_MADVISE = {"x86_64": 28, "aarch64": 233}
"""Allowed without the advice that damages memory for good, which a root without another uid could give."""
_PRLIMIT = {"x86_64": 302, "aarch64": 261}
"""Allowed only to read one's own limits."""
_FCNTL = {"x86_64": 72, "aarch64": 25}
"""Allowed only to read a descriptor's flags."""
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _DENY, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_F_GETFD, _F_GETFL = 1, 3
_MADV_HWPOISON = 100

Instruction = tuple[int, int, int, int]


def filter_program(machine: str) -> list[Instruction]:
    """Build the seccomp filter as classic BPF: (code, jump if true, jump if false, operand)."""
    if machine not in _ALLOWED:
        raise ConfinementError(f"there is no seccomp table for {machine}")
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, _AUDIT_ARCH[machine]), (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER), (_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL),
    ]
    for number in sorted(_ALLOWED[machine].values()):
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    for number in _MAPPING[machine]:
        program += _when(number, [_low(2), (_ANY_BIT, 1, 0, 4), (_RETURN, 0, 0, _ALLOW)])
    program += _when(_MADVISE[machine], [_low(2), (_AT_LEAST, 1, 0, _MADV_HWPOISON), (_RETURN, 0, 0, _ALLOW)])
    program += _when(_PRLIMIT[machine], [
        _low(0), (_EQUAL, 0, 5, 0), _low(2), (_EQUAL, 0, 3, 0), _high(2), (_EQUAL, 0, 1, 0),
        (_RETURN, 0, 0, _ALLOW),
    ])
    program += _when(_FCNTL[machine], [
        _low(1), (_EQUAL, 1, 0, _F_GETFD), (_EQUAL, 0, 1, _F_GETFL), (_RETURN, 0, 0, _ALLOW),
    ])
    return [*program, (_RETURN, 0, 0, _DENY)]


def _when(number: int, body: list[Instruction]) -> list[Instruction]:
    """Run `body` for one system call; what it does not allow is denied."""
    return [(_EQUAL, 0, len(body) + 1, number), *body, (_RETURN, 0, 0, _DENY)]


def _low(argument: int) -> Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * argument)


def _high(argument: int) -> Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * argument + 4)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _compiled(machine: str) -> _Program:
    program = filter_program(machine)
    return _Program(len(program), b"".join(struct.pack("=HBBI", *step) for step in program))


class Confinement:
    """All that can be prepared before the fork, so that confining a worker is a few system calls."""

    def __init__(self) -> None:
        machine = platform.machine()
        self._program = _compiled(machine)
        self._landlock_version = max(0, _libc.syscall(_LANDLOCK_CREATE, None, 0, _LANDLOCK_VERSION_FLAG))
        self._root = os.geteuid() == 0

    def apply(self, parent: int, without: Collection[str]) -> list[str]:
        """Confine this process for good; name the layers that were tried out before the last one closed.

        Raise `ConfinementError` if a layer that every level needs cannot be put on.
        """
        os.closerange(REPLY_FD + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        self._limit(LIMITS)
        proved = ["uid"] if "uid" not in without and self._root and _drop_user() else []
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _prctl(_PR_SET_DUMPABLE, 0)
        if os.getppid() != parent:
            raise ConfinementError("the zygote is gone")
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        if "landlock" not in without and self._landlock_version and _landlock(self._landlock_version):
            proved.append("landlock")
        self._limit(LATE_LIMITS)
        if _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(self._program), 0, 0):
            raise ConfinementError(f"seccomp is refused: {os.strerror(ctypes.get_errno())}")
        return proved

    @staticmethod
    def _limit(limits: dict[int, int]) -> None:
        for kind, wanted in limits.items():
            value = _at_most(kind, wanted)
            resource.setrlimit(kind, (value, value))


def _at_most(kind: int, wanted: int) -> int:
    hard = resource.getrlimit(kind)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0):
        raise ConfinementError(f"prctl({option}) is refused: {os.strerror(ctypes.get_errno())}")


def _drop_user() -> bool:
    """Become an unprivileged user for good, if this container knows one; prove it by trying to go back."""
    try:
        os.setgroups([])
        os.setresgid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID)
        os.setresuid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID)
    except OSError:
        return False
    try:
        os.setresuid(0, 0, 0)
    except PermissionError:
        return True
    return False


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many rights over files each version of Landlock knows."""


def _landlock(version: int) -> bool:
    """Give up every right that this kernel's Landlock knows; prove it by trying to open the root folder."""
    rules = _Ruleset((1 << _FILE_RIGHTS[min(version, 5)]) - 1, 0b11, 0b11)
    size = 8 if version < 4 else 16 if version < 6 else 24  # noqa: PLR2004 - sizes and versions of the ABI
    ruleset = _libc.syscall(_LANDLOCK_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    refused = _libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0)
    os.close(ruleset)
    if refused:
        return False
    try:
        os.close(os.open("/", os.O_RDONLY | os.O_DIRECTORY))
    except PermissionError:
        return True
    return False
