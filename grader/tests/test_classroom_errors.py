"""What a class run refuses, and what it does when a grading process dies."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from grader.classroom import Gradebook, work
from grader.classroom.executors import cluster_pool, local_pool
from grader.classroom.finding import find
from grader.classroom.roster import Roster
from grader.classroom.run import ClassRun, Event, Order, agree
from grader.classroom.work import Graded, OtherCourse, Setup, grade_one
from grader.cli.grade_class import Words, grade_class
from grader.cli.group import cli
from grader.course import Course
from grader.errors import CourseError, GraderError, IsolationError, UsageError
from grader.grading import warm
from grader.sandbox import open_box
from grader.submission import Submission
from grader.tests.gradebooks import small_class, write

SECRET = b"the secret of a class in the tests"


@pytest.fixture
def place(tmp_path: Path, toy: Course, toy_reference: Mapping[str, str]) -> Path:
    """Write a small class."""
    return small_class(tmp_path / "class", toy.package, toy_reference, 3)


def run(toy: Course, *words: str | Path) -> Result:
    """Run a command of grader in this process."""
    return CliRunner().invoke(cli, [*map(str, words), "--course", str(toy.root)])


@pytest.mark.parametrize(("words", "message"), [
    (["--shard", "3/2"], "--shard 3/2 names no part of a whole."),
    (["--shard", "half"], "--shard half names no part of a whole."),
    (["--path", "scenic"], "there is no path 'scenic' in this course."),
    (["--lesson", "9"], "there is no lesson '9' in this course."),
    (["--collected", "noon"], "'noon' is no time with a time zone."),
    (["--roster", "none.csv"], "the roster cannot be read"),
])
def test_a_word_that_names_nothing_is_refused(
    place: Path, tmp_path: Path, toy: Course, words: list[str], message: str
) -> None:
    """Each slip of the command line gets its own sentence, before anything is graded."""
    done = run(toy, "grade", place, "--gradebook", tmp_path / "g.db", *words)
    assert isinstance(done.exception, UsageError)
    assert message in str(done.exception)
    assert done.exception.fix


@pytest.mark.parametrize(("words", "message"), [
    (["--jobs", "2"], "--jobs is for a class: name its --gradebook, too."),
    (["--allow-lower"], "--allow-lower is for a class: name its --gradebook, too."),
    (["--gradebook", "g.db", "--json", "r.json"], "--json is for one submission, not for a class."),
])
def test_options_of_one_and_of_a_class_are_told_apart(
    place: Path, toy: Course, words: list[str], message: str
) -> None:
    """What has no meaning here is refused instead of ignored."""
    done = run(toy, "grade", place, *words)
    assert done.exit_code == 2
    assert message in done.output


def test_a_class_that_is_not_there_is_refused(tmp_path: Path, toy: Course, place: Path) -> None:
    """A missing folder, and a file that is no list."""
    done = run(toy, "grade", tmp_path / "none", "--gradebook", tmp_path / "g.db")
    assert "there is no class here." in str(done.exception)
    (tmp_path / "class.doc").write_text("")
    done = run(toy, "grade", tmp_path / "class.doc", "--gradebook", tmp_path / "g.db")
    assert "this is no class." in str(done.exception)


def test_a_students_copy_grades_no_class(place: Path, tmp_path: Path, toy_student: Path) -> None:
    """There are no hidden tests in it."""
    words = ["grade", str(place), "--gradebook", str(tmp_path / "g.db"), "--course", str(toy_student)]
    done = CliRunner().invoke(cli, words)
    assert "this is a student's copy of the course" in str(done.exception)


def test_a_secret_that_cannot_be_kept_is_told(
    place: Path, tmp_path: Path, toy: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret would stand beside the gradebook, and there is no such folder."""
    done = run(toy, "grade", place, "--gradebook", tmp_path / "none" / "g.db")
    assert isinstance(done.exception, UsageError)
    assert "this gradebook cannot be opened: No such file or directory." in str(done.exception)
    (tmp_path / "g.db.secret").mkdir()
    done = run(toy, "grade", place, "--gradebook", tmp_path / "g.db")
    assert "the secret cannot be read: Is a directory." in str(done.exception)
    monkeypatch.setattr("grader.cli.grade_class.BESIDE", "." + "x" * 300)
    done = run(toy, "grade", place, "--gradebook", tmp_path / "g.db")
    assert "the class's secret cannot be kept: File name too long." in str(done.exception)


def test_merging_into_a_source_is_refused(tmp_path: Path) -> None:
    """A gradebook is not joined into itself."""
    Gradebook.create(tmp_path / "a.db").close()
    words = ["merge", str(tmp_path / "a.db"), "--gradebook", str(tmp_path / "a.db")]
    done = CliRunner().invoke(cli, words)
    assert "this gradebook is one of those to be joined." in str(done.exception)


def test_another_courses_gradebook_is_refused(tmp_path: Path, toy: Course) -> None:
    """One gradebook belongs to one course."""
    with Gradebook.create(tmp_path / "g.db") as book:
        agree(book, toy)
        with pytest.raises(CourseError, match="belongs to the course 'toy-course', not to 'other'"):
            agree(book, replace(toy, id="other"))


def test_without_dask_an_executor_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask is an extra."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match="--executor needs Dask") as caught, cluster_pool("tcp://127.0.0.1:1"):
        pass
    assert caught.value.fix == 'install it with: python -m pip install "transformer-classroom[cluster]"'


class _Client:
    """Stands in for Dask's client: nobody answers at one address, and nobody works at another."""

    def __init__(self, address: str, timeout: int) -> None:
        if "silent" in address:
            raise OSError("timed out")

    def __enter__(self) -> _Client:
        return self

    def __exit__(self, *error: object) -> None:
        """Leave."""

    def nthreads(self) -> dict[str, int]:
        """Name no worker."""
        return {}

    def get_executor(self, **options: Any) -> _Client:
        """Give something that can be shut down."""
        return self

    def shutdown(self, *, wait: bool) -> None:
        """Leave."""


@pytest.mark.parametrize(("address", "message"), [
    ("tcp://silent:1", r"no Dask scheduler answers \(timed out\)"),
    ("tcp://idle:1", "this Dask scheduler has no workers"),
])
def test_a_cluster_that_cannot_grade_is_told(
    monkeypatch: pytest.MonkeyPatch, address: str, message: str
) -> None:
    """No scheduler, or no workers: a sentence and a command each."""
    module = type(sys)("distributed")
    module.Client = _Client  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "distributed", module)
    with pytest.raises(UsageError, match=message) as caught, cluster_pool(address):
        pass
    assert "dask worker" in str(caught.value.fix)


def dies_on_one(setup: Setup, submission: Submission) -> Graded:
    """Grade, but die on one submission, as a process does that the kernel kills."""
    if submission.id.endswith("-01"):
        os.kill(os.getpid(), signal.SIGKILL)
    return grade_one(setup, submission)


def meets_a_fault(setup: Setup, submission: Submission) -> Graded:
    """Grade, but fail on one submission, and find the course changed on another."""
    if submission.id.endswith("-01"):
        raise GraderError("the box broke")
    if submission.id.endswith("-02"):
        raise ValueError("no such thing")
    return grade_one(setup, submission)


def meets_another_course(setup: Setup, submission: Submission) -> Graded:
    """Find the course changed."""
    raise OtherCourse("the course has changed since this run began")


@contextmanager
def class_run(
    place: Path, book: Path, toy: Course, monkeypatch: pytest.MonkeyPatch, work: Callable[..., Graded]
) -> Iterator[tuple[Callable[[], Any], list[Event]]]:
    """Prepare a run whose processes do this work."""
    monkeypatch.setattr("grader.classroom.run.grade_one", work)
    events: list[Event] = []
    order = Order(Setup(toy.root, toy.digest, SECRET), "2026-11-01T00:00:00Z")
    with Gradebook.create(book) as opened, local_pool(2) as pool:
        agree(opened, toy)
        found = find(place, toy.package, Roster())
        yield lambda: ClassRun(opened, toy, order, events.append).grade(found, pool), events


def test_a_process_that_dies_costs_its_own_submission_only(
    place: Path, tmp_path: Path, toy: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was under way is graded again; the one on which it dies twice is `failed`."""
    with class_run(place, tmp_path / "g.db", toy, monkeypatch, dies_on_one) as (grade, events):
        summary = grade()
    assert dict(summary.states) == {"rejected": 1, "graded": 2, "failed": 1}
    failed = next(event for event in events if event.state == "failed")
    assert failed.team == "student-01"
    assert failed.reason == "the grading process ended without an answer, twice"


def test_a_fault_of_the_grader_is_failed_and_tried_again(
    place: Path, tmp_path: Path, toy: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the grader is told, costs nobody else anything, and the next run tries again."""
    with class_run(place, tmp_path / "g.db", toy, monkeypatch, meets_a_fault) as (grade, events):
        summary = grade()
    reasons = {event.team: event.reason for event in events if event.state == "failed"}
    assert reasons == {"student-01": "the box broke",
                       "student-02": "the grader failed: ValueError: no such thing"}
    assert summary.states["graded"] == 1
    with class_run(place, tmp_path / "g.db", toy, monkeypatch, grade_one) as (grade, events):
        summary = grade()
    assert dict(summary.states) == {"graded": 3, "rejected": 1}
    assert summary.unchanged == 2


def test_a_course_that_changes_in_the_middle_ends_the_run(
    place: Path, tmp_path: Path, toy: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a class with other tests would be no class."""
    with (class_run(place, tmp_path / "g.db", toy, monkeypatch, meets_another_course) as (grade, _),
          pytest.raises(CourseError, match="the course has changed since this run began")):
        grade()


def test_a_changed_course_is_noticed(tmp_path: Path, toy: Course, toy_reference: Mapping[str, str]) -> None:
    """A grading process looks whether its course is the one that was asked for."""
    root = Path(shutil.copytree(toy.root, tmp_path / "course"))
    write(tmp_path / "ada", toy.package, toy_reference)
    (one,) = [f for f in find(tmp_path, toy.package, Roster()) if f.team == "ada"]
    with pytest.raises(OtherCourse, match="the course has changed since this run began"):
        grade_one(Setup(root, "another digest", SECRET), one.open(toy.package))


def test_a_pytest_that_cannot_be_set_up_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another pytest, without an option of ours, is named with its own words."""
    monkeypatch.setattr(warm, "_OPTIONS", ("--no-such-option",))
    with pytest.raises(GraderError, match=r"pytest cannot be set up: (?s:.*)no-such-option") as caught:
        warm.WarmPytest()
    assert caught.value.fix == "install the versions of pytest and pytest-json-report that we name"


def test_a_class_that_cannot_be_confined_is_refused_at_once(
    place: Path, tmp_path: Path, toy: Course
) -> None:
    """Without the kernel's walls nothing is graded, and no gradebook is begun."""
    book = tmp_path / "g.db"
    words = Words(place, book, course=toy.root, jobs=1, without=("kernel",))
    with pytest.raises(IsolationError) as caught:
        grade_class(words)
    assert caught.value.fix
    assert not book.exists()
    assert grade_class(replace(words, process=True)) == 0
    with Gradebook.open(book) as opened:
        levels = opened.rows("SELECT DISTINCT isolation FROM grading WHERE state = 'graded'")
    assert levels == [("process",)]


def test_the_course_that_a_process_has_read_is_used_if_it_is_the_same(
    toy: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not read twice; once it has changed on the disk, it is."""
    read: list[Path] = []

    def load(root: Path) -> Course:
        read.append(root)
        return toy

    monkeypatch.setattr(work, "load_course", load)
    setup = Setup(toy.root, toy.digest, b"")
    monkeypatch.setattr(work, "_courses", {(toy.root, "another"): replace(toy, title="another")})
    assert [work._course(setup).title for _ in range(3)] == [toy.title] * 3
    assert read == [toy.root]
    with pytest.raises(OtherCourse):
        work._course(replace(setup, course_digest="a third"))


@pytest.mark.parametrize("begun_for", ["kernel", "process"])
def test_a_process_that_was_given_the_course_does_not_read_it(
    begun_for: work.Minimum, place: Path, toy: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its parent has read it, and sends it; the box that was begun is used if it is the one asked for."""
    monkeypatch.setattr(work, "load_course", lambda root: pytest.fail("it was read"))
    monkeypatch.setattr(work, "_courses", {})
    work._let_go()
    begun = open_box(minimum=begun_for)
    monkeypatch.setattr(work, "_begun", [(begun_for, (), begun)])
    submission = find(place, toy.package, Roster())[0].open(toy.package)
    try:
        assert work.prepare(toy, "kernel", ()) in ("kernel", "kernel+")
        assert (work._warm[0].grader.box is begun) == (begun_for == "kernel")
        assert grade_one(Setup(toy.root, toy.digest, SECRET), submission).state == "graded"
        assert work._warm[0].graded == 1
    finally:
        work._let_go()
    with pytest.raises(IsolationError, match="closed"):
        begun.worker()


def _processors(_: int) -> tuple[set[int], int]:
    time.sleep(0.3)  # so that each of the processes takes one
    return os.sched_getaffinity(0), os.getpid()


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="nothing can be pinned on this system")
def test_processes_that_take_all_processors_have_one_each() -> None:
    """A pool as wide as the machine stays where it is; a narrower one is placed by the system."""
    processors = os.sched_getaffinity(0)
    with local_pool(len(processors)) as pool:
        seen = [task.result() for task in [pool.submit(_processors, n) for n in range(len(processors))]]
    assert [len(places) for places, _ in seen] == [1] * len(processors)
    assert len(set.union(*(places for places, _ in seen))) == len({pid for _, pid in seen})
    if len(processors) > 1:
        with local_pool(len(processors) - 1) as pool:
            assert pool.submit(_processors, 0).result()[0] == processors
