"""The files that students answer in: `answers/checkpoint_N.toml`, with the questions as comments."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from grader.course.checkpoints import LETTERS, numbers_for, text_with
from grader.course.model import Checkpoint, Course, Question

FOLDER = "answers"
WIDTH = 96
_LINE = re.compile(r"^# your numbers \(([a-z0-9-]+)\): .*$", re.MULTILINE)
_NOT_YET = "run `grader check` once, and they stand here"


def sheet_name(checkpoint: Checkpoint) -> str:
    """Name a checkpoint's file, from the root of a student's repository."""
    return f"{FOLDER}/checkpoint_{checkpoint.id}.toml"


def blank_sheet(checkpoint: Checkpoint) -> str:
    """Write the file as students get it."""
    head = [f"# Checkpoint {checkpoint.id} · {checkpoint.title}", "#",
            *_commented("Answer below each question, between the quotes or brackets. `grader check` looks at "
                        "the form of your answers; your teacher's grader, or your teacher, judges them.")]
    blocks = [line for question in checkpoint.questions for line in _block(question)]
    return "\n".join([*head, *blocks]) + "\n"


def _block(question: Question) -> Iterator[str]:
    points = "1 point" if question.points == 1 else f"{question.points} points"
    yield from ("", "", f"# {question.id} · {question.kind} · {points}", "#")
    for paragraph in text_with(question, None).split("\n\n"):
        yield from _paragraph(paragraph)
        yield "#"
    for letter, option in zip(LETTERS, question.options, strict=False):
        yield from _commented(option, f"{letter}) ")
    if question.levels:
        yield from _commented(f"For all points: {question.levels[-1]}")
    if question.numbers:
        yield f"# your numbers ({question.id}): {_NOT_YET}"
    yield f"[{question.id}]"
    yield from _fields(question)


def _paragraph(paragraph: str) -> Iterator[str]:
    """Wrap prose; a paragraph of indented lines (a map, a table) stays as it is."""
    lines = paragraph.split("\n")
    if any(line.startswith("  ") for line in lines):
        yield from (f"# {line}".rstrip() for line in lines)
    else:
        yield from _commented(" ".join(lines))


def _commented(text: str, lead: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=f"# {lead}", subsequent_indent="# " + " " * len(lead),
                         break_long_words=False, break_on_hyphens=False)


def _fields(question: Question) -> Iterator[str]:
    if question.kind == "compute":
        yield from (f"{name} = []" for name in question.fields)
    elif question.kind == "order":
        yield "answer = []        # all letters in order, for example [\"b\", \"a\"]"
    elif question.kind == "choose":
        yield ("answer = []        # letters, for example [\"a\", \"c\"]" if question.several
               else 'answer = ""        # one letter, for example "a"')
    else:
        yield 'text = """\n"""'
        if question.kind == "draw":
            yield 'file = ""          # or a picture beside this file, for example "drawing.png"'


def with_numbers(sheet: str, course: Course, checkpoint: Checkpoint, student: str) -> str:
    """Write a student's own numbers beside the questions; nothing else in the file changes."""
    questions = {question.id: question for question in checkpoint.questions}

    def own(found: re.Match[str]) -> str:
        question = questions.get(found[1])
        if question is None:
            return found[0]
        numbers = numbers_for(course.id, checkpoint.id, question, student)
        return f"# your numbers ({question.id}): " + "   ".join(f"{k} = {v}" for k, v in numbers.items())

    return _LINE.sub(own, sheet)
