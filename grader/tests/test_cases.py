"""How a lesson's tests are collected: ours where they are plain, pytest's own where they are not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from grader.grading.cases import cases, collector_of, plain_file
from grader.grading.cases import tests_of as functions_of
from grader.testing.plugin import OwnPackage

ROOT = Path(__file__).resolve().parents[2]

PARAMETERS = '''
import pytest
@pytest.mark.parametrize("a,b", [(1, "x"), (2.5, None)])
@pytest.mark.parametrize("c", [[1], True, -0.0])
def test_many(a, b, c): pass
@pytest.mark.parametrize(["x"], [((1, 2),), (3j,)])
def test_one(x): pass
def test_none(): pass
'''


class Parent(pytest.Collector):
    """A collector to hang files on."""

    def collect(self) -> list[pytest.Item]:
        """Collect nothing."""
        return []


def file_of(tmp_path: Path, text: str) -> Path:
    """Write a test file."""
    path = tmp_path / "test_file.py"
    path.write_text(text, encoding="utf-8")
    return path


def collected(path: Path, request: pytest.FixtureRequest) -> list[str] | None:
    """Name the cases of a file, or None if it is left to pytest."""
    found = plain_file(path, request.session, OwnPackage())
    sys.modules.pop(f"{path.parent.name}.{path.stem}", None)
    return None if found is None else [name for f in functions_of(found._module) for name, _ in cases(f)]


def test_names_are_those_that_pytest_gives(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Each case has pytest's name and comes in pytest's order."""
    path = file_of(tmp_path, PARAMETERS)
    said = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", path.name],
        cwd=tmp_path, capture_output=True, text=True, check=True)
    theirs = [line.partition("::")[2] for line in said.stdout.splitlines() if "::" in line]
    assert collected(path, request) == theirs
    assert len(theirs) == 9


@pytest.mark.parametrize("lesson", sorted((ROOT / "assignments").glob("*/test_*.py")),
                         ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_courses_tests_are_plain(lesson: Path, request: pytest.FixtureRequest) -> None:
    """Every test file of the course takes the quick way."""
    assert collected(lesson, request)


@pytest.mark.parametrize("text", [
    "import pytest\n@pytest.fixture\ndef own(): return 1\ndef test_a(own): pass\n",
    "import pytest\n@pytest.fixture(autouse=True)\ndef own(): return 1\ndef test_a(): pass\n",
    "class TestA:\n    def test_a(self): pass\n",
    "def setup_module(): pass\ndef test_a(): pass\n",
    "import pytest\npytestmark = pytest.mark.skip\ndef test_a(): pass\n",
    "import pytest\n@pytest.mark.skip\ndef test_a(): pass\n",
    "import pytest\n@pytest.mark.parametrize('a', [1], ids=['one'])\ndef test_a(a): pass\n",
    "import pytest\n@pytest.mark.parametrize('a', [1, 1])\ndef test_a(a): pass\n",
    "import pytest\n@pytest.mark.parametrize('a', [pytest.param(1, id='one')])\ndef test_a(a): pass\n",
    "def test_a(tmp_path): pass\n",
    "def test_a(a=1): pass\n",
    "this is not Python\n",
    "1 / 0\n",
])  # fmt: skip
def test_anything_else_is_left_to_pytest(
    tmp_path: Path, request: pytest.FixtureRequest, text: str
) -> None:
    """A file with a fixture, a class, a mark or an error is pytest's to collect."""
    assert collected(file_of(tmp_path, text), request) is None


def test_parameters_reach_the_test(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Each case carries its own values."""
    path = file_of(tmp_path, PARAMETERS)
    found = plain_file(path, request.session, OwnPackage())
    sys.modules.pop(f"{path.parent.name}.{path.stem}", None)
    assert found is not None
    items = {item.name: item for item in found.collect()}
    assert vars(items["test_many[c0-2.5-None]"])["_parameters"] == {"c": [1], "a": 2.5, "b": None}
    assert np.signbit(vars(items["test_many[-0.0-1-x]"])["_parameters"]["c"])


@pytest.mark.parametrize("text", ["def test_a(): pass\n", "class TestA:\n    def test_a(self): pass\n"])
def test_tests_of_one_name_in_two_lessons_are_two(
    tmp_path: Path, request: pytest.FixtureRequest, text: str
) -> None:
    """Every test has an id of its own: one that took another's would be lost, and its points with it."""
    ids = []
    for lesson in ("01_one", "02_two"):
        (tmp_path / lesson).mkdir()
        path = file_of(tmp_path / lesson, text)
        ids.append(collector_of(path, request.session, OwnPackage()).nodeid)
        sys.modules.pop(f"{lesson}.{path.stem}", None)
    assert ids == ["01_one/test_file.py", "02_two/test_file.py"]
