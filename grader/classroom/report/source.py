"""Read the records of a class out of its gradebook."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from grader.classroom.gradebook import Gradebook, now
from grader.classroom.packing import unpack
from grader.classroom.records import Attempt, Grading, Override, Student
from grader.classroom.report.records import Cell, Change, ClassRecord, Gate, Origin, StudentRecord, Try
from grader.classroom.standing import LessonStanding, QuestionStanding, Standing, standings
from grader.course import Checkpoint, Course
from grader.errors import UsageError
from grader.result import Status, loads, verify

AUTHORITATIVE = "authoritative"
_REMARKS = ',"integrity":['
"""Where a compact result begins to say what was set aside; no text in it can hold these quotes."""


def read_class(book: Gradebook, course: Course, *, command: str, key: bytes | None = None) -> ClassRecord:
    """Read a class; with the teacher's key, every signature is verified and not only looked at."""
    return _Reader(book, course, key).record(command)


@dataclass
class _Reader:
    """The rows of a gradebook, each kind read once."""

    book: Gradebook
    course: Course
    key: bytes | None
    _dictionaries: dict[str, bytes] = field(default_factory=dict)

    @cached_property
    def gradings(self) -> dict[int, Grading]:
        return {grading.id: grading for grading in self.book.gradings()}

    @cached_property
    def attempts(self) -> dict[int, list[Attempt]]:
        """Map each team to its attempts, the oldest first."""
        found: dict[int, list[Attempt]] = defaultdict(list)
        for attempt in self.book.attempts():
            found[attempt.team].append(attempt)
        return found

    @cached_property
    def newest(self) -> dict[int, Grading]:
        """Map each attempt to its newest grading."""
        return {grading.attempt: grading for grading in self.gradings.values()}

    @cached_property
    def exercises(self) -> dict[int, list[tuple[str, Status, int, int]]]:
        """Map each grading to the exercises it judged."""
        found: dict[int, list[tuple[str, Status, int, int]]] = defaultdict(list)
        for grading, *row in self.book.rows(
                "SELECT o.grading, o.exercise, s.name, o.score, o.max_score FROM exercise_outcome o"
                " JOIN status s ON s.id = o.status"):
            found[grading].append((row[0], row[1], row[2], row[3]))
        return found

    @cached_property
    def lost(self) -> dict[tuple[int, str], tuple[str, ...]]:
        """Map grading and exercise to the criteria that were not won."""
        found: dict[tuple[int, str], tuple[str, ...]] = {}
        for grading, exercise, names in self.book.rows(
                "SELECT o.grading, c.exercise, group_concat(c.criterion) FROM criterion_outcome o"
                " JOIN criterion c ON c.id = o.criterion JOIN status s ON s.id = o.status"
                " WHERE s.name <> 'passed' GROUP BY o.grading, c.exercise"):
            found[grading, exercise] = tuple(names.split(","))
        return found

    @cached_property
    def mistakes(self) -> dict[tuple[int, str], str]:
        """Map grading and exercise to the misconception that was recognised for sure."""
        return {(grading, exercise): name for grading, exercise, name in self.book.rows(
            "SELECT m.grading, c.exercise, m.misconception FROM misconception m"
            " JOIN criterion c ON c.id = m.criterion WHERE m.certainty = 'sure'")}

    def record(self, command: str) -> ClassRecord:
        """Put the class together."""
        found = standings(self.book)
        settings = self.book.settings()
        counting = [self.newest[a.id] for team in self.attempts.values() for a in team if a.id in self.newest]
        return ClassRecord(
            title=settings.get("title", "") or self.course.title,
            made_at=now(),
            students=tuple(self._student(standing) for standing in found),
            origin=Origin(
                gradebook=str(self.book.path), command=command,
                course=f"{self.course.title} {self.course.version}",
                course_digests=_distinct(g.course_digest for g in counting),
                grader_versions=_distinct(g.grader_version for g in counting),
                seed_ids=_distinct(g.seed_id for g in counting),
                path=next(iter(_distinct(g.path for g in counting)), ""),
            ),
            overrides=tuple(self._overrides([standing.student for standing in found])),
            regrades=tuple(self._regrades([standing.student for standing in found])),
        )

    # one student
    def _student(self, standing: Standing) -> StudentRecord:
        student = standing.student
        lessons = [lesson for lesson in standing.lessons if lesson.grading is not None]
        gradings = [self.gradings[n] for n in dict.fromkeys(x.grading for x in lessons) if n is not None]
        return StudentRecord(
            id=student.login, name=student.name or student.login, team=student.team_name,
            state=standing.state, reason=standing.reason,
            authenticated=bool(gradings) and all(self._authentic(g) for g in gradings),
            isolation=", ".join(_distinct(g.isolation for g in gradings)),
            score=standing.score, max_score=standing.max_score,
            cells=dict(self._cells(lessons)), gates=dict(self._gates(standing)),
            tries=tuple(self._tries(student)),
            remarks=tuple(remark for g in gradings for remark in self._remarks(g.id)),
            late=_late(standing.lessons),
        )

    def _cells(self, lessons: Sequence[LessonStanding]) -> Iterator[tuple[str, Cell]]:
        for lesson in lessons:
            assert lesson.grading is not None
            for exercise, status, score, most in self.exercises.get(lesson.grading, ()):
                if exercise.partition(".")[0] == lesson.lesson:
                    key = lesson.grading, exercise
                    yield exercise, Cell(status, score, most, self.lost.get(key, ()),
                                         self.mistakes.get(key, ""))

    def _gates(self, standing: Standing) -> Iterator[tuple[str, Gate]]:
        for checkpoint in self.course.checkpoints:
            lessons = [x for x in standing.lessons if x.lesson in checkpoint.lessons]
            if any(lesson.grading is not None for lesson in lessons):
                yield checkpoint.id, _gate(checkpoint, lessons, standing.questions)

    def _tries(self, student: Student) -> Iterator[Try]:
        for attempt in self.attempts[student.team]:
            grading = self.newest.get(attempt.id)
            if grading:
                seen = ((name, self.mistakes.get((grading.id, name)))
                        for name, *_ in self.exercises.get(grading.id, ()))
                yield Try(attempt.collected_at, grading.score,
                          frozenset((name, mistake) for name, mistake in seen if mistake))

    def _authentic(self, grading: Grading) -> bool:
        if self.key is None:
            return grading.trust == AUTHORITATIVE
        text = self.book.result_text(grading.id)
        try:
            verify(loads(text or "", where=f"grading {grading.id}"), self.key)
        except UsageError:
            return False
        return grading.trust == AUTHORITATIVE

    def _remarks(self, grading: int) -> Iterator[str]:
        """Give what was set aside, and the warnings: the end of the result, without reading all of it."""
        (packed,), = self.book.rows("SELECT result FROM grading WHERE id = ?", [grading])
        text = unpack(packed, self._dictionary) if packed else ""
        start = text.rfind(_REMARKS)
        if start < 0:
            return
        end = json.loads("{" + text[start + 1 :])
        yield from (f"{one['file']}: {one['problem']}" for one in end["integrity"])
        yield from end["warnings"]

    def _dictionary(self, name: str) -> bytes:
        if name not in self._dictionaries:
            self._dictionaries[name] = self.book.dictionary(name)
        return self._dictionaries[name]

    # what was changed
    def _overrides(self, students: Iterable[Student]) -> Iterator[Change]:
        known = {student.id: student for student in students}
        held: dict[tuple[int, str, str], Override] = {}
        for one in self.book.overrides():
            key = one.student, one.kind, one.target
            before = _set(held[key]) if key in held else "as graded"
            student = known[one.student]
            yield Change(student.name or student.login, f"{one.kind} {one.target}", before, _set(one),
                         one.who, one.at, one.why, student.login)
            held[key] = one

    def _regrades(self, students: Iterable[Student]) -> Iterator[Change]:
        names: dict[int, list[str]] = defaultdict(list)
        for student in students:
            names[student.team].append(student.name or student.login)
        gradings: dict[int, list[Grading]] = defaultdict(list)
        for grading in self.gradings.values():
            gradings[grading.attempt].append(grading)
        for team, attempts in self.attempts.items():
            for attempt in attempts:
                for before, after in _pairs(gradings[attempt.id]):
                    yield Change(", ".join(names[team]), f"{attempt.place}, version {attempt.version}",
                                 str(before.score), str(after.score), at=after.graded_at,
                                 why=_why(before, after))


def _gate(
    checkpoint: Checkpoint, lessons: Sequence[LessonStanding], questions: Sequence[QuestionStanding]
) -> Gate:
    own = [question for question in questions if question.checkpoint == checkpoint.id]
    score = sum(x.score for x in lessons) + sum(x.score for x in own)
    most = sum(x.max_score for x in lessons) + sum(x.max_score for x in own)
    return Gate("passed" if score >= most else "failed", score, most, {q.question: q.status for q in own})


def _late(lessons: Sequence[LessonStanding]) -> str:
    late = [x for x in lessons if x.late_days]
    return "; ".join(f"lesson {x.lesson}: {x.late_days} {'day' if x.late_days == 1 else 'days'} late, "
                     f"{x.plain} points became {x.score}" for x in late)


def _set(override: Override) -> str:
    return "as graded" if override.score is None else str(override.score)


def _pairs(gradings: Sequence[Grading]) -> Iterator[tuple[Grading, Grading]]:
    """Give each grading and the one that followed it for the same lessons, where the score changed."""
    last: dict[tuple[str, str], Grading] = {}
    for grading in gradings:
        if grading.state in ("graded", "partial"):
            scope = grading.lessons, grading.path
            if scope in last and last[scope].score != grading.score:
                yield last[scope], grading
            last[scope] = grading


def _why(before: Grading, after: Grading) -> str:
    """Say what was different between two gradings of the same submission."""
    pairs = (("course", before.course_digest, after.course_digest),
             ("grader", before.grader_version, after.grader_version),
             ("secret", before.seed_id, after.seed_id))
    changed = [word for word, old, new in pairs if old != new]
    return f"another {' and '.join(changed)}" if changed else "nothing that is known"


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words if word))
