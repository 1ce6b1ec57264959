"""The result of grading one submission: the nouns, their JSON, and how they are stored."""

from grader.result.claims import Overclaim, overclaims
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
from grader.result.signature import key_name, sign, verify
from grader.result.store import check_target, read_result, write_bytes, write_result, write_text

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
    "Overclaim",
    "QuestionResult",
    "Result",
    "Status",
    "SubmissionStamp",
    "Trust",
    "Visibility",
    "check_target",
    "dumps",
    "from_json",
    "key_name",
    "loads",
    "overclaims",
    "read_result",
    "schema",
    "sign",
    "to_json",
    "verify",
    "write_bytes",
    "write_result",
    "write_text",
]
