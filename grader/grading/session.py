"""Run the course's tests in the trusted process: one `pytest.main` per submission.

pytest never sees the student's directory. It runs in an empty temporary folder, with an environment
without PYTEST_* and PYTHON* variables, no configuration file, no cache, no plugins but ours and
pytest-json-report, whose per-test record decides what passed.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pytest_jsonreport.plugin import JSONReport

from grader.course import Course, Criterion, Exercise, TestFunction
from grader.errors import GraderError
from grader.grading import machine, warm
from grader.grading.cases import PlainFile, PlainTest, collector_of
from grader.grading.evidence import ExerciseEvidence, Outcome, TestEvidence
from grader.grading.proxy import StudentProxy
from grader.grading.students import SandboxedPackage
from grader.testing import CheckFailed, StudentFailed
from grader.testing.compare import describe_type
from grader.testing.marks import criteria_of
from grader.testing.plugin import PROVIDER, RECORDING, seed_from
from grader.testing.record import Recording, Tolerance

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What to run: which exercises, which of their criteria, and with which seeds."""

    exercises: tuple[Exercise, ...]
    public_only: bool
    seeds: dict[str, bytes]

    def test_files(self, course: Course) -> list[Path]:
        """List the test files of the planned exercises, in the order of the course."""
        lessons = {e.lesson for e in self.exercises}
        files = [f for lesson in course.lessons if lesson.id in lessons for f in lesson.test_files]
        return [f for f in files if f.name == "test_public.py"] if self.public_only else files


@dataclass
class _Item:
    """One collected test with its place in the rubric."""

    item: pytest.Item
    exercise: Exercise
    criteria: tuple[Criterion, ...]
    function: TestFunction
    failure: CheckFailed | StudentFailed | None = None
    passed: bool = False
    """Whether its call phase has ended without an error. Points come from the report, not from here."""


@dataclass
class Session:
    """The pytest plugin of one submission's run; also the `Provider` behind the fixtures."""

    course: Course
    package: SandboxedPackage
    plan: Plan
    evidence: dict[str, ExerciseEvidence]
    progress: Progress | None = None
    folder: Path | None = None
    """Where temporary folders go."""
    fatal: BaseException | None = None
    _items: dict[str, _Item] = field(default_factory=dict)

    # the provider
    def student(self, item: pytest.Item) -> StudentProxy:
        """Enter the test's exercise and give a proxy for its module."""
        entry = self._items[item.nodeid]
        self.package.enter(entry.exercise, package=any(c.package for c in entry.criteria),
                           hidden=not entry.function.public, has_passed=self._has_passed)
        return StudentProxy(self.package, entry.exercise, item.stash[RECORDING])

    def _has_passed(self, exercise: str) -> bool:
        """Tell whether an earlier exercise of this run has passed all the tests of its rubric."""
        entries = [e for e in self._items.values() if e.exercise.id == exercise]
        tests = {t for c in self.course.exercises[exercise].criteria for t in c.tests}
        return {e.function for e in entries} == tests and all(e.passed for e in entries)

    def seed(self, item: pytest.Item) -> int:
        """Derive the test's seed from its exercise's."""
        return seed_from(self.plan.seeds[self._items[item.nodeid].exercise.id], item.name)

    # pytest's hooks
    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Put this session behind the fixtures; nobody reads what the terminal reporter would print."""
        config.stash[PROVIDER] = self
        config.pluginmanager.unregister(name="terminalreporter")

    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> pytest.Collector:
        """Collect a file of plain tests ourselves; leave any other to pytest."""
        return collector_of(module_path, parent, self)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool | None:
        """Collect files of plain tests without looking for what may lie around them; else pytest does it."""
        files = [collector_of(path, session, self) for path in self.plan.test_files(self.course)]
        plain = [file for file in files if isinstance(file, PlainFile)]
        if len(plain) < len(files):
            return None
        session.items = [item for file in plain for item in file.collect()]
        session.config.hook.pytest_collection_modifyitems(
            session=session, config=session.config, items=session.items)
        session.testscollected = len(session.items)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Run a plain test in one phase instead of pytest's three.

        Setting up and tearing down nothing costs pytest more than the calls that are tested.
        """
        if not isinstance(item, PlainTest):
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        call = pytest.CallInfo.from_call(item.runtest, when="call", reraise=pytest.exit.Exception)
        report = item.ihook.pytest_runtest_makereport(item=item, call=call)
        item.ihook.pytest_runtest_logreport(report=report)
        return True

    def pytest_collection_modifyitems(self, items: list[pytest.Item], config: pytest.Config) -> None:
        """Keep the planned tests, in dependency order: what a door answers has been graded before."""
        position = {e.id: i for i, e in enumerate(self.plan.exercises)}
        for item in items:
            entry = self._entry(item)
            if entry and entry.exercise.id in position and not self._skips(entry):
                self._items[item.nodeid] = entry
        kept = [item for item in items if item.nodeid in self._items]
        kept.sort(key=lambda item: self._order(self._items[item.nodeid], position))
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in self._items])
        items[:] = kept

    @staticmethod
    def _order(entry: _Item, position: dict[str, int]) -> tuple[int, bool, bool]:
        package = any(c.package for c in entry.criteria)
        return position[entry.exercise.id], package, not entry.function.public

    def _entry(self, item: pytest.Item) -> _Item | None:
        pairs = criteria_of(getattr(item, "obj", None))
        if not pairs:
            return None
        exercise = self.course.exercises[pairs[0][0]]
        wanted = {criterion for _, criterion in pairs}
        criteria = tuple(c for c in exercise.criteria if c.id in wanted)
        name = getattr(item, "originalname", item.name)
        function = next(t for c in criteria for t in c.tests if t.name == name and t.file == item.path)
        return _Item(item, exercise, criteria, function)

    def _skips(self, entry: _Item) -> bool:
        return self.evidence[entry.exercise.id].not_started

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Tell the progress display which exercise is running."""
        if self.progress:
            self.progress(self._items[nodeid].exercise.id)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        """Keep the failure as data; stop the run if it is the grader's own."""
        if call.excinfo is not None:
            error = call.excinfo.value
            if isinstance(error, (CheckFailed, StudentFailed)):
                self._items[item.nodeid].failure = error
            elif call.when != "call" or isinstance(error, GraderError) or not isinstance(error, Exception):
                self.fatal = error
                pytest.exit("the grader itself failed", returncode=3)
            elif machine.is_to_blame(error):
                self.fatal = GraderError(f"this machine failed while a test ran ({error or 'out of memory'})",
                                         fix=machine.FIX)
                pytest.exit("the grader itself failed", returncode=3)
            else:
                self._items[item.nodeid].failure = _other_form(item.stash[RECORDING])
        report = yield
        if call.excinfo is not None:
            # Its frames would keep every answer of a failed test alive: gigabytes, if a student likes.
            traceback.clear_frames(call.excinfo.tb)
            call.excinfo.value.__traceback__ = None
        if call.when == "call":
            self._items[item.nodeid].passed = call.excinfo is None
        return report

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Keep what ended a run between two tests; pytest's own kind is for files that it cannot collect."""
        error = excinfo.value
        if isinstance(error, KeyboardInterrupt) and not isinstance(error, pytest.Session.Interrupted):
            self.fatal = error

    def pytest_json_runtest_metadata(self, item: pytest.Item) -> dict[str, Any]:
        """Put the exercise and its criteria into the raw record."""
        entry = self._items[item.nodeid]
        return {"exercise": entry.exercise.id, "criteria": [c.id for c in entry.criteria]}

    def collect(self, report: dict[str, Any]) -> None:
        """Move what pytest-json-report recorded into the evidence. What it did not record did not pass."""
        outcomes = {test["nodeid"]: test.get("outcome") for test in report["tests"]}
        for nodeid, entry in self._items.items():
            recording = entry.item.stash.get(RECORDING, None)
            outcome = _outcome(outcomes.get(nodeid), entry.failure, recording)
            self.evidence[entry.exercise.id].tests.append(TestEvidence(
                entry.function, entry.item.name, outcome, entry.failure,
                tuple(recording.calls) if recording else (),
                (recording and recording.tolerance) or Tolerance(),
            ))


def _outcome(recorded: str | None, failure: object, recording: Recording | None) -> Outcome:
    """Pass only what was recorded as passed, had no failure, and did call the student."""
    if recorded is None or recording is None:
        return "unrun"
    return "passed" if recorded == "passed" and failure is None else "failed"


def _other_form(recording: Recording) -> CheckFailed:
    """Explain an error of the test's own code: the answer has a form that the test cannot use."""
    came = describe_type(recording.calls[-1].answer) if recording.calls else "nothing"
    return CheckFailed("type", "The answer has another form than the exercise asks for.", actual=came)


def run(session: Session) -> dict[str, Any]:
    """Run the planned tests; give pytest-json-report's record, which holds hidden test text."""
    files = [str(f) for f in session.plan.test_files(session.course)]
    with clean_surroundings(session.folder), machine.memory_limit(), warm.silence() as said:
        code, report = warm.pytest_of_this_process().run(files, session)
    if session.fatal is not None:
        raise session.fatal
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt  # it came between two tests, where pytest takes it
    if report.report is None or code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED,
                                             pytest.ExitCode.NO_TESTS_COLLECTED):
        raise GraderError(f"pytest stopped with code {int(code)}: {_errors(report, said.getvalue())}",
                          fix="run `grader verify` on this lesson; its tests do not load")
    session.collect(report.report)
    record: dict[str, Any] = report.report
    return record


def _errors(report: JSONReport, said: str) -> str:
    bad = [c for c in (report.report or {}).get("collectors", []) if c.get("outcome") != "passed"]
    return "; ".join(str(c.get("longrepr", ""))[-500:] for c in bad) or said[-500:] or "no message"


@contextlib.contextmanager
def clean_surroundings(place: Path | None = None) -> Iterator[None]:
    """Work in an empty folder with an environment that cannot steer pytest; put all back afterwards."""
    kept = {k: v for k, v in os.environ.items() if k.startswith(("PYTEST", "PY_COLORS", "PYTHON"))}
    folder_before, path_before = Path.cwd(), list(sys.path)
    bytecode_before = sys.pycache_prefix, sys.dont_write_bytecode
    modules_before = set(sys.modules)
    with tempfile.TemporaryDirectory(prefix="grader-", dir=place, ignore_cleanup_errors=True) as folder:
        try:
            for name in kept:
                del os.environ[name]
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
            sys.pycache_prefix, sys.dont_write_bytecode = folder, True
            os.chdir(folder)
            yield
        finally:
            os.chdir(folder_before)
            os.environ.pop("PYTEST_DISABLE_PLUGIN_AUTOLOAD", None)
            os.environ.update(kept)
            sys.pycache_prefix, sys.dont_write_bytecode = bytecode_before
            sys.path[:] = path_before
            _forget_tests(modules_before)


def _forget_tests(before: Collection[str]) -> None:
    """Unload the test modules, so that no state of theirs reaches the next submission."""
    for name in [n for n in sys.modules if n not in before and n.rpartition(".")[2].startswith("test_")]:
        del sys.modules[name]


def seeds(secret: bytes, exercises: Sequence[Exercise], sources: dict[str, str]) -> dict[str, bytes]:
    """Derive each exercise's key: HMAC(secret, exercise, source). Unguessable, yet a regrade repeats it."""
    return {
        e.id: hmac.digest(secret, f"{e.id}\0{sources[e.id]}".encode("utf-8", "surrogatepass"), "sha256")
        for e in exercises
    }
