"""Grade one submission: choose its sources, inspect, run, and have a result put together."""

from __future__ import annotations

import ast
import json
import os
import secrets
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from grader.course import Course, Exercise
from grader.course.shipped import protected_files
from grader.errors import CourseError
from grader.grading import scoring, session
from grader.grading.assembly import Assembly, is_own
from grader.grading.diagnosis import REFERENCE, Diagnostician, Witness
from grader.grading.doors import ReferenceDoors
from grader.grading.evidence import ExerciseEvidence, TestEvidence
from grader.grading.known import FingerprintWitness
from grader.grading.notebooks import choose_sources
from grader.grading.order import Order, Run, seed_id
from grader.grading.questions import Keys
from grader.grading.students import SandboxedPackage, seen
from grader.result import Isolation, Result
from grader.sandbox import Box, Inspection, Killed, Reply, body_digest
from grader.submission import Submission, read_submission
from grader.testing import StudentFailed
from grader.testing.record import Call

GIVEN_PACKAGE_MODULE = "__init__"


class Grader:
    """Grades many submissions of one course in one process; what can be shared is made once."""

    def __init__(self, course: Course, box: Box) -> None:
        self.course = course
        self.box = box
        self._doors: ReferenceDoors | None = None
        self._witness: Witness = FingerprintWitness(course)
        if course.edition == "teacher":
            self._doors = ReferenceDoors(box, course, self.reference)
            self._witness = Diagnostician(box, course, self.reference)

    @cached_property
    def reference(self) -> Mapping[str, str]:
        """Read the reference's modules; of a student's copy, the modules that lie in it."""
        root = self.course.reference if self.course.edition == "teacher" else self.course.root
        return read_submission(root, self.course.package).modules

    @cached_property
    def _assembly(self) -> Assembly:
        isolation = Isolation(self.box.level, tuple(self.box.proved), tuple(self.box.missing))
        protected = protected_files(self.course)
        return Assembly(self.course, isolation, protected, self._witness, Keys(self.course))

    @cached_property
    def _stub_bodies(self) -> dict[str, str]:
        """Map exercise to the digest of its untouched body, from the stub in its lesson's folder."""
        bodies: dict[str, str] = {}
        for lesson in self.course.lessons:
            stub = lesson.folder / f"{lesson.module}.py"
            tree = ast.parse(stub.read_text(encoding="utf-8")) if stub.is_file() else ast.Module([], [])
            defs = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
            bodies |= {e.id: body_digest(defs[e.function]) for e in lesson.exercises if e.function in defs}
        return bodies

    def grade(
        self, submission: Submission, *, lessons: Collection[str] | None = None, path: str | None = None,
        secret: bytes | None = None, exercises: Collection[str] | None = None,
        record: Path | None = None, progress: session.Progress | None = None,
    ) -> Result:
        """Run public and hidden tests; what an exercise needs is answered by the reference."""
        if self.course.edition != "teacher":
            raise CourseError("this is a student's copy of the course, without hidden tests",
                              where=str(self.course.assignments / "course.toml"),
                              fix="use `grader check`, or give the teacher's course with --course DIR")
        wanted = scoring.selected(self.course, None if lessons is None else list(lessons), path)
        wanted = tuple(e for e in wanted if exercises is None or e.id in exercises)
        order = Order(wanted, path, secret or secrets.token_bytes(32),
                      questions=lessons is None and exercises is None)
        sources = choose_sources(self.course, submission)
        run = self._run(sources.submission, order, progress)
        if record:
            write_record(record, order, self.box, run.record)
        return self._assembly.result(sources, order, run)

    def replay(
        self, submission: Submission, exercise: Exercise, *, path: str | None, secret: bytes
    ) -> tuple[Result, ExerciseEvidence]:
        """Grade one exercise again, after all that it builds on; give the result and what its tests saw."""
        needed = {e.id for e in (*self.course.foundations(exercise), exercise)}
        wanted = tuple(e for e in scoring.selected(self.course, None, path) if e.id in needed)
        order = Order(wanted, path, secret)
        sources = choose_sources(self.course, submission)
        run = self._run(sources.submission, order, None)
        return self._assembly.result(sources, order, run), run.evidence[exercise.id]

    def reference_answer(self, exercise: Exercise, call: Call) -> Reply:
        """Give what the reference answers to a recorded call."""
        if not isinstance(self._witness, Diagnostician):
            raise CourseError("there is no reference in a student's copy of the course",
                              where=str(self.course.root), fix="name the teacher's course with --course DIR")
        return self._witness.answer(exercise, REFERENCE, call)

    def check(
        self, submission: Submission, *, exercises: Collection[str] | None = None,
        progress: session.Progress | None = None,
    ) -> Result:
        """Run the public tests on the student's own package, without doors."""
        path = self.course.on_path
        wanted = tuple(e for e in scoring.selected(self.course, None, path)
                       if exercises is None or e.id in exercises)
        order = Order(wanted, path, public_only=True, questions=exercises is None)
        sources = choose_sources(self.course, submission)
        return self._assembly.result(sources, order, self._run(sources.submission, order, progress))

    def _modules(self, submission: Submission) -> dict[str, str]:
        """Take exercises and helpers from the submission; given modules always come from the course."""
        if is_own(self.course, submission):
            return dict(submission.modules)
        given = self._given()
        own = {name: text for name, text in submission.modules.items() if name not in given}
        return own | {name: self.reference[name] for name in given if name in self.reference}

    def _run(self, submission: Submission, order: Order, progress: session.Progress | None) -> Run:
        modules = self._modules(submission)
        package = SandboxedPackage(self.box, self.course, modules, rejected=submission.rejected,
                                   doors=None if order.public_only else self._doors)
        evidence = {e.id: ExerciseEvidence() for e in order.exercises}
        try:
            written = {e.module for e in order.exercises} | self._helpers(modules)
            inspections = {m: package.inspect(m) for m in sorted(written) if m in modules}
            self._note_inspections(order, inspections, evidence)
            plan = session.Plan(order.exercises, order.public_only,
                                session.seeds(order.secret, order.exercises, self._sources(order, modules)))
            record: dict[str, Any] = {"tests": []}
            if not all(e.not_started for e in evidence.values()):
                record = session.run(
                    session.Session(self.course, package, plan, evidence, progress, self.box.folder))
        finally:
            package.close()
        for e in order.exercises:
            evidence[e.id].seconds = package.seconds.get(e.id, 0.0)
            if self.course.edition == "student":  # it has no stubs to compare with, and gives no score
                evidence[e.id].not_started = any(_untouched(e, t) for t in evidence[e.id].tests)
        return Run(evidence, inspections, record, self._replaced(submission))

    def _note_inspections(
        self, order: Order, inspections: Mapping[str, Inspection | Killed],
        evidence: dict[str, ExerciseEvidence],
    ) -> None:
        for e in order.exercises:
            found = seen(inspections[e.module], e.function) if e.module in inspections else None
            if found:
                evidence[e.id].line = found.line
                evidence[e.id].not_started = (
                    self.course.edition == "teacher"
                    and found.body is not None and found.body == self._stub_bodies.get(e.id)
                )

    def _sources(self, order: Order, modules: Mapping[str, str]) -> dict[str, str]:
        """Give for each exercise the text that its inputs depend on: its module and the helpers.

        The public tests alone have the same inputs for everybody: those of the fingerprints.
        """
        if order.public_only:
            return dict.fromkeys(self.course.exercises, "")
        helpers = "\0".join(f"{name}\0{modules[name]}" for name in sorted(self._helpers(modules)))
        return {e.id: f"{modules.get(e.module, '')}\0{helpers}" for e in self.course.exercises.values()}

    def _helpers(self, modules: Collection[str]) -> set[str]:
        """Name the modules that students have added."""
        return set(modules) - {*self._given(), *self.course.exercise_modules}

    def _given(self) -> tuple[str, ...]:
        """Name the modules that nobody has to write."""
        return (GIVEN_PACKAGE_MODULE, *self.course.given_modules)

    def _replaced(self, submission: Submission) -> tuple[str, ...]:
        """Name the given modules that somebody has changed, which counts for nothing."""
        if self.course.edition == "student":
            return ()
        return tuple(m for m in self._given() if m in submission.modules and m in self.reference
                     and submission.modules[m] != self.reference[m])

    def close(self) -> None:
        """End the workers that are shared between submissions."""
        if self._doors:
            self._doors.close()
        self._witness.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _untouched(exercise: Exercise, test: TestEvidence) -> bool:
    """Tell whether a test met the very error that a stub raises."""
    failure = test.failure
    return (isinstance(failure, StudentFailed) and failure.error == "NotImplementedError"
            and failure.sentence == f"{exercise.id} {exercise.function}")


def write_record(file: Path, order: Order, box: Box, record: dict[str, Any]) -> None:
    """Write the teacher's raw record, readable by its owner only: it holds the seed and hidden test names."""
    data = {"secret": order.secret.hex(), "seed_id": seed_id(order.secret), "level": box.level,
            "pytest": record}
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        os.chmod(file, 0o600)  # noqa: PTH101 - an old file may have had a wider mode
        json.dump(data, out, indent=1)


def grade(
    course: Course, submission: Submission, *, box: Box, lessons: Collection[str] | None = None,
    path: str | None = None, secret: bytes | None = None, record: Path | None = None,
    progress: session.Progress | None = None,
) -> Result:
    """Grade one submission with public and hidden tests."""
    with Grader(course, box) as grader_:
        return grader_.grade(submission, lessons=lessons, path=path, secret=secret, record=record,
                             progress=progress)


def check(
    course: Course, submission: Submission, *, box: Box, exercises: Collection[str] | None = None,
    progress: session.Progress | None = None,
) -> Result:
    """Run the public tests on the student's own package."""
    with Grader(course, box) as grader_:
        return grader_.check(submission, exercises=exercises, progress=progress)


