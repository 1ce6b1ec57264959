"""The package inside a worker: imports from memory, inspection, and doors."""

from __future__ import annotations

import ast
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from grader.errors import GraderError, IsolationError
from grader.sandbox import (
    Box,
    Door,
    Frame,
    Inspection,
    Killed,
    Raised,
    Reply,
    Unsupported,
    Value,
    Worker,
    body_digest,
)
from grader.tests.workers import begin, killed, raised, value

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel box is for Linux")


@pytest.fixture
def worker(box: Box) -> Iterator[Worker]:
    """Take a fresh worker."""
    with box.worker() as fresh:
        yield fresh


# ---- the package


def test_modules_of_the_package_import_each_other(worker: Worker) -> None:
    """Absolute, relative, nested, aliased and late imports work from memory."""
    others: dict[str, Any] = {
        "a": "one = 1", "late": "three = 3", "__init__": "zero = 0",
        "sub.deep": "from ..a import one\ntwo = one + 1",
    }
    reply = begin(
        worker,
        """
        from pkg.a import one
        from . import a
        import pkg.sub.deep as deep
        from .sub import deep as again
        from .sub.deep import two
        def f():
            from .late import three
            return one, a.one, deep.two, two, again is deep, three, __file__, __name__
    """,
        **others,
    )
    assert reply == Value(None, "")
    assert value(worker.call("f", (), {})) == (1, 1, 2, 2, True, 3, "pkg/main.py", "pkg.main")


@pytest.mark.parametrize(
    "statement",
    [
        "import numpy.linalg",
        "from numpy.random import default_rng; default_rng().random()",
        "from collections.abc import Mapping",
        "from __future__ import annotations",
        "import math, cmath, itertools, functools, operator, dataclasses, typing",
        "import numpy as np; np.char.upper(np.array(['a'])); np.fft.fft(np.ones(8)); np.ma.array([1])",
        "import numpy as np; np.linalg.svd(np.eye(3)); np.einsum('ij,jk', np.eye(2), np.eye(2))",
        "import numpy as np; np.polynomial.Polynomial([1, 2])(3)",
        "import numpy as np; np.random.randn(3); str(np.ones((3, 3))); repr(np.float32(1))",
        "import numpy as np; np.lib.stride_tricks.sliding_window_view(np.ones(5), 2); np.pad(np.ones(3), 1)",
        "from decimal import Decimal; Decimal(1) / 3",
        "import statistics; statistics.median([1, 2])",
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\nA()",
        "import random; random.random()",
        "import numpy as np; np.sum(np.ones(3), dtype='f4'); np.datetime64('2020-01-01').item()",
        "import time; time.strptime('1', '%d')",
        "import numpy as np; assert np.array([1, 'a']).tolist() and np.ones(3).mean() == 1",
        "import enum, typing\nclass C(enum.Enum):\n    A = 1",
        "'é'.encode('latin-1'); 'a'.encode('utf-16')",
    ],
)
def test_allowed_imports_work(worker: Worker, statement: str) -> None:
    """NumPy's public parts and the allowed standard library need no file that is not loaded yet."""
    assert begin(worker, statement) == Value(None, "")


REFUSED = "cannot be imported, neither here nor when your teacher grades."


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("import os", f"'os' {REFUSED} Your functions get arrays and give arrays;"),
        ("import torch.nn", f"'torch.nn' {REFUSED} Write it with NumPy: that is the exercise. There are"),
        ("import importlib", f"'importlib' {REFUSED} There are numpy and, of the standard library, abc"),
        ("import numpy.testing", f"'numpy.testing' {REFUSED} There are numpy"),
        ("import helper", "helper is a module of pkg: write `from .helper import …`"),
        ("from helper import x", "helper is a module of pkg: write `from .helper import …`"),
        ("from .nothing import x", "No module named 'pkg.nothing'"),
    ],
)
def test_other_imports_are_refused_with_advice(worker: Worker, statement: str, message: str) -> None:
    """The message says what may be imported, and how a module of the package is."""
    error = raised(begin(worker, statement, helper="x = 1"))
    assert error.type == "ModuleNotFoundError"
    assert error.message.startswith(message)
    assert error.frames == (Frame("pkg/main.py", 1, "<module>"),)


def test_each_begin_has_fresh_namespaces(worker: Worker) -> None:
    """Nothing that a module keeps survives the next begin, nor NumPy's error state."""
    begin(
        worker,
        """
        import numpy as np
        from . import other
        other.seen.append(1)
        def f():
            np.seterr(all="raise")
            return len(other.seen), np.random.random()
    """,
        other="seen = []",
    )
    first = value(worker.call("f", (), {}))
    worker.begin("main", cpu_seconds=5, wall_seconds=5)
    assert value(worker.call("f", (), {})) == first
    worker.load("pkg", {"main": "def f(): return 'new'"})
    worker.begin("main", cpu_seconds=5, wall_seconds=5)
    assert value(worker.call("f", (), {})) == "new"


def test_a_module_that_is_not_there_is_told(worker: Worker) -> None:
    """Beginning an absent module is the import error that Python gives."""
    worker.load("pkg", {})
    error = raised(worker.begin("gone", cpu_seconds=1, wall_seconds=5))
    assert (error.type, error.message) == ("ModuleNotFoundError", "No module named 'pkg.gone'")


# ---- inspection


def test_inspection_digests_bodies_without_running_them(worker: Worker) -> None:
    """Comments, docstrings and layout do not change a digest; only one plain def has one."""
    worker.load(
        "pkg",
        {
            "main": textwrap.dedent('''
        raise SystemExit
        def same(x):
            """Another docstring."""
            # a comment
            return (x +
                    1)
        def twice(): pass
        def twice(): pass
        alias = same
        @property
        def decorated(): pass
        async def later(): pass
        if alias:
            def nested(): pass
        def uses():
            same = 1
    ''')
        },
    )
    seen = worker.inspect("main")
    assert isinstance(seen, Inspection)
    stub = ast.parse("def same(x):\n    return x + 1\n").body[0]
    assert isinstance(stub, ast.FunctionDef)
    assert seen.functions["same"].body == body_digest(stub)
    assert seen.functions["same"].line == 3
    assert {name for name, entry in seen.functions.items() if entry.body} == {"same", "uses"}
    assert seen.functions["twice"].line == 8
    assert seen.syntax_error is None


def test_inspection_tells_a_syntax_error(worker: Worker) -> None:
    """A text that does not parse, or is a bomb, is told as what parsing raised."""
    worker.load("pkg", {"main": "def f(:", "bomb": "(" * 500, "null": "a\0b"})
    seen = worker.inspect("main")
    assert isinstance(seen, Inspection)
    assert seen.syntax_error
    assert seen.syntax_error.frames == (Frame("pkg/main.py", 1, "<module>"),)
    for module in ("bomb", "null"):
        other = worker.inspect(module)
        assert isinstance(other, Inspection)
        assert other.syntax_error


def test_inspection_comes_before_any_student_code(worker: Worker) -> None:
    """What a worker says after it ran student code is not believed about the text."""
    begin(worker, "")
    with pytest.raises(GraderError, match=r"inspect\(\) came after begin\(\).*\n.*inspect all modules first"):
        worker.inspect("main")


# ---- doors

DOOR = Door("base", "g")


def ten(door: Door, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reply:
    """Answer every question with ten."""
    return Value(10, "")


@pytest.mark.parametrize(
    "base",
    [
        "def g(x): return 1",
        "async def g(x): return 1",
        "class g:\n    def __new__(cls, x): return 1",
        "g = lambda x: 1",
        "g: object = lambda x: 1",
        "from .impl import g",
        "from .impl import *",
        "from .impl import h as g",
        "import math as g",
        "if True:\n    def g(x): return 1\nelse:\n    g = None",
        "try:\n    def g(x): return 1\nexcept Exception:\n    pass",
        "try:\n    1 / 0\nexcept ZeroDivisionError as g:\n    pass",
        "for g in [abs]:\n    pass",
        "with __import__('contextlib').nullcontext(abs) as g:\n    pass",
        "(g := abs)",
        "if (g := abs):\n    pass",
        "match abs:\n    case g:\n        pass",
        "match [abs]:\n    case [*g]:\n        pass",
        "match {1: 2}:\n    case {**g}:\n        pass",
        "def g(x): return 1\ndel g",
        "a, (g, *b) = 1, (2, 3)",
        "g = 1\ng += 1",
        "import functools\n@functools.lru_cache\ndef g(x): return 1",
        "def k():\n    global g\n    g = abs\nk()",
        "globals()['g'] = abs",
        "",
        "def g(x): return 1\ndef g(x): return 2",
        "while True:\n    g = abs\n    break",
        "try:\n    pass\nfinally:\n    g = abs",
        "def (:",
        "raise ValueError",
        "import os",
        "raise SystemExit",
    ],
)
def test_a_door_stands_wherever_its_name_is_bound(worker: Worker, base: str) -> None:
    """However the student's module binds the name, those who import it get the door."""
    began = begin(
        worker,
        """
        from .base import g
        from . import base
        def f(x): return g(x), base.g(x), g.__name__
    """,
        base=base,
        impl="def g(x): return 1\nh = g",
        doors=[DOOR],
        answer=ten,
        owned=["base", "main"],
    )
    assert began == Value(None, "")
    assert value(worker.call("f", (1,), {})) == (10, 10, "g")


@pytest.mark.parametrize(
    "rest",
    [
        "alias = g\ndef f(x): return alias(x)",
        "def f(x, g=g): return g(x)",
        "table = {'g': g}\ndef f(x): return table['g'](x)",
        "import functools\nf = functools.partial(g)",
        "class A:\n    g = staticmethod(g)\ndef f(x): return A.g(x)",
        "def f(x): return g(x=x)",
        "if g(1) == 10:\n    def f(x): return g(x)",
        "for g in [abs]:\n    def f(x, g=g): return g(x)",
        "if (g := abs):\n    def f(x, g=g): return g(x)",
        "try:\n    1 / 0\nexcept ZeroDivisionError as g:\n    def f(x, g=g): return g(x)",
        "match abs:\n    case g:\n        def f(x, g=g): return g(x)",
    ],
)
def test_a_door_is_seen_by_what_its_module_builds(worker: Worker, rest: str) -> None:
    """Aliases, default arguments and tables in the same module hold the door."""
    text = "def g(x): return 1\n" + rest
    assert begin(worker, text, doors=[Door("main", "g")], answer=ten) == Value(None, "")
    assert value(worker.call("f", (1,), {})) == 10


def test_a_door_relays_arguments_and_answers(worker: Worker) -> None:
    """The other end sees which door, and plain arguments by position and by name; its value comes back."""
    asked: list[Any] = []

    def answer(door: Door, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reply:
        asked.append((door, args[0].tolist(), kwargs))
        return Value({"y": args[0] * 2}, "")

    begin(
        worker,
        "from .base import g\ndef f(x):\n    y = g(x.T, axis=-1)['y']\n    y[0] = 7\n    return y",
        base="",
        doors=[DOOR],
        answer=answer,
    )
    assert value(worker.call("f", (np.array([[1, 2], [3, 4]]),), {})).tolist() == [[7, 7], [4, 8]]
    assert asked == [(DOOR, [[1, 3], [2, 4]], {"axis": -1})]


@pytest.mark.parametrize(
    ("reply", "kind", "message"),
    [
        (Raised("ValueError", ("Exception",), "no", (), ""), "ValueError", "no"),
        (Raised("Mine", ("KeyError", "Exception"), "no", (), ""), "KeyError", "'no'"),
        (Raised("LinAlgError", ("ValueError",), "singular", (), ""), "LinAlgError", "singular"),
        (Raised("UnicodeDecodeError", ("ValueError",), "odd", (), ""), "ValueError", "odd"),
        (Raised("SystemExit", ("BaseException",), "out", (), ""), "RuntimeError", "out"),
        (Raised("print", (), "a name of no exception", (), ""), "RuntimeError", "a name of no exception"),
        (Unsupported("set", "the answer is a set", ""), "RuntimeError", "the answer is a set"),
        (Killed("cpu", None, "cpu time ran out"), "RuntimeError", "cpu time ran out"),
    ],
)
def test_a_door_raises_what_the_other_end_raised(
    worker: Worker, reply: Reply, kind: str, message: str
) -> None:
    """It is the builtin class of the same name, or the nearest known one, in the line that asked."""
    begin(worker, "from .base import g\ndef f(): return g()", doors=[DOOR], answer=lambda *_: reply, base="")
    error = raised(worker.call("f", (), {}))
    assert (error.type, error.message) == (kind, message)
    assert error.frames == (Frame("pkg/main.py", 2, "f"),)


def test_a_door_refuses_what_is_not_plain(worker: Worker) -> None:
    """A question that cannot travel is a TypeError in the student's own line."""
    begin(
        worker, "from .base import g\ndef f(): return g(x for x in 'ab')", doors=[DOOR], answer=ten, base=""
    )
    error = raised(worker.call("f", (), {}))
    assert error.type == "TypeError"
    assert error.message.startswith("g() cannot work with this: an argument[0] is a generator")


def test_a_generator_moves_on_through_a_door(box: Box, worker: Worker) -> None:
    """What the other end draws, the student's generator has drawn too."""
    with box.worker() as reference:
        begin(reference, "def g(rng): return rng.random()")
        begin(
            worker,
            "from .base import g\ndef f(rng): return g(rng), rng.random()",
            base="",
            doors=[DOOR],
            answer=lambda door, args, kwargs: reference.call(door.function, args, kwargs),
        )
        reply = worker.call("f", (np.random.default_rng(5),), {})
        expected = np.random.default_rng(5)
        assert value(reply) == (expected.random(), expected.random())
        assert isinstance(reply, Value)
        assert reply.generators[0][1] == expected.bit_generator.state["state"]["state"]


def test_an_error_of_the_answering_side_ends_the_worker(worker: Worker) -> None:
    """A conversation that broke in the middle is not taken up again."""

    def answer(*_: Any) -> Reply:
        raise IsolationError("the other box is gone")

    begin(worker, "from .base import g\ndef f(): return g()", base="", doors=[DOOR], answer=answer)
    with pytest.raises(IsolationError, match="the other box is gone"):
        worker.call("f", (), {})
    assert killed(worker.call("f", (), {})).detail == "the worker was closed"


def test_time_behind_a_door_counts_for_the_deadline(worker: Worker) -> None:
    """The deadline of a call is absolute, whoever takes the time."""
    begin(
        worker,
        "from .base import g\ndef f():\n    while True: g()",
        base="",
        doors=[DOOR],
        answer=ten,
        wall=0.3,
        cpu=20,
    )
    assert killed(worker.call("f", (), {})).reason == "wall"


def test_a_broken_module_costs_itself(worker: Worker) -> None:
    """An owned module that does not parse keeps its doors; asking it for more tells its own error."""
    broken = {"base": "def (:", "owned": ["base", "main"], "doors": [DOOR], "answer": ten}
    assert begin(worker, "from . import base\ndef f(): return base.g(1)", **broken) == Value(None, "")  # type: ignore[arg-type]
    assert value(worker.call("f", (), {})) == 10
    error = raised(begin(worker, "from .base import other", **broken))  # type: ignore[arg-type]
    assert (error.type, error.frames[-1]) == ("SyntaxError", Frame("pkg/base.py", 1, "<module>"))
    helper = raised(begin(worker, "from . import helper", helper="1 / 0", owned=["main"]))
    assert helper.frames[-1] == Frame("pkg/helper.py", 1, "<module>")
