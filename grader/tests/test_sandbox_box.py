"""The kernel box: what student code cannot do, every verdict, and that nothing outlives its owner."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from grader.errors import CourseError, IsolationError
from grader.sandbox import (
    Box,
    Frame,
    Killed,
    Unsupported,
    Value,
    Worker,
    canary,
    confine,
    host,
    open_box,
    proof,
)
from grader.tests.workers import SYSTEM, begin, killed, raised, run, value

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel box is for Linux")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def worker(box: Box) -> Iterator[Worker]:
    """Take a fresh worker."""
    with box.worker() as fresh:
        yield fresh


# ---- what the box holds


def test_the_box_proves_its_layers(box: Box) -> None:
    """The canary's findings are the level, and every layer is either proved or missing."""
    assert {"seccomp", "rlimits", "pidfd"} <= set(box.proved)
    assert set(proof.LAYERS) == set(box.proved) | set(box.missing) - {"prlimit"}
    assert box.level == ("kernel+" if {"landlock", "uid"} & set(box.proved) else "kernel")


@pytest.mark.parametrize(
    ("without", "level"), [(["landlock"], None), (["uid"], None), (["landlock", "uid"], "kernel")]
)
def test_layers_can_be_left_out(without: list[str], level: str | None) -> None:
    """Without Landlock and another uid seccomp alone still holds, and the result says what is missing."""
    with open_box(without=without) as box, box.worker() as worker:
        assert set(without) <= set(box.missing)
        assert level is None or box.level == level
        assert raised(run(worker, "open('/etc/passwd')")).type == "PermissionError"


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd')",
        "open('new', 'w')",
        "os.open('/', os.O_RDONLY)",
        "os.listdir('/')",
        "os.stat('/')",
        "os.getcwd()",
        "os.readlink('/proc/self/exe')",
        "os.fork()",
        "os.kill(os.getppid(), 9)",
        "os.kill(-1, 9)",
        "os.execv('/bin/sh', ['sh'])",
        "os.posix_spawn('/bin/sh', ['sh'], {})",
        "os.pipe()",
        "os.dup(3)",
        "os.memfd_create('x')",
        "os.setsid()",
        "os.close(3)",
        "os.symlink('a', 'b')",
        "os.mkdir('x')",
        "sys.modules['socket'].socket()",
        "sys.modules['signal'].raise_signal(9)",
        "os.setpriority(0, 0, -5)",
        "sys.modules['mmap'].mmap(-1, 4096, prot=5)",
        "os.pidfd_open(os.getppid())",
        "os.unlink('/etc/passwd')",
    ],
)
def test_system_calls_are_refused(box: Box, attempt: str) -> None:
    """What student code must not do fails as an error that it can read, and the worker lives on."""
    with box.worker() as worker:
        error = raised(run(worker, attempt))
        assert "PermissionError" in error.type
        assert worker.alive


def test_no_thread_can_be_started(worker: Worker) -> None:
    """Threads are refused as processes are, so CPU time is at most wall time."""
    assert raised(run(worker, "sys.modules['_thread'].start_new_thread(print, ())")).type == "RuntimeError"


def test_limits_cannot_be_raised_but_can_be_read(worker: Worker) -> None:
    """A worker may look at its limits only."""
    reply = raised(
        run(
            worker,
            """
        r = sys.modules['resource']
        assert r.getrlimit(r.RLIMIT_AS) == (1 << 30, 1 << 30)
        assert r.getrlimit(r.RLIMIT_NOFILE) == (5, 5)
        r.setrlimit(r.RLIMIT_AS, (1 << 29, 1 << 29))
    """,
        )
    )
    assert reply.type == "ValueError"


def test_signals_cannot_be_ignored(worker: Worker) -> None:
    """SIGXCPU keeps its deadly default: no handler can be installed, no signal blocked."""
    install = "s = sys.modules['signal']; s.signal(s.SIGXCPU, s.SIG_IGN)"
    assert raised(run(worker, install)).type == "PermissionError"
    block = "s = sys.modules['signal']; s.pthread_sigmask(s.SIG_BLOCK, [s.SIGXCPU])"
    assert raised(run(worker, block)).type == "PermissionError"


def test_a_raw_system_call_of_the_x32_kind_kills(worker: Worker) -> None:
    """Numbers of the x32 table are not errors but death."""
    verdict = killed(run(worker, "ctypes.CDLL(None).syscall(0x40000000 | 39)"))
    assert (verdict.reason, verdict.signal) == ("crash", signal.SIGSYS)
    assert verdict.detail == "the process was ended by SIGSYS"


def test_the_worker_knows_nothing_of_the_grader(worker: Worker) -> None:
    """Environment, arguments and readable descriptors tell nothing; root is another user in there."""
    environ, argv, uid, fds = value(
        run(
            worker,
            """
        def is_open(fd):
            try:
                os.read(fd, 0)
            except OSError as error:
                return error.errno != 9
            return True
        return sorted(os.environ), sys.argv, os.getuid(), [fd for fd in range(64) if is_open(fd)]
    """,
        )
    )
    assert not [name for name in environ if "GRADER" in name or name in ("HOME", "USER", "PATH", "PWD")]
    assert not [word for word in argv if "student" in word]
    assert uid == (confine.UNPRIVILEGED_ID if os.getuid() == 0 else os.getuid())
    assert fds == [0, 1, 2, 3]


def _verdict(program: list[confine.Instruction], arch: int, number: int, *arguments: int) -> int:
    """Run a classic BPF program on one system call, as the kernel does."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    words = {0: number, 4: arch}
    for index, argument in enumerate(padded):
        words[16 + 8 * index], words[20 + 8 * index] = argument & 0xFFFFFFFF, argument >> 32
    at = loaded = 0
    while True:
        code, yes, no, operand = program[at]
        if code == 0x06:
            return operand
        if code == 0x20:
            loaded = words[operand]
            at += 1
            continue
        true = {0x15: loaded == operand, 0x35: loaded >= operand, 0x45: bool(loaded & operand)}[code]
        at += 1 + (yes if true else no)


ALLOW, DENY, KILL = 0x7FFF0000, 0x00050001, 0x80000000
ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CALLS: dict[str, dict[str, int]] = {
    "x86_64": {
        "read": 0,
        "write": 1,
        "mmap": 9,
        "mprotect": 10,
        "madvise": 28, "prlimit64": 302,
        "fcntl": 72,
        "rt_sigaction": 13,
        "ioctl": 16,
        "clone": 56,
        "openat": 257,
        "execve": 59,
        "clone3": 435,
    },
    "aarch64": {
        "read": 63,
        "write": 64,
        "mmap": 222,
        "mprotect": 226,
        "madvise": 233, "prlimit64": 261,
        "fcntl": 25,
        "rt_sigaction": 134,
        "ioctl": 29,
        "clone": 220,
        "openat": 56,
        "execve": 221,
        "clone3": 435,
    },
}


@pytest.mark.parametrize("machine", sorted(ARCH))
def test_the_filter_judges_arguments(machine: str) -> None:
    """On both machines the filter allows, denies and kills what the design says."""
    program, arch, calls = confine.filter_program(machine), ARCH[machine], CALLS[machine]

    def verdict(name: str, *arguments: int) -> int:
        return _verdict(program, arch, calls[name], *arguments)

    assert verdict("read", 3) == verdict("write", 4) == ALLOW
    for name in ("rt_sigaction", "ioctl", "clone", "clone3", "openat", "execve"):
        assert verdict(name) == DENY, name
    for name in ("mmap", "mprotect"):
        assert verdict(name, 0, 4096, 3) == ALLOW
        assert verdict(name, 0, 4096, 4) == verdict(name, 0, 4096, 7) == DENY
    assert verdict("prlimit64", 0, 7, 0, 1 << 40) == ALLOW
    assert verdict("prlimit64", 0, 7, 1 << 40, 0) == verdict("prlimit64", 1, 7, 0, 0) == DENY
    assert verdict("madvise", 0, 4096, 4) == ALLOW
    assert verdict("madvise", 0, 4096, 100) == verdict("madvise", 0, 4096, 101) == DENY
    assert verdict("fcntl", 3, 1) == verdict("fcntl", 3, 3) == ALLOW
    assert verdict("fcntl", 3, 4) == verdict("fcntl", 3, 0) == verdict("fcntl", 3, 1031) == DENY
    other = next(a for m, a in ARCH.items() if m != machine)
    assert _verdict(program, other, calls["read"]) == _verdict(program, 0x40000003, calls["read"]) == KILL
    assert _verdict(program, arch, 0x40000000) == _verdict(program, arch, 0xFFFFFFFF) == KILL


def test_a_machine_without_a_table_is_refused() -> None:
    """Where no system call numbers are known, there is no box."""
    with pytest.raises(confine.ConfinementError, match="there is no seccomp table for riscv64"):
        confine.filter_program("riscv64")


# ---- verdicts


def test_a_value_comes_back_with_what_was_printed(worker: Worker) -> None:
    """Arrays, keyword arguments and both output streams work."""
    begin(
        worker,
        """
        import numpy as np, warnings
        def f(x, *, twice):
            print("seen", x.shape)
            warnings.warn("not shown")
            return {"y": (x * twice, np.float32(1.5))}
    """,
    )
    reply = worker.call("f", (np.arange(3.0),), {"twice": 2})
    assert isinstance(reply, Value)
    assert reply.printed == "seen (3,)\n"
    assert reply.value["y"][0].tolist() == [0.0, 2.0, 4.0]
    assert type(reply.value["y"][1]) is np.float32


def test_read_only_and_strided_inputs_arrive_as_such(worker: Worker) -> None:
    """A function that writes to a read-only input gets NumPy's own error; the layout is kept."""
    x = np.arange(12.0).reshape(3, 4).T[::-1]
    x.flags.writeable = False
    begin(
        worker,
        """
        def strides(x):
            return x.strides, x.tolist()
        def spoil(x):
            x.flags.writeable = True
            x[0] = 1
    """,
    )
    assert value(worker.call("strides", (x,), {})) == (x.strides, x.tolist())
    assert raised(worker.call("spoil", (x,), {})).type == "ValueError"


def test_an_exception_names_the_line_in_the_package(worker: Worker) -> None:
    """Only frames of the package are told, the innermost last."""
    begin(
        worker,
        """
        from .part import g
        class Odd(KeyError, OSError): pass
        def f(): return g()
        def h(): raise Odd("why")
    """,
        part="import functools\ndef g():\n    return functools.reduce(lambda a, b: a / 0, [1, 2])\n",
    )
    error = raised(worker.call("f", (), {}))
    assert (error.type, error.message) == ("ZeroDivisionError", "division by zero")
    assert error.frames == (
        Frame("pkg/main.py", 4, "f"),
        Frame("pkg/part.py", 3, "g"),
        Frame("pkg/part.py", 3, "<lambda>"),
    )
    odd = raised(worker.call("h", (), {}))
    assert (odd.type, odd.bases) == (
        "Odd",
        ("KeyError", "LookupError", "OSError", "Exception", "BaseException"),
    )


def test_a_syntax_error_names_its_line(worker: Worker) -> None:
    """A module that does not parse gives SyntaxError with the line, and no function."""
    error = raised(begin(worker, "x = 1\ndef f(:\n"))
    assert (error.type, error.frames) == ("SyntaxError", (Frame("pkg/main.py", 2, "<module>"),))


def test_a_missing_function_is_told(worker: Worker) -> None:
    """The message names the file and the function; no frame shows that it was not the student's own error."""
    begin(worker, "")
    error = raised(worker.call("gone", (), {}))
    assert (error.type, error.message, error.frames) == (
        "AttributeError",
        "pkg/main.py has no function gone()",
        (),
    )


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("raise SystemExit(0)", "SystemExit"),
        ("sys.exit(0)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("g = lambda: g()\nreturn g()", "RecursionError"),
        ("[0] * (1 << 28)", "MemoryError"),
        ("import numpy; numpy.ones(1 << 28)", "MemoryError"),
        ("return input()", "EOFError"),
    ],
)
def test_whatever_is_raised_is_an_answer(worker: Worker, statement: str, kind: str) -> None:
    """Exits, interrupts, exhausted memory and recursion are answers, and the worker goes on."""
    assert raised(run(worker, statement)).type == kind
    assert value(run(worker, "return 1")) == 1


def test_exception_texts_cannot_flood_or_break(worker: Worker) -> None:
    """A message is cut to 2 KiB, and a class that fails to give one is told without it."""
    assert len(raised(run(worker, "raise ValueError('é' * 50_000_000)")).message.encode()) <= 2048
    begin(
        worker,
        """
        class Bad(Exception):
            def __str__(self): raise SystemExit
        def f(): raise Bad
        def g(): raise type("x" * 500, (Exception,), {})("\\ud800")
        def h(): raise type("not a name", (Exception,), {})
    """,
    )
    assert raised(worker.call("f", (), {})).message == "(its message could not be read)"
    long = raised(worker.call("g", (), {}))
    assert (len(long.type), long.message) == (100, "\\ud800")
    assert killed(worker.call("h", (), {})).detail == "the worker sent an exception without a proper name"


def test_printed_floods_are_cut(worker: Worker) -> None:
    """64 KiB are kept, and the text says that there was more."""
    reply = run(worker, "for _ in range(300): print('é' * 1000)\nprint('x', end='')\nreturn 5")
    assert isinstance(reply, Value)
    assert reply.value == 5
    assert len(reply.printed.encode()) <= 64 * 1024 + 3
    assert reply.printed.endswith("[cut here: more than 64 KiB were printed]\n")


def test_an_answer_that_is_not_plain_is_explained(worker: Worker) -> None:
    """The reply says what was returned instead of plain data."""
    reply = run(worker, "print('hi')\nreturn [1, (i for i in 'ab')]")
    assert isinstance(reply, Unsupported)
    assert (reply.type, reply.printed) == ("generator", "hi\n")
    assert reply.detail.startswith("the answer[1] is a generator")
    big = run(worker, "return ['x' * 1000] * 300")
    assert isinstance(big, Unsupported)
    assert "bytes of text and structure" in big.detail


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "import re; re.match('(a+)+$', 'a' * 60 + 'b')",
        "9 ** 9 ** 9",
        "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E",
    ],
)
def test_endless_work_costs_its_budget(worker: Worker, loop: str) -> None:
    """CPU time ends loops in Python and in C alike, whatever they catch."""
    verdict = killed(run(worker, loop, cpu=0.2))
    assert (verdict.reason, verdict.signal) == ("cpu", None)
    assert 0.2 <= worker.cpu_seconds < 1.5


def test_the_budget_is_shared_by_the_calls_until_the_next_begin(worker: Worker) -> None:
    """Several calls use up one budget; a new begin gives a new one."""
    spin = """
        import time
        def f():
            end = time.process_time() + 0.2
            while time.process_time() < end: pass
    """
    begin(worker, spin, cpu=0.5)
    assert isinstance(worker.call("f", (), {}), Value)
    worker.begin("main", cpu_seconds=0.5, wall_seconds=20)
    assert isinstance(worker.call("f", (), {}), Value)
    assert isinstance(worker.call("f", (), {}), Value)
    assert killed(worker.call("f", (), {})).reason == "cpu"


def test_sleeping_costs_the_deadline(worker: Worker) -> None:
    """A call has an absolute deadline of wall time."""
    verdict = killed(run(worker, "import time; time.sleep(60)", wall=0.2))
    assert (verdict.reason, verdict.detail) == ("wall", "wall time ran out")


def test_an_import_has_the_same_limits(worker: Worker) -> None:
    """A module that never finishes importing is killed like a call."""
    assert killed(begin(worker, "while True: pass", cpu=0.1)).reason == "cpu"


@pytest.mark.parametrize(
    ("statement", "signalled", "detail"),
    [
        ("ctypes.string_at(0)", signal.SIGSEGV, "the process was ended by SIGSEGV"),
        ("os._exit(0)", None, "the process ended by itself, with exit code 0"),
        ("os._exit(7)", None, "the process ended by itself, with exit code 7"),
    ],
)
def test_a_crash_is_told(worker: Worker, statement: str, signalled: int | None, detail: str) -> None:
    """A dead worker gives a verdict with the kernel's word about its end."""
    assert killed(run(worker, statement)) == Killed("crash", signalled, detail)
    assert not worker.alive


def test_a_signal_of_the_cpu_limit_is_a_timeout(worker: Worker) -> None:
    """If the kernel's own limit comes first, the verdict is the same."""
    begin(worker, "def f(x): return x", cpu=1)
    os.kill(worker._channel.pid, signal.SIGXCPU)  # type: ignore[attr-defined]
    assert killed(worker.call("f", (1,), {})) == Killed("cpu", signal.SIGXCPU, "cpu time ran out")


def test_after_a_kill_every_call_says_the_same(box: Box) -> None:
    """A dead worker does nothing any more; a fresh one goes on."""
    with box.worker() as dead:
        verdict = killed(run(dead, "os._exit(3)"))
        assert dead.call("f", (), {}) is verdict
        assert dead.begin("main", cpu_seconds=1, wall_seconds=1) is verdict
        dead.load("pkg", {})
        assert dead.begin("main", cpu_seconds=1, wall_seconds=1) is verdict
        ended = dead.close()
        assert (ended.code, ended.signal) == (3, None)
        assert ended.max_rss_bytes > 1 << 20
        assert dead.cpu_seconds == ended.cpu_seconds
    with box.worker() as fresh:
        assert value(run(fresh, "return 1")) == 1
        assert fresh.close().signal == signal.SIGKILL


def test_large_arrays_go_both_ways(worker: Worker) -> None:
    """Arrays larger than a pipe pass; a worker that stops reading is killed at the deadline."""
    x = np.arange(1 << 20, dtype=np.float64)
    assert np.array_equal(value(run(worker, "return args[0]", x)), x)
    begin(worker, "def f(*a):\n    import time; time.sleep(60)\n", wall=0.3)
    assert killed(worker.call("f", (x,), {})).reason == "wall"


def test_arguments_must_be_plain(worker: Worker) -> None:
    """A test that passes something else is the author's mistake, and the worker is not touched."""
    begin(worker, "def f(x): return x")
    with pytest.raises(
        CourseError, match=r"the arguments of f\(\)\[0\]\['a'\] is a set.*\n.*pass None, bool, int"
    ):
        worker.call("f", ({"a": {1}},), {})
    assert value(worker.call("f", (2,), {})) == 2


FORGER = (
    SYSTEM
    + """
R, S = b"raised", b'"o":[],"n":[],"s":"",'
gc, json, struct, time = (sys.modules[name] for name in ("gc", "json", "struct", "time"))
def frame(header, payload=b""):
    return struct.pack("<IQ", len(header), len(payload)) + header + payload
def reply(rest, payload=b"", kind=b"value", extra=b""):
    server = next(o for o in gc.get_objects() if type(o).__name__ == "Server")
    header = b'{"id":"' + server._id.encode() + b'","k":"' + kind + b'",' + rest + b"}"
    os.write(4, frame(header.replace(b",}", b"}"), payload) + extra)
"""
)


@pytest.mark.parametrize(
    ("statement", "detail"),
    [
        ("os.write(4, b'x' * 12)", "a header of 2021161080 bytes"),
        ("os.write(4, frame(b'{}'))", "an answer to another request"),
        ("os.write(4, frame(b'[]'))", "a header that is not an object"),
        ("os.write(4, struct.pack('<IQ', 2, 1 << 62) + b'{}')", "a payload of 4611686018427387904 bytes"),
        (
            'os.write(4, frame(b\'{"id":"0123456789abcdef","k":"value","v":1,"g":[],"w":[],"p":0}\'))',
            "an answer to another request",
        ),
        ("reply(b'')", "fields"),
        ('reply(b\'"v":1,"g":[],"w":[],"p":99999\')', "too much printed text"),
        ('reply(b\'"v":1,"g":[],"w":[],"p":5\')', "fewer bytes"),
        ('reply(b\'"v":1,"g":[],"w":[],"p":0\', b\'x\')', "more bytes"),
        ('reply(b\'"v":1,"g":[],"w":[],"p":0\', extra=b\'x\')', "bytes after the end of the frame"),
        ('reply(b\'"v":{"A":["O",[1]]},"g":[],"w":[],"p":0\')', "an unknown dtype"),
        (
            "reply(b'\"v\":1,\"g\":' + json.dumps([['PCG64', 1, 1, 0, 0]] * 65).encode()"
            " + b',\"w\":[],\"p\":0')",
            "too many random states",
        ),
        ("reply(b'\"functions\":{}', kind=b'inspection')", "an answer of another kind"),
        ('reply(b\'"t":"E","b":["os"],"m":"","f":[],\' + S + b\'"p":0\', kind=R)', "unknown bases"),
        (
            'reply(b\'"t":"E","b":[],"m":"","f":[1],\' + S + b\'"p":0\', kind=R)',
            "traceback line of the wrong form",
        ),
        (
            'reply(b\'"t":"E","b":[],"m":"","f":[["/etc/passwd",1,"f"]],\' + S + b\'"p":0\', kind=R)',
            "of no module",
        ),
        (
            'reply(b\'"t":"E","b":[],"m":"","f":\' + str([1] * 21).encode()'
            ' + b\',\' + S + b\'"p":0\', kind=R)',
            "too many parts",
        ),
        (
            'reply(b\'"t":"E","b":[],"m":"\' + b\'x\' * 3000 + b\'","f":[],\' + S + b\'"p":0\', kind=R)',
            "too long",
        ),
        *(
            (f'reply(b\'"t":"E","b":[],"m":"","f":[["pkg/main.py",1,"f"]],\'\n'
             f'          b\'{scene},"p":0\', kind=R)', why)
            for scene, why in (
                ('"o":[1,1,0],"n":[],"s":""', "an operation of the wrong form"),
                ('"o":["1",1,0,2],"n":[],"s":""', "an operation of the wrong form"),
                ('"o":[9,1,0,2],"n":[],"s":""', "an operation outside"),
                ('"o":[1,7000,0,2],"n":[],"s":""', "an operation outside"),
                ('"o":[1,1,-1,2],"n":[],"s":""', "an operation outside"),
                ('"o":[],"n":[["sys","int",null]],"s":""', "operands without an operation"),
                ('"o":[2,2,0,10],"n":[["sys"]],"s":""', "an operand of the wrong form"),
                ('"o":[2,2,0,10],"n":[["os","int",null]],"s":""', "an operand without proper names"),
                ('"o":[2,2,0,10],"n":[["sys","a b",null]],"s":""', "an operand without proper names"),
                ('"o":[2,2,0,10],"n":[["sys","int",[-1]]],"s":""', "an impossible shape"),
                ('"o":[2,2,0,10],"n":[["sys","int",7]],"s":""', "a node of the wrong form"),
                ('"o":[],"n":[],"s":"a b"', "a near name that is none"),
            )
        ),
        *(
            (f'reply(b\'"v":1,"g":[],"w":{warned},"p":0\')', why)
            for warned, why in (
                ('[1]', "a warning of the wrong form"),
                ('["joy","exp","pkg/main.py",1,"f"]', "a warning of the wrong form"),
                ('["overflow","a b","pkg/main.py",1,"f"]', "a warning of the wrong form"),
                ('["overflow","exp","pkg/main.py",7000,"f"]', "of no module"),
            )
        ),
        ('reply(b\'"i":0,"args":{"T":[]},"kwargs":{"D":[]}\', kind=b\'door\')', "a door that does not exist"),
    ],
)
def test_forged_frames_are_the_verdict_protocol(worker: Worker, statement: str, detail: str) -> None:
    """Whatever student code writes into the pipe, in whatever form, is never an answer unless it is one."""
    text = f"{FORGER}\ndef f():\n    {statement}\n    time.sleep(60)\n"
    assert begin(worker, text) == Value(None, "")
    verdict = killed(worker.call("f", (), {}))
    assert verdict.reason == "protocol"
    assert detail in verdict.detail


def test_bytes_before_a_request_are_the_verdict_protocol(worker: Worker) -> None:
    """Bytes that were in the pipe before the next request is sent are seen before it is sent."""
    begin(
        worker,
        SYSTEM
        + textwrap.dedent("""
        def f():
            server = next(o for o in sys.modules['gc'].get_objects() if type(o).__name__ == 'Server')
            old = server._send
            def send(*a, **k):
                old(*a, **k)
                os.write(4, b'early')
            server._send = send
            return 1
    """),
    )
    first = worker.call("f", (), {})
    assert isinstance(first, (Value, Killed))
    assert killed(worker.call("f", (), {})).reason == "protocol"


def test_truncated_and_dribbled_frames_end_at_the_deadline(worker: Worker) -> None:
    """Half a frame, or a byte now and then, does not buy more time."""
    assert (
        killed(run(worker, "os.write(4, b'\\x01')\nimport time; time.sleep(60)", wall=0.2)).reason == "wall"
    )


# ---- life and death

_OWNER = """
import os, sys
from grader.sandbox import open_box
box = open_box()
worker = box.worker()
worker.load("pkg", {"main": "def f():\\n    while True: pass\\n"})
worker.begin("main", cpu_seconds=60, wall_seconds=60)
print(box._host._process.pid, worker._channel.pid, flush=True)
worker.call("f", (), {})
"""


def _owner() -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", _OWNER], stdout=subprocess.PIPE, text=True, env=environment
    )


def _ends(pidfd: int, seconds: float = 20) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_its_owner(number: int) -> None:
    """When the grader is killed, however it is, the zygote and the busy worker are gone."""
    with _owner() as owner:
        assert owner.stdout
        pidfds = [os.pidfd_open(int(pid)) for pid in owner.stdout.readline().split()]
        owner.send_signal(number)
        owner.wait()
        assert [_ends(pidfd) for pidfd in pidfds] == [True, True]
    for pidfd in pidfds:
        os.close(pidfd)


def _descriptors() -> set[str]:
    """Name what is open; the folder that is listed for it is gone by then."""
    found = set()
    for place in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(f"{place.name} {place.readlink()}")
    return found


def test_closing_a_box_closes_everything() -> None:
    """No process and no descriptor is left after `close`, which may come first or twice."""
    before = _descriptors()
    box = open_box()
    worker = box.worker()
    pidfd = os.pidfd_open(worker._channel.pid)  # type: ignore[attr-defined]
    box.close()
    box.close()
    assert _ends(pidfd, 0)
    os.close(pidfd)
    assert worker.close().signal == signal.SIGKILL
    assert _descriptors() <= before  # what an earlier test has left may be closed meanwhile
    with pytest.raises(IsolationError, match=r"this box is closed\n.*open another one"):
        box.worker()


def test_a_dead_zygote_is_an_isolation_error() -> None:
    """If the zygote is gone, its workers are too, and nothing hangs."""
    with open_box() as box, box.worker() as worker:
        begin(worker, "def f(): return 1")
        assert box._host
        box._host._process.kill()
        box._host._process.wait()
        with pytest.raises(IsolationError, match="the zygote does not answer"):
            box.worker()
        with pytest.raises(IsolationError, match="the zygote does not answer"):
            worker.call("f", (), {})


def test_the_terminal_s_interrupt_does_not_reach_the_box(box: Box) -> None:
    """Zygote and workers have a session of their own."""
    with box.worker() as worker:
        assert box._host
        assert os.getsid(box._host._process.pid) != os.getsid(0)
        assert os.getsid(worker._channel.pid) == box._host._process.pid  # type: ignore[attr-defined]


# ---- failing closed


def test_no_descriptors_left_is_an_isolation_error(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """EMFILE is told with what to do about it."""
    assert box.level

    def none_left() -> tuple[int, int]:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "pipe", none_left)
    with pytest.raises(IsolationError, match=r"cannot be started \(.*Too many open files\)\n.*ulimit -n"):
        box.worker()


def test_a_pidfd_that_did_not_arrive_is_an_isolation_error() -> None:
    """The kernel drops descriptors that the receiver has no room for; that is seen."""
    with pytest.raises(OSError, match="no descriptor is left for the worker"):
        host._unpack((b"{}", [], socket.MSG_CTRUNC, None))


def test_a_zygote_that_cannot_start_is_an_isolation_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that ends at once leaves no box, and the error says what is needed."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with (
        open_box() as box,
        pytest.raises(IsolationError, match=r"the zygote does not answer.*\n.*grade on Linux"),
    ):
        box.worker()


def test_a_zygote_says_why_it_failed() -> None:
    """What the zygote could not do is part of the error."""
    failed = json.dumps({"failed": "no numpy\n"}).encode()
    with pytest.raises(IsolationError, match=r"the zygote failed: no numpy\n.*grade on Linux"):
        host._unpack((failed, [], 0, None))


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (["open a socket"], "the box failed its self-test: a worker could open a socket"),
        (["fork", "read a file"], "a worker could fork, read a file"),
    ],
)
def test_a_failed_self_test_closes_the_box(
    monkeypatch: pytest.MonkeyPatch, found: list[str], text: str
) -> None:
    """One attempt that got through is enough: no student code runs, unless less was asked for."""
    monkeypatch.setattr(canary, "escapes", lambda attempts: list(found))
    with open_box() as box:
        for _ in range(2):
            with pytest.raises(IsolationError, match=text):
                box.worker()
    with open_box(minimum="process") as box:
        assert (box.level, box.proved) == ("process", ())


def test_what_is_no_clear_refusal_is_an_escape() -> None:
    """The self-test's answers are compared with what must come out, and nothing else is good."""
    good = dict.fromkeys(canary.ATTEMPTS, errno.EPERM) | {"read an inherited descriptor": errno.EBADF}
    assert canary.escapes(good) == []
    assert canary.escapes({**good, "fork": 0}) == canary.escapes({**good, "fork": errno.EAGAIN}) == ["fork"]
    assert canary.escapes({}) == canary.escapes(None) == sorted(canary.ATTEMPTS)
    limits = {str(k): v for k, v in {**confine.LIMITS, **confine.LATE_LIMITS}.items()}
    assert canary.loose_limits(limits) == []
    assert canary.loose_limits({**limits, "9": -1}) == [9]
    assert canary.loose_limits(None)


def test_a_refused_layer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that cannot be confined says which layer was refused."""
    refusal = {"id": "", "k": "refused", "why": "seccomp is refused: Invalid argument"}
    monkeypatch.setattr(proof, "_hear", lambda channel: refusal)
    with (
        open_box() as box,
        pytest.raises(IsolationError, match="a worker cannot be confined: seccomp is refused"),
    ):
        box.worker()


def test_a_worker_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that says nothing at its start is not used."""
    monkeypatch.setattr(proof, "READY_SECONDS", -1.0)
    with open_box() as box, pytest.raises(IsolationError, match=r"a confined worker did not start \(wall\)"):
        box.worker()


def test_an_unknown_layer_is_refused() -> None:
    """Only known layers can be left out."""
    with pytest.raises(
        IsolationError, match=r"no layer is called seccomp\n.*leave out only kernel, landlock, uid"
    ):
        open_box(without=["seccomp"])


def test_opening_a_box_imports_no_numpy() -> None:
    """The command line opens the box first, and imports NumPy while the zygote warms up."""
    code = "import sys; from grader.sandbox import open_box as o; b = o(); print('numpy' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
