"""Nothing that students see holds a hidden input, an expected value, test source or the reference.

Canary strings and numbers are planted in these and in the known mistakes, in a copy of the toy course.
Submissions then fail in every way there is, and try to tell what they were sent; every output of every
format is searched.
"""

from __future__ import annotations

import re
import shutil
import stat
from base64 import b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest

from grader.__main__ import main
from grader.build import plan_build, write_build
from grader.classroom import Gradebook
from grader.cli.export import command as export
from grader.cli.grade import command as grade
from grader.course import load_course
from grader.tests.conftest import TOY

INPUT, EXPECTED = 31415926.53589, 27182818.28459
NUMBERS = (
    "31415926",
    "3.1415926",
    "3.14159e+07",
    "3.1416e+07",
    "3.14e+07",
    "27182818",
    "2.7182818",
    "2.71828e+07",
    "2.7183e+07",
    "2.72e+07",
)
"""The planted numbers, in every way that Python, NumPy and our own texts write a number."""
STRINGS = ("CANARYTESTSOURCE", "CANARYREFERENCE", "CANARYMISTAKE", "CANARYKEY")
HIDDEN = f'''

@criterion("1.1", "values")
def test_the_planted_numbers(student):
    """Large numbers are added, too."""
    CANARYTESTSOURCE = np.array([{INPUT}, 1.0])
    check_array(student.add(CANARYTESTSOURCE, CANARYTESTSOURCE - {INPUT} + {EXPECTED}),
                [{INPUT} + {EXPECTED}, 2.0 + {EXPECTED} - {INPUT}])
'''
SUBMISSIONS: Mapping[str, str] = {
    "wrong numbers": "def add(a, b):\n    return np.asarray(a) * 1.0\n",
    "wrong shape": "def add(a, b):\n    return np.ones((3, 3))\n",
    "wrong type": "def add(a, b):\n    return {repr(a): a}\n",
    "text": "def add(a, b):\n    return repr((a, b))\n",
    "nothing": "def add(a, b):\n    return None\n",
    "error with the inputs": "def add(a, b):\n    raise ValueError(repr((a.tolist(), b.tolist())))\n",
    "class with the inputs": (
        "def add(a, b):\n    name = 'X' + ''.join(c for c in repr(a.tolist()) if c.isalnum())\n"
        "    raise type(name, (Exception,), {})('no')\n"
    ),
    "prints": "def add(a, b):\n    print('I saw', a.tolist(), b.tolist())\n    return a\n",
    "tells later": (
        "seen = vars(np).setdefault('_seen', [])\n\n\ndef add(a, b):\n"
        "    seen.append(repr((a, b)))\n    return a\n\n\n"
        "def total(values):\n    raise ValueError(' '.join(seen)[:4000])\n"
    ),
    "known mistake": "def add(a, b):\n    return np.subtract(a, b)\n",
    "dies": "def add(a, b):\n    import os\n    os.abort()\n",
    "never ends": "def add(a, b):\n    while True:\n        pass\n",
    "does not compile": "def add(a, b:\n",
    "missing": "def plus(a, b):\n    return a\n",
}
IN_EVERY_FORMAT = ("error with the inputs", "tells later")
"""The worst of them; all formats are made from one result, which is searched for the others."""


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a copy of the toy course with the canaries in it."""
    root = tmp_path_factory.mktemp("planted") / "course"
    shutil.copytree(TOY, root, ignore=shutil.ignore_patterns("__pycache__"))
    _append(root / "assignments/01_add/test_hidden.py", HIDDEN)
    _append(root / "assignments/01_add/misconceptions.py", "\nCANARYMISTAKE = 1\n")
    reference = root / "reference/toypkg/add.py"
    text = reference.read_text().replace(
        "    return first + _as_numbers(b)",
        "    CANARYREFERENCE = first\n    return CANARYREFERENCE + _as_numbers(b)",
    )
    reference.write_text(text)
    course = load_course(root)
    write_build(course, plan_build(course))
    return root


def _append(file: Path, text: str) -> None:
    file.write_text(file.read_text() + text)


def _submission(folder: Path, text: str, course: Path) -> Path:
    shutil.copytree(course / "reference", folder)
    (folder / "toypkg" / "add.py").write_text("import numpy as np\n\n\n" + text)
    return folder


def formats() -> tuple[str, ...]:
    """List the formats that `grader grade` knows; a new one is searched as soon as it is there."""
    option = next(p for p in grade.params if p.name in ("form", "format", "formats"))
    assert isinstance(option.type, click.Choice)
    return tuple(str(getattr(choice, "value", choice)) for choice in option.type.choices)


def everything_shown(
    submission: Path, course: Path, out: Path, capsys: pytest.CaptureFixture[str], *, every: bool
) -> Iterator[tuple[str, str]]:
    """Give every text that a student could see: the terminal, the JSON, each format (printed and written)."""
    words = ["grade", str(submission), "--course", str(course)]
    main([*words, "--json", str(out / "result.json"), "--record", str(out / "record.json")])
    heard = capsys.readouterr()
    yield "terminal", heard.out + heard.err
    yield "JSON", (out / "result.json").read_text(encoding="utf-8")
    if not every:
        return
    main([*words, "--plain"])
    yield "plain", capsys.readouterr().out
    for form in formats():
        target = out / f"out-{form}"
        main([*words, "--format", form, "--output", str(target)])
        heard = capsys.readouterr()
        yield f"{form} on the terminal", decoded(heard.out + heard.err)
        files = [target] if target.is_file() else sorted(f for f in target.rglob("*") if f.is_file())
        for file in files:
            yield f"{form} {file.name}", decoded(file.read_bytes().decode("utf-8", "replace"))


def decoded(text: str) -> str:
    """Write what stands in base64, as GitHub Classroom wants its result, as the text that it is."""
    return re.sub(r"(?<=[a-z0-9]=)[A-Za-z0-9+/=]{40,}", lambda found: b64decode(found[0]).decode(), text)


def canaries_in(text: str) -> list[str]:
    """Find planted strings and numbers, however digits are grouped or escaped."""
    plain = re.sub(r"[_,' \u202f]", "", text)
    return [c for c in (*STRINGS, *NUMBERS) if c in text or c in plain]


@pytest.mark.parametrize("name", SUBMISSIONS)
def test_no_output_holds_a_canary(
    name: str, planted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever goes wrong with a submission, nothing planted is in what its author sees."""
    submission = _submission(tmp_path / "student", SUBMISSIONS[name], planted)
    (tmp_path / "out").mkdir()
    found = {}
    seen = 0
    every = name in IN_EVERY_FORMAT
    for place, text in everything_shown(submission, planted, tmp_path / "out", capsys, every=every):
        seen += 1
        if canaries_in(text):
            found[place] = canaries_in(text)
        assert "1.1" in text or "add" in text, place
    assert found == {}
    assert seen >= (3 + 2 * len(formats()) if every else 2)


def test_the_raw_record_holds_the_test_s_name_and_is_the_teacher_s(
    planted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one file that tells hidden tests by name can be read by its owner only."""
    submission = _submission(tmp_path / "student", SUBMISSIONS["wrong numbers"], planted)
    main(["grade", str(submission), "--course", str(planted), "--record", str(tmp_path / "record.json")])
    capsys.readouterr()
    assert "test_the_planted_numbers" in (tmp_path / "record.json").read_text()
    assert stat.S_IMODE((tmp_path / "record.json").stat().st_mode) == 0o600


@pytest.fixture(scope="module")
def graded_class(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grade all the submissions as one class; give the gradebook."""
    folder = tmp_path_factory.mktemp("graded")
    for name, text in SUBMISSIONS.items():
        _submission(folder / "class" / name.replace(" ", "-"), text, planted)
    logins = [name.replace(" ", "-") for name in SUBMISSIONS]
    (folder / "class/roster.csv").write_text(
        "login,name,email,section,number\n"
        + "".join(f"{login},Ada {login},{login}@example.org,A,{n}\n" for n, login in enumerate(logins)))
    book = folder / "gradebook.db"
    main(["grade", str(folder / "class"), "--course", str(planted), "--gradebook", str(book), "--plain"])
    assert book.is_file()
    return book


CLASS_OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "report on the terminal": ("report", "BOOK", "--plain", "--course", "COURSE"),
    "report as HTML": ("report", "BOOK", "--course", "COURSE", "--output", "OUT/report.html"),
    "report as Markdown": ("report", "BOOK", "--course", "COURSE", "--output", "OUT/report.md"),
    "report as JSON": ("report", "BOOK", "--course", "COURSE", "--format", "json", "--output", "OUT/r.json"),
    "report as CSV": ("report", "BOOK", "--course", "COURSE", "--output", "OUT/report.csv"),
    "students' pages": ("report", "BOOK", "--course", "COURSE", "--students", "OUT/pages", "--plain"),
    "feedback": ("feedback", "BOOK", "--output", "OUT/feedback"),
    "export canvas": ("export", "canvas", "BOOK", "--course", "COURSE", "--output", "OUT/canvas",
                      "--template", "OUT/template.csv", "--column", "Homework=lesson 1"),
    **{f"export {kind}": ("export", kind, "BOOK", "--course", "COURSE", "--output", f"OUT/{kind}")
       for kind in ("moodle", "gradescope", "classroom", "classroom50", "csv")},
}


@pytest.mark.parametrize("name", CLASS_OUTPUTS)
def test_no_output_of_a_class_holds_a_canary(
    name: str, graded_class: Path, planted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reports, students' pages, feedback and exports are made of results, and hold no more than these."""
    words = [word.replace("BOOK", str(graded_class)).replace("COURSE", str(planted))
             .replace("OUT/", f"{tmp_path}/") for word in CLASS_OUTPUTS[name]]
    (tmp_path / "template.csv").write_text("Student,ID,SIS User ID,SIS Login ID,Section,Homework (1)\n"
                                           "    Points Possible,,,,,100\nAda,1,1,wrong-numbers,A,\n")
    assert main(words) == 0
    heard = capsys.readouterr()
    files = {str(f.relative_to(tmp_path)): f.read_text("utf-8") for f in tmp_path.rglob("*") if f.is_file()}
    shown = {"terminal": decoded(heard.out + heard.err), **{f: decoded(text) for f, text in files.items()}}
    assert {place: canaries_in(text) for place, text in shown.items() if canaries_in(text)} == {}
    assert any("wrong-numbers" in text or "add" in text for text in shown.values())
    assert len(files) > 1 or not any("OUT/" in word for word in CLASS_OUTPUTS[name])


def test_the_exports_that_are_searched_are_all_there_are() -> None:
    """Whoever adds an export has it searched, too."""
    kinds = next(p for p in export.params if isinstance(p.type, click.Choice)).type
    assert isinstance(kinds, click.Choice)
    assert {f"export {kind}" for kind in kinds.choices} <= set(CLASS_OUTPUTS)


def test_a_class_s_gradebook_holds_no_canary(graded_class: Path) -> None:
    """Results are kept compressed there; the file itself is the teacher's, and still holds no secret."""
    with Gradebook.open(graded_class) as book:
        texts = [book.result_text(number) or "" for (number,) in book.rows("SELECT id FROM grading")]
        tables = [name for (name,) in book.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [str(row) for table in tables for row in book.rows(f"SELECT * FROM {table}")]
    assert len(texts) == len(SUBMISSIONS)
    assert all(texts)
    assert [canaries_in(text) for text in (*texts, *rows) if canaries_in(text)] == []


def test_the_search_finds_what_is_there() -> None:
    """A canary is found as text, as a number in each notation, and with its digits grouped."""
    for text in (*STRINGS, str(INPUT), f"{EXPECTED:,}", f"{INPUT:.4e}", f"{EXPECTED:.5e}", "[31_415_926.5]"):
        assert canaries_in(text), text
    assert canaries_in("1.5 and 2e7 and 3.14 are harmless") == []


def test_the_student_s_repository_holds_no_canary(planted: Path, tmp_path: Path) -> None:
    """What `grader build` ships has none of it either."""
    course = load_course(planted)
    write_build(course, plan_build(course), tmp_path / "starter")
    files = [f for f in (tmp_path / "starter").rglob("*") if f.is_file()]
    assert files
    assert {
        f.name: canaries_in(f.read_text("utf-8", "replace"))
        for f in files
        if canaries_in(f.read_text("utf-8", "replace"))
    } == {}
