"""Write how a student's function failed in a public test: the line, what was computed there, and why.

Only for public tests: the text of an error, and all that stands here, may hold what the function was given.
"""

from __future__ import annotations

from collections.abc import Iterator

from grader.grading.explain import explain
from grader.testing import CheckFailed, StudentFailed
from grader.testing.failure import Scene, StudentFrame, StudentOperand
from grader.testing.record import Call

MESSAGE_CHARACTERS = 400
CALLERS = 2
"""So many of the lines on the way to the error are shown."""


def error_lines(failure: StudentFailed) -> Iterator[str]:
    """Tell of an error in the student's own frames; those of libraries are left out."""
    where = failure.frames[-1] if failure.frames else None
    if where is None:
        yield f"{failure.error} when your function was called:"
    else:
        yield f"{failure.error} in {_place(where)}:"
        if where.code:
            yield f"    {_without_comment(where.code)}"
        yield from _scene_lines(failure.scene, where.code)
    yield from (explain(failure) or _own_words(failure)).split("\n")
    if where is None and failure.error == "TypeError":
        yield "Its arguments should be those that the exercise names, in that order."
    yield from _callers(failure.frames)


def _without_comment(code: str) -> str:
    """Leave out a comment behind the code, unless the sign may stand in a text."""
    return code if "'" in code or '"' in code or code.startswith("#") else code.partition("#")[0].rstrip()


def _place(frame: StudentFrame) -> str:
    inside = "" if frame.function.startswith("<") else f", in {frame.function}"
    return f"{frame.file}, line {frame.line}{inside}"


def _scene_lines(scene: Scene, code: str) -> Iterator[str]:
    """Say what the names held, and in which part of the line, where that is not all of it."""
    if not scene.operands:
        return
    operation = " ".join(scene.operation.split())
    whole = operation in ("", _without_comment(code)) or "\n" in scene.operation
    held = ", ".join(f"{o.name} is {_held(o)}" for o in scene.operands)
    yield f"Here {held}." if whole else f"In {operation}: {held}."


def _held(operand: StudentOperand) -> str:
    if operand.kind == "NoneType":
        return "None"
    if operand.shape is None or (operand.kind not in _PARTS and not operand.shape):
        return f"{'an' if operand.kind[0] in 'aeiou' else 'a'} {operand.kind}"
    if operand.kind in _PARTS:
        return f"a {operand.kind} of {operand.shape[0]}"
    return f"{operand.kind} [{', '.join(map(str, operand.shape))}]"


_PARTS = ("list", "tuple", "dict")


def _own_words(failure: StudentFailed) -> str:
    words = failure.message.strip()[:MESSAGE_CHARACTERS]
    return f"It says: {words}" if words else "It says nothing more."


def _callers(frames: tuple[StudentFrame, ...]) -> Iterator[str]:
    """Name the student's lines that led there, the nearest first."""
    callers = [f for f in reversed(frames[:-1]) if (f.file, f.line) != (frames[-1].file, frames[-1].line)]
    for frame in callers[:CALLERS]:
        yield f"It was called from {_place(frame)}: {_without_comment(frame.code)}"
    if len(callers) > CALLERS:
        yield f"({len(callers) - CALLERS} more of your lines led there.)"


def warning_lines(failure: CheckFailed, calls: tuple[Call, ...]) -> Iterator[str]:
    """Name the operation that NumPy warned of first, where nan or infinity is what is wrong."""
    warned = calls[-1].warned if calls and failure.kind == "finiteness" else None
    if warned is None:
        return
    yield f"{_WARNED[warned.what]} in {warned.operation}, in {_place(warned.frame)}:"
    if warned.frame.code:
        yield f"    {_without_comment(warned.frame.code)}"


_WARNED = {
    "overflow": "The first number that grew too large came up",
    "divide by zero": "The first division by zero, or logarithm of zero, came up",
    "invalid value": "The first result that is no number came up",
}
