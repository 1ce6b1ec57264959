"""Overrides and reviews: what a teacher decides counts at once, and stays with who, when and why."""

from __future__ import annotations

import csv
import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.classroom import Gradebook, standings
from grader.classroom.decisions import waiting
from grader.course import Course, load_course
from grader.tests.class_samples import HOSTILE
from grader.tests.gradebook_samples import BookMaker, Work
from grader.tests.student_samples import Terminal
from grader.tests.test_cli import Run, run

__all__ = ["run"]
Command = Callable[..., tuple[int, str, str]]

QUESTIONS = """\
[[question]]
id = "why"
kind = "explain"
points = 12
text = "Why does a sum have no order?"
levels = ["Nothing is said.", "Half is said.", "All is said."]

[[question]]
id = "picture"
kind = "draw"
points = 8
text = "Draw a sum."
levels = ["No sum.", "Half a sum.", "A sum."]
"""


@pytest.fixture(scope="module")
def asked(toy: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Copy the toy course, with two questions that a teacher reads."""
    root = tmp_path_factory.mktemp("asked") / "course"
    shutil.copytree(toy.root, root)
    (root / "assignments" / "checkpoints").mkdir()
    (root / "assignments" / "checkpoints" / "1.toml").write_text(QUESTIONS)
    return load_course(root)


@pytest.fixture
def maker(tmp_path: Path, asked: Course) -> BookMaker:
    """Make a class: two gave the same text, one a hostile one and a picture, one nothing."""
    made = BookMaker(tmp_path / "gradebook.db", asked)
    same = ("1", "why", "d" * 64, "Because it commutes.", "")
    made.add("ada", Work({"1.1": ["pure"]}), answers=(same,))
    made.add("bob", Work(), answers=(same,))
    made.add("cem", Work(), answers=(("1", "why", "e" * 64, HOSTILE, ""),
                                     ("1", "picture", "f" * 64, "", "sum.png")))
    made.add("dan", Work())
    return made


@pytest.fixture
def command(maker: BookMaker, run: Run) -> Command:
    """Run a command on the class."""
    return lambda name, *words: run(name, *words, "--course", maker.course.root)


def scores(maker: BookMaker) -> dict[str, int]:
    """Map students to the score that holds."""
    with Gradebook.open(maker.path) as book:
        return {s.student.login: s.score for s in standings(book)}


@pytest.mark.parametrize(("target", "score", "total"), [
    ("1", "50", 150), ("1.1", "60", 200), ("1.1/pure", "10", 190), ("1/why", "12", 192)])
def test_an_override_counts_at_once(target: str, score: str, total: int, maker: BookMaker,
                                    command: Command) -> None:
    """A lesson, an exercise, a criterion or a question can be set; the command says both totals."""
    code, out, _ = command("override", "ada", target, score, "--why", "my test was wrong",
                           "--who", "T. Eacher", "--gradebook", maker.path)
    assert code == 0
    assert f"In all 180 before, {total} now." in out
    assert scores(maker)["ada"] == total
    with Gradebook.open(maker.path) as book:
        (kept,) = book.overrides()
    assert (kept.target, kept.score) == (target, int(score))
    assert (kept.who, kept.why) == ("T. Eacher", "my test was wrong")
    assert kept.at.endswith("Z")


def test_an_override_is_taken_back_by_another(maker: BookMaker, command: Command) -> None:
    """--back brings the graded score back; both decisions stay."""
    where = ("--gradebook", maker.path, "--who", "t")
    command("override", "ada", "1", "0", "--why", "copied", *where)
    assert scores(maker)["ada"] == 100
    code, out, _ = command("override", "ada", "1", "--back", "--why", "it was not", *where)
    assert (code, "as graded" in out) == (0, True)
    assert scores(maker)["ada"] == 180
    with Gradebook.open(maker.path) as book:
        assert [(o.score, o.why) for o in book.overrides()] == [(0, "copied"), (None, "it was not")]


def test_an_override_that_cannot_be_meant(maker: BookMaker, command: Command) -> None:
    """An unknown student or target, too many points, no reason, no score: exit 2, nothing kept."""
    where = ("--gradebook", maker.path)
    for words, problem in (
        (("eve", "1", "5", "--why", "x"), "there is no student 'eve' in this gradebook."),
        (("ada", "9", "5", "--why", "x"), "'9' names nothing that has a score here."),
        (("ada", "1.1/none", "5", "--why", "x"), "'1.1/none' names nothing that has a score here."),
        (("ada", "1.1", "61", "--why", "x"), "exercise 1.1 has at most 60 points."),
        (("ada", "1", "5", "--why", " "), "an override needs a reason."),
        (("ada", "1", "--why", "x"), "give a score, or --back to take an earlier one back."),
        (("ada", "1", "5", "--back", "--why", "x"), "give a score, or --back to take an earlier one back."),
        (("ada", "1", "5"), "Missing option '--why'"),
    ):
        code, _, err = command("override", *words, *where)
        assert (code, problem in err) == (2, True), err
    with Gradebook.open(maker.path) as book:
        assert book.overrides() == ()


def test_who_decides_is_the_user(maker: BookMaker, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --who the name on this machine is kept; where there is none, it is asked for."""
    monkeypatch.setenv("LOGNAME", "herself")
    command("override", "ada", "1", "5", "--why", "x", "--gradebook", maker.path)
    with Gradebook.open(maker.path) as book:
        assert book.overrides()[0].who == "herself"

    def nobody() -> str:
        raise OSError

    monkeypatch.setattr("getpass.getuser", nobody)
    code, _, err = command("override", "ada", "1", "5", "--why", "x", "--gradebook", maker.path)
    assert (code, "your name is not known on this machine." in err) == (2, True)
    assert "Next: give it with --who NAME." in err


def test_the_same_answer_is_read_once(maker: BookMaker) -> None:
    """Answers come by question; equal ones of two students are one."""
    with Gradebook.open(maker.path) as book:
        found = waiting(book, maker.course)
    assert [(w.question.id, w.answer.digest[0], w.students) for w in found] == [
        ("why", "d", 2), ("why", "e", 1), ("picture", "f", 1)]
    assert found[2].place == "class/cem"


def test_a_review_with_three_keys(maker: BookMaker, asked: Course) -> None:
    """Level, comment, back, skip: every review counts for whoever gave that answer."""
    if sys.platform == "win32":
        pytest.skip("there are no pseudo-terminals on Windows")
    with Terminal(asked.root, "review", str(maker.path), "--who", "t") as screen:
        screen.until("q stop").type("3").until("q stop").type("b").until("q stop")
        screen.type("c").until("Comment").type("Say how.\n").until("Level: 1, 2 or 3").type("2")
        screen.until("q stop").type("s").until("q stop").type("q")
        assert screen.end() == 0
        for text in ("1 of 3", "2 students", "Because it commutes.", "2 of 3", "3 of 3", "sum.png",
                     "2 reviews kept."):
            assert text in screen.shown
        assert "\u202e" not in screen.shown
    assert scores(maker) == {"ada": 186, "bob": 206, "cem": 200, "dan": 200}
    with Gradebook.open(maker.path) as book:
        assert [(r.level, r.comment, r.who) for r in book.reviews()] == [(3, "", "t"), (2, "Say how.", "t")]
        assert len(waiting(book, asked)) == 2
        assert len(waiting(book, asked, again=True)) == 3


def test_a_review_in_a_spreadsheet(maker: BookMaker, command: Command, tmp_path: Path) -> None:
    """The answers go out as CSV, come back with levels, and count; a row without a level waits on."""
    file = tmp_path / "answers.csv"
    code, _, err = command("review", maker.path, "--export", file)
    assert code == 0
    assert f"3 answers are in {file}." in err
    text = file.read_text(encoding="utf-8")
    assert not {"\u202e", "\x1b"} & set(text)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["students"] for row in rows] == ["2", "1", "1"]
    assert rows[2]["file"] == "class/cem/answers/sum.png"
    rows[0] |= {"level": "3", "comment": "Good."}
    rows[2] |= {"level": "1", "comment": ""}
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    code, out_, _ = command("review", maker.path, "--import", file, "--who", "t")
    assert (code, out_) == (0, "2 reviews kept.\n")
    assert scores(maker) == {"ada": 192, "bob": 212, "cem": 200, "dan": 200}


def test_a_student_reads_the_review(maker: BookMaker, command: Command, tmp_path: Path) -> None:
    """The student's page has the level's sentence, the comment, and what was set by hand, with the reason."""
    with Gradebook.create(maker.path) as book:
        answer = next(a for a in book.answers() if a.question == "why")
        book.add_review(answer, 2, who="t", comment="Say how.")
        book.add_override(book.student("ada"), "exercise", "1.1", 60, who="t", why="my test was wrong")
    command("report", maker.path, "--students", tmp_path / "pages")
    ada, dan = ((tmp_path / "pages" / f"{name}.html").read_text(encoding="utf-8") for name in ("ada", "dan"))
    assert "<td>Half is said. Say how.</td>" in ada
    assert "exercise 1.1: 60 (my test was wrong)" in ada
    assert "Say how." not in dan
    assert "<td>Your teacher reads this.</td>" in dan


def test_a_sheet_that_cannot_be_meant(maker: BookMaker, command: Command, tmp_path: Path) -> None:
    """The error names file and line, and no review of the sheet is kept."""
    file = tmp_path / "a.csv"
    command("review", maker.path, "--export", file)
    filled = file.read_text(encoding="utf-8").replace(",,\n", ",3,good\n")
    for old, new, problem in (
        ("3,good\n", "4,good\n", ":2: '4' is no level."),
        ("d" * 64, "0" * 64, ":2: this answer is not in the gradebook."),
        ("level", "lvl", ":1: the sheet has no column level."),
    ):
        file.write_text(filled.replace(old, new, 1), encoding="utf-8")
        code, _, err = command("review", maker.path, "--import", file, "--who", "t")
        assert (code, f"{file}{problem}" in err) == (2, True), err
    with Gradebook.open(maker.path) as book:
        assert book.reviews() == ()


def test_a_review_needs_a_terminal_or_a_sheet(maker: BookMaker, command: Command, tmp_path: Path) -> None:
    """Without a keyboard it says how to use a spreadsheet; a sheet that is none is refused."""
    code, _, err = command("review", maker.path, "--who", "t")
    assert (code, "a review needs a keyboard, and this is no terminal." in err) == (2, True)
    assert "grader review --export answers.csv" in err
    file = tmp_path / "a.csv"
    file.write_bytes(b"\xff\xfe")
    assert "the sheet is not UTF-8 text." in command(
        "review", maker.path, "--import", file, "--who", "t")[2]
    assert "--export and --import are two steps." in command(
        "review", maker.path, "--import", file, "--export", file)[2]


def test_nothing_to_review(tmp_path: Path, asked: Course, run: Run) -> None:
    """Where nobody has answered, it says so."""
    made = BookMaker(tmp_path / "g.db", asked)
    made.add("ada", Work())
    said = run("review", made.path, "--course", asked.root, "--who", "t")
    assert said.out == "Nothing waits for a review.\n"
