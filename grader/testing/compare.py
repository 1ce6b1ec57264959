"""The only comparators of the course: exact type, dtype, shape, finiteness, then values.

NumPy's own `assert_allclose` passes a scalar against a matrix, an empty array against anything
that broadcasts, and nan against nan. These do not.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from grader.testing.failure import CheckFailed, StudentFailed
from grader.testing.record import Tolerance, report

SHOWN_ITEMS = 24
SHOWN_CHARACTERS = 400


def check_array(
    actual: object,
    expected: npt.ArrayLike,
    *,
    rtol: float = 1e-7,
    atol: float = 1e-9,
    dtype: npt.DTypeLike | None = None,
    name: str = "the answer",
) -> None:
    """Compare an array with what it must be.

    `actual` must be exactly a `numpy.ndarray` (no subclass) with the dtype and shape of `expected`
    (or the dtype given), nan and infinities in the same places, and |actual − expected| <= atol +
    rtol · |expected| elsewhere. Raises `CheckFailed`.
    """
    wanted = np.asarray(expected)
    report(Tolerance(rtol, atol))
    if type(actual) is not np.ndarray:
        raise CheckFailed("type", f"{_cap(name)} should be an array, not {describe_type(actual)}.")
    wanted_dtype = np.dtype(dtype) if dtype is not None else wanted.dtype
    if actual.dtype != wanted_dtype:
        raise CheckFailed(
            "dtype",
            f"{_cap(name)} should have dtype {wanted_dtype}, not {actual.dtype}.",
            actual=str(actual.dtype), expected=str(wanted_dtype),
        )
    if actual.shape != wanted.shape:
        raise CheckFailed(
            "shape", f"{_cap(name)} has the wrong shape.",
            actual=f"shape {_shape(actual.shape)}", expected=f"shape {_shape(wanted.shape)}",
        )
    difference = _difference(actual, wanted, Tolerance(rtol, atol), name)
    if difference is not None:
        raise difference


def _difference(
    actual: npt.NDArray[Any], wanted: npt.NDArray[Any], tolerance: Tolerance, name: str
) -> CheckFailed | None:
    """Say how two arrays of one shape differ, or None."""
    if not _same_finiteness(actual, wanted):
        return CheckFailed("finiteness", _finiteness_sentence(actual, wanted, name),
                           actual=show(actual), expected=show(wanted))
    if not close(actual, wanted, tolerance):
        return CheckFailed("values", f"{_cap(name)} has the right shape but other numbers.",
                           actual=show(actual), expected=show(wanted))
    return None


def _same_finiteness(actual: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> bool:
    if actual.dtype.kind not in "fc" or (np.isfinite(actual).all() and np.isfinite(wanted).all()):
        return True
    return bool(
        np.array_equal(np.isnan(actual), np.isnan(wanted))
        and np.array_equal(actual[np.isinf(actual)], wanted[np.isinf(wanted)])
        and np.array_equal(np.isinf(actual), np.isinf(wanted))
    )


def _finiteness_sentence(actual: npt.NDArray[Any], wanted: npt.NDArray[Any], name: str) -> str:
    for what, found in (("nan", np.isnan), ("an infinity", np.isinf)):
        if found(actual).any() and not found(wanted).any():
            where = [int(i) for i in np.argwhere(found(actual))[0]]
            at = f", first at index {where}" if where else ""
            return f"{_cap(name)} holds {what}{at}."
    return f"{_cap(name)} is infinite or nan in other places than it should be."


def close(actual: npt.NDArray[Any], wanted: npt.NDArray[Any], tolerance: Tolerance) -> bool:
    """Tell whether two arrays of one shape and finiteness hold the same numbers."""
    if actual.size == 0:
        return True
    if actual.dtype.kind in "biu" and wanted.dtype.kind in "biu":
        return bool(np.array_equal(actual, wanted))
    with np.errstate(all="ignore"):
        a = actual.astype(np.complex128 if actual.dtype.kind == "c" else np.float64, copy=False)
        w = wanted.astype(np.complex128 if wanted.dtype.kind == "c" else np.float64, copy=False)
        finite = np.isfinite(w)
        return bool((np.abs(a - w)[finite] <= tolerance.atol + tolerance.rtol * np.abs(w[finite])).all())


def check_number(
    actual: object, expected: float, *, rtol: float = 1e-7, atol: float = 1e-9, name: str = "the answer"
) -> None:
    """Compare one real number; a Python or NumPy int or float is accepted, an array or bool is not."""
    report(Tolerance(rtol, atol))
    if type(actual) not in (int, float) and not _is_real_scalar(actual):
        raise CheckFailed("type", f"{_cap(name)} should be one number, not {describe_type(actual)}.")
    value = np.asarray(actual, dtype=np.float64)
    difference = _difference(value, np.asarray(expected, dtype=np.float64), Tolerance(rtol, atol), name)
    if difference is not None and difference.kind == "finiteness":
        raise difference
    if difference is not None:
        raise CheckFailed("values", f"{_cap(name)} is another number.",
                          actual=show(actual), expected=show(expected))


def _is_real_scalar(value: object) -> bool:
    return isinstance(value, np.generic) and value.dtype.kind in "iuf"


def check_tree(
    actual: object, expected: object, *, rtol: float = 1e-7, atol: float = 1e-9, name: str = "the answer"
) -> None:
    """Compare nested tuples, lists and dicts of arrays, numbers, strings, bools and None, leaf by leaf."""
    if isinstance(expected, np.ndarray):
        check_array(actual, expected, rtol=rtol, atol=atol, name=name)
    elif isinstance(expected, bool) or expected is None or isinstance(expected, str):
        if type(actual) is not type(expected) or actual != expected:
            raise CheckFailed("values", f"{_cap(name)} is something else than it should be.",
                              actual=show(actual), expected=show(expected))
    elif isinstance(expected, (int, float, np.generic)):
        check_number(actual, float(expected), rtol=rtol, atol=atol, name=name)
    elif isinstance(expected, dict):
        _check_keys(actual, expected, name)
        for key, part in expected.items():
            check_tree(actual[key], part, rtol=rtol, atol=atol, name=f"{name}[{key!r}]")  # type: ignore[index]
    elif isinstance(expected, (tuple, list)):
        _check_length(actual, expected, name)
        for i, part in enumerate(expected):
            check_tree(actual[i], part, rtol=rtol, atol=atol, name=f"{name}[{i}]")  # type: ignore[index]
    else:
        raise TypeError(f"check_tree cannot compare with a {type(expected).__name__}")


def _check_keys(actual: object, expected: dict[Any, Any], name: str) -> None:
    if type(actual) is not dict:
        raise CheckFailed("type", f"{_cap(name)} should be a dict, not {describe_type(actual)}.")
    if set(actual) != set(expected):
        raise CheckFailed("structure", f"{_cap(name)} has other keys than it should have.",
                          actual=", ".join(map(str, actual)), expected=", ".join(map(str, expected)))


def _check_length(actual: object, expected: tuple[Any, ...] | list[Any], name: str) -> None:
    kind = type(expected)
    if type(actual) is not kind:
        raise CheckFailed("type", f"{_cap(name)} should be a {kind.__name__} of {len(expected)}, "
                                  f"not {describe_type(actual)}.")
    if len(actual) != len(expected):
        raise CheckFailed("structure", f"{_cap(name)} should have {len(expected)} parts, "
                                       f"not {len(actual)}.")


def check_raises(error: type[Exception], function: Callable[..., object], *args: Any, **kwargs: Any) -> None:
    """Call a student's function with bad input and demand this error (or a subclass of it)."""
    try:
        answer = function(*args, **kwargs)
    except StudentFailed as failure:
        if failure.is_a(error):
            return
        if failure.kind != "raised":
            raise
        raise CheckFailed("wrong_error", f"This input should raise {error.__name__}, not {failure.error}.",
                          actual=failure.sentence) from None
    except error:
        return
    raise CheckFailed("no_error", f"This input should raise {error.__name__}, but an answer came back.",
                      actual=show(answer))


def check_that(condition: object, sentence: str, *, actual: object = None) -> None:
    """Demand a property that the test has computed; `sentence` says what should hold.

    `condition` must be exactly True: an array or a string that happens to be true is refused.
    """
    if type(condition) not in (bool, np.bool):
        raise TypeError("check_that needs a bool: write bool(...) or .all() around the condition")
    if not condition:
        raise CheckFailed("property", sentence, actual="" if actual is None else show(actual))


def describe_type(value: object) -> str:
    """Name what came back, with an article: 'a tuple of 2', 'None', 'an array'."""
    if value is None:
        return "None (is a return missing?)"
    if type(value) in (tuple, list, dict):
        return f"a {type(value).__name__} of {len(value)}"  # type: ignore[arg-type]
    if isinstance(value, np.ndarray):
        return f"an array of shape {_shape(value.shape)}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def show(value: object) -> str:
    """Print a value short enough for a line or two of feedback."""
    if isinstance(value, np.ndarray) and value.size > SHOWN_ITEMS:
        return f"array of shape {_shape(value.shape)} that begins {show(value.ravel()[:6])}"
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=4, suppress_small=True, threshold=SHOWN_ITEMS)
    if isinstance(value, (tuple, list)):
        inner = ", ".join(show(v) for v in value[:8])
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_outline(part)}" for key, part in list(value.items())[:8]) + "}"
    if isinstance(value, np.random.Generator):
        return "rng"  # its own name would be an address in memory, another one in each run
    if isinstance(value, np.generic):
        value = value.item()
    text = f"{value:.6g}" if type(value) is builtins.float else repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + " …"


def _outline(value: object) -> str:
    """Show an array inside a dict by its shape: parameters are too many numbers to read."""
    if isinstance(value, np.ndarray):
        return f"array of shape {_shape(value.shape)}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return f"[{_outline(value[0])}, …]" if len(value) > 1 else f"[{_outline(value[0])}]"
    return show(value)


def _shape(shape: tuple[int, ...]) -> str:
    return "[" + ", ".join(map(str, shape)) + "]"


def _cap(name: str) -> str:
    return name[:1].upper() + name[1:]
