"""Due dates stand in `course.toml`, and change what a result counts, never the result."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.course import Dates, load_course
from grader.errors import CourseError
from grader.tests.conftest import TOY

DUE = '\n[[due]]\nlesson = "1"\nat = 2026-12-01T23:59:00+01:00\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Copy the toy course."""
    return Path(shutil.copytree(TOY, tmp_path / "toy"))


def add(root: Path, text: str) -> Path:
    """Add lines to `course.toml`."""
    file = root / "assignments" / "course.toml"
    file.write_text(file.read_text() + text)
    return root


def test_without_dates_nothing_is_late(root: Path) -> None:
    """A course need not name any."""
    assert load_course(root).dates == Dates({}, "none", 0, "latest")


def test_dates_and_the_late_rule_are_read(root: Path) -> None:
    """A time with its zone for each lesson, and what becomes of late work."""
    late = '\n[late]\nrule = "percent"\npercent_per_day = 10\nattempt = "best"\n'
    dates = load_course(add(root, DUE + late)).dates
    assert dates == Dates({"1": datetime(2026, 12, 1, 22, 59, tzinfo=UTC)}, "percent", 10, "best")


def test_a_date_is_not_in_the_digest(root: Path) -> None:
    """A new date regrades nobody; any other key does."""
    before = load_course(root).digest
    assert load_course(add(root, DUE)).digest == before
    file = root / "assignments" / "course.toml"
    file.write_text(file.read_text().replace('version = "1.0"', 'version = "1.1"'))
    assert load_course(root).digest != before


@pytest.mark.parametrize(("text", "message"), [
    (DUE.replace('"1"', '"7"'), "there is no lesson '7'"),
    (DUE + DUE, "a second date for lesson 1"),
    (DUE.replace("+01:00", ""), "`at` must be a time with its zone and no quotes"),
    (DUE.replace("2026-12-01T23:59:00+01:00", '"tomorrow"'), "`at` must be a time with its zone"),
    ('[[due]]\nlesson = "1"\n', "`at` is missing"),
    ('[late]\nrule = "never"\n', "`rule` is 'never', which is not none, percent or cut-off"),
    ('[late]\nrule = "percent"\n', "`percent_per_day` is missing"),
    ('[late]\nrule = "percent"\npercent_per_day = 101\n', "`percent_per_day` is 101"),
    ('[late]\nattempt = "first"\n', "`attempt` is 'first', which is not latest or best"),
    ('[late]\ndays = 3\n', "unknown key `days`"),
    ('[[late]]\nrule = "none"\n', r"`late` must be a table, under \[late\]"),
])
def test_a_date_that_cannot_be_meant_is_refused(root: Path, text: str, message: str) -> None:
    """File, line and fix for each slip."""
    with pytest.raises(CourseError, match=message) as caught:
        load_course(add(root, "\n" + text))
    assert caught.value.where is not None
    assert caught.value.where.startswith("assignments/course.toml:")
    assert caught.value.fix
