"""The rules of the kernel box: the seccomp table entry by entry, the limits, the other layers."""

from __future__ import annotations

import os

from grader.sandbox import confine
from grader.tests.rules.model import Rule, confined

_FILE = "sandbox/confine.py"
_START = '        "read": 0, "write": 1, "munmap": 11,'
_NO_SECOND_LAYER = ("landlock", "uid")
_PATH = "ctypes.c_char_p(b'/')"

DENIED = {
    "open": (2, f"call(2, {_PATH}, 0, 0)"),
    "openat": (257, f"call(257, -100, {_PATH}, 0, 0)"),
    "openat2": (437, f"call(437, -100, {_PATH}, ctypes.byref((ctypes.c_uint64 * 3)()), 24)"),
    "stat": (4, f"call(4, {_PATH}, ctypes.create_string_buffer(256))"),
    "readlink": (89, "call(89, ctypes.c_char_p(b'/proc/self/exe'), ctypes.create_string_buffer(256), 255)"),
    "getcwd": (79, "call(79, ctypes.create_string_buffer(256), 256)"),
    "dup": (32, "call(32, 4)"),
    "close": (3, "call(3, 3)"),
    "socket": (41, "call(41, 1, 1, 0)"),
    "socketpair": (53, "call(53, 1, 1, 0, (ctypes.c_int * 2)())"),
    "pipe2": (293, "call(293, (ctypes.c_int * 2)(), 0)"),
    "memfd_create": (319, "call(319, ctypes.c_char_p(b'x'), 0)"),
    "eventfd2": (290, "call(290, 0, 0)"),
    "epoll_create1": (291, "call(291, 0)"),
    "kill": (62, "call(62, os.getpid(), 0)"),
    "tgkill": (234, "call(234, os.getpid(), os.getpid(), 0)"),
    "rt_sigaction": (13, "call(13, 10, None, ctypes.create_string_buffer(64), 8)"),
    "rt_sigprocmask": (14, "call(14, 0, None, ctypes.create_string_buffer(8), 8)"),
    "ptrace": (101, "call(101, 0, 0, 0, 0)"),
    "prctl": (157, "call(157, 3, 0, 0, 0, 0)"),
    "arch_prctl": (158, "call(158, 0x1003, ctypes.byref(ctypes.c_uint64()))"),
    "personality": (135, "call(135, 0xffffffff)"),
    "shmget": (29, "call(29, 0x5EED, 4096, 0)"),
    "semget": (64, "call(64, 0x5EED, 1, 0)"),
    "msgget": (68, "call(68, 0x5EED, 0)"),
    "add_key": (248, "call(248, ctypes.c_char_p(b'user'), ctypes.c_char_p(b'x'), ctypes.c_char_p(b'x'), 1, -1)"),
    "setsid": (112, "call(112)"),
    "setuid": (105, "call(105, os.getuid())"),
    "setrlimit": (160, "call(160, 4, ctypes.byref((ctypes.c_uint64 * 2)(0, 0)))"),
    "setpriority": (141, "call(141, 0, 0, 5)"),
    "sched_setaffinity": (203, "call(203, 0, 8, ctypes.byref(ctypes.c_uint64(1)))"),
    "umask": (95, "call(95, 0)"),
    "uname": (63, "call(63, ctypes.create_string_buffer(512))"),
    "sysinfo": (99, "call(99, ctypes.create_string_buffer(512))"),
    "alarm": (37, "call(37, 0)"),
    "setitimer": (38, "call(38, 0, ctypes.create_string_buffer(32), None)"),
    "timer_create": (222, "call(222, 1, None, ctypes.byref(ctypes.c_int()))"),
    "fstat": (5, "call(5, 3, ctypes.create_string_buffer(256))"),
    "lseek": (8, "call(8, 3, 0, 0)"),
    "ioctl": (16, "call(16, 4, 0x541B, ctypes.byref(ctypes.c_int()))"),
    "poll": (7, "call(7, None, 0, 0)"),
    "select": (23, "call(23, 0, None, None, None, ctypes.byref((ctypes.c_long * 2)()))"),
    "pidfd_open": (434, "call(434, os.getpid(), 0)"),
    "membarrier": (324, "call(324, 0, 0, 0)"),
    "rseq": (334, "call(334, None, 0, 0, 0)"),
    "mlock": (149, "call(149, call(9, 0, 4096, 3, 0x22, -1, 0), 4096)"),
    "capget": (125, "call(125, ctypes.byref((ctypes.c_uint32 * 2)(0x20080522, 0)), "
                    "ctypes.create_string_buffer(64))"),
    "seccomp": (317, "call(317, 2, 0, ctypes.byref(ctypes.c_uint32(0x7fff0000)))"),
    "process_vm_readv": (310, "b = ctypes.create_string_buffer(8); "
                              "v = (ctypes.c_uint64 * 2)(ctypes.addressof(b), 8); "
                              "call(310, os.getpid(), ctypes.byref(v), 1, ctypes.byref(v), 1, 0)"),
    "fork": (57, "pid = call(57)\nif pid == 0: os._exit(0)"),
    "execve": (59, "call(59, ctypes.c_char_p(b'/no such program'), None, None)"),
    "chmod": (90, "call(90, ctypes.c_char_p(b'/no such file'), 0)"),
    "unlink": (87, "call(87, ctypes.c_char_p(b'/no such file'))"),
    "mkdir": (83, "call(83, ctypes.c_char_p(b'/no such folder/x'), 0)"),
    "symlink": (88, "call(88, ctypes.c_char_p(b'x'), ctypes.c_char_p(b'/no such folder/x'))"),
    "mount": (165, "call(165, None, ctypes.c_char_p(b'/no such folder'), None, 0, None)"),
    "bpf": (321, "call(321, 99, None, 0)"),
    "unshare": (272, "call(272, 0)"),
    "pkey_mprotect": (329, "call(329, 0, 0, 4, -1)"),
}
"""Calls that are not on the list: number, and how a process that may make it shows that it can."""
_PARTNERS = {
    "dup": "limit RLIMIT_NOFILE", "socket": "limit RLIMIT_NOFILE", "socketpair": "limit RLIMIT_NOFILE",
    "pipe2": "limit RLIMIT_NOFILE", "memfd_create": "limit RLIMIT_NOFILE", "eventfd2": "limit RLIMIT_NOFILE",
    "epoll_create1": "limit RLIMIT_NOFILE", "pidfd_open": "limit RLIMIT_NOFILE", "open": "limit RLIMIT_NOFILE",
    "openat": "limit RLIMIT_NOFILE", "openat2": "limit RLIMIT_NOFILE", "mlock": "limit RLIMIT_MEMLOCK",
}
"""What holds a call, too, once the filter lets it through."""
_AS_NOBODY = {"mlock": ("landlock",)}
"""Layers that are left out for a call that root might make whatever its limits."""

ALLOWED = {
    "read": "os.read(3, 1)", "write": "os.write(4, b'')", "readv": "os.readv(3, [bytearray(1)])",
    "writev": "os.writev(4, [b''])", "munmap": "call(11, call(9, 0, 4096, 3, 0x22, -1, 0), 4096)",
    "brk": "call(12, 0)", "sched_yield": "call(24)", "mremap": "p = call(9, 0, 4096, 3, 0x22, -1, 0); call(25, p, 4096, 8192, 1)",
    "nanosleep": "call(35, ctypes.byref((ctypes.c_long * 2)(0, 1)), None)", "getpid": "call(39)",
    "gettimeofday": "call(96, ctypes.byref((ctypes.c_long * 2)()), None)", "getrlimit": "call(97, 0, ctypes.byref((ctypes.c_long * 2)()))",
    "getrusage": "resource.getrusage(0)", "times": "call(100, ctypes.create_string_buffer(64))", "getuid": "call(102)", "getgid": "call(104)",
    "geteuid": "call(107)", "getegid": "call(108)", "getppid": "call(110)", "gettid": "call(186)",
    "time": "call(201, None)", "futex": "call(202, ctypes.byref(ctypes.c_int()), 1, 1, None, None, 0)",
    "sched_getaffinity": "os.sched_getaffinity(0)", "restart_syscall": "", "clock_gettime": "call(228, 2, ctypes.byref((ctypes.c_long * 2)()))",
    "clock_getres": "call(229, 0, None)", "clock_nanosleep": "import time; time.sleep(0.001)", "getrandom": "os.getrandom(1)",
    "exit": "", "exit_group": "",
}
"""Calls that are on the list, and what honest code does with each; the kernel itself uses those without a probe."""


def _deny(name: str) -> Rule:
    number, probe = DENIED[name]
    return Rule(f"no {name}", _FILE, _START, _START.replace('"write": 1,', f'"write": 1, "{name}": {number},'),
                confined(probe, _AS_NOBODY.get(name, _NO_SECOND_LAYER)), _PARTNERS.get(name, ""))


def _limit(name: str, new: str, probe: str, partner: str = "") -> Rule:
    return Rule(f"limit {name}", _FILE, f"resource.{name}: {_limits()[name]}", f"resource.{name}: {new}", probe, partner)


def _limits() -> dict[str, str]:
    return {"RLIMIT_CPU": "CPU_TOTAL_SECONDS", "RLIMIT_AS": "1 << 30", "RLIMIT_FSIZE": "0", "RLIMIT_CORE": "0",
            "RLIMIT_MEMLOCK": "0", "RLIMIT_MSGQUEUE": "0", "RLIMIT_NOFILE": "REPLY_FD + 1", "RLIMIT_NPROC": "0"}


def _looks(kind: str, most: int) -> str:
    return confined(f"need(resource.getrlimit(resource.{kind})[1] > {most})")


LIMITS = (
    _limit("RLIMIT_AS", "1 << 40", confined(
        "p = libc.mmap; p.restype = ctypes.c_void_p\n"
        "need(p(None, ctypes.c_size_t(2 << 30), 3, 0x4022, -1, 0) != ctypes.c_void_p(-1).value)")),
    _limit("RLIMIT_CPU", "10**6", _looks("RLIMIT_CPU", confine.CPU_TOTAL_SECONDS)),
    _limit("RLIMIT_FSIZE", "1 << 30", _looks("RLIMIT_FSIZE", 0)),
    _limit("RLIMIT_CORE", "1 << 30", _looks("RLIMIT_CORE", 0)),
    _limit("RLIMIT_MEMLOCK", "1 << 16", _looks("RLIMIT_MEMLOCK", 0)),
    _limit("RLIMIT_MSGQUEUE", "1 << 16", _looks("RLIMIT_MSGQUEUE", 0)),
    _limit("RLIMIT_NOFILE", "64", _looks("RLIMIT_NOFILE", confine.REPLY_FD + 1)),
    _limit("RLIMIT_NPROC", "64", _looks("RLIMIT_NPROC", 0)),
)

LAYERS = (
    Rule("Landlock", _FILE, 'if "landlock" not in without and', "if not without and False and", f"""
from grader.sandbox import confine
confine.LATE_LIMITS.clear()

class WithoutFilter:
    def __getattr__(self, name):
        return getattr(libc, name)

    def prctl(self, option, *rest):
        return 0 if option == 22 else libc.prctl(option, *rest)

confine._libc = WithoutFilter()
{confined("os.close(os.open('/', os.O_RDONLY))", ["uid"])}
"""),
    Rule("no look at its memory", _FILE, "        _prctl(_PR_SET_DUMPABLE, 0)\n",
         "        _prctl(_PR_SET_DUMPABLE, 1)\n", """
from grader.sandbox.confine import Confinement
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
confinement, parent = Confinement(), os.getpid()
(ready, told), (asked, _) = os.pipe(), os.pipe()
pid = os.fork()
if pid == 0:
    os.dup2(asked, 3)
    os.dup2(told, 4)
    confinement.apply(parent, ["landlock"])
    os.write(4, b"x")
    os.read(3, 1)
os.read(ready, 1)
try:
    open(f"/proc/{pid}/environ", "rb").read()
except PermissionError:
    raise Held
finally:
    os.kill(pid, 9)
"""),
    Rule("it dies with the zygote", _FILE, "        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)\n", "", """
from grader.sandbox.confine import Confinement
import time
ready, told = os.pipe()
middle = os.fork()
if middle == 0:
    confinement, parent = Confinement(), os.getpid()
    pid = os.fork()
    if pid == 0:
        asked, kept = os.pipe()
        os.dup2(asked, 3)
        os.dup2(told, 4)
        confinement.apply(parent, ["uid"])
        os.write(4, b"x")
        __import__("time").sleep(20)
    os.read(ready, 1)
    os.write(told, pid.to_bytes(4, "little"))
    os._exit(0)
os.waitpid(middle, 0)
pid = int.from_bytes(os.read(ready, 4), "little")
time.sleep(0.3)
place = f"/proc/{pid}/stat"
state = open(place).read().rpartition(")")[2].split()[0] if os.path.exists(place) else "gone"
need(state not in ("Z", "X", "gone"))
os.kill(pid, 9)
"""),
    Rule("a parent that is gone", _FILE, "        if os.getppid() != parent:\n", "        if False:\n", """
from grader.sandbox.confine import Confinement, ConfinementError
pid = os.fork()
if pid == 0:
    os.dup2(0, 3)
    os.dup2(1, 4)
    try:
        Confinement().apply(1, [])
    except ConfinementError:
        os._exit(1)
    os._exit(0)
need(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0)
"""),
    Rule("descriptors are closed", _FILE,
         "        os.closerange(REPLY_FD + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n", "",
         "import tempfile\nf = tempfile.TemporaryFile(); f.write(b'secret'); f.flush(); os.dup2(f.fileno(), 30)\n"
         "os.lseek(30, 0, 0)\n" + confined("need(os.read(30, 6) == b'secret')")),
    Rule("no executable memory", _FILE, "[_low(2), (_ANY_BIT, 1, 0, 4), (_RETURN, 0, 0, _ALLOW)]",
         "[(_RETURN, 0, 0, _ALLOW)]", confined("call(9, 0, 4096, 5, 0x22, -1, 0)")),
    Rule("no damage to memory for good", _FILE, "[_low(2), (_AT_LEAST, 1, 0, _MADV_HWPOISON), (_RETURN, 0, 0, _ALLOW)]",
         "[(_RETURN, 0, 0, _ALLOW)]", confined(
             "call(28, call(9, 0, 4096, 3, 0x22, -1, 0), 4096, 104)")),
    Rule("limits only of itself", _FILE, "_low(0), (_EQUAL, 0, 5, 0), _low(2)", "_low(0), (_EQUAL, 0, 0, 0), _low(2)",
         confined("call(302, os.getpid(), 7, None, ctypes.byref((ctypes.c_long * 2)()))")),
    Rule("limits are read only", _FILE, "_low(2), (_EQUAL, 0, 3, 0), _high(2), (_EQUAL, 0, 1, 0),",
         "_low(2), (_EQUAL, 0, 0, 0), _high(2), (_EQUAL, 0, 0, 0),",
         confined("call(302, 0, 4, ctypes.byref((ctypes.c_uint64 * 2)(0, 0)), None)")),
    Rule("flags are read only", _FILE, "_low(1), (_EQUAL, 1, 0, _F_GETFD), (_EQUAL, 0, 1, _F_GETFL),",
         "_low(1), (_EQUAL, 1, 0, _F_GETFD), (_EQUAL, 0, 0, _F_GETFL),", confined("call(72, 4, 4, 0o4000)")),
    Rule("no x32 numbers", _FILE, "(_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL)",
         "(_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _ALLOW)",
         confined("libc.syscall(0x40000000 + 39)")),
    Rule("denied by default", _FILE, "return [*program, (_RETURN, 0, 0, _DENY)]", "return [*program, (_RETURN, 0, 0, _ALLOW)]",
         confined("call(79, ctypes.create_string_buffer(256), 256)")),
    Rule("the filter itself", _FILE, "if _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(self._program), 0, 0):",
         "if False:", confined("call(79, ctypes.create_string_buffer(256), 256)")),
)
NEEDED = tuple(
    Rule(f"{name} is allowed", _FILE, f'"{name}": {confine._ALLOWED["x86_64"][name]},',
         f'"{name}": 4095,', f"try:\n    {confined(probe)}\nexcept Held:\n    pass\nelse:\n    raise Held('it works')")
    for name, probe in ALLOWED.items() if probe)
AS_ROOT = (
    Rule("another user", _FILE, '"uid" not in without and self._root and _drop_user()', "False",
         confined("need(os.getuid() == 0)")),
)
"""What only a grader that root has started can do, and show."""
BOX = (*(_deny(name) for name in DENIED), *LIMITS, *LAYERS, *(AS_ROOT if os.geteuid() == 0 else ()))
