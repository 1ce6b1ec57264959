"""Lesson 1 as students really write it: the whole way through, against golden results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from grader.__main__ import main
from grader.build import plan_build, write_build
from grader.course import Course, Misconception, load_course
from grader.grading import Grader
from grader.grading.variants import variant
from grader.result import schema
from grader.submission import read_submission
from grader.tests import submissions_golden as golden
from grader.verify.proofs import submission_of

KNOWN = load_course(golden.ROOT).lesson(golden.LESSON).misconceptions
CORRECT = [name for name in golden.names() if name.startswith("correct_")]
WRONG_SOFTMAX = [name for name in golden.names() if name.startswith("wrong_softmax")]


def lost_exercises(found: dict[str, Any]) -> set[str]:
    """Name the exercises of a compact result that lost a point."""
    return {exercise for exercise, line in found["exercises"].items() if not line.startswith("passed ")}


def test_every_submission_has_a_golden_result() -> None:
    """No sample is left out, and no folder is empty."""
    folders = sorted(folder.name for folder in golden.SUBMISSIONS.iterdir()
                     if folder.is_dir() and folder.name != golden.BROKEN)
    assert golden.names() == folders
    assert len(CORRECT) >= 6


@pytest.mark.parametrize("name", golden.names())
def test_a_submission_gives_its_golden_result(name: str, course_grader: Grader) -> None:
    """Score, statuses, places, named mistakes and set-aside files are those that a person has read."""
    assert golden.outcome(course_grader, name) == golden.golden(name)


@pytest.mark.parametrize("name", CORRECT)
def test_a_correct_style_earns_everything(name: str) -> None:
    """No way of writing the right thing loses a point."""
    assert golden.golden(name)["score"] == "100/100"


@pytest.mark.parametrize("name", WRONG_SOFTMAX)
def test_a_wrong_function_costs_its_own_exercise_under_any_name(name: str) -> None:
    """A wrong 1.1 costs only 1.1, and is named, however the other exercises get hold of it."""
    found = golden.golden(name)
    assert lost_exercises(found) == {"1.1"}
    assert all(line.endswith(" (sure)") for line in found["lost"].values())


def test_a_post_softmax_mask_shared_out_again_loses_two_criteria() -> None:
    """Striking out after softmax is right, but for dead rows and for a forbidden favourite."""
    assert set(golden.golden("renormalises_after_mask")["lost"]) == {"1.5 dead-rows", "1.5 extreme"}


def test_an_untouched_starter_is_not_started(course: Course, course_grader: Grader, tmp_path: Path) -> None:
    """The student's repository as built today has no point, and nothing in it is called a failure."""
    write_build(course, plan_build(course), tmp_path / "starter")
    submission = read_submission(tmp_path / "starter", course.package)
    found = golden.compact(course_grader.grade(submission, lessons=[golden.LESSON]))
    assert found["score"] == "0/100"
    assert {line.split()[0] for line in found["exercises"].values()} == {"not_started"}
    assert found["integrity"] == found["warnings"] == []


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: f"{known.exercise}-{known.id}")
def test_one_bug_costs_one_exercise(known: Misconception, course: Course, course_grader: Grader) -> None:
    """With one known mistake in the reference, no other exercise loses a point."""
    planted = submission_of(variant(course, known, course_grader.reference))
    found = golden.compact(course_grader.grade(planted, lessons=[golden.LESSON], secret=golden.SECRET))
    assert lost_exercises(found) == {known.exercise}
    assert set(found["lost"]) == {f"{known.exercise} {criterion}" for criterion in known.loses}


@pytest.mark.parametrize(("name", "code"), [
    ("correct_einsum", 0), ("mixed_misconceptions", 1), ("latin1", 1),
])
def test_the_command_line_grades_a_submission(
    name: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`grader grade` gives the exit code, a result that follows the schema, and the same score."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("GRADER_SECRET", golden.SECRET.decode())
    file = tmp_path / "result.json"
    words = ["grade", golden.SUBMISSIONS / name, "--course", golden.ROOT, "--lesson", "1", "--json", file]
    assert main([str(word) for word in words]) == code
    result = json.loads(file.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema()).validate(result)
    score = golden.golden(name)["score"]
    assert f"{result['score']}/{result['max_score']}" == score
    assert f"{score} points" in capsys.readouterr().out


def test_the_command_line_refuses_a_folder_without_the_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is no minigpt/, the exit code is 2, the next step is told, and nothing is written."""
    file = tmp_path / "result.json"
    words = ["grade", golden.SUBMISSIONS / "no_minigpt", "--course", golden.ROOT, "--json", file]
    assert main([str(word) for word in words]) == 2
    told = " ".join(capsys.readouterr().err.split())
    kept = golden.golden("no_minigpt")
    assert kept["refused"] in told
    assert kept["next"] in told
    assert not file.exists()
