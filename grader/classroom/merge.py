"""Join gradebooks of parts of a class: what one has and the other has not is added, nothing is changed."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from dataclasses import fields
from typing import Any

from grader.classroom import ledger
from grader.classroom.gradebook import Gradebook
from grader.classroom.records import Attempt, Grading
from grader.errors import UsageError

_PEOPLE = ("name", "email", "section", "number")


def merge(target: Gradebook, source: Gradebook) -> int:
    """Add all that `source` has to `target`, all at once; give how many gradings were new.

    Raises UsageError where the two are of different courses.
    """
    ours, theirs = target.settings(), source.settings()
    if ours.get("course", theirs.get("course")) != theirs.get("course"):
        raise UsageError(f"this gradebook is of the course {theirs.get('course')!r}, "
                         f"the other of {ours.get('course')!r}.", where=str(source.path),
                         fix="merge gradebooks of one course.")
    with target.writing() as connection:
        _add_agreement(connection, source)
        _add_students(connection, source)
        added = _add_gradings(connection, source)
        _add_decisions(connection, source)
    return added


def _add_agreement(connection: sqlite3.Connection, source: Gradebook) -> None:
    plain = {key: value for key, value in source.settings().items() if "/" not in key}
    ledger.set_settings(connection, plain)
    connection.executemany("INSERT OR REPLACE INTO lesson (id, title, position) VALUES (?,?,?)",
                           source.rows("SELECT id, title, position FROM lesson"))
    connection.executemany("INSERT OR REPLACE INTO due VALUES (?,?)", source.rows("SELECT * FROM due"))


def _add_students(connection: sqlite3.Connection, source: Gradebook) -> None:
    for student in source.students():
        known = [getattr(student, column) for column in _PEOPLE]
        ledger.enrol(connection, student.login, student.team_name, known, enrolled=student.enrolled)
    connection.executemany(
        "INSERT OR REPLACE INTO extension SELECT id, ?, ? FROM student WHERE login = ?",
        source.rows("SELECT e.lesson, e.at, s.login FROM extension e JOIN student s ON s.id = e.student"))


def _add_gradings(connection: sqlite3.Connection, source: Gradebook) -> int:
    teams = dict(source.rows("SELECT id, name FROM team"))
    answers = defaultdict(list)
    for a in source.answers():
        answers[a.attempt].append((a.checkpoint, a.question, a.digest, a.text, a.file))
    added = 0
    for attempt in sorted(source.attempts(), key=lambda a: (a.team, a.place, a.version)):
        new = ledger.NewAttempt(teams[attempt.team], attempt.place, attempt.digest, attempt.source,
                                attempt.commit, attempt.collected_at, tuple(answers[attempt.id]))
        for grading in source.gradings(attempt.id):
            if not _has(connection, new.team, attempt, grading):
                ledger.insert(connection, new, _new(source, grading))
                added += 1
    return added


def _has(connection: sqlite3.Connection, team: str, attempt: Attempt, grading: Grading) -> bool:
    """Tell whether just this grading is there already, from an earlier merge."""
    return connection.execute(
        "SELECT 1 FROM grading g JOIN attempt a ON a.id = g.attempt JOIN team t ON t.id = a.team"
        " WHERE t.name = ? AND a.place = ? AND a.digest = ? AND g.graded_at = ? AND g.course_digest = ?"
        " AND g.grader_version = ? AND g.path = ? AND g.lessons = ? AND g.state = ?",
        [team, attempt.place, attempt.digest, grading.graded_at, grading.course_digest,
         grading.grader_version, grading.path, grading.lessons, grading.state]).fetchone() is not None


def _new(source: Gradebook, grading: Grading) -> ledger.NewGrading:
    text = source.result_text(grading.id)
    result: dict[str, Any] | None = None if text is None else json.loads(text)
    shared = {f.name: getattr(grading, f.name) for f in fields(ledger.NewGrading) if f.name != "result"}
    return ledger.NewGrading(**shared, result=result)


def _add_decisions(connection: sqlite3.Connection, source: Gradebook) -> None:
    for row in source.rows("SELECT s.login, o.kind, o.target, o.score, o.who, o.why, o.at FROM override o"
                           " JOIN student s ON s.id = o.student ORDER BY o.id"):
        connection.execute(
            "INSERT INTO override (student, kind, target, score, who, why, at)"
            " SELECT id, ?, ?, ?, ?, ?, ? FROM student s WHERE login = ? AND NOT EXISTS (SELECT 1 FROM"
            " override WHERE student = s.id AND kind = ? AND target = ? AND score IS ? AND who = ?"
            " AND why = ? AND at = ?)", [*row[1:], row[0], *row[1:]])
    for row in source.rows("SELECT checkpoint, question, answer_digest, level, comment, who, at FROM review"
                           " ORDER BY id"):
        connection.execute(
            "INSERT INTO review (checkpoint, question, answer_digest, level, comment, who, at)"
            " SELECT ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM review WHERE checkpoint = ?"
            " AND question = ? AND answer_digest = ? AND level = ? AND comment = ? AND who = ?"
            " AND at = ?)", [*row, *row])
