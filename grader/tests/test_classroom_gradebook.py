"""A gradebook is a SQLite file that keeps its history, and says what is wrong with others."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

import grader.classroom.gradebook as gradebook_module
from grader.classroom import Gradebook, standings
from grader.classroom.gradebook import APPLICATION_ID, VERSION
from grader.classroom.ledger import NewAttempt, NewGrading, add, enrol, set_due, set_lessons, set_settings
from grader.classroom.merge import merge
from grader.classroom.packing import dictionary_of, pack, unpack
from grader.errors import GraderError, UsageError
from grader.result import to_json
from grader.tests.gradebooks import version_of
from grader.tests.result_samples import mixed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a gradebook."""
    return tmp_path / "gradebook.db"


def attempt(team: str = "ada", digest: str = "1", **more: Any) -> NewAttempt:
    """Make an attempt."""
    return NewAttempt(team, team, digest, "folder", None, "2026-11-01T00:00:00Z", **more)


def grading(**more: Any) -> NewGrading:
    """Make a grading with a result of every kind of status."""
    result = to_json(mixed())
    fields = {"state": "graded", "reason": "", "score": result["score"], "max_score": result["max_score"],
              "path": "", "lessons": "", "course_digest": "c", "course_version": "1", "grader_version": "1",
              "seed_id": "s", "graded_at": "2026-11-02T00:00:00Z", "result": result}
    return NewGrading(**{**fields, **more})


def test_a_gradebook_is_marked_as_one(path: Path) -> None:
    """SQLite tools see whose file it is, and of which version."""
    Gradebook.create(path).close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_result_comes_back_as_it_was(path: Path) -> None:
    """The whole result is kept, with its outcomes beside it."""
    with Gradebook.create(path) as book:
        add(book, attempt(), grading())
        (kept,) = book.gradings()
        assert book.result(kept.id) == mixed()
        stored = {(c.exercise, c.criterion): (c.status, c.score, c.points) for c in book.criterion_outcomes()}
    wanted = {(e.id, c.id): (c.status, c.score, c.points) for lesson in mixed().lessons
              for e in lesson.exercises for c in e.criteria}
    assert stored == wanted


def test_views_show_names_not_numbers(path: Path) -> None:
    """Any SQLite tool reads grades and criteria with logins, titles and words."""
    with Gradebook.create(path) as book:
        add(book, attempt(), grading())
        lesson = mixed().lessons[0]
        assert ("ada", lesson.id, lesson.score, lesson.max_score) in book.rows(
            "SELECT login, lesson, score, max_score FROM grades")
        statuses = {row[0] for row in book.rows("SELECT status FROM criteria")}
    assert statuses == {c.status for x in mixed().lessons for e in x.exercises for c in e.criteria}


def test_the_same_work_is_one_attempt(path: Path) -> None:
    """A regrade is another grading of the attempt; other work is another attempt, old work too."""
    with Gradebook.create(path) as book:
        for digest in ("1", "1", "2", "1"):
            add(book, attempt(digest=digest), grading())
        assert [(a.version, a.digest) for a in book.attempts()] == [(1, "1"), (2, "2"), (3, "1")]
        assert [(g.attempt, g.number) for g in book.gradings()] == [(1, 1), (1, 2), (2, 1), (3, 1)]


@pytest.mark.parametrize("table", ["attempt", "grading", "override", "review"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_history_cannot_be_changed(path: Path, table: str, change: str) -> None:
    """What was handed in, graded and decided is only ever added to, whoever tries."""
    with Gradebook.create(path) as book:
        texts = (("1", "why", "d", "because", ""),)
        add(book, attempt(answers=texts), grading())
        book.add_override(book.student("ada"), "lesson", "1", 5, who="me", why="a slip of mine")
        book.add_review(book.answers()[0], 2, who="me")
        with pytest.raises(sqlite3.IntegrityError, match=f"{table}s are only added"):
            book.connection.execute(change.format(table))


def test_an_override_needs_who_and_why(path: Path) -> None:
    """A decision without a name or a reason is refused by the file itself."""
    with Gradebook.create(path) as book:
        add(book, attempt(), grading())
        with pytest.raises(GraderError, match="CHECK constraint failed"):
            book.add_override(book.student("ada"), "lesson", "1", 5, who="", why="a reason")
        assert book.overrides() == ()


def test_what_is_no_gradebook_is_refused(path: Path) -> None:
    """Another file, another SQLite file, no file and a newer gradebook each get a sentence of their own."""
    with pytest.raises(UsageError, match="there is no gradebook here") as caught:
        Gradebook.open(path)
    assert "grader grade CLASS_DIR --gradebook gradebook.db" in str(caught.value)
    path.write_text("These are plain words, and enough of them to fill the head of a SQLite file. " * 20)
    for opening in (Gradebook.open, Gradebook.create):
        with pytest.raises(UsageError, match="this is no gradebook, or it is damaged"):
            opening(path)
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    for opening in (Gradebook.open, Gradebook.create):
        with pytest.raises(UsageError, match="this SQLite file is no gradebook"):
            opening(path)


def test_a_newer_gradebook_is_left_alone(path: Path) -> None:
    """A gradebook of a newer grader is neither read nor written."""
    Gradebook.create(path).close()
    version_of(path, VERSION + 1)
    with pytest.raises(UsageError, match=f"has version {VERSION + 1}, and this grader knows up to {VERSION}"):
        Gradebook.create(path)


def test_an_older_gradebook_is_brought_up_to_date(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each version has its own step; all of it happens, or nothing."""
    Gradebook.create(path).close()
    monkeypatch.setattr(gradebook_module, "VERSION", VERSION + 1)
    monkeypatch.setitem(gradebook_module.MIGRATIONS, VERSION, "CREATE TABLE more (x);\n" * 2)
    with pytest.raises(GraderError, match="table more already exists"):
        Gradebook.create(path)
    monkeypatch.setitem(gradebook_module.MIGRATIONS, VERSION, "CREATE TABLE more (x);")
    with Gradebook.create(path) as book:
        assert book.rows("PRAGMA user_version") == [(VERSION + 1,)]
        assert book.rows("SELECT * FROM more") == []


def test_a_busy_gradebook_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program writes for too long, the message says to wait."""
    monkeypatch.setattr(gradebook_module, "WAIT_SECONDS", 0.1)
    Gradebook.create(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Gradebook.create(path) as book, pytest.raises(UsageError, match="another program is writing"):
        add(book, attempt(), grading())
    other.execute("ROLLBACK")
    other.close()


def test_several_processes_may_write(path: Path) -> None:
    """Two that write at once wait for each other; nothing is lost."""
    def write(team: str) -> None:
        with Gradebook.create(path) as book:
            for number in range(10):
                add(book, attempt(team, digest=str(number)), grading())

    threads = [threading.Thread(target=write, args=(name,)) for name in ("ada", "bob", "eve")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Gradebook.open(path) as book:
        assert len(book.gradings()) == 30


def test_a_gradebook_is_opened_though_another_is_just_making_it(path: Path) -> None:
    """Whoever makes one, or opens one without its journal ahead, waits for who writes into it just then."""
    Gradebook.create(path).close()
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN IMMEDIATE")
    ready = threading.Timer(0.2, other.execute, ["COMMIT"])
    ready.start()
    with Gradebook.create(path) as book:
        assert book.rows("PRAGMA journal_mode") == [("wal",)]
    ready.join()
    other.close()


def test_a_gradebook_that_another_process_makes_is_used(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between a look at the file and the next one it may have become a gradebook."""
    look = gradebook_module._version

    def overtaken(connection: sqlite3.Connection) -> int:
        monkeypatch.undo()
        found = look(connection)
        Gradebook.create(path).close()
        return found

    monkeypatch.setattr(gradebook_module, "_version", overtaken)
    with Gradebook.create(path) as book:
        assert book.gradings() == ()


def test_an_unknown_student_or_grading_is_refused(path: Path) -> None:
    """A name that nobody has, or that two have, is refused; so is a grading that is not there."""
    with Gradebook.create(path) as book:
        with book.writing() as connection:
            for login in ("a1", "a2"):
                enrol(connection, login, login, ("Ada Abel", "", "", ""), enrolled=True)
        with pytest.raises(UsageError, match="there is no student 'nobody' in this gradebook"):
            book.student("nobody")
        with pytest.raises(UsageError, match="2 students are called 'Ada Abel'"):
            book.student("Ada Abel")
        assert book.student("a2").name == "Ada Abel"
        with pytest.raises(UsageError, match="there is no grading 7"):
            book.result(7)


def test_a_lost_dictionary_is_told(path: Path) -> None:
    """A gradebook that somebody damaged says so, instead of a traceback."""
    with Gradebook.create(path) as book:
        add(book, attempt(), grading())
        book.connection.execute("DELETE FROM dictionary")
        with pytest.raises(GraderError, match="a dictionary of its results is missing"):
            book.result(1)


def test_packing_keeps_every_byte() -> None:
    """A result that was deflated comes back the same, and the dictionary saves most of it."""
    import json

    result = to_json(mixed())
    name, dictionary = dictionary_of(result)
    packed = pack(result, name, dictionary)
    assert json.loads(unpack(packed, {name: dictionary}.__getitem__)) == result
    assert len(packed) < len(json.dumps(result)) / 3
    assert b"student" not in dictionary


def test_gradebooks_of_two_courses_are_not_merged(tmp_path: Path) -> None:
    """Merging refuses another course by name."""
    with Gradebook.create(tmp_path / "a.db") as a, Gradebook.create(tmp_path / "b.db") as b:
        for book, course in ((a, "one"), (b, "two")):
            with book.writing() as connection:
                set_settings(connection, {"course": course})
        with pytest.raises(UsageError, match="this gradebook is of the course 'two', the other of 'one'"):
            merge(a, b)


def test_merging_takes_decisions_along_once(tmp_path: Path) -> None:
    """Overrides, reviews and dates come along; merging once more adds nothing."""
    from datetime import UTC, datetime

    with Gradebook.create(tmp_path / "a.db") as a, Gradebook.create(tmp_path / "b.db") as b:
        add(b, attempt(answers=(("1", "why", "d", "because", ""),)), grading())
        with b.writing() as connection:
            set_lessons(connection, [("1", "One")])
            set_due(connection, {"1": datetime(2026, 11, 1, tzinfo=UTC)})
        b.add_override(b.student("ada"), "lesson", "1", 5, who="me", why="a slip of mine")
        b.add_review(b.answers()[0], 3, who="me", comment="Well said.")
        assert [merge(a, b), merge(a, b)] == [1, 0]
        assert a.agreement().due == {"1": "2026-11-01T00:00:00Z"}
        assert [(o.target, o.score, o.why) for o in a.overrides()] == [("1", 5, "a slip of mine")]
        assert [(r.level, r.comment) for r in a.reviews()] == [(3, "Well said.")]
        assert [s.score for s in standings(a)] == [s.score for s in standings(b)]
