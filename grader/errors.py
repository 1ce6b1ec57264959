"""The one tree of errors. Each knows its exit code and says what to do next.

GraderError                the grader itself failed                 exit 3
├── UsageError             a word of the command line is wrong      exit 2
├── CourseError            an author's file is wrong                exit 2
├── SubmissionError        there is nothing there that can be read  exit 2
└── IsolationError         student code cannot be confined here     exit 3
"""

from __future__ import annotations


class GraderError(Exception):
    """Say what is wrong, where, and what to do next."""

    exit_code = 3

    def __init__(self, problem: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        """Give one to three lines: the place and the problem, then the next step."""
        first = f"{self.where}: {self.problem}" if self.where else self.problem
        return f"{first}\n  Next: {self.fix}" if self.fix else first


class UsageError(GraderError):
    """A word of the command line names nothing, or does not fit here."""

    exit_code = 2


class CourseError(GraderError):
    """A file of the course is missing or breaks a rule; `where` is `file:line`."""

    exit_code = 2


class SubmissionError(GraderError):
    """The submission as a whole cannot be read (one bad file only rejects that file)."""

    exit_code = 2


class IsolationError(GraderError):
    """The box cannot be built or did not pass its self-test, so no student code runs."""
