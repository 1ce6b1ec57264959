"""The grader's end of a zygote: start it, have it fork workers, have it reap them."""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import json
import os
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from grader.errors import IsolationError
from grader.sandbox import launch
from grader.sandbox.answers import Exit

ANSWER_SECONDS = 60.0
MESSAGE_SIZE = 64 * 1024
PIPE_SIZE = 1 << 20
PROCESSOR = 36
"""Place of the processor in /proc/self/stat, counted from behind the name: field 39 of proc(5)."""
ONE_DESCRIPTOR = socket.CMSG_LEN(array.array("i").itemsize)
KERNEL_FIX = (
    "grade on Linux (x86-64 or aarch64, kernel 5.4 or newer): a laptop, WSL2, Docker with its default "
    "profile, or GitHub Actions; or accept less with --allow-isolation process"
)
FILES_FIX = "raise the limit on open files (ulimit -n), or grade fewer submissions at once"


class Spawned(NamedTuple):
    """A new worker: its process, and our ends of its pipes."""

    pid: int
    pidfd: int
    request: int
    reply: int


class Host:
    """One zygote. Starting it returns at once; the first request waits until it is warm."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun = self._warm = self._closed = self._confused = False
        self.may_limit = True
        self._folder = Path(_checked(tempfile.gettempdir), f"{launch.PREFIX}{secrets.token_hex(8)}")
        with contextlib.ExitStack() as undo:
            ours, theirs = _checked(lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
            undo.enter_context(ours)
            self._control: socket.socket = ours
            ours.settimeout(ANSWER_SECONDS)
            ours.send(json.dumps({"folder": str(self._folder)}).encode())
            with theirs:
                self._process: subprocess.Popen[bytes] = _checked(lambda: launch.start(
                    "grader.sandbox.zygote", [theirs.fileno(), os.getpid()], fds=[theirs.fileno()],
                    folder=os.sep))
            undo.pop_all()

    @property
    def folder(self) -> Path:
        """Give the folder for temporary files. The zygote makes it, and takes it away whoever was killed."""
        with self._heard():
            return self._folder

    def spawn(self, *, without: Collection[str], canary: bool = False, extra: Sequence[int] = ()) -> Spawned:
        """Have a new confined worker forked."""
        request_in, request_out = _checked(os.pipe)
        reply_in, reply_out = _checked(os.pipe, undo=(request_in, request_out))
        for fd in (request_out, reply_in):
            os.set_blocking(fd, False)
            with contextlib.suppress(OSError):  # only a matter of speed
                fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        message = {"without": sorted(without), "canary": canary}
        try:
            answer, fds = self._ask(message, [request_in, reply_out, *extra])
        except BaseException:
            os.close(request_out)
            os.close(reply_in)
            raise
        finally:
            os.close(request_in)
            os.close(reply_out)
        _keep_near(answer["pid"])
        return Spawned(answer["pid"], fds[0], request_out, reply_in)

    def reap(self, pid: int) -> Exit:
        """Wait for a worker that is dead or was killed."""
        if self._closed or self._confused:
            return Exit(None, signal.SIGKILL, 0.0, 0)
        answer, _ = self._ask({"reap": pid}, [])
        return Exit(answer["code"], answer["signal"], answer["cpu"], answer["rss"])

    def allow_limits(self, pid: int) -> bool:
        """Try to set a worker's limits from here; a container's root may lack the right to."""
        try:
            resource.prlimit(pid, resource.RLIMIT_CPU, resource.prlimit(pid, resource.RLIMIT_CPU))
        except PermissionError:
            self.may_limit = False
        return self.may_limit

    def _ask(self, message: dict[str, Any], fds: Sequence[int]) -> tuple[dict[str, Any], list[int]]:
        with self._heard():
            if not self._warm:
                _unpack(self._control.recvmsg(MESSAGE_SIZE))
                self._warm = True
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
            self._control.sendmsg([json.dumps(message).encode()], rights)
            return _unpack(self._control.recvmsg(MESSAGE_SIZE, ONE_DESCRIPTOR))

    @contextlib.contextmanager
    def _heard(self) -> Iterator[None]:
        """Talk to the zygote, one at a time, once it has said that its folder is there."""
        with self._lock:
            try:
                if not self._begun:
                    _unpack(self._control.recvmsg(MESSAGE_SIZE))
                    self._begun = True
                yield
            except (OSError, ValueError) as error:
                raise IsolationError(f"the zygote does not answer ({error})", fix=_fix(error)) from error
            except IsolationError:
                raise
            except BaseException:
                self._confused = True  # its answer is still to come, and would be taken for another's
                raise

    def close(self) -> None:
        """Let the zygote take its workers down, and wait for it."""
        self._closed = True
        self._control.close()
        try:
            self._process.wait(ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)  # should the zygote have been killed


def _keep_near(pid: int) -> None:
    """Let a worker run on the processor that we run on: of the two, one always waits for the other.

    Waking a process on another processor costs more than most calls. Only a matter of speed.
    """
    with contextlib.suppress(OSError, ValueError, IndexError, AttributeError):
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        os.sched_setaffinity(pid, {int(fields[PROCESSOR])})


def _checked(make: Any, undo: Sequence[int] = ()) -> Any:
    """Make something that costs descriptors; close others and explain if there are none left."""
    try:
        return make()
    except OSError as error:
        for fd in undo:
            os.close(fd)
        raise IsolationError(f"a confined process cannot be started ({error})", fix=_fix(error)) from error


def _fix(error: Exception) -> str:
    return FILES_FIX if getattr(error, "errno", None) in (errno.EMFILE, errno.ENFILE) else KERNEL_FIX


def _unpack(
    received: tuple[bytes, list[tuple[int, int, bytes]], int, Any]
) -> tuple[dict[str, Any], list[int]]:
    data, ancillary, flags, _ = received
    fds = array.array("i")
    for _, _, content in ancillary:
        fds.frombytes(content)
    if flags & socket.MSG_CTRUNC:
        for fd in fds:
            os.close(fd)
        raise OSError(errno.EMFILE, "no descriptor is left for the worker")
    if not data:
        raise OSError(errno.ECONNRESET, "it has ended")
    answer = json.loads(data)
    if "failed" in answer:
        raise IsolationError(f"the zygote failed: {answer['failed'].strip()}", fix=KERNEL_FIX)
    return answer, list(fds)
