"""What a grading process of a class does: keep one warm grader, and grade what it is sent.

A process keeps its grader between submissions and renews it, box and all, every hundred. After any
failure it starts anew. `Grader` is imported once the box is opened: NumPy and pytest, which come with it,
are imported while the zygote warms up, and a class's processes start before its parent has them.

A local process gets the course from its parent, which reads it while the process starts; any other reads
it itself.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from grader.classroom.records import State
from grader.course import Course, load_course
from grader.errors import GraderError
from grader.result import Result
from grader.sandbox import Box, open_box, pooled
from grader.submission import Submission

if TYPE_CHECKING:
    from grader.grading import Grader

RENEWED = 100
GOING_DOWN_SECONDS = 5.0
Minimum = Literal["kernel", "process"]


@dataclass(frozen=True)
class Setup:
    """What all submissions of a class run have in common; it travels to every process."""

    course: Path
    course_digest: str
    secret: bytes = field(repr=False)
    path: str | None = None
    lessons: frozenset[str] | None = None
    minimum: Minimum = "kernel"
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graded:
    """What comes back: a result, and what could not be taken into account."""

    state: State
    reason: str
    result: Result
    seconds: float


@dataclass
class _Warm:
    """The grader of this process."""

    minimum: Minimum
    without: tuple[str, ...]
    grader: Grader
    closing: ExitStack
    graded: int = 0

    def fits(self, setup: Setup) -> bool:
        """Tell whether it is the grader that is asked for."""
        course = self.grader.course
        return (course.root, course.digest, self.minimum, self.without) == (
            setup.course, setup.course_digest, setup.minimum, setup.without)


class OtherCourse(Exception):
    """The course changed while the class was being graded."""


_lock = threading.Lock()
_warm: list[_Warm] = []
_begun: list[tuple[Minimum, tuple[str, ...], Box]] = []
"""The box that this process has opened before it knew the course."""
_courses: dict[tuple[Path, str], Course] = {}
"""The courses that this process has read or was given, by their root and digest."""


def grade_one(setup: Setup, submission: Submission) -> Graded:
    """Grade one submission in this process; one at a time, whatever the executor does."""
    with _lock, _grader(setup) as grader:
        started = time.perf_counter()
        result = grader.grade(submission, lessons=setup.lessons, path=setup.path, secret=setup.secret)
        seconds = time.perf_counter() - started
    reason = what_is_missing(submission)
    return Graded("partial" if reason else "graded", reason, result, seconds)


@contextmanager
def _grader(setup: Setup) -> Iterator[Grader]:
    """Give the warm grader; whoever fails with it, leaves none behind."""
    if _warm and (not _warm[0].fits(setup) or _warm[0].graded >= RENEWED):
        _let_go()
    if not _warm:
        _warm.append(_open(setup.minimum, setup.without, _course(setup)))
    try:
        yield _warm[0].grader
    except BaseException:
        _let_go()
        raise
    _warm[0].graded += 1


def _open(minimum: Minimum, without: tuple[str, ...], course: Course) -> _Warm:
    with ExitStack() as opening:
        box = opening.enter_context(_box(minimum, without))
        from grader.grading import Grader

        grader = opening.enter_context(Grader(course, box))
        return _Warm(minimum, without, grader, opening.pop_all())


def _box(minimum: Minimum, without: tuple[str, ...]) -> Box:
    """Take the box that was begun, if it is the one that is asked for; else open one."""
    if _begun:
        *what, box = _begun.pop()
        if what == [minimum, without]:
            return box
        box.close()
    return open_box(minimum=minimum, without=without)


def _course(setup: Setup) -> Course:
    key = setup.course, setup.course_digest
    if key not in _courses:
        course = load_course(setup.course)
        if course.digest != setup.course_digest:
            raise OtherCourse("the course has changed since this run began")
        _courses[key] = course
    return _courses[key]


def _let_go() -> None:
    if _warm:
        _warm.pop().closing.close()
    if _begun:
        _begun.pop()[-1].close()


def what_is_missing(submission: Submission) -> str:
    """Say what of a submission could not be read; empty if nothing that counts."""
    rejected = list(submission.rejected.values())
    rejected += [one.rejected for one in submission.notebooks.values() if one.rejected]
    rejected += [f"answers/{name} {problem}" for name, problem in sorted(submission.answers.problems.items())]
    more = f" ({len(rejected) - 1} more)" if len(rejected) > 1 else ""
    return f"{rejected[0]}{more}" if rejected else ""


def begin(folder: str, minimum: Minimum, without: tuple[str, ...], places: pooled.Places | None) -> None:
    """Begin a local grading process.

    The folder of the temporary files is made here, and not by the parent, so that whenever the parent is
    killed, whoever made the folder is there to take it away.

    Its box warms up, and what a grader needs is imported, while its parent reads the course.
    """
    with suppress(OSError):  # of a full or read-only disk the box speaks, when it is asked for
        Path(folder).mkdir(mode=0o700, exist_ok=True)
        tempfile.tempdir = folder
    pooled.begin(places, partial(take_away, folder))
    Finalize(None, _end, [folder], exitpriority=0)
    with suppress(GraderError, OSError):  # said when something is graded
        _begun.append((minimum, without, open_box(minimum=minimum, without=without)))
    import_module("grader.grading")


def _end(folder: str) -> None:
    """End this process's box before it ends itself, so that it is counted; the last takes the folder away."""
    _let_go()
    with suppress(OSError):  # others still have something in it
        Path(folder).rmdir()


def awake() -> None:
    """Do nothing: a pool starts a process for each piece of work, as long as none is idle."""


def prepare(course: Course, minimum: Minimum, without: tuple[str, ...]) -> str:
    """Make this process's grader ready for a course; give the level of its box.

    Raises IsolationError where no submission could be graded.
    """
    with _lock:
        _courses[course.root, course.digest] = course
        if not _warm:
            _warm.append(_open(minimum, without, course))
        return _warm[0].grader.box.level


def take_away(folder: str) -> None:
    """Remove a folder in which processes that are about to end may still be making something."""
    until = time.monotonic() + GOING_DOWN_SECONDS
    shutil.rmtree(folder, ignore_errors=True)
    while Path(folder).exists() and time.monotonic() < until:
        time.sleep(0.01)
        shutil.rmtree(folder, ignore_errors=True)
