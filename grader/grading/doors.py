"""The reference behind the doors: what a submission's code asks of another exercise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.course import Course, Exercise
from grader.sandbox import Box, Door, Killed, Raised, Reply, Worker


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
        reply = self._ask(door, args, kwargs)
        if isinstance(reply, Killed) and reply.by_a_stranger:
            reply = self._ask(door, args, kwargs)
        if isinstance(reply, Killed):
            return Raised(type="TimeoutError", bases=("OSError", "Exception"), frames=(), printed="",
                          message=f"{door.function} did not answer on this input")
        return reply

    def _ask(self, door: Door, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reply:
        reply = self._worker(door).call(door.function, args, kwargs)
        if isinstance(reply, Killed):
            self._workers.pop(door.module).close()
            self._fresh.discard(door.module)
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
