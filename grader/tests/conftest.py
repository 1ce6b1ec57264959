"""What the tests share: the two courses, a box, and small submissions."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before NumPy is imported anywhere: one BLAS thread, as in the product.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# A job in the background of a shell ignores Ctrl-C, and what the tests start would inherit that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from grader.build import plan_build, write_build
from grader.course import Course, load_course
from grader.grading import Grader
from grader.sandbox import Box, open_box
from grader.submission import Submission, read_submission

# How this terminal is, and what its owner likes, is nothing to the tests: they say so where it matters.
for _name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "TERM", "COLUMNS", "LINES"):
    os.environ.pop(_name, None)

# The suite draws the same examples in each run and times none of them: a commit is green or it is not, on a
# busy machine, too. `pytest --hypothesis-profile search` draws new ones.
_UNTIMED = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)
settings.register_profile("search", deadline=None, suppress_health_check=_UNTIMED)
settings.register_profile("suite", settings.get_profile("search"), derandomize=True)
settings.load_profile("suite")

ROOT = Path(__file__).resolve().parents[2]
TOY = Path(__file__).resolve().parent / "toy_course"


class SubmissionMaker:
    """Writes a submission to disk and reads it as the grader does."""

    def __init__(self, course: Course, modules: Mapping[str, str], folder: Path) -> None:
        self._course, self._modules, self.folder = course, modules, folder

    def __call__(self, **changed: str) -> Submission:
        """Replace modules of the reference by these texts."""
        for name, text in {**self._modules, **changed}.items():
            file = self.folder / self._course.package / f"{name}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return read_submission(self.folder, self._course.package)


@pytest.fixture(scope="session")
def course() -> Course:
    """Load the real course."""
    return load_course(ROOT)


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Build and load a copy of the toy course: `add`, `total` (which needs `add`), `scale`."""
    root = tmp_path_factory.mktemp("toy") / "course"
    shutil.copytree(TOY, root, ignore=shutil.ignore_patterns("__pycache__"))
    course = load_course(root)
    write_build(course, plan_build(course))
    return course


@pytest.fixture(scope="session")
def box() -> Iterator[Box]:
    """Open one box for all tests that need no box of their own."""
    with open_box() as opened:
        yield opened


@pytest.fixture(scope="session")
def toy_grader(toy: Course, box: Box) -> Iterator[Grader]:
    """Grade with the toy course."""
    with Grader(toy, box) as grader:
        yield grader


@pytest.fixture(scope="session")
def course_grader(course: Course, box: Box) -> Iterator[Grader]:
    """Grade with the real course."""
    with Grader(course, box) as grader:
        yield grader


@pytest.fixture(scope="session")
def student_grader(course: Course, box: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grader]:
    """Check in a student's copy of the real course, built anew, without the teacher's files."""
    root = tmp_path_factory.mktemp("student") / "starter"
    write_build(course, plan_build(course), root)
    with Grader(load_course(root), box) as grader:
        yield grader


@pytest.fixture
def toy_student(toy: Course, tmp_path: Path) -> Path:
    """Build the student's repository of the toy course."""
    folder = tmp_path / "student"
    write_build(toy, plan_build(toy), folder)
    return folder


@pytest.fixture(scope="session")
def toy_reference(toy: Course) -> Mapping[str, str]:
    """Read the modules of the toy course's reference."""
    return read_submission(toy.reference, toy.package).modules


@pytest.fixture
def toy_submission(toy: Course, toy_reference: Mapping[str, str], tmp_path: Path) -> SubmissionMaker:
    """Give a maker of submissions: the toy reference with some modules replaced."""
    return SubmissionMaker(toy, toy_reference, tmp_path / "submission")
