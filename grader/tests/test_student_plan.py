"""Plans: path and rhythm into dates, on the screen, as Markdown, and for a calendar."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.build import plan_build, write_build
from grader.course import Course, load_course
from grader.errors import UsageError
from grader.render.text import neutralise
from grader.student.history import History, Seen
from grader.student.path import chosen_path
from grader.student.plan import (
    EVERY_DAY,
    RHYTHMS,
    Plan,
    Rhythm,
    Session,
    Task,
    _sessions,
    lesson_tasks,
    make_plan,
    rhythm_of_hours,
    spread,
)
from grader.student.plan_forms import plan_calendar, plan_markdown, show_plan
from grader.tests.screens import check_golden, shown
from grader.tests.student_samples import NOW, grader_program, with_questions

MONDAY = date(2026, 11, 23)
HALF_HOUR, TWO_HOURS, WEEKEND = RHYTHMS
PASSED = Seen("passed", 1, 1, NOW, 1)


@pytest.fixture
def copy(toy_student: Path) -> Course:
    """Load a student's copy of the toy course, with two questions."""
    return with_questions(toy_student)


def plan_of(course: Course, rhythm: Rhythm = HALF_HOUR, path: str | None = "full") -> Plan:
    """Make a plan from a Monday on, with nothing done."""
    return make_plan(course, path, rhythm, MONDAY, History())


def test_a_plan_holds_all_tasks_in_order(copy: Course) -> None:
    """Read, write, answer: the middle of the lesson's hours, shared out by points."""
    tasks = [task for lesson in copy.lessons for task in lesson_tasks(copy, lesson, "full", History())]
    assert [(task.text, task.minutes) for task in tasks] == [
        ("Lesson 1 · Adding: read, and run the example", 5), ("1.1 add", 35), ("1.2 total", 20),
        ("Lesson 2 · Scaling: read", 5), ("2.1 scale", 85),
        ("Checkpoint 1 · Sums and multiples: questions", 30),
    ]


def test_a_path_has_its_share_of_the_hours(copy: Course) -> None:
    """The short path has 60 of 100 points of lesson 1, so 35 of its 60 minutes."""
    tasks = list(lesson_tasks(copy, copy.lessons[0], "short", History()))
    assert [(task.text, task.minutes) for task in tasks][1:] == [("1.1 add", 30)]
    assert sum(task.minutes for task in tasks) == 35


def test_what_has_passed_is_left_out(copy: Course) -> None:
    """A plan made anew holds what is open; a lesson that was begun is not read again."""
    history = History(exercises={"1.1": PASSED, "2.1": PASSED},
                      questions={"1": {"order": "awaiting_review", "why": "awaiting_review"}})
    plan = make_plan(copy, "full", HALF_HOUR, MONDAY, history)
    assert [task.text for session in plan.sessions for task in session.tasks] == ["1.2 total"]


def test_nothing_open_is_an_empty_plan(copy: Course) -> None:
    """All has passed and is answered: there is no day, and that is said."""
    history = History(exercises=dict.fromkeys(copy.exercises, PASSED),
                      questions={"1": {"order": "awaiting_review", "why": "awaiting_review"}})
    plan = make_plan(copy, "full", HALF_HOUR, MONDAY, history)
    assert plan.sessions == ()
    assert "Nothing is open" in shown(lambda screen: show_plan(plan, screen))
    assert "BEGIN:VEVENT" not in plan_calendar(plan, copy)


@pytest.mark.parametrize("rhythm", RHYTHMS, ids=lambda rhythm: rhythm.id)
def test_the_plans_look_as_agreed(copy: Course, rhythm: Rhythm) -> None:
    """One line a day, in each of the three rhythms."""
    text = shown(lambda screen: show_plan(plan_of(copy, rhythm), screen))
    check_golden(f"plan_{rhythm.id}.txt", text)


def test_the_files_look_as_agreed(copy: Course) -> None:
    """The Markdown, the calendar, and the plain screen."""
    plan = plan_of(copy)
    check_golden("plan.md", plan_markdown(plan, copy))
    check_golden("plan.ics", plan_calendar(plan, copy, now=NOW).replace("\r\n", "\n"))
    check_golden("plan_plain.txt", shown(lambda screen: show_plan(plan, screen), plain=True))


@given(minutes=st.lists(st.integers(1, 300), max_size=12), rhythm=st.sampled_from(RHYTHMS),
       start=st.dates(date(2020, 1, 1), date(2040, 1, 1)))
@settings(max_examples=60)
def test_no_minute_is_lost(minutes: list[int], rhythm: Rhythm, start: date) -> None:
    """Every task gets all of its time, in order, on rising days of the rhythm, none too full."""
    sessions = list(_sessions([Task(str(n), m) for n, m in enumerate(minutes)], rhythm, start))
    done: dict[str, int] = {}
    for session in sessions:
        assert session.tasks
        assert 0 < session.minutes <= rhythm.minutes + 5
        for task in session.tasks:
            name = task.text.removesuffix(" (goes on)")
            done[name] = done.get(name, 0) + task.minutes
    assert list(done.items()) == [(str(n), m) for n, m in enumerate(minutes)]
    days = [session.day for session in sessions]
    assert days == sorted(set(days))
    assert all(day >= start for day in days)
    assert not rhythm.weekend or {day.weekday() for day in days} <= {5, 6}


@given(whole=st.integers(0, 500), weights=st.lists(st.integers(1, 50), min_size=1, max_size=9))
def test_a_whole_is_shared_out_whole(whole: int, weights: list[int]) -> None:
    """Shares are whole numbers, sum to the whole, and differ from the exact share by less than one."""
    shares = spread(whole, weights)
    assert sum(shares) == whole
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - whole * weight / sum(weights)) < 1


# Rhythms


@pytest.mark.parametrize(
    ("hours", "per", "minutes", "days"),
    [(0.5, "day", 30, EVERY_DAY), (2, "day", 120, EVERY_DAY), (1, "week", 60, (0,)), (0.5, "week", 30, (0,)),
     (3, "week", 60, (0, 2, 4)), (5, "week", 60, (0, 1, 2, 4, 5)), (10, "week", 120, (0, 1, 2, 4, 5)),
     (168, "week", 1440, EVERY_DAY)],
)
def test_hours_make_a_rhythm(hours: float, per: str, minutes: int, days: tuple[int, ...]) -> None:
    """So many a day; a week's are taken an hour or more at a time, on up to five days."""
    rhythm = rhythm_of_hours(hours, per)
    assert (rhythm.minutes, rhythm.days) == (minutes, days)


@pytest.mark.parametrize(
    ("hours", "per"), [(0, "day"), (-1, "week"), (25, "day"), (169, "week"), (0.01, "day")])
def test_hours_that_nobody_has_are_refused(hours: float, per: str) -> None:
    """Too few and too many are told with what would do."""
    with pytest.raises(UsageError, match="no time to plan with") as refused:
        rhythm_of_hours(hours, per)
    assert f"hours a {per}" in (refused.value.fix or "")


def test_a_plan_ends_with_the_calendar(copy: Course) -> None:
    """Dates end with the year 9999."""
    with pytest.raises(UsageError, match="this plan would go on after the year 9999"):
        make_plan(copy, "full", HALF_HOUR, date(9999, 12, 29), History())
    assert plan_calendar(make_plan(copy, "full", WEEKEND, date(1, 1, 1), History()), copy)


# iCalendar


def unfolded(text: str) -> list[str]:
    """Read the lines of a calendar as RFC 5545 says, and check their form."""
    assert text.endswith("\r\n")
    physical = text.removesuffix("\r\n").split("\r\n")
    assert all(len(line.encode()) <= 75 and "\n" not in line and "\r" not in line for line in physical)
    lines: list[str] = []
    for line in physical:
        if line.startswith(" "):
            lines[-1] += line[1:]
        else:
            lines.append(line)
    return lines


def parsed(text: str) -> list[dict[str, str]]:
    """Read the events of a calendar, with their texts as they were meant."""
    lines = unfolded(text)
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    assert {"VERSION:2.0", "PRODID:-//grader//plan//EN"} <= set(lines[: lines.index("BEGIN:VEVENT")])
    events: list[dict[str, str]] = []
    for line in lines:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            events.append({})
        elif events and not line.startswith("END:"):
            assert re.fullmatch(r"[A-Z-]+(;[A-Z-]+=[A-Z-]+)*", name)
            assert name not in events[-1]
            events[-1][name] = re.sub(r"\\([\\;,nN])", lambda m: "\n" if m[1] in "nN" else m[1], value)
            assert name not in ("SUMMARY", "DESCRIPTION") or not re.search(r"(?<!\\)(\\\\)*[;,]", value)
    return events


def test_the_calendar_is_valid_and_complete(copy: Course) -> None:
    """Each session is one event of a whole day, with an id of its own that stays the same."""
    plan = plan_of(copy)
    events = parsed(plan_calendar(plan, copy, now=NOW))
    assert len(events) == len(plan.sessions)
    assert len({event["UID"] for event in events}) == len(events)
    for event, session in zip(events, plan.sessions, strict=True):
        assert event["DTSTAMP"] == "20261123T120000Z"
        assert event["DTSTART;VALUE=DATE"] == session.day.isoformat().replace("-", "")
        assert datetime.strptime(event["DTEND;VALUE=DATE"], "%Y%m%d").date() > session.day
        assert event["DESCRIPTION"] == "\n".join(f"{t.text}: {t.minutes} min" for t in session.tasks)
    again = parsed(plan_calendar(plan, copy, now=datetime(2027, 1, 1, tzinfo=UTC)))
    assert [event["UID"] for event in again] == [event["UID"] for event in events]


@given(st.text(max_size=120))
def test_any_text_comes_through_a_calendar(toy: Course, text: str) -> None:
    """Commas, semicolons, backslashes, letters of several bytes: what is read is what was written."""
    plan = Plan("p", "r", (Session(MONDAY, (Task(f"x{text}", 5),)),))
    (event,) = parsed(plan_calendar(plan, toy, now=NOW))
    assert event["SUMMARY"] == neutralise(f"5 min: x{text}", multiline=True)


# The command


def test_the_command_plans_and_keeps_the_path(toy_student: Path) -> None:
    """The choice is kept; the next plan uses it."""
    first = grader_program(toy_student, "plan", "--start", "2026-11-23")
    assert (first.code, first.err) == (0, "")
    assert "the whole course · 30 minutes a day" in first.out
    assert "none is chosen yet: short (2 to 3 hours), full (2 to 3 hours);" in first.out
    said = grader_program(toy_student, "plan", "--path", "short", "--rhythm", "weekend")
    assert said.out.startswith("Your path is short now.\n  Short · 6 hours a day on weekends")
    assert chosen_path(load_course(toy_student)) == "short"
    assert "Short · 3 hours a week" in grader_program(toy_student, "plan", "--hours", "3").out


def test_the_command_writes_both_files(toy_student: Path) -> None:
    """A Markdown file and a calendar, beside what is shown."""
    said = grader_program(toy_student, "plan", "--output", "plan.md", "--ics", "plan.ics")
    assert said.code == 0
    assert "Wrote plan.md.\nWrote plan.ics: open it with your calendar.\n" in said.out
    assert (toy_student / "plan.md").read_text(encoding="utf-8").startswith("# Plan: A toy course\n")
    assert parsed((toy_student / "plan.ics").read_bytes().decode())


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--path", "long"], "there is no path 'long' in this course."),
        (["--rhythm", "weekend", "--hours", "2"], "two ways to say the same"),
        (["--per", "day"], "--per needs --hours N."),
        (["--hours", "nan"], "no number of hours"),
        (["--hours", "30", "--per", "day"], "30 hours a day is no time to plan with."),
        (["--start", "tomorrow"], "does not match the format"),
        (["--rhythm", "never"], "'never' is not one of"),
        (["--output", "no/where.md"], "the folder of this file does not exist"),
        (["--output", "a.txt", "--ics", "a.txt"], "two options name this file"),
    ],
)
def test_a_wrong_word_is_refused(toy_student: Path, words: list[str], problem: str) -> None:
    """Exit 2, the reason on stderr, and no choice is kept."""
    said = grader_program(toy_student, "plan", *words)
    assert (said.code, said.out) == (2, "")
    assert problem in said.err
    assert not (toy_student / ".grader").exists()


def test_a_copy_for_a_path_keeps_to_it(toy: Course, tmp_path: Path) -> None:
    """Another path needs another copy, since this one has solved what is off it."""
    write_build(toy, plan_build(toy, path="short"), tmp_path / "short")
    said = grader_program(tmp_path / "short", "plan", "--path", "full")
    assert said.code == 2
    assert "this copy was made for the path 'short'" in said.err
    assert grader_program(tmp_path / "short", "plan").out.startswith("  Short · 30 minutes a day")


def test_a_teacher_can_plan_and_chooses_nothing(toy: Course) -> None:
    """The plan of any path can be shown to a class."""
    assert grader_program(toy.root, "plan", "--path", "short").out.startswith("  Short · 30 minutes a day")
    assert not (toy.root / ".grader").exists()
