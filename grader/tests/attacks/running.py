"""Run one program through the real command line in one cell, with witnesses all around it."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import secrets
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.tests.attacks.catalogue import ALL, COURSE, Bait, Program
from grader.tests.attacks.cells import Cell, hidden_folders
from grader.tests.attacks.warm import LAUNCHER, Warm

SECONDS = 90
"""How long one run may take at the very most; a busy machine included."""
LARGE = 1 << 21
_PUBLIC_PLACES = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue")
_PORTS = range(20_000, 32_000)
"""Below those that Linux gives to whoever asks for any port, and connects from."""
_KEYS = 0x5EED
_TOUCHED = 0x1 | 0x2 | 0x4 | 0x20 | 0x400 | 0x800
"""inotify: read, written, attributes changed, opened, deleted, moved."""


@dataclass
class Outcome:
    """What one run gave, and what the witnesses saw."""

    program: Program
    cell: Cell
    code: int | None
    seconds: float
    memory: int
    stdout: str
    stderr: str
    result: dict[str, Any] | None
    raw_result: str
    secrets: tuple[str, ...]
    lines: dict[str, int]
    """How many lines each module has that was submitted."""
    left: list[str] = field(default_factory=list)
    """Everything that was left behind, touched, or called."""

    @property
    def passed(self) -> frozenset[str]:
        """Name the criteria that gave points."""
        return frozenset(f"{e['id']}/{c['id']}" for e in self.exercises for c in e["criteria"] if c["score"])

    @property
    def exercises(self) -> list[dict[str, Any]]:
        """List the exercises of all lessons in the result."""
        return [e for lesson in (self.result or {}).get("lessons", []) for e in lesson["exercises"]]

    @property
    def score(self) -> int:
        """Give the points, 0 where there is no result."""
        return int(self.result["score"]) if self.result else 0


class _Watch:
    """Tell whether a file was opened, read or changed, by anybody, since the watch began."""

    def __init__(self, file: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0 or libc.inotify_add_watch(self._fd, os.fsencode(file), _TOUCHED) < 0:
            raise OSError(ctypes.get_errno(), "inotify is not to be had")

    def touched(self) -> bool:
        """Ask once, at the end."""
        try:
            return bool(os.read(self._fd, 4096))
        except BlockingIOError:
            return False
        finally:
            os.close(self._fd)


def _listen() -> tuple[socket.socket, socket.socket]:
    """Listen on one port of this machine, by TCP and UDP: on one that the system gives to nobody else."""
    while True:
        stream, datagrams = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
        place = ("127.0.0.1", _PORTS[secrets.randbelow(len(_PORTS))])
        try:
            stream.bind(place)
            datagrams.bind(place)
        except OSError as error:
            stream.close()
            datagrams.close()
            if error.errno != errno.EADDRINUSE:
                raise
            continue
        stream.listen()
        for one in (stream, datagrams):
            one.setblocking(False)
        return stream, datagrams


def _called(stream: socket.socket, datagrams: socket.socket) -> bool:
    for ask in (stream.accept, lambda: datagrams.recv(1)):
        with contextlib.suppress(BlockingIOError):
            ask()
            return True
    return False


def _shared() -> set[str]:
    """List the System V objects that carry the attacks' keys; other shared memory shows by its name."""
    return {f"{kind}: {line}" for kind in ("shm", "sem", "msg")
            for line in _sysv(kind) if int(line.split()[0]) >> 8 == _KEYS}


def _sysv(kind: str) -> list[str]:
    try:
        return Path(f"/proc/sysvipc/{kind}").read_text(encoding="ascii").splitlines()[1:]
    except FileNotFoundError:
        return []


@contextlib.contextmanager
def _work_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="attack-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        _unlock(folder)
        shutil.rmtree(folder)


def below(folder: Path) -> list[Path]:
    """List what lies below a folder, also while it is being taken away."""
    return [Path(place, name) for place, folders, files in os.walk(folder) for name in (*folders, *files)]


def _unlock(folder: Path) -> None:
    """Open the folders that a program has closed, so that they can be taken away."""
    for root, names, _ in os.walk(folder):
        for name in names:
            place = os.path.join(root, name)  # noqa: PTH118 - a hostile name is no place for cleverness
            if stat.S_ISDIR(os.lstat(place).st_mode):
                os.chmod(place, 0o700)  # noqa: PTH101


def _hand_over(folder: Path, uid: int | None) -> None:
    """Give a tree to the user that the grader will run as."""
    if uid is None:
        return
    os.chown(folder, uid, uid)
    for root, names, files in os.walk(folder):
        for name in (*names, *files):
            os.chown(os.path.join(root, name), uid, uid, follow_symlinks=False)  # noqa: PTH118


def run(program: Program, cell: Cell, warm: Warm | None = None) -> Outcome:
    """Grade one program, by the command that a teacher types: in a new process, or in one forked warm."""
    with _work_folder() as work:
        return _Run(program, cell, work, warm).outcome()


class _Run:
    """One run: its folders, its baits, its witnesses."""

    def __init__(self, program: Program, cell: Cell, work: Path, warm: Warm | None) -> None:
        self._program, self._cell, self._work, self._warm = program, cell, work, warm
        self._canary_text = f"canary-{secrets.token_hex(16)}"
        self._secret = f"secret-{secrets.token_hex(16)}"
        self._tmp, self._canary = work / "tmp", work / "bait" / "canary.txt"
        for folder in (self._tmp, self._canary.parent, work / "out"):
            folder.mkdir()
        self._canary.write_text(self._canary_text, encoding="ascii")
        for folder in (self._tmp, self._canary.parent, work / "out"):
            _hand_over(folder, cell.uid)

    def outcome(self) -> Outcome:
        """Set out the baits, run, and ask the witnesses."""
        listeners = _listen()
        try:
            return self._observed(listeners)
        finally:
            for one in listeners:
                one.close()

    def _observed(self, listeners: tuple[socket.socket, socket.socket]) -> Outcome:
        bait = Bait(self._canary, listeners[0].getsockname()[1], f"loot-{secrets.token_hex(8)}")
        submission, place = self._program.make_submission(self._work / "student", bait)
        _hand_over(self._work / "student", self._cell.uid)
        place = place or self._work / "out" / "result.json"
        shared, watch = _shared(), _Watch(self._canary)
        report = self._launch(submission, place)
        left = [f"a process: {line}" for line in report["left"]]
        left += ["the canary was touched"] if watch.touched() else []
        left += ["the canary was changed"] if not self._canary_is_whole() else []
        left += ["the listener was called"] if _called(*listeners) else []
        left += [f"shared: {line}" for line in _shared() - shared]
        left += [f"a file: {path}" for path in self._new_files(bait.marker)]
        return self._read(report, place, left, submission)

    def _canary_is_whole(self) -> bool:
        return self._canary.is_file() and self._canary.read_text(encoding="ascii") == self._canary_text

    def _new_files(self, marker: str) -> list[str]:
        places = [*(Path(p) for p in _PUBLIC_PLACES), COURSE, Path.cwd(), self._canary.parent]
        near = [path for place in places if place.is_dir() for path in place.iterdir() if marker in path.name]
        return [str(path) for path in (*near, *below(self._tmp))]

    def _launch(self, submission: Path, place: Path) -> dict[str, Any]:
        lessons = [word for lesson in self._program.lessons if lesson != ALL
                   for word in ("--lesson", lesson)]
        command = [str(self._cell.python.executable), "-m", "grader", "grade", str(submission), *lessons,
                   "--json", str(place)]
        order: dict[str, Any] = {
            "command": command if self._cell.landlock else [*command, "--without-layer", "landlock"],
            "environment": self._environment(), "folder": str(COURSE), "uid": self._cell.uid,
            "hidden": hidden_folders(self._cell.python) if self._cell.uid is not None else {},
            "seconds": SECONDS, "warm": self._warm is not None,
            "stdout": str(self._work / "out" / "stdout"), "stderr": str(self._work / "out" / "stderr"),
            "report": str(self._work / "report.json"),
        }
        if self._warm:
            self._warm.run(order)
        else:
            subprocess.run([sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(order)], check=True,
                           stdin=subprocess.DEVNULL, timeout=2 * SECONDS)
        report: dict[str, Any] = json.loads(Path(order["report"]).read_text(encoding="utf-8"))
        return report

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/bin:/bin", "HOME": str(self._tmp), "TMPDIR": str(self._tmp), "LANG": "C.UTF-8",
            "PYTHONPATH": str(COURSE), "PYTHONDONTWRITEBYTECODE": "1" if self._cell.uid else "",
            "GRADER_SECRET": self._secret, "GITHUB_ACTIONS": "true", "GITHUB_TOKEN": self._secret,
        }

    def _read(self, report: dict[str, Any], place: Path, left: list[str], submission: Path) -> Outcome:
        out = self._work / "out"
        lines = {file: _lines(submission / file) for file in self._program.files}
        raw = place.read_text(encoding="utf-8") if report["code"] in (0, 1) and place.is_file() else ""
        return Outcome(
            self._program, self._cell, report["code"], report["seconds"], report["memory"],
            _text(out / "stdout"), _text(out / "stderr"), json.loads(raw) if raw else None, raw,
            (self._canary_text, self._secret), lines, left,
        )


def _lines(file: Path) -> int:
    return _text(file).count("\n") + 1 if _is_small(file) else 1


def _is_small(file: Path) -> bool:
    if not file.is_file() or file.is_symlink():
        return False
    return file.stat().st_size < LARGE and os.access(file, os.R_OK)


def _text(file: Path) -> str:
    return file.read_bytes().decode("utf-8", "surrogateescape")
