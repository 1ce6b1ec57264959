"""An explanation as a text for people, and as data: fit to send with an answer to an appeal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from grader.classroom.explain import Explanation, TestShown
from grader.render.blocks import Block, Grid, Heading, Lines, Points, Sentence
from grader.result import ExerciseResult

SCHEMA = "grader/explanation/v1"
CALLS = 3
"""Calls of a failed test that a text shows: those that differ come first. The data has all."""


def title(explanation: Explanation) -> str:
    """Name the verdict."""
    stored = explanation.stored
    return (f"{stored.student.name or stored.student.login}: {stored.exercise.id} "
            f"{stored.exercise.function}")


def blocks(explanation: Explanation) -> Iterator[Block]:
    """Tell what was judged, whether the replay agrees, and what each failed test saw."""
    stored = explanation.stored
    exercise, attempt = stored.exercise, stored.attempt
    yield Sentence(f"{exercise.score} of {exercise.max_score} points, {exercise.status}. Handed in as "
                   f"{attempt.place}, version {attempt.version}, collected {attempt.collected_at}; graded "
                   f"{stored.grading.graded_at}.")
    yield Sentence(conclusion(explanation))
    if any(test.visibility == "hidden" for test in explanation.tests):
        yield Sentence("This text shows the inputs of hidden tests: hand it out only where you mean to.")
    yield Heading("The verdict")
    yield Grid(("check", "points", "status", "what it says"), tuple(
        (c.id, f"{c.score}/{c.points}", c.status, c.feedback.summary if c.feedback else c.text)
        for c in explanation.replayed.criteria))
    failed = [test for test in explanation.tests if test.outcome != "passed"]
    for test in failed:
        yield from _test(test)
    passed = [f"{t.name} ({t.visibility}): {t.sentence}" for t in explanation.tests if t.outcome == "passed"]
    if passed:
        yield Heading("Tests that passed")
        yield Points(tuple(passed))
    yield Heading("What it was made with")
    yield Grid(("what", "recorded", "now"), tuple(
        (s.name + (" (differs)" if s.differs else ""), s.then or "not recorded", s.now)
        for s in explanation.stamps))


def conclusion(explanation: Explanation) -> str:
    """Say in a sentence whether the replay gave the same verdict, and what is different now."""
    changed = ", ".join(explanation.differing)
    if explanation.same:
        tail = f" although this is not as it was recorded: {changed}" if changed else ""
        return f"Replayed now, with the same inputs: the same verdict, word for word{tail}."
    if changed:
        return f"Replayed now: another verdict. This is not as it was recorded: {changed}."
    return ("Replayed now: another verdict, though course, submission, seed and grader are as recorded. "
            "Look at the time limits, and at the versions of Python and NumPy.")


def _test(test: TestShown) -> Iterator[Block]:
    yield Heading(f"{test.name} ({test.visibility}): {test.outcome}", 3)
    yield Sentence(test.sentence)
    if test.found:
        yield Sentence(test.found)
    yield Sentence(f"Compared at rtol {test.tolerance.rtol:g}, atol {test.tolerance.atol:g}.")
    calls = sorted(test.calls, key=lambda call: call.same)[:CALLS]
    for call in calls:
        yield Lines((f"call: {call.call}",))
        yield Lines((f"student: {call.student}",))
        yield Lines((f"reference: {call.reference}",))
        yield Sentence("They agree." if call.same else "They differ.")
    if len(test.calls) > len(calls):
        yield Sentence(f"{len(test.calls) - len(calls)} more calls are in the JSON form.")


def to_json(explanation: Explanation) -> str:
    """Write everything as JSON, in ASCII."""
    stored = explanation.stored
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "student": stored.student.login,
        "place": stored.attempt.place,
        "version": stored.attempt.version,
        "commit": stored.attempt.commit,
        "collected_at": stored.attempt.collected_at,
        "graded_at": stored.grading.graded_at,
        "same": explanation.same,
        "differs": explanation.differing,
        "conclusion": conclusion(explanation),
        "stored": _verdict(stored.exercise),
        "replayed": _verdict(explanation.replayed),
        "stamps": [asdict(stamp) | {"differs": stamp.differs} for stamp in explanation.stamps],
        "tests": [asdict(test) for test in explanation.tests],
    }
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def _verdict(exercise: ExerciseResult) -> dict[str, Any]:
    """Leave the seconds out: they are never the same twice."""
    return {name: value for name, value in asdict(exercise).items() if name != "seconds"}
