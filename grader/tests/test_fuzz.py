"""A little of the fuzzing that `python -m grader.tests.fuzz` does without end."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from grader.classroom.report.page import render
from grader.classroom.report.texts import to_markdown
from grader.classroom.sheets import sheet
from grader.course import Course, load_course
from grader.errors import CourseError, SubmissionError
from grader.grading.questions import Keys, judge_questions, look_at_form
from grader.sandbox import Killed, Value
from grader.submission import Answers, parse_answers, read_submission
from grader.tests.conftest import TOY
from grader.tests.fuzz import __main__ as fuzz
from grader.tests.fuzz import frames, outputs, texts

BOMBS = {
    "dashes": "-" * 60_000,
    "dots": "a." * 30_000 + "b = 1",
    "quotes": "'" * 60_000,
    "double quotes": '"' * 60_000,
    "brackets": "x = " + "[" * 30_000,
    "escaped quotes": 'x = """' + ' \\"""' * 12_000,
    "names": "a" * 60_000,
    "tables": "\n".join(f"[a{i}]" for i in range(8000)),
    "long quotes": "x = '''" + "'" * 60_000,
}
"""What once took the reader of answers up to half a minute, and its relatives."""


def test_seeds_are_what_a_worker_says() -> None:
    """Each unspoilt frame is a reply to something: mutation starts from frames that get through."""
    heard = [
        [frames.hear(seed, operation) for operation in ("call", "begin", "inspect")]
        for seed in frames.seeds()
        if b'"k":"loaded"' not in seed
    ]
    doors = [seed for seed in frames.seeds() if b'"k":"door"' in seed]
    assert sum(any(not isinstance(reply, Killed) for reply in replies) for replies in heard) == len(
        heard
    ) - len(doors)
    assert isinstance(frames.hear(frames.seeds()[0]), Value)


def test_mutated_frames() -> None:
    """Three thousand odd frames: each ends as a reply or as a verdict, and all kinds of them come up."""
    found = fuzz.fuzz("frames", 7, 3000)
    assert found.total() >= 3000
    assert found["protocol"] > 1500
    assert {"Value", "crash"} <= set(found)


def test_mutated_answers() -> None:
    """Two thousand files that are nearly TOML, forty of full length: a table, or a sentence; at once."""
    found = fuzz.fuzz("answers", 7, 2000)
    assert found["read"] > 100
    assert found["refused"] > 1000


@pytest.mark.parametrize(("kind", "count", "seen"), [
    ("notebooks", 1500, {"read", "refused"}),
    ("archives", 500, {"read", "refused"}),
    ("tables", 1000, {"roster read", "list read", "Canvas filled", "refused"}),
    ("results", 300, {"read", "refused"}),
    ("modules", 1500, {"cut out", "nothing"}),
    ("outputs", 60, {"harmless"}),
])
def test_mutated_files_and_texts(kind: str, count: int, seen: set[str]) -> None:
    """What strangers write is read or refused with a sentence; what we write of it keeps its form."""
    assert set(fuzz.fuzz(kind, 7, count)) == seen


@pytest.mark.parametrize("kind", [name for name, kind in fuzz.KINDS.items() if kind.modules])
def test_a_corpus_is_kept(kind: str) -> None:
    """The inputs that once reached new code are read again each time."""
    assert len(fuzz.corpus(kind)) > 5


def test_what_is_searched_for_in_outputs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page, a Markdown or a sheet that lets a text through is found out."""
    for text, place, hole in (("<b>x", "render", lambda made: render(made).replace("&lt;b&gt;", "<b>")),
                              ("1. x", "to_markdown", lambda made: to_markdown(made).replace("1\\.", "1.")),
                              ("=1+1", "sheet", lambda rows: sheet(rows).replace("'=", "="))):
        words = (text,) * outputs.TEXTS
        assert outputs.look_at(words) == "harmless"
        with monkeypatch.context() as patch:
            patch.setattr(outputs, place, hole)
            with pytest.raises(AssertionError, match="other"):
                outputs.look_at(words)


@pytest.mark.parametrize("name", BOMBS)
def test_a_slow_file_is_refused_at_once(name: str) -> None:
    """The time that a file of answers takes grows no faster than the file."""
    started = time.process_time()
    try:
        parse_answers(BOMBS[name])
    except ValueError as error:
        assert str(error)
    assert time.process_time() - started < 1.0


def test_mutated_answers_are_judged(course: Course) -> None:
    """Whatever is read is judged: no answer makes a question an error of the grader."""
    keys, found = Keys(course), Counter[str]()
    for text in texts.answer_files(8, 400):
        try:
            tables = parse_answers(text)
        except ValueError:
            continue
        given = {name: table for name, table in tables.items() if isinstance(table, dict)}
        for checkpoint in course.checkpoints:
            answers = Answers("eve", {checkpoint.id: given})
            results = judge_questions(course, checkpoint, answers, keys)
            found.update(question.status for question in results)
            assert len(look_at_form(checkpoint, answers)) == len(results)
    assert found["not_started"] > 0
    assert found["failed"] > 0


def test_a_number_of_five_thousand_digits_is_an_answer(course: Course) -> None:
    """Python refuses to write such a number down; judging it must not try to."""
    tables = parse_answers("[two-words]\nscores = 0x" + "f" * 5000 + "\nweights = [1, 2]\nout = 3\n")
    results = judge_questions(course, course.checkpoints[0], Answers("eve", {"1": tables}), Keys(course))
    assert results[0].status == "failed"
    assert results[0].score == 0


def test_spoilt_submissions(tmp_path: Path) -> None:
    """A hundred and fifty spoilt trees: modules and problems as printable text, or a clear error."""
    rng, read = random.Random(9), 0
    for number in range(150):
        root = tmp_path / str(number)
        root.mkdir()
        texts.tree(rng, root, "pkg")
        try:
            found = read_submission(root, "pkg")
        except SubmissionError as error:
            assert error.fix
            continue
        read += 1
        assert all(p.file.isprintable() and p.problem.isprintable() for p in found.problems)
        assert all("\0" not in text and "\r" not in text for text in found.modules.values())
    assert read > 50


def test_spoilt_courses(tmp_path: Path) -> None:
    """Forty spoilt courses: loaded, or refused with the place and the fix; nothing else."""
    rng, refused = random.Random(10), 0
    for number in range(40):
        root = tmp_path / str(number)
        texts.spoil_course(rng, TOY, root)
        try:
            load_course(root)
        except CourseError as error:
            refused += 1
            assert error.where
            assert error.fix
    assert refused > 5
