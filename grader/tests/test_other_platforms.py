"""The ways for macOS and Windows, forced by switches on Linux. They were never run on those systems."""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from grader.course import Course
from grader.errors import IsolationError
from grader.grading import Grader, machine
from grader.sandbox import Killed, Raised, Value, client, open_box, process
from grader.sandbox.answers import Exit
from grader.submission import folder, read_submission
from grader.tests.conftest import SubmissionMaker
from grader.tests.workers import begin, value

HOME = Path(__file__).resolve().parents[2]
_NO_SUCH_NAMES = """
import os, signal, sys
for name in ("SIGKILL", "SIGXCPU", "SIGHUP", "pidfd_send_signal"):
    vars(signal).pop(name, None)
for name in ("readv", "fork", "pidfd_open", "getuid", "geteuid", "sched_setaffinity"):
    vars(os).pop(name, None)
sys.modules["resource"] = sys.modules["fcntl"] = None
import grader.__main__, grader.cli.check, grader.grading, grader.sandbox.client, grader.sandbox.process
import grader.render.terminal, grader.submission, grader.sandbox.worker
with grader.__main__._unwinding([]):
    pass
from grader.sandbox.client import Worker
class Channel:
    def end(self, patience=0.0):
        from grader.sandbox.answers import Exit
        return Exit(9, None, 0.0, 0)
print(Worker(Channel())._died())
"""


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_without_linux_there_is_level_process_or_nothing(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`grade` refuses, and says where to go; `check` takes what there is, and says so."""
    monkeypatch.setattr("grader.sandbox.box.sys.platform", system)
    with open_box() as box, pytest.raises(IsolationError, match="the kernel box is for Linux") as caught:
        box.worker()
    assert caught.value.fix
    assert "WSL2" in caught.value.fix
    with open_box(minimum="process") as box:
        assert box.level == "process"
        assert box.proved == ()
        assert box.folder is None


def test_all_is_graded_at_level_process(
    toy: Course, toy_submission: SubmissionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a kernel box, without a process clock, a right submission has all its points."""
    monkeypatch.setattr(process, "_HAS_CLOCK", False)
    with open_box(minimum="process", without=["kernel"]) as box, Grader(toy, box) as grader:
        result = grader.grade(toy_submission())
    assert result.score == result.max_score
    assert result.isolation.level == "process"
    assert result.trust == "advisory"


def test_a_loop_ends_without_a_process_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no clock tells a child's CPU time, the clock on the wall ends it, and the limit it set itself."""
    monkeypatch.setattr(process, "_HAS_CLOCK", False)
    with open_box(minimum="process", without=["kernel"]) as box, box.worker() as worker:
        begin(worker, "def f():\n    while True:\n        pass\n", cpu=30.0, wall=1.0)
        reply = worker.call("f", (), {})
        assert isinstance(reply, Killed)
        assert reply.reason == "wall"


def test_a_child_is_killed_alone_where_there_are_no_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows the child itself is killed."""
    with open_box(minimum="process", without=["kernel"]) as box, box.worker() as worker:
        begin(worker, "def f():\n    return 1\n")
        channel = worker._channel
        assert isinstance(channel, process.ProcessChannel)
        monkeypatch.setattr("grader.sandbox.process.sys.platform", "win32")
        ended = worker.close()
        assert ended.signal == signal.SIGKILL
        assert channel._process.poll() is not None


def test_names_that_windows_does_not_have_are_not_needed() -> None:
    """Everything that `check` imports works without resource, fcntl, readv, SIGKILL and SIGXCPU."""
    ran = subprocess.run(
        [sys.executable, "-c", _NO_SUCH_NAMES], capture_output=True, text=True, check=False, cwd=HOME
    )
    assert ran.returncode == 0, ran.stderr
    assert "the process ended by itself, with exit code 9" in ran.stdout


def test_a_worker_reads_without_readv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where there is no `readv`, plain reads fill the same memory."""
    worker = importlib.import_module("grader.sandbox.worker")
    file = tmp_path / "x"
    file.write_bytes(b"abcdef")
    monkeypatch.delattr("os.readv")
    view = memoryview(bytearray(4))
    with file.open("rb", buffering=0) as opened:
        assert worker._read_into(opened.fileno(), view) == 4
        assert worker._read_into(opened.fileno(), view[:2]) == 2
    assert bytes(view) == b"efcd"


def test_a_limit_that_cannot_be_set_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker without `resource` sets no limit of its own; the trusted side has none for memory."""
    worker = importlib.import_module("grader.sandbox.worker")
    monkeypatch.setitem(sys.modules, "resource", None)
    worker._limit_own_cpu(1.0)
    monkeypatch.setattr("grader.grading.machine.sys.platform", "darwin")
    with machine.memory_limit():
        assert machine._has_room()


def test_a_tree_is_read_by_path_where_there_are_no_handles(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Windows opens no names relative to a folder; links are refused all the same."""
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "a.py").write_text("x = 1\n")
    (tmp_path / "pkg" / "b.py").symlink_to("/etc/passwd")
    monkeypatch.setattr(folder, "BY_HANDLE", False)
    found = read_submission(tmp_path, "pkg")
    assert found.modules == {"a": "x = 1\n"}
    assert "symbolic link" in found.rejected["b"]


def test_an_exit_code_of_windows_is_a_crash() -> None:
    """A child that Windows ended has a large exit code and no signal: no answer, so no point."""

    class Channel:
        limits_itself = True

        def end(self, patience: float = 0.0) -> Exit:
            return Exit(0xC0000005, None, 0.0, 0)

    verdict = client.Worker(Channel())._died()  # type: ignore[arg-type]
    assert verdict.reason == "crash"
    assert not verdict.by_a_stranger


def test_plain_functions_answer_at_level_process() -> None:
    """Values, errors and generators travel as they do from the box."""
    with open_box(minimum="process", without=["kernel"]) as box, box.worker() as worker:
        begin(worker, "def f(x):\n    return [x, {'a': (x,)}]\n\n\ndef g():\n    raise KeyError('no')\n")
        assert value(worker.call("f", (2,), {})) == [2, {"a": (2,)}]
        assert isinstance(worker.call("g", (), {}), Raised)
        assert isinstance(worker.call("f", (None,), {}), Value)
