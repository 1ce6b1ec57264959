"""What a grading process of a class does: keep one warm grader, and grade what it is sent.

A process keeps its grader between submissions and renews it, box and all, every hundred. After any
failure it starts anew.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Literal

from grader.classroom.records import State
from grader.course import Course, load_course
from grader.errors import GraderError
from grader.grading import Grader
from grader.grading.parent import end_with_parent
from grader.result import Result
from grader.sandbox import open_box
from grader.submission import Submission

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
_courses: dict[tuple[Path, str], Course] = {}
"""The courses that this process has read, by their root and digest."""


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
        _warm.append(_open(setup.minimum, setup.without, partial(_course, setup)))
    try:
        yield _warm[0].grader
    except BaseException:
        _let_go()
        raise
    _warm[0].graded += 1


def _open(minimum: Minimum, without: tuple[str, ...], course: Callable[[], Course]) -> _Warm:
    """Open a box, and read the course while it warms up."""
    with ExitStack() as opening:
        box = opening.enter_context(open_box(minimum=minimum, without=without))
        grader = opening.enter_context(Grader(course(), box))
        return _Warm(minimum, without, grader, opening.pop_all())


def _course(setup: Setup) -> Course:
    course = _courses.get((setup.course, setup.course_digest)) or _read(setup.course)
    if course.digest != setup.course_digest:
        raise OtherCourse("the course has changed since this run began")
    return course


def _read(root: Path) -> Course:
    course = load_course(root)
    _courses[course.root, course.digest] = course
    return course


def _let_go() -> None:
    if _warm:
        _warm.pop().closing.close()


def what_is_missing(submission: Submission) -> str:
    """Say what of a submission could not be read; empty if nothing that counts."""
    rejected = list(submission.rejected.values())
    rejected += [one.rejected for one in submission.notebooks.values() if one.rejected]
    rejected += [f"answers/{name} {problem}" for name, problem in sorted(submission.answers.problems.items())]
    more = f" ({len(rejected) - 1} more)" if len(rejected) > 1 else ""
    return f"{rejected[0]}{more}" if rejected else ""


def begin(folder: str, course: Path, minimum: Minimum, without: tuple[str, ...]) -> None:
    """Begin a local grading process: Ctrl-C and temporary files are its parent's, and it ends with it.

    The folder of the temporary files is made here, and not by the parent, so that whenever the parent is
    killed, whoever made the folder is there to take it away.

    It makes its grader ready while its parent looks at the class. What is wrong with the course, the parent
    says; whatever else goes wrong here is said when something is graded.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):  # of a full or read-only disk the box speaks, when it is asked for
        Path(folder).mkdir(mode=0o700, exist_ok=True)
        tempfile.tempdir = folder
    end_with_parent(partial(take_away, folder))
    Finalize(None, _let_go, exitpriority=0)  # its box ends before it does, and is counted with it
    with suppress(GraderError, OSError):
        _warm.append(_open(minimum, without, partial(_read, course)))


def take_away(folder: str) -> None:
    """Remove a folder in which processes that are about to end may still be making something."""
    until = time.monotonic() + GOING_DOWN_SECONDS
    while Path(folder).exists() and time.monotonic() < until:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.01)


def prove(minimum: Minimum, without: tuple[str, ...]) -> str:
    """Give the level of this process's box; raises IsolationError where no submission could be graded."""
    if _warm:
        return _warm[0].grader.box.level
    with open_box(minimum=minimum, without=without) as box:
        return box.level
