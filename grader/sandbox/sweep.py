"""Call every public function of NumPy inside the box, and see that the box stands in no one's way.

`SWEEP` is the text of a module that a worker runs as it would run a student's. A function counts as
stopped when a call fails for want of a file, a module or a permission; an ordinary error (of our odd
arguments) does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grader.errors import IsolationError
from grader.sandbox.answers import Value
from grader.sandbox.box import Box

CPU_SECONDS, WALL_SECONDS = 60.0, 240.0
_FIX = "report this, with the output of `grader --debug selftest`"

SWEEP = '''
import numpy as np
import numpy.lib.stride_tricks
import numpy.polynomial

FILES = {
    "DataSource", "fromfile", "fromregex", "genfromtxt", "load", "loadtxt", "memmap", "open_memmap", "save",
    "savetxt", "savez", "savez_compressed", "show_config", "show_runtime", "test", "info", "get_include",
    "setbufsize", "set_printoptions", "seterrcall", "tofile", "dump", "mafromtxt", "ndfromtxt", "seterr",
}
"""What opens files or describes the installation by nature, or changes a setting of the whole process."""
FAMILIES = {
    "numpy": np, "numpy.linalg": np.linalg, "numpy.fft": np.fft, "numpy.random": np.random,
    "random.Generator": np.random.default_rng(0), "numpy.ma": np.ma, "numpy.char": np.char,
    "numpy.strings": getattr(np, "strings", np.char), "numpy.polynomial": np.polynomial,
    "polynomial.Polynomial": np.polynomial.Polynomial([1.0, 2.0]), "numpy.emath": np.emath,
    "lib.stride_tricks": np.lib.stride_tricks, "numpy.ndarray": np.arange(4.0).reshape(2, 2),
}


def arguments():
    square, vector, text = np.array([[2.0, 1.0], [1.0, 3.0]]), np.arange(4.0), np.array(["ab", "c"])
    numbers = np.array([3, 1, 2])
    return [
        (), (square,), (vector,), (numbers,), (text,), (square, square), (vector, vector), (numbers, numbers),
        (text, text), (square, 1), (vector, 2), (2,), (2, 2), (2, 2, 2), (1.0, 2.0, 3), ((2, 2),),
        ([square, square],),
        (text, "a"), (text, "a", "b"), (vector, vector, vector), ("i,i->i", vector, vector), (bool, vector),
        (lambda x: x, vector), ("2026-11-26",), (vector, [0, 1], 1),
    ]


def stopped(name, function):
    """Call a function in every way; name the first error that is the box's."""
    for args in arguments():
        try:
            function(*args)
        except (PermissionError, ImportError, FileNotFoundError) as error:
            return f"{name}: {type(error).__name__}: {error}"[:200]
        except BaseException:
            continue
    return None


def public(owner):
    for name in dir(owner):
        try:
            thing = getattr(owner, name, None)
        except ImportError:  # a module that is imported when it is asked for, and not allowed
            continue
        if not name.startswith("_") and name not in FILES and callable(thing) and not (
                isinstance(thing, type) and issubclass(thing, BaseException)):
            yield name, thing


def sweep():
    found = {}
    with np.errstate(all="ignore"):
        for family, owner in FAMILIES.items():
            names, problems = 0, []
            for name, function in public(owner):
                names += 1
                problem = stopped(name, function)
                if problem:
                    problems.append(problem)
            found[family] = [names, problems]
    return found

'''


@dataclass(frozen=True)
class Family:
    """What came of one family of functions."""

    name: str
    functions: int
    stopped: tuple[str, ...]


def sweep_numpy(box: Box) -> tuple[Family, ...]:
    """Call all of NumPy in a worker; raise IsolationError if the worker cannot tell."""
    with box.worker() as worker:
        worker.load("sweep", {"main": SWEEP})
        begun = worker.begin("main", cpu_seconds=CPU_SECONDS, wall_seconds=WALL_SECONDS)
        if not isinstance(begun, Value):
            raise IsolationError(f"NumPy cannot be imported in the box: {begun}", fix=_FIX)
        reply = worker.call("sweep", (), {})
        if not isinstance(reply, Value):
            raise IsolationError(f"NumPy could not be tried in the box: {reply}", fix=_FIX)
        found: Mapping[str, tuple[int, list[str]]] = reply.value
    return tuple(Family(name, count, tuple(problems)) for name, (count, problems) in found.items())
