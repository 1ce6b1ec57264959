"""Judge the questions of a checkpoint: `compute`, `choose` and `order` at once, the rest by reviews."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from grader.course import Checkpoint, Course, Question, numbers_for
from grader.course.checkpoints import FOLDER, KEYS_FILE, LETTERS, LEVELS, REVIEWS_FILE
from grader.course.tables import Table
from grader.errors import CourseError
from grader.grading.authors import run_file
from grader.render.reading import where_to_read
from grader.render.text import neutralise
from grader.result import QuestionResult, Status
from grader.submission import Answer, Answers

Key = str | list[str] | Callable[..., dict[str, Any]]
"""A letter, letters, or a function that works out the fields from a student's numbers."""
_NOUNS = {"choose": "choice", "order": "order"}
FLAT_LIMIT = 1000
LARGEST = 10**12
"""No answer is larger, and an integer of a stranger may be too large for a float."""


@dataclass(frozen=True)
class Review:
    """A teacher's verdict on one text or drawing; it holds for exactly this answer, whoever wrote it."""

    level: int
    """1: no points, 2: half of them, 3: all."""
    comment: str


class Keys:
    """The keys and reviews of a course, from files that students never get."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._folder = course.assignments / FOLDER

    @cached_property
    def _all(self) -> Mapping[tuple[str, str], Key]:
        path = self._folder / KEYS_FILE
        where = path.relative_to(self._course.root).as_posix()
        if not path.is_file():
            raise CourseError("there are questions, but no keys", where=where,
                              fix="Write KEYS there: (checkpoint, question) -> key.")
        keys: Mapping[tuple[str, str], Key] = run_file(path, "checkpoint_keys").KEYS
        self._refuse_misfits(keys, where)
        return keys

    def _refuse_misfits(self, keys: Mapping[tuple[str, str], Key], where: str) -> None:
        asked = {(c.id, q.id): q for c in self._course.checkpoints for q in c.questions
                 if q.kind in ("compute", "choose", "order")}
        for place in keys.keys() ^ asked.keys():
            what = "has no key" if place in asked else "has a key, but is no such question"
            raise CourseError(f"{place[1]!r} of checkpoint {place[0]} {what}", where=where,
                              fix="Correct KEYS.")
        for place, question in asked.items():
            if not _fits(question, keys[place]):
                raise CourseError(f"the key of {place[1]!r} of checkpoint {place[0]} is of the wrong form",
                                  where=where, fix="Write a letter, letters of the options, or a function.")

    def key(self, checkpoint: str, question: str) -> Key:
        """Give the key of a question."""
        return self._all[checkpoint, question]

    @cached_property
    def _reviews(self) -> Mapping[tuple[str, str, str], Review]:
        path = self._folder / REVIEWS_FILE
        if not path.is_file():
            return {}
        table = Table.parse(path.relative_to(self._course.root).as_posix(), path.read_text(encoding="utf-8"))
        table.only("review")
        found = {}
        for row in table.tables("review"):
            row.only("checkpoint", "question", "answer", "level", "comment")
            level = row.count("level")
            if level > LEVELS:
                raise row.refuse(f"`level` is {level}", f"Write 1 to {LEVELS}.", "level")
            place = row.text("checkpoint"), row.text("question"), row.text("answer")
            found[place] = Review(level, row.text("comment", ""))
        return found

    def review(self, checkpoint: str, question: str, digest: str) -> Review | None:
        """Find the review of exactly this answer."""
        return self._reviews.get((checkpoint, question, digest))


def _fits(question: Question, key: Key) -> bool:
    letters = LETTERS[:len(question.options)]
    if question.kind == "compute":
        return callable(key)
    if question.kind == "order":
        return isinstance(key, list) and sorted(key) == list(letters)
    if question.several:
        return isinstance(key, list) and bool(key) and set(key) <= set(letters)
    return isinstance(key, str) and len(key) == 1 and key in letters


def judge_questions(
    course: Course, checkpoint: Checkpoint, answers: Answers, keys: Keys
) -> tuple[QuestionResult, ...]:
    """Judge all questions of a checkpoint; what is blank is not started, and earns nothing."""
    given = answers.given.get(checkpoint.id, {})
    return tuple(_Judge(course, checkpoint, question, given.get(question.id, {}), answers, keys).result()
                 for question in checkpoint.questions)


@dataclass(frozen=True)
class _Judge:
    course: Course
    checkpoint: Checkpoint
    question: Question
    answer: Answer
    answers: Answers
    keys: Keys

    def result(self) -> QuestionResult:
        """Judge one question."""
        question = self.question
        problem = form_problem(question, self.answer, self.answers)
        if is_blank(question, self.answer):
            return self._say("not_started", 0, "")
        if problem:
            return self._say("failed", 0, problem)
        if question.kind in ("explain", "draw"):
            return self._reviewed()
        key = self.keys.key(self.checkpoint.id, question.id)
        if callable(key):
            return self._computed(key)
        chosen, wanted = _letters(self.answer), [key] if isinstance(key, str) else key
        if question.kind == "choose":
            chosen, wanted = sorted(chosen), sorted(wanted)
        if chosen == wanted:
            return self._say("passed", question.points, "")
        noun = _NOUNS[question.kind]
        return self._say("failed", 0, f"This is another {noun} than the lesson's.{self._again()}")

    def _say(self, status: Status, score: int, feedback: str) -> QuestionResult:
        question = self.question
        return QuestionResult(question.id, question.kind, status, score, question.points,
                              neutralise(feedback))

    def _again(self) -> str:
        read = self.question.read
        return f" Read again: {where_to_read(self.course, f'assignments/{read}')}." if read else ""

    def _computed(self, key: Callable[..., dict[str, Any]]) -> QuestionResult:
        """Give each field that is right its part of the points, rounded down."""
        question = self.question
        assert self.answers.student is not None
        wanted = key(**numbers_for(self.course.id, self.checkpoint.id, question, self.answers.student))
        wrong = [name for name in question.fields
                 if not _close(self.answer.get(name), wanted[name], question.tolerance)]
        if not wrong:
            return self._say("passed", question.points, "")
        score = question.points * (len(question.fields) - len(wrong)) // len(question.fields)
        text = f"Not right yet: {', '.join(wrong)}. Work it out once more, step by step.{self._again()}"
        return self._say("failed", score, text)

    def _reviewed(self) -> QuestionResult:
        digest = answer_digest(self.answer, self.answers)
        review = self.keys.review(self.checkpoint.id, self.question.id, digest)
        if review is None:
            return self._say("awaiting_review", 0, "Your teacher reads this one.")
        score = self.question.points * (review.level - 1) // (LEVELS - 1)
        text = " ".join(filter(None, (self.question.levels[review.level - 1], review.comment)))
        return self._say("passed" if review.level == LEVELS else "failed", score, text)


def is_blank(question: Question, answer: Answer) -> bool:
    """Tell whether a question was left as it came."""
    names = question.fields or ("answer", "text", "file")
    return all(_is_blank_value(answer.get(name)) for name in names)


def _is_blank_value(value: object) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def form_problem(question: Question, answer: Answer, answers: Answers) -> str:
    """Say what is wrong with the form of an answer; empty if it can be judged. This is all students see."""
    if question.kind == "compute":
        return _numbers_problem(question, answer, answers)
    if question.kind in ("explain", "draw"):
        return _prose_problem(question, answer, answers)
    return _letters_problem(question, answer)


def _numbers_problem(question: Question, answer: Answer, answers: Answers) -> str:
    if answers.student is None:
        return "Your numbers are not known without answers/me.toml. `grader check` makes it."
    wrong = [name for name in question.fields if not _numbers(answer.get(name))]
    return f"Write numbers, or lists of numbers, in: {', '.join(wrong)}." if wrong else ""


def _letters_problem(question: Question, answer: Answer) -> str:
    letters, known = _letters(answer), LETTERS[:len(question.options)]
    if not letters or not set(letters) <= set(known) or len(set(letters)) < len(letters):
        return f"Answer with letters from {known[0]} to {known[-1]}, each once."
    if question.kind == "order" and len(letters) < len(known):
        return f"Put all {len(known)} of them in order."
    if question.kind == "choose" and not question.several and len(letters) > 1:
        return "Choose one."
    return ""


def _prose_problem(question: Question, answer: Answer, answers: Answers) -> str:
    text, file = answer.get("text", ""), answer.get("file", "")
    if not isinstance(text, str) or not isinstance(file, str):
        return "Write your answer as text, in quotes."
    if file and question.kind == "draw" and file not in answers.drawings:
        return f"There is no picture answers/{file[:80]}: save it there (png, jpg, svg or pdf, up to 4 MB)."
    return ""


def _letters(answer: Answer) -> list[str]:
    value = answer.get("answer", [])
    parts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [part.strip().lower() for part in parts if isinstance(part, str) and len(part) < FLAT_LIMIT]


def _numbers(value: object) -> bool:
    """Tell whether a value is a number, or lists of them."""
    if isinstance(value, list):
        return bool(value) and len(value) < FLAT_LIMIT and all(_numbers(part) for part in value)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _close(given: object, wanted: object, tolerance: float) -> bool:
    """Compare numbers, or lists of them of the same form."""
    if isinstance(wanted, Sequence):
        return (isinstance(given, list) and len(given) == len(wanted)
                and all(_close(a, b, tolerance) for a, b in zip(given, wanted, strict=True)))
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not isinstance(wanted, (int, float)):
        return False
    return -LARGEST < given < LARGEST and abs(given - wanted) <= tolerance


def answer_digest(answer: Answer, answers: Answers) -> str:
    """Name a text or drawing by its content, so that a review holds for this answer only."""
    text, file = str(answer.get("text", "")).strip(), str(answer.get("file", ""))
    drawing = answers.drawings.get(file, "")
    return hashlib.sha256(f"{text}\0{drawing}".encode("utf-8", "replace")).hexdigest()


def look_at_form(checkpoint: Checkpoint, answers: Answers) -> tuple[QuestionResult, ...]:
    """Say of each question what can be said without keys: blank, of a wrong form, or for the teacher."""
    given = answers.given.get(checkpoint.id, {})
    found = []
    for question in checkpoint.questions:
        answer = given.get(question.id, {})
        problem = form_problem(question, answer, answers)
        status: Status = "failed" if problem else "awaiting_review"
        if is_blank(question, answer):
            status, problem = "not_started", ""
        found.append(QuestionResult(question.id, question.kind, status, 0, 0, neutralise(problem)))
    return tuple(found)
