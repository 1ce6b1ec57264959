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


def explain_refusal(name: str) -> str:
    """Tell the student which import was refused, and what there is instead."""
    standard = ", ".join(m for m in STANDARD_MODULES if "." not in m and not m.startswith("_"))
    return f"{name!r} is not available here. There are numpy and, of the standard library, {standard}"
