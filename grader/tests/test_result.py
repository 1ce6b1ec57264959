"""The result: its JSON form, its schema, and how it is stored."""

from __future__ import annotations

import copy
import json
import os
import re
import stat
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import UsageError
from grader.result import (
    CheckpointResult,
    CourseStamp,
    CriterionResult,
    ExerciseResult,
    Feedback,
    IntegrityProblem,
    Isolation,
    LessonResult,
    Location,
    MisconceptionFound,
    QuestionResult,
    Result,
    SubmissionStamp,
    dumps,
    from_json,
    loads,
    schema,
    to_json,
    write_result,
    write_text,
)
from grader.tests.result_samples import all_passed, mixed

VALIDATOR = jsonschema.Draft202012Validator(schema())
STATUS = st.sampled_from(schema()["$defs"]["status"]["enum"])
TEXT = st.text(st.characters(), max_size=12)
ANY_TEXT = st.text(st.characters(exclude_categories=()), min_size=1, max_size=6)
SOME_TEXT = ANY_TEXT.map(lambda text: str(json.loads(json.dumps(text))))
"""Also with half a character in it; the two halves of one, side by side, are that character in JSON."""


def form(*path: str) -> st.SearchStrategy[str]:
    """Give strings of a pattern of the schema."""
    rule: Any = schema()
    for key in path:
        rule = rule[key]
    return st.from_regex(rule["pattern"].replace("^", r"\A").replace("$", r"\Z"))


NAME, IDENTIFIER = form("$defs", "name"), form("$defs", "identifier")
LESSON, EXERCISE = form("$defs", "lesson_id"), form("$defs", "exercise_id")
DIGEST = form("$defs", "digest")
POINTS = st.integers(0, 100)


def scored(kind: type, /, **members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Build a part of a result whose score is at most its maximum."""
    top = "points" if kind is CriterionResult else "max_score"
    pair = st.tuples(POINTS, POINTS).map(sorted)
    return st.tuples(pair, st.fixed_dictionaries(members)).map(
        lambda both: kind(**{"score": both[0][0], top: both[0][1], **both[1]})
    )


def several(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Give a short tuple."""
    return st.lists(strategy, max_size=2).map(tuple)


FOUND = st.builds(MisconceptionFound, id=IDENTIFIER, title=TEXT, text=TEXT, others=several(TEXT),
                  certainty=st.sampled_from(["sure", "one_of"]))  # fmt: skip
MAYBE = st.none() | TEXT
FEEDBACK = st.builds(Feedback, TEXT, TEXT, MAYBE, MAYBE, st.none() | FOUND, TEXT, TEXT, TEXT)
CRITERION = scored(
    CriterionResult,
    id=form("$defs", "criterion", "properties", "id"),
    text=TEXT,
    status=STATUS,
    visibility=st.sampled_from(["public", "hidden"]),
    feedback=st.none() | FEEDBACK,
)
EXERCISE_RESULT = scored(
    ExerciseResult,
    id=EXERCISE,
    function=IDENTIFIER,
    status=STATUS,
    seconds=st.floats(0, 1000),
    criteria=several(CRITERION),
    location=st.none() | st.builds(Location, SOME_TEXT, st.integers(1, 9999)),
    waits_for=several(EXERCISE),
)
LESSON_RESULT = scored(LessonResult, id=LESSON, title=TEXT, exercises=several(EXERCISE_RESULT),
                       checkpoint=st.none() | NAME, unchecked=POINTS)  # fmt: skip
QUESTION = scored(QuestionResult, id=NAME, kind=SOME_TEXT, status=STATUS, feedback=TEXT)
CHECKPOINT = scored(CheckpointResult, id=NAME, title=TEXT, status=STATUS, feedback=TEXT,
                    lessons=several(LESSON), questions=several(QUESTION))  # fmt: skip
LEVEL = st.sampled_from(["kernel+", "kernel", "process"])
COMMIT = st.none() | form("properties", "submission", "properties", "commit")
RESULT = scored(
    Result,
    course=st.builds(CourseStamp, NAME, form("properties", "course", "properties", "version"), DIGEST),
    submission=st.builds(SubmissionStamp, TEXT, COMMIT, DIGEST, SOME_TEXT),
    graded_at=form("properties", "graded_at"),
    seed_id=form("properties", "seed_id"),
    grader_version=SOME_TEXT,
    isolation=st.builds(Isolation, LEVEL, several(TEXT), several(TEXT)),
    trust=st.sampled_from(["advisory", "authoritative"]),
    path=st.none() | SOME_TEXT,
    checkpoints=several(CHECKPOINT),
    lessons=several(LESSON_RESULT),
    integrity=several(st.builds(IntegrityProblem, TEXT, TEXT)),
    warnings=several(TEXT),
    signature=st.none() | SOME_TEXT,
)


@settings(max_examples=60)
@given(RESULT)
def test_what_comes_back_equals_what_went_out(made: Result) -> None:
    """Any result survives the way to JSON text and back, and the text to a result and back."""
    text = dumps(made)
    assert loads(text) == made
    assert dumps(loads(text)) == text


@settings(max_examples=40)
@given(RESULT)
def test_every_result_follows_the_schema(made: Result) -> None:
    """Any result validates against the published JSON Schema."""
    VALIDATOR.validate(json.loads(dumps(made)))


def test_the_schema_is_a_valid_2020_12_schema() -> None:
    """The schema itself is valid, and names the version of the result."""
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema()["$id"] == "grader/result/v1"


def test_the_schema_is_strict_everywhere() -> None:
    """No object of the schema takes unknown keys, and no array takes anything."""
    rules: list[Any] = [schema()]
    while rules:
        rule = rules.pop()
        members = rule.values() if isinstance(rule, dict) else rule
        rules += [member for member in members if isinstance(member, dict | list)]
        if isinstance(rule, dict) and "type" in rule and isinstance(rule["type"], str | list):
            assert "object" not in rule["type"] or rule["additionalProperties"] is False
            assert "array" not in rule["type"] or "items" in rule


def test_the_schema_has_a_key_for_every_field() -> None:
    """The schema's keys are the fields of the dataclasses, so that nothing gets lost on the way."""
    rules = {Result: schema(), LessonResult: schema()["$defs"]["lesson"],
             ExerciseResult: schema()["$defs"]["exercise"], CriterionResult: schema()["$defs"]["criterion"],
             CheckpointResult: schema()["$defs"]["checkpoint"], QuestionResult: schema()["$defs"]["question"],
             MisconceptionFound: schema()["$defs"]["misconception"]}  # fmt: skip
    for kind, rule in rules.items():
        names = {f.name for f in fields(kind)} if is_dataclass(kind) else set()
        renamed = (names - {"grader_version"}) | {"schema", "grader"} if kind is Result else names
        assert renamed == set(rule["properties"])


def test_keys_stand_in_the_order_of_the_design() -> None:
    """A person who opens the file finds who and what first, then the points, then the lessons."""
    top = ["schema", "course", "submission", "graded_at", "seed_id", "grader", "isolation", "trust", "score",
           "max_score", "path", "checkpoints", "lessons", "integrity", "warnings"]  # fmt: skip
    assert list(to_json(mixed())) == top
    assert list(to_json(mixed())["lessons"][0])[-1] == "exercises"


def test_optional_keys_are_left_out_and_others_are_null() -> None:
    """A question mark in the design means absent when there is nothing; without one it is null."""
    data = to_json(replace(all_passed(), path=None))
    assert data["path"] is None
    assert "signature" not in data
    assert data["lessons"][0]["exercises"][0]["criteria"][0]["feedback"] is None
    assert to_json(replace(all_passed(), signature="s"))["signature"] == "s"


def test_the_text_is_pure_ascii() -> None:
    """No control, bidi mark or lone surrogate of a student's text stands in the file as such."""
    text = dumps(replace(all_passed(), warnings=("\u202e\ud800\u2028\x1b[31m ±",)))
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert loads(text).warnings == ("\u202e\ud800\u2028\x1b[31m ±",)


def test_a_number_that_is_not_one_is_not_written() -> None:
    """A nan would not be JSON, so it is an error of the grader and not a file that others cannot read."""
    lesson = all_passed().lessons[0]
    bad = replace(lesson, exercises=(replace(lesson.exercises[0], seconds=float("nan")),))
    with pytest.raises(ValueError, match="not JSON compliant"):
        dumps(replace(all_passed(), lessons=(bad,)))


Change = Callable[[dict[str, Any]], object]

REFUSED: dict[str, tuple[Change, str, str]] = {
    "unknown key": (lambda d: d.update(points=3), "the document", 'the key "points" is unknown.'),
    "missing key": (lambda d: d["course"].pop("id"), "course", 'the key "id" is missing.'),
    "other schema": (
        lambda d: d.update(schema="grader/result/v2"),
        "schema",
        'expected "grader/result/v1", found "grader/result/v2".',
    ),
    "text for a number": (lambda d: d.update(score="25"), "score", 'expected a whole number, found "25".'),
    "a float for points": (lambda d: d.update(score=24.5), "score", "expected a whole number, found 24.5."),
    "true for a number": (lambda d: d.update(score=True), "score", "expected a whole number, found true."),
    "negative": (lambda d: d.update(score=-1), "score", "-1 is out of range (from 0 to 1000000)."),
    "line zero": (
        lambda d: d["lessons"][0]["exercises"][0]["location"].update(line=0),
        "lessons[0].exercises[0].location.line",
        "0 is out of range (from 1).",
    ),
    "a word that is none": (
        lambda d: d.update(trust="full"),
        "trust",
        'expected "advisory" or "authoritative", found "full".',
    ),
    "a list for a word": (
        lambda d: d.update(trust=["advisory"]),
        "trust",
        'expected "advisory" or "authoritative", found a list.',
    ),
    "an object for a list": (lambda d: d.update(lessons={}), "lessons", "expected a list, found an object."),
    "a wrong form": (
        lambda d: d["submission"].update(commit="main"),
        "submission.commit",
        '"main" does not have the form ^([0-9a-f]{40}|[0-9a-f]{64})$',
    ),
    "a line end behind": (
        lambda d: d.update(graded_at="2026-11-23T12:00:00Z\n"),
        "graded_at",
        '"2026-11-23T12:00:00Z\\n" does not have the form '
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
    ),
    "no text": (
        lambda d: d["grader"].update(version=""),
        "grader.version",
        "expected some text, found none.",
    ),
    "null": (
        lambda d: d.update(path=3),
        "path",
        "expected text or null, found 3.",
    ),
    "a very long text": (
        lambda d: d["course"].update(id="/" * 90),
        "course.id",
        '"' + "/" * 56 + "... does not have the form ^[0-9A-Za-z][0-9A-Za-z._-]*$",
    ),
    "more than the maximum": (
        lambda d: d["lessons"][0].update(score=91),
        "lessons[0].score",
        "the score 91 is above the maximum 90.",
    ),
    "more than the points": (
        lambda d: d["lessons"][0]["exercises"][0]["criteria"][0].update(score=16),
        "lessons[0].exercises[0].criteria[0].score",
        "the score 16 is above the maximum 15.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_changed_file_is_refused_with_its_place(name: str) -> None:
    """What does not have the form is refused: the file, the place in it, and the next step."""
    change, place, problem = REFUSED[name]
    data = to_json(mixed())
    change(data)
    with pytest.raises(UsageError) as refused:
        from_json(data, where="ada.json")
    assert refused.value.problem == problem
    assert refused.value.where == f"ada.json: {place}"
    fix = "grade the submission again, or use the version of the grader that wrote this file."
    assert refused.value.fix == fix


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """List the way to every value in a document."""
    members: dict[Any, Any] = value if isinstance(value, dict) else {}
    if isinstance(value, list):
        members = dict(enumerate(value))
    return [path, *(p for key, member in members.items() for p in places(member, (*path, key)))]


FULL = to_json(replace(mixed(), signature="s"))
ODD = st.sampled_from([None, True, 0, -1, 7, 1.5, "", "x", "1.2", "passed", [], {}, ["1"], {"id": "x"}])


@settings(max_examples=300)
@given(st.sampled_from(places(FULL)[1:]), ODD, st.booleans())
def test_reading_and_the_schema_refuse_the_same(path: tuple[str | int, ...], odd: object, drop: bool) -> None:
    """A changed document is refused by our reader exactly when a JSON Schema validator refuses it."""
    data = copy.deepcopy(FULL)
    parent: Any = data
    for key in path[:-1]:
        parent = parent[key]
    if drop:
        del parent[path[-1]]
    else:
        parent[path[-1]] = odd
    try:
        from_json(data)
        refused = False
    except UsageError as error:
        refused = "above the maximum" not in error.problem  # the one rule that JSON Schema cannot state
    assert refused is not VALIDATOR.is_valid(data)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "this is not JSON: Expecting property name"),
        ('{"a": 1, "a": 2}', "this is not JSON: an object has the same key twice."),
        ("[NaN]", "this is not JSON: NaN is no number of JSON."),
        ("[" * 200_000, "this is not JSON: maximum recursion depth exceeded"),
        ("[1" + "0" * 5000 + "]", "this is not JSON: Exceeds the limit"),
        ("[]", "expected an object, found a list."),
        (" " * (16 * 1024 * 1024 + 1), "the text is longer than 16777216 characters."),
    ],
    ids=["broken", "twice", "nan", "deep", "digits", "list", "long"],
)
def test_text_that_is_no_result_is_refused(text: str, problem: str) -> None:
    """Broken, hostile or foreign JSON is refused as an input error, never as a failure of the grader."""
    with pytest.raises(UsageError, match=": " + re.escape(problem)) as refused:
        loads(text, where="ada.json")
    assert str(refused.value.where).startswith("ada.json")


def test_a_huge_number_is_out_of_range() -> None:
    """A number beyond all bounds is refused, even where JSON reads it as infinity."""
    text = dumps(all_passed()).replace('"seconds": 0.25', '"seconds": 1e999')
    with pytest.raises(UsageError, match=r": inf is out of range \(from 0 to 1000000\)\.\n"):
        loads(text)


def test_a_result_file_holds_the_json(tmp_path: Path) -> None:
    """The file is the JSON text, readable by whoever the umask allows, and nothing is left beside it."""
    file = tmp_path / "ada.json"
    write_result(mixed(), file)
    write_result(all_passed(), file)
    assert loads(file.read_text(encoding="ascii")) == all_passed()
    assert [p.name for p in tmp_path.iterdir()] == ["ada.json"]
    if os.name == "posix":
        plain = tmp_path / "plain"
        plain.touch()
        assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def make_link(path: Path) -> None:
    """Put a link to a file of somebody else at a path."""
    path.with_name("teacher").write_text("precious", encoding="utf-8")
    path.symlink_to(path.with_name("teacher"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")
@pytest.mark.parametrize(
    ("make", "kind"),
    [(Path.mkdir, "a folder"), (make_link, "a symbolic link"), (os.mkfifo, "a named pipe")],
)
def test_only_a_regular_file_is_replaced(tmp_path: Path, make: Callable[[Path], None], kind: str) -> None:
    """A folder, a link or a pipe at the report's place is refused and stays as it is."""
    target = tmp_path / "result.json"
    make(target)
    before = target.lstat().st_mode
    with pytest.raises(UsageError) as refused:
        write_result(all_passed(), target)
    assert refused.value.problem == f"there is {kind} at this place, and only a regular file may be replaced."
    assert refused.value.where == str(target)
    assert refused.value.fix == "name another file, or move this away."
    assert target.lstat().st_mode == before
    if kind == "a symbolic link":
        assert target.read_text(encoding="utf-8") == "precious"


def test_a_file_in_no_folder_is_refused(tmp_path: Path) -> None:
    """The folder must be there: a typing mistake should not make one."""
    with pytest.raises(UsageError, match=r": the folder of this file does not exist\.\n") as refused:
        write_text("text", tmp_path / "no" / "result.json")
    assert refused.value.fix == "make the folder first, or name another file."


def test_a_file_below_a_file_is_refused(tmp_path: Path) -> None:
    """A path through a file cannot be written, and the system's reason is told."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r": (this file cannot be written|the folder of this file)"):
        write_text("text", tmp_path / "file" / "result.json")


def test_a_folder_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that may not be written is told before the work begins."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UsageError, match=r": the folder of this file may not be written\.\n") as refused:
        write_text("text", tmp_path / "result.json")
    assert refused.value.fix == "name a file in a folder of yours."


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the old text stays whole, and no temporary file is left behind."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "result.json"
    write_text("old", file)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match=r": this file cannot be written: No space left on device\.\n"):
        write_text("new", file)
    assert [p.name for p in tmp_path.iterdir()] == ["result.json"]
    assert file.read_text(encoding="utf-8") == "old"
