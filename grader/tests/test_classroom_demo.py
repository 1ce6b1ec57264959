"""A made-up class is the same for the same seed, and has what real classes have."""

from __future__ import annotations

import ast
import csv
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from grader.classroom import Gradebook, demo_code, standings
from grader.classroom.demo import make_class
from grader.classroom.demo_answers import Pen
from grader.classroom.finding import find
from grader.classroom.roster import read_roster
from grader.cli.group import cli
from grader.course import Course
from grader.errors import SubmissionError, UsageError
from grader.grading import Grader
from grader.submission import read_submission
from grader.tests.gradebooks import grade


def files(folder: Path) -> dict[str, bytes]:
    """Read a whole folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_same_seed_makes_the_same_class(toy: Course, tmp_path: Path) -> None:
    """Byte for byte, archives too; another seed makes another class."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_class(toy, tmp_path / name, 30, seed)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert files(tmp_path / "a") != files(tmp_path / "c")


def test_a_demo_can_be_graded(toy: Course, tmp_path: Path) -> None:
    """From nothing: make a class, grade it, and find every kind of result."""
    place, book = tmp_path / "class", tmp_path / "g.db"
    done = CliRunner().invoke(cli, ["demo", str(place), "--students", "30", "--course", str(toy.root)])
    assert done.exit_code == 0, done.output
    assert f"Next: grader grade {place} --gradebook gradebook.db" in done.output
    grade(toy.root, place, book)
    with Gradebook.open(book) as opened:
        found = standings(opened)
        students = opened.students()
        mistakes = opened.misconceptions()
    assert len(found) == 30
    assert all(student.enrolled and student.name for student in students)
    assert 0 < sum(s.score == s.max_score for s in found) < 30
    assert mistakes


def test_every_kind_of_student_is_there(toy: Course, tmp_path: Path) -> None:
    """Among a hundred there are all kinds, as many as was said, and all can be found."""
    invented = make_class(toy, tmp_path / "class", 100, 1)
    kinds = Counter(student.kind for student in invented)
    assert kinds == {"perfect": 12, "good": 38, "half done": 28, "beginner": 10, "broken": 4, "hostile": 3,
                     "latin-1": 2, "empty": 2, "untouched": 1}
    roster = read_roster(tmp_path / "class" / "roster.csv", ["1", "2"])
    found = find(tmp_path / "class", toy.package, roster)
    assert {one.team for one in found} == {student.login for student in invented}
    assert len({one.collected_at for one in found}) > 90
    assert any(one.place.endswith(".zip") for one in found)
    assert any("," in name for name in (s.name for s in invented))
    assert any((tmp_path / "class").glob("*/notebooks/01_*.ipynb"))
    unreadable = 0
    for one in found:
        try:
            one.open(toy.package)
        except SubmissionError:
            unreadable += 1
    assert unreadable == 2


def test_the_files_of_a_class_are_never_replaced(toy: Course, tmp_path: Path) -> None:
    """A folder that holds something, and a place that cannot be written, are refused."""
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(UsageError, match="there is something here already"):
        make_class(toy, tmp_path, 3, 1)
    with pytest.raises(UsageError, match="there is something here already"):
        make_class(toy, tmp_path / "notes", 3, 1)
    with pytest.raises(UsageError, match="the class cannot be written: Not a directory"):
        make_class(toy, tmp_path / "notes" / "class", 3, 1)


def test_a_students_copy_makes_no_class(toy_student: Path, tmp_path: Path) -> None:
    """Without a reference there is nothing to make a class of."""
    done = CliRunner().invoke(cli, ["demo", str(tmp_path / "class"), "--course", str(toy_student)])
    assert isinstance(done.exception, UsageError)
    assert "it has no reference to make a class of" in str(done.exception)


@pytest.mark.parametrize("style", range(demo_code.STYLES))
def test_every_style_is_right(course_grader: Grader, course: Course, tmp_path: Path, style: int) -> None:
    """A right module in another style still earns every point of its lesson."""
    reference = read_submission(course.reference, course.package).modules
    first = course.lessons[0]
    (tmp_path / course.package).mkdir()
    text = demo_code.right(reference[first.module], style)
    assert style == 0 or text != reference[first.module]
    (tmp_path / course.package / f"{first.module}.py").write_text(text)
    result = course_grader.grade(read_submission(tmp_path, course.package), lessons=[first.id])
    assert result.score == result.max_score


def test_a_notebook_is_worth_what_its_module_is(
    course_grader: Grader, course: Course, tmp_path: Path
) -> None:
    """A lesson that was solved in a notebook earns every point, with the stub left in its module."""
    first = course.lessons[0]
    reference = read_submission(course.reference, course.package).modules
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "01_attention.ipynb").write_bytes(demo_code.notebook(reference[first.module]))
    (tmp_path / course.package).mkdir()
    stub = (first.folder / f"{first.module}.py").read_text()
    (tmp_path / course.package / f"{first.module}.py").write_text(stub)
    result = course_grader.grade(read_submission(tmp_path, course.package), lessons=[first.id])
    assert result.score == result.max_score


def test_a_mistake_comes_without_its_explanation(course: Course) -> None:
    """What students read about a mistake is not in the code of who makes it."""
    reference = read_submission(course.reference, course.package).modules
    for lesson in course.lessons[:2]:
        for mistake in lesson.misconceptions[::3]:
            if not mistake.recognises:
                text = demo_code.mistaken(course, lesson, reference, mistake)[lesson.module]
                ast.parse(text)
                assert mistake.text.split("\n")[0] not in text


def test_slips_break_a_module(course: Course) -> None:
    """A broken module is no Python any more."""
    reference = read_submission(course.reference, course.package).modules
    for lesson in course.lessons:
        with pytest.raises(SyntaxError):
            ast.parse(demo_code.broken(reference[lesson.module], Random(1)))


def test_answers_are_right_as_often_as_was_said(course: Course) -> None:
    """With all skill every answer that can be judged is right, with none every one is wrong or blank."""
    from grader.grading.questions import Keys, judge_questions
    from grader.submission.answers import Answers, parse_answers

    keys = Keys(course)
    for skill, wanted in ((1.0, {"passed"}), (0.0, {"failed", "not_started"})):
        sheets = Pen(course, "ada1", Random(1), skill).sheets()
        for checkpoint in course.checkpoints:
            given = parse_answers(sheets[f"checkpoint_{checkpoint.id}.toml"])
            answers = Answers("ada1", {checkpoint.id: given})
            judged = judge_questions(course, checkpoint, answers, keys)
            found = {q.status for q in judged if q.kind == "compute"}
            assert found <= wanted


def test_a_class_has_a_roster_that_others_can_read(toy: Course, tmp_path: Path) -> None:
    """The roster is plain CSV, with one line for each student."""
    make_class(toy, tmp_path / "class", 30, 1)
    with (tmp_path / "class" / "roster.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["login"] for row in rows}) == 30
    assert all(row["email"].endswith("@example.org") for row in rows)
