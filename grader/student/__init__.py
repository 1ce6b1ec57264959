"""The student's journey through their own repository."""

from grader.student.after_check import after_check
from grader.student.answers import prepare_answers

__all__ = ["after_check", "prepare_answers"]
