"""Other people's formats: each meets its schema, the points agree, and no text becomes a command."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from grader.errors import UsageError
from grader.exchange import (
    classroom_payloads,
    fence,
    release_body,
    step_summary,
    to_annotations,
    to_classroom,
    to_classroom50,
    to_exercism,
    to_gradescope,
    to_junit,
)
from grader.exchange.classroom import LARGEST
from grader.exchange.lines import clip, scored_lines
from grader.render.markdown import to_markdown
from grader.result import (
    CheckpointResult,
    CriterionResult,
    Feedback,
    IntegrityProblem,
    LessonResult,
    MisconceptionFound,
    QuestionResult,
    Result,
    Status,
    dumps,
    loads,
)
from grader.tests import result_samples as samples
from grader.tests.runner_commands import HOSTILE, MENTIONS, commands, lines_of

NATURAL = {"type": "integer", "minimum": 0}
TEXT = {"type": "string"}
SOME_TEXT = {"type": "string", "minLength": 1}


def closed(required: Mapping[str, Any], **optional: Any) -> dict[str, Any]:
    """Make the schema of an object with these members and no others."""
    return {"type": "object", "additionalProperties": False, "required": list(required),
            "properties": {**required, **optional}}  # fmt: skip


CLASSROOM = closed({
    "version": {"const": 1}, "status": {"enum": ["pass", "fail", "error"]},
    "max_score": {"type": "integer", "minimum": 1},
    "tests": {"type": "array", "minItems": 1, "items": closed({
        "name": SOME_TEXT, "status": {"enum": ["pass", "fail", "error"]}, "score": NATURAL, "message": TEXT,
        "test_code": TEXT, "filename": TEXT, "line_no": NATURAL, "duration": NATURAL,
    })},
})  # fmt: skip
CLASSROOM50 = closed({
    "schema": {"const": "classroom50/result/v1"}, "classroom": SOME_TEXT, "assignment": SOME_TEXT,
    "assignment_type": {"enum": ["individual", "group"]}, "owner": SOME_TEXT,
    "submission": {"type": "string", "pattern": "^submit/."}, "commit": SOME_TEXT, "release": SOME_TEXT,
    "review": SOME_TEXT,
    "datetime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
    "score": NATURAL, "max-score": NATURAL,
    "tests": {"type": "array", "maxItems": 100, "items": {
        "type": "object", "required": ["test-name", "passed", "score", "max-score"],
        "properties": {"test-name": SOME_TEXT, "passed": {"type": "boolean"}, "score": NATURAL,
                       "max-score": NATURAL},
    }},
}, graded_at={"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"})  # fmt: skip
FORMAT = {"enum": ["text", "md", "html"]}
SEEN = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
GRADESCOPE = closed(
    {"tests": {"type": "array", "items": closed(
        {"score": NATURAL, "max_score": NATURAL, "status": {"enum": ["passed", "failed"]}, "name": SOME_TEXT},
        number=TEXT, output=TEXT, output_format=FORMAT, visibility=SEEN,
        tags={"type": "array", "items": TEXT}, extra_data={"type": "object"},
    )}},
    score=NATURAL, execution_time={"type": "number", "minimum": 0}, output=TEXT, output_format=FORMAT,
    visibility=SEEN, stdout_visibility=SEEN, extra_data={"type": "object"},
)  # fmt: skip
EXERCISM = closed({
    "version": {"const": 3}, "status": {"enum": ["pass", "fail", "error"]},
    "message": {"type": ["string", "null"]},
    "tests": {"type": "array", "minItems": 1, "items": closed({
        "name": SOME_TEXT, "test_code": TEXT, "status": {"enum": ["pass", "fail", "error"]},
        "message": {"type": ["string", "null"]}, "output": {"type": ["string", "null"], "maxLength": 500},
    }, task_id={"type": "integer", "minimum": 1})},
})  # fmt: skip


# Results whose sums hold, as the grader makes them

MIXED = replace(samples.mixed(), max_score=95)  # with the points of its question

STATUSES: list[Status] = ["passed", "failed", "error", "timeout", "blocked", "not_started", "awaiting_review"]
LINE = st.text(st.characters(exclude_categories=()), max_size=30)
ODD = st.sampled_from([HOSTILE[name] for name in HOSTILE if len(HOSTILE[name]) < 200]) | LINE
FOUND = st.builds(MisconceptionFound, st.just("m"), ODD, ODD, st.sampled_from(["sure", "one_of"]))
FEEDBACK = st.builds(Feedback, ODD, ODD, st.none() | ODD, st.none() | ODD, st.none() | FOUND, ODD, ODD, ODD)


@st.composite
def criterion(draw: st.DrawFn, number: int) -> CriterionResult:
    """Make a criterion: all of its points, or none."""
    made = samples.criterion(f"c{number}", draw(st.integers(0, 8)), draw(st.sampled_from(STATUSES)))
    return replace(made, feedback=draw(st.none() | FEEDBACK))


@st.composite
def lesson(draw: st.DrawFn, number: int) -> LessonResult:
    """Make a lesson of at most a hundred points."""
    exercises = []
    for e in range(1, draw(st.integers(1, 3)) + 1):
        criteria = [draw(criterion(c)) for c in range(draw(st.integers(1, 4)))]
        status = draw(st.sampled_from(STATUSES))
        exercises.append(samples.exercise(f"{number}.{e}", f"f{e}", status, *criteria))
    return replace(samples.lesson(*exercises), id=str(number), title=draw(LINE))


@st.composite
def checkpoint(draw: st.DrawFn, number: int) -> CheckpointResult:
    """Make a checkpoint whose questions may be worth a part of their points."""
    questions = []
    for q in range(draw(st.integers(0, 2))):
        top = draw(st.integers(0, 8))
        score, status = draw(st.integers(0, top)), draw(st.sampled_from(STATUSES))
        questions.append(QuestionResult(f"q{q}", "explain", status, score, top, draw(ODD)))
    return CheckpointResult(str(number), "Gate", "failed", 0, 0, draw(ODD), (), tuple(questions))


@st.composite
def results(draw: st.DrawFn) -> Result:
    """Make a result with at least one point."""
    lessons = tuple(draw(lesson(n)) for n in range(1, draw(st.integers(1, 3)) + 1))
    gates = tuple(draw(checkpoint(n)) for n in range(draw(st.integers(0, 2))))
    sure = samples.lesson(samples.exercise("99.1", "last", "passed", samples.criterion("one", 1, "passed")))
    made = replace(samples.result(*lessons, replace(sure, id="99")), checkpoints=gates)
    questions = [q for gate in gates for q in gate.questions]
    aside = draw(st.lists(st.builds(IntegrityProblem, ODD, ODD), max_size=2))
    return replace(
        made,
        score=made.score + sum(q.score for q in questions),
        max_score=made.max_score + sum(q.max_score for q in questions),
        submission=replace(made.submission, id=draw(ODD)),
        integrity=tuple(aside),
        warnings=tuple(draw(st.lists(ODD, max_size=2))),
    )


def course_of(points: int, status: Status, *, lessons: int, text: str) -> Result:
    """Make a large result: `lessons` of a hundred points in criteria of `points`, all with this status."""
    found = MisconceptionFound("m", "a known mistake", text, "sure")
    said = Feedback("What should hold.", text, "[1, 2]", "[2, 1]", found, "A hint.", "README.md#a", "check")
    made = []
    for number in range(1, lessons + 1):
        criteria = [samples.criterion(f"criterion-{c}", points, status, said) for c in range(100 // points)]
        made.append(replace(samples.lesson(samples.exercise(f"{number}.1", "function", status, *criteria)),
                            id=str(number)))  # fmt: skip
    return samples.result(*made)


# GitHub Classroom


def decoded(result: Result) -> list[dict[str, Any]]:
    """Read the lines for GITHUB_OUTPUT as the reporter does: the runners, then their variables."""
    output = dict(line.split("=", 1) for line in to_classroom(result).splitlines())
    runners = output.pop("runners").split(",")
    assert list(output) == runners
    for runner in runners:
        assert re.fullmatch("[a-zA-Z0-9]+", runner)
        assert len(output[runner]) < 96_000
    return [json.loads(base64.b64decode(output[runner], validate=True)) for runner in runners]


@settings(max_examples=30)
@given(results())
def test_the_reporters_table_and_its_notice_agree(made: Result) -> None:
    """For every result: the sum of scores is ours, and so is the share of passed tests of max_score."""
    payloads = decoded(made)
    for payload in payloads:
        jsonschema.validate(payload, CLASSROOM)
        scores = [test["score"] for test in payload["tests"]]
        passed = sum(test["status"] == "pass" for test in payload["tests"])
        assert sum(scores) == Fraction(passed, len(scores)) * payload["max_score"]
        assert payload["status"] == ("pass" if made.passed else "fail")
    assert sum(test["score"] for payload in payloads for test in payload["tests"]) == made.score
    assert sum(payload["max_score"] for payload in payloads) == made.max_score


@pytest.mark.parametrize(
    ("points", "lessons", "text"),
    [(1, 1, "\n" * 900), (1, 1, "\U0001f600" * 400), (1, 6, "\U0001f600" * 400), (20, 20, "\n" * 900)],
)
def test_a_hundred_misconceptions_fit(points: int, lessons: int, text: str) -> None:
    """A payload stays below 96 kB however much there is to say, and something is said where it fits."""
    made = course_of(points, "failed", lessons=lessons, text=text)
    payloads = decoded(made)
    assert sum(payload["max_score"] for payload in payloads) == 100 * lessons
    if lessons == 1:
        assert len(payloads) == 1
        assert payloads[0]["tests"][0]["test_code"].startswith("What should hold.")


def test_a_course_of_six_lessons_needs_one_runner() -> None:
    """The reporter's historic file has one runner, so the public points of the course fit into one."""
    made = course_of(4, "passed", lessons=6, text="x")
    public = replace(made, lessons=tuple(replace(one, exercises=tuple(
        replace(e, criteria=e.criteria[:18]) for e in one.exercises)) for one in made.lessons))
    public = replace(public, score=432, max_score=432)
    assert [payload["max_score"] for payload in decoded(public)] == [432]


def test_the_hint_stands_where_the_reporter_shows_it() -> None:
    """The text of a lost criterion is its first lost test's `test_code`; what is not begun says nothing."""
    tests = classroom_payloads(MIXED)[0]["tests"]
    told = [test for test in tests if test["test_code"]]
    assert [test["name"] for test in told] == [
        "1.2 by-row (1 of 15)", "1.5 ends (1 of 10)", "1.6 runs (1 of 10)"]  # fmt: skip
    assert told[0]["test_code"].startswith("Each row is added up on its own")
    assert "Looks like: sum over the rows" in told[0]["test_code"]
    assert (told[0]["filename"], told[0]["line_no"]) == ("toypkg/add.py", 31)
    assert {test["line_no"] for test in tests if test["status"] == "pass"} == {0}


def test_a_question_may_win_a_part_of_its_points() -> None:
    """Three of five points are three passed tests of five."""
    question = QuestionResult("why", "explain", "failed", 3, 5, "Say more.")
    gate = CheckpointResult("1", "Gate", "failed", 3, 5, "", (), (question,))
    made = replace(samples.result(), checkpoints=(gate,), score=3, max_score=5)
    tests = classroom_payloads(made)[0]["tests"]
    assert [test["status"] for test in tests] == ["pass", "pass", "pass", "fail", "fail"]
    assert tests[3]["test_code"] == "Say more."


def test_no_points_cannot_be_reported() -> None:
    """The reporter fails on a maximum of zero, so there is a sentence instead; and on too many of a part."""
    with pytest.raises(UsageError) as empty:
        to_classroom(samples.result())
    assert str(empty.value) == ("this result has no points, and the protocol needs some.\n"
                                "  Next: choose other lessons, or another path.")  # fmt: skip
    giant = samples.result(samples.lesson(samples.exercise("1.1", "f", "passed",
                                                           samples.criterion("c", 5000, "passed"))))
    with pytest.raises(UsageError) as large:
        to_classroom(giant)
    assert str(large.value) == ("lesson 1 has too many points for this protocol.\n"
                                "  Next: use another --format.")  # fmt: skip


# Classroom 50

RUNNER = {
    "CLASSROOM": "spring", "ASSIGNMENT": "gpt", "SUBMISSION_TAG": "submit/2026-11-23T12-00-00Z-abc1234",
    "USERNAME": "ada", "OWNER": "ada", "ASSIGNMENT_TYPE": "group", "COMMIT_URL": "https://h/c/1",
    "RELEASE_URL": "https://h/r/1", "REVIEW_URL": "https://h/d/1", "PAGES_BASE_URL": "https://h/",
}  # fmt: skip


def check_classroom50(text: str) -> dict[str, Any]:
    """Check every rule of the contract, and give the data."""
    data: dict[str, Any] = json.loads(text)
    jsonschema.validate(data, CLASSROOM50)
    names = [test["test-name"] for test in data["tests"]]
    assert len(set(names)) == len(names)
    assert all(len(name.encode()) <= 100 and name.isprintable() for name in names)
    assert sum(test["score"] for test in data["tests"]) == data["score"]
    assert sum(test["max-score"] for test in data["tests"]) == data["max-score"]
    return data


@settings(max_examples=30)
@given(results())
def test_classroom50_meets_its_contract(made: Result) -> None:
    """Any result meets the schema and the limits, inside of a runner and outside."""
    assert check_classroom50(to_classroom50(made, RUNNER))["owner"] == "ada"
    if made.submission.id.strip():
        check_classroom50(to_classroom50(made, {}))
    assert len(release_body(made).encode()) <= 100_000


def test_classroom50_says_who_and_what() -> None:
    """The runner's variables go in as they are; without them the result speaks for itself."""
    data = check_classroom50(to_classroom50(MIXED, RUNNER))
    assert (data["classroom"], data["assignment"], data["assignment_type"]) == ("spring", "gpt", "group")
    assert (data["commit"], data["release"], data["review"]) == ("https://h/c/1", "https://h/r/1",
                                                                 "https://h/d/1")  # fmt: skip
    assert data["submission"] == RUNNER["SUBMISSION_TAG"]
    alone = check_classroom50(to_classroom50(MIXED, {"SUBMISSION_TAG": "v1"}))
    assert (alone["assignment"], alone["owner"], alone["commit"]) == ("toy", "ada", "b" * 40)
    assert alone["submission"] == "submit/2026-11-23T12-00-00Z"


@pytest.mark.parametrize(
    ("points", "lessons", "tests"), [(1, 1, 100), (1, 2, 2), (10, 10, 100), (1, 101, 1)])
def test_classroom50_takes_at_most_a_hundred_tests(points: int, lessons: int, tests: int) -> None:
    """Criteria, else exercises, else lessons, else one test for all: never more than a hundred."""
    data = check_classroom50(to_classroom50(course_of(points, "failed", lessons=lessons, text="x"), RUNNER))
    assert len(data["tests"]) == tests


def test_names_that_become_the_same_are_numbered() -> None:
    """Two long names that are cut to one are told apart, within the limit."""
    lines = [samples.criterion("é" * 80 + letter, 1, "passed") for letter in "abc"]
    made = samples.result(samples.lesson(samples.exercise("1.1", "f", "passed", *lines)))
    names = [test["test-name"] for test in check_classroom50(to_classroom50(made, RUNNER))["tests"]]
    assert [name[-4:] for name in names[1:]] == [" (2)", " (3)"]


# Gradescope, Exercism, JUnit


@settings(max_examples=30)
@given(results())
def test_gradescope_meets_its_schema(made: Result) -> None:
    """Any result validates; the tests' scores sum to the score, and a passed test has all its points."""
    data = json.loads(to_gradescope(made))
    jsonschema.validate(data, GRADESCOPE)
    assert sum(test["score"] for test in data["tests"]) == data["score"] == made.score
    assert sum(test["max_score"] for test in data["tests"]) == made.max_score
    assert all((t["status"] == "passed") == (t["score"] == t["max_score"]) for t in data["tests"])


def test_gradescope_numbers_its_tests_by_exercise() -> None:
    """A test has the number of its exercise, and the words that a teacher filters by."""
    tests = json.loads(to_gradescope(MIXED))["tests"]
    assert [test["number"] for test in tests] == ["1.1", "1.2", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1"]
    assert tests[2]["name"] == "1.2 total: by-row"
    assert tests[2]["tags"] == ["lesson 1", "failed"]
    assert "yours [4, 6]" in tests[2]["output"]


@settings(max_examples=30)
@given(results())
def test_exercism_meets_its_schema(made: Result) -> None:
    """Any result validates, and passes only if every line of it has passed."""
    data = json.loads(to_exercism(made))
    jsonschema.validate(data, EXERCISM)
    assert (data["status"] == "pass") == all(test["status"] == "pass" for test in data["tests"])
    assert all((test["message"] is None) == (test["status"] == "pass") for test in data["tests"])
    assert len(data["tests"]) == len(scored_lines(made))


def test_exercism_counts_its_tasks() -> None:
    """A task is an exercise; a question has none; nothing at all is a sentence."""
    tests = json.loads(to_exercism(MIXED))["tests"]
    assert [test.get("task_id") for test in tests] == [1, 2, 2, 3, 4, 5, 6, 7, None]
    with pytest.raises(UsageError) as empty:
        to_exercism(samples.result())
    assert str(empty.value) == ("this result has no tests, and this format needs some.\n"
                                "  Next: choose other lessons, or another path.")  # fmt: skip


@settings(max_examples=30)
@given(results())
def test_junit_is_xml_whose_counts_hold(made: Result) -> None:
    """Any result is well-formed XML; the counts of a suite are those of its cases."""
    text = to_junit(made)
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    for suite in [root, *root.findall("testsuite")]:
        cases = list(suite.iter("testcase"))
        counted = {"tests": len(cases), "failures": len(list(suite.iter("failure"))),
                   "errors": len(list(suite.iter("error"))), "skipped": len(list(suite.iter("skipped")))}
        assert {name: int(suite.attrib[name]) for name in counted} == counted
    points = {name: sum(int(p.attrib["value"]) for p in root.iter("property") if p.attrib["name"] == name)
              for name in ("score", "max_score")}
    assert points == {"score": made.score, "max_score": made.max_score}
    assert len(list(root.iter("testcase"))) == len(scored_lines(made))


def test_junit_says_what_was_not_reached() -> None:
    """Failed and out of time are failures, an error is one, and what was not reached is skipped."""
    root = ElementTree.fromstring(to_junit(MIXED))
    kinds = {case.attrib["name"]: case[-1].tag for case in root.iter("testcase")}
    assert kinds == {"sums": "properties", "empty": "properties", "by-row": "failure", "value": "skipped",
                     "ends": "failure", "runs": "error", "clear": "skipped", "why": "skipped"}
    lost = next(case for case in root.iter("testcase") if case.attrib["name"] == "by-row")
    assert lost.attrib["classname"] == "1.2 total"
    assert (lost.attrib["file"], lost.attrib["line"]) == ("toypkg/add.py", "31")


# GitHub Actions

ANNOTATION = re.compile(r"::(error|warning|notice) ((?:[a-z]+=[^,:\n]*,?)+)::([^\n]*)")


def read_annotations(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Read annotations as a runner does: type, properties and message."""
    found = []
    for line in text.splitlines():
        parts = ANNOTATION.fullmatch(line)
        assert parts, line[:200]
        properties = dict(word.split("=", 1) for word in parts[2].split(","))
        found.append((parts[1], properties, parts[3].replace("%0A", "\n").replace("%25", "%")))
    return found


def test_an_annotation_stands_on_the_students_line() -> None:
    """The first lost criterion of an exercise is told where its code is, in its folder of the repository."""
    found = read_annotations(to_annotations(MIXED, folder="work/ada/"))
    kinds = [kind for kind, _, _ in found]
    assert kinds == ["error", "error", "error", "warning", "notice"]
    _, properties, message = found[0]
    assert properties == {"file": "work/ada/toypkg/add.py", "line": "31", "title": "1.2 total%3A by-row"}
    assert message.startswith("Each row is added up on its own: the answer has one number a row.\nWe called")
    assert found[3][2] == "toypkg/link.py: a symbolic link"
    assert found[4][1]["title"] == "25 of 95 points (advisory)"
    assert found[4][2] == "The grade of record is your teacher's own run."


@settings(max_examples=30)
@given(results())
def test_annotations_keep_to_the_limits(made: Result) -> None:
    """At most ten of a type, at most 4096 characters, and every line of the output is one of ours."""
    found = read_annotations(to_annotations(made))
    for kind in ("error", "warning", "notice"):
        assert sum(1 for k, _, _ in found if k == kind) <= 10
    assert all(len(line.rpartition("::")[2]) <= 4096 for line in to_annotations(made).splitlines())


def test_more_than_ten_are_counted() -> None:
    """The tenth place says how many more there are."""
    found = read_annotations(to_annotations(course_of(100, "failed", lessons=14, text="x")))
    errors = [properties["title"] for kind, properties, _ in found if kind == "error"]
    assert len(errors) == 10
    assert errors[-1] == "5 more"


def test_a_message_of_escapes_is_cut_to_the_limit() -> None:
    """Escapes count, too: a message of percent signs has at most 4096 characters on the line."""
    wrong = samples.criterion("c", 1, "failed", Feedback("%" * 5000, "\n" * 5000))
    made = samples.result(samples.lesson(samples.exercise("1.1", "f", "failed", wrong)))
    message = to_annotations(made).splitlines()[0].split("::", 2)[2]
    assert 2000 < len(message) <= 4096


def test_a_fence_cannot_be_guessed() -> None:
    """Each fence has its own long token, which opens it and closes it."""
    (before, after), (other, _) = fence(), fence()
    token = before.removeprefix("::stop-commands::")
    assert re.fullmatch("[0-9a-f]{32}", token)
    assert after == f"::{token}::"
    assert before != other


@settings(max_examples=30)
@given(results())
def test_the_summary_is_markdown_without_html(made: Result) -> None:
    """Any result gives Markdown that closes its fences, with no HTML, link or picture of a stranger's."""
    check_markdown(step_summary(made))


def check_markdown(text: str) -> None:
    """Parse GitHub's Markdown and look for what must not be in it."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    inner = [child for token in tokens for child in token.children or []]
    kinds = {token.type for token in (*tokens, *inner)}
    assert not kinds & {"html_block", "html_inline", "image", "link_open"}
    assert tokens[0].type in ("heading_open", "paragraph_open")
    shown = "".join(child.content for child in inner if child.type == "text")
    assert not re.search(r"(?<![\w`])@[0-9A-Za-z]", shown)


@pytest.mark.parametrize(("lessons", "length"), [(6, 100), (6, 3000), (40, 9000), (400, 50)])
def test_the_summary_stays_small(lessons: int, length: int) -> None:
    """However much there is to say, the page has less than 200 KiB, and tells the score and the cut."""
    made = course_of(10, "failed", lessons=lessons, text="word " * (length // 5))
    text = step_summary(made)
    check_markdown(text)
    assert len(text.encode()) < 200 * 1024
    assert f"0 of {100 * lessons} points" in text
    assert ("This page is shortened." in text) == (len(to_markdown(made).encode()) > 200 * 1024)


# Hostile texts

FORMS: dict[str, Callable[[Result], str]] = {
    "json": dumps,
    "markdown": to_markdown,
    "classroom": to_classroom,
    "classroom50": lambda made: to_classroom50(made, {}),
    "release body": release_body,
    "gradescope": to_gradescope,
    "exercism": to_exercism,
    "junit": to_junit,
    "summary": step_summary,
}


def poisoned(value: Any, text: str) -> Any:
    """Put a text into every place of a result that holds text of students or of their machines."""
    if isinstance(value, tuple):
        return tuple(poisoned(item, text) for item in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    members = {f.name: getattr(value, f.name) for f in fields(value)}
    changed = {name: text if name in PLACES and isinstance(member, str) else poisoned(member, text)
               for name, member in members.items()}
    return replace(value, **changed)


PLACES = ("id", "function", "text", "title", "summary", "detail", "expected", "actual", "hint", "read",
          "next", "file", "problem", "feedback", "kind")  # fmt: skip


def hostile_result(text: str) -> Result:
    """Make a result that holds a hostile text wherever it can, or in two places if it is very long."""
    if len(text) > 10_000:
        said = replace(samples.FEEDBACK, actual=text, summary=text)
        wrong = samples.criterion("by-row", 15, "failed", said)
        return samples.result(samples.lesson(samples.exercise("1.2", "total", "failed", wrong)))
    made: Result = poisoned(MIXED, text)
    return replace(made, warnings=(text,), course=MIXED.course)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_becomes_a_command_in_any_format(text: str) -> None:
    """Whatever a text is, no line of any output is a command; the annotations are ours, and no others."""
    made = hostile_result(text)
    for name, write in FORMS.items():
        output = write(made)
        assert commands(output) == [], name
        assert "\x1b" not in output, name
        for payload in classroom_payloads(made) if name == "classroom" else ():
            for test in payload["tests"]:
                assert commands(f"{test['name']}\n{test['message']}\n{test['test_code']}") == []
                assert len(lines_of(test["name"])) == 1
    assert len(read_annotations(to_annotations(made))) == len(lines_of(to_annotations(made))) - 1
    assert all("##[" not in line for line in lines_of(to_annotations(made)))
    check_markdown(step_summary(made))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_the_recogniser_finds_what_is_there(text: str) -> None:
    """The test can fail: a text with a command in it, written as it is, is recognised."""
    bare = re.search(r"(?:^|[\n\r\v\f\x85\u2028\u2029])\s*::|##\[", text)
    assert bool(commands(text)) == bool(bare)


def test_there_are_forty_hostile_texts() -> None:
    """The cases are as many as they should be, and most of them hold a command."""
    assert len(HOSTILE) >= 40
    assert sum(bool(commands(text)) for text in HOSTILE.values()) >= 25
    assert any(MENTIONS in text for text in HOSTILE.values())


def test_json_is_the_same_result_where_a_command_was_broken() -> None:
    """The JSON text hides `##[` by an escape, so what is read back is what was written."""
    made = replace(MIXED, warnings=("##[error]x", "####[[", "##\\["))
    assert "##[" not in dumps(made)
    assert loads(dumps(made)) == made


def test_clip_keeps_to_its_limit() -> None:
    """A cut text says so, and is never longer than it may be."""
    assert clip("short", 5) == "short"
    assert clip("longer text here", 12) == "long… (cut)"[:12] or len(clip("longer text here", 12)) == 12
    assert all(len(clip("x" * 50, limit)) <= limit for limit in range(50))
    assert LARGEST < 131_072
