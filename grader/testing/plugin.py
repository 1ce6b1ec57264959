"""The pytest plugin: the fixtures `student`, `rng` and `goldens`.

Who answers behind `student` is a `Provider`. `grading` puts the sandbox there. With plain pytest in
a student's repository (VS Code's test explorer, `--pdb`) it is the student's own package, in the same
process: good for debugging, never a score, and the header says so.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from grader.testing import record
from grader.testing.marks import criteria_of

if TYPE_CHECKING:
    import numpy as np

    from grader.course import Course


class Provider(Protocol):
    """Who answers behind the fixtures."""

    def student(self, item: pytest.Item) -> Any:
        """Give an object whose attributes are the functions under test."""

    def seed(self, item: pytest.Item) -> int:
        """Give the seed of this test's `rng`."""


PROVIDER = pytest.StashKey[Provider]()
RECORDING = pytest.StashKey[record.Recording]()


class OwnPackage:
    """Answer with the package of the repository that the tests lie in, imported as usual."""

    def __init__(self) -> None:
        self._courses: dict[Path, Course] = {}

    def student(self, item: pytest.Item) -> Any:
        """Import the module of the test's exercise and hand it out."""
        course = self._course(item.path)
        exercise = course.exercises[exercise_of(item)]
        if str(course.root) not in sys.path:
            sys.path.insert(0, str(course.root))
        return importlib.import_module(f"{course.package}.{exercise.module}")

    def seed(self, item: pytest.Item) -> int:
        """Make a seed that is always the same for one test."""
        return seed_from(b"plain pytest", item.name)

    def _course(self, test_file: Path) -> Course:
        from grader.course import find_course, load_course

        root = find_course(test_file.parent)
        if root not in self._courses:
            self._courses[root] = load_course(root)
        return self._courses[root]


def exercise_of(item: pytest.Item) -> str:
    """Name the exercise that a collected test belongs to."""
    return criteria_of(getattr(item, "obj", None))[0][0]


def seed_from(key: bytes, name: str) -> int:
    """Make a 128-bit seed from a key and the name of a test."""
    return int.from_bytes(hashlib.sha256(key + b"\0" + name.encode()).digest()[:16], "big")


def _provider(config: pytest.Config) -> Provider:
    return config.stash.setdefault(PROVIDER, OwnPackage())


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say that plain pytest gives no score."""
    if PROVIDER in config.stash or not (config.rootpath / "assignments" / "course.toml").is_file():
        return []
    return ["grader: your functions run in this process, for debugging; `grader check` gives the score"]


def _student(provider: Provider, item: pytest.Item) -> Any:
    return provider.student(item)


def _rng(provider: Provider, item: pytest.Item) -> np.random.Generator:
    import numpy as np

    return np.random.default_rng(provider.seed(item))


def _goldens(provider: Provider, item: pytest.Item) -> dict[str, Any]:
    file = item.path.parent / "goldens.npz"
    return dict(_arrays(file, file.stat().st_mtime_ns))


FIXTURES: dict[str, Callable[[Provider, pytest.Item], Any]] = {
    "student": _student, "rng": _rng, "goldens": _goldens,
}
"""How each fixture is made, for those who do without pytest's own machinery."""


@pytest.fixture(name="student")
def student_fixture(request: pytest.FixtureRequest) -> Any:
    """Give the functions under test as attributes."""
    return _student(_provider(request.config), request.node)


@pytest.fixture(name="rng")
def rng_fixture(request: pytest.FixtureRequest) -> np.random.Generator:
    """Give a random generator, seeded anew for each grading run and each test."""
    return _rng(_provider(request.config), request.node)


@pytest.fixture(name="goldens")
def goldens_fixture(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Give the arrays of `goldens.npz` beside the test, by name, read-only."""
    return _goldens(_provider(request.config), request.node)


@functools.lru_cache(maxsize=32)
def _arrays(file: Path, changed: int) -> dict[str, Any]:
    """Read a file of arrays once for all tests, until it changes."""
    import numpy as np

    with np.load(file, allow_pickle=False) as stored:
        arrays = dict(stored)
    for array in arrays.values():
        array.flags.writeable = False
    return arrays


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Record what the test sees."""
    item.stash[RECORDING] = record.start()
    try:
        return (yield)
    finally:
        record.stop()
