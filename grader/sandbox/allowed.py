"""What student code may import: a rule with a clear message, not a boundary. The box is the boundary."""

from __future__ import annotations

NUMPY_MODULES = (
    "numpy", "numpy.char", "numpy.dtypes", "numpy.exceptions", "numpy.fft", "numpy.lib",
    "numpy.lib.array_utils", "numpy.lib.format", "numpy.lib.mixins", "numpy.lib.npyio",
    "numpy.lib.scimath", "numpy.lib.stride_tricks", "numpy.linalg", "numpy.ma", "numpy.ma.extras",
    "numpy.polynomial", "numpy.polynomial.chebyshev", "numpy.polynomial.hermite",
    "numpy.polynomial.hermite_e", "numpy.polynomial.laguerre", "numpy.polynomial.legendre",
    "numpy.polynomial.polynomial", "numpy.random", "numpy.rec", "numpy.strings", "numpy.typing",
)

STANDARD_MODULES = (
    "__future__", "abc", "array", "bisect", "cmath", "collections", "collections.abc", "contextlib",
    "copy", "dataclasses", "decimal", "enum", "fractions", "functools", "heapq", "itertools", "math",
    "numbers", "operator", "random", "re", "statistics", "string", "textwrap", "time", "types",
    "typing", "warnings",
)

ALLOWED_MODULES = frozenset(NUMPY_MODULES + STANDARD_MODULES)

PRELOADED_MODULES = NUMPY_MODULES + STANDARD_MODULES + (
    # What NumPy and the standard library import only when a function is called for the first time.
    "numpy._core._methods", "numpy._core._internal", "numpy._core.arrayprint",
    "numpy.fft._pocketfft", "numpy.ctypeslib",
    "encodings.ascii", "encodings.latin_1", "encodings.utf_8", "encodings.utf_8_sig", "encodings.utf_16",
    "encodings.utf_32", "encodings.cp1252", "encodings.idna", "locale", "pickle",
    "secrets", "struct", "unicodedata", "_strptime", "calendar", "datetime", "bdb", "pprint", "linecache",
    "traceback", "tokenize", "inspect", "annotationlib",
)
"""Nothing can be opened in a worker, so whatever may be imported late is imported before it is forked.

Names that a version does not have are passed over.
"""


_INSTEAD = {
    "Write it with NumPy: that is the exercise.": (
        "cupy", "jax", "keras", "numba", "pandas", "scipy", "sklearn", "tensorflow", "torch",
    ),
    "Your functions get arrays and give arrays; they need no files, no processes and no network.": (
        "asyncio", "concurrent", "glob", "io", "json", "multiprocessing", "os", "pathlib", "pickle",
        "requests", "shutil", "socket", "subprocess", "sys", "tempfile", "threading", "urllib",
    ),
    "Draw in a script or a notebook beside your modules, which import nothing but what they compute with.": (
        "matplotlib", "plotly", "seaborn",
    ),
    "Tests stand in files of their own.": ("pytest", "unittest", "grader"),
}
"""What to do in place of an import that is often tried."""


def explain_refusal(name: str) -> str:
    """Tell the student which import was refused, what to do instead, and what there is."""
    standard = ", ".join(m for m in STANDARD_MODULES if "." not in m and not m.startswith("_"))
    return f"{refusal(name)} There are numpy and, of the standard library, {standard}."


def refusal(name: str) -> str:
    """Tell which import is refused, and what to do instead."""
    top = name.partition(".")[0]
    advice = next((f" {words}" for words, names in _INSTEAD.items() if top in names), "")
    return f"{name!r} cannot be imported, neither here nor when your teacher grades.{advice}"
