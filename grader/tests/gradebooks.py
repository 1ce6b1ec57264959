"""What the tests of a class share: small classes of the toy course, and dumps of gradebooks to compare."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from grader.classroom import Gradebook

TIMES = ("graded_at", "seconds", "signature")
QUERIES = {
    "student": "SELECT s.login, t.name, s.name, s.email, s.section, s.number, s.enrolled FROM student s"
               " JOIN team t ON t.id = s.team ORDER BY 1",
    "setting": "SELECT * FROM setting WHERE key NOT LIKE 'dictionary/%' ORDER BY 1",
    "due": "SELECT * FROM due ORDER BY 1",
    "lesson": "SELECT * FROM lesson ORDER BY 1",
    "extension": "SELECT s.login, e.lesson, e.at FROM extension e JOIN student s ON s.id = e.student"
                 " ORDER BY 1, 2",
    "attempt": "SELECT t.name, a.place, a.version, a.digest, a.source, a.commit_id FROM attempt a"
               " JOIN team t ON t.id = a.team ORDER BY 1, 2, 3",
    "grading": "SELECT t.name, a.place, a.version, g.number, g.state, g.reason, g.score, g.max_score, g.path,"
               " g.lessons, g.course_digest, g.course_version, g.grader_version, g.seed_id, g.key_id,"
               " g.isolation, g.trust FROM grading g JOIN attempt a ON a.id = g.attempt"
               " JOIN team t ON t.id = a.team ORDER BY 1, 2, 3, 4",
    "lessons": "SELECT login, place, version, lesson, score, max_score FROM grades ORDER BY 1, 2, 3, 4",
    "criteria": "SELECT login, place, version, exercise, criterion, visibility, status, score, points,"
                " misconception, certainty FROM criteria ORDER BY 1, 2, 3, 4, 5",
    "override": "SELECT s.login, o.kind, o.target, o.score, o.who, o.why FROM override o"
                " JOIN student s ON s.id = o.student ORDER BY 1, 2, 3",
    "review": "SELECT checkpoint, question, answer_digest, level, comment, who FROM review ORDER BY 1, 2, 3",
}


def dump(path: Path) -> list[str]:
    """Write a gradebook as lines that do not depend on time, nor on the order in which it was filled."""
    with Gradebook.open(path) as book:
        assert book.rows("PRAGMA integrity_check") == [("ok",)]
        assert book.rows("PRAGMA foreign_key_check") == []
        lines = [f"{name} {row}" for name, query in QUERIES.items() for row in book.rows(query)]
        places = book.rows("SELECT g.id, t.name, a.place, a.version, g.number FROM grading g JOIN attempt a"
                           " ON a.id = g.attempt JOIN team t ON t.id = a.team ORDER BY 2, 3, 4, 5")
        for number, *place in places:
            text = book.result_text(number)
            lines.append(f"result {place} {json.dumps(timeless(json.loads(text))) if text else None}")
    return lines


def timeless(value: Any) -> Any:
    """Take the times out of a result."""
    if isinstance(value, dict):
        return {key: timeless(item) for key, item in value.items() if key not in TIMES}
    return [timeless(item) for item in value] if isinstance(value, list) else value


def grade(course: Path, place: Path, gradebook: Path, *more: str, expect: int = 0) -> str:
    """Grade a class as its teacher would; give what was printed."""
    done = subprocess.run(command(course, place, gradebook, *more), capture_output=True, text=True,
                          check=False, timeout=600, cwd=place.parent)
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


def command(course: Path, place: Path, gradebook: Path, *more: str) -> list[str]:
    """Write the command that grades a class."""
    return [sys.executable, "-m", "grader", "grade", str(place), "--course", str(course), "--gradebook",
            str(gradebook), *more]


def kill_at_random(words: list[str], *, kills: int, longest: float, random: Random) -> int:
    """Start a command and kill it, again and again; give how many kills hit one that was under way.

    After a kill that came too late, the next ones come sooner: the machine is quicker than it was.
    """
    hits = 0
    for _ in range(kills):
        run = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, longest))
        if run.poll() is None:
            hits += 1
        else:
            longest /= 2
        run.kill()
        run.wait()
    return hits


def write(folder: Path, package: str, modules: Mapping[str, str | bytes]) -> Path:
    """Write a submission."""
    for name, text in modules.items():
        file = folder / package / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


WRONG_ADD = "def add(a, b):\n    return a - b\n\n\ndef total(numbers):\n    return sum(numbers)\n"
ENDLESS = WRONG_ADD.replace("return", "while True:\n        pass\n    return")
HOSTILE = "import os\nos._exit(0)\n"


def mixed_class(folder: Path, package: str, reference: Mapping[str, str]) -> Path:
    """Write a class with every kind of trouble in it, and two honest students."""
    folder.mkdir()
    write(folder / "honest", package, reference)
    write(folder / "wrong", package, {**reference, "add": WRONG_ADD})
    write(folder / "endless", package, {**reference, "add": ENDLESS})
    write(folder / "hostile", package, {**reference, "add": HOSTILE})
    write(folder / "latin-1", package, {**reference, "add": "# Größe\n".encode("latin-1")})
    (folder / "nothing").mkdir()
    sparse = write(folder / "sparse", package, reference) / package / "huge.py"
    with sparse.open("wb") as file:
        os.truncate(file.fileno(), 1 << 40)
    return folder


def small_class(folder: Path, package: str, reference: Mapping[str, str], students: int) -> Path:
    """Write a class that is graded quickly: right and wrong in turn, and one that cannot be read."""
    folder.mkdir()
    for number in range(students):
        text = WRONG_ADD if number % 2 else reference["add"]
        write(folder / f"student-{number:02}", package, {**reference, "add": text + f"\n# {number}\n"})
    (folder / "student-nobody").mkdir()
    return folder


def version_of(path: Path, version: int) -> None:
    """Pretend that a gradebook was written by another grader."""
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
