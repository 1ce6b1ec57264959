"""Put the sandbox behind the `student` fixture: one confined worker, the doors, the kills."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from grader.course import Course, Exercise
from grader.grading.doors import ReferenceDoors, wall_seconds
from grader.sandbox import (
    Box,
    Door,
    Frame,
    FunctionSeen,
    Inspection,
    Killed,
    Raised,
    Reply,
    Unsupported,
    Value,
    Worker,
)
from grader.testing import StudentFailed
from grader.testing.failure import FirstWarning, Scene, StudentFrame, StudentKind, StudentOperand

KILLS_BEFORE_GIVING_UP = 2
CALLS_BEFORE_GIVING_UP = 2
"""An exercise may wait as long as this many calls that just met their deadline."""
KEPT_BYTES = 32 * 1024 * 1024
"""Answers of one exercise that are kept: a student may send 64 MB a hundred times."""
ALL_KEPT_BYTES = 4 * KEPT_BYTES
"""Answers of one submission that are kept."""


@dataclass
class _Current:
    """The exercise that is being tested."""

    exercise: Exercise
    package: bool
    doors: tuple[Door, ...]
    kills: int = 0
    shot: bool = False
    """Whether somebody outside killed its worker once; then the call was made again."""
    broken: StudentFailed | None = None
    waited: float = 0.0
    """Seconds by the clock, over all calls."""
    kept: int = 0
    """Bytes of its answers that are kept for the diagnosis."""


class SandboxedPackage:
    """The student's package, behind the box: two processes for each lesson, new ones after a kill.

    One answers the public tests, the other the hidden ones. Feedback on a public test shows what the
    student's code says, so that process must never have seen a hidden input.
    """

    def __init__(
        self, box: Box, course: Course, modules: Mapping[str, str], *,
        rejected: Mapping[str, str], doors: ReferenceDoors | None,
    ) -> None:
        self._box = box
        self._course = course
        self._modules = modules
        self._rejected = rejected
        self._doors = doors
        self._workers: dict[bool, Worker] = {}
        """By whether they answer hidden tests."""
        self._spent: dict[bool, float] = {}
        self._hidden = False
        self._current: _Current | None = None
        self._kept = 0
        """Bytes of all answers that are kept."""
        self._killed_imports: dict[str, StudentFailed] = {}
        self._alone: set[str] = set()
        """Modules that are imported without the other exercises' modules, which hang."""
        self.warned: FirstWarning | None = None
        self.seconds: dict[str, float] = {}
        """CPU seconds by exercise, from the kernel."""

    def inspect(self, module: str) -> Inspection | Killed:
        """Look at a module's functions, in a worker that has not run any of it."""
        found = self._inspect(module)
        return self._inspect(module) if isinstance(found, Killed) and found.by_a_stranger else found

    def _inspect(self, module: str) -> Inspection | Killed:
        found = self._live_worker().inspect(module)
        if isinstance(found, Killed):
            self._drop_worker()  # what killed it must not cost the next module
        return found

    def enter(
        self, exercise: Exercise, *, package: bool, hidden: bool, has_passed: Callable[[str], bool]
    ) -> None:
        """Begin an exercise, for its public or its hidden tests: fresh namespaces, its doors, its budget.

        What the exercise needs and has not passed is answered by the reference. What has passed stays
        the student's own: it is right, and the rest may rely on its conventions (a huge negative
        number where the reference has minus infinity).
        """
        current = self._current
        if current and (current.exercise.id, current.package) == (exercise.id, package):
            if self._hidden == hidden:
                return
            self._note_seconds()
        else:
            self._note_seconds()
            if current and current.exercise.lesson != exercise.lesson:
                self.close()
            doors = () if package or self._doors is None else self._needed(exercise, has_passed)
            self._current = current = _Current(exercise, package, tuple(doors))
        self._hidden = hidden
        if current.kills < KILLS_BEFORE_GIVING_UP:
            self._begin()

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call one function of the current exercise's module; raise `StudentFailed` if there is no answer.

        What a test asks of another exercise is answered by the reference: else a submission could agree
        with itself, with an earlier function that answers differently once a later one is tested.
        """
        current = self._now()
        self.warned = None
        if current.broken:
            raise current.broken
        other = self._another(current, function)
        if other and self._doors:
            return _unwrap(self._doors.answer(other, args, kwargs))
        reply = self._answered(current, function, args, kwargs)
        if isinstance(reply, Killed) and reply.by_a_stranger and not current.shot:
            current.shot = True
            self._note_seconds()
            self._drop_worker()
            reply = self._answered(current, function, args, kwargs)
        if isinstance(reply, Killed):
            raise self._after_kill(reply)
        if isinstance(reply, Raised) and reply.type == "AttributeError" and not reply.frames:
            # Not the message: an error of the student's own without a line looks the same.
            module = self._file(current.exercise.module)
            raise StudentFailed("missing", f"{module} has no function {function}.")
        if isinstance(reply, Value) and reply.warned:
            warned = reply.warned
            self.warned = FirstWarning(warned.what, warned.operation, _frame(warned.frame))
        return _unwrap(reply)

    def _another(self, current: _Current, function: str) -> Door | None:
        """Find the exercise before the current one that a function belongs to."""
        if current.package or function == current.exercise.function:
            return None
        earlier = self._course.foundations(current.exercise)
        return next((Door(e.module, e.function) for e in earlier if e.function == function), None)

    def _answered(
        self, current: _Current, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Reply:
        """Have the student's function called, in a new worker if there is none."""
        if self._hidden not in self._workers:
            self._begin()
            if current.broken:
                raise current.broken
        return self._timed(current, function, args, kwargs)

    def _timed(
        self, current: _Current, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Reply:
        """Call, and end the exercise when its calls together have taken too long by the clock."""
        started = time.monotonic()
        reply = self._live_worker().call(function, args, kwargs)
        current.waited += time.monotonic() - started
        if current.waited > CALLS_BEFORE_GIVING_UP * wall_seconds(current.exercise):
            sentence = f"{_cap(_KILL_SENTENCES['wall'])} The tests that were left were not run."
            current.broken = StudentFailed("wall", sentence)
        return reply

    def may_keep(self, size: int) -> bool:
        """Tell whether the current exercise's answers leave room for so many bytes more."""
        current = self._now()
        if current.kept + size > KEPT_BYTES or self._kept + size > ALL_KEPT_BYTES:
            return False
        current.kept += size
        self._kept += size
        return True

    def _now(self) -> _Current:
        if self._current is None:
            raise RuntimeError("enter() comes before call()")
        return self._current

    def _live_worker(self) -> Worker:
        """Give the worker for the tests that are running, a new one if there is none."""
        if self._hidden not in self._workers:
            worker = self._workers[self._hidden] = self._box.worker()
            worker.load(self._course.package, self._texts(), owned=self._course.exercise_modules)
            self._spent[self._hidden] = 0.0
        return self._workers[self._hidden]

    def _begin(self) -> None:
        current = self._now()
        module = current.exercise.module
        current.broken = self._known_broken(module)
        if current.broken:
            return
        if self._doors:
            self._doors.refresh()
        reply = self._import(current.exercise, current.doors)
        if isinstance(reply, Killed) and reply.by_a_stranger:
            reply = self._import(current.exercise, current.doors)
        if isinstance(reply, Killed):
            # It may be another exercise's module that hangs: one bug must not cost this one.
            self._alone.add(module)
            reply = self._import(current.exercise, current.doors)
        if isinstance(reply, Killed):
            self._killed_imports[module] = current.broken = StudentFailed(
                _KILLS[reply.reason], f"{self._file(module)} does not finish when it is imported: "
                                      f"{_KILL_SENTENCES[reply.reason]}")
        elif isinstance(reply, Raised):
            current.broken = _import_failed(reply, self._file(module))

    def _import(self, exercise: Exercise, doors: Collection[Door]) -> Reply:
        """Import an exercise's module in the worker; drop the worker if that killed it."""
        reply = self._live_worker().begin(
            exercise.module, doors=doors, answer=self._doors.answer if self._doors else None,
            cpu_seconds=exercise.cpu_seconds, wall_seconds=wall_seconds(exercise),
        )
        if isinstance(reply, Killed):
            self._note_seconds()
            self._drop_worker()
        return reply

    def _texts(self) -> Mapping[str, str]:
        """Give the source texts to load, without other exercises' modules that do not finish importing."""
        module = self._current.exercise.module if self._current else None
        hanging = set(self._killed_imports)
        if module in self._alone:
            hanging |= self._course.exercise_modules
        return {name: _left_out(self._file(name)) if name in hanging - {module} else text
                for name, text in self._modules.items()}

    def _known_broken(self, module: str) -> StudentFailed | None:
        if module in self._rejected:
            return StudentFailed("rejected", self._rejected[module])
        if module not in self._modules:
            return StudentFailed("missing", f"There is no {self._file(module)} in this submission.")
        return self._killed_imports.get(module)

    def _needed(self, exercise: Exercise, has_passed: Callable[[str], bool]) -> Collection[Door]:
        needed = [e for e in self._course.foundations(exercise) if not has_passed(e.id)]
        return [Door(e.module, e.function) for e in needed]

    def _after_kill(self, reply: Killed) -> StudentFailed:
        current = self._now()
        self._note_seconds()
        self._drop_worker()
        current.kills += 1
        failure = StudentFailed(_KILLS[reply.reason], _cap(_KILL_SENTENCES[reply.reason]))
        if current.kills >= KILLS_BEFORE_GIVING_UP:
            current.broken = StudentFailed(
                failure.kind, f"{failure.sentence} It happened twice, so the other tests were not run.")
        return failure

    def _file(self, module: str) -> str:
        return f"{self._course.package}/{module.replace('.', '/')}.py"

    def _note_seconds(self) -> None:
        """Add what the worker has used since the last note to the current exercise."""
        worker = self._workers.get(self._hidden)
        if worker is None or self._current is None:
            return
        used = worker.cpu_seconds
        exercise = self._current.exercise.id
        self.seconds[exercise] = self.seconds.get(exercise, 0.0) + max(0.0, used - self._spent[self._hidden])
        self._spent[self._hidden] = used

    def _drop_worker(self) -> None:
        worker = self._workers.pop(self._hidden, None)
        if worker is not None:
            worker.close()

    def close(self) -> None:
        """End the workers; every process of the submission is gone afterwards."""
        self._note_seconds()
        for hidden in list(self._workers):
            self._workers.pop(hidden).close()
        self._current = None


_KILLS: dict[str, StudentKind] = {"cpu": "cpu", "wall": "wall", "crash": "crash", "protocol": "protocol"}
_KILL_SENTENCES = {
    "cpu": "your code used up its time. Is there a loop that never ends?",
    "wall": "no answer came in time. Does your code wait, or is there a loop that never ends?",
    "crash": "the process of your code died.",
    "protocol": "what came back was not an answer of your function.",
}


def _unwrap(reply: Reply) -> Any:
    if isinstance(reply, Value):
        return reply.value
    if isinstance(reply, Unsupported):
        raise StudentFailed("unsupported", f"The answer should be plain arrays and numbers: {reply.detail}")
    if isinstance(reply, Raised):
        raise _failed("raised", reply.message, reply)
    raise TypeError(f"no such reply: {reply!r}")


def _left_out(file: str) -> str:
    """Make a module text that says that the real one was left out."""
    return f"raise ImportError({f'{file} does not finish when it is imported'!r})\n"


def _import_failed(reply: Raised, file: str) -> StudentFailed:
    return _failed("import_failed", f"{file} cannot be imported: {reply.type}: {reply.message}", reply)


def _failed(kind: StudentKind, sentence: str, reply: Raised) -> StudentFailed:
    operands = tuple(StudentOperand(o.name, o.kind, o.shape) for o in reply.operands)
    return StudentFailed(
        kind, sentence, error=reply.type, bases=reply.bases, frames=tuple(map(_frame, reply.frames)),
        scene=Scene(reply.operation, operands, reply.near), message=reply.message,
    )


def _frame(frame: Frame) -> StudentFrame:
    return StudentFrame(frame.file, frame.line, frame.function, frame.code)


def _cap(text: str) -> str:
    return text[:1].upper() + text[1:]


def seen(inspection: Inspection | Killed, function: str) -> FunctionSeen | None:
    """Find a function in an inspection, if the module could be read."""
    return None if isinstance(inspection, Killed) else inspection.functions.get(function)
