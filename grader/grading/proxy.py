"""What a test sees as `student`: calls go to whoever answers them, and are recorded for the diagnosis."""

from __future__ import annotations

import copy
from typing import Any, Protocol

from grader.course import Exercise
from grader.testing import StudentFailed
from grader.testing.failure import FirstWarning
from grader.testing.record import Call, Recording


class Answering(Protocol):
    """Who answers the calls of a test."""

    warned: FirstWarning | None
    """What NumPy warned of in the last call."""

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Give a function's answer; raises `StudentFailed` if there is none."""

    def may_keep(self, size: int) -> bool:
        """Tell whether there is room to keep so many bytes of answers more."""


class StudentProxy:
    """What a test sees as `student`: every attribute is a function in the box."""

    def __init__(self, package: Answering, exercise: Exercise, recording: Recording) -> None:
        self._package = package
        self._exercise = exercise
        self._recording = recording

    def __getattr__(self, function: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            return self._call(function, args, kwargs)

        return call

    def _call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        seen_args, seen_kwargs = _frozen(args), _frozen(kwargs)
        answer, failure = None, None
        try:
            answer = self._package.call(function, args, kwargs)
        except StudentFailed as error:
            failure = error
            raise
        finally:
            if function == self._exercise.function:
                self._recording.calls.append(
                    self._call_record(function, seen_args, seen_kwargs, answer, failure))
        return answer

    def _call_record(
        self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any], answer: Any,
        failure: StudentFailed | None,
    ) -> Call:
        """Record a call for the diagnosis; answers that would fill the grader's memory are not kept."""
        if self._package.may_keep(_size(answer)):
            return Call(function, args, kwargs, answer, failure, self._package.warned)
        return Call(function, args, kwargs, None, StudentFailed("unsupported", "The answer is too large."))


def _frozen(inputs: Any) -> Any:
    """Copy random generators, which move on when a test draws from them; arrays are shared."""
    if type(inputs).__name__ == "Generator":
        return copy.deepcopy(inputs)
    if type(inputs) is tuple:
        return tuple(_frozen(part) for part in inputs)
    if type(inputs) is dict:
        return {key: _frozen(part) for key, part in inputs.items()}
    return inputs


def _size(answer: Any) -> int:
    """Count the bytes of the arrays in an answer."""
    if isinstance(answer, (tuple, list)):
        return sum(map(_size, answer))
    if isinstance(answer, dict):
        return sum(map(_size, answer.values()))
    return int(getattr(answer, "nbytes", 0))
