"""The questions of the checkpoints: read, given numbers, answered, judged, and never told."""

from __future__ import annotations

import math
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.build import plan_build, write_build
from grader.cli import cli
from grader.course import Checkpoint, Course, Question, load_course, numbers_for
from grader.course.answer_sheets import blank_sheet, with_numbers
from grader.errors import CourseError
from grader.grading.questions import Keys, judge_questions, look_at_form
from grader.result import QuestionResult
from grader.submission import Answers, parse_answers, read_submission

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkpoint(course: Course) -> Checkpoint:
    """Give checkpoint 1 of the real course."""
    return course.checkpoints[0]


@pytest.fixture
def starter(course: Course, tmp_path: Path) -> Path:
    """Build a student's repository of its own."""
    copy = tmp_path / "course"
    for name in ("assignments", "reference"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    built = load_course(copy)
    write_build(built, plan_build(built))
    return copy / "starter"


def reference_answers() -> Answers:
    """Read the reference's answers."""
    return read_submission(ROOT / "reference", "minigpt").answers


def changed(answers: Answers, question: str, **fields: Any) -> Answers:
    """Change one answer."""
    given = {name: dict(answer) for name, answer in answers.given["1"].items()}
    given[question] = {**given[question], **fields}
    return replace(answers, given={**answers.given, "1": given})


def judged(course: Course, answers: Answers, question: str) -> QuestionResult:
    """Judge one question of checkpoint 1."""
    checkpoint = course.checkpoints[0]
    return next(q for q in judge_questions(course, checkpoint, answers, Keys(course)) if q.id == question)


def test_the_references_answers_are_right(course: Course) -> None:
    """Every question of every checkpoint is answered, and every answer earns all points."""
    answers = reference_answers()
    for checkpoint in course.checkpoints:
        results = judge_questions(course, checkpoint, answers, Keys(course))
        assert [(r.id, r.status, r.score) for r in results] == [
            (q.id, "passed", q.points) for q in checkpoint.questions]
        assert sum(r.max_score for r in results) == 20


def test_blank_sheets_earn_nothing(course: Course) -> None:
    """The files as students get them are blank, in every question."""
    for checkpoint in course.checkpoints:
        answers = Answers("someone", {checkpoint.id: parse_answers(blank_sheet(checkpoint))})
        results = judge_questions(course, checkpoint, answers, Keys(course))
        assert {(r.status, r.score) for r in results} == {("not_started", 0)}
        assert all(r.max_score for r in results)


def test_no_file_is_a_blank_file(course: Course, checkpoint: Checkpoint) -> None:
    """Without answers nothing is started."""
    results = judge_questions(course, checkpoint, Answers(), Keys(course))
    assert {r.status for r in results} == {"not_started"}


def test_the_key_agrees_with_the_lesson(course: Course, checkpoint: Checkpoint) -> None:
    """Attention over two words, worked out another way, is what the key says, for many students."""
    key: Any = Keys(course).key("1", "two-words")
    for student in range(50):
        drawn: dict[str, Any] = numbers_for(course.id, "1", checkpoint.questions[0], f"student-{student}")
        (a, b), (x, y) = drawn["keys"], drawn["values"]
        lead = sum(n * (p - q) for n, p, q in zip(drawn["query"], a, b, strict=True)) / 2
        first = 1 / (1 + math.exp(-lead))
        found = key(**drawn)
        assert found["weights"] == pytest.approx([first, 1 - first])
        assert found["scores"][0] - found["scores"][1] == pytest.approx(lead)
        assert found["out"] == pytest.approx(y + first * (x - y))


def test_numbers_are_a_students_own(course: Course, checkpoint: Checkpoint) -> None:
    """The same id gives the same numbers, another id mostly others, each from its choices and shape."""
    question = checkpoint.questions[0]
    mine = numbers_for(course.id, "1", question, "a1b2")
    assert mine == numbers_for(course.id, "1", question, "a1b2")
    others = [numbers_for(course.id, "1", question, f"{n}") for n in range(30)]
    assert sum(other != mine for other in others) >= 29
    for number in question.numbers:
        flat = re.findall(r"-?\d+", str(mine[number.name]))
        assert len(flat) == math.prod(number.shape)
        assert {int(n) for n in flat} <= set(number.choices)


def test_each_right_field_has_its_part(course: Course) -> None:
    """One wrong field costs its part of the points, and is named."""
    found = judged(course, changed(reference_answers(), "two-words", out=100.0), "two-words")
    assert (found.status, found.score) == ("failed", 5)
    assert "Not right yet: out." in found.feedback
    assert "01_attention_mechanism/README.md § A worked example by hand" in found.feedback


@pytest.mark.parametrize("wrong", [
    [0.95], [0.95, 0.05, 0.0], [[0.95, 0.05]], [0.05, 0.95], [math.nan, 0.05], [math.inf, 0.05],
    [10**400, 0.05], [-(10**400), 0.05], 0.95,
])  # fmt: skip
def test_other_numbers_are_wrong(course: Course, wrong: object) -> None:
    """Numbers of another form, order or size are wrong, not an error."""
    found = judged(course, changed(reference_answers(), "two-words", weights=wrong), "two-words")
    assert (found.status, found.score) == ("failed", 5)


@pytest.mark.parametrize("odd", [True, "0.95", ["0.95", 0.05], [True, False], {"a": 1}, [[]], [0.5] * 5000])
def test_what_is_no_number_is_told_as_a_matter_of_form(course: Course, odd: object) -> None:
    """Texts, truth values and giants are not judged."""
    found = judged(course, changed(reference_answers(), "two-words", weights=odd), "two-words")
    assert (found.status, found.score) == ("failed", 0)
    assert found.feedback == "Write numbers, or lists of numbers, in: weights."


def test_rounding_to_two_decimals_is_welcome(course: Course, checkpoint: Checkpoint) -> None:
    """Whoever rounds each step to two decimals gets all points, whatever the numbers."""
    key: Any = Keys(course).key("1", "two-words")
    for student in range(200):
        exact = key(**numbers_for(course.id, "1", checkpoint.questions[0], str(student)))
        values: Any = numbers_for(course.id, "1", checkpoint.questions[0], str(student))["values"]
        weights = [round(weight, 2) for weight in exact["weights"]]
        answer = {"scores": [round(s, 2) for s in exact["scores"]], "weights": weights,
                  "out": round(sum(w * v for w, v in zip(weights, values, strict=True)), 2)}
        answers = Answers(str(student), {"1": {"two-words": answer}})
        assert judged(course, answers, "two-words").status == "passed"


@pytest.mark.parametrize(("answer", "score"), [
    ("b", 4), (" B ", 4), (["b"], 4), ("a", 0), ("d", 0), ("", 0), (["a", "b"], 0), ("ab", 0), ("z", 0),
    (7, 0), (["b", "b"], 0), ([["b"]], 0), ("b" * 100_000, 0),
])  # fmt: skip
def test_one_choice(course: Course, answer: object, score: int) -> None:
    """Only the right letter wins, and nothing that merely holds it."""
    assert judged(course, changed(reference_answers(), "roles", answer=answer), "roles").score == score


@pytest.mark.parametrize(("answer", "score"), [
    (["a", "b", "d"], 3), (["d", "a", "b"], 3), (["a", "b"], 0), (["a", "b", "c", "d"], 0),
    (["a", "b", "c", "d", "e"], 0), ("a", 0), (["a", "b", "d", "d"], 0),
])  # fmt: skip
def test_several_choices(course: Course, answer: object, score: int) -> None:
    """All right letters, and no other, in any order."""
    found = judged(course, changed(reference_answers(), "who-decides", answer=answer), "who-decides")
    assert found.score == score


def test_a_text_waits_for_its_review(course: Course) -> None:
    """A review holds for the very text that was read: one more word, and it waits again."""
    text = reference_answers().given["1"]["to-a-friend"]["text"]
    found = judged(course, changed(reference_answers(), "to-a-friend", text=text + " So."), "to-a-friend")
    assert (found.status, found.score) == ("awaiting_review", 0)


def test_no_submission_can_bring_its_own_review(course: Course, tmp_path: Path) -> None:
    """Reviews and keys lie in the teacher's course; the same files in a submission are nothing."""
    (tmp_path / "minigpt").mkdir()
    (tmp_path / "answers").mkdir()
    for name in ("reviews.toml", "keys.py", "checkpoint_1.toml.py"):
        (tmp_path / "answers" / name).write_text("raise SystemExit\n")
    assert read_submission(tmp_path, "minigpt").answers == Answers()


def test_without_an_id_there_are_no_numbers(course: Course) -> None:
    """A sheet without answers/me.toml cannot be judged, and says what to do."""
    found = judged(course, replace(reference_answers(), student=None), "two-words")
    assert (found.status, found.score) == ("failed", 0)
    assert "grader check" in found.feedback


def test_students_are_told_of_form_only(course: Course, checkpoint: Checkpoint) -> None:
    """Without keys a wrong answer looks like a right one."""
    right = look_at_form(checkpoint, reference_answers())
    wrong = look_at_form(checkpoint, changed(reference_answers(), "roles", answer="a"))
    assert right == wrong
    assert {(r.status, r.score, r.max_score) for r in right} == {("awaiting_review", 0, 0)}


def test_feedback_cannot_carry_a_command(course: Course) -> None:
    """What a student names as a picture comes back harmless."""
    drawing = Question("d", "draw", 20, "Draw.", levels=("a", "b", "c"))
    checkpoint = Checkpoint("1", "One", ("1",), (drawing,))
    answers = Answers("x", {"1": {"d": {"file": "a\n::error::owned\x1b[31m"}}})
    (found,) = look_at_form(checkpoint, answers)
    assert "\n" not in found.feedback
    assert "\x1b" not in found.feedback


# ---------------------------------------------------------------- reading a stranger's files


def folder_with(tmp_path: Path, **files: bytes | str) -> Answers:
    """Read answers from files of these names (with _toml for .toml)."""
    (tmp_path / "minigpt").mkdir(exist_ok=True)
    (tmp_path / "answers").mkdir(exist_ok=True)
    for name, content in files.items():
        path = tmp_path / "answers" / name.replace("_toml", ".toml").replace("_png", ".png")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_submission(tmp_path, "minigpt").answers


@pytest.mark.parametrize(("content", "words"), [
    ("a = [", "is not TOML"),
    ("x = 1\n", "has 'x' outside of any question"),
    ("[q]\na = " + "[" * 3000 + "]" * 3000, "brackets within brackets"),
    ("[q]\na = " + "[ \n" * 3000, "brackets within brackets"),
    ("[q]\na = [" + "[1],[" * 100 + "]]", "is not TOML"),
    (".".join(["a"] * 20000) + " = 1\n", "many dots"),
    ("[" + ".".join(["a"] * 20000) + "]\n", "many dots"),
    ("[q]\na = " + "9" * 5000 + "\n", "is not TOML"),
    ("[q]\n" * 2, "is not TOML"),
    (b"\xff\xfe[\0", "UTF-16"),
    (b"[q]\na = '\xff'\n", "not UTF-8"),
    ("#" * 70_000, "64"),
])  # fmt: skip
def test_a_bad_sheet_costs_only_itself(tmp_path: Path, content: bytes | str, words: str) -> None:
    """Whatever is in a file, it is named with what is wrong, at once, and the others count."""
    started = time.process_time()
    found = folder_with(tmp_path, checkpoint_1_toml=content, checkpoint_3_toml="[q]\nanswer = 'a'\n")
    assert time.process_time() - started < 5
    assert list(found.problems) == ["checkpoint_1.toml"]
    assert words in found.problems["checkpoint_1.toml"]
    assert found.given == {"3": {"q": {"answer": "a"}}}


@settings(max_examples=300)
@given(st.text(alphabet="[]{}\"'=.\n a1#\\,", max_size=400))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """Parsing ends quickly, with data or with a sentence."""
    started = time.process_time()
    try:
        assert isinstance(parse_answers(text), dict)
    except ValueError as error:
        assert str(error).startswith(("is not TOML", "has "))
    assert time.process_time() - started < 2


@pytest.mark.parametrize("me", ["id = 7\n", "id = ''\n", "id = '../x'\n", "id = '" + "a" * 65 + "'\n", "\n"])
def test_an_odd_id_is_no_id(tmp_path: Path, me: str) -> None:
    """An id is up to 64 letters and digits."""
    found = folder_with(tmp_path, me_toml=me)
    assert found.student is None
    assert "has no usable id" in found.problems["me.toml"]


def test_links_and_giants_are_not_read(tmp_path: Path) -> None:
    """A link to another file is refused, and a picture of more than 4 MB."""
    folder_with(tmp_path, big_png=b"\0" * (4 << 20), over_png=b"\0" * ((4 << 20) + 1))
    (tmp_path / "answers" / "me.toml").symlink_to("/etc/passwd")
    found = read_submission(tmp_path, "minigpt").answers
    assert list(found.drawings) == ["big.png"]
    assert sorted(found.problems) == ["me.toml", "over.png"]


def test_the_digest_tells_when_an_answer_changes(tmp_path: Path) -> None:
    """A submission is another one when an answer is another one."""
    folder_with(tmp_path, checkpoint_1_toml="[q]\na = 1\n")
    before = read_submission(tmp_path, "minigpt")
    folder_with(tmp_path, checkpoint_1_toml="[q]\na = 2\n")
    assert read_submission(tmp_path, "minigpt").digest != before.digest


# ---------------------------------------------------------------- the student's repository


def check(starter: Path) -> str:
    """Run `grader check` as a student does."""
    found = CliRunner().invoke(cli, ["check", "1.1", "--course", str(starter), "--plain"])
    assert found.exit_code in (0, 1), found.output
    return found.output


def test_the_first_check_makes_the_numbers(starter: Path) -> None:
    """An id appears, the numbers stand beside the questions, and a second check changes nothing."""
    said = check(starter)
    assert "Made answers/me.toml" in said
    assert "Wrote your numbers into answers/checkpoint_1.toml." in said
    sheet = (starter / "answers" / "checkpoint_1.toml").read_text()
    line = r"^# your numbers \(two-words\): query = \[\d, \d, \d, \d\]   keys = "
    assert re.search(line, sheet, re.MULTILINE)
    assert "your numbers" not in check(starter)
    assert (starter / "answers" / "checkpoint_1.toml").read_text() == sheet


def test_a_students_answers_and_notes_are_kept(starter: Path) -> None:
    """Only the line of the numbers changes."""
    sheet = starter / "answers" / "checkpoint_1.toml"
    text = sheet.read_text().replace('answer = ""', 'answer = "b"') + "\n# a note of mine\n"
    sheet.write_text(text)
    check(starter)
    old = [line for line in text.splitlines() if not line.startswith("# your numbers")]
    new = [line for line in sheet.read_text().splitlines() if not line.startswith("# your numbers")]
    assert old == new


def test_a_damaged_sheet_is_left_alone(starter: Path) -> None:
    """A sheet that is no TOML is named, and not touched."""
    sheet = starter / "answers" / "checkpoint_1.toml"
    sheet.write_text("[two-words\n# your numbers (two-words): none\n")
    assert "answers/checkpoint_1.toml" in check(starter)
    assert sheet.read_text() == "[two-words\n# your numbers (two-words): none\n"


def test_the_sheet_that_was_filled_in_is_judged_with_its_own_numbers(starter: Path, course: Course) -> None:
    """A student who works out the numbers in the sheet gets all points."""
    check(starter)
    answers = read_submission(starter, "minigpt").answers
    key: Any = Keys(course).key("1", "two-words")
    assert answers.student is not None
    own = numbers_for(course.id, "1", course.checkpoints[0].questions[0], answers.student)
    shown = "   ".join(f"{name} = {value}" for name, value in own.items())
    assert shown in (starter / "answers" / "checkpoint_1.toml").read_text()
    filled = replace(answers, given={"1": {"two-words": key(**own)}})
    assert judged(course, filled, "two-words").status == "passed"


def test_nothing_of_the_keys_is_in_the_starter(course: Course) -> None:
    """Neither keys nor reviews nor the reference's answers ship."""
    output = plan_build(course)
    assert not [name for name in output if name.endswith(("keys.py", "reviews.toml", "me.toml"))]
    whole = b"\n".join(output.values())
    for answer in ("Think of a search engine. The word that reads", '["a", "b", "d"]'):
        assert answer.encode() not in whole


# ---------------------------------------------------------------- what authors get wrong

TABLE = '[[question]]\nid = "q"\nkind = "choose"\npoints = 20\ntext = "?"\noptions = ["x", "y"]\n'


@pytest.mark.parametrize(("text", "problem"), [
    (TABLE.replace("20", "19"), "sum to 19, not 20"),
    (TABLE.replace("choose", "guess"), "`kind` is 'guess'"),
    (TABLE + "levels = ['a', 'b', 'c']\n", "unknown key `levels`"),
    (TABLE.replace('["x", "y"]', '["x"]'), "1 options"),
    (TABLE.replace("20", "10") * 2, "a second question 'q'"),
    (TABLE + 'read = "01_attention_mechanism/README.md#nowhere"\n', "no heading for #nowhere"),
    (TABLE + 'read = "nowhere.md"\n', "which is not there"),
    (TABLE.replace("choose", "explain").replace('options = ["x", "y"]', "levels = ['a']"), "1 levels"),
    (TABLE.replace("choose", "compute").replace('options = ["x", "y"]', "tolerance = 0.1\nfields = ['f']")
     .replace('"?"', '"{n}"'), "do not fit: n"),
    (TABLE.replace("choose", "compute").replace('options = ["x", "y"]', "tolerance = 0\nfields = ['f']"),
     "must be a number above 0"),
    (TABLE.replace("choose", "compute").replace('options = ["x", "y"]', "tolerance = 1\nfields = ['F 1']"),
     "not a small word"),
])  # fmt: skip
def test_a_broken_question_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    """Each rule has its sentence, with file and line."""
    for name in ("assignments", "reference"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "assignments" / "checkpoints" / "1.toml").write_text(text)
    with pytest.raises(CourseError, match=re.escape(problem)) as caught:
        load_course(tmp_path)
    assert "assignments/checkpoints/1.toml:" in str(caught.value.where)


@pytest.mark.parametrize(("keys", "problem"), [
    ("KEYS = {}\n", "has no key"),
    ("KEYS = {('1', 'other'): 'a', ('1', 'q'): 'a'}\n", "is no such question"),
    ("KEYS = {('1', 'q'): 'c'}\n", "of the wrong form"),
    ("KEYS = {('1', 'q'): ['a']}\n", "of the wrong form"),
])  # fmt: skip
def test_keys_that_do_not_fit_are_refused(course: Course, tmp_path: Path, keys: str, problem: str) -> None:
    """A key for each question that has one, in its form."""
    question = Question("q", "choose", 20, "?", options=("x", "y"))
    checkpoint = Checkpoint("1", "One", ("1",), (question,))
    (tmp_path / "assignments" / "checkpoints").mkdir(parents=True)
    (tmp_path / "assignments" / "checkpoints" / "keys.py").write_text(keys)
    broken = replace(course, root=tmp_path, checkpoints=(checkpoint,))
    with pytest.raises(CourseError, match=problem):
        judge_questions(broken, checkpoint, Answers("x", {"1": {"q": {"answer": "a"}}}), Keys(broken))


def test_an_order_must_be_the_right_one(course: Course, tmp_path: Path) -> None:
    """Boxes in order: all of them, each once, in the order of the key."""
    question = Question("q", "order", 20, "?", options=("x", "y", "z"))
    checkpoint = Checkpoint("1", "One", ("1",), (question,))
    (tmp_path / "assignments" / "checkpoints").mkdir(parents=True)
    keys = tmp_path / "assignments" / "checkpoints" / "keys.py"
    keys.write_text("KEYS = {('1', 'q'): ['c', 'a', 'b']}\n")
    own = replace(course, root=tmp_path, checkpoints=(checkpoint,))

    def score(answer: object) -> int:
        answers = Answers("x", {"1": {"q": {"answer": answer}}})
        return judge_questions(own, checkpoint, answers, Keys(own))[0].score

    assert [score(["c", "a", "b"]), score(["a", "b", "c"]), score(["c", "a"]), score("cab")] == [20, 0, 0, 0]


def test_numbers_stand_in_their_line_only(course: Course, checkpoint: Checkpoint) -> None:
    """A line that names a question that is not there stays as it is."""
    text = "# your numbers (other): x\n# your numbers (two-words): y\nanswer = 1\n"
    first, second, third = with_numbers(text, course, checkpoint, "me").splitlines()
    assert (first, third) == ("# your numbers (other): x", "answer = 1")
    assert second.startswith("# your numbers (two-words): query = [")
