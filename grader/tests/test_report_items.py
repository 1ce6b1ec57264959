"""Item analysis: the numbers of a report against plain Python, and what each of them is said to mean."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.classroom.report.gates import bands, gate_summaries
from grader.classroom.report.items import DEFINITIONS, Item, analyse, gaps, point_biserial
from grader.classroom.report.model import make_report
from grader.classroom.report.records import StudentRecord
from grader.course import Course, points_on_path
from grader.tests.class_samples import NOT_STARTED, cell, course, random_class, record, student


@pytest.fixture(scope="module")
def toy_class(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Make the course of the class."""
    return course(tmp_path_factory.mktemp("class"))


def weights(made: Course) -> dict[tuple[str, str], int]:
    """Give the points of each criterion."""
    return points_on_path(made.lessons[0], None)


def item(made: Course, students: list[StudentRecord], name: str) -> Item:
    """Analyse one criterion of exercise 1.1."""
    return next(i for i in analyse(made.lessons[0].exercises[:1], students, weights(made))
                if i.criterion == name)


def pearson(xs: list[float], ys: list[float]) -> float | None:
    """Correlate two lists with plain loops; None where one of them does not vary."""
    if len(set(xs)) < 2 or len(set(ys)) < 2:
        return None
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    both = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return both / math.sqrt(sum((x - mean_x) ** 2 for x in xs) * sum((y - mean_y) ** 2 for y in ys))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 100)), min_size=5, max_size=60))
def test_the_point_biserial_is_pearsons_correlation(pairs: list[tuple[bool, int]]) -> None:
    """For any class, the correlation is the one that plain Python gives, or is not given for a reason."""
    won, rest = [w for w, _ in pairs], [float(r) for _, r in pairs]
    found, wanted = point_biserial(np.array(won), np.array(rest)), pearson([float(w) for w in won], rest)
    assert found == (None if wanted is None else pytest.approx(wanted, abs=1e-9))


def test_every_item_of_a_random_class(toy_class: Course) -> None:
    """Difficulty and discrimination of every check agree with loops over the students' cells."""
    students = list(random_class(toy_class, 60).students)
    worth = weights(toy_class)
    found = analyse(toy_class.lessons[0].exercises, students, worth)
    assert len(found) == 30
    for one in found:
        tried = [s for s in students if s.cells[one.exercise].status != "not_started"]
        won = [one.criterion not in s.cells[one.exercise].lost for s in tried]
        rest = [sum(c.score for c in s.cells.values()) - worth[one.exercise, one.criterion] * w
                for s, w in zip(tried, won, strict=True)]
        assert (one.tried, one.won) == (len(tried), sum(won))
        assert one.difficulty == pytest.approx(sum(won) / len(won))
        wanted = pearson([float(w) for w in won], list(map(float, rest)))
        assert one.discrimination == (None if wanted is None else pytest.approx(wanted))


def test_a_small_class_has_no_correlation(toy_class: Course) -> None:
    """With four students no correlation is given, and with six it is said to be read with care."""
    few = [student(f"S{n}", cell("values") if n % 2 else cell(), cell()) for n in range(4)]
    assert item(toy_class, few, "values").discrimination is None
    more = [student(f"S{n}", cell("values") if n % 2 else cell(), cell("edges") if n % 3 else cell())
            for n in range(6)]
    found = item(toy_class, more, "values")
    assert found.discrimination is not None
    assert found.careful


def test_who_has_not_begun_does_not_count(toy_class: Course) -> None:
    """An untouched stub makes no check harder."""
    students = [student("A", cell()), student("B", cell("values")), student("C", NOT_STARTED)]
    found = item(toy_class, students, "values")
    assert (found.tried, found.won, found.difficulty) == (2, 1, 0.5)


def strong_and_weak(*, strong_lose: bool) -> list[StudentRecord]:
    """Make ten students; the rest of their score is 10, 20, …; one end of them loses the check `secret`."""
    students = []
    for rank in range(10):
        loses = rank >= 7 if strong_lose else rank < 3
        cells = [cell("secret") if loses else cell(), *([cell()] * rank), *([NOT_STARTED] * (9 - rank))]
        students.append(student(f"S{rank}", *cells))
    return students


def test_a_test_that_strong_students_lose_is_suspicious(toy_class: Course) -> None:
    """A check that only the strongest lose is marked, with the reason; one that the weakest lose is not."""
    assert "weaker students win it more often" in item(toy_class, strong_and_weak(strong_lose=True),
                                                       "secret").suspicious
    assert item(toy_class, strong_and_weak(strong_lose=False), "secret").suspicious == ""


def test_half_of_the_strongest_are_enough(toy_class: Course) -> None:
    """Half of the strongest quarter lose what most others win: marked, though the correlation is weak."""
    students = []
    for rank in range(16):
        rest = [*([cell()] * (rank // 2)), *([cell("edges", "secret")] * (rank % 2))]
        first = cell("secret") if rank in (0, 1, 2, 14, 15) else cell()
        students.append(student(f"S{rank:02}", first, *rest))
    found = item(toy_class, students, "secret")
    assert abs(found.discrimination or 0) < 0.2
    assert found.suspicious == "2 of the 4 strongest students lose it"


def test_a_check_that_nobody_wins_is_hard_not_suspicious(toy_class: Course) -> None:
    """What all lose says nothing about strong and weak."""
    assert item(toy_class, [student(f"S{n}", cell("secret")) for n in range(12)], "secret").suspicious == ""


def test_the_gap_between_public_and_hidden(toy_class: Course) -> None:
    """Public points won minus hidden points won, and who has all of the one but not of the other."""
    students = [student("A", cell("secret")), student("B", cell()), student("C", cell("values", "secret")),
                student("D", NOT_STARTED)]
    found = gaps(toy_class.lessons[0].exercises[:1], students, weights(toy_class))[0]
    assert found.tried == 3
    assert found.public == pytest.approx((8 + 8 + 3) / (3 * 8))
    assert found.hidden == pytest.approx(2 / (3 * 2))
    assert found.gap == pytest.approx(found.public - found.hidden)
    assert found.only_public == 1


def test_a_team_counts_once(toy_class: Course) -> None:
    """Two students who hand in together are one submission for the analysis of tests."""
    alone = student("A", cell("values"))
    pair = [student("B", cell(), team="b"), student("C", cell(), team="b")]
    found = make_report(toy_class, record([alone, *pair]))
    assert [i.tried for i in found.items[:3]] == [2, 2, 2]
    assert found.counts["students"] == 3


def test_checkpoints_are_summed_up(toy_class: Course) -> None:
    """Pass rate, mean, median and spread of a checkpoint agree with a count by hand."""
    students = [student("A", cell()), student("B", cell("values")), student("C", cell("secret")),
                student("D")]
    found = gate_summaries(toy_class, record(students))[0]
    assert (found.students, found.passed, found.median_share) == (3, 2, 0.8)
    assert found.pass_rate == pytest.approx(2 / 3)
    assert found.mean_share == pytest.approx(23 / 30)
    assert found.bands == (0, 0, 0, 0, 0, 1, 0, 0, 1, 1)


@given(st.lists(st.integers(1, 300).flatmap(lambda most: st.tuples(st.integers(0, most), st.just(most)))))
def test_each_score_is_in_one_band(points: list[tuple[int, int]]) -> None:
    """The bands hold every student once, full marks in the last."""
    found = bands(points)
    assert sum(found) == len(points)
    assert found[-1] == sum(10 * score >= 9 * most for score, most in points)


def test_every_number_is_defined() -> None:
    """Each word that the page explains has a sentence."""
    words = {"tried", "difficulty", "discrimination", "suspicious", "gap", "all public, not all hidden",
             "stuck"}
    assert set(DEFINITIONS) == words
    assert all(text.endswith(".") for text in DEFINITIONS.values())
