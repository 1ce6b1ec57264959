"""The doctor: what is looked at, the fix for each finding, and the quiz about the prerequisites."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tomllib
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.build import plan_build
from grader.course import Course, load_course
from grader.course.prerequisites import QuizQuestion, read_quiz
from grader.course.shipped import SHIPPED
from grader.errors import CourseError, IsolationError
from grader.render.screen import Screen, open_console
from grader.student import doctor
from grader.student.doctor import Finding, examine, show_finding
from grader.student.quiz import ask_quiz, verdict
from grader.tests.screens import shown
from grader.tests.student_samples import Terminal, grader_program

ROOT = Path(__file__).resolve().parents[2]
QUIZ = """\
minutes = 2

[[question]]
title = "Sums"
text = '''
What is 2 and 3?
'''
options = ["4", "5"]
answer = "b"
why = "Count on from 2."
refresh = "Count to ten."

[[question]]
title = "Order"
text = "Is 3 and 2 the same?"
options = ["yes", "no", "it depends"]
answer = "a"
why = "The order does not matter."
refresh = "Try it."
"""
Version = namedtuple("Version", "major minor micro releaselevel serial")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes long: importing packages, and the box."""
    monkeypatch.setattr(doctor, "_imported", lambda package, module: ("99.0", ""))

    class Box:
        level = "kernel"

        def __enter__(self) -> Box:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(doctor, "open_box", lambda minimum: Box())


def findings(root: Path, encoding: str = "utf-8") -> dict[str, Finding]:
    """Look at a repository, with the last finding of each kind."""
    console = open_console(plain=False, file=io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    return {finding.what: finding for finding in examine(root, console)}


@pytest.fixture
def fit(toy_student: Path, quick: None) -> Path:
    """Give a repository in which all is well."""
    (toy_student / ".git").mkdir()
    return toy_student


def test_a_fit_copy_has_nothing_to_mend(fit: Path) -> None:
    """Every finding is well, and none has a fix, but for a harmless one (of CPython 3.13.0 itself)."""
    found = findings(fit)
    assert [finding for finding in found.values() if finding.fix and not finding.harmless] == []
    assert list(found) == ["Python", *doctor.OLDEST, "Terminal", "Width", "git", "Repository", "Isolation",
                           "Course", "Given files", "Your files"]
    assert found["Given files"].found.startswith("all 12 are as they were given")
    assert found["Your files"].found == "4 modules can be read"


def test_the_oldest_versions_are_those_of_the_project() -> None:
    """The doctor asks for what the installer asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = dict(line.split(">=") for line in project["dependencies"])
    assert {name: ".".join(map(str, oldest)) for name, (_, oldest) in doctor.OLDEST.items()} == wanted
    assert project["requires-python"] == f">={'.'.join(map(str, doctor.OLDEST_PYTHON))}"


@pytest.mark.parametrize(
    ("version", "well", "text"), [((3, 10, 9), False, "install Python 3.11"), ((3, 13, 0), True, "3.13.1"),
                                  ((3, 13, 1), True, "")])
def test_the_version_of_python_is_judged(
    monkeypatch: pytest.MonkeyPatch, *, version: tuple[int, int, int], well: bool, text: str
) -> None:
    """Too old is bad, and one version has a fault that is worth knowing."""
    monkeypatch.setattr(sys, "version_info", Version(*version, "final", 0))
    finding = doctor._python()
    assert (finding.well, text in finding.fix) == (well, True)


@pytest.mark.parametrize(
    ("answer", "text"),
    [(("1.26.4", ""), "1.26.4, which is too old"), (("", "it is not installed"), "it is not installed"),
     (("2.0.0rc1", ""), "2.0.0rc1"), (("10.0", ""), "10.0")],
)
def test_a_package_is_judged(
    fit: Path, monkeypatch: pytest.MonkeyPatch, *, answer: tuple[str, str], text: str
) -> None:
    """Old and missing packages come with the command that installs them."""
    monkeypatch.setattr(doctor, "_imported", lambda package, module: answer)
    finding = findings(fit)["numpy"]
    assert finding.found == text
    assert finding.well == (answer[0] in ("2.0.0rc1", "10.0"))
    assert finding.well or "-m pip install -U numpy" in finding.fix


@pytest.mark.parametrize(
    ("module", "package", "text"),
    [("numpy", "numpy", ""), ("no_such_module", "numpy", "it is not installed"),
     ("numpy", "no-such-package", "it is not installed"),
     ("numpy; raise ValueError('broken')", "numpy", "it cannot be imported: ValueError: broken"),
     ("os; os._exit(9)", "numpy", "it cannot be imported: it ended with exit code 9")],
)
def test_packages_are_imported_elsewhere(module: str, package: str, text: str) -> None:
    """A package that breaks its process is named, and ends nothing here."""
    version, problem = doctor._imported(package, module)
    assert problem == text
    assert bool(version) == (not text)


def test_a_file_named_like_a_package_is_not_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A student's own numpy.py in the current folder is not what is imported."""
    (tmp_path / "numpy.py").write_text("raise SystemExit('mine')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert doctor._imported("numpy", "numpy")[1] == ""


def test_a_package_that_hangs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever."""
    monkeypatch.setattr(doctor, "_SECONDS", 1)
    assert doctor._imported("numpy", "time; time.sleep(30)")[1] == "importing it took longer than 1 seconds"


def test_a_simple_terminal_is_worth_a_note(fit: Path) -> None:
    """It shows letters for symbols, and nothing depends on that."""
    finding = findings(fit, "cp1252")["Terminal"]
    assert finding.well
    assert finding.found == "cp1252, symbols are shown as letters"
    assert "PYTHONUTF8=1" in finding.fix


def test_a_folder_without_git_is_told(
    toy_student: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written there is not kept; and git itself may be missing."""
    assert not findings(toy_student)["Repository"].well
    monkeypatch.setattr(shutil, "which", lambda name: None)
    finding = findings(toy_student)["git"]
    assert (finding.found, finding.well) == ("it is not installed", False)


def test_a_box_that_does_not_open_is_told(fit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error's own words and its own fix."""

    def refuse(minimum: str) -> Iterator[None]:
        raise IsolationError("no process can be started", fix="close some programs")

    monkeypatch.setattr(doctor, "open_box", refuse)
    finding = findings(fit)["Isolation"]
    assert (finding.found, finding.fix) == ("no process can be started", "close some programs")


def test_changed_given_files_are_named(fit: Path) -> None:
    """Changed, missing, but not those with other line ends, nor the student's own."""
    readme = fit / "assignments/01_add/README.md"
    readme.write_bytes(readme.read_bytes().replace(b"\n", b"\r\n"))
    (fit / "toypkg/add.py").write_text("# mine\n", encoding="utf-8")
    (fit / "README.md").write_text("mine", encoding="utf-8")
    assert findings(fit)["Given files"].well
    (fit / "assignments/02_scale/test_public.py").write_text("# mine\n", encoding="utf-8")
    (fit / "toypkg/shapes.py").unlink()
    finding = findings(fit)["Given files"]
    assert finding.found == "changed or missing: assignments/02_scale/test_public.py, toypkg/shapes.py"
    assert "git checkout -- assignments/02_scale/test_public.py toypkg/shapes.py" in finding.fix
    (fit / SHIPPED).unlink()
    assert not findings(fit)["Given files"].well


def test_many_changed_files_are_counted(fit: Path) -> None:
    """Five names are enough."""
    for file in (fit / "assignments").rglob("*.md"):
        file.write_text(file.read_text(encoding="utf-8") + "\nmine\n", encoding="utf-8")
    for name in ("add", "scale"):
        file = next((fit / "assignments").glob(f"*_{name}/rubric.toml"))
        file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        file = next((fit / "assignments").glob(f"*_{name}/test_public.py"))
        file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert findings(fit)["Given files"].found.endswith(" and 1 more")


def test_a_course_that_does_not_load_is_told(fit: Path) -> None:
    """With the place, and how to get it back; the rest is looked at all the same."""
    (fit / "assignments/01_add/rubric.toml").write_text("title = ", encoding="utf-8")
    found = findings(fit)
    assert found["Course"].found.startswith("assignments/01_add/rubric.toml:1: this is not TOML")
    assert "git checkout -- assignments" in found["Course"].fix
    assert found["git"].well


def test_files_of_ones_own_that_cannot_be_taken_are_named(fit: Path) -> None:
    """A module in another encoding, one that is missing, and a missing package."""
    (fit / "toypkg/add.py").write_bytes(b"# caf\xe9\n")
    assert "toypkg/add.py" in findings(fit)["Your files"].found
    (fit / "toypkg/add.py").unlink()
    course = load_course(fit)
    assert next(doctor._own_files(course)).fix == "get it back with `grader reset 1.1`."
    shutil.rmtree(fit / "toypkg")
    assert not findings(fit)["Your files"].well


def test_findings_are_shown_without_colours() -> None:
    """A sign, or a word, tells well from bad; a note is neither."""
    made = [Finding("A", "fine"), Finding("B", "odd", "know it", harmless=True),
            Finding("C", "bad", "mend it")]

    def write(screen: Screen) -> None:
        for finding in made:
            show_finding(screen, finding)

    assert shown(write) == ("  ✓ A: fine\n  · B: odd\n    Fix          know it\n"
                            "  ✗ C: bad\n    Fix          mend it\n")
    assert shown(write, plain=True) == (
        "Well: A: fine\nNote: B: odd\nFix: know it\nNot well: C: bad\nFix: mend it\n")


def test_the_command_ends_with_1_where_something_is_to_mend(toy_student: Path) -> None:
    """And with 0 where all is well: the repository is the only thing that was wrong."""
    said = grader_program(toy_student, "doctor", "--plain", PYTHONIOENCODING="ascii")
    assert said.code == 1
    assert "Not well: Repository: this folder is no git repository" in said.out
    assert said.out.endswith("1 thing to mend. Next: do the first fix, then run it again.\n")
    (toy_student / ".git").mkdir()
    said = grader_program(toy_student, "doctor")
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("All is well. Next: grader\n")


# The quiz


def with_quiz(root: Path, text: str = QUIZ) -> Path:
    """Give a course a quiz."""
    (root / "assignments" / "prerequisites.toml").write_text(text, encoding="utf-8")
    return root


def test_a_quiz_is_asked_and_explained(tmp_path: Path) -> None:
    """Nonsense is asked again, an empty answer is a wrong one, and each wrong one says what to refresh."""
    (tmp_path / "assignments").mkdir()
    quiz = read_quiz(with_quiz(tmp_path))
    assert quiz is not None
    typed = iter(["seven", "ab", "B)", ""])
    raw = io.StringIO()
    console = open_console(plain=True, file=raw)
    wrong = ask_quiz(quiz, lambda prompt: next(typed), lambda: Screen(console, plain=True))
    assert wrong == 1
    assert next(verdict(quiz, wrong)) == "1 of 2 right."
    assert list(verdict(quiz, 0)) == ["2 of 2 right."]
    assert raw.getvalue() == (
        "\nQuestion 1 of 2: Sums.\nWhat is 2 and 3?\na) 4\nb) 5\nRight. Count on from 2.\n"
        "\nQuestion 2 of 2: Order.\nIs 3 and 2 the same?\na) yes\nb) no\nc) it depends\n"
        "The answer is a. The order does not matter.\nRefresh: Try it.\n")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [("minutes = 2", "", "`minutes` is missing"), ('answer = "b"', 'answer = "c"', "`answer` is 'c'"),
     ('["4", "5"]', '["4"]', "1 options"), ('why = "Count on from 2."', "", "`why` is missing"),
     ("title =", "titel =", "unknown key `titel`"), (QUIZ, "minutes = 2", "no question")],
)
def test_a_wrong_quiz_is_refused_with_its_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    """An author reads file, line and the fix."""
    (tmp_path / "assignments").mkdir()
    with pytest.raises(CourseError) as refused:
        read_quiz(with_quiz(tmp_path, QUIZ.replace(old, new, 1)))
    assert problem in str(refused.value)
    assert (refused.value.where or "").startswith("assignments/prerequisites.toml:")


def test_a_quiz_is_shipped_and_a_wrong_one_is_not(toy: Course, tmp_path: Path) -> None:
    """`grader build` reads it first, so that no student meets a broken one."""
    copy = tmp_path / "course"
    shutil.copytree(toy.root, copy)
    course = load_course(with_quiz(copy))
    assert plan_build(course)["starter/assignments/prerequisites.toml"] == QUIZ.encode()
    with_quiz(copy, "minutes = 2")
    with pytest.raises(CourseError, match="no question"):
        plan_build(course)


def test_the_courses_own_quiz_is_right(course: Course) -> None:
    """Two minutes, at least four questions, and answers that are not always the same letter."""
    quiz = read_quiz(course.root)
    assert quiz is not None
    assert quiz.minutes == 2
    titles = [question.title for question in quiz.questions]
    assert {"Softmax by hand", "Shapes of matrices", "Broadcasting", "Chain rule"} <= set(titles)
    assert len({question.answer for question in quiz.questions}) >= 3

    import numpy as np

    def answer(title: str) -> str:
        question: QuizQuestion = quiz.questions[titles.index(title)]
        return question.options["abcd".index(question.answer)]

    shares = np.exp([5.0, 5.0, 5.0]) / np.exp([5.0, 5.0, 5.0]).sum()
    assert np.allclose(shares, 1 / 3)
    assert answer("Softmax by hand") == "one third each"
    assert answer("Shapes of matrices") == str(list((np.ones((2, 4)) @ np.ones((4, 3))).shape))
    assert answer("Broadcasting").startswith("[2, 3]: the one number of each row of b")
    assert (np.zeros((2, 3)) - np.array([[1.0], [2.0]])).tolist() == [[-1.0] * 3, [-2.0] * 3]
    assert answer("Axes") == {2: "two"}[np.zeros((2, 3)).sum(axis=1).size]
    slope = ((3 * 1.0001 + 1) ** 2 - (3 * 0.9999 + 1) ** 2) / 0.0002
    assert answer("Chain rule") == str(round(slope))


def test_the_quiz_needs_a_terminal_and_questions(toy_student: Path) -> None:
    """Both are usage errors with a next step."""
    said = grader_program(toy_student, "doctor", "--quiz")
    assert said.code == 2
    assert "this course has no quiz about its prerequisites." in said.err
    said = grader_program(with_quiz(toy_student), "doctor", "--quiz")
    assert said.code == 2
    assert "the quiz asks questions, so it needs a terminal." in said.err


@pytest.mark.skipif(os.name == "nt", reason="this terminal is made with a pty")
@pytest.mark.parametrize(("typed", "code"), [("b\na\n", 0), ("a\n\n", 1)])
def test_the_quiz_on_a_terminal(toy_student: Path, typed: str, code: int) -> None:
    """All right is exit 0, something to refresh is 1."""
    with Terminal(with_quiz(toy_student), "doctor", "--quiz") as terminal:
        assert terminal.type(typed).end() == code
        assert f"{2 if code == 0 else 0} of 2 right." in terminal.shown


@pytest.mark.skipif(os.name == "nt", reason="this terminal is made with a pty")
def test_the_quiz_can_be_left(toy_student: Path) -> None:
    """Ctrl-C ends it without a traceback."""
    with Terminal(with_quiz(toy_student), "doctor", "--quiz") as terminal:
        assert terminal.until("or Enter").interrupt().end() == 130
        assert "Traceback" not in terminal.shown
