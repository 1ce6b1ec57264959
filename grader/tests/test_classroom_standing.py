"""What holds for a student: which attempt counts, what is late, and what people decided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.classroom import Gradebook, LessonStanding, standings
from grader.classroom.ledger import NewAttempt, NewGrading, add, enrol, set_due, set_lessons, set_settings

DUE = "2026-11-10T12:00:00Z"


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Gradebook]:
    """Open a gradebook with two lessons, both due, and two students."""
    with Gradebook.create(tmp_path / "g.db") as opened:
        with opened.writing() as connection:
            set_lessons(connection, [("1", "One"), ("2", "Two")])
            set_due(connection, {"1": datetime.fromisoformat(DUE)})
            for login in ("ada", "bob"):
                enrol(connection, login, login, ("", "", "", ""), enrolled=True)
        yield opened


def agree(book: Gradebook, late: str = "none", percent: int = 0, attempt: str = "latest") -> None:
    """Agree on a late policy."""
    with book.writing() as connection:
        set_settings(connection, {"late": late, "percent_per_day": str(percent), "attempt": attempt})


def result(one: tuple[int, int], two: int | None = None) -> dict[str, Any]:
    """Write a result: two criteria of 60 and 40 in lesson 1, and lesson 2 as a whole."""
    def exercise(name: str, *criteria: tuple[str, int, int]) -> dict[str, Any]:
        rows = [{"id": c, "text": c, "points": points, "score": score, "visibility": "public",
                 "status": "passed" if score == points else "failed"} for c, score, points in criteria]
        score = sum(points for _, points, _ in criteria)
        return {"id": name, "function": "f", "status": "passed", "score": score, "max_score": 100,
                "seconds": 0.1, "criteria": rows}

    first = exercise("1.1", ("big", one[0], 60), ("small", one[1], 40))
    lessons = [{"id": "1", "score": first["score"], "max_score": 100, "exercises": [first]}]
    if two is not None:
        second = exercise("2.1", ("all", two, 100))
        lessons.append({"id": "2", "score": two, "max_score": 100, "exercises": [second]})
    question = {"id": "why", "kind": "explain", "status": "awaiting_review", "score": 0, "max_score": 9}
    return {"lessons": lessons, "checkpoints": [{"id": "1", "questions": [question]}]}


def hand_in(
    book: Gradebook, at: str, one: tuple[int, int] = (60, 40), two: int | None = None, *, team: str = "ada",
    answer: str = "because", state: Any = "graded", **more: Any,
) -> None:
    """Hand in and grade."""
    texts = (("1", "why", f"digest of {answer}", answer, ""),)
    attempt = NewAttempt(team, team, more.pop("digest", at), "folder", None, at, texts)
    data = result(one, two) if state == "graded" else None
    lessons, reason = more.pop("lessons", ""), more.pop("reason", "")
    add(book, attempt, NewGrading(state, reason, 0, 200, "", lessons, "c", "1", "1", "s",
                                  "2026-11-20T00:00:00Z", data))


def lesson(book: Gradebook, number: int = 0, login: str = "ada") -> LessonStanding:
    """Give what holds for a lesson."""
    found: LessonStanding = next(s for s in standings(book) if s.student.login == login).lessons[number]
    return found


def test_nothing_handed_in_is_missing(book: Gradebook) -> None:
    """Who has handed in nothing is missing, with no points out of what the others could get."""
    hand_in(book, DUE, two=50)
    bob = next(s for s in standings(book) if s.student.login == "bob")
    assert (bob.state, bob.score, bob.max_score, bob.attempts) == ("missing", 0, 200, 0)


def test_the_latest_attempt_counts(book: Gradebook) -> None:
    """Without another agreement the last attempt counts, though an earlier one was better."""
    hand_in(book, "2026-11-01T00:00:00Z", (60, 40))
    hand_in(book, "2026-11-02T00:00:00Z", (60, 0))
    assert lesson(book).score == 60
    agree(book, attempt="best")
    assert lesson(book).score == 100


def test_an_unreadable_attempt_takes_nothing_away(book: Gradebook) -> None:
    """An attempt without a result leaves the one before in force, and says what is wrong."""
    hand_in(book, "2026-11-01T00:00:00Z")
    hand_in(book, "2026-11-02T00:00:00Z", state="rejected", reason="there is no folder toypkg/ here")
    ada = standings(book)[0]
    assert (ada.state, ada.reason, ada.lessons[0].score) == (
        "rejected", "there is no folder toypkg/ here", 100)


def test_each_lesson_has_its_newest_grading(book: Gradebook) -> None:
    """Grading one lesson again leaves the others as they were."""
    hand_in(book, DUE, (60, 40), 70)
    hand_in(book, DUE, (60, 0), lessons="1")
    assert [lesson(book, n).score for n in (0, 1)] == [60, 70]


@pytest.mark.parametrize(("at", "days", "score"), [
    ("2026-11-10T12:00:00Z", 0, 100), ("2026-11-10T12:00:01Z", 1, 90), ("2026-11-11T12:00:00Z", 1, 90),
    ("2026-11-11T12:00:01Z", 2, 80), ("2026-11-10T13:00:00+01:00", 0, 100), ("2027-11-10T12:00:00Z", 365, 0),
])
def test_each_day_begun_costs_its_percent(book: Gradebook, at: str, days: int, score: int) -> None:
    """Percent per day: on time to the second is on time, a second later is a day; never below nothing."""
    agree(book, "percent", 10)
    hand_in(book, at)
    found = lesson(book)
    assert (found.late_days, found.score, found.plain) == (days, score, 100)


def test_a_cut_off_leaves_out_what_is_late(book: Gradebook) -> None:
    """After a cut-off, the last attempt in time counts, or nothing."""
    agree(book, "cut-off")
    hand_in(book, "2026-11-10T12:00:01Z", (60, 40))
    assert (lesson(book).score, lesson(book).grading) == (0, None)
    hand_in(book, "2026-11-09T12:00:00Z", (60, 0), digest="earlier")
    assert lesson(book).score == 60


def test_without_a_due_date_nothing_is_late(book: Gradebook) -> None:
    """Lesson 2 is not due, so the policy does not touch it."""
    agree(book, "percent", 50)
    hand_in(book, "2030-01-01T00:00:00Z", two=80)
    assert [lesson(book, n).score for n in (0, 1)] == [0, 80]


@pytest.mark.parametrize("which", ["", "1"])
def test_an_extension_moves_the_due_date_of_one(book: Gradebook, which: str) -> None:
    """Who has more time is late later; an extension that ends earlier takes nothing away."""
    agree(book, "percent", 10)
    number = book.student("ada").id
    book.connection.execute("INSERT INTO extension VALUES (?, ?, '2026-11-12T12:00:00Z')", [number, which])
    for team in ("ada", "bob"):
        hand_in(book, "2026-11-12T00:00:00Z", team=team)
    assert [lesson(book, 0, login).score for login in ("ada", "bob")] == [100, 80]
    book.connection.execute("UPDATE extension SET at = '2026-01-01T00:00:00Z'")
    assert lesson(book).score == 80


def test_overrides_come_before_lateness_but_for_the_lesson(book: Gradebook) -> None:
    """A criterion or exercise that was set by hand is late like any other; a lesson's score is final."""
    agree(book, "percent", 10)
    hand_in(book, "2026-11-11T00:00:00Z", (0, 40))
    ada = book.student("ada")
    book.add_override(ada, "criterion", "1.1/big", 50, who="me", why="right in spirit")
    assert (lesson(book).score, lesson(book).overridden, lesson(book).plain) == (81, True, 40)
    book.add_override(ada, "exercise", "1.1", 70, who="me", why="agreed")
    assert lesson(book).score == 63
    book.add_override(ada, "lesson", "1", 99, who="me", why="appeal")
    assert lesson(book).score == 99
    for kind, target in (("lesson", "1"), ("exercise", "1.1"), ("criterion", "1.1/big")):
        book.add_override(ada, kind, target, None, who="me", why="taken back")  # type: ignore[arg-type]
    assert (lesson(book).score, lesson(book).overridden) == (36, False)


def test_an_override_is_one_students(book: Gradebook) -> None:
    """In a group, each member has decisions of their own, and one submission serves them all."""
    with book.writing() as connection:
        for login in ("ada", "bob"):
            enrol(connection, login, "the group", ("", "", "", ""), enrolled=True)
    hand_in(book, DUE, (60, 0), team="the group")
    book.add_override(book.student("bob"), "lesson", "1", 100, who="me", why="did it alone")
    assert [lesson(book, 0, login).score for login in ("ada", "bob")] == [60, 100]


@pytest.mark.parametrize(("level", "score", "status"), [(1, 0, "failed"), (2, 4, "failed"), (3, 9, "passed")])
def test_a_review_holds_for_just_this_answer(book: Gradebook, level: int, score: int, status: str) -> None:
    """Levels give nothing, half or all; another answer waits again, and the newest review holds."""
    hand_in(book, DUE)
    book.add_review(book.answers()[0], 2, who="me")
    book.add_review(book.answers()[0], level, who="me")
    (question,) = standings(book)[0].questions
    assert (question.score, question.status, question.reviewed) == (score, status, True)
    hand_in(book, "2026-11-11T12:00:00Z", answer="something else")
    (question,) = standings(book)[0].questions
    assert (question.status, question.reviewed) == ("awaiting_review", False)


def test_a_question_can_be_overridden(book: Gradebook) -> None:
    """A question's score may be set by hand, too."""
    hand_in(book, DUE)
    book.add_override(book.student("ada"), "question", "1/why", 7, who="me", why="told me in class")
    (question,) = standings(book)[0].questions
    assert (question.score, question.overridden) == (7, True)


@given(scores=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 400)), min_size=1, max_size=6),
       percent=st.integers(1, 100))
@settings(max_examples=25)
def test_best_is_never_below_latest(
    tmp_path_factory: pytest.TempPathFactory, scores: list[tuple[int, int]], percent: int
) -> None:
    """Whatever is handed in when: the best is worth at least the latest, and neither more than plain."""
    with Gradebook.create(tmp_path_factory.mktemp("g") / "g.db") as book:
        with book.writing() as connection:
            set_lessons(connection, [("1", "One")])
            set_due(connection, {"1": datetime.fromisoformat(DUE)})
        for number, (score, hours) in enumerate(scores):
            at = f"2026-11-{1 + hours // 24:02}T{hours % 24:02}:{number:02}:00Z"
            hand_in(book, at, (score, 0))
        agree(book, "percent", percent, "latest")
        latest = lesson(book)
        agree(book, "percent", percent, "best")
        best = lesson(book)
    assert 0 <= latest.score <= best.score <= best.plain
    assert latest.score <= latest.plain
