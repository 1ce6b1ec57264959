"""Faults at every step: a correct result or a clear failure, never a wrong score, nothing left behind."""

from __future__ import annotations

import errno
import os
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from grader.classroom import Gradebook
from grader.course import Course
from grader.errors import GraderError, IsolationError
from grader.grading import Grader, machine
from grader.sandbox import Box, Killed, Value, client, launch, open_box
from grader.sandbox.channel import KernelChannel
from grader.tests.conftest import SubmissionMaker
from grader.tests.faults.witness import ClassCommand, Command, Ended, is_clear, same_points, scores, shared
from grader.tests.gradebooks import small_class
from grader.tests.workers import begin

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel box is for Linux")


@pytest.fixture(scope="module")
def place(toy: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a right submission of the toy course that takes a moment."""
    folder = tmp_path_factory.mktemp("faults") / "student"
    shutil.copytree(toy.reference, folder)
    return folder


@pytest.fixture
def command(place: Path, toy: Course, tmp_path: Path) -> Command:
    """Give the command that grades it."""
    return Command(tmp_path / "run", place, toy.root)


@pytest.fixture(scope="module")
def whole(place: Path, toy: Course, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Grade it undisturbed; that run leaves nothing either."""
    ended = Command(tmp_path_factory.mktemp("whole") / "run", place, toy.root).run()
    assert ended.code == 0, ended.stderr
    assert ended.left == ()
    assert ended.result is not None
    assert ended.result["score"] == ended.result["max_score"]
    return ended.result


def check(ended: Ended, whole: dict[str, Any]) -> None:
    """Demand the right result, or a clear failure; and nothing left."""
    assert ended.left == ()
    assert (ended.code == 0 and same_points(ended, whole)) or is_clear(ended), (ended.code, ended.stderr)


# ---- the worker and the zygote


STEPS = ("load", "inspect", "begin", "call")


def _shooting(monkeypatch: pytest.MonkeyPatch, step: str, nth: int, when: str) -> list[int]:
    """Have the nth conversation of a kind interrupted by a SIGKILL from outside."""
    shots: list[int] = []
    asked = {"n": 0}
    real = client.Worker._exchange

    def exchange(self: client.Worker, fields: dict[str, Any], *rest: Any) -> Any:
        channel = self._channel
        assert isinstance(channel, KernelChannel)
        hit = False
        if fields.get("op") == step:
            asked["n"] += 1
            hit = asked["n"] == nth
        if hit and when == "before":
            os.kill(channel.pid, signal.SIGKILL)
            shots.append(channel.pid)
        answer = real(self, fields, *rest)
        if hit and when == "after":
            os.kill(channel.pid, signal.SIGKILL)
            shots.append(channel.pid)
        return answer

    monkeypatch.setattr(client.Worker, "_exchange", exchange)
    return shots


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("place", [(step, nth) for step in STEPS for nth in (1, 2)], ids=str)
def test_a_worker_that_is_shot_costs_nothing(
    place: tuple[str, int],
    when: str,
    toy_grader: Grader,
    toy_submission: SubmissionMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whichever step a SIGKILL from outside meets, the call is made again and every point is there."""
    submission = toy_submission()
    shots = _shooting(monkeypatch, *place, when)
    result = toy_grader.grade(submission)
    assert shots
    assert result.score == result.max_score


def test_a_worker_that_is_shot_again_is_no_endless_story(
    toy_grader: Grader, toy_submission: SubmissionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is killed each time (by a kernel without memory) ends as a crash of that exercise."""

    def shot(self: client.Worker, *_: Any, **__: Any) -> Killed:
        return Killed("crash", signal.SIGKILL, "the process was ended by SIGKILL")

    submission = toy_submission()
    monkeypatch.setattr(client.Worker, "call", shot)
    result = toy_grader.grade(submission)
    assert result.score == 0
    assert {e.status for lesson in result.lessons for e in lesson.exercises} == {"error"}


def test_a_shot_reference_answers_all_the_same(
    toy: Course, box: Box, toy_submission: SubmissionMaker
) -> None:
    """A door's answer does not depend on a reference worker that somebody kills."""
    with Grader(toy, box) as grader:
        submission = toy_submission(
            add="def add(a, b):\n    return None\n\n\ndef total(values):\n"
            "    whole = 0.0 * values.sum(axis=-1)\n"
            "    for i in range(values.shape[-1]):\n"
            "        whole = add(whole, values[..., i])\n    return whole\n"
        )
        before = grader.grade(submission, secret=b"s" * 32)
        assert grader._doors
        for worker in grader._doors._workers.values():
            assert isinstance(worker._channel, KernelChannel)
            os.kill(worker._channel.pid, signal.SIGKILL)
        after = grader.grade(submission, secret=b"s" * 32)
    assert [e.score for lesson in after.lessons for e in lesson.exercises] == [
        e.score for lesson in before.lessons for e in lesson.exercises
    ]


@pytest.mark.parametrize("nth", [1, 2, 5, 12])
def test_a_zygote_that_is_killed_is_a_clear_failure(
    nth: int, toy: Course, toy_submission: SubmissionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its zygote the grader stops, and says so; it does not give a score."""
    submission = toy_submission()
    asked = {"n": 0}
    real = client.Worker._exchange
    with open_box() as box, Grader(toy, box) as grader:

        def exchange(self: client.Worker, *rest: Any) -> Any:
            asked["n"] += 1
            if asked["n"] == nth:
                assert box._host
                box._host._process.kill()
                box._host._process.wait()
            return real(self, *rest)

        monkeypatch.setattr(client.Worker, "_exchange", exchange)
        with pytest.raises(IsolationError, match="zygote does not answer"):
            grader.grade(submission)
        folder = box.folder
    assert folder is not None
    assert not folder.exists()


@pytest.mark.parametrize("end", ["request", "reply"])
def test_a_pipe_that_is_closed_is_a_dead_worker(box: Box, end: str) -> None:
    """If an end of its pipes closes, a worker is gone, and the next one works."""
    with box.worker() as worker:
        begin(worker, "def f():\n    return 1\n")
        channel = worker._channel
        assert isinstance(channel, KernelChannel)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, channel._request if end == "request" else channel._reply)
        os.close(nothing)
        channel._receiving.unregister(channel._reply)
        channel._receiving.register(channel._pidfd)
        worker._wall_seconds = 2.0
        assert isinstance(worker.call("f", (), {}), Killed)
    with box.worker() as worker:
        begin(worker, "def f():\n    return 1\n")
        assert worker.call("f", (), {}) == Value(1, "")


def test_an_interrupted_question_to_the_zygote_is_not_taken_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After Ctrl-C in the middle of a question, closing asks nothing more, and does not hang."""
    with open_box() as box, box.worker() as worker:
        host = box._host
        assert host

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("grader.sandbox.host._unpack", interrupted)
        with pytest.raises(KeyboardInterrupt):
            box.worker()
        monkeypatch.undo()
        assert worker.close().signal == signal.SIGKILL


# ---- the machine


@pytest.mark.parametrize("files", [3, 5, 8, 9, 10, 12, 14, 16, 20, 26, 40])
def test_too_few_descriptors(files: int, command: Command, whole: dict[str, Any]) -> None:
    """With any limit on open files: the whole result, or a sentence."""
    ended = command.run(limits={resource.RLIMIT_NOFILE: files})
    if files < 8 and not ended.stderr.startswith("Error:"):
        # Python itself cannot start: what it says is its own.
        assert ended.result is None
        assert ended.code != 0
        assert ended.left == ()
        return
    check(ended, whole)


@pytest.mark.parametrize("megabytes", [120, 200, 280, 360, 440, 600, 900])
def test_too_little_memory(megabytes: int, command: Command, whole: dict[str, Any]) -> None:
    """With any limit on memory: the whole result, or a failure; never some of the points."""
    ended = command.run(limits={resource.RLIMIT_AS: megabytes << 20})
    assert ended.left == ()
    if ended.result is not None:
        assert same_points(ended, whole)
    else:
        assert ended.code not in (0, 1)


@pytest.mark.parametrize("where", ["grader.result.store._write_new", "tempfile.mkdtemp"])
def test_a_full_disk(where: str, place: Path, toy: Course, tmp_path: Path, whole: dict[str, Any]) -> None:
    """Without room for a file there is a sentence, no half result, and nothing else."""
    module, _, name = where.rpartition(".")
    prelude = (
        f"import importlib, errno\nm = importlib.import_module({module!r})\n"
        f"def full(*a, **k):\n    raise OSError(errno.ENOSPC, 'No space left on device')\nm.{name} = full"
    )
    ended = Command(tmp_path / "run", place, toy.root, prelude=prelude).run()
    check(ended, whole)
    assert "No space left on device" in ended.stderr


def test_a_file_limit_leaves_no_half_result(command: Command, whole: dict[str, Any]) -> None:
    """A result that may not be as long as it is: a sentence, and not a piece of it."""
    ended = command.run(limits={resource.RLIMIT_FSIZE: 512})
    check(ended, whole)
    assert ended.result is None


def test_an_error_of_the_machine_in_a_test_is_nobody_s_mistake(
    toy_grader: Grader, toy_submission: SubmissionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test that cannot open a file, or a grader without memory, ends the run with a sentence."""
    submission = toy_submission()
    for error in (OSError(errno.EMFILE, "Too many open files"), MemoryError()):

        def fails(*_: object, error: Exception = error) -> bool:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr("grader.testing.compare.close", fails)
            patch.setattr(machine, "_has_room", lambda: False)
            with pytest.raises(GraderError, match="this machine failed while a test ran") as caught:
                toy_grader.grade(submission)
        assert caught.value.fix == machine.FIX


def test_tests_may_not_ask_for_all_memory() -> None:
    """What a test computes with an answer stays below a limit, which is gone afterwards."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    with machine.memory_limit():
        with pytest.raises(MemoryError):
            bytearray(machine.TEST_MEMORY + (1 << 30))
        assert machine._has_room()
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_the_clock_on_the_wall_does_not_matter(
    toy_grader: Grader, toy_submission: SubmissionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jumps of the wall clock by years change no deadline and no point."""
    real, jumps = time.time, random.Random(0)
    monkeypatch.setattr(time, "time", lambda: real() + jumps.uniform(-1e8, 1e8))
    result = toy_grader.grade(toy_submission())
    assert result.score == result.max_score


def test_signals_with_a_handler_interrupt_nothing(
    toy_grader: Grader, toy_submission: SubmissionMaker
) -> None:
    """A signal every millisecond, which breaks off every system call, changes no point."""
    rings: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: rings.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        result = toy_grader.grade(toy_submission())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(rings) > 10
    assert result.score == result.max_score


# ---- being ended


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_ended_at_a_random_moment(
    number: signal.Signals, place: Path, toy: Course, tmp_path: Path, whole: dict[str, Any]
) -> None:
    """Whenever a signal ends it: the right result or none, the code of the signal, and nothing left."""
    rng = random.Random(number)
    for attempt in range(5):
        command = Command(tmp_path / str(attempt), place, toy.root)
        before = shared()
        process = command.start_and_signal(number, rng.uniform(0.0, 1.6))
        ended = command.end(process, before)
        assert ended.left == (), attempt
        assert ended.code in (0, 128 + number, -number), (ended.code, ended.stderr)
        assert ended.result is None or same_points(ended, whole)


BETWEEN_TWO_TESTS = """
import os
from grader.grading.session import Session
begin = Session.pytest_runtest_logstart
def ended(self, nodeid):
    os.kill(os.getpid(), {number})
    begin(self, nodeid)
Session.pytest_runtest_logstart = ended
"""
AS_IT_IS_OVER = """
import os, grader.__main__ as edge
run = edge._run
def ended(words):
    run(words)
    os.kill(os.getpid(), {number})
edge._run = ended
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", [BETWEEN_TWO_TESTS, AS_IT_IS_OVER], ids=["between tests", "at the end"])
def test_ended_at_a_rare_moment(
    moment: str, number: signal.Signals, place: Path, toy: Course, tmp_path: Path
) -> None:
    """Where pytest itself takes an interrupt, and where a command is over, the code is the signal's."""
    ended = Command(tmp_path / "run", place, toy.root, prelude=moment.format(number=int(number))).run()
    assert (ended.code, ended.left) == (128 + number, ())
    assert "Traceback" not in ended.stderr
    assert ended.result is None or ended.result["score"] == ended.result["max_score"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_class_run_ended_at_a_random_moment(
    number: signal.Signals, toy: Course, toy_reference: Mapping[str, str], tmp_path: Path
) -> None:
    """Its processes, their boxes and their folders are gone; what was graded is kept, and it goes on."""
    small = small_class(tmp_path / "class", toy.package, toy_reference, 4)
    rng = random.Random(number)
    command = ClassCommand(tmp_path / "run", small, toy.root)
    for attempt in range(3):
        before = shared()
        process = command.start_and_signal(number, rng.uniform(0.0, 3.0))
        ended = command.end(process, before)
        assert ended.left == (), attempt
        assert ended.code in (0, 128 + number, -number), (ended.code, ended.stderr)
    assert command.run().code == 0
    with Gradebook.open(command.out / "g.db") as book:
        assert sorted(book.rows("SELECT state, count(*) FROM grading GROUP BY state")) == [
            ("graded", 4), ("rejected", 1)]


def test_a_class_run_killed_as_its_processes_have_ended(
    toy: Course, toy_reference: Mapping[str, str], tmp_path: Path
) -> None:
    """The last of them took the folder away: nobody is there to do it later."""
    prelude = (
        "import os\nfrom grader.classroom.executors import LocalPool\nclose = LocalPool.close\n"
        "def killed(pool):\n    close(pool)\n    os.kill(os.getpid(), 9)\nLocalPool.close = killed\n"
    )
    small = small_class(tmp_path / "class", toy.package, toy_reference, 2)
    ended = ClassCommand(tmp_path / "run", small, toy.root, prelude=prelude).run()
    assert (ended.code, ended.left) == (-signal.SIGKILL, ())


@pytest.mark.parametrize("when", ["before", "just after", "a little after", "in the middle of"])
def test_a_class_run_killed_as_its_processes_start(
    when: str, toy: Course, toy_reference: Mapping[str, str], tmp_path: Path
) -> None:
    """Nobody is left behind, and no folder, where those who would clean up have hardly begun."""
    wait = {"a little after": 0.15, "in the middle of": 0.4}.get(when, 0.0)
    prelude = (
        "import os, time\nfrom grader.classroom.executors import LocalPool\nstart = LocalPool.start\n"
        f"def killed(pool):\n    if {when != 'before'}:\n        start(pool)\n"
        f"    time.sleep({wait})\n    os.kill(os.getpid(), 9)\nLocalPool.start = killed\n"
    )
    small = small_class(tmp_path / "class", toy.package, toy_reference, 2)
    ended = ClassCommand(tmp_path / "run", small, toy.root, prelude=prelude).run()
    assert (ended.code, ended.left) == (-signal.SIGKILL, ())


@pytest.mark.parametrize("number", [0, signal.SIGINT, signal.SIGTERM])
def test_a_terminal_stays_as_it_was(number: int, command: Command, whole: dict[str, Any]) -> None:
    """After any end the terminal has its settings and its cursor."""
    ended, shown, kept = command.run_on_terminal(number, after=0.9)
    assert kept
    assert shown.count(b"\x1b[?25l") == shown.count(b"\x1b[?25h")
    assert b"\x1b[?1049h" not in shown
    assert ended.left == ()
    assert scores(ended.result) == scores(whole) if ended.result else number


def test_the_folder_of_a_box_is_empty_and_may_not_be_listed() -> None:
    """A grader's folder holds nothing of a student's, and is empty once its zygote is warm."""
    with open_box() as box:
        assert box.level in ("kernel", "kernel+")
        assert box.folder is not None
        assert box.folder.name.startswith(launch.PREFIX)
        assert list(box.folder.iterdir()) == []
        assert box.folder.stat().st_mode & 0o777 == 0o711


def test_a_killed_grader_leaves_no_folder_however_early(tmp_path: Path) -> None:
    """A zygote that finds its grader gone takes the folder away and ends."""
    code = "import os\nh = Host()\nprint(h._process.pid, flush=True)\ninput()\nos.kill(os.getpid(), 9)"
    with _using_a_host(code, tmp_path) as grader:
        assert grader.stdout
        zygote = os.pidfd_open(int(grader.stdout.readline()))
        grader.communicate(b"\n")
    ended, _, _ = select.select([zygote], [], [], 60)
    os.close(zygote)
    assert ended
    assert list(tmp_path.iterdir()) == []


def test_a_grader_killed_before_its_zygote_has_made_no_folder(tmp_path: Path) -> None:
    """Until there is somebody who takes it away, it is not there."""
    code = ("import os\nfrom grader.sandbox import launch\n"
            "launch.start = lambda *words, **more: os.kill(os.getpid(), 9)\nHost()")
    with _using_a_host(code, tmp_path) as grader:
        assert grader.wait() == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def _using_a_host(code: str, folder: Path) -> subprocess.Popen[bytes]:
    """Run this code in a process of its own, with the folder for its temporary files."""
    start = "import sys\nsys.path.insert(0, sys.argv[1])\nfrom grader.sandbox.host import Host\n"
    environment = {"TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen([sys.executable, "-c", start + code, str(Path(__file__).parents[2])],
                            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
