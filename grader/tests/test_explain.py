"""Errors in plain words: NumPy and Python really raise them here, and no rule guesses."""

from __future__ import annotations

import builtins
import math
import string
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.grading.explain import RULES, explain
from grader.sandbox.allowed import explain_refusal
from grader.testing import StudentFailed
from grader.testing.failure import Scene

A, B, ROW = np.ones((2, 4)), np.ones((3, 4)), np.ones(3)
LOCKED = np.ones(3)
LOCKED.flags.writeable = False


def failure(error: BaseException, near: str = "") -> StudentFailed:
    """Make of an error what the trusted side sees of it."""
    bases = tuple(c.__name__ for c in type(error).__mro__ if hasattr(builtins, c.__name__))
    words = error.msg if isinstance(error, SyntaxError) else str(error)
    return StudentFailed("raised", words, error=type(error).__name__, bases=bases, scene=Scene(near=near),
                         message=words)


def told(action: Callable[[], Any], near: str = "") -> str:
    """Explain what an action raises."""
    try:
        action()
    except Exception as error:
        return explain(failure(error, near)) or f"(silence on {error!r})"
    raise AssertionError("nothing was raised")


def run(code: str) -> Callable[[], Any]:
    """Run a piece of code, with NumPy."""
    return lambda: exec(compile(code, "student.py", "exec"), {"np": np, "math": math})


NUMPY: list[tuple[Callable[[], Any], str]] = [
    (lambda: A @ B, "Here they are 4 and 3 long."),
    (lambda: ROW @ np.ones((2, 3)), "Here they are 3 and 2 long."),
    (lambda: A @ np.float64(3), "For a number use *."),
    (lambda: np.ones((2, 3, 4)) @ np.ones((5, 4, 3)), "The shapes [2, 3, 4] and [5, 4, 3] do not go"),
    (lambda: np.dot(A, B), "The shapes [2, 4] and [3, 4] do not fit"),
    (lambda: A + B, "Here 2 and 3 on axis -2 do not fit."),
    (lambda: A + ROW, "The shapes [2, 4] and [3] do not go together"),
    (lambda: np.where(A > 0, B, 1), "The shapes [2, 4] and [3, 4] and [] do not go together"),
    (lambda: np.broadcast_to(A, (3, 4)), "of shape [2, 4] cannot be stretched to [3, 4]"),
    (lambda: np.broadcast_arrays(ROW, np.ones(2)), "The shapes [3] and [2] do not go together"),
    (run("x = np.ones(3); x += np.ones((2, 3))"), "The result has the shape [2, 3]"),
    (run("x = np.ones((2, 4)); x[0] = np.ones(3)"), "of shape [3] is written into a place of shape [4]"),
    (lambda: A.sum(axis=2), "There is no axis 2: the array has 2 axes, 0 to 1, or -1 to -2 from the end."),
    (lambda: np.float64(1).sum(axis=1), "this is one number, which has no axes"),
    (lambda: A.transpose(0, 2, 1), "transpose() was given another number of axes"),
    (lambda: A.reshape(3, 5), "8 numbers do not fill the shape [3, 5], which holds 15."),
    (lambda: A.reshape(3, -1), "8 numbers cannot be laid out as [3, -1]: 8 is no multiple of 3."),
    (lambda: np.concatenate([A, B], axis=1), "On axis 0 one is 2 long and another 3."),
    (lambda: np.concatenate([A, ROW]), "the same number of axes"),
    (lambda: np.stack([A, B]), "must have one shape"),
    (lambda: np.squeeze(A, axis=0), "squeeze() takes out axes of length 1 only"),
    (lambda: np.split(A, 3, axis=1), "parts of equal size"),
    (lambda: np.max(np.array([])), "The maximum of no numbers at all does not exist"),
    (lambda: np.einsum("ijk,jk->ik", A, B), "The letters for operand 0 of einsum"),
    (lambda: np.zeros(-1), "below 0"),
    (lambda: np.array([[1], [1, 2]]), "Rows of different lengths"),
    (run("x = np.ones((2, 2)); x[0, 0] = [1, 2]"), "into a place for one number"),
    (lambda: np.linalg.inv(A), "a square matrix"),
    (lambda: np.linalg.inv(np.zeros((2, 2))), "has no inverse"),
    (lambda: np.exp(LOCKED, out=LOCKED), "An input belongs to the caller"),
    (lambda: LOCKED.__setitem__(0, 1), "An input belongs to the caller"),
    (run("x = np.ones(3, int); x -= 0.5"), "The result of subtract is float64"),
    (lambda: A + "x", "add works on numbers"),  # type: ignore[operator]
    (lambda: np.isnan(np.array(["a"])), "isnan works on numbers"),
    (lambda: np.exp(None), "one of its inputs is or holds None"),  # type: ignore[call-overload]
    (lambda: np.zeros(2, 3), "np.zeros((2, 3))"),
    (lambda: np.zeros(2, dtype="flot"), "There is no dtype called flot."),
    (lambda: bool(A), ".any() and .all()"),
    (lambda: np.array([2]) ** -1, "no negative powers"),
    (lambda: math.exp(ROW), "those of NumPy (np.exp, np.sqrt) take a whole array"),
    (lambda: int(A), "One number was needed"),
    (lambda: int(math.nan), "cannot become a whole number"),
    (lambda: int(math.inf), "cannot become a whole number"),
    (lambda: np.zeros(2.5), "not of 2.5"),
    (lambda: np.zeros((2, 3.0)), "this is a float"),
    (lambda: np.zeros(10**18), "An array of shape [1000000000000000000] would take"),
    (lambda: A[5], "There is no index 5 on axis 0, which is 2 long."),
    (lambda: ROW[0, 1], "The array has 1 axis, and the brackets name 2."),
    (lambda: A[np.ones(3, bool)], "it is 3 long, and the array 2."),
    (lambda: ROW[1.5], "An index of an array is a whole number"),  # type: ignore[call-overload]
    (lambda: np.float, "NumPy no longer has np.float. Write float."),  # type: ignore[attr-defined]
    (lambda: np.sum(A, dim=1), "sum() has no argument called dim. NumPy calls it axis."),  # type: ignore[call-overload]
    (lambda: np.max(A, keepdim=True), "NumPy calls it keepdims."),  # type: ignore[call-overload]
    (lambda: A(1), "and this is an array"),  # type: ignore[operator]
    (lambda: list(np.float64(3)), "there is nothing in it to go through"),  # type: ignore[call-overload]
]
PYTHON: list[tuple[str, str]] = [
    ("[1][3]", "The list is shorter than this index."),
    ("[1][0, 1]", "and this is a tuple"),
    ("[].pop()", "Nothing is left"),
    ("{'a': 1}['b']", "The dict has no entry 'b'."),
    ("[1][:1.5]", "The ends of a slice are whole numbers."),
    ("a, b = None", "A function that ends without `return` gives None."),
    ("a, b = 1", "one thing, an int."),
    ("a, b = 1, 2, 3", "2 names stand on the left, and the right side has more parts."),
    ("a, b = (1,)", "2 names stand on the left, and the right side has 1."),
    ("None[0]", "A function that ends without `return` gives None."),
    ("(1.5)[0]", "this is a float, which has no parts"),
    ("for i in 3: pass", "This is an int"),
    ("(1, 2)(0)", "and this is a tuple"),
    ("[1] - 1.0", "- does not work between a list and a float. np.array(…)"),
    ("None + 1", "+ does not work between None and an int. A function that ends"),
    ("[1] * 1.5", "* repeats a list or a text"),
    ("[1] + 'a'", "+ puts something after a list"),
    ("len(3)", "this is an int"),
    ("None < 3", "< cannot compare None with an int."),
    ("def f(a): pass\nf()", "f() was called without a."),
    ("def f(a): pass\nf(1, 2)", "f() takes 1 argument without a name, and got 2."),
    ("def f(): pass\nf(1)", "f() takes 0 arguments without a name, and got 1."),
    ("def f(a): pass\nf(1, a=2)", "f() got a twice"),
    ("def f(a): pass\nf(b=2)", "f() has no argument called b."),
    ("def f():\n x += 1\nf()", "x is given a value somewhere in this function"),
    ("shift", "The name shift is not known here."),
    ("itertools.count()", "Is `import itertools` missing?"),
    ("del np\nnp.ones(3)", "Is `import numpy as np` missing?"),
    ("None.shape", "This is None, which has no .shape."),
    ("[1].shape", "only arrays have .shape"),
    ("np.ones(3).exp()", "Is it a function, to be called as exp(…)?"),
    ("np.relu", "numpy has no relu. If it is a function of your own"),
    ("'a'.nothing", "This is a text, which has no .nothing."),
    ("1 / 0", "Something is divided by zero here."),
    ("1.0 // 0", "Something is divided by zero here."),
    ("def f(): f()\nf()", "deeper than Python allows"),
    ("math.exp(1000)", "too large for a float"),
    ("math.sqrt(-1)", "has no result for such a number"),
    ("math.log(0)", "has no result for such a number"),
    ("from numpy import relu", "numpy has no relu to import."),
    ("import nowhere", "There is no module nowhere."),
    ("if 1:\n\tx = 1\n        y = 2", "Use four spaces everywhere."),
    ("if 1:\n    x = 1\n  y = 2", "on no level that was begun"),
    ("x = 1\n  y = 2", "nothing there begins a block"),
    ("if 1:\nx = 1", "four spaces more"),
    ("x = (1", "The ( in this line is never closed."),
    ("x = 1)", "Nothing is open that this ) could close."),
    ("x = (1]", "A ( is open, and ] cannot close it."),
    ("if 1\n    x = 1", "A colon is missing"),
    ("x = 'a", "its closing quote is missing"),
    ("return 1", "This `return` stands outside"),
    ("if x = 1: pass", "To compare, write ==."),
    ("x = “a”", "Was it copied from a page?"),
    ("f(a=1, 2)", "Arguments with a name come after"),
    ("f() = 1", "= gives a name a value."),
    ("1 = x", "= gives a name a value."),
    ("x = = 1", "Python cannot read this line"),
    ("x = [1 2]", "Is a comma missing?"),
    ("for 1 in x: pass", "Nothing can be assigned to literal."),
    ("def f():\n def g(): return x\n g()\n x = 1\nf()", "x has no value yet at this point."),
    ("np.frombuffer(b'12345678').flags.writeable = True", "An input belongs to the caller"),
    ("raise MemoryError", "asked for more memory"),
    (f"raise ModuleNotFoundError({explain_refusal('torch')!r})", "Write it with NumPy"),
    ("raise ModuleNotFoundError('helper is a module of pkg: write …')", "helper is a module of pkg: write …"),
]


@pytest.mark.parametrize(("action", "words"), NUMPY, ids=lambda value: value if type(value) is str else "")
def test_errors_of_numpy_are_explained(action: Callable[[], Any], words: str) -> None:
    """What NumPy says today is known, with its shapes."""
    assert words in told(action)


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize(("code", "words"), PYTHON)
def test_errors_of_python_are_explained(code: str, words: str) -> None:
    """The same words on every version of Python."""
    assert words in told(run(code))


def test_a_near_name_is_offered() -> None:
    """The worker has found a name that looks alike."""
    assert told(run("shiftd"), "shifted").endswith("There is shifted: did you mean that?")
    assert told(run("np.maximun"), "maximum") == "numpy has no maximun. There is np.maximum."
    assert told(run("np.ones(3).reshap(3)"), "reshape") == (
        "An array has no .reshap. There is .reshape: is that what you mean?")


def test_an_error_of_the_students_own_is_left_to_its_own_words() -> None:
    """No rule takes a text that it does not know."""
    assert explain(failure(ValueError("the width must be even"))) is None
    assert explain(failure(TypeError("q is no array"))) is None
    assert explain(failure(KeyError("a long story (with brackets) and 'quotes'"))) is None


@given(st.sampled_from([rule.error for rule in RULES]), st.text(string.printable, max_size=60))
def test_any_text_is_survived(error: str, text: str) -> None:
    """A student may raise any of these errors with any text."""
    found = explain(StudentFailed("raised", text, error=error, message=text))
    assert found is None or type(found) is str


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_every_rule_is_used_here() -> None:
    """Each rule is shown by an error that really comes up, but for those of another layer or version."""
    seen = set()
    for action in (*(action for action, _ in NUMPY), *(run(code) for code, _ in PYTHON)):
        try:
            action()
        except Exception as error:
            found = failure(error)
            names = (found.error, *found.bases)
            seen |= {next((i for i, rule in enumerate(RULES)
                           if rule.error in names and rule.pattern.search(found.message)), -1)}
    unused = {f"{RULES[i].error} {RULES[i].pattern.pattern[:40]}" for i in range(len(RULES)) if i not in seen}
    assert unused == set()
