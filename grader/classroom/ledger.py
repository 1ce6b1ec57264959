"""Write into a gradebook: the class, what is agreed, and gradings, each in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from grader.classroom.gradebook import Gradebook
from grader.classroom.packing import dictionary_of, pack
from grader.classroom.records import State


@dataclass(frozen=True)
class NewAttempt:
    """What was found of a team: enough to tell whether it is new."""

    team: str
    place: str
    digest: str
    source: str
    commit: str | None
    collected_at: str
    answers: tuple[tuple[str, str, str, str, str], ...] = ()
    """checkpoint, question, digest, text, file of what a teacher reads"""


@dataclass(frozen=True)
class NewGrading:
    """What grading it gave."""

    state: State
    reason: str
    score: int
    max_score: int
    path: str
    lessons: str
    course_digest: str
    course_version: str
    grader_version: str
    seed_id: str
    graded_at: str
    result: Mapping[str, Any] | None = None
    """grader/result/v1 as plain data."""
    key_id: str = ""


def add(book: Gradebook, attempt: NewAttempt, grading: NewGrading) -> None:
    """Add a grading, and the attempt if it is new: all of it, or nothing."""
    with book.writing() as connection:
        insert(connection, attempt, grading)


def insert(connection: sqlite3.Connection, attempt: NewAttempt, grading: NewGrading) -> None:
    """Add a grading within a transaction."""
    team = _team_id(connection, attempt.team)
    _add_grading(connection, _attempt_id(connection, team, attempt), grading)


def enrol(
    connection: sqlite3.Connection, login: str, team: str, known: Iterable[str], *, enrolled: bool
) -> int:
    """Add a student, or bring one up to date; `known` is name, e-mail, section and number. Give the id."""
    connection.execute("INSERT OR IGNORE INTO team (name) VALUES (?)", [team])
    (number,) = connection.execute(
        "INSERT INTO student (login, team, name, email, section, number, enrolled)"
        " SELECT ?, id, ?, ?, ?, ?, ? FROM team WHERE name = ?"
        " ON CONFLICT (login) DO UPDATE SET team = excluded.team, name = excluded.name,"
        " email = excluded.email, section = excluded.section, number = excluded.number,"
        " enrolled = excluded.enrolled WHERE excluded.enrolled >= enrolled RETURNING id",
        [login, *known, enrolled, team]).fetchone() or connection.execute(
            "SELECT id FROM student WHERE login = ?", [login]).fetchone()
    return int(number)


def _team_id(connection: sqlite3.Connection, name: str) -> int:
    """Find a team; make it, and a student of its name, if nobody is in it yet."""
    connection.execute("INSERT OR IGNORE INTO team (name) VALUES (?)", [name])
    (team,) = connection.execute("SELECT id FROM team WHERE name = ?", [name]).fetchone()
    if connection.execute("SELECT 1 FROM student WHERE team = ?", [team]).fetchone() is None:
        connection.execute("INSERT OR IGNORE INTO student (login, team) VALUES (?, ?)", [name, team])
    return int(team)


def _attempt_id(connection: sqlite3.Connection, team: int, new: NewAttempt) -> int:
    """Give the newest attempt of this place if it is the same, else a new one."""
    last = connection.execute(
        "SELECT id, version, digest FROM attempt WHERE team = ? AND place = ? ORDER BY version DESC LIMIT 1",
        [team, new.place]).fetchone()
    if last and last[2] == new.digest:
        return int(last[0])
    cursor = connection.execute(
        "INSERT INTO attempt (team, place, version, digest, source, commit_id, collected_at)"
        " VALUES (?,?,?,?,?,?,?)",
        [team, new.place, last[1] + 1 if last else 1, new.digest, new.source, new.commit, new.collected_at])
    connection.executemany(
        "INSERT INTO answer (attempt, checkpoint, question, digest, text, file) VALUES (?,?,?,?,?,?)",
        [(cursor.lastrowid, *answer) for answer in new.answers])
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _add_grading(connection: sqlite3.Connection, attempt: int, new: NewGrading) -> None:
    (last,) = connection.execute(
        "SELECT coalesce(max(number), 0) FROM grading WHERE attempt = ?", [attempt]).fetchone()
    result = new.result or {}
    cursor = connection.execute(
        "INSERT INTO grading (attempt, number, state, reason, score, max_score, path, lessons,"
        " course_digest, course_version, grader_version, seed_id, key_id, isolation, trust, graded_at,"
        " result) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [attempt, last + 1, new.state, new.reason, new.score, new.max_score, new.path, new.lessons,
         new.course_digest, new.course_version, new.grader_version, new.seed_id, new.key_id,
         result.get("isolation", {}).get("level", ""), result.get("trust", "advisory"), new.graded_at,
         _packed(connection, new) if new.result else None])
    assert cursor.lastrowid is not None
    if new.result:
        _add_outcomes(connection, cursor.lastrowid, new.result)


def _packed(connection: sqlite3.Connection, new: NewGrading) -> bytes:
    """Deflate a result with the dictionary of its course and scope; make that at the first one."""
    assert new.result is not None
    result = dict(new.result)
    key = f"{new.course_digest}/{new.path}/{new.lessons}"
    row = connection.execute("SELECT d.id, d.data FROM setting s JOIN dictionary d ON d.id = s.value"
                             " WHERE s.key = ?", [f"dictionary/{key}"]).fetchone()
    if row is None:
        row = dictionary_of(result)
        connection.execute("INSERT OR IGNORE INTO dictionary VALUES (?, ?)", row)
        connection.execute("INSERT INTO setting VALUES (?, ?)", [f"dictionary/{key}", row[0]])
    return pack(result, *row)


def _add_outcomes(connection: sqlite3.Connection, grading: int, result: Mapping[str, Any]) -> None:
    status = _statuses(connection)
    lessons = result["lessons"]
    exercises = [(lesson["id"], exercise) for lesson in lessons for exercise in lesson["exercises"]]
    connection.executemany("INSERT INTO lesson_outcome VALUES (?,?,?,?)",
                           [(grading, x["id"], x["score"], x["max_score"]) for x in lessons])
    connection.executemany(
        "INSERT INTO exercise_outcome VALUES (?,?,?,?,?,?)",
        [(grading, e["id"], status[e["status"]], e["score"], e["max_score"], e["seconds"])
         for _, e in exercises])
    for lesson, exercise in exercises:
        for criterion in exercise["criteria"]:
            _add_criterion(connection, grading, _criterion_id(connection, lesson, exercise, criterion),
                           status[criterion["status"]], criterion)
    connection.executemany(
        "INSERT INTO question_outcome VALUES (?,?,?,?,?,?,?)",
        [(grading, checkpoint["id"], q["id"], q["kind"], status[q["status"]], q["score"], q["max_score"])
         for checkpoint in result["checkpoints"] for q in checkpoint["questions"]])


def _add_criterion(
    connection: sqlite3.Connection, grading: int, number: int, status: int, criterion: Mapping[str, Any]
) -> None:
    connection.execute("INSERT INTO criterion_outcome VALUES (?,?,?,?,?)",
                       [grading, number, status, criterion["score"], criterion["points"]])
    found = (criterion.get("feedback") or {}).get("misconception")
    if found:
        connection.execute(
            "INSERT INTO misconception VALUES (?,?,?,?,?,?)",
            [grading, number, found["id"], found["title"], found["certainty"], len(found.get("others", ()))])


def _criterion_id(
    connection: sqlite3.Connection, lesson: str, exercise: Mapping[str, Any], criterion: Mapping[str, Any]
) -> int:
    place = exercise["id"], criterion["id"]
    row = connection.execute(
        "SELECT id, text FROM criterion WHERE exercise = ? AND criterion = ?", place).fetchone()
    if row is None:
        cursor = connection.execute(
            "INSERT INTO criterion (lesson, exercise, function, criterion, visibility, text)"
            " VALUES (?,?,?,?,?,?)",
            [lesson, place[0], exercise["function"], place[1], criterion["visibility"], criterion["text"]])
        assert cursor.lastrowid is not None
        return cursor.lastrowid
    if row[1] != criterion["text"]:
        connection.execute("UPDATE criterion SET text = ?, visibility = ? WHERE id = ?",
                           [criterion["text"], criterion["visibility"], row[0]])
    return int(row[0])


def _statuses(connection: sqlite3.Connection) -> Mapping[str, int]:
    return {name: number for number, name in connection.execute("SELECT id, name FROM status")}


def set_lessons(connection: sqlite3.Connection, lessons: Iterable[tuple[str, str]]) -> None:
    """Keep the titles of the course's lessons, in their order."""
    connection.executemany("INSERT OR REPLACE INTO lesson (id, title, position) VALUES (?,?,?)",
                           [(number, title, place) for place, (number, title) in enumerate(lessons)])


def set_settings(connection: sqlite3.Connection, settings: Mapping[str, str]) -> None:
    """Keep what the whole class has in common."""
    connection.executemany("INSERT OR REPLACE INTO setting VALUES (?, ?)", settings.items())


def set_due(connection: sqlite3.Connection, due: Mapping[str, datetime]) -> None:
    """Keep when lessons are due, as it is agreed now."""
    connection.execute("DELETE FROM due")
    connection.executemany("INSERT INTO due VALUES (?, ?)",
                           [(lesson, at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
                            for lesson, at in due.items()])
