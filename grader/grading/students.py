"""Put the sandbox behind the `student` fixture: one confined worker, the doors, the kills."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from grader.course import Course, Exercise
from grader.sandbox import (
    Box,
    Door,
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
from grader.testing.failure import StudentFrame, StudentKind
from grader.testing.record import Call, Recording

KILLS_BEFORE_GIVING_UP = 2
CALLS_BEFORE_GIVING_UP = 2
"""An exercise may wait as long as this many calls that just met their deadline."""
KEPT_BYTES = 32 * 1024 * 1024
"""Answers of one exercise that are kept: a student may send 64 MB a hundred times."""


def wall_seconds(exercise: Exercise) -> float:
    """Give the absolute deadline of one call: sleeping costs no CPU time, so it needs a limit too."""
    return 3.0 * exercise.cpu_seconds + 2.0


class ReferenceDoors:
    """Answer calls through a door with the reference, in a box of its own. Serves many submissions."""

    def __init__(self, box: Box, course: Course, modules: Mapping[str, str]) -> None:
        self._box = box
        self._course = course
        self._modules = modules
        self._workers: dict[str, Worker] = {}
        self._fresh: set[str] = set()
        self._budget = {(e.module, e.function): e for e in course.exercises.values()}

    def refresh(self) -> None:
        """Give every reference worker a new namespace and budget before its next answer."""
        self._fresh.clear()

    def answer(self, door: Door, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reply:
        """Relay one decoded call to the reference; a bomb explodes there, and is told as an error."""
        reply = self._worker(door).call(door.function, args, kwargs)
        if isinstance(reply, Killed):
            self._workers.pop(door.module).close()
            self._fresh.discard(door.module)
            return Raised(type="TimeoutError", bases=("OSError", "Exception"), frames=(), printed="",
                          message=f"{door.function} did not answer on this input")
        return reply

    def _worker(self, door: Door) -> Worker:
        worker = self._workers.get(door.module)
        if worker is None:
            worker = self._workers[door.module] = self._box.worker()
            worker.load(self._course.package, self._modules)
        if door.module not in self._fresh:
            exercise = self._budget[door.module, door.function]
            worker.begin(door.module, cpu_seconds=4 * exercise.cpu_seconds,
                         wall_seconds=wall_seconds(exercise))
            self._fresh.add(door.module)
        return worker

    def close(self) -> None:
        """Close the reference's workers."""
        for worker in self._workers.values():
            worker.close()
        self._workers.clear()


@dataclass
class _Current:
    """The exercise that is being tested."""

    exercise: Exercise
    package: bool
    doors: tuple[Door, ...]
    kills: int = 0
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
        self._killed_imports: dict[str, StudentFailed] = {}
        self._alone: set[str] = set()
        """Modules that are imported without the other exercises' modules, which hang."""
        self.seconds: dict[str, float] = {}
        """CPU seconds by exercise, from the kernel."""

    def inspect(self, module: str) -> Inspection | Killed:
        """Look at a module's functions, in a worker that has not run any of it."""
        return self._live_worker().inspect(module)

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
        """Call one function of the current exercise's module; raise `StudentFailed` if there is no answer."""
        current = self._now()
        if current.broken:
            raise current.broken
        if self._hidden not in self._workers:
            self._begin()
            if current.broken:
                raise current.broken
        reply = self._timed(current, function, args, kwargs)
        if isinstance(reply, Killed):
            raise self._after_kill(reply)
        if isinstance(reply, Raised) and reply.type == "AttributeError" and not reply.frames:
            # Not the message: an error of the student's own without a line looks the same.
            module = self._file(current.exercise.module)
            raise StudentFailed("missing", f"{module} has no function {function}.")
        return _unwrap(reply, function)

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
        if current.kept + size > KEPT_BYTES:
            return False
        current.kept += size
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
        needed = [self._course.exercises[i] for i in exercise.needs if not has_passed(i)]
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
    "wall": "no answer came in time. Does your code wait or sleep?",
    "crash": "the process of your code died.",
    "protocol": "what came back was not an answer of your function.",
}


class StudentProxy:
    """What a test sees as `student`: every attribute is a function in the box."""

    def __init__(self, package: SandboxedPackage, exercise: Exercise, recording: Recording) -> None:
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
            return Call(function, args, kwargs, answer, failure)
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


def _unwrap(reply: Reply, function: str) -> Any:
    if isinstance(reply, Value):
        return reply.value
    if isinstance(reply, Unsupported):
        raise StudentFailed("unsupported", f"The answer should be plain arrays and numbers: {reply.detail}")
    if isinstance(reply, Raised):
        raise StudentFailed(
            "raised", reply.message, error=reply.type, bases=reply.bases,
            frames=tuple(StudentFrame(f.file, f.line, f.function) for f in reply.frames),
        )
    raise TypeError(f"no such reply: {reply!r}")


def _left_out(file: str) -> str:
    """Make a module text that says that the real one was left out."""
    return f"raise ImportError({f'{file} does not finish when it is imported'!r})\n"


def _import_failed(reply: Raised, file: str) -> StudentFailed:
    return StudentFailed(
        "import_failed", f"{file} cannot be imported: {reply.type}: {reply.message}", error=reply.type,
        bases=reply.bases, frames=tuple(StudentFrame(f.file, f.line, f.function) for f in reply.frames),
    )


def _cap(text: str) -> str:
    return text[:1].upper() + text[1:]


def seen(inspection: Inspection | Killed, function: str) -> FunctionSeen | None:
    """Find a function in an inspection, if the module could be read."""
    return None if isinstance(inspection, Killed) else inspection.functions.get(function)
