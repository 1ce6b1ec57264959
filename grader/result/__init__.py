"""The result of grading one submission: the nouns, their JSON, and how they are stored."""

from grader.result.model import (
    SCHEMA,
    Certainty,
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
    Trust,
    Visibility,
)
from grader.result.schema import schema
from grader.result.serialise import dumps, from_json, loads, to_json
from grader.result.store import check_target, write_result, write_text

__all__ = [
    "SCHEMA",
    "Certainty",
    "CheckpointResult",
    "CourseStamp",
    "CriterionResult",
    "ExerciseResult",
    "Feedback",
    "IntegrityProblem",
    "Isolation",
    "LessonResult",
    "Location",
    "MisconceptionFound",
    "QuestionResult",
    "Result",
    "Status",
    "SubmissionStamp",
    "Trust",
    "Visibility",
    "check_target",
    "dumps",
    "from_json",
    "loads",
    "schema",
    "to_json",
    "write_result",
    "write_text",
]
