"""Make up a class, so that everything can be tried from nothing. The same seed gives the same files."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from grader.classroom import demo_code as code
from grader.classroom.demo_answers import Pen
from grader.classroom.finding import COLLECTED
from grader.classroom.roster import FILE as ROSTER
from grader.course import Course, Exercise, Lesson
from grader.errors import UsageError
from grader.result import write_text
from grader.submission import read_submission
from grader.submission.functions import notebook_file

FIRST = ("Ada", "Aïcha", "Ben", "Chidi", "Dora", "Emil", "Fatima", "Grace", "Hiro", "İpek", "Jonas", "Kofi",
         "Lena", "Mateo", "Nora", "Olu", "Priya", "Quentin", "Rosa", "Søren", "Tereza", "Uma", "Vera", "Wei",
         "Ximena", "Yusuf", "Zoë")
LAST = ("Abel", "Brown", "Çelik", "Dvořák", "Eze", "Fischer", "García", "Hansen", "Ito", "Jansen",
        "King, Jr.", "Łuczak", "Müller", "Nguyen", "O'Neill", "Petrov", "Quist", "Rossi", "Silva", "Tan")
SECTIONS = ("A", "B", "C")
DEADLINE = datetime(2026, 11, 30, 22, 0, tzinfo=UTC)
"""For the times of a class whose course names no due dates."""
LATE = 0.12
ARCHIVED = 0.05
NOTEBOOKS = 0.1
HONEST = ("perfect", "good", "half done")
"""Kinds that may solve their first lesson in a notebook."""
ZIP_TIME = (2026, 11, 1, 12, 0, 0)

KINDS = {"perfect": 12, "good": 38, "half done": 28, "beginner": 10, "broken": 4, "hostile": 3, "latin-1": 2,
         "empty": 2, "untouched": 1}
"""What students there are, and how many of a hundred."""


@dataclass(frozen=True)
class Invented:
    """One student of the class."""

    login: str
    name: str
    section: str
    kind: str
    skill: float
    collected_at: str
    extension: str


class _Making:
    """What all students of a demo share."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.reference = dict(read_submission(course.reference, course.package).modules)
        self.stubs = {lesson.module: _stub(lesson, self.reference) for lesson in course.lessons}
        self.exercises = list(course.exercises.values())

    def files(self, student: Invented, random: Random) -> dict[str, bytes]:
        """Write a student's files, from the root of the repository."""
        if student.kind == "empty":
            return {"README.md": b"# My course\n"}
        modules = self._modules(student, random)
        first = self.course.lessons[0]
        if student.kind == "broken":
            modules[first.module] = code.broken(modules[first.module], random)
        if student.kind == "hostile":
            what = random.choice(sorted(code.HOSTILE))
            modules[first.module] = code.hostile(modules[first.module], first.exercises[0].function, what)
        notebooks = {}
        if student.kind in HONEST and random.random() < NOTEBOOKS:
            notebooks[notebook_file(first)] = code.notebook(modules[first.module])
            modules[first.module] = self.stubs[first.module]
        package = self.course.package
        files = notebooks | {
            f"{package}/{name.replace('.', '/')}.py": text.encode() for name, text in modules.items()}
        if student.kind == "latin-1":
            files[f"{package}/{first.module}.py"] += "# geprüft\n".encode("latin-1")
        sheets = Pen(self.course, student.login, random, student.skill).sheets()
        return files | {f"answers/{name}": text.encode() for name, text in sheets.items()}

    def _modules(self, student: Invented, random: Random) -> dict[str, str]:
        done = self._done(student, random)
        modules = dict(self.reference)
        for lesson in self.course.lessons:
            finished = {e.id for e in lesson.exercises if e in done}
            text = self.reference[lesson.module]
            modules[lesson.module] = code.right(text, random.randrange(code.STYLES)) if finished else text
            if student.kind != "perfect" and random.random() < code.MISTAKE:
                modules = code.with_mistakes(self.course, lesson, modules, random, finished)
            open_ = {e.function for e in lesson.exercises if e not in done}
            modules[lesson.module] = code.unfinished(modules[lesson.module], self.stubs[lesson.module], open_)
        return modules

    def _done(self, student: Invented, random: Random) -> set[Exercise]:
        """Choose what a student has written: from the start up to some place, with a gap here and there."""
        if student.kind in ("perfect", "good"):
            share = 1.0
        else:
            share = {"untouched": 0.0, "beginner": 0.2}.get(student.kind, student.skill)
        reach = round(share * len(self.exercises))
        gaps = 0.0 if student.kind == "perfect" else 0.04
        return {e for e in self.exercises[:reach] if random.random() >= gaps}


def make_class(course: Course, folder: Path, students: int, seed: int) -> list[Invented]:
    """Write a class into a new folder: a repository or an archive for each student, and the roster.

    Raises UsageError where the folder holds something already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("there is something here already.", where=str(folder),
                         fix="name a new folder for the class.")
    making = _Making(course)
    random = _drawing(course, seed)
    invented = list(_invent(course, students, random))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for student in invented:
            own = _drawing(course, seed, student.login)
            _write(folder / f"{course.id}-{student.login}", making.files(student, own), own)
        write_text(_roster(invented), folder / ROSTER)
        write_text(_collected(course, invented), folder / COLLECTED)
    except OSError as error:
        raise UsageError(f"the class cannot be written: {error.strerror or error}.", where=str(folder),
                         fix="name a folder of yours, with room in it.") from error
    return invented


def _drawing(course: Course, *what: object) -> Random:
    """Draw the same for the same words; nothing here is secret."""
    return Random("/".join([course.id, *map(str, what)]))  # noqa: S311


def _stub(lesson: Lesson, reference: Mapping[str, str]) -> str:
    path = lesson.folder / f"{lesson.module}.py"
    return path.read_text(encoding="utf-8") if path.is_file() else reference[lesson.module]


def _invent(course: Course, students: int, random: Random) -> Iterator[Invented]:
    """Make up people; every kind of student comes up, the rarest once in a hundred."""
    kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
    drawn = [kinds[(number * 37) % len(kinds)] for number in range(students)]
    random.shuffle(drawn)
    deadline = max(course.dates.due.values(), default=DEADLINE)
    for number, kind in enumerate(drawn):
        first, last = FIRST[number % len(FIRST)], LAST[number * 7 % len(LAST)]
        late = random.random() < LATE
        hours = random.uniform(1, 80) if late else -random.uniform(1, 200)
        collected = deadline + timedelta(seconds=round(3600 * hours))
        extension = deadline + timedelta(days=7) if random.random() < LATE / 3 else None
        yield Invented(_login(first, last, number), f"{last}, {first}" if "," in last else f"{first} {last}",
                       SECTIONS[number % len(SECTIONS)], kind, random.uniform(0.3, 1.0), _utc(collected),
                       _utc(extension) if extension else "")


def _login(first: str, last: str, number: int) -> str:
    letters = f"{first}{last[:1]}".translate(str.maketrans("ıŁø", "iLo"))
    plain = unicodedata.normalize("NFKD", letters)
    return re.sub(r"[^a-z]", "", plain.lower()) + str(number + 1)


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(folder: Path, files: Mapping[str, bytes], random: Random) -> None:
    if random.random() < ARCHIVED:
        _write_archive(folder.with_name(f"{folder.name}.zip"), folder.name, files)
        return
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def _write_archive(path: Path, top: str, files: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(f"{top}/{name}", ZIP_TIME), data, zipfile.ZIP_DEFLATED)


def _roster(invented: list[Invented]) -> str:
    rows = [(s.login, s.name, f"{s.login}@example.org", s.section, str(1000 + n), s.extension)
            for n, s in enumerate(invented)]
    return _csv([("login", "name", "email", "section", "number", "extension"), *rows])


def _collected(course: Course, invented: list[Invented]) -> str:
    rows = [(f"{course.id}-{s.login}", s.collected_at) for s in invented]
    return _csv([("place", "collected"), *rows])


def _csv(rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
