"""The report of a class: from a gradebook to every form, on the command line."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from grader.classroom import Gradebook
from grader.classroom.report.model import ClassReport, make_report
from grader.classroom.report.needs import needs
from grader.classroom.report.own_pages import folder_name
from grader.classroom.report.records import Change, Pair, StudentRecord, Try
from grader.classroom.report.source import read_class
from grader.classroom.report.texts import to_markdown
from grader.course import Course
from grader.tests.class_samples import HOSTILE, NOT_STARTED, cell, record, student
from grader.tests.class_samples import course as sample_course
from grader.tests.gradebook_samples import KEY, BookMaker, Work
from grader.tests.gradebooks import WRONG_ADD, write
from grader.tests.screens import check_golden
from grader.tests.test_cli import Run, run

__all__ = ["run"]
Report = Callable[..., tuple[int, str, str]]

PARTS = ["What to teach tomorrow", "Students who need you", "Class map", "Checkpoints",
         "Difficulty and discrimination", "Public against hidden", "Overrides, late work, regrades",
         "Similarity", "Exports", "How to make these numbers again"]
SUBTRACTS = Work({"1.1": ["values", "pure"]}, {"1.1": "subtracts"})


@pytest.fixture
def maker(tmp_path: Path, toy: Course) -> BookMaker:
    """Make a class of five: right, wrong, wrong and then right, rejected, nothing handed in."""
    made = BookMaker(tmp_path / "gradebook.db", toy)
    for login, name in (("ada", "Ada King, Jr."), ("bob", HOSTILE), ("cem", "Cem Öz"), ("dan", "Dan"),
                        ("eve", "Eve")):
        made.enrol(login, name, email=f"{login}@example.org")
    made.add("ada", Work())
    made.add("bob", SUBTRACTS)
    made.add("cem", SUBTRACTS, at="2026-11-20T10:00:00Z")
    made.add("cem", Work(SUBTRACTS.lost, SUBTRACTS.mistakes, words="again"), at="2026-11-20T10:30:00Z")
    made.add("cem", Work(problems=("toypkg/conftest.py",)), at="2026-11-20T11:30:00Z")
    made.add_without_result("dan", "rejected", "there is no folder toypkg/ here")
    return made


def report_of(maker: BookMaker, key: bytes | None = None) -> ClassReport:
    """Make the report of a gradebook."""
    with Gradebook.open(maker.path) as book:
        return make_report(maker.course, read_class(book, maker.course, command="grader report", key=key))


@pytest.fixture
def report(maker: BookMaker, run: Run, toy: Course) -> Report:
    """Run `grader report` on the class."""
    return lambda *words: run("report", str(maker.path), "--course", str(toy.root), *map(str, words))


def test_a_gradebook_is_read_whole(maker: BookMaker) -> None:
    """States, cells, misconceptions, remarks and the order of attempts come out as they went in."""
    found = {s.id: s for s in report_of(maker).students}
    assert {name: s.state for name, s in found.items()} == {
        "ada": "graded", "bob": "graded", "cem": "graded", "dan": "rejected", "eve": "missing"}
    assert found["bob"].cells["1.1"].lost == ("values", "pure")
    assert found["bob"].cells["1.1"].mistake == "subtracts"
    assert found["cem"].cells["1.1"].status == "passed"
    assert [bool(t.mistakes) for t in found["cem"].tries] == [True, True, False]
    assert found["cem"].remarks == ("toypkg/conftest.py: set aside",)
    assert (found["ada"].score, found["ada"].max_score) == (200, 200)


def test_the_misconceptions_are_ranked_with_the_time_stuck(maker: BookMaker) -> None:
    """One student shows it, one got past it after 90 minutes; the mini-lesson has five minutes."""
    (topic,) = report_of(maker).topics
    assert (topic.title, topic.students, topic.solved, topic.stuck_minutes) == ("subtracting", 1, 1, 90.0)
    assert topic.read == "assignments/01_add/README.md § Sums (1 min)"
    assert topic.text == ("Your numbers are differences. Adding brings two amounts together.",)
    assert [minutes for minutes, _ in topic.steps] == ["0–1", "1–2", "2–3", "3–4", "4–5"]
    assert topic.steps[-1][1].endswith("grader check 1.1")
    assert topic.excerpt
    assert topic.excerpt in topic.steps[3][1]


def test_more_students_come_before_more_time(tmp_path: Path) -> None:
    """The ranking is by students, then by the time they have been stuck."""
    made = sample_course(tmp_path)
    stuck = (Try("2026-11-20T10:00:00Z", 5, frozenset({("1.2", "swaps_1_2")})),
             Try("2026-11-21T10:00:00Z", 5, frozenset({("1.2", "swaps_1_2")})))
    first, second, third = (cell("values", mistake=f"swaps_1_{n}") for n in (1, 2, 3))
    students = [student("A", first, second, tries=stuck),
                student("B", first), student("C", cell(), cell(), third)]
    found = make_report(made, record(students)).topics
    assert [(t.misconception, t.students, t.stuck_minutes) for t in found] == [
        ("swaps_1_1", 2, None), ("swaps_1_2", 1, 1440.0), ("swaps_1_3", 1, None)]


def test_who_needs_help_and_why(tmp_path: Path) -> None:
    """Each kind of need is found, the most urgent first, with a reason; who works well is not named."""
    made = sample_course(tmp_path)
    swap = frozenset({("1.1", "swaps_1_1")})
    times = [f"2026-11-2{n}T10:00:00Z" for n in range(3)]
    students: list[StudentRecord] = [
        student("Fine", cell()),
        student("Absent"),
        student("Same", cell("values"), tries=tuple(Try(at, n, swap) for n, at in enumerate(times))),
        student("Flat", cell("values"), tries=tuple(Try(at, 5) for at in times)),
        student("Idle", NOT_STARTED),
        student("Broken", cell("values", "edges", "secret", status="error"), cell()),
        student("Meddler", cell(), remarks=("toypkg/shapes.py differs",)),
        student("Crash", state="failed", reason="out of disk"),
        student("Odd", state="rejected", reason="no folder"),
    ]
    assert [(n.name, n.kind, n.reason) for n in needs(made, students)] == [
        ("Crash", "grader failed", "out of disk"),
        ("Odd", "nothing read", "no folder"),
        ("Absent", "nothing handed in", "in the roster, but there is no submission"),
        ("Broken", "errors", "1 exercise ends in an error: 1.1"),
        ("Same", "stuck", "the same misconception in the last 3 attempts: 1.1 swaps the rows"),
        ("Flat", "stuck", "no point gained in the last 3 attempts"),
        ("Idle", "nothing started", "every exercise is still the stub"),
        ("Meddler", "files to look at", "toypkg/shapes.py differs"),
    ]


def test_the_banner_says_what_is_not_to_be_trusted(maker: BookMaker) -> None:
    """Unsigned results, a failed grader and another course each have a sentence; a sound class has none."""
    assert report_of(maker).banner == ()
    maker.add("zoe", Work(level="process"))
    maker.add_without_result("yan", "failed", "out of disk")
    first, second = report_of(maker).banner
    assert first.startswith("The grader itself failed on 1 student:")
    assert second.startswith("1 of 4 results is not authenticated")
    with Gradebook.open(maker.path) as book:
        read = read_class(book, maker.course, command="")
    other = make_report(maker.course, record(read.students))  # its results have another course digest
    assert any(line.startswith("Some results come from another state of the course") for line in other.banner)


def test_with_a_key_every_signature_is_verified(maker: BookMaker) -> None:
    """The right key authenticates all results, another one none."""
    assert report_of(maker, KEY).banner == ()
    assert report_of(maker, b"another key than that one").banner[0].startswith("3 of 3 results are not auth")


def test_overrides_and_regrades_are_listed(maker: BookMaker) -> None:
    """Who, when and why of each override, and both scores of a regrade."""
    with Gradebook.create(maker.path) as book:
        bob = book.student("bob")
        book.add_override(bob, "exercise", "1.1", 60, who="teacher", why="my test was wrong")
        book.add_override(bob, "exercise", "1.1", None, who="teacher", why="it was not")
    maker.regrade("ada", Work({"2.1": ["negative"]}), course_digest="b" * 64)
    maker.regrade("ada", Work({"2.1": ["negative"]}), course_digest="c" * 64)
    found = report_of(maker)
    assert [(c.what, c.before, c.after, c.who, c.why) for c in found.overrides] == [
        ("exercise 1.1", "as graded", "60", "teacher", "my test was wrong"),
        ("exercise 1.1", "60", "as graded", "teacher", "it was not")]
    (change,) = found.regrades
    assert (change.student, change.what) == ("Ada King, Jr.", "class/ada, version 1")
    assert (change.before, change.after, change.why) == ("200", "170", "another course")


def test_late_work_says_what_it_cost(maker: BookMaker) -> None:
    """Days and points of late work are listed; who was in time is not."""
    maker.agree("2026-11-20T10:00:00Z", "percent")
    (late,) = report_of(maker).late
    assert (late.name, late.late) == ("Cem Öz", "lesson 1: 1 day late, 100 points became 90")


def test_a_folder_is_graded_before_it_is_reported(toy: Course, toy_reference: Mapping[str, str],
                                                  tmp_path: Path) -> None:
    """`grader report DIR` grades what is not graded; stdout holds the report alone."""
    folder = tmp_path / "class"
    write(folder / "right", toy.package, toy_reference)
    write(folder / "wrong", toy.package, {**toy_reference, "add": WRONG_ADD})
    words = [sys.executable, "-m", "grader", "report", str(folder), "--course", str(toy.root),
             "--format", "json"]
    for told in ("2 submissions: 2 graded", "2 of them unchanged"):
        ran = subprocess.run(words, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert told in ran.stderr
        data = json.loads(ran.stdout)
        assert {s["id"]: s["score"] for s in data["students"]} == {"right": 200, "wrong": 140}
    assert data["topics"][0]["code"][0] == "def add(a, b):"


def test_the_terminal_says_what_comes_first(report: Report) -> None:
    """`grader report` prints topics, needs, checkpoints and suspicious tests, and where the rest is."""
    code, out, _ = report("--plain")
    assert code == 0
    assert "1.1 subtracting: 1 of 3 students." in out
    assert "Eve: nothing handed in: in the roster, but there is no submission" in out
    assert "Checkpoint 1: Sums and multiples" in out
    assert "\x1b" not in out
    assert "\u202e" not in out


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_the_parts_stand_in_their_order(form: str, tmp_path: Path,
                                        report: Report) -> None:
    """Page and Markdown have the same parts in the same order."""
    file = tmp_path / "out"
    assert report("--format", form, "--output", file)[0] == 0
    heading = r"<h2[^>]*>([^<]+)</h2>" if form == "html" else r"^## (.+)$"
    assert re.findall(heading, file.read_text(encoding="utf-8"), re.MULTILINE) == PARTS


def test_the_form_follows_the_files_ending(tmp_path: Path, report: Report) -> None:
    """--output x.html is a page, x.json JSON, x.csv CSV, x.md Markdown, anything else the screen's text."""
    begins = {"r.html": "<!doctype html>", "r.json": '{\n "schema": "grader/report/v1"',
              "r.csv": "student,name", "r.md": "# Toy class", "r.txt": "Toy class"}
    for name, text in begins.items():
        code, out, err = report("--output", tmp_path / name)
        assert (code, out, err) == (0, "", f"Wrote {tmp_path / name}.\n")
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(text)


def test_json_holds_every_number(report: Report) -> None:
    """JSON on stdout is ASCII, has the schema's name, and each student's cells."""
    code, out, _ = report("--format", "json")
    data: dict[str, Any] = json.loads(out)
    assert code == 0
    assert out.isascii()
    bob = next(s for s in data["students"] if s["id"] == "bob")
    assert bob["exercises"]["1.1"] == {"status": "failed", "score": 0, "max_score": 60,
                                       "lost": ["values", "pure"], "misconception": "subtracts"}
    assert data["counts"] == {"students": 5, "graded": 3, "partial": 0, "rejected": 1, "failed": 0,
                              "missing": 1}
    assert len(data["items"]) == 6
    assert data["similarity"] is None


def test_csv_is_read_back(report: Report) -> None:
    """Each student and exercise is a row; names with commas and formulas survive as text."""
    rows = list(csv.DictReader(io.StringIO(report("--format", "csv")[1])))
    assert [(r["student"], r["exercise"], r["score"]) for r in rows if r["student"] == "ada"] == [
        ("ada", "1.1", "60"), ("ada", "1.2", "40"), ("ada", "2.1", "100")]
    assert next(r for r in rows if r["student"] == "ada")["name"] == "Ada King, Jr."
    assert next(r for r in rows if r["student"] == "dan")["reason"] == "there is no folder toypkg/ here"


def test_hostile_text_is_text_in_every_form(maker: BookMaker, tmp_path: Path,
                                            report: Report) -> None:
    """A name of HTML, ANSI and bidirectional controls is shown, and does nothing."""
    maker.enrol("mal", "=HYPERLINK(\"http://x\")")
    for form in ("html", "markdown", "json", "csv", "terminal"):
        file = tmp_path / f"out.{form}"
        assert report("--format", form, "--output", file)[0] == 0
        text = file.read_text(encoding="utf-8")
        assert not {"\u202e", "\x1b"} & set(text), form
        assert form in ("json", "csv", "terminal") or "<img" not in text
        if form == "csv":
            assert all(not value.startswith("=") for row in csv.reader(io.StringIO(text)) for value in row)
    assert "&lt;img" in (tmp_path / "out.html").read_text(encoding="utf-8")


def test_a_students_page_has_nothing_of_others(maker: BookMaker, tmp_path: Path,
                                               report: Report) -> None:
    """Canaries in a student's name, feedback, remarks and overrides are on their own page only."""
    for login in ("kim", "lou"):
        maker.enrol(login, f"canary-name-{login}", email=f"canary-mail-{login}@example.org")
        work = Work({"1.1": ["values"]}, problems=(f"canary-file-{login}",), words=f"canary-words-{login}")
        maker.add(login, work, place=f"canary-place-{login}")
        with Gradebook.create(maker.path) as book:
            book.add_override(book.student(login), "lesson", "2", 7, who="t", why=f"canary-why-{login}")
    folder = tmp_path / "pages"
    code, _, err = report("--students", folder)
    assert code == 0
    assert f"Wrote 7 pages to {folder}, each with one student's own data." in err
    pages = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    assert len(pages) == 7
    for login, other in (("kim", "lou"), ("lou", "kim")):
        own = pages[f"{login}.html"]
        for canary in ("name", "file", "words", "why"):
            assert f"canary-{canary}-{login}" in own
        assert other not in own
    assert [name for name, page in sorted(pages.items()) if "canary" in page] == ["kim.html", "lou.html"]


def test_a_students_page_shows_the_misconception(maker: BookMaker, tmp_path: Path,
                                                 report: Report) -> None:
    """Status, points, the named mistake and the next step are on the page; the hostile name is text."""
    report("--students", tmp_path / "pages")
    page = (tmp_path / "pages" / "bob.html").read_text(encoding="utf-8")
    assert "Looks like <strong>subtracting</strong>" in page
    assert "Next: <code>grader check 1.1</code>" in page
    assert "&lt;img" in page
    assert "<img" not in page


@pytest.mark.parametrize(("login", "name"), [
    ("ada", "ada.html"), ("a_b-1", "a_b-1.html"), ("../x", r"x-[0-9a-f]{8}\.html"),
    ("", r"student-\w{8}\.html"),
    ("Ada", r"Ada-\w{8}\.html"), ("ж" * 99, r"student-\w{8}\.html"), ("a/b", r"a_b-\w{8}\.html")])
def test_page_names_are_safe(login: str, name: str) -> None:
    """No login leads out of the folder, and two that look alike on some disk do not meet."""
    assert re.fullmatch(name, f"{folder_name(login)}.html")


def test_similar_pairs_come_with_the_caution(tmp_path: Path) -> None:
    """Where similarity was looked at, the caution stands before the pairs."""
    made = sample_course(tmp_path)
    pair = Pair("1.1", "A", "B", 0.98, 0.71, 12)
    text = to_markdown(make_report(made, record([student("A", cell())], pairs=(pair,))))
    assert text.index("are 0.86 alike") < text.index("| 1.1 | A | B | 12 | 0.98 | 0.71 |")


def test_without_jinja2_the_error_says_what_to_install(maker: BookMaker, toy: Course, tmp_path: Path) -> None:
    """Where Jinja2 is missing, the page is refused with the fix; Markdown works."""
    block = ("import sys; sys.modules['jinja2'] = None; from grader.__main__ import main; "
             "sys.exit(main(sys.argv[1:]))")
    for form, code in (("html", 2), ("markdown", 0)):
        words = ["report", str(maker.path), "--course", str(toy.root), "--format", form]
        ran = subprocess.run([sys.executable, "-c", block, *words], capture_output=True, text=True,
                             check=False)
        assert ran.returncode == code, ran.stderr
        if code:
            assert ran.stderr == (
                "Error: an HTML page needs the package Jinja2, which is not installed.\n"
                "  Next: python -m pip install 'transformer-classroom[teacher]', or --format markdown.\n")


def test_the_course_is_found(maker: BookMaker, run: Run, toy_student: Path, tmp_path: Path,
                             monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from any course the gradebook knows its own; a student's copy, or none at all, is refused."""
    monkeypatch.chdir(tmp_path)
    assert run("report", "gradebook.db").code == 0
    assert run("report").code == 0  # gradebook.db is what it looks for
    code, _, err = run("report", "--course", str(toy_student))
    assert (code, "this is a student's copy of the course." in err) == (2, True)
    with Gradebook.create(maker.path) as book, book.writing() as connection:
        connection.execute("UPDATE setting SET value = '/nowhere' WHERE key = 'course_root'")
    code, _, err = run("report")
    assert (code, "Next:" in err) == (2, True)


def test_the_golden_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole report of a small class is as a person has read it."""
    monkeypatch.setattr("grader.classroom.report.model.grader.__version__", "0.1.0")
    swap = frozenset({("1.1", "swaps_1_1")})
    times = [f"2026-11-2{n}T1{n}:00:00Z" for n in range(3)]
    students = [
        student("Ada King, Jr.", cell(), cell(), cell("secret")),
        student("Bo", cell("values", mistake="swaps_1_1"), cell("edges"), NOT_STARTED,
                tries=tuple(Try(at, 10, swap) for at in times)),
        student("Cem", cell("values", "edges", "secret", status="error"), cell("secret"), cell(),
                tries=(Try(times[0], 0, swap), Try(times[1], 18)),
                late="lesson 1: 1 day late, 20 points became 18"),
        student("Dan", authenticated=False),
        student("Eve", cell("secret"), cell(), cell(), authenticated=False, remarks=("shapes.py: changed",)),
    ]
    changes = (Change("Ada King, Jr.", "exercise 1.3", "as graded", "10", "teacher", times[2], "my error"),)
    report = make_report(sample_course(tmp_path), record(
        students, overrides=changes, pairs=(Pair("1.2", "Ada King, Jr.", "Eve", 0.93, 0.74, 21),),
        code={("1.1", "swaps_1_1"): ("def function_1(x):", "    return x.sum(axis=0)")}))
    check_golden("report.md", to_markdown(report))


def test_what_is_wrong_on_the_command_line(maker: BookMaker, run: Run, toy: Course, tmp_path: Path) -> None:
    """No gradebook, no folder for the pages, a target that is a folder: exit 2, and what to do."""
    code, _, err = run("report", str(tmp_path / "none.db"), "--course", str(toy.root))
    assert (code, "there is no gradebook here" in err) == (2, True)
    code, _, err = run("report", str(maker.path), "--course", str(toy.root), "--students", str(maker.path))
    assert code == 2
    assert "this folder cannot be made: File exists." in err
    assert "Next: name another folder." in err
    code, _, err = run("report", str(maker.path), "--course", str(toy.root), "--output", str(tmp_path))
    assert (code, "there is a folder at this place" in err) == (2, True)
