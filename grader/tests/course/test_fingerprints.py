"""A student's copy knows every common mistake that a public test can see, and holds no solution."""

from __future__ import annotations

import ast
import itertools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.__main__ import main
from grader.build.fingerprints import Recorder
from grader.course import Course, Exercise, Lesson, load_course
from grader.course.fingerprints import FILE, Fingerprint, read_fingerprints
from grader.grading import Grader
from grader.grading.diagnosis import same_answer
from grader.grading.evidence import Seen
from grader.grading.known import FingerprintReplay
from grader.grading.variants import variant
from grader.result import CriterionResult, Result
from grader.sandbox import Raised, Value
from grader.testing.record import Call, Tolerance
from grader.verify.proofs import submission_of

ROOT = Path(__file__).resolve().parents[3]
COURSE = load_course(ROOT)
LESSONS = [lesson.id for lesson in COURSE.lessons if lesson.misconceptions]
SURE_SHARE = 0.95
MOST_NUMBERS = 3
MOST_BYTES = 128 * 1024


def lost_criteria(result: Result) -> list[CriterionResult]:
    """List the criteria that did not pass."""
    return [c for lesson in result.lessons for e in lesson.exercises for c in e.criteria
            if c.status != "passed"]


def fingerprints(grader: Grader, lesson: str) -> tuple[Fingerprint, ...]:
    """Read a lesson's fingerprints in the student's copy."""
    return read_fingerprints(grader.course.root, grader.course.lesson(lesson).folder)


@pytest.mark.parametrize("lesson_id", LESSONS)
def test_each_mistake_that_a_public_test_sees_is_named(
    lesson_id: str, course: Course, course_grader: Grader, student_grader: Grader,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the student's copy alone, each is named on every criterion that it loses there."""
    assert not list(student_grader.course.root.rglob("misconceptions.py"))
    known = {f.misconception.id for f in fingerprints(student_grader, lesson_id)}
    seen = sure = 0
    for mistake in course.lesson(lesson_id).misconceptions:
        modules = variant(course, mistake, course_grader.reference)
        lost = lost_criteria(student_grader.check(submission_of(modules), exercises={mistake.exercise}))
        assert bool(lost) == (mistake.id in known), mistake.id
        named = [c.feedback.misconception for c in lost if c.feedback and c.feedback.misconception]
        assert len(named) == len(lost), f"{mistake.exercise} {mistake.id} is not named"
        assert all(mistake.title in (n.title, *n.others) for n in named), mistake.id
        seen += bool(lost)
        sure += bool(lost) and all(n.certainty == "sure" for n in named)
    with capsys.disabled():
        print(f"\n  lesson {lesson_id}: {sure} of {seen} mistakes that a public test sees are named surely")
    assert sure >= SURE_SHARE * seen > 0


def test_the_command_names_a_mistake_without_the_teachers_files(
    student_grader: Grader, course_grader: Grader, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    """`grader check 1.1` in a student's folder says which mistake it looks like, and how sure that is."""
    home = tmp_path / "home"
    shutil.copytree(student_grader.course.root, home)
    mistake = next(m for m in COURSE.lesson("1").misconceptions if m.id == "no_max")
    module = variant(COURSE, mistake, course_grader.reference)["attention"]
    late = "\n\ndef late():\n    import torch\n"
    (home / "minigpt/attention.py").write_text(module + late, encoding="utf-8")
    monkeypatch.chdir(home)
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["check", "1.1"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "Looks like EXP OF THE RAW SCORES (sure:" in said
    assert "Next grader hint 1.1" in said
    assert "'torch' cannot be imported, neither here nor when your teacher grades." in said


def test_an_unknown_mistake_is_not_named(student_grader: Grader, course_grader: Grader) -> None:
    """Numbers that no known mistake gives are met with silence, also where they fail alike."""
    modules = dict(course_grader.reference)
    modules["attention"] = modules["attention"].replace("np.exp(shifted)", "np.exp(shifted) + 0.125")
    lost = lost_criteria(student_grader.check(submission_of(modules), exercises={"1.1"}))
    assert lost
    assert [c.feedback.misconception for c in lost if c.feedback] == [None] * len(lost)


def test_public_inputs_are_the_same_for_everybody(student_grader: Grader, course_grader: Grader) -> None:
    """What a student writes does not change what the public tests call: else no fingerprint would fit."""
    told = set()
    for note in ("", "\n# a note\n"):
        modules = dict(course_grader.reference)
        modules["attention"] = modules["attention"].replace("q @ k_turned", "q[:2] @ k_turned[:, :2]") + note
        lost = lost_criteria(student_grader.check(submission_of(modules), exercises={"1.2"}))
        told.add(tuple(c.feedback.detail for c in lost if c.feedback))
    assert len(told) == 1


@pytest.mark.parametrize("lesson_id", LESSONS)
def test_a_file_holds_wrong_answers_only(lesson_id: str, student_grader: Grader) -> None:
    """No row but those that a wrong function gave, a handful of numbers in each, and a small file."""
    path = student_grader.course.lesson(lesson_id).folder / FILE
    assert path.stat().st_size <= MOST_BYTES
    data = json.loads(path.read_text(encoding="utf-8"))
    assert set(data) == {"about", "exercises"}
    for part in data["exercises"].values():
        assert set(part) == {"tests", "calls", "mistakes"}
        assert all(set(m) == {"id", "title", "text", "calls"} for m in part["mistakes"])
        used = {number for m in part["mistakes"] for number in m["calls"]}
        assert used == set(range(len(part["calls"])))
        assert all(len(row[3]) <= MOST_NUMBERS and len(row[5]) <= MOST_NUMBERS for row in part["calls"])


def recorded(lesson: Lesson, course_grader: Grader) -> Iterator[tuple[Exercise, dict[str, list[Seen]]]]:
    """Give for each exercise what its mistakes answered, whole, by the name of the mistake."""
    recorder = Recorder(course_grader.course, lesson, course_grader.reference)
    for exercise in lesson.exercises:
        yield exercise, {
            m.id: [Seen(call, Tolerance(), (name, number))
                   for name, run in recorder.runs(m) for number, call in enumerate(run.calls)]
            for m in lesson.misconceptions if m.exercise == exercise.id}


def same(a: Call, b: Call) -> bool:
    """Compare two answers whole."""
    if b.failure is None:
        return same_answer(a, Value(b.answer, ""), Tolerance())
    return same_answer(a, Raised(b.failure.error, (), "", (), ""), Tolerance())


@pytest.mark.parametrize("lesson_id", LESSONS)
def test_mistakes_that_differ_have_fingerprints_that_differ(
    lesson_id: str, course: Course, course_grader: Grader, student_grader: Grader
) -> None:
    """A few numbers tell any two mistakes apart that all numbers tell apart."""
    known = {f.misconception.id: f for f in fingerprints(student_grader, lesson_id)}
    pairs = 0
    for _, answers in recorded(course.lesson(lesson_id), course_grader):
        for one, other in itertools.permutations([name for name in answers if name in known], 2):
            mine = {seen.place: seen.call for seen in answers[one]}
            theirs = {seen.place: seen.call for seen in answers[other]}
            alike = mine.keys() == theirs.keys() and all(same(mine[place], theirs[place]) for place in mine)
            replay = FingerprintReplay({other: known[other]})
            assert alike or not replay.matches(known[other].misconception, answers[one]), (one, other)
            pairs += 1
    assert pairs


def bodies(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Give the code lines of each function's body in a file, without docstring and comments."""
    source = path.read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if body:
                lines = source.split("\n")[body[0].lineno - 1:body[-1].end_lineno]
                yield node.name, code_lines("\n".join(lines))


def code_lines(text: str) -> list[str]:
    """Strip lines of spaces and comments, and leave out what is empty then."""
    stripped = (line.partition("  # ")[0].strip() for line in text.split("\n"))
    return [line for line in stripped if line and not line.startswith("#")]


def secret_bodies(course: Course) -> Iterator[tuple[str, list[str]]]:
    """Give what students must not get: solutions, known mistakes, hidden tests."""
    for lesson in course.lessons:
        taken = {e.function for e in lesson.exercises} | set(lesson.solution)
        module = course.reference / course.package / f"{lesson.module}.py"
        yield from ((f"{lesson.module}.{name}", body) for name, body in bodies(module) if name in taken)
        for file, prefix in (("misconceptions.py", ""), ("test_hidden.py", "test")):
            if (lesson.folder / file).is_file():
                yield from ((f"{lesson.folder.name}/{file} {name}", body)
                            for name, body in bodies(lesson.folder / file) if name.startswith(prefix))


def test_the_starter_holds_no_solution_no_mistake_and_no_hidden_test(
    course: Course, student_grader: Grader
) -> None:
    """No file of the built starter has the lines of such a body, nor a golden array, nor such a file."""
    files = [f for f in student_grader.course.root.rglob("*") if f.is_file() and f.suffix != ".pyc"]
    names = {f.name for f in files}
    assert names.isdisjoint({"test_hidden.py", "misconceptions.py", "goldens.npz", "keys.py"})
    goldens = [path.read_bytes() for path in course.assignments.glob("*/goldens.npz")]
    assert not [f.name for f in files if f.read_bytes() in goldens]
    texts = {f: "\n" + "\n".join(code_lines(f.read_text(encoding="utf-8", errors="replace"))) + "\n"
             for f in files}
    looked = 0
    for what, body in secret_bodies(course):
        joined = "\n" + "\n".join(body) + "\n"
        if len(joined) > 40:  # `return x * 1.0` gives nothing away
            looked += 1
            assert not [f.name for f, text in texts.items() if joined in text], what
    assert looked > 500


def code_in(text: str) -> bool:
    """Tell whether a text holds a statement of Python that computes something with a function."""
    def computes(line: str) -> bool:
        try:
            tree = ast.parse(line.strip())
        except SyntaxError:
            return False
        return any(isinstance(node, (ast.Return, ast.Assign)) for node in ast.walk(tree))

    return any(computes(line) for line in text.split("\n"))


@pytest.mark.parametrize("lesson_id", LESSONS)
def test_what_is_told_of_a_mistake_is_no_code(lesson_id: str, student_grader: Grader) -> None:
    """Titles and texts are sentences; no line of them is a statement of Python."""
    told: list[Any] = [f.misconception for f in fingerprints(student_grader, lesson_id)]
    assert [m.id for m in told if code_in(m.title) or code_in(m.text)] == []
