"""Read a course from `assignments/` and refuse whatever breaks a rule."""

from grader.course.checkpoints import KEYS_FILE, Numbers, numbers_for, text_with
from grader.course.loader import find_course, load_course
from grader.course.model import (
    AttemptRule,
    Checkpoint,
    Course,
    Criterion,
    Dates,
    DrawnNumbers,
    Edition,
    Exercise,
    HeatMap,
    LateRule,
    LearningPath,
    Lesson,
    Misconception,
    Question,
    QuestionKind,
    TestFunction,
)
from grader.course.weights import points_on_path

__all__ = [
    "KEYS_FILE",
    "AttemptRule",
    "Checkpoint",
    "Course",
    "Criterion",
    "Dates",
    "DrawnNumbers",
    "Edition",
    "Exercise",
    "HeatMap",
    "LateRule",
    "LearningPath",
    "Lesson",
    "Misconception",
    "Numbers",
    "Question",
    "QuestionKind",
    "TestFunction",
    "find_course",
    "load_course",
    "numbers_for",
    "points_on_path",
    "text_with",
]
