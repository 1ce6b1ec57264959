"""Read a student's tree safely: regular files only, capped, nothing parsed and nothing run."""

from grader.submission.reader import Problem, Submission, read_submission

__all__ = ["Problem", "Submission", "read_submission"]
