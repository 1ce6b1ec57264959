"""`grader grade CLASS_DIR --gradebook F`: a whole class."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.say import say
from grader.cli.words import check_path, course_for, lesson_named, read_key, read_secret
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.classroom.executors import Pool
    from grader.classroom.finding import Found
    from grader.classroom.gradebook import Gradebook
    from grader.classroom.roster import Roster
    from grader.classroom.run import Event, Order, Summary
    from grader.course import Course

INTERRUPTED = 130
LOWER = 1
FAILED = 3
BESIDE = ".secret"
"""What the name of a class's secret adds to its gradebook's."""
_SHOWN = 10


@dataclass(frozen=True)
class Words:
    """What was asked for on the command line."""

    place: Path
    gradebook: Path
    course: Path | None = None
    lessons: tuple[str, ...] = ()
    path: str | None = None
    jobs: int | None = None
    executor: str | None = None
    shard: str | None = None
    secret: Path | None = None
    roster: Path | None = None
    collected: str | None = None
    allow_lower: bool = False
    process: bool = False
    without: tuple[str, ...] = ()
    plain: bool = False
    key: Path | None = None


class _Stopped(Exception):
    """Somebody ended the run while submissions were being graded; says what stands already."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def grade_class(words: Words) -> int:
    """Grade a class into a gradebook; give the exit code."""
    try:
        with _pool(words) as pool:  # first: its processes get ready while this one reads the course
            return _read_and_graded(words, pool)
    except _Stopped as stopped:
        say(str(stopped), err=True)
        return stopped.exit_code


def _read_and_graded(words: Words, pool: Pool) -> int:
    from grader.classroom.collected import keep_place, submissions_at
    from grader.classroom.gradebook import Gradebook
    from grader.classroom.roster import enrol
    from grader.classroom.run import agree
    from grader.course import load_course

    course = load_course(course_for(words.course, words.place))
    if course.edition == "student":
        raise UsageError("this is a student's copy of the course: the hidden tests are not in it.",
                         where=str(course.root), fix="name the teacher's course with --course DIR.")
    check_path(course, words.path)
    pool.prepare(course)
    roster = _roster(words, course)
    found = _shard(words.shard, submissions_at(words.place, course, roster))
    pool.prove()
    with Gradebook.create(words.gradebook) as book:
        agree(book, course)
        keep_place(book, words.place, course)
        enrol(book, roster)
        return _graded(words, course, book, found, pool)


def _graded(words: Words, course: Course, book: Gradebook, found: Sequence[Found], pool: Pool) -> int:
    from grader.classroom.run import ClassRun
    from grader.render.progress import counted
    from grader.render.screen import open_console

    order = _order(words, course)
    with counted(open_console(plain=words.plain, err=True), len(found), plain=words.plain) as advance:
        run = ClassRun(book, course, order, lambda event: advance(event.team, _told(event)))
        try:
            run.grade(found, pool)
        except KeyboardInterrupt as ended:  # Ctrl-C, or a signal that knows its exit code
            stand = _count(sum(run.summary.states.values()), "result")
            raise _Stopped(f"Stopped. {stand} of {len(found)} stand in {words.gradebook}. "
                           "The same command goes on from here.",
                           getattr(ended, "exit_code", INTERRUPTED)) from None
    _summarise(run.summary, words)
    if run.summary.states["failed"]:
        return FAILED
    return LOWER if run.summary.kept else 0


def _order(words: Words, course: Course) -> Order:
    from grader.classroom.gradebook import now
    from grader.classroom.roster import moment
    from grader.classroom.run import Order
    from grader.classroom.work import Setup
    from grader.result import key_name, sign

    setup = Setup(
        course.root, course.digest, _secret(words), words.path,
        frozenset(lesson_named(course, word).id for word in words.lessons) or None,
        "process" if words.process else "kernel", words.without)
    collected = moment(words.collected, "--collected") if words.collected else now()
    key = read_key(words.key)
    if key is None:
        return Order(setup, collected, words.allow_lower)
    return Order(setup, collected, words.allow_lower, partial(sign, key=key), key_name(key))


def _secret(words: Words) -> bytes:
    """Read the class's secret; draw one, and keep it beside the gradebook, if there is none."""
    given = read_secret(words.secret)
    if given is not None:
        return given
    file = words.gradebook.with_name(words.gradebook.name + BESIDE)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = read_secret(file)
        assert kept is not None
        return kept
    except OSError as error:
        raise UsageError(f"the class's secret cannot be kept: {error.strerror or error}.", where=str(file),
                         fix="name a gradebook in a folder of yours, or give --secret FILE.") from error
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(secrets.token_hex(32) + "\n")
    return _secret(words)


def _roster(words: Words, course: Course) -> Roster:
    from grader.classroom.roster import FILE, Roster, read_roster

    lessons = [lesson.id for lesson in course.lessons]
    if words.roster:
        return read_roster(words.roster, lessons)
    folder = words.place if words.place.is_dir() else words.place.parent
    return read_roster(folder / FILE, lessons) if (folder / FILE).is_file() else Roster()


def _shard(word: str | None, found: Sequence[Found]) -> Sequence[Found]:
    """Keep this shard's teams; a team is in the same one at every run."""
    if word is None:
        return found
    from grader.classroom.finding import shard_of

    part, _, whole = word.partition("/")
    if not (part.isdecimal() and whole.isdecimal() and 1 <= int(part) <= int(whole)):
        raise UsageError(f"--shard {word} names no part of a whole.", fix="write it like --shard 2/8.")
    return [one for one in found if shard_of(one.team, int(whole)) == int(part) - 1]


def _pool(words: Words) -> AbstractContextManager[Pool]:
    from grader.classroom.executors import cluster_pool, local_pool

    if words.executor:
        return cluster_pool(words.executor)
    return local_pool(words.jobs or _processors(), "process" if words.process else "kernel", words.without)


def _processors() -> int:
    """Count the processors that we may use."""
    allowed: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _told(event: Event) -> str:
    if event.state == "unchanged":
        return "unchanged"
    if event.state in ("rejected", "failed"):
        return f"{event.state}: {event.reason}"
    tail = f" ({event.reason})" if event.reason else ""
    return f"{event.state} {event.score}/{event.max_score}{tail}"


def _summarise(summary: Summary, words: Words) -> None:
    states = [f"{summary.states[name]} {name}" for name in ("graded", "partial", "rejected", "failed")
              if summary.states[name]]
    whole = sum(summary.states.values())
    same = f"; {summary.unchanged} of them unchanged" if summary.unchanged else ""
    say(f"{_count(whole, 'submission')}: {', '.join(states) or 'nothing to do'}{same}")
    regraded = summary.up + summary.down + summary.equal + len(summary.kept)
    if regraded:
        say(f"{regraded} regraded: {summary.up} up, {summary.down + len(summary.kept)} down")
    if summary.kept:
        names = ", ".join(summary.kept[:_SHOWN]) + (", …" if len(summary.kept) > _SHOWN else "")
        say(f"Not lowered: {names}. The earlier results stand. Accept the drop with --allow-lower.")
    say(f"Gradebook: {words.gradebook}")
    if summary.states["failed"]:
        say("The grader failed on some; the same command tries those again.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
