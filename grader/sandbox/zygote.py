"""The zygote: a process that has NumPy imported, sees no student text, and forks confined workers.

It is exec'ed, never forked from the grader. It speaks over one socket: descriptors for a new worker come
in, its pidfd goes out. When the socket closes, or the grader dies, it ends, and its workers die with it.
The grader's temporary folder, too, is the zygote's to make and to take away: whenever the grader is killed,
somebody is there who does it.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import traceback
import warnings
from typing import Any, NoReturn

from grader.sandbox.allowed import PRELOADED_MODULES

MESSAGE_SIZE = 64 * 1024
MAX_FDS = 3
_OWN_MODULES = ("grader.sandbox.confine", "grader.sandbox.worker", "grader.sandbox.canary")


def preload() -> None:
    """Import all that a worker may need: it can open nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in PRELOADED_MODULES:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)


def main(control_fd: int, grader_pid: int) -> None:
    """Serve until the grader goes away."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # meant for the grader, whose end is ours
    control = socket.socket(fileno=control_fd)
    folder = json.loads(control.recv(MESSAGE_SIZE))["folder"]
    try:
        _make(folder)
        control.send(b'{"begun":true}')
        grader = os.pidfd_open(grader_pid)
        if os.getppid() != grader_pid:
            _end(folder, 1)
        _enter_emptiness(folder)
        preload()
        for name in _OWN_MODULES:
            importlib.import_module(name)
        zygote = Zygote(control)
        sys.path.clear()  # nothing can be found there any more; looking would only cost time
        sys.path_importer_cache.clear()
        gc.collect()
        gc.freeze()
        control.send(b'{"ready":true}')
    except Exception:
        # Whatever it is, the grader has to hear of it.
        with contextlib.suppress(OSError):
            control.send(json.dumps({"failed": traceback.format_exc()[-4000:]}).encode())
        _end(folder, 1)
    zygote.serve(grader)
    _end(folder, 0)


def _make(folder: str) -> None:
    """Make a folder that another user may enter, but not list: the self-test's file lies in it."""
    os.mkdir(folder, 0o700)  # noqa: PTH102 - no pathlib is needed here
    os.chmod(folder, 0o711)  # noqa: PTH101, S103 - it cannot be listed


def _enter_emptiness(folder: str) -> None:
    """Go to a folder that is gone: nothing can be made in it, and nothing is above it."""
    empty = f"{folder}/empty"
    os.mkdir(empty)  # noqa: PTH102
    os.chdir(empty)
    os.rmdir(empty)  # noqa: PTH106


def _end(folder: str, code: int) -> NoReturn:
    """Take the grader's folder away, which it cannot do itself when it was killed."""
    os.chdir("/")
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(code)


class Zygote:
    """The loop that forks workers and reaps them."""

    def __init__(self, control: socket.socket) -> None:
        from grader.sandbox.confine import Confinement

        self._control = control
        self._confinement = Confinement()
        self._children: set[int] = set()

    def serve(self, grader: int) -> None:
        """Answer until the control socket closes or the grader's process ends; then take all workers down."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(grader, select.POLLIN)
        with contextlib.suppress(OSError):
            while grader not in dict(poll.poll()):
                message, fds = self._receive()
                if message is None:
                    break
                self._serve_one(message, fds)
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _receive(self) -> tuple[dict[str, Any] | None, list[int]]:
        fds = array.array("i")
        data, ancillary, _, _ = self._control.recvmsg(MESSAGE_SIZE, socket.CMSG_LEN(MAX_FDS * fds.itemsize))
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(content)
        return (json.loads(data) if data else None), list(fds)

    def _serve_one(self, message: dict[str, Any], fds: list[int]) -> None:
        pidfds = []
        try:
            if "reap" in message:
                answer = self._reap(message["reap"])
            else:
                pid = self._fork(message, fds)
                pidfds.append(os.pidfd_open(pid))
                answer = {"pid": pid}
        except OSError as error:
            answer = {"failed": str(error)}
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", pidfds))] if pidfds else []
        self._control.sendmsg([json.dumps(answer).encode()], rights)
        for fd in fds + pidfds:
            os.close(fd)

    def _fork(self, message: dict[str, Any], fds: list[int]) -> int:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_worker(parent, message, fds)
        self._children.add(pid)
        return pid

    def _become_worker(self, parent: int, message: dict[str, Any], fds: list[int]) -> NoReturn:
        """Confine this new process, say so, and only then receive anything."""
        from grader.sandbox import canary, confine, worker

        code = 1
        try:
            above = confine.REPLY_FD + 1
            request, reply = (fcntl.fcntl(fd, fcntl.F_DUPFD, above) for fd in fds[:2])
            os.dup2(request, confine.REQUEST_FD)
            os.dup2(reply, confine.REPLY_FD)
            pipes = worker.Pipes(confine.REQUEST_FD, confine.REPLY_FD)
            try:
                layers = self._confinement.apply(parent, message["without"])
            except (confine.ConfinementError, OSError) as error:
                pipes.send({"id": "", "k": "refused", "why": str(error)})
            else:
                (canary if message["canary"] else worker).serve(pipes, layers)
                code = 0
        finally:
            # Whatever happened, nothing may return into the zygote's loop.
            os._exit(code)

    def _reap(self, pid: int) -> dict[str, Any]:
        _, status, usage = os.wait4(pid, 0)
        self._children.discard(pid)
        signalled = os.WIFSIGNALED(status)
        return {
            "code": None if signalled else os.waitstatus_to_exitcode(status),
            "signal": os.WTERMSIG(status) if signalled else None,
            "cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss * 1024,
        }
