"""Results and courses made by hand, for the tests of what shows and stores them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from grader.course.model import Course, Criterion, Edition, Exercise, LearningPath, Lesson
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
)

README = """# Sharing

## Which axis?

Add along the last axis. {words}

## Another heading

Nothing.
"""

FOUND = MisconceptionFound(
    id="adds_along_rows",
    title="sum over the rows",
    text="Every row should be added up on its own.\nYours adds the columns.\n\nOne row is one student.",
    certainty="sure",
)

FEEDBACK = Feedback(
    summary="Each row is added up on its own: the answer has one number a row.",
    detail="We called total([[1, 2], [3, 4]])\nThe numbers differ.",
    expected="[3, 7]",
    actual="[4, 6]",
    misconception=FOUND,
    hint="Which numbers belong together?",
    read="assignments/01_add/README.md#which-axis",
    next="grader check 1.2",
)


def criterion(name: str, points: int, status: Status, feedback: Feedback | None = None) -> CriterionResult:
    """Make a public criterion."""
    score = points if status == "passed" else 0
    return CriterionResult(name, f"The {name} holds.", points, score, status, "public", feedback)


def exercise(
    name: str, function: str, status: Status, *criteria: CriterionResult, waits_for: tuple[str, ...] = ()
) -> ExerciseResult:
    """Make an exercise that is in line 31 of its file."""
    return ExerciseResult(
        id=name,
        function=function,
        status=status,
        score=sum(c.score for c in criteria),
        max_score=sum(c.points for c in criteria),
        seconds=0.25,
        criteria=criteria,
        location=Location("toypkg/add.py", 31),
        waits_for=waits_for,
    )


def lesson(*exercises: ExerciseResult, unchecked: int = 0) -> LessonResult:
    """Make the first lesson."""
    return LessonResult(
        id="1",
        title="Adding up",
        score=sum(e.score for e in exercises),
        max_score=sum(e.max_score for e in exercises),
        exercises=exercises,
        checkpoint="1",
        unchecked=unchecked,
    )


def result(*lessons: LessonResult) -> Result:
    """Make a result of these lessons."""
    return Result(
        course=CourseStamp("toy", "2026.1", "a" * 64),
        submission=SubmissionStamp("ada", "b" * 40, "c" * 64, "folder"),
        graded_at="2026-11-23T12:00:00Z",
        seed_id="0123456789abcdef",
        grader_version="0.1.0",
        isolation=Isolation("kernel", ("seccomp", "rlimits", "pidfd"), ("landlock",)),
        trust="advisory",
        score=sum(one.score for one in lessons),
        max_score=sum(one.max_score for one in lessons),
        path="quick",
        checkpoints=(),
        lessons=lessons,
    )


def mixed() -> Result:
    """Make a result with every status in it."""
    lost = criterion("by-row", 15, "failed", FEEDBACK)
    made = result(
        lesson(
            exercise("1.1", "add", "passed", criterion("sums", 15, "passed")),
            exercise("1.2", "total", "failed", criterion("empty", 10, "passed"), lost),
            exercise("1.3", "mean", "blocked", criterion("value", 15, "blocked"), waits_for=("1.2",)),
            exercise("1.4", "spread", "not_started", criterion("value", 5, "not_started")),
            exercise("1.5", "busy", "timeout", criterion("ends", 10, "timeout", Feedback("It ends."))),
            exercise("1.6", "broken", "error", criterion("runs", 10, "error")),
            exercise("1.7", "drawing", "awaiting_review", criterion("clear", 10, "awaiting_review")),
            unchecked=10,
        )
    )
    question = QuestionResult("why", "explain", "awaiting_review", 0, 5)
    gate = CheckpointResult("1", "The sum", "failed", 25, 95, "Go on with 1.2.", ("1",), (question,))
    return replace(
        made,
        checkpoints=(gate,),
        integrity=(IntegrityProblem("toypkg/link.py", "a symbolic link"),),
        warnings=("toypkg/__init__.py differs from the course's",),
    )


def all_passed(*, unchecked: int = 0) -> Result:
    """Make a result in which everything that was graded has passed."""
    done = exercise("1.1", "add", "passed", criterion("sums", 15, "passed"))
    return result(lesson(done, unchecked=unchecked))


def course(root: Path, *, edition: Edition = "teacher") -> Course:
    """Make a course of one lesson, and its README on the disk."""
    folder = root / "assignments" / "01_add"
    folder.mkdir(parents=True, exist_ok=True)
    (root / "assignments" / "course.toml").write_text("", encoding="utf-8")
    (folder / "README.md").write_text(README.format(words="word " * 300), encoding="utf-8")
    rubric = Criterion("sums", 100, "Sums.", "README.md#which-axis", ())
    add = Exercise("1.1", "add", "add", "1", (), ("quick",), 2, ("a", "b", "c"), (rubric,))
    total = replace(add, id="1.2", function="total")
    one = Lesson("1", folder, "Adding up", "add", (1, 2), (), (), (add, total))
    return Course(
        root=root,
        id="toy",
        title="Toy course",
        version="2026.1",
        package="toypkg",
        edition=edition,
        digest="a" * 64,
        given_modules=(),
        lessons=(one,),
        checkpoints=(),
        paths=(LearningPath("quick", "Quick"),),
    )
