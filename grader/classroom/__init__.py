"""A class: find its submissions, grade them, keep the results, and say what they mean.

The ledger is a SQLite file, the gradebook (`schema.sql` says what stands where, and has views to read).

* `Gradebook.open(path)` opens one; `Gradebook.create(path)` makes it or opens it for writing.
* `standings(book)` gives what holds for each student now: the score of each lesson after overrides,
  reviews, due dates and the choice of attempt, and which grading it comes from.
* `book.attempts(team)`, `book.gradings(attempt)`, `book.result(grading)` give the history behind it;
  `book.exercise_outcomes()`, `book.criterion_outcomes()`, `book.misconceptions()` the class's numbers.
* `book.add_override(…)`, `book.add_review(…)` add a decision; nothing is ever changed or taken out.
"""

from grader.classroom.gradebook import Gradebook
from grader.classroom.records import (
    AnswerText,
    Attempt,
    CriterionOutcome,
    ExerciseOutcome,
    Grading,
    MisconceptionSeen,
    Override,
    Review,
    Student,
)
from grader.classroom.standing import LessonStanding, QuestionStanding, Standing, standings

__all__ = [
    "AnswerText",
    "Attempt",
    "CriterionOutcome",
    "ExerciseOutcome",
    "Gradebook",
    "Grading",
    "LessonStanding",
    "MisconceptionSeen",
    "Override",
    "QuestionStanding",
    "Review",
    "Standing",
    "Student",
    "standings",
]
