"""Gradebooks made without grading: results are written by hand or drawn, for any course."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grader
from grader.classroom import Gradebook
from grader.classroom.ledger import NewAttempt, NewGrading, add, set_lessons, set_settings
from grader.course import Checkpoint, Course, Exercise, Lesson
from grader.result import (
    CheckpointResult,
    CourseStamp,
    CriterionResult,
    ExerciseResult,
    Feedback,
    IntegrityProblem,
    Isolation,
    LessonResult,
    Location,
    MisconceptionFound,
    QuestionResult,
    Result,
    Status,
    SubmissionStamp,
    sign,
    to_json,
)

SEED = "0123456789abcdef"
KEY = b"the teacher's key for the tests"


@dataclass(frozen=True)
class Work:
    """What a student has done: the criteria lost in each exercise, and by which misconception."""

    lost: Mapping[str, Collection[str]] = field(default_factory=dict)
    mistakes: Mapping[str, str] = field(default_factory=dict)
    untouched: Collection[str] = ()
    problems: tuple[str, ...] = ()
    words: str = ""
    """Stands in the detail of every feedback: a canary, or something hostile."""
    level: str = "kernel"


def result_of(course: Course, login: str, work: Work) -> Result:
    """Make the signed result of some work."""
    lessons = tuple(_lesson(course, lesson, work) for lesson in course.lessons)
    gates = tuple(_gate(checkpoint, lessons) for checkpoint in course.checkpoints)
    questions = [question for gate in gates for question in gate.questions]
    return sign(Result(
        course=CourseStamp(course.id, course.version, course.digest),
        submission=SubmissionStamp(login, None, f"{hash_of(login, work):064x}", "folder"),
        graded_at="2026-11-26T12:00:00Z", seed_id=SEED, grader_version=grader.__version__,
        isolation=Isolation(work.level), trust="advisory",
        score=sum(x.score for x in lessons) + sum(x.score for x in questions),
        max_score=sum(x.max_score for x in lessons) + sum(x.max_score for x in questions), path=None,
        checkpoints=gates, lessons=lessons,
        integrity=tuple(IntegrityProblem(text, "set aside") for text in work.problems)), KEY)


def hash_of(login: str, work: Work) -> int:
    """Give a number that another state of the work has not."""
    return random.Random(f"{login}{work}").getrandbits(256)


def _lesson(course: Course, lesson: Lesson, work: Work) -> LessonResult:
    exercises = tuple(_exercise(course, exercise, work) for exercise in lesson.exercises)
    return LessonResult(lesson.id, lesson.title, sum(e.score for e in exercises),
                        sum(e.max_score for e in exercises), exercises)


def _exercise(course: Course, exercise: Exercise, work: Work) -> ExerciseResult:
    untouched = exercise.id in work.untouched
    lost = {c.id for c in exercise.criteria} if untouched else set(work.lost.get(exercise.id, ()))
    bad: Status = "not_started" if untouched else "failed"
    feedback = _feedback(course, exercise, work)
    criteria = tuple(
        CriterionResult(c.id, c.text, c.points, 0 if c.id in lost else c.points,
                        bad if c.id in lost else "passed", "public" if c.public else "hidden",
                        feedback if c.id in lost else None)
        for c in exercise.criteria)
    return ExerciseResult(exercise.id, exercise.function, bad if lost else "passed",
                          sum(c.score for c in criteria), sum(c.points for c in criteria), 0.25, criteria,
                          Location(f"{course.package}/{exercise.module}.py", 7))


def _feedback(course: Course, exercise: Exercise, work: Work) -> Feedback:
    known = {m.id: m for lesson in course.lessons for m in lesson.misconceptions
             if m.exercise == exercise.id}
    found = known.get(work.mistakes.get(exercise.id, ""))
    named = MisconceptionFound(found.id, found.title, found.text, "sure") if found else None
    return Feedback("The sentence of the test.", work.words, misconception=named,
                    next=f"grader check {exercise.id}")


def _gate(checkpoint: Checkpoint, lessons: tuple[LessonResult, ...]) -> CheckpointResult:
    own = [lesson for lesson in lessons if lesson.id in checkpoint.lessons]
    questions = tuple(QuestionResult(q.id, q.kind, "awaiting_review", 0, q.points, "Your teacher reads this.")
                      for q in checkpoint.questions)
    most = sum(x.max_score for x in own) + sum(q.max_score for q in questions)
    return CheckpointResult(checkpoint.id, checkpoint.title, "failed", sum(x.score for x in own), most,
                            "Go on.", checkpoint.lessons, questions)


class BookMaker:
    """Writes a gradebook, attempt by attempt."""

    def __init__(self, path: Path, course: Course) -> None:
        self.path, self.course = path, course
        with Gradebook.create(path) as book, book.writing() as connection:
            set_lessons(connection, [(lesson.id, lesson.title) for lesson in course.lessons])
            set_settings(connection, {"title": "Toy class", "course_root": str(course.root)})

    def add(self, login: str, work: Work, *, at: str = "2026-11-20T10:00:00Z", place: str = "",
            answers: tuple[tuple[str, str, str, str, str], ...] = ()) -> Result:
        """Add an attempt with a result."""
        made = result_of(self.course, login, work)
        attempt = NewAttempt(login, place or f"class/{login}", made.submission.digest, "folder", None, at,
                             answers)
        with Gradebook.create(self.path) as book:
            add(book, attempt, NewGrading(
                "graded", "", made.score, made.max_score, "", "", self.course.digest, self.course.version,
                made.grader_version, made.seed_id, made.graded_at, to_json(made)))
        return made

    def regrade(self, login: str, work: Work, *, course_digest: str) -> Result:
        """Add another grading of a student's newest attempt, by another state of the course."""
        made = result_of(self.course, login, work)
        with Gradebook.create(self.path) as book:
            old = book.attempts(book.student(login).team)[-1]
            attempt = NewAttempt(login, old.place, old.digest, old.source, None, old.collected_at)
            add(book, attempt, NewGrading(
                "graded", "", made.score, made.max_score, "", "", course_digest, self.course.version,
                made.grader_version, made.seed_id, "2026-11-27T12:00:00Z", to_json(made)))
        return made

    def agree(self, due: str, rule: str) -> None:
        """Set a due date for lesson 1, and what happens to late work."""
        with Gradebook.create(self.path) as book, book.writing() as connection:
            connection.execute("INSERT INTO due VALUES ('1', ?)", [due])
            set_settings(connection, {"late": rule, "percent_per_day": "10"})

    def add_without_result(self, login: str, state: str, reason: str) -> None:
        """Add an attempt that could not be graded."""
        attempt = NewAttempt(login, f"class/{login}", "0" * 64, "folder", None, "2026-11-20T10:00:00Z")
        with Gradebook.create(self.path) as book:
            add(book, attempt, NewGrading(
                state, reason, 0, 0, "", "", self.course.digest,  # type: ignore[arg-type]
                self.course.version, grader.__version__, SEED, "2026-11-26T12:00:00Z"))

    def enrol(self, login: str, name: str, *, email: str = "", number: str = "", section: str = "") -> None:
        """Put a student into the roster."""
        with Gradebook.create(self.path) as book, book.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO team (name) VALUES (?)", [login])
            connection.execute(
                "INSERT INTO student (login, team, name, email, number, section, enrolled)"
                " SELECT ?, id, ?, ?, ?, ?, 1 FROM team WHERE name = ?"
                " ON CONFLICT (login) DO UPDATE SET name = excluded.name, email = excluded.email,"
                " number = excluded.number, section = excluded.section, enrolled = 1",
                [login, name, email, number, section, login])


def drawn_work(course: Course, draw: random.Random) -> Work:
    """Draw the work of a student with a strength, on exercises that get harder."""
    strength, lost, mistakes, untouched = draw.gauss(1.0, 1.0), {}, {}, []
    for place, exercise in enumerate(course.exercises.values()):
        level = draw.gauss(strength - place / 40, 1)
        if level < -1:
            untouched.append(exercise.id)
        elif level < 1:
            lost[exercise.id] = draw.sample([c.id for c in exercise.criteria], 1)
            known = [m.id for lesson in course.lessons for m in lesson.misconceptions
                     if m.exercise == exercise.id]
            if known:
                mistakes[exercise.id] = draw.choice(known)
    return Work(lost, mistakes, untouched)
