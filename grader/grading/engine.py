"""Grade one submission: read, inspect, run, score, diagnose, put together."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grader
from grader.course import Course, Exercise, Lesson
from grader.errors import CourseError
from grader.grading import feedback, scoring, session
from grader.grading.diagnosis import Diagnosis, Diagnostician
from grader.grading.evidence import ExerciseEvidence, TestEvidence
from grader.grading.students import ReferenceDoors, SandboxedPackage, seen
from grader.render.text import neutralise
from grader.result import (
    CheckpointResult,
    CourseStamp,
    CriterionResult,
    ExerciseResult,
    Feedback,
    IntegrityProblem,
    Isolation,
    LessonResult,
    Result,
    Status,
    SubmissionStamp,
    Visibility,
)
from grader.sandbox import Box, Inspection, Killed, body_digest
from grader.submission import Submission, read_submission
from grader.testing import StudentFailed

GIVEN_PACKAGE_MODULE = "__init__"
PUBLIC_SECRET = b"public tests have fixed seeds"


@dataclass(frozen=True)
class Order:
    """What to grade of a submission, and how."""

    exercises: tuple[Exercise, ...]
    path: str | None = None
    secret: bytes = PUBLIC_SECRET
    public_only: bool = False


@dataclass
class _Run:
    """What one submission's run left behind."""

    evidence: dict[str, ExerciseEvidence]
    inspections: dict[str, Inspection | Killed]
    record: dict[str, Any]


class Grader:
    """Grades many submissions of one course in one process; what can be shared is made once."""

    def __init__(self, course: Course, box: Box) -> None:
        self.course = course
        self.box = box
        self._doors: ReferenceDoors | None = None
        self._diagnostician: Diagnostician | None = None
        if course.edition == "teacher":
            self._doors = ReferenceDoors(box, course, self.reference)
            self._diagnostician = Diagnostician(box, course, self.reference)

    @cached_property
    def reference(self) -> Mapping[str, str]:
        """Read the reference's modules."""
        return read_submission(self.course.reference, self.course.package).modules

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
        order = Order(wanted, path, secret or secrets.token_bytes(32))
        run = self._run(submission, order, progress)
        if record:
            write_record(record, order, self.box, run.record)
        return self._result(submission, order, run)

    def check(
        self, submission: Submission, *, exercises: Collection[str] | None = None,
        progress: session.Progress | None = None,
    ) -> Result:
        """Run the public tests on the student's own package, without doors."""
        wanted = tuple(e for e in self.course.exercises.values() if exercises is None or e.id in exercises)
        order = Order(wanted, public_only=True)
        return self._result(submission, order, self._run(submission, order, progress))

    def _modules(self, submission: Submission) -> dict[str, str]:
        """Take exercises and helpers from the submission; given modules always come from the course."""
        if self.course.edition == "student":
            return dict(submission.modules)
        given = {GIVEN_PACKAGE_MODULE, *self.course.given_modules}
        own = {name: text for name, text in submission.modules.items() if name not in given}
        return own | {name: self.reference[name] for name in given if name in self.reference}

    def _run(self, submission: Submission, order: Order, progress: session.Progress | None) -> _Run:
        modules = self._modules(submission)
        package = SandboxedPackage(self.box, self.course, modules, rejected=submission.rejected,
                                   doors=None if order.public_only else self._doors)
        evidence = {e.id: ExerciseEvidence() for e in order.exercises}
        try:
            inspections = {m: package.inspect(m) for m in {e.module for e in order.exercises}
                           if m in modules}
            self._note_inspections(order, inspections, evidence)
            plan = session.Plan(order.exercises, order.public_only,
                                session.seeds(order.secret, order.exercises, self._sources(modules)))
            record: dict[str, Any] = {"tests": []}
            if not all(e.not_started for e in evidence.values()):
                record = session.run(
                    session.Session(self.course, package, plan, evidence, progress))
        finally:
            package.close()
        for e in order.exercises:
            evidence[e.id].seconds = package.seconds.get(e.id, 0.0)
            if self.course.edition == "student":  # it has no stubs to compare with, and gives no score
                evidence[e.id].not_started = any(_untouched(e, t) for t in evidence[e.id].tests)
        return _Run(evidence, inspections, record)

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

    def _sources(self, modules: Mapping[str, str]) -> dict[str, str]:
        """Give for each exercise the text that its inputs depend on: its module and the helpers."""
        shared = {GIVEN_PACKAGE_MODULE, *self.course.given_modules, *self.course.exercise_modules}
        helpers = "\0".join(f"{name}\0{modules[name]}" for name in sorted(set(modules) - shared))
        return {e.id: f"{modules.get(e.module, '')}\0{helpers}" for e in self.course.exercises.values()}

    # putting the result together
    def _result(self, submission: Submission, order: Order, run: _Run) -> Result:
        lessons = tuple(
            self._lesson(lesson, order, run) for lesson in self.course.lessons
            if any(e.lesson == lesson.id for e in order.exercises)
        )
        if order.public_only:
            lessons = _with_blocked(self.course, lessons)
        return Result(
            course=CourseStamp(self.course.id, self.course.version, self.course.digest),
            submission=SubmissionStamp(neutralise(submission.id), submission.commit, submission.digest,
                                       submission.source),
            graded_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            seed_id=seed_id(order.secret),
            grader_version=grader.__version__,
            isolation=Isolation(self.box.level, tuple(self.box.proved), tuple(self.box.missing)),
            trust="advisory",
            score=sum(lesson.score for lesson in lessons),
            max_score=sum(lesson.max_score for lesson in lessons),
            path=order.path,
            checkpoints=self._checkpoints(lessons),
            lessons=lessons,
            integrity=tuple(IntegrityProblem(neutralise(p.file), neutralise(p.problem))
                            for p in submission.problems),
            warnings=self._warnings(submission),
        )

    def _warnings(self, submission: Submission) -> tuple[str, ...]:
        if self.course.edition == "student":
            return ()
        given = [GIVEN_PACKAGE_MODULE, *self.course.given_modules]
        changed = [m for m in given if m in submission.modules and m in self.reference
                   and submission.modules[m] != self.reference[m]]
        return tuple(f"{self.course.package}/{m}.py differs from the course's; the course's was used"
                     for m in changed)

    def _lesson(self, lesson: Lesson, order: Order, run: _Run) -> LessonResult:
        weights = scoring.points_on_path(lesson, order.path)
        exercises = tuple(self._exercise(e, order, run, weights) for e in order.exercises
                          if e.lesson == lesson.id)
        checkpoint = next((c.id for c in self.course.checkpoints if lesson.id in c.lessons), None)
        hidden = sum(c.points for e in order.exercises if e.lesson == lesson.id
                     for c in e.criteria if not c.public)
        return LessonResult(
            lesson.id, lesson.title, sum(e.score for e in exercises), sum(e.max_score for e in exercises),
            exercises, checkpoint, unchecked=hidden if order.public_only else 0,
        )

    def _exercise(
        self, exercise: Exercise, order: Order, run: _Run, weights: Mapping[tuple[str, str], int]
    ) -> ExerciseResult:
        evidence = run.evidence[exercise.id]
        verdicts = [scoring.judge(c, evidence, public_only=order.public_only)
                    for c in exercise.criteria if c.public or not order.public_only]
        diagnoses = self._diagnose(exercise, evidence, verdicts)
        inspection = run.inspections.get(exercise.module)
        functions = tuple(inspection.functions) if isinstance(inspection, Inspection) else ()
        criteria = tuple(
            _criterion(v, weights[exercise.id, v.criterion.id],
                       feedback.write(self.course, exercise, v, diagnoses.get(v.criterion.id), functions))
            for v in verdicts
        )
        return ExerciseResult(
            exercise.id, exercise.function, scoring.exercise_status(verdicts),
            sum(c.score for c in criteria), sum(c.points for c in criteria),
            round(evidence.seconds, 3), criteria, feedback.location(self.course, exercise, evidence),
        )

    def _diagnose(
        self, exercise: Exercise, evidence: ExerciseEvidence, verdicts: list[scoring.Verdict]
    ) -> dict[str, Diagnosis]:
        stands = all(v.status in ("passed", "not_started") for v in verdicts)
        if stands or self._diagnostician is None:
            return {}
        return self._diagnostician.diagnose(exercise, evidence, verdicts)

    def _checkpoints(self, lessons: tuple[LessonResult, ...]) -> tuple[CheckpointResult, ...]:
        graded = {lesson.id: lesson for lesson in lessons}
        return tuple(
            _checkpoint(c.id, c.title, [graded[i] for i in c.lessons if i in graded])
            for c in self.course.checkpoints if any(i in graded for i in c.lessons)
        )

    def close(self) -> None:
        """End the workers that are shared between submissions."""
        if self._doors:
            self._doors.close()
        if self._diagnostician:
            self._diagnostician.close()

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


def _criterion(
    verdict: scoring.Verdict, points: int, text: Feedback | None
) -> CriterionResult:
    criterion = verdict.criterion
    visibility: Visibility = "public" if criterion.public else "hidden"
    score = points if verdict.status == "passed" else 0
    return CriterionResult(criterion.id, criterion.text, points, score, verdict.status, visibility, text)


def _checkpoint(checkpoint: str, title: str, lessons: list[LessonResult]) -> CheckpointResult:
    exercises = [e for lesson in lessons for e in lesson.exercises]
    open_ = [e for e in exercises if e.status != "passed"]
    status: Status = "passed"
    text = "Everything here has passed."
    if exercises and all(e.status == "not_started" for e in exercises):
        status, text = "not_started", f"Nothing is started yet. Begin with {_name(exercises[0])}."
    elif open_:
        lost = sum(e.max_score - e.score for e in open_)
        points = "1 point is" if lost == 1 else f"{lost} points are"
        status = "failed"
        text = (f"{len(exercises) - len(open_)} of {len(exercises)} exercises have passed; "
                f"{points} still open. Go on with {_name(open_[0])}.")
    return CheckpointResult(
        checkpoint, title, status, sum(lesson.score for lesson in lessons),
        sum(lesson.max_score for lesson in lessons), text, tuple(lesson.id for lesson in lessons))


def _name(exercise: ExerciseResult) -> str:
    return f"{exercise.id} {exercise.function}"


def _with_blocked(course: Course, lessons: tuple[LessonResult, ...]) -> tuple[LessonResult, ...]:
    """Say of a failure that depends on a failed earlier exercise that it waits for that one."""
    status = {e.id: e.status for lesson in lessons for e in lesson.exercises}

    def settle(exercise: ExerciseResult) -> ExerciseResult:
        open_ = tuple(n for n in course.exercises[exercise.id].needs if status.get(n, "passed") != "passed")
        if exercise.status in ("passed", "not_started") or not open_:
            return exercise
        criteria = tuple(c if c.status == "passed" else replace(c, status="blocked", feedback=None)
                         for c in exercise.criteria)
        return replace(exercise, status="blocked", waits_for=open_, criteria=criteria)

    return tuple(replace(lesson, exercises=tuple(settle(e) for e in lesson.exercises))
                 for lesson in lessons)


def seed_id(secret: bytes) -> str:
    """Name a secret without telling it."""
    return hashlib.sha256(b"seed-id\0" + secret).hexdigest()[:16]


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


