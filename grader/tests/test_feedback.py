"""What feedback tells: everything of a public test, and nothing of a hidden one but its sentence."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from grader.build import plan_build, write_build
from grader.course import Course, load_course
from grader.grading import Grader
from grader.render.markdown import to_markdown
from grader.render.terminal import render_result
from grader.result import CriterionResult, Result, dumps
from grader.sandbox import Box
from grader.submission import read_submission
from grader.tests.conftest import TOY, SubmissionMaker

# Inputs, expected values, the student's answers, and words of the hidden tests' source.
CANARIES = ("7103", "2328", "9431", "31415", "nightjar", "test_hidden", "test_canaries", "wanted_bird")
HIDDEN = '''
"""Hidden: nightjar."""

import numpy as np
from grader.testing import check_array, check_number, check_raises, check_that, criterion


@criterion("1.1", "values")
def test_canaries_are_added(student):
    """Large numbers are added, too."""
    wanted_bird = [9431.0]
    check_array(student.add(np.array([7103.0]), np.array([2328.0])), wanted_bird, name="the answer")


@criterion("1.1", "pure")
def test_canaries_have_a_property(student):
    """The inputs are left as they were."""
    answer = student.add(np.array([7103.0]), np.array([2328.0]))
    check_that(str(answer) == "[9431.]", "The inputs stay as they were.", actual=answer)


@criterion("1.2", "values")
def test_canaries_are_summed(student):
    """Large numbers are summed, too."""
    check_number(student.total(np.array([7103.0, 2328.0])), 9431.0)


@criterion("1.2", "empty")
def test_canaries_are_refused(student):
    """A negative number is refused."""
    check_raises(ValueError, student.total, np.array([-7103.0]))
'''
SMALL = "import numpy as np\n\ndef add(a, b):\n    if abs(a).max() < 100:\n        return a + b\n"
TOTAL = "\n\ndef total(values):\n    if len(values) == 3:\n        return 7.0\n    {}\n"
WRONG = {
    "other numbers": ("    return 0 * a + 31415", "return 31415.0"),
    "another shape": ("    return np.array([a, b, a * 0 + 31415])", "return values"),
    "text": ("    return f'{a} {b} 31415'", "return f'{values} 31415'"),
    "a tuple": ("    return (a, b, 31415)", "return (values, 31415)"),
    "nan": ("    return a * np.nan", "return float('nan')"),
    "the message of an error": ("    raise ValueError(f'{a} {b} 31415')", "raise TypeError(values)"),
    "a chain of errors": (
        "    try:\n        raise KeyError(str(a))\n    except KeyError as error:\n"
        "        raise ValueError(f'{b} 31415') from error", "raise KeyError(str(values))"),
    "the name of an error": (
        "    raise type(f'E{int(a[0])}', (ValueError,), {})(31415)",
        "raise type(f'E{int(abs(values[0]))}', (Exception,), {})()"),
    "the name of a function": (
        "    name = f'f{int(a[0])}'\n    space = {}\n    exec(f'def {name}(): raise ValueError', space)\n"
        "    space[name]()", "return None"),
    "the name of a type": (
        "    return type(f'T{int(a[0])}', (), {})()", "return type(f'T{int(abs(values[0]))}', (), {})()"),
    "what it prints": ("    print(a, b, 31415)\n    return None", "print(values)"),
    "an exit": ("    raise SystemExit(f'{a} 31415')", "raise SystemExit(int(abs(values[0])))"),
    "an endless recursion": ("    return add(a, b)", "return total(values)"),
}


@pytest.fixture(scope="module")
def canary_course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Copy the toy course, with canaries in its hidden tests."""
    root = tmp_path_factory.mktemp("canaries") / "course"
    shutil.copytree(TOY, root, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "assignments" / "01_add" / "test_hidden.py").write_text(HIDDEN.lstrip(), encoding="utf-8")
    course = load_course(root)
    write_build(course, plan_build(course))
    return course


@pytest.fixture(scope="module")
def canary_grader(canary_course: Course, box: Box) -> Iterator[Grader]:
    """Grade with it."""
    with Grader(canary_course, box) as grader:
        yield grader


def grade(grader: Grader, folder: Path, add: str) -> Result:
    """Grade lesson 1 of a submission with this text for its module."""
    modules = read_submission(grader.course.reference, grader.course.package).modules
    return grader.grade(SubmissionMaker(grader.course, modules, folder)(add=add), lessons=["1"])


def everything_shown(result: Result, course: Course) -> str:
    """Put together all that a student may see: the JSON, the page, the screen.

    What is drawn at random or is a sum over files stands there as zeros: sixteen or sixty-four hexadecimal
    digits hold four given ones now and then by chance, and tell nobody anything.
    """
    screen = io.StringIO()
    render_result(result, course, mode="grade", console=Console(file=screen, width=200), plain=True)
    shown = "\n".join((dumps(result), to_markdown(result), screen.getvalue()))
    digests = (result.course.digest, result.submission.digest)
    assert re.fullmatch("[0-9a-f]{16}", result.seed_id)
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)
    for chance in (result.seed_id, *digests):
        shown = shown.replace(chance, "0" * len(chance))
    return shown


def criteria(result: Result) -> dict[str, CriterionResult]:
    """Map "1.1 values" to its result."""
    return {f"{e.id} {c.id}": c for lesson in result.lessons for e in lesson.exercises for c in e.criteria}


@pytest.mark.parametrize("way", WRONG)
def test_a_hidden_test_shows_only_its_sentence(way: str, canary_grader: Grader, tmp_path: Path) -> None:
    """However wrong the code is, no input, expected value, answer or source of a hidden test comes out."""
    wrong_add, wrong_total = WRONG[way]
    result = grade(canary_grader, tmp_path / "student", SMALL + wrong_add + TOTAL.format(wrong_total))
    found = criteria(result)
    assert {name for name, c in found.items() if c.status != "passed"} >= {"1.1 values", "1.1 pure",
                                                                           "1.2 values", "1.2 empty"}
    for criterion in found.values():
        assert criterion.feedback is not None
        assert criterion.feedback.summary
        assert criterion.feedback.detail
        assert criterion.feedback.expected is criterion.feedback.actual is None
    shown = everything_shown(result, canary_grader.course)
    assert [canary for canary in CANARIES if canary in shown] == []


def test_an_error_without_a_line_of_its_own_tells_nothing(canary_grader: Grader, tmp_path: Path) -> None:
    """Code made by `exec` leaves no line in the module; its error looks like a missing function's."""
    made = """
def total(values): raise AttributeError(str(values))
def add(a, b):
    if abs(a).max() < 100: return a + b
    raise AttributeError(str(a) + str(b))
"""
    result = grade(canary_grader, tmp_path / "student", f"exec({made!r}, globals())")
    assert criteria(result)["1.1 values"].status == "error"
    shown = everything_shown(result, canary_grader.course)
    assert [canary for canary in CANARIES if canary in shown] == []


def test_a_hidden_failure_says_sentence_class_and_place_to_read(
    canary_grader: Grader, tmp_path: Path
) -> None:
    """The sentence of the test, the kind of failure, the hint and the anchor are shown."""
    result = grade(canary_grader, tmp_path / "student",
                   SMALL + "    return a * 31415" + TOTAL.format("return 9431.0"))
    feedback = criteria(result)["1.1 values"].feedback
    assert feedback is not None
    assert feedback.summary == "Large numbers are added, too."
    assert feedback.detail == "The answer has the right shape but other numbers."
    assert feedback.hint == "What is two and three?"
    assert feedback.read == "assignments/01_add/README.md#sums"
    assert feedback.next == "grader check 1.1"


def test_a_hidden_error_says_its_type_alone(canary_grader: Grader, tmp_path: Path) -> None:
    """The type of a built-in error is shown, not its message or line, which could tell the inputs."""
    result = grade(canary_grader, tmp_path / "student",
                   SMALL + "    raise ValueError(f'{a} is too large')" + TOTAL.format("return 0.0"))
    feedback = criteria(result)["1.1 values"].feedback
    assert feedback is not None
    assert feedback.detail == "Your code raised ValueError."


def test_a_public_failure_shows_the_call_and_the_numbers(canary_grader: Grader, tmp_path: Path) -> None:
    """A public test tells what was called, what should come back and what did."""
    result = grade(canary_grader, tmp_path / "student",
                   "def add(a, b):\n    return a * 10" + TOTAL.format("return 9431.0"))
    feedback = criteria(result)["1.1 values"].feedback
    assert feedback is not None
    assert feedback.detail == ("We called add([2. 5.], [ 3. -1.])\n"
                               "The answer has the right shape but other numbers.")
    assert (feedback.expected, feedback.actual) == ("[5. 4.]", "[20. 50.]")
    assert feedback.next == "grader check 1.1"


def test_a_public_error_shows_its_message(canary_grader: Grader, tmp_path: Path) -> None:
    """Where the test is open, the student's own error text is shown with its line."""
    result = grade(canary_grader, tmp_path / "student",
                   "def add(a, b):\n    raise ValueError('not yet')" + TOTAL.format("return 9431.0"))
    feedback = criteria(result)["1.1 values"].feedback
    assert feedback is not None
    assert feedback.detail.endswith(
        "ValueError in toypkg/add.py, line 2, in add:\n    raise ValueError('not yet')\nIt says: not yet")


def test_control_characters_of_a_student_are_neutralised(canary_grader: Grader, tmp_path: Path) -> None:
    """An error text cannot colour the terminal, nor turn the direction of the text."""
    text = "'\\x1b[32mall passed \\u202e'"
    result = grade(canary_grader, tmp_path / "student",
                   f"def add(a, b):\n    raise ValueError({text})" + TOTAL.format("return 9431.0"))
    shown = everything_shown(result, canary_grader.course)
    assert "all passed" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
