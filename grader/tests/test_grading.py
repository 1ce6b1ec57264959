"""Grading as a whole, on the toy course: doors, kills, statuses, diagnosis, feedback."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from grader.course import Course, load_course, points_on_path
from grader.errors import CourseError, IsolationError
from grader.grading import Grader
from grader.grading.variants import variant
from grader.result import ExerciseResult, Result
from grader.sandbox import open_box
from grader.submission import read_submission
from grader.tests.conftest import TOY, SubmissionMaker

SECRET = bytes(32)
ADD = '''
import numpy as np

def add(a, b):
    """Add."""
    return np.asarray(a, dtype=np.float64) + np.asarray(b)

{total}
'''
TOTAL = '''def total(values):
    """Sum."""
    result = 0.0
    for value in values:
        result = add(result, value)
    return float(result)
'''


def by_id(result: Result) -> dict[str, ExerciseResult]:
    """Map exercise id to its result."""
    return {e.id: e for lesson in result.lessons for e in lesson.exercises}


def test_the_reference_earns_everything(toy_grader: Grader, toy_submission: SubmissionMaker) -> None:
    """The perfect submission has full marks, and every exercise passed."""
    result = toy_grader.grade(toy_submission())
    assert (result.score, result.max_score) == (200, 200)
    assert result.passed
    assert {e.status for e in by_id(result).values()} == {"passed"}
    assert result.isolation.level in ("kernel", "kernel+")


def test_the_stub_earns_nothing(toy_grader: Grader, toy: Course, toy_student: Path) -> None:
    """The empty submission has no point, and every exercise is not started."""
    result = toy_grader.grade(read_submission(toy_student, toy.package))
    assert (result.score, result.max_score) == (0, 200)
    assert {e.status for e in by_id(result).values()} == {"not_started"}


@pytest.mark.parametrize("broken", [
    "def add(a, b):\n    return a * 100\n",
    "add = lambda a, b: 0\n",
    "import operator\nadd = operator.sub\n",
    "def _add(a, b):\n    return a - b\nadd = _add\n",
    "if True:\n    def add(a, b):\n        return 0\nelse:\n    add = None\n",
    "class Add:\n    def __call__(self, a, b):\n        return 7\nadd = Add()\n",
    "from .wrong import add\n",
])
def test_one_bug_costs_one_exercise(
    broken: str, toy_grader: Grader, toy_submission: SubmissionMaker
) -> None:
    """However a wrong function is bound, what builds on it is answered by the reference."""
    total = "TABLE = {'add': add}\nalias = add\n" + TOTAL.replace(
        "def total(values)", "def total(values, add=add)").replace(
        "result = add(result, value)", "result = TABLE['add'](alias(result, 0.0), add(value, 0.0))")
    exercises = by_id(toy_grader.grade(toy_submission(
        add=f"{broken}\n{total}", wrong="def add(a, b):\n    return -1\n")))
    assert exercises["1.1"].score == 0
    assert exercises["1.2"].status == "passed"
    assert exercises["2.1"].status == "passed"


def test_what_has_passed_stays_the_students_own(
    toy_grader: Grader, toy_submission: SubmissionMaker
) -> None:
    """A right function is not replaced: what builds on it may rely on how it is written."""
    own = ADD.format(total=TOTAL).replace("def total", "add.mine = True\n\ndef total").replace(
        "result = 0.0", "result = 0.0 if add.mine else 1 / 0")
    assert by_id(toy_grader.grade(toy_submission(add=own)))["1.2"].status == "passed"


def test_a_syntax_error_costs_one_module(toy_grader: Grader, toy_submission: SubmissionMaker) -> None:
    """The other module passes, although it imports the broken one; the line is given."""
    exercises = by_id(toy_grader.grade(toy_submission(add="def add(a, b:\n    return 1\n")))
    assert exercises["1.1"].status == exercises["1.2"].status == "error"
    assert exercises["2.1"].status == "passed"
    feedback = exercises["1.1"].criteria[0].feedback
    assert feedback is not None
    assert "SyntaxError" in feedback.detail
    location = exercises["1.1"].location
    assert location is not None
    assert (location.file, location.line) == ("toypkg/add.py", 1)


def test_an_endless_loop_leaves_the_others_alone(
    toy_grader: Grader, toy_submission: SubmissionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop that never ends is a time-out of its own exercise, by its CPU time: the clock leaves it that."""
    monkeypatch.setattr("grader.grading.students.wall_seconds", lambda exercise: 120.0)
    endless = "def add(a, b):\n    while True:\n        pass\n"
    exercises = by_id(toy_grader.grade(toy_submission(add=endless + TOTAL)))
    assert exercises["1.1"].status == "timeout"
    assert exercises["1.2"].status == exercises["2.1"].status == "passed"
    feedback = exercises["1.1"].criteria[0].feedback
    assert feedback is not None
    assert "never ends" in feedback.detail


def test_an_endless_import_is_tried_once(toy_grader: Grader, toy_submission: SubmissionMaker) -> None:
    """A module that never finishes importing costs one budget, not one for each exercise."""
    exercises = by_id(toy_grader.grade(toy_submission(add="while True:\n    pass\n")))
    assert exercises["1.1"].status == exercises["1.2"].status == "timeout"
    assert exercises["2.1"].status == "passed"
    assert exercises["1.1"].seconds + exercises["1.2"].seconds < 8


def test_another_lessons_endless_import_is_left_out(
    toy_grader: Grader, toy_submission: SubmissionMaker
) -> None:
    """An exercise passes although a module that it imports never finishes, and was not tried before."""
    result = toy_grader.grade(toy_submission(add="while True:\n    pass\n"), lessons=["2"])
    assert by_id(result)["2.1"].status == "passed"


def test_a_missing_function_is_named_with_its_neighbour(
    toy_grader: Grader, toy_submission: SubmissionMaker
) -> None:
    """A renamed function is an error that tells the likely new name."""
    renamed = TOTAL.replace("total", "totals")
    exercises = by_id(toy_grader.grade(toy_submission(add=ADD.format(total=renamed))))
    feedback = exercises["1.2"].criteria[0].feedback
    assert exercises["1.2"].status == "error"
    assert feedback is not None
    assert "has no function total. There is a totals: was it renamed?" in feedback.detail


def test_a_missing_module_is_said(toy_grader: Grader, toy_submission: SubmissionMaker) -> None:
    """A deleted file costs its exercises, with a sentence."""
    submission = toy_submission()
    modules = {name: text for name, text in submission.modules.items() if name != "scale"}
    exercises = by_id(toy_grader.grade(replace(submission, modules=modules)))
    feedback = exercises["2.1"].criteria[0].feedback
    assert feedback is not None
    assert "There is no toypkg/scale.py in this submission." in feedback.detail
    assert exercises["1.1"].status == "passed"


def test_every_misconception_is_named(
    toy: Course, toy_grader: Grader, toy_submission: SubmissionMaker, toy_reference: Mapping[str, str]
) -> None:
    """Each known mistake loses what it claims and is recognised with certainty "sure"."""
    for lesson in toy.lessons:
        for known in lesson.misconceptions:
            result = toy_grader.grade(toy_submission(**variant(toy, known, toy_reference)), secret=SECRET)
            lost = {(e.id, c.id): c for e in by_id(result).values() for c in e.criteria
                    if c.status != "passed"}
            assert set(lost) == {(known.exercise, name) for name in known.loses}
            for criterion in lost.values():
                assert criterion.feedback is not None
                found = criterion.feedback.misconception
                assert found is not None
                assert (found.id, found.certainty) == (known.id, "sure")


def test_an_unknown_mistake_is_not_guessed(toy_grader: Grader, toy_submission: SubmissionMaker) -> None:
    """Numbers of no known mistake get no name."""
    result = toy_grader.grade(toy_submission(add="def add(a, b):\n    return a + b + 0.125\n" + TOTAL))
    for criterion in by_id(result)["1.1"].criteria:
        assert criterion.feedback is None or criterion.feedback.misconception is None


def test_a_variant_may_not_replace_a_function_of_the_reference(
    toy_reference: Mapping[str, str], tmp_path: Path
) -> None:
    """A helper of the misconceptions with a name of the reference is refused."""
    shutil.copytree(TOY, tmp_path / "toy")
    file = tmp_path / "toy" / "assignments" / "01_add" / "misconceptions.py"
    file.write_text(file.read_text() + "\n\ndef describe(values):\n    return 'wrong'\n")
    course = load_course(tmp_path / "toy")
    with pytest.raises(CourseError, match="describe is also a function of the reference"):
        variant(course, course.lesson("1").misconceptions[0], toy_reference)


def test_the_same_secret_gives_the_same_result(toy_grader: Grader, toy_submission: SubmissionMaker) -> None:
    """A regrade sees the same inputs: everything but the clock is equal."""
    first, second = (toy_grader.grade(toy_submission(), secret=SECRET) for _ in range(2))
    assert first.seed_id == second.seed_id
    assert [e.criteria for e in by_id(first).values()] == [e.criteria for e in by_id(second).values()]
    assert first.seed_id != toy_grader.grade(toy_submission()).seed_id


def test_given_modules_come_from_the_course(toy_grader: Grader, toy_submission: SubmissionMaker) -> None:
    """A changed copy of a given module is not used, and the result says so."""
    result = toy_grader.grade(
        toy_submission(__init__="raise SystemExit(0)", shapes="def size_of(v): 1 / 0\n"))
    assert result.score == 200
    assert any("toypkg/shapes.py differs" in warning for warning in result.warnings)


def test_an_answer_that_exhausts_a_test_fails_that_test(
    toy_grader: Grader, toy_submission: SubmissionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test that cannot work with an answer fails; only the grader's own errors end the run."""
    def too_large(*_: object) -> bool:
        raise MemoryError

    monkeypatch.setattr("grader.testing.compare.close", too_large)
    exercise = by_id(toy_grader.grade(toy_submission()))["1.1"]
    assert exercise.status == "failed"
    assert any(c.feedback and "another form" in c.feedback.detail for c in exercise.criteria)


def test_an_error_of_the_grader_ends_the_run(
    toy_grader: Grader, toy_submission: SubmissionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A zygote that is gone is not the student's mistake."""
    def gone(*_: object, **__: object) -> None:
        raise IsolationError("the zygote does not answer")

    submission = toy_submission()
    monkeypatch.setattr("grader.sandbox.client.Worker.begin", gone)
    with pytest.raises(IsolationError, match="does not answer"):
        toy_grader.grade(submission)


def test_the_raw_record_is_the_teachers(
    toy_grader: Grader, toy_submission: SubmissionMaker, tmp_path: Path
) -> None:
    """The record holds the seed and pytest's report, and only its owner can read it."""
    file = tmp_path / "record.json"
    file.write_text("old")
    file.chmod(0o644)
    toy_grader.grade(toy_submission(), secret=SECRET, record=file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    record = json.loads(file.read_text())
    assert record["secret"] == SECRET.hex()
    assert {t["metadata"]["exercise"] for t in record["pytest"]["tests"]} == {"1.1", "1.2", "2.1"}


def test_the_surroundings_are_put_back(
    toy_grader: Grader, toy_submission: SubmissionMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Environment and working folder steer nothing, and are as they were afterwards."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    before = (Path.cwd(), dict(os.environ))
    assert toy_grader.grade(toy_submission()).score == 200
    assert (Path.cwd(), dict(os.environ)) == before


def test_a_students_copy_cannot_grade(toy: Course, toy_student: Path) -> None:
    """Without hidden tests there is no grade; the error names `check`."""
    submission = read_submission(toy_student, toy.package)
    with (open_box() as box, Grader(load_course(toy_student), box) as grader,
          pytest.raises(CourseError, match="student's copy") as caught):
        grader.grade(submission)
    assert "grader check" in str(caught.value)


def test_check_in_a_students_copy(toy_student: Path, toy_reference: Mapping[str, str]) -> None:
    """Public tests run on the student's own package: not started, then blocked, then passed."""
    course = load_course(toy_student)
    with open_box(minimum="process") as box, Grader(course, box) as grader:
        untouched = by_id(grader.check(read_submission(toy_student, course.package)))
        assert {e.status for e in untouched.values()} == {"not_started"}
        file = toy_student / "toypkg" / "add.py"
        file.write_text("def add(a, b):\n    return a - b\n" + TOTAL)
        broken = by_id(grader.check(read_submission(toy_student, course.package)))
        assert broken["1.1"].status == "failed"
        assert (broken["1.2"].status, broken["1.2"].waits_for) == ("blocked", ("1.1",))
        for name, text in toy_reference.items():
            (toy_student / "toypkg" / f"{name}.py").write_text(text)
        assert grader.check(read_submission(toy_student, course.package)).passed


def test_points_on_a_path_make_a_hundred(course: Course) -> None:
    """Whole points, the largest remainders first, ties by order."""
    lesson = course.lesson("1")
    for path in (None, "quick", "builder", "master"):
        assert sum(points_on_path(lesson, path).values()) == 100
    quick = points_on_path(lesson, "quick")
    assert not [key for key in quick if key[0] in ("1.6", "1.7")]
    exact = {key: 100 * c.points / 75 for e in lesson.exercises if "quick" in e.paths for c in e.criteria
             for key in [(e.id, c.id)]}
    assert all(abs(points - exact[key]) < 1 for key, points in quick.items())
