"""Read a course from `assignments/` and refuse whatever breaks a rule."""

from grader.course.loader import find_course, load_course
from grader.course.model import (
    Checkpoint,
    Course,
    Criterion,
    Edition,
    Exercise,
    LearningPath,
    Lesson,
    Misconception,
    TestFunction,
)

__all__ = [
    "Checkpoint",
    "Course",
    "Criterion",
    "Edition",
    "Exercise",
    "LearningPath",
    "Lesson",
    "Misconception",
    "TestFunction",
    "find_course",
    "load_course",
]
