"""The self-test: try, from inside a confined worker, what student code must not be able to do.

This is our own code, run before any student's. What it reports is compared with what must come out.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from grader.sandbox import confine

if TYPE_CHECKING:
    from grader.sandbox.worker import Pipes

HIGHEST_GUESS = 64
SECRET = b"canary"


def serve(pipes: Pipes, layers: Sequence[str]) -> None:
    """Report every attempt of one request, then wait to be killed."""
    pipes.send({"id": "", "k": "ready", "layers": list(layers)})
    header, _ = pipes.receive()
    attempts = {name: _outcome(attempt, header["file"]) for name, attempt in ATTEMPTS.items()}
    pipes.send({"id": header["id"], "k": "canary", "attempts": attempts, "limits": _limits()})
    pipes.receive()


def _outcome(attempt: Callable[[str], object], file: str) -> int:
    """Give the error number of an attempt: 0 if it worked."""
    try:
        attempt(file)
    except OSError as error:
        return error.errno or -1
    return 0


def _fork(file: str) -> None:
    if os.fork() == 0:
        os._exit(0)


def _read_guessed(file: str) -> None:
    """Read from every descriptor that might have been inherited; succeed if a single one is open."""
    for fd in range(confine.REPLY_FD + 1, HIGHEST_GUESS):
        try:
            os.read(fd, 1)
        except OSError as error:
            if error.errno != errno.EBADF:
                raise
        else:
            return
    raise OSError(errno.EBADF, "none is open")


def _make_executable(file: str) -> None:
    page = mmap.mmap(-1, mmap.PAGESIZE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    libc = ctypes.CDLL(None, use_errno=True)
    wanted = mmap.PROT_READ | mmap.PROT_EXEC
    if libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(mmap.PAGESIZE), wanted):
        raise OSError(ctypes.get_errno(), "mprotect")


def _change_a_limit(file: str) -> None:
    """Set a limit to what it is. Python reports EPERM as a ValueError here."""
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except ValueError as error:
        raise PermissionError(errno.EPERM, str(error)) from None


ATTEMPTS: dict[str, Callable[[str], object]] = {
    "read a file": lambda file: os.open(file, os.O_RDONLY),
    "write a file": lambda file: os.open(file, os.O_WRONLY | os.O_TRUNC),
    "read an inherited descriptor": _read_guessed,
    "fork": _fork,
    "run a program": lambda file: os.execv("/bin/true", ["true"]),  # noqa: S606 - it must fail
    "open a socket": lambda file: socket.socket(),
    "signal the parent": lambda file: os.kill(os.getppid(), 0),
    "map executable memory": lambda file: mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_EXEC),
    "make memory executable": _make_executable,
    "change a limit": _change_a_limit,
}
_REFUSED = frozenset({errno.EPERM, errno.EACCES})


def _limits() -> dict[str, int]:
    wanted = {**confine.LIMITS, **confine.LATE_LIMITS}
    return {str(kind): resource.getrlimit(kind)[1] for kind in wanted}


def escapes(attempts: Any) -> list[str]:
    """Name the attempts that were not refused; whatever is not a clear refusal counts as an escape."""
    if type(attempts) is not dict:
        return sorted(ATTEMPTS)
    expected = dict.fromkeys(ATTEMPTS, _REFUSED) | {"read an inherited descriptor": {errno.EBADF}}
    return sorted(name for name, numbers in expected.items() if attempts.get(name) not in numbers)


def loose_limits(limits: Any) -> list[int]:
    """Name the limits that are higher than they must be."""
    wanted = {**confine.LIMITS, **confine.LATE_LIMITS}
    if type(limits) is not dict:
        return sorted(wanted)
    reported = {kind: limits.get(str(kind)) for kind in wanted}
    return sorted(k for k, v in reported.items() if type(v) is not int or not 0 <= v <= wanted[k])
