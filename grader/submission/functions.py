"""Find an exercise in a student's text by eye, without parsing it, and tell whether it is written."""

from __future__ import annotations

import re

from grader.course import Exercise, Lesson
from grader.submission.notebooks import ENDING, FOLDER


def notebook_file(lesson: Lesson) -> str:
    """Name the notebook of a lesson, from the root of the repository."""
    return f"{FOLDER}/{lesson.folder.name}{ENDING}"


def is_stub(text: str, exercise: Exercise) -> bool:
    """Tell whether a function's text still raises what its stub raises."""
    return f'NotImplementedError("{exercise.id} {exercise.function}")' in text.replace("'", '"')


def function_text(text: str, function: str) -> str:
    """Cut a function out of a text by eye: down to the next line that stands at the left edge."""
    lines = text.split("\n")
    head = re.compile(rf"(?:async[ \t]+)?def[ \t]+{re.escape(function)}\b")
    first = next((n for n in range(len(lines) - 1, -1, -1) if head.match(lines[n])), None)
    if first is None:
        return ""
    last = next((n for n in range(first + 1, len(lines)) if re.match(r"[^\s#)\]}]", lines[n])), len(lines))
    body = [line.rstrip() for line in lines[first:last]]
    while body and (not body[-1] or body[-1].startswith("#")):
        body.pop()
    return "\n".join(body)
