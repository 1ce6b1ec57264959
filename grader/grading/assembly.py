"""Put a result together: judge what a run left behind, diagnose it, and write it down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import grader
from grader.course import Checkpoint, Course, Exercise, Lesson, points_on_path
from grader.grading import feedback, scoring
from grader.grading.checkpoints import checkpoint_result, most, total
from grader.grading.diagnosis import Diagnosis, Witness, diagnose
from grader.grading.evidence import ExerciseEvidence
from grader.grading.notebooks import Sources, name_cells
from grader.grading.order import Order, Run, seed_id
from grader.grading.questions import Keys, judge_questions, look_at_form
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
    QuestionResult,
    Result,
    SubmissionStamp,
    Visibility,
)
from grader.sandbox import Inspection
from grader.sandbox.allowed import refusal
from grader.submission import Answers, Problem, Submission, changed_files


def is_own(course: Course, submission: Submission) -> bool:
    """Tell whether the submission is the very copy of the course that it is checked with."""
    if course.edition == "teacher":
        return False
    return submission.root is None or submission.root.resolve() == course.root.resolve()


@dataclass(frozen=True)
class Assembly:
    """Makes results of runs; it is shared by all submissions of a course."""

    course: Course
    isolation: Isolation
    protected: Mapping[str, str]
    """The files that students do not write -> digest."""
    witness: Witness
    keys: Keys

    def result(self, sources: Sources, order: Order, run: Run) -> Result:
        """Put together what a run of these sources is worth."""
        submission = sources.submission
        lessons = tuple(
            self._lesson(lesson, order, run, sources) for lesson in self.course.lessons
            if any(e.lesson == lesson.id for e in order.exercises)
        )
        if order.public_only:
            lessons = _with_blocked(self.course, lessons)
        checkpoints = self._checkpoints(lessons, order, submission.answers)
        questions = [question for checkpoint in checkpoints for question in checkpoint.questions]
        return Result(
            course=CourseStamp(self.course.id, self.course.version, self.course.digest),
            submission=SubmissionStamp(neutralise(submission.id), submission.commit, submission.digest,
                                       submission.source),
            graded_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            seed_id=seed_id(order.secret),
            grader_version=grader.__version__,
            isolation=self.isolation,
            trust="advisory",
            score=total(*lessons, *questions),
            max_score=most(*lessons, *questions),
            path=order.path,
            checkpoints=checkpoints,
            lessons=lessons,
            integrity=tuple(IntegrityProblem(neutralise(p.file), neutralise(p.problem))
                            for p in (*submission.problems, *self._changed(submission))),
            warnings=(*(f"{self.course.package}/{module}.py differs from the course's; the course's was used"
                        for module in run.replaced),
                      *self._refusals(run, sources), *map(neutralise, sources.warnings)),
        )

    def _changed(self, submission: Submission) -> tuple[Problem, ...]:
        """List what was changed of the files that students do not write."""
        if submission.root is None or not self.protected:
            return ()
        return changed_files(submission.root, self.protected, all_there=is_own(self.course, submission))

    def _refusals(self, run: Run, sources: Sources) -> Iterator[str]:
        """Tell of imports that no test may have reached yet, but that will be refused."""
        for module, inspection in run.inspections.items():
            for line, name in inspection.refused if isinstance(inspection, Inspection) else ():
                file = f"{self.course.package}/{module.replace('.', '/')}.py"
                yield neutralise(name_cells(f"{file}:{line}: {refusal(name)}", module, self.course, sources))

    def _lesson(self, lesson: Lesson, order: Order, run: Run, sources: Sources) -> LessonResult:
        weights = points_on_path(lesson, order.path)
        exercises = tuple(
            name_cells(self._exercise(e, order, run, weights), e.module, self.course, sources)
            for e in order.exercises if e.lesson == lesson.id)
        checkpoint = next((c.id for c in self.course.checkpoints if lesson.id in c.lessons), None)
        hidden = sum(weights[e.id, c.id] for e in order.exercises if e.lesson == lesson.id
                     for c in e.criteria if not c.public)
        return LessonResult(
            lesson.id, lesson.title, sum(e.score for e in exercises), sum(e.max_score for e in exercises),
            exercises, checkpoint, unchecked=hidden if order.public_only else 0,
        )

    def _exercise(
        self, exercise: Exercise, order: Order, run: Run, weights: Mapping[tuple[str, str], int]
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
        return {} if stands else diagnose(self.witness, exercise, evidence, verdicts)

    def _checkpoints(
        self, lessons: tuple[LessonResult, ...], order: Order, answers: Answers
    ) -> tuple[CheckpointResult, ...]:
        graded = {lesson.id: lesson for lesson in lessons}
        return tuple(
            checkpoint_result(c, [graded[i] for i in c.lessons if i in graded],
                              self._questions(c, order, answers))
            for c in self.course.checkpoints if any(i in graded for i in c.lessons)
        )

    def _questions(
        self, checkpoint: Checkpoint, order: Order, answers: Answers
    ) -> tuple[QuestionResult, ...]:
        if not order.questions:
            return ()
        if order.public_only:
            return look_at_form(checkpoint, answers)
        return judge_questions(self.course, checkpoint, answers, self.keys)


def _criterion(
    verdict: scoring.Verdict, points: int, text: Feedback | None
) -> CriterionResult:
    criterion = verdict.criterion
    visibility: Visibility = "public" if criterion.public else "hidden"
    score = points if verdict.status == "passed" else 0
    return CriterionResult(criterion.id, criterion.text, points, score, verdict.status, visibility, text)


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
