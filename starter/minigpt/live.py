"""Compare your own functions with recorded numbers: what the examples do in their second part.

This module is given. Whatever a function of yours does, the examples say so and go on.
"""

import importlib
import io
import sys
import textwrap
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

CLOSE = 1e-6
VERY_LOW = -1e9


class Question(NamedTuple):
    """One call of an exercise, and what it should give."""

    exercise: str
    module: str
    function: str
    arguments: tuple[Any, ...]
    expected: Any


def locked(values: Any, kind: type = float) -> np.ndarray:
    """Make a read-only array, so that a function that writes into its inputs is found out."""
    array: np.ndarray = np.array(values, dtype=kind)
    array.setflags(write=False)
    return array


def prepare_terminal() -> None:
    """Let any message be printed on any terminal: what it cannot show becomes a question mark."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def say(line: str) -> None:
    """Print a line that may be long, folded to the width of a terminal."""
    print(textwrap.fill(line, 80, initial_indent="  ", subsequent_indent="      "))


def ask(questions: list[Question]) -> list[Any] | None:
    """Ask your functions, print a verdict for each, and give the answers if all of them agree."""
    answers, to_do = [], []
    for question in questions:
        verdict, answer = attempt(question)
        say(f"{question.exercise} {question.function:<37} {verdict}")
        answers.append(answer)
        to_do += [] if verdict == "agrees" else [question.exercise]
    if to_do:
        say(f"Solve them in order, and run this again. Next: grader check {to_do[0]}")
        return None
    return answers


def attempt(question: Question) -> tuple[str, Any]:
    """Call one function of yours: a verdict, whatever happens, and the answer."""
    try:
        module = importlib.import_module(f"minigpt.{question.module}")
    except (Exception, SystemExit) as problem:  # a module of yours may fail in any way
        return f"cannot be imported: {in_short(problem)}", None
    function = getattr(module, question.function, None)
    if function is None:
        return "is missing", None
    try:
        answer = function(*question.arguments)
        return compare(answer, question.expected), answer
    except NotImplementedError:
        return "not written yet", None
    except (Exception, SystemExit) as problem:  # a function of yours may fail in any way
        return f"raises {in_short(problem)}", None


def in_short(problem: BaseException) -> str:
    """Name an exception and its message, without its line breaks."""
    place = f" (line {problem.lineno})" if isinstance(problem, SyntaxError) else ""
    message = getattr(problem, "msg", None) or str(problem)
    return textwrap.shorten(f"{type(problem).__name__}: {message}", 160, placeholder=" ...") + place


def compare(answer: Any, expected: Any) -> str:
    """Compare an answer with what it should be, in a few words."""
    if isinstance(expected, tuple):
        if not isinstance(answer, tuple) or len(answer) != len(expected):
            return f"should return {len(expected)} things"
        verdicts = [compare(one, other) for one, other in zip(answer, expected, strict=True)]
        return next((verdict for verdict in verdicts if verdict != "agrees"), "agrees")
    if isinstance(expected, Mapping):
        if not isinstance(answer, dict) or answer.keys() != expected.keys():
            return f"should return a dict with the keys {', '.join(expected)}"
        verdicts = [compare(answer[key], expected[key]) for key in expected]
        return next((verdict for verdict in verdicts if verdict != "agrees"), "agrees")
    if answer is None:
        return "returns nothing"
    wanted, got = np.asarray(expected, dtype=float), np.asarray(answer, dtype=float)
    if got.shape != wanted.shape:
        return f"has shape {list(got.shape)}, not {list(wanted.shape)}"
    got = np.where(got <= VERY_LOW, -np.inf, got)  # "forbidden" has more than one right spelling
    same = np.isclose(got, wanted, rtol=0.0, atol=CLOSE)
    return "agrees" if same.all() else f"differs in {int((~same).sum())} of {same.size} numbers"
