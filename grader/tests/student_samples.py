"""A student's repository of the toy course, and checks that it remembers."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import grader
from grader.course import Course, load_course

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
QUESTIONS = """\
[[question]]
id = "order"
kind = "choose"
points = 12
text = "Does the order of two numbers change their sum?"
options = ["yes", "no"]

[[question]]
id = "why"
kind = "explain"
points = 8
text = "Why?"
levels = ["nothing", "half of it", "all of it"]
"""
PUBLIC = {"1.1": 40, "1.2": 30, "2.1": 70}
"""Points of the toy course's exercises that public tests check."""


def with_questions(root: Path) -> Course:
    """Give a student's copy of the toy course two questions, and load it."""
    folder = root / "assignments" / "checkpoints"
    folder.mkdir()
    (folder / "1.toml").write_text(QUESTIONS, encoding="utf-8")
    return load_course(root)


def run_line(
    statuses: Mapping[str, str], *, time: str = "2026-11-23T11:58:00Z", digest: str = "a",
    questions: Mapping[str, str] | None = None, course: str = "toy-course",
) -> str:
    """Write a line of history by hand: passed exercises have all of their public points."""
    exercises = {name: [status, PUBLIC.get(name, 10) if status == "passed" else 0, PUBLIC.get(name, 10)]
                 for name, status in statuses.items()}
    return json.dumps({"time": time, "course": course, "digest": digest, "score": 0, "max_score": 0,
                       "exercises": exercises, "questions": {"1": questions} if questions else {}}) + "\n"


def write_history(root: Path, *lines: str) -> None:
    """Write a history."""
    (root / ".grader").mkdir(exist_ok=True)
    (root / ".grader" / "history.jsonl").write_text("".join(lines), encoding="utf-8")


class Ended(NamedTuple):
    """What a program left behind."""

    code: int
    out: str
    err: str


def grader_program(root: Path, *words: str | Path, program: str = "", **settings: str) -> Ended:
    """Run the grader in a process of its own, in a student's folder; or a Python program."""
    start = ["-c", program] if program else ["-m", "grader", *map(str, words)]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GRADER", "NO_COLOR"))}
    environment = {**kept, "PYTHONPATH": str(Path(grader.__file__).parents[1]), "PYTHONUTF8": "0",
                   "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "80", **settings}
    done = subprocess.run([sys.executable, *start], cwd=root, env=environment, capture_output=True,
                          stdin=subprocess.DEVNULL, check=False, timeout=600)
    encoding = environment["PYTHONIOENCODING"]
    return Ended(done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding))


class Terminal:
    """A terminal of 80 columns and 24 lines with the grader on it (not on Windows)."""

    def __init__(self, root: Path, *words: str, **settings: str) -> None:
        import pty

        self._ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24", **settings}
        self.process = subprocess.Popen([sys.executable, "-m", "grader", *words], cwd=root, env=environment,
                                        stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self.shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def until(self, text: str) -> Self:
        """Wait until a text is shown behind what was waited for before."""
        start, end = len(self.shown), time.monotonic() + 300
        while text not in self.shown[start:]:
            assert time.monotonic() < end, self.shown
            assert self._read(), self.shown
        return self

    def type(self, text: str) -> Self:
        """Type a text."""
        os.write(self._ours, text.encode())
        return self

    def interrupt(self) -> Self:
        """Press Ctrl-C, then Enter: it wakes a program that began to wait for a line as Ctrl-C came."""
        self.process.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # it may be gone already
            self.type("\n")
        return self

    def end(self) -> int:
        """Read to the end, and give the exit code."""
        while self._read():
            pass
        return self.process.wait(timeout=300)

    def _read(self) -> bool:
        if not select.select([self._ours], [], [], 300)[0]:
            return False
        try:
            piece = os.read(self._ours, 1 << 16)
        except OSError:  # Linux says so at the end
            return False
        self.shown += piece.decode("utf-8", "replace")
        return bool(piece)
