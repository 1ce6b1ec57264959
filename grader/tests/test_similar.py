"""Code that is alike: what is ordinary in a class is not named, and strangers' text is only tokenized."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.classroom import Gradebook
from grader.classroom.code import LARGEST, anonymous
from grader.classroom.similar import Prints, fingerprints, pairs
from grader.course import Course
from grader.tests.gradebook_samples import BookMaker, Work
from grader.tests.gradebooks import write
from grader.tests.test_cli import Run, run

__all__ = ["run"]

OWN = '''
def add(a, b):
    """Ada King's very own way, kilroy@example.org."""
    total = []  # written by Ada King
    for place in range(len(a)):
        left = float(a[place])
        right = float(b[place])
        while abs(right) > 0:
            step = min(1.0, abs(right)) * (1 if right > 0 else -1)
            left, right = left + step, right - step
        total.append(left)
    print("Ada King was here")
    return np.array(total)
'''
RENAMED = (OWN.replace("total", "outcome").replace("place", "i").replace("left", "x").replace("right", "y")
           .replace("step", "d").replace("Ada King", "Bob"))
TEXTBOOK = '''
def add(a, b):
    first = np.asarray(a, dtype=float)
    return first + np.asarray(b, dtype=float)
'''


def test_only_the_function_is_taken_without_its_words() -> None:
    """Comments, docstring and the words of strings are out; the code stays as it was laid out."""
    lines = anonymous("import os\n" + OWN + "\n\ndef other():\n    pass\n", "add")
    assert lines[0] == "def add(a, b):"
    assert lines[-2:] == ('    print("…")', "    return np.array(total)")
    assert "        while abs(right) > 0:" in lines
    assert not any(word in line for line in lines for word in ("Ada", "kilroy", "other", "#"))


@pytest.mark.parametrize("text", [
    "", "def add(", "x = (" * 5000, "class add: pass", "  def add(a): pass\n",
    "def add(a):\n" + "    a\n" * 300, "def add(a): pass\n" + "#" * LARGEST])
def test_a_text_that_is_no_such_function_gives_nothing(text: str) -> None:
    """Broken, endless, nested, huge or missing: no lines, and no error."""
    assert anonymous(text, "add") == ()


@settings(max_examples=150)
@given(st.text(alphabet="defadx(): \n\t'\"#=\\[]{}0fr", max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever stands there, lines of text come out, or nothing."""
    assert all(isinstance(line, str) for line in anonymous(text, "add"))


def test_names_and_comments_do_not_hide_a_copy() -> None:
    """Renamed variables and other comments give the same fingerprints; another way gives others."""
    make = fingerprints()
    ada, bob, cem = (make("\n".join(anonymous(text, "add"))) for text in (OWN, RENAMED, TEXTBOOK))
    assert ada == bob
    assert len(ada & cem) < 0.3 * len(ada)


def test_what_many_have_is_ordinary() -> None:
    """A solution of the whole class names nobody; what two share beside it names those two."""
    common, rare, own = frozenset(range(50)), frozenset(range(100, 130)), frozenset(range(200, 230))
    textbook = [Prints(f"s{n}", common) for n in range(20)]
    assert list(pairs("1.1", textbook, {})) == []
    (pair,) = pairs("1.1", [*textbook, Prints("ada", common | rare), Prints("bob", common | rare),
                            Prints("cem", common | own)], {"ada": "Ada"})
    assert (pair.first, pair.second, pair.likeness, pair.rare) == ("Ada", "bob", 1.0, 30)
    assert pair.usual == 1.0
    assert list(pairs("1.1", [Prints("ada", common)], {})) == []


@pytest.fixture
def compared(tmp_path: Path, toy: Course, toy_reference: Mapping[str, str]) -> BookMaker:
    """Make a class of six textbook solutions and two of one hand."""
    made = BookMaker(tmp_path / "gradebook.db", toy)
    head = "import numpy as np\n"
    for login, text in {**{f"s{n}": TEXTBOOK for n in range(6)}, "ada": OWN, "bob": RENAMED}.items():
        write(tmp_path / "class" / login, toy.package, {**toy_reference, "add": head + text})
        mistakes = {"1.1": "subtracts"} if login == "ada" else {}
        made.add(login, Work({"1.1": ["values"]}, mistakes), place=login)
    return made


def test_a_class_is_compared(compared: BookMaker, run: Run, tmp_path: Path) -> None:
    """The command names the two, with the caution before them; the textbook's six are not named."""
    where = ("--course", compared.course.root, "--class", tmp_path / "class", "--plain")
    said = run("similar", compared.path, *where)
    assert said.code == 0
    assert said.out.index("are 0.86 alike") < said.out.index("1.1: ada and bob, ")
    assert said.out.count(" and s") == 0


def test_the_same_id_is_named(compared: BookMaker, run: Run, tmp_path: Path) -> None:
    """Two whose own numbers come from one id are named, by the command and in the report."""
    for login, name in (("s1", "abc"), ("s2", "abc"), ("s3", "xyz")):
        (tmp_path / "class" / login / "answers").mkdir()
        (tmp_path / "class" / login / "answers" / "me.toml").write_text(f'id = "{name}"\n')
    where = (compared.path, "--course", compared.course.root, "--class", tmp_path / "class")
    assert "so the same numbers to work out: s1, s2." in run("similar", *where, "--plain").out
    for form in ("markdown", "html", "json"):
        out = run("report", *where, "--similar", "--format", form).out
        assert "s1, s2" in out or '"same_id": [\n   [\n    "s1",\n    "s2"' in out


def test_the_report_takes_both_in(compared: BookMaker, run: Run, tmp_path: Path) -> None:
    """--similar puts the pair into the report, and the misconception has anonymous lines of the student."""
    out = tmp_path / "r.md"
    run("report", compared.path, "--course", compared.course.root, "--class", tmp_path / "class", "--similar",
        "--output", out)
    text = out.read_text(encoding="utf-8")
    assert "| 1.1 | ada | bob |" in text
    assert "        while abs(right) > 0:" in text
    assert "Ada King" not in text
    assert "kilroy" not in text


def test_similar_without_submissions_says_where(compared: BookMaker, run: Run) -> None:
    """Where the gradebook does not know its folder, --class is asked for; a report does without."""
    for words in (("similar", compared.path), ("report", compared.path, "--similar")):
        code, _, err = run(*words, "--course", compared.course.root)
        assert (code, "name the folder or the list with --class DIR." in err) == (2, True)
    assert run("report", compared.path, "--course", compared.course.root).code == 0


def test_one_that_cannot_be_read_is_left_out(compared: BookMaker, run: Run, tmp_path: Path) -> None:
    """A submission that is gone or broken does not stop the comparison of the others."""
    (tmp_path / "class" / "s1" / "toypkg" / "add.py").unlink()
    with Gradebook.open(compared.path) as book:
        assert len(book.attempts()) == 8
    where = ("--course", compared.course.root, "--class", tmp_path / "class")
    said = run("similar", compared.path, *where, "--plain")
    assert "1.1: ada and bob, " in said.out


def test_without_copydetect_the_error_says_what_to_install(compared: BookMaker, tmp_path: Path) -> None:
    """Where copydetect is missing, the command says how to get it."""
    block = ("import sys; sys.modules['copydetect'] = None; from grader.__main__ import main; "
             "sys.exit(main(sys.argv[1:]))")
    words = ["similar", compared.path, "--course", compared.course.root, "--class", tmp_path / "class"]
    ran = subprocess.run([sys.executable, "-c", block, *map(str, words)], capture_output=True, text=True,
                         check=False)
    assert (ran.returncode, ran.stderr) == (2, (
        "Error: comparing code needs the package copydetect, which is not installed.\n"
        "  Next: python -m pip install 'transformer-classroom[teacher]'\n"))
