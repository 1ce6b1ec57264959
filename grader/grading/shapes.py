"""Say in plain words which shapes do not fit, from the parts of NumPy's own text."""

from __future__ import annotations

import re
from collections.abc import Mapping

Parts = Mapping[str, str]
"""The named groups of a rule's pattern."""

_SHAPE = r"\(([\d, ]*)\)"


def shape(text: str) -> str:
    """Write NumPy's (3,) and (2, 4) as [3] and [2, 4]; an axis that it would make up is left out."""
    sides = [side.strip() for side in text.strip("() ").split(",")]
    return "[" + ", ".join(side for side in sides if side and side != "newaxis") + "]"


def broadcast(parts: Parts) -> str:
    """Explain arrays that do not go together."""
    shapes = re.findall(_SHAPE, parts["shapes"])
    told = " and ".join(shape(found) for found in shapes)
    clash = _clash([[int(n) for n in found.replace(" ", "").split(",") if n] for found in shapes])
    where = f" Here {clash} do not fit." if clash else ""
    return (f"The shapes {told} do not go together: counted from the last axis, two sizes must be equal, "
            f"or one of them 1.{where}")


def _clash(shapes: list[list[int]]) -> str:
    """Name the first axis, from the last, on which sizes differ and none of them is 1."""
    for axis in range(1, max((len(s) for s in shapes), default=0) + 1):
        sizes = sorted({s[-axis] for s in shapes if len(s) >= axis and s[-axis] != 1})
        if len(sizes) > 1:
            return f"{' and '.join(map(str, sizes))} on axis -{axis}"
    return ""


def remapped(parts: Parts) -> str:
    """Explain a clash of matrix products of a batch, of einsum, or of broadcast_to."""
    shapes = [shape(found) for found in re.findall(r"\(([\d, ]*)\)->", parts["shapes"])]
    if not shapes:
        have, _, want = parts["shapes"].partition("and requested shape")
        return f"An array of shape {shape(have)} cannot be stretched to {shape(want)}."
    return (f"The shapes {' and '.join(shapes)} do not go together: the axes that stand for the same thing, "
            "or for a batch, must be equally long, or 1 long.")


def matmul(parts: Parts) -> str:
    """Explain a matrix product whose sides do not meet."""
    left, right = (parts["want"], parts["have"])
    return ("Rows of the left side are multiplied with columns of the right side, so the last axis of the "
            "left must be as long as the last but one of the right (its only one, if it has one axis). "
            f"Here they are {left} and {right} long.")


def dot(parts: Parts) -> str:
    """Explain np.dot of sides that do not meet."""
    return (f"The shapes {shape(parts['left'])} and {shape(parts['right'])} do not fit: the last axis of the "
            f"left is {parts['a']} long, and the axis of the right that it meets is {parts['b']} long.")


def axis(parts: Parts) -> str:
    """Explain an axis that an array does not have."""
    count = int(parts["count"])
    if count == 0:
        return f"There is no axis {parts['axis']}: this is one number, which has no axes."
    names = "0 or -1" if count == 1 else f"0 to {count - 1}, or -1 to -{count} from the end"
    return f"There is no axis {parts['axis']}: the array has {axes(parts['count'])}, {names}."


def axes(count: str) -> str:
    """Count axes in words."""
    return "1 axis" if count == "1" else f"{count} axes"


def reshape(parts: Parts) -> str:
    """Explain numbers that do not fill a shape."""
    wanted = parts["shape"].replace(" ", "").split(",")
    sides = [int(n) for n in wanted if n.isdigit()]
    product = 1
    for side in sides:
        product *= side
    if "newaxis" in wanted or "-1" in wanted:
        told = ["-1" if side == "newaxis" else side for side in wanted if side]
        return (f"{parts['size']} numbers cannot be laid out as [{', '.join(told)}]: "
                f"{parts['size']} is no multiple of {product}.")
    return (f"{parts['size']} numbers do not fill the shape [{', '.join(map(str, sides))}], "
            f"which holds {product}.")


def cast(parts: Parts) -> str:
    """Explain an operator that cannot write its result in place."""
    return (f"The result of {parts['ufunc']} is {parts['from']}, and an operator such as += or -= "
            f"would have to write it into an array of {parts['to']}. "
            "Make a new array instead: x = x + … keeps the result's dtype.")
