"""Open a gradebook, and read it. What writes gradings is in `ledger.py`."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from grader.classroom.packing import unpack
from grader.classroom.records import (
    Agreement,
    AnswerText,
    Attempt,
    CriterionOutcome,
    ExerciseOutcome,
    Grading,
    LessonOutcome,
    MisconceptionSeen,
    Override,
    OverrideKind,
    QuestionOutcome,
    Review,
    Student,
)
from grader.errors import GraderError, UsageError
from grader.result import Result, loads

APPLICATION_ID = 0x67726462
"""`grdb`: what `file` and SQLite tools show of a gradebook."""
VERSION = 1
WAIT_SECONDS = 30.0
LARGEST_RESULT = 64 << 20
MIGRATIONS: dict[int, str] = {}
"""From this version on to the next: the statements that change a gradebook in place."""

Row = TypeVar("Row")
_GRADING = ("g.id, g.attempt, g.number, g.state, g.reason, g.score, g.max_score, g.path, g.lessons, "
            "g.course_digest, g.course_version, g.grader_version, g.seed_id, g.key_id, g.isolation, "
            "g.trust, g.graded_at")


class Gradebook:
    """One class's results in a SQLite file. Close it, or use it with `with`."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.connection = connection

    @classmethod
    def open(cls, path: Path) -> Gradebook:
        """Open a gradebook for reading; it may lie in a folder that cannot be written.

        Raises UsageError where there is none, or it is of a newer grader.
        """
        if not path.is_file():
            raise UsageError("there is no gradebook here.", where=str(path),
                             fix="make one with: grader grade CLASS_DIR --gradebook " + path.name)
        with explained(path), contextlib.ExitStack() as closing:
            connection = _connect(path, "mode=ro", closing)
            try:
                version = _version(connection)
            except sqlite3.OperationalError:
                if Path(f"{path}-wal").exists():
                    raise
                connection.close()
                connection = _connect(path, "mode=ro&immutable=1", closing)
                version = _version(connection)
            _check_version(path, version)
            closing.pop_all()
        return cls(path, connection)

    @classmethod
    def create(cls, path: Path) -> Gradebook:
        """Open a gradebook for reading and writing; make it, or bring it up to date, where needed.

        Only its owner can read a new one. Raises UsageError where the file is none, or cannot be written.
        """
        with explained(path), contextlib.ExitStack() as closing:
            _make_file(path)
            connection = _connect(path, "mode=rw", closing)
            if _version(connection) == 0 and _is_empty(connection):
                _install(connection)
            version = _version(connection)
            _check_version(path, version)
            _migrate(connection, version)
            _write_ahead(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            closing.pop_all()
        return cls(path, connection)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Do all of some changes, or none."""
        with explained(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # a full disk has rolled back by itself
                    self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def rows(self, query: str, values: Iterable[object] = ()) -> list[tuple[Any, ...]]:
        """Run a query of the reader's own."""
        with explained(self.path):
            return self.connection.execute(query, tuple(values)).fetchall()

    def _all(self, kind: Callable[..., Row], query: str, values: Iterable[object] = ()) -> tuple[Row, ...]:
        return tuple(kind(*row) for row in self.rows(query, values))

    # who
    def students(self) -> tuple[Student, ...]:
        """List the students, by login."""
        return self._all(_student, """SELECT s.id, s.login, s.team, s.name, s.email, s.section, s.number,
            s.enrolled, t.name FROM student s JOIN team t ON t.id = s.team ORDER BY s.login""")

    def student(self, login: str) -> Student:
        """Find a student by login, or by the whole name if one student has it."""
        known = self.students()
        found = [s for s in known if s.login == login] or [s for s in known if s.name == login]
        if len(found) == 1:
            return found[0]
        problem = (f"there is no student {login!r} in this gradebook." if not found
                   else f"{len(found)} students are called {login!r}.")
        raise UsageError(problem, where=str(self.path), fix="use a login of `grader report`.")

    def settings(self) -> dict[str, str]:
        """Give what is kept about the class: course, title, and the like."""
        return dict(self.rows("SELECT key, value FROM setting"))

    def agreement(self) -> Agreement:
        """Give due dates, extensions and the late policy, as at the last run."""
        kept = self.settings()
        return Agreement(
            late=kept.get("late", "none"),  # type: ignore[arg-type] # written by us
            percent_per_day=int(kept.get("percent_per_day", "0")),
            attempt=kept.get("attempt", "latest"),  # type: ignore[arg-type]
            due=dict(self.rows("SELECT lesson, at FROM due")),
            extensions={(student, lesson): at for student, lesson, at
                        in self.rows("SELECT student, lesson, at FROM extension")},
        )

    def lessons(self) -> dict[str, str]:
        """Map the lessons that were graded to their titles, in the order of the course."""
        return dict(self.rows("SELECT id, title FROM lesson ORDER BY position"))

    # what was handed in, and what it gave
    def attempts(self, team: int | None = None) -> tuple[Attempt, ...]:
        """List attempts, of one team or of all, in the order in which they were collected."""
        return self._all(Attempt, """SELECT id, team, place, version, digest, source, commit_id, collected_at
            FROM attempt WHERE ? IS NULL OR team = ? ORDER BY team, collected_at, place, version""",
                         [team, team])

    def gradings(self, attempt: int | None = None) -> tuple[Grading, ...]:
        """List gradings, of one attempt or of all, the oldest first."""
        return self._all(Grading, f"""SELECT {_GRADING} FROM grading g
            WHERE ? IS NULL OR g.attempt = ? ORDER BY g.attempt, g.number""", [attempt, attempt])  # noqa: S608

    def result(self, grading: int) -> Result | None:
        """Rebuild the whole result of a grading; None where the submission could not be graded."""
        text = self.result_text(grading)
        return None if text is None else loads(text, where=f"{self.path}, grading {grading}")

    def result_text(self, grading: int) -> str | None:
        """Give the JSON text of a grading's result."""
        row = self.rows("SELECT result FROM grading WHERE id = ?", [grading])
        if not row:
            raise UsageError(f"there is no grading {grading}.", where=str(self.path),
                             fix="use an id of Gradebook.gradings().")
        packed = row[0][0]
        return None if packed is None else unpack(packed, self.dictionary)

    def dictionary(self, name: str) -> bytes:
        """Give what a result was deflated with."""
        row = self.rows("SELECT data FROM dictionary WHERE id = ?", [name])
        if not row:
            raise GraderError("this gradebook is damaged: a dictionary of its results is missing.",
                              where=str(self.path), fix="take a copy of before, or grade again.")
        data: bytes = row[0][0]
        return data

    # the numbers of the class
    def lesson_outcomes(self) -> tuple[LessonOutcome, ...]:
        """List the plain scores of lessons in every grading."""
        return self._all(LessonOutcome, "SELECT grading, lesson, score, max_score FROM lesson_outcome")

    def exercise_outcomes(self, grading: int | None = None) -> tuple[ExerciseOutcome, ...]:
        """List the plain scores of exercises, in one grading or in all."""
        return self._all(ExerciseOutcome, """SELECT o.grading, o.exercise, s.name, o.score, o.max_score,
            o.seconds FROM exercise_outcome o JOIN status s ON s.id = o.status
            WHERE ? IS NULL OR o.grading = ? ORDER BY o.grading, o.exercise""", [grading, grading])

    def criterion_outcomes(self, grading: int | None = None) -> tuple[CriterionOutcome, ...]:
        """List the plain scores of criteria, in one grading or in all."""
        return self._all(CriterionOutcome, """SELECT o.grading, c.lesson, c.exercise, c.criterion,
            c.visibility, s.name, o.score, o.points FROM criterion_outcome o
            JOIN criterion c ON c.id = o.criterion JOIN status s ON s.id = o.status
            WHERE ? IS NULL OR o.grading = ? ORDER BY o.grading, c.id""", [grading, grading])

    def question_outcomes(self, grading: int | None = None) -> tuple[QuestionOutcome, ...]:
        """List the plain scores of questions, in one grading or in all."""
        return self._all(QuestionOutcome, """SELECT o.grading, o.checkpoint, o.question, o.kind, s.name,
            o.score, o.max_score FROM question_outcome o JOIN status s ON s.id = o.status
            WHERE ? IS NULL OR o.grading = ? ORDER BY o.grading, o.checkpoint, o.question""",
                         [grading, grading])

    def misconceptions(self) -> tuple[MisconceptionSeen, ...]:
        """List the known mistakes that were found, in every grading."""
        return self._all(MisconceptionSeen, """SELECT m.grading, c.exercise, c.criterion, m.misconception,
            m.title, m.certainty, m.others FROM misconception m JOIN criterion c ON c.id = m.criterion
            ORDER BY m.grading, c.id""")

    def answers(self) -> tuple[AnswerText, ...]:
        """List the texts and drawings that a teacher reads, of every attempt."""
        return self._all(AnswerText, """SELECT attempt, checkpoint, question, digest, text, file FROM answer
            ORDER BY attempt, checkpoint, question""")

    # what people decided
    def overrides(self) -> tuple[Override, ...]:
        """List all overrides, the oldest first; of one student and target the newest holds."""
        return self._all(Override, "SELECT id, student, kind, target, score, who, why, at FROM override"
                                   " ORDER BY id")

    def reviews(self) -> tuple[Review, ...]:
        """List all reviews, the oldest first; of one answer the newest holds."""
        return self._all(Review, "SELECT id, checkpoint, question, answer_digest, level, comment, who, at"
                                 " FROM review ORDER BY id")

    def add_override(
        self, student: Student, kind: OverrideKind, target: str, score: int | None, *, who: str, why: str
    ) -> None:
        """Set a score by hand from now on; None takes an earlier override back."""
        with self.writing() as connection:
            connection.execute(
                "INSERT INTO override (student, kind, target, score, who, why, at) VALUES (?,?,?,?,?,?,?)",
                (student.id, kind, target, score, who, why, now()))

    def add_review(
        self, answer: AnswerText, level: int, *, who: str, comment: str = ""
    ) -> None:
        """Judge an answer: level 1 gives no points, 2 half of them, 3 all."""
        with self.writing() as connection:
            connection.execute(
                "INSERT INTO review (checkpoint, question, answer_digest, level, comment, who, at)"
                " VALUES (?,?,?,?,?,?,?)",
                (answer.checkpoint, answer.question, answer.digest, level, comment, who, now()))


def now() -> str:
    """Give the time as the gradebook writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _student(*row: Any) -> Student:
    return Student(*(*row[:7], bool(row[7]), row[8]))


def _make_file(path: Path) -> None:
    """Make an empty file that only its owner can read, if there is none."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _connect(path: Path, how: str, closing: contextlib.ExitStack) -> sqlite3.Connection:
    """Connect; whoever fails to use it, closes it."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True, timeout=WAIT_SECONDS,
                                 isolation_level=None)
    closing.callback(connection.close)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_RESULT)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _version(connection: sqlite3.Connection) -> int:
    """Give the version of a gradebook, 0 for another SQLite file; raises for what is no SQLite file."""
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        return 0
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_schema").fetchone() is None


def _install(connection: sqlite3.Connection) -> None:
    """Make the tables, all at once: a kill leaves an empty file or a whole gradebook."""
    statements = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    _write_ahead(connection)
    connection.execute("BEGIN IMMEDIATE")
    if _is_empty(connection):  # another process may have been quicker
        for statement in _split(statements):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let readers and a writer work at once. Here SQLite does not wait for others by itself, so we do."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.01)


def _split(text: str) -> Iterator[str]:
    """Take a script apart: `executescript` would end our transaction."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _check_version(path: Path, version: int) -> None:
    if 1 <= version <= VERSION:
        return
    if version == 0:
        raise UsageError("this SQLite file is no gradebook.", where=str(path), fix="name another file.")
    raise UsageError(f"this gradebook has version {version}, and this grader knows up to {VERSION}.",
                     where=str(path), fix="use the newer grader that wrote it.")


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring an older gradebook up to date, one version after another, each all at once."""
    while version < VERSION:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _split(MIGRATIONS[version]):
            connection.execute(statement)
        version += 1
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("COMMIT")


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say what an error of SQLite or of the file system means, and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(path, error) from error
    except OSError as error:
        raise UsageError(f"this gradebook cannot be opened: {error.strerror or error}.", where=str(path),
                         fix="name a file in a folder of yours.") from error


def _explain(path: Path, error: sqlite3.Error) -> GraderError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    where = str(path)
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        problem = "this is no gradebook, or it is damaged."
        return UsageError(problem, where=where, fix="name another file, or take a copy of before.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return UsageError("another program is writing to this gradebook.", where=where,
                          fix="wait until it has finished, or end it; nothing is lost.")
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(path)):
        return GraderError("the disk is full; what was graded before is kept.", where=where,
                           fix="make room, and run the same command again: it goes on from here.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return UsageError("this gradebook cannot be written here.", where=where,
                          fix="check the permissions of the file and its folder, or name another file.")
    return GraderError(f"SQLite says: {error}", where=where, fix="run the same command again.")


def _is_full(path: Path) -> bool:
    """Tell whether the disk of a file has no room left."""
    with contextlib.suppress(OSError, AttributeError):
        room = os.statvfs(path.parent)
        return room.f_bavail * room.f_frsize < 1 << 20
    return False
