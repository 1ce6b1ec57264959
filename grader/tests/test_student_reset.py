"""One function back to its stub: the rest of the file stays, and nothing written is lost."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.build import plan_build, write_build
from grader.course import Course, load_course
from grader.course.shipped import SHIPPED, read_shipped
from grader.errors import CourseError, UsageError
from grader.student.reset import reset_exercise, with_stub
from grader.tests.student_samples import grader_program

STUB = '''def add(a, b):
    """Add two arrays [N] number by number; gives [N]."""
    # TODO: add the two arrays
    #   into a new one
    raise NotImplementedError("1.1 add")
'''
MINE = '''def add(a, b):
    """Add two arrays."""
    total = a + b  # mine
    return total
    # a thought
'''
AFTER = '''
# Above the next one.
def total(values):
    return 0
'''


@pytest.fixture
def copy(toy_student: Path) -> Course:
    """Load a student's copy of the toy course."""
    return load_course(toy_student)


def pristine(course: Course) -> str:
    """Give the text of the first module as it was shipped."""
    return read_shipped(course.root).stubs["add"]


def put(course: Course, text: str | bytes) -> Path:
    """Write the student's first module."""
    path = course.root / "toypkg" / "add.py"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def reset(course: Course, name: str = "1.1") -> str:
    """Reset an exercise, and give the module as it is then."""
    reset_exercise(course, course.exercises[name])
    return (course.root / "toypkg" / "add.py").read_bytes().decode()


def test_the_copy_brings_its_stubs_along(copy: Course) -> None:
    """They are those of the package, and lie in no lesson's folder."""
    assert pristine(copy) == (copy.root / "toypkg" / "add.py").read_text(encoding="utf-8")
    assert STUB in pristine(copy)
    assert not list((copy.root / "assignments" / "01_add").glob("add*"))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("before", ["", "import numpy as np\n\n\n# A note.\n", '"""Text."""\nX = "\x0c"\n'])
@pytest.mark.parametrize("after", ["", AFTER, "\n\n\nY = 3   \n"])
def test_only_the_function_changes(copy: Course, newline: str, before: str, after: str) -> None:
    """Everything above and below it stays byte for byte, with the line ends of the file."""
    put(copy, (before + MINE + after).replace("\n", newline))
    assert reset(copy) == (before + STUB + after).replace("\n", newline)


def test_the_old_file_is_kept(copy: Course) -> None:
    """Under a name with the time and the exercise; a second reset in one second keeps both."""
    put(copy, MINE + AFTER)
    done = reset_exercise(copy, copy.exercises["1.1"])
    assert (done.file, done.line) == ("toypkg/add.py", 1)
    assert (copy.root / done.backup).read_text(encoding="utf-8") == MINE + AFTER
    assert done.backup.startswith(".grader/backup/20")
    assert done.backup.endswith("_1.1_add.py")
    put(copy, MINE.replace("mine", "another") + AFTER)
    second = reset_exercise(copy, copy.exercises["1.1"])
    kept = {(copy.root / name).read_text(encoding="utf-8") for name in (done.backup, second.backup)}
    assert kept == {MINE + AFTER, MINE.replace("mine", "another") + AFTER}


def test_a_file_without_a_last_line_end_keeps_it_so(copy: Course) -> None:
    """The stub ends as the function did."""
    put(copy, MINE.replace("    # a thought\n", "").rstrip("\n"))
    assert reset(copy) == STUB.rstrip("\n")


def test_a_byte_order_mark_stays(copy: Course) -> None:
    """Notepad writes one."""
    put(copy, f"\ufeff{MINE}")
    assert reset(copy) == f"\ufeff{STUB}"


def test_a_decorator_goes_with_its_function(copy: Course) -> None:
    """It is a part of what the student wrote."""
    put(copy, f"import functools\n\n\n@functools.cache\n{MINE}")
    assert reset(copy) == f"import functools\n\n\n{STUB}"


def test_a_missing_function_is_written_at_the_end(copy: Course) -> None:
    """Whoever deleted it gets it back, and what is there stays."""
    put(copy, "X = 1   ")
    assert reset(copy) == f"X = 1   \n\n\n{STUB}"
    put(copy, "X = 1\r\n")
    assert reset(copy) == f"X = 1\n\n\n{STUB}".replace("\n", "\r\n")
    put(copy, "")
    assert reset(copy) == STUB


def test_a_missing_file_comes_back_whole(copy: Course) -> None:
    """With all of its stubs; there is nothing to keep."""
    (copy.root / "toypkg" / "add.py").unlink()
    assert reset(copy) == pristine(copy)
    assert not (copy.root / ".grader").exists()


@pytest.mark.parametrize("broken", [
    "def add(a, b):\n    return (a +\n", "def add(a, b)\n    x = 1\n\n    return a\n",
    "def add(\n    a,\n    b,\n):\n    return a b\n", "def add(a, b):\n\treturn a\n        return b\n",
])
def test_a_file_that_python_cannot_read_is_reset_by_its_indentation(copy: Course, broken: str) -> None:
    """A broken function is the one that most needs it; what stands below it stays."""
    put(copy, f"import os\n\n\n{broken}{AFTER}")
    assert reset(copy) == f"import os\n\n\n{STUB}{AFTER}"


def test_a_mistake_elsewhere_stays(copy: Course) -> None:
    """Only one function is reset, so the file may still be broken."""
    put(copy, f"{MINE.replace('    # a thought', '')}\n\ndef total(values:\n    return\n")
    text = reset(copy)
    assert text.startswith(STUB)
    assert text.endswith("\n\ndef total(values:\n    return\n")


# What is refused


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (STUB, "1.1 add is still the stub: there is nothing to reset."),
        (STUB.replace("\n", "\r\n"), "1.1 add is still the stub"),
        (MINE + "\n\n" + MINE, "`add` is defined 2 times, so it is not clear which one is meant."),
        ("def add(:\n    1\n\n\ndef add(a, b):\n    2\n", "`add` is defined 2 times"),
        ("add = max\n", "`add` is not a plain function at the top level of the file."),
        ("if True:\n    def add(a, b):\n        return a\n", "`add` is not a plain function"),
        ("class add:\n    pass\n", "`add` is not a plain function"),
        ("async def add(a, b):\n    return a\n", "`add` is not a plain function"),
        (b"# caf\xe9\n", "this file has the byte 0xe9 in line 1, which is not UTF-8"),
    ],
)
def test_a_reset_that_is_not_clear_is_refused(copy: Course, text: str | bytes, problem: str) -> None:
    """Nothing is written, nothing is kept, and the next step is named."""
    path = put(copy, text)
    before = path.read_bytes()
    with pytest.raises(UsageError) as refused:
        reset(copy)
    assert problem in str(refused.value)
    assert refused.value.where is not None
    assert refused.value.where.startswith("toypkg/add.py")
    assert path.read_bytes() == before
    assert not (copy.root / ".grader").exists()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"stubs": {"add": 3}, "files": {}}', '{"stubs": {}}'])
def test_a_damaged_list_of_stubs_is_refused(copy: Course, damage: str) -> None:
    """The way to get it back is named, and the student's file stays."""
    put(copy, MINE)
    (copy.root / SHIPPED).write_text(damage, encoding="utf-8")
    with pytest.raises(CourseError) as refused:
        reset(copy)
    assert str(refused.value) == (f"{SHIPPED}: this file is damaged\n"
                                  f"  Next: Get it back with `git checkout -- {SHIPPED}`.")


@pytest.mark.parametrize(
    "stubs", ['{"stubs": {}, "files": {}}', '{"stubs": {"add": ["x = 1"]}, "files": {}}'])
def test_a_copy_without_the_stub_says_so(copy: Course, stubs: str) -> None:
    """An older copy of the course may know less."""
    put(copy, MINE)
    (copy.root / SHIPPED).write_text(stubs, encoding="utf-8")
    with pytest.raises(CourseError, match="Ask your teacher for a newer copy"):
        reset(copy)


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own on Windows")
def test_a_link_is_not_written_through(copy: Course, tmp_path: Path) -> None:
    """Neither the module nor the folder of the old files may lead elsewhere."""
    put(copy, MINE)
    (copy.root / ".grader").mkdir()
    (copy.root / ".grader" / "backup").symlink_to(tmp_path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UsageError, match="symbolic link"):
        reset(copy)
    assert sorted(tmp_path.iterdir()) == before


# Rules for every file

_LINES = st.lists(st.sampled_from([
    "", "x = 1", "# a comment", "    # indented", "def other():", "    return 1", "class C:",
    "    def add(self):", "        pass", 'TEXT = """', "def add2():", '"""', "y = [", "]", "import os",
]), max_size=8)


@given(before=_LINES, after=_LINES, end=st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=200)
def test_nothing_around_it_is_lost(toy: Course, before: list[str], after: list[str], end: str) -> None:
    """Whatever Python stands around a function: it stays, and the function is the stub."""
    text = end.join([*before, MINE.rstrip("\n").replace("\n", end), "", *after, ""])
    try:
        names = [n.name for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)]
    except SyntaxError:
        return
    if names.count("add") != 1:
        return
    stubs = plan_build(toy)["starter/toypkg/add.py"].decode()
    new = with_stub(text, stubs, toy.exercises["1.1"], "add.py")
    stub = STUB.rstrip("\n").replace("\n", end)
    lead = end.join(before) + (end if before else "")
    assert new.startswith(lead + stub)
    rest = text[len(lead) + len(MINE.rstrip("\n").replace("\n", end)):]
    left = new[len(lead) + len(stub):]
    assert rest.endswith(left)
    # Lines that are indented belong to the function above, and so does a comment that stands before one.
    gone = [line for line in rest.removesuffix(left).splitlines() if line.strip()]
    assert all(line.startswith((" ", "#")) for line in gone)
    assert not gone or gone[-1].startswith(" ")


# The command


def test_the_command_resets_and_says_where_the_old_one_is(toy_student: Path, toy: Course) -> None:
    """Three lines: what, where the old file is, what next."""
    path = toy_student / "toypkg" / "add.py"
    before = path.read_bytes()
    path.write_bytes(before.replace(b'raise NotImplementedError("1.2 total")', b"return 7"))
    said = grader_program(toy_student, "reset", "1.2")
    assert (said.code, said.err) == (0, "")
    line = before.decode()[: before.decode().index("def total")].count("\n") + 1
    assert said.out.startswith(f"1.2 total is a stub again: toypkg/add.py:{line}\n"
                               "  The file as it was is kept in .grader/backup/")
    assert said.out.endswith("  Next: grader read 1.2\n")
    assert path.read_bytes() == before
    again = grader_program(toy_student, "reset", "total")
    assert again.code == 2
    assert "there is nothing to reset" in again.err


def test_what_a_path_gives_is_not_reset(toy: Course, tmp_path: Path) -> None:
    """On the short path 1.2 is solved in the student's copy, and no stub of it exists."""
    write_build(toy, plan_build(toy, path="short"), tmp_path / "short")
    said = grader_program(tmp_path / "short", "reset", "1.2")
    assert said.code == 2
    assert "1.2 is not on your path (short): it is solved for you in toypkg/." in said.err


def test_the_teachers_course_has_nothing_to_reset(toy: Course) -> None:
    """The reference is nobody's answer."""
    said = grader_program(toy.root, "reset", "1.1")
    assert said.code == 2
    assert "this is the teacher's course: there is no student's work beside it." in said.err
