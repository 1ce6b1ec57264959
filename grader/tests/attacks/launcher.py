"""Run one command as another user and see what it leaves behind. A script of its own: one JSON argument.

With `--serve` it has the grader imported, takes one order a line, and forks the grader for each.

It is the subreaper of everything the command starts, so that whoever outlives it becomes its child. As
root it can make a private view of the file system in which an unprivileged user reaches the interpreter.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

GRACE_SECONDS = 5
_PR_SET_CHILD_SUBREAPER = 36
_CLONE_NEWNS = 0x20000
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 1 << 18
_GRADER = ("grader.__main__", "grader.cli.grade", "grader.grading", "grader.render.terminal",
           "grader.sandbox.client", "grader.sandbox.proof")
_libc = ctypes.CDLL(None, use_errno=True)


class _TooLateError(Exception):
    """The time is up."""


def main(order: dict[str, Any]) -> None:
    """Run the command, wait for all that it started, and write the report."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")
    if order["hidden"]:
        _open_up(order["hidden"])
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _become(order)
    code = _wait_for(pid, order["seconds"])
    seconds = time.monotonic() - started
    left = _wait_for_the_rest()
    report = {"code": code, "seconds": seconds, "left": left,
              "memory": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024}
    Path(order["report"]).write_text(json.dumps(report), encoding="utf-8")


def _open_up(hidden: dict[str, list[str]]) -> None:
    """Lay over each closed folder an open one, in which only the needed folders are."""
    _checked(_libc.unshare(_CLONE_NEWNS), "unshare")
    _checked(_libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None), "mount private")
    for closed, needed in hidden.items():
        handles = [os.open(path, os.O_PATH | os.O_DIRECTORY) for path in needed]
        _checked(_libc.mount(b"tmpfs", closed.encode(), b"tmpfs", 0, b"mode=0755"), f"mount {closed}")
        for handle, path in zip(handles, needed, strict=True):
            Path(path).mkdir(parents=True, exist_ok=True)
            source = f"/proc/self/fd/{handle}".encode()
            _checked(_libc.mount(source, path.encode(), None, _MS_BIND | _MS_REC, None), f"mount {path}")
            os.close(handle)


def _checked(result: int, what: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), f"{what} failed")


def _become(order: dict[str, Any]) -> None:
    """Turn into the command, as the user that was asked for."""
    if order["uid"] is not None:
        os.setgroups([])
        os.setresgid(order["uid"], order["uid"], order["uid"])
        os.setresuid(order["uid"], order["uid"], order["uid"])
    os.chdir(order["folder"])
    for fd, path in ((1, order["stdout"]), (2, order["stderr"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), fd)
    if order["warm"]:
        _call(order)
    os.execve(order["command"][0], order["command"], order["environment"])


def _call(order: dict[str, Any]) -> NoReturn:
    """Be the command, in this process that has it imported: `python -m grader …` and no more."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.dont_write_bytecode = bool(order["environment"]["PYTHONDONTWRITEBYTECODE"])
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    tempfile.tempdir = None
    code = 3
    try:
        code = importlib.import_module("grader.__main__").main(order["command"][3:])
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def serve() -> None:
    """Carry out orders until there are no more."""
    for name in _GRADER:
        importlib.import_module(name)
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                main(json.loads(line))
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        print("done", flush=True)


def _wait_for(pid: int, seconds: float) -> int | None:
    """Give the exit code (negative for a signal), or None when the time is up."""
    try:
        with _Alarm(seconds):
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except _TooLateError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return None


def _wait_for_the_rest() -> list[str]:
    """Wait until no child is left; name and kill those that do not end by themselves."""
    try:
        with _Alarm(GRACE_SECONDS):
            while True:
                os.waitpid(-1, 0)
    except ChildProcessError:
        return []
    except _TooLateError:
        return [_kill(pid) for pid in _children()]


def _children() -> list[int]:
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


def _kill(pid: int) -> str:
    name = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return f"{pid} {name}"


class _Alarm:
    """Raise `_TooLateError` in the block when the time is up."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)

    @staticmethod
    def _ring(number: int, frame: FrameType | None) -> None:
        raise _TooLateError


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve()
    else:
        main(json.loads(sys.argv[1]))
