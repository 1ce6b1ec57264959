"""The comparators refuse everything that is nearly right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from grader.testing import (
    CheckFailed,
    StudentFailed,
    check_array,
    check_number,
    check_raises,
    check_that,
    check_tree,
    criterion,
)
from grader.testing.compare import close, describe_type, show
from grader.testing.marks import criteria_of
from grader.testing.record import Tolerance, start, stop

MATRIX = np.array([[1.0, 2.0], [3.0, 4.0]])


class Sub(np.ndarray):
    """A subclass that could answer True to every comparison."""


@pytest.mark.parametrize(("actual", "kind"), [
    (1.0, "type"),
    (None, "type"),
    ([[1.0, 2.0], [3.0, 4.0]], "type"),
    (MATRIX.view(Sub), "type"),
    (np.ma.masked_array(MATRIX), "type"),
    (MATRIX.astype(np.float32), "dtype"),
    (MATRIX.astype(np.int64), "dtype"),
    (MATRIX.astype(np.complex128), "dtype"),
    (MATRIX.astype(object), "dtype"),
    (np.array(1.0), "shape"),
    (np.array([1.0]), "shape"),
    (np.empty((0, 2)), "shape"),
    (MATRIX[None], "shape"),
    (np.array([[1.0, np.nan], [3.0, 4.0]]), "finiteness"),
    (np.array([[1.0, np.inf], [3.0, 4.0]]), "finiteness"),
    (MATRIX + 1e-6, "values"),
    (MATRIX.T, "values"),
])
def test_check_array_refuses(actual: Any, kind: str) -> None:
    """Whatever is not exactly the array is named by the kind of its difference."""
    with pytest.raises(CheckFailed) as caught:
        check_array(actual, MATRIX)
    assert caught.value.kind == kind
    assert caught.value.sentence.endswith(".")


def test_check_array_accepts_what_is_close() -> None:
    """A difference below the tolerance passes, nan and infinities too where they are expected."""
    check_array(MATRIX * (1 + 1e-9), MATRIX)
    check_array(np.array([np.nan, np.inf, -np.inf]), [np.nan, np.inf, -np.inf])
    check_array(np.array([1, 2]), np.array([1, 2]))
    check_array(np.zeros((0, 3)), np.zeros((0, 3)))
    check_array(MATRIX.astype(np.float32), MATRIX, dtype=np.float32)


@pytest.mark.parametrize("actual", [[np.inf, np.nan], [-np.inf, np.inf]])
def test_infinities_must_have_their_sign_and_place(actual: list[float]) -> None:
    """Minus infinity is not infinity, and nan is neither."""
    with pytest.raises(CheckFailed, match="infinite or nan in other places"):
        check_array(np.array(actual), [np.inf, np.inf] if actual[0] < 0 else [np.nan, np.inf])


def test_the_first_nan_is_located() -> None:
    """The sentence tells where nan first appears."""
    with pytest.raises(CheckFailed, match=r"holds nan, first at index \[1, 0\]"):
        check_array(np.array([[1.0, 2.0], [np.nan, np.nan]]), MATRIX)


@given(arrays(np.float64, array_shapes(max_dims=3, max_side=4), elements=st.floats(-1e6, 1e6)))
def test_an_array_equals_itself_and_not_its_neighbour(array: Any) -> None:
    """Every array passes against itself and fails against itself plus one."""
    check_array(array.copy(), array)
    with pytest.raises(CheckFailed):
        check_array(array + 1.0, array, rtol=0, atol=0.5)


@given(st.floats(0, 1e-3), st.floats(0, 1e-3), st.floats(-10, 10), st.floats(-10, 10))
def test_close_is_the_formula(rtol: float, atol: float, a: float, b: float) -> None:
    """Two numbers are close exactly when |a - b| <= atol + rtol |b|."""
    assert close(np.array(a), np.array(b), Tolerance(rtol, atol)) == (abs(a - b) <= atol + rtol * abs(b))


@pytest.mark.parametrize(
    "actual", [True, np.bool(True), "1", None, np.array(1.0), [1.0], 1 + 0j, np.complex128(1)])
def test_check_number_refuses_what_is_not_a_real_number(actual: object) -> None:
    """Bools, arrays, strings and complex numbers are not numbers here."""
    with pytest.raises(CheckFailed, match="should be one number"):
        check_number(actual, 1.0)


def test_check_number_compares() -> None:
    """Python and NumPy numbers pass when close and fail when not."""
    for good in (1, 1.0, np.float32(1), np.int64(1)):
        check_number(good, 1.0)
    with pytest.raises(CheckFailed, match="is another number"):
        check_number(1.1, 1.0)
    with pytest.raises(CheckFailed, match="holds nan"):
        check_number(float("nan"), 1.0)


@pytest.mark.parametrize(("actual", "sentence"), [
    ([MATRIX, 1.0], "should be a tuple of 2, not a list of 2"),
    ((MATRIX,), "should have 2 parts, not 1"),
    ((MATRIX, 2.0), r"The answer\[1\] is another number"),
    ((MATRIX.T, 1.0), r"The answer\[0\] has the right shape but other numbers"),
    (MATRIX, "should be a tuple of 2, not an array of shape"),
])
def test_check_tree_names_the_leaf(actual: object, sentence: str) -> None:
    """A difference in a tuple is told with its place."""
    with pytest.raises(CheckFailed, match=sentence):
        check_tree(actual, (MATRIX, 1.0))


def test_check_tree_compares_dicts_and_words() -> None:
    """Dicts need the same keys; strings, bools and None the same value and type."""
    check_tree({"a": MATRIX, "b": [None, True, "x"]}, {"a": MATRIX, "b": [None, True, "x"]})
    with pytest.raises(CheckFailed, match="has other keys"):
        check_tree({"a": 1.0}, {"b": 1.0})
    with pytest.raises(CheckFailed, match="should be a dict"):
        check_tree([1.0], {"b": 1.0})
    with pytest.raises(CheckFailed, match="something else"):
        check_tree(1, True)
    with pytest.raises(TypeError, match="cannot compare with a set"):
        check_tree(1, {1})


def test_check_raises_accepts_the_error_in_both_worlds() -> None:
    """A plain exception (pytest in-process) and a reported one (sandbox) both count."""
    def plain() -> None:
        raise ValueError("x")

    def reported() -> None:
        raise StudentFailed("raised", "x", error="MyError", bases=("ValueError", "Exception"))

    check_raises(ValueError, plain)
    check_raises(ValueError, reported)
    with pytest.raises(CheckFailed, match="should raise TypeError, not MyError"):
        check_raises(TypeError, reported)
    with pytest.raises(CheckFailed, match="should raise ValueError, but an answer came back"):
        check_raises(ValueError, lambda: 3)


def test_check_raises_does_not_accept_a_killed_process() -> None:
    """A time-out is not the error that was asked for."""
    def killed() -> None:
        raise StudentFailed("cpu", "too slow")

    with pytest.raises(StudentFailed, match="too slow"):
        check_raises(ValueError, killed)


def test_check_that_needs_a_real_bool() -> None:
    """An array that happens to be true is the author's mistake, not a pass."""
    check_that(np.bool(True), "fine")
    with pytest.raises(TypeError, match="needs a bool"):
        check_that(MATRIX, "no")
    with pytest.raises(CheckFailed, match="Rows sum to one"):
        check_that(False, "Rows sum to one.", actual=MATRIX)


def test_marks_stack() -> None:
    """Two decorators give two criteria, outermost first."""
    @criterion("1.1", "a")
    @criterion("1.1", "b")
    def test() -> None:
        """Do nothing."""

    assert criteria_of(test) == (("1.1", "a"), ("1.1", "b"))
    assert criteria_of(len) == ()


def test_the_loosest_tolerance_is_recorded() -> None:
    """A test's recording keeps the widest tolerance that it compared with."""
    recording = start()
    check_array(MATRIX, MATRIX, rtol=1e-3, atol=0)
    check_number(1.0, 1.0, rtol=0, atol=1e-2)
    stop()
    check_number(1.0, 1.0, rtol=1, atol=1)
    assert recording.tolerance == Tolerance(1e-3, 1e-2)


def test_values_are_shown_short() -> None:
    """Feedback shows a few numbers, never a page of them."""
    assert show(np.arange(4.0)) == "[0. 1. 2. 3.]"
    assert show(np.zeros((100, 100))).startswith("array of shape [100, 100] that begins [0. 0.")
    assert len(show("x" * 5000)) < 500
    assert show((1.0, np.float64(0.5))) == "(1, 0.5)"
    assert describe_type(None) == "None (is a return missing?)"


PLAIN = '''
[pytest]
addopts = -p grader.testing.plugin --import-mode=importlib -p no:cacheprovider
'''


def test_plain_pytest_runs_the_students_own_functions(tmp_path: Path, toy_student: Path) -> None:
    """In a student's repository plain pytest works in-process and says that it gives no score."""
    import subprocess
    import sys

    (toy_student / "pytest.ini").write_text(PLAIN)
    run = subprocess.run([sys.executable, "-m", "pytest", "assignments"], cwd=toy_student, text=True,
                         capture_output=True, check=False, timeout=120)
    assert "for debugging" in run.stdout
    assert "NotImplementedError" in run.stdout
    assert run.returncode == 1


def test_parameters_and_generators_are_shown_in_outline() -> None:
    """A dict of parameters shows shapes, and a generator no address in memory."""
    layer = {"weight": np.zeros((2, 3)), "bias": np.zeros(3)}
    assert show(layer) == "{weight: array of shape [2, 3], bias: array of shape [3]}"
    assert show({"h": [layer, layer], "n": 2}).startswith("{h: [{weight: array of shape [2, 3]")
    assert show((np.random.default_rng(1), 2.5)) == "(rng, 2.5)"
