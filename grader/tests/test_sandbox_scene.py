"""What a worker tells of the place where an error came up: the operation, its names, a near name."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from grader.sandbox import Box, Raised, Value, Worker
from grader.sandbox.answers import Frame, Operand, Warned
from grader.tests.workers import begin, raised, run

X = np.ones((2, 3))


@pytest.fixture
def worker(box: Box) -> Iterator[Worker]:
    """Start a worker."""
    with box.worker() as started:
        yield started


def scene(worker: Worker, body: str) -> Raised:
    """Call `f(x, y)` with this body."""
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    text = f"import numpy as np\nimport math\nSIZES = (1, 2)\ndef f(x, y):\n{lines}"
    assert begin(worker, text) == Value(None, "")
    return raised(worker.call("f", (X, 2.0), {}))


@pytest.mark.parametrize(("body", "operation"), [
    ("z = 1 + (x @ x) * y", "x @ x"),
    ("z = x.sum(axis=5)", "x.sum(axis=5)"),
    ("é = 'ü'; z = x @ x", "x @ x"),
    ("z = (x\n     @ x)", "x\n         @ x"),
    ("if x:\n    return 1", "x"),
    ("if y < 0:\n    pass\nelif x:\n    return 1", "x"),
    ("while x:\n    return 1", "x"),
    ("x[5] = 1", "x[5]"),
    ("x -= np.ones(2)", "x -= np.ones(2)"),
])
def test_the_operation_is_cut_from_the_text(worker: Worker, body: str, operation: str) -> None:
    """It is the part of the line that was being computed, the same on every version of Python."""
    error = scene(worker, body)
    assert error.operation == operation
    assert error.frames[-1].function == "f"
    assert operation.split("\n", maxsplit=1)[0] in error.frames[-1].code


@pytest.mark.parametrize(("body", "operands"), [
    ("x @ x", [Operand("x", "float64", (2, 3))]),
    ("x @ SIZES @ y", [Operand("x", "float64", (2, 3)), Operand("SIZES", "tuple", (2,))]),
    ("w = None; w + y", [Operand("w", "NoneType", None), Operand("y", "float", None)]),
    ("d = {'a': 1}; d['b']", [Operand("d", "dict", (1,))]),
    ("s = np.float32(1); s[0]", [Operand("s", "float32", ())]),
    ("class C:\n    shape = (7,)\nc = C(); c + y", [Operand("y", "float", None)]),
    ("class C(np.ndarray): pass\nc = x.view(C); c @ c", []),
    ("math.sqrt(-1)", []),
    ("list(a / 0 for a in (1, 2))", [Operand("a", "int", None)]),
])
def test_names_tell_their_kind_and_shape(worker: Worker, body: str, operands: list[Operand]) -> None:
    """Only exact types of Python and NumPy are described; modules, functions and classes are not."""
    assert list(scene(worker, body).operands) == operands


def test_looking_calls_no_code_of_the_student(worker: Worker) -> None:
    """Objects with traps are passed over, and a trap in the error itself leaves the scene empty."""
    error = scene(worker, "class Trap:\n    def __getattribute__(self, name): raise SystemExit\n"
                          "    def __len__(self): raise SystemExit\nt = Trap()\nx @ x @ t.a")
    assert error.type in ("SystemExit", "ValueError")
    error = scene(worker, "class E(NameError):\n    @property\n    def name(self): raise SystemExit\n"
                          "raise E('no')")
    assert (error.type, error.operation, error.operands, error.near) == ("E", "", (), "")


@pytest.mark.parametrize(("body", "near"), [
    ("shifted = x\nshiftd + 1", "shifted"),
    ("SIZE", "SIZES"),
    ("mx(x)", "max"),
    ("unknown(x)", ""),
    ("np.maximun(x, 0)", "maximum"),
    ("np.relu(x)", ""),
    ("x.reshap(3)", "reshape"),
    ("prnt(x)", "print"),
    ("x @ x", ""),
])
def test_a_near_name_is_one_that_is_there(worker: Worker, body: str, near: str) -> None:
    """Local names, the module's, the builtins, or the attributes of what was asked."""
    assert scene(worker, body).near == near


@pytest.mark.parametrize(("expression", "what", "operation"), [
    ("np.exp(x * 1000)", "overflow", "exp"),
    ("x / (x - 1)", "divide by zero", "divide"),
    ("np.log(x - 2)", "invalid value", "log"),
])
def test_the_first_warning_of_numpy_comes_with_the_value(
    worker: Worker, expression: str, what: str, operation: str
) -> None:
    """Its kind, the operation, and the line."""
    begin(worker, f"import numpy as np\ndef f(x):\n    y = {expression}\n    return np.sqrt(y - y) * 0")
    for _ in range(2):  # each call anew, though Python shows a warning once
        reply = worker.call("f", (X,), {})
        assert isinstance(reply, Value)
        assert reply.warned == Warned(what, operation, Frame("pkg/main.py", 3, "f"))


@pytest.mark.parametrize("body", [
    "with np.errstate(all='ignore'):\n        return np.exp(x * 1000)",
    "return np.exp(-x * 1000)",
    "import warnings; warnings.warn('overflow encountered in exp'); return 1",
])
def test_other_warnings_are_not_told(worker: Worker, body: str) -> None:
    """What the student has silenced, an underflow, and warnings of another kind."""
    begin(worker, f"import numpy as np\ndef f(x):\n    {body}")
    reply = worker.call("f", (X,), {})
    assert isinstance(reply, Value)
    assert reply.warned is None


def test_a_million_warnings_cost_nothing_to_keep(worker: Worker) -> None:
    """Only the first is kept, and none is printed."""
    reply = run(worker, "import numpy as np\nfor _ in range(20000): np.float64(1) / 0\nreturn 1")
    assert isinstance(reply, Value)
    assert reply.printed == ""
