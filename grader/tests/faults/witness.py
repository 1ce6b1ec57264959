"""Run the real command with faults, and list everything that it leaves behind."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import resource
import secrets
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.tests.attacks.catalogue import COURSE
from grader.tests.attacks.running import below

SECONDS = 120
_GRACE = 15.0
_IPC = ("shm", "sem", "msg")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it left."""

    code: int
    stdout: str
    stderr: str
    result: dict[str, Any] | None
    left: tuple[str, ...]


def shared() -> set[str]:
    """List System V objects, and what lies in shared memory and in message queues."""
    found = {
        f"{kind}: {line.split()[1]}"
        for kind in _IPC
        for line in Path(f"/proc/sysvipc/{kind}").read_text("ascii").splitlines()[1:]
    }
    return found | {
        str(path)
        for place in ("/dev/shm", "/dev/mqueue")
        if Path(place).is_dir()
        for path in Path(place).iterdir()
        if "grader" in path.name
    }


def processes(mark: str) -> list[str]:
    """List the processes whose environment, or whose parents', carries a mark."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                if mark.encode() in (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes():
                    state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                    found += [folder.name] if state not in "ZX" else []
            except OSError:
                continue
    return found


class Command:
    """One `grader grade` of a toy submission, in a temporary folder of its own."""

    mine: tuple[str, ...] = ("r.json",)
    """What it may write."""

    def __init__(self, folder: Path, submission: Path, course: Path, *, prelude: str = "") -> None:
        self.folder, self.tmp, self.out = folder, folder / "tmp", folder / "out"
        self._began = folder / "began"
        for place in (self.tmp, self.out):
            place.mkdir(parents=True, exist_ok=True)
        self.mark = f"fault-{secrets.token_hex(8)}"
        self._words = ["grade", str(submission), "--course", str(course), "--json", str(self.out / "r.json")]
        self._prelude = prelude

    def start(self, *, limits: Mapping[int, int] = {}, **more: Any) -> subprocess.Popen[bytes]:
        """Start it; `limits` are set in the child, which hears a hangup also where these tests do not."""
        code = (
            "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
            f"{self._prelude}\nimport sys\nfrom grader.__main__ import main\n"
            f"open({str(self._began)!r}, 'w').close()\nsys.exit(main(sys.argv[1:]))"
        )
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.tmp),
            "TMPDIR": str(self.tmp),
            "PYTHONPATH": str(COURSE),
            "LANG": "C.UTF-8",
            "GRADER_SECRET": "s" * 32,
            "PYTHONDONTWRITEBYTECODE": "1",
            "MARK": self.mark,
            "TERM": "xterm",
        }

        def limit() -> None:
            for kind, value in limits.items():
                resource.setrlimit(kind, (value, value))

        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            [sys.executable, "-c", code, *self._words],
            env=environment,
            cwd=self.folder,
            preexec_fn=limit if limits else None,  # noqa: PLW1509 - there is one thread
            **{**streams, **more},
        )

    def wait_until_begun(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until the command itself runs: a Ctrl-C that meets Python's start is answered by Python."""
        until = time.monotonic() + SECONDS
        while not self._began.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.001)

    def start_and_signal(self, number: int, after: float) -> subprocess.Popen[bytes]:
        """Start it, and send it a signal so long after; Ctrl-C so long after it has begun."""
        self._began.unlink(missing_ok=True)
        process = self.start()
        if number == signal.SIGINT:
            self.wait_until_begun(process)
        time.sleep(after)
        process.send_signal(number)
        return process

    def end(self, process: subprocess.Popen[bytes], shared_before: set[str]) -> Ended:
        """Wait for it, and ask the witnesses."""
        out, err = process.communicate(timeout=SECONDS)
        return self.ended(process.returncode, out or b"", err or b"", shared_before)

    def ended(self, code: int, out: bytes, err: bytes, shared_before: set[str]) -> Ended:
        """List what is left, once what is still going down has had time to."""
        until = time.monotonic() + _GRACE
        while (left := self._left(shared_before)) and time.monotonic() < until:
            time.sleep(0.05)
        file = self.out / "r.json"
        result = json.loads(file.read_text("utf-8")) if file.is_file() else None
        said, complained = (stream.decode("utf-8", "replace") for stream in (out, err))
        return Ended(code, said, complained, result, tuple(left))

    def _left(self, shared_before: set[str]) -> list[str]:
        return [
            *(f"a file: {path}" for path in below(self.tmp)),
            *(f"a file: {path}" for path in self.out.iterdir() if path.name not in self.mine),
            *(f"a process: {pid}" for pid in processes(str(self.tmp))),
            *(f"a process: {pid}" for pid in processes(self.mark)),
            *(f"shared: {name}" for name in shared() - shared_before),
        ]

    def run(self, **options: Any) -> Ended:
        """Start it and wait."""
        before = shared()
        return self.end(self.start(**options), before)

    def run_on_terminal(self, number: int, after: float) -> tuple[Ended, bytes, bool]:
        """Run it on a terminal and send a signal; give the end, what it showed, and if settings stayed."""
        ours, theirs = pty.openpty()
        settings, before = termios.tcgetattr(theirs), shared()
        process = self.start(stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        self.wait_until_begun(process)
        shown, until = bytearray(), time.monotonic() + after
        os.set_blocking(ours, False)
        while process.poll() is None and time.monotonic() < until + SECONDS:
            try:
                shown += os.read(ours, 65536)
            except BlockingIOError:
                time.sleep(0.01)
            if number and time.monotonic() >= until:
                process.send_signal(number)
                number = 0
        with contextlib.suppress(BlockingIOError):  # one reading gives no more than one buffer
            while True:
                shown += os.read(ours, 65536)
        kept = termios.tcgetattr(theirs) == settings
        os.close(ours)
        os.close(theirs)
        return self.ended(process.wait(), bytes(shown), b"", before), bytes(shown), kept


class ClassCommand(Command):
    """One `grader grade` of a class, by two processes."""

    mine = ("g.db", "g.db.secret", "g.db-journal", "g.db-wal", "g.db-shm")
    """The last three are SQLite's: what a killed run has written, and the next one takes in."""

    def __init__(self, folder: Path, place: Path, course: Path, *, prelude: str = "") -> None:
        super().__init__(folder, place, course, prelude=prelude)
        self._words[4:] = ["--gradebook", str(self.out / "g.db"), "--jobs", "2"]


def same_points(ended: Ended, whole: Mapping[str, Any]) -> bool:
    """Tell whether a result has the very scores, criterion by criterion, of an undisturbed one."""
    return ended.result is not None and scores(ended.result) == scores(whole)


def scores(result: Mapping[str, Any]) -> dict[str, int]:
    """Map each criterion to its score."""
    return {
        f"{e['id']}/{c['id']}": c["score"]
        for lesson in result["lessons"]
        for e in lesson["exercises"]
        for c in e["criteria"]
    }


def is_clear(ended: Ended, codes: Sequence[int] = (2, 3)) -> bool:
    """Tell whether it failed with a sentence and the next step, without a traceback, and wrote no result."""
    return (
        ended.code in codes
        and ended.result is None
        and "Traceback" not in ended.stderr
        and "Error:" in ended.stderr
        and "Next:" in ended.stderr
    )
