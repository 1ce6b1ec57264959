"""Exports: every file is read back by a parser with the rules of the importer it is for."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.classroom import Gradebook
from grader.classroom.sheets import cell, sheet
from grader.course import Course
from grader.tests.gradebook_samples import BookMaker, Work
from grader.tests.test_cli import Run, run

__all__ = ["run"]
Export = Callable[..., tuple[int, str, str]]

TEMPLATE = """\
Student,ID,SIS User ID,SIS Login ID,Section,A toy course (11),Lesson 1 (12),Homework 3 (13),Current Score
    Points Possible,,,,,200,10,100,(read only)
"King, Jr., Ada",901,s-1,ada@example.org,A,,,,50
"Öz, Cem",902,s-3,cem,A,7,,,50
"Unknown, Una",903,s-9,una,A,,,,50
"Twin, One",904,,twin,A,,,,
"Twin, Two",905,,twin,B,,,,
"=HYPERLINK(""http://x"")",906,s-7,mal,A,,,,
"Student, Test",907,,,A,,,,
"""


@pytest.fixture
def maker(tmp_path: Path, toy: Course) -> BookMaker:
    """Make a class: a name with a comma, Unicode, twins of one login, a formula, somebody not enrolled."""
    made = BookMaker(tmp_path / "gradebook.db", toy)
    made.enrol("ada", "Ada King, Jr.", email="ada@example.org", number="s-1", section="A")
    made.enrol("cem", "Cem Öz", email="cem@example.org", number="s-3")
    made.enrol("twin", "Twin", email="twin@example.org")
    made.enrol("mal", '=HYPERLINK("http://x")', email="mal@example.org", number="s-7")
    made.add("ada", Work({"1.1": ["pure"]}))
    made.add("cem", Work({"2.1": ["negative"]}))
    made.add("twin", Work())
    made.add("mal", Work({"1.1": ["values", "pure"]}))
    made.add("stray", Work())
    return made


@pytest.fixture
def export(maker: BookMaker, run: Run, toy: Course) -> Export:
    """Run `grader export` on the class."""
    where = (maker.path, "--course", toy.root)
    return lambda form, *words: run("export", form, *where, *words)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Write what a teacher has exported from Canvas."""
    file = tmp_path / "export.csv"
    file.write_text(TEMPLATE, encoding="utf-8-sig")
    return file


def canvas_import(text: str, known: set[str]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Read as Canvas' importer does: scores by student's ID and title, and the assignments it would make.

    Its rules: the first row has Student, ID and Section; a row with "Points Possible" in its first cell is no
    student; a student is found by ID; a title with an unknown id makes a new assignment.
    """
    rows = list(csv.reader(io.StringIO(text)))
    head = rows[0]
    assert "Student" in head[0]
    assert "ID" in head[1]
    first = head.index("Section") + 1
    titles = [(place, name) for place, name in enumerate(head)
              if place >= first and "Current Score" not in name]
    new = [name for _, name in titles if not (m := re.search(r"\((\d+)\)$", name)) or m[1] not in known]
    scores = {row[1]: {name: row[place] for place, name in titles}
              for row in rows[1:] if "Points Possible" not in row[0]}
    return scores, new


def moodle_import(text: str, users: set[str]) -> dict[str, dict[str, str]]:
    """Read as Moodle's importer does: by e-mail address, case counts, one unknown user aborts it all."""
    rows = list(csv.DictReader(io.StringIO(text)))
    unknown = [row["Email address"] for row in rows if row["Email address"] not in users]
    if unknown:
        raise LookupError(f"user mapping error: {unknown}")
    assert len({row["Email address"] for row in rows}) == len(rows)
    return {row["Email address"]: row for row in rows}


def test_canvas_fills_the_teachers_own_export(export: Export, template: Path) -> None:
    """Scores stand in the right cells, scaled to the points in Canvas; no assignment would be made."""
    code, out, err = export("canvas", "--template", template, "--column", "Homework 3=lesson 2")
    scores, new = canvas_import(out, {"11", "12", "13"})
    assert (code, new) == (0, [])
    assert scores["901"] == {"A toy course (11)": "180", "Lesson 1 (12)": "8", "Homework 3 (13)": "100"}
    assert scores["902"] == {"A toy course (11)": "170", "Lesson 1 (12)": "10", "Homework 3 (13)": "70"}
    assert scores["906"]["Lesson 1 (12)"] == "4"
    for nobody in ("903", "904", "905", "907"):
        assert set(scores[nobody].values()) == {""}
    assert err == ("Left out: 2\n  stray is not in the template\n  twin fits 2 lines of the template\n")


def test_canvas_keeps_all_the_rest(export: Export, template: Path) -> None:
    """Header, points possible, IDs, sections and columns that are not ours come back as they were."""
    before, after = csv.reader(io.StringIO(TEMPLATE)), csv.reader(io.StringIO(export(
        "canvas", "--template", template)[1]))
    for old, new in zip(before, after, strict=True):
        assert old[1:5] == new[1:5]
        assert old[7:] == new[7:]
        assert new[0] in (old[0], f"'{old[0]}")
        assert not new[0].startswith("=")


def test_canvas_with_semicolons(export: Export, tmp_path: Path) -> None:
    """An export of a country with decimal commas keeps its delimiter."""
    file = tmp_path / "e.csv"
    file.write_text("Student;ID;SIS Login ID;Section;Lesson 1 (12)\n"
                    "    Points Possible;;;;10,0\nKing;901;ADA;A;\n", encoding="utf-8")
    out = export("canvas", "--template", file)[1]
    assert out.splitlines()[2] == "King;901;ADA;A;8"


def test_canvas_needs_a_template_that_is_one(export: Export, tmp_path: Path) -> None:
    """No template, another file, no title of ours, a wrong --column: each says what to do."""
    code, _, err = export("canvas")
    assert code == 2
    assert "a Canvas import is made from your own export" in err
    file = tmp_path / "t.csv"
    for text, problem in (("a,b\n", "this is no export of a Canvas gradebook."),
                          ("", "this is no export of a Canvas gradebook."),
                          ("Student,ID,SIS Login ID,Section,Essay (1)\n", "no column of the template has")):
        file.write_text(text)
        code, _, err = export("canvas", "--template", file)
        assert (code, problem in err, "Next:" in err) == (2, True, True)
    file.write_bytes(b"\xff\xfe\x00")
    assert "the template is not UTF-8 text" in export("canvas", "--template", file)[2]
    assert "No such file" in export("canvas", "--template", tmp_path / "none")[2]
    assert "--column 'x=lesson 9' names no column and points." in export(
        "canvas", "--template", file, "--column", "x=lesson 9")[2]
    assert "--template and --column are for canvas." in export("csv", "--template", file)[2]


def test_moodle_gets_only_whom_it_knows(export: Export, maker: BookMaker) -> None:
    """An import with Moodle's rules goes through; who is not in the roster, or doubtful, is listed."""
    maker.enrol("sam", "Sam", email="same@example.org")
    maker.enrol("tam", "Tam", email="SAME@example.org")
    maker.enrol("nomail", "No Mail")
    code, out, err = export("moodle")
    users = {f"{name}@example.org" for name in ("ada", "cem", "twin", "mal")}
    rows = moodle_import(out, users)
    assert code == 0
    assert rows["ada@example.org"]["A toy course"] == "180"
    assert rows["ada@example.org"]["Lesson 1"] == "80"
    assert rows["cem@example.org"]["Checkpoint 1"] == "170"
    assert rows["cem@example.org"]["Checkpoint 1 feedback"] == "Go on."
    assert "Left out: 4" in err
    for line in ("stray is not in the roster", "sam shares an e-mail address with somebody",
                 "nomail has neither an e-mail address nor a number in the roster"):
        assert f"  {line}" in err


def test_a_newer_roster_is_taken(export: Export, tmp_path: Path) -> None:
    """--roster brings in who was not enrolled when the class was graded."""
    roster = tmp_path / "roster.csv"
    roster.write_text("login,name,email\nstray,Stray Cat,stray@example.org\n", encoding="utf-8")
    rows = moodle_import(export("moodle", "--roster", roster)[1],
                         {f"{name}@example.org" for name in ("ada", "cem", "twin", "mal", "stray")})
    assert rows["stray@example.org"]["A toy course"] == "200"


def test_classrooms_grades_csv(export: Export) -> None:
    """The columns of GitHub Classroom's grades.csv, in their order, with whole points."""
    rows = list(csv.reader(io.StringIO(export("classroom")[1])))
    assert rows[0] == ["assignment_name", "assignment_url", "starter_code_url", "github_username",
                       "roster_identifier", "student_repository_name", "student_repository_url",
                       "submission_timestamp", "points_awarded", "points_available", "group_name"]
    ada = next(row for row in rows if row[3] == "ada")
    assert ada == ["A toy course", "", "", "ada", "s-1", "toy-course-ada", "", "2026-11-20T10:00:00Z", "180",
                   "200", ""]


def test_plain_csv_has_every_score(export: Export) -> None:
    """All scores that count, with their maxima; names with commas, Unicode and formulas are text."""
    rows = {row["login"]: row for row in csv.DictReader(io.StringIO(export("csv")[1]))}
    assert rows["ada"]["name"] == "Ada King, Jr."
    assert rows["cem"]["name"] == "Cem Öz"
    assert rows["mal"]["name"] == '\'=HYPERLINK("http://x")'
    assert (rows["mal"]["total"], rows["mal"]["total max"], rows["mal"]["lesson 1"]) == ("140", "200", "40")


def test_overrides_count_in_every_export(export: Export, maker: BookMaker, tmp_path: Path) -> None:
    """What was set by hand is what other gradebooks get."""
    with Gradebook.create(maker.path) as book:
        book.add_override(book.student("mal"), "lesson", "1", 99, who="t", why="appeal")
    assert ",199,200,99,100,100,100,199,200" in export("csv")[1]
    scores = json.loads(export("classroom50")[1])
    entry = next(e for e in scores["assignments"]["toy-course"]["entries"] if e["owner"] == "mal")
    assert (entry["submissions"][0]["score"], entry["submissions"][0]["max-score"]) == (199, 200)
    export("gradescope", "--output", tmp_path / "g")
    assert json.loads((tmp_path / "g" / "mal" / "results.json").read_text())["score"] == 199


def test_classroom50_scores_are_as_its_reader_wants_them(export: Export) -> None:
    """scores.json has its schema, a bucket for the assignment, an entry for each owner, newest first."""
    data: dict[str, Any] = json.loads(export("classroom50")[1])
    assert data["schema"] == "classroom50/scores/v1"
    bucket = data["assignments"]["toy-course"]
    assert bucket["type"] == "individual"
    assert sorted(entry["owner"] for entry in bucket["entries"]) == ["ada", "cem", "mal", "stray", "twin"]
    for entry in bucket["entries"]:
        assert entry["member_usernames"] == [entry["owner"]]
        (submission,) = entry["submissions"]
        assert "assignment" not in submission
        assert submission["schema"] == "classroom50/result/v1"
        assert isinstance(submission["score"], int)


def test_gradescope_gets_a_file_for_each_student(export: Export, tmp_path: Path) -> None:
    """A folder for each student with results.json; without --output it says so."""
    code, _, err = export("gradescope", "--output", tmp_path / "g")
    assert code == 0
    assert err == f"Wrote 5 files results.json to {tmp_path / 'g'}, one folder for each student.\n"
    data = json.loads((tmp_path / "g" / "ada" / "results.json").read_text())
    assert data["score"] == 180
    assert sum(test["max_score"] for test in data["tests"]) == 200
    code, _, err = export("gradescope")
    assert (code, "name it with --output DIR" in err) == (2, True)


def test_a_hostile_login_does_nothing(export: Export, maker: BookMaker, tmp_path: Path) -> None:
    """A login of controls, HTML and a formula is text in every export, and no name of a folder."""
    login = "=1+1\x1b[31m\u202e/../<b>"
    maker.enrol(login, login, email="x@example.org")
    maker.add(login, Work())
    for form in ("csv", "moodle", "classroom", "classroom50"):
        out = export(form)[1]
        assert not {"\x1b", "\u202e"} & set(out), form
        assert not re.search(r'(^|,)"?=', out, re.MULTILINE), form
    assert export("gradescope", "--output", tmp_path / "g")[0] == 0
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", place.name) for place in (tmp_path / "g").iterdir())
    assert not (tmp_path / "b").exists()


def test_an_export_goes_to_a_file(export: Export, tmp_path: Path) -> None:
    """--output writes the same text, and says where."""
    code, out, err = export("csv", "--output", tmp_path / "c.csv")
    assert (code, out, err) == (0, "", f"Wrote {tmp_path / 'c.csv'}.\n")
    assert (tmp_path / "c.csv").read_text(encoding="utf-8") == export("csv")[1]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    """What a spreadsheet would calculate gets a quote in front; numbers of ours stay numbers."""
    assert str(cell(text)).startswith("'")
    assert next(csv.reader(io.StringIO(sheet([[text, -1, 2.5, None]]))))[1:] == ["-1", "2.5", ""]


def test_a_cell_keeps_what_is_honest() -> None:
    """Commas, quotes, Unicode and line ends come back; controls are shown."""
    names = ["King, Jr.", 'Ada "the Countess"', "Cem Öz", "李雷", "a\nb", "\x1b[31m\u202e"]
    assert next(csv.reader(io.StringIO(sheet([names])))) == [
        "King, Jr.", 'Ada "the Countess"', "Cem Öz", "李雷", "a b", r"\x1b[31m\u202e"]
