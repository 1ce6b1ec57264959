"""A result in other people's formats. One module a format; each takes a Result and gives text."""

from grader.exchange.classroom import classroom_payloads, to_classroom
from grader.exchange.classroom50 import release_body, to_classroom50
from grader.exchange.commands import fence, step_summary, to_annotations
from grader.exchange.exercism import to_exercism
from grader.exchange.gradescope import to_gradescope
from grader.exchange.junit import to_junit

__all__ = [
    "classroom_payloads",
    "fence",
    "release_body",
    "step_summary",
    "to_annotations",
    "to_classroom",
    "to_classroom50",
    "to_exercism",
    "to_gradescope",
    "to_junit",
]
