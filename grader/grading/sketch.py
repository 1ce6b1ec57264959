"""Sketch a value: its form exactly, and a few rounded numbers, one of them made of all the others.

The rounding is coarser than what two processors may differ by, and finer than any mistake.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from grader.course.fingerprints import Sketch
from grader.testing.record import Tolerance

Floats = npt.NDArray[np.float64]

_LONGEST_FORM = 40
_STEP = (5**0.5 - 1) / 2
"""Multiples of the golden ratio never repeat: each place in an array gets a weight of its own."""
_DIGITS = {"float64": (7, 1e-10), "complex128": (7, 1e-10), "float32": (3, 1e-5), "complex64": (3, 1e-5)}
_FEWEST_DIGITS = (2, 1e-2)
"""By dtype: how many digits are kept, and below what a number counts as 0."""
_WHOLE = 3
"""Of up to so many numbers all are kept."""


def sketch(value: Any, *, made_from: Any = None) -> Sketch:
    """Sketch plain data; an answer is no more precise than what it was made from."""
    digits, least = _precision((value, made_from))
    return Sketch(_form(value), tuple(_rounded(n, digits, least) for n in _sample(_floats(value))))


def sketch_of_error(name: str) -> Sketch:
    """Sketch an error: its type."""
    return Sketch(f"!{name}")


def fits(value: Any, wanted: Sketch, tolerance: Tolerance, *, made_from: Any = None) -> bool:
    """Tell whether a value has this form and, within a tolerance and the rounding, these numbers."""
    if _form(value) != wanted.form:
        return False
    floats = _floats(value)
    found = _sample(floats)
    slack = _slack(floats, tolerance)
    digits, least = _precision((value, made_from))
    rounding = 0.5001 * 10.0 ** (1 - digits)
    return len(found) == len(wanted.numbers) and all(
        abs(a - b) <= s + rounding * abs(b) + least
        for a, b, s in zip(found, wanted.numbers, slack, strict=True))


def _form(value: Any) -> str:
    text = _described(value)
    return text if len(text) <= _LONGEST_FORM else "#" + hashlib.sha256(text.encode()).hexdigest()[:16]


def _described(value: Any) -> str:
    """Write all of a value that must be equal: types, shapes, words, whole numbers, where nan stands."""
    if isinstance(value, (np.ndarray, np.generic)):
        name = f"{value.dtype}{list(value.shape)}" if isinstance(value, np.ndarray) else str(value.dtype)
        return name + _exact_part(np.asarray(value))
    if isinstance(value, (tuple, list)):
        inner = ",".join(map(_described, value))
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_described(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, np.random.Generator):
        return f"rng {_digest(repr(value.bit_generator.state).encode())}"
    if type(value) is float:
        return "float" + _exact_part(np.asarray(value))
    return f"{type(value).__name__} {value!r}"


def _exact_part(array: npt.NDArray[Any]) -> str:
    if array.dtype.kind not in "fc":
        return f" {_digest(array.astype('<u8' if array.dtype.kind == 'u' else '<i8').tobytes())}"
    if np.isfinite(array).all():
        return ""
    odd = np.where(np.isnan(array), 1, np.where(np.isposinf(array.real), 2, np.isneginf(array.real) * 3))
    return f" {_digest(odd.astype('<i8').tobytes())}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:8]


def _leaves(value: Any) -> Iterator[npt.NDArray[Any]]:
    """List the arrays of floats in a value, each number of its own as an array of one."""
    if isinstance(value, (tuple, list)):
        for part in value:
            yield from _leaves(part)
    elif isinstance(value, dict):
        for key in sorted(value):
            yield from _leaves(value[key])
    elif isinstance(value, (float, np.ndarray, np.generic)):
        array = np.asarray(value)
        if array.dtype.kind in "fc":
            yield array


def _floats(value: Any) -> Floats:
    """Put all floats of a value in one row; what is not finite stands in its form, and is 0 here."""
    rows: list[Floats] = []
    for leaf in _leaves(value):
        flat = np.ravel(leaf)
        parts = (flat.real, flat.imag) if leaf.dtype.kind == "c" else (flat,)
        rows += [part.astype(np.float64) for part in parts]
    row = np.concatenate([np.zeros(0), *rows], dtype=np.float64)
    row[~np.isfinite(row)] = 0.0
    return row


def _weights(size: int) -> Floats:
    return 1.0 + np.arange(1, size + 1, dtype=np.float64) * _STEP % 1.0


def _places(size: int) -> list[int]:
    return list(range(size)) if size <= _WHOLE else [0, size // 2]


def _sample(floats: Floats) -> list[float]:
    """Give a few numbers and, where there are more, the sum of all, each times a weight of its own."""
    few = [float(floats[place]) for place in _places(floats.size)]
    if floats.size <= _WHOLE:
        return few
    with np.errstate(all="ignore"):
        total = float((floats * _weights(floats.size)).sum())
    return [*few, total if np.isfinite(total) else 0.0]


def _slack(floats: Floats, tolerance: Tolerance) -> list[float]:
    with np.errstate(all="ignore"):
        room = tolerance.atol + tolerance.rtol * np.abs(floats)
        few = [float(room[place]) for place in _places(floats.size)]
        return few if floats.size <= _WHOLE else [*few, float((room * _weights(floats.size)).sum())]


def _precision(value: Any) -> tuple[int, float]:
    """Say how many digits to keep, and below what a number counts as 0, by the coarsest dtype inside."""
    known = [_DIGITS.get(leaf.dtype.name, _FEWEST_DIGITS) for leaf in _leaves(value)]
    return min(known, default=_DIGITS["float64"])


def _rounded(number: float, digits: int, least: float) -> float:
    return 0.0 if abs(number) < least else float(f"{number:.{digits - 1}e}")
