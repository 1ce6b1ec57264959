"""Read a student's tree safely: regular files only, capped, and nothing of it is run."""

from grader.submission.answers import Answer, Answers, parse_answers
from grader.submission.archive import read_archive, read_files
from grader.submission.given import changed_files
from grader.submission.reader import Problem, Submission, read_submission

__all__ = ["Answer", "Answers", "Problem", "Submission", "changed_files", "parse_answers", "read_archive",
           "read_files", "read_submission"]
