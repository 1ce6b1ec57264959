"""The build: stubs without solutions, a starter without secrets, and nothing half written."""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from grader.build import new_lesson, plan_build, stale, stub_source, write_build
from grader.cli import cli
from grader.course import Course, load_course
from grader.errors import CourseError
from grader.grading import check
from grader.sandbox import Box
from grader.submission import read_submission

TOY = Path(__file__).parent / "toy_course"
needs_links = pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a copy of the toy course that a test may change."""
    return Path(shutil.copytree(TOY, tmp_path / "toy"))


def change(root: Path, file: str, old: str, new: str) -> None:
    """Replace the first occurrence of a text in a file that has it."""
    text = (root / file).read_text(encoding="utf-8")
    assert old in text
    (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def refusal(root: Path, path: str | None = None) -> CourseError:
    """Plan a build that must be refused."""
    with pytest.raises(CourseError) as caught:
        plan_build(load_course(root), path=path)
    assert caught.value.fix
    return caught.value


def stub(text: str, given: Collection[str] = (), solution: Collection[str] = ()) -> str:
    """Make the stub of a module whose exercise is `f`."""
    return stub_source(text, exercises={"f": "1.1"}, given=given, solution=solution, where="m.py")


# Stubs


def test_a_stub_keeps_what_the_student_reads() -> None:
    """Signature, docstring, lines above the first TODO and all TODOs stay; the code goes."""
    text = '''\
"""A module."""

import math  # kept

LIMIT = 3


@staticmethod
def f(
    x,  # a comment: [N]
    y=(1, 2),
) -> int:
    """Do it.

    # TODO in a docstring is text
    """
    x = abs(x)  # given
    # TODO 1: first
    #   and more of it
    #     even deeper
    # solution: multiply
    x = x * 2

    for _ in range(3):
        x += 1  # inside
    # TODO 2: last
    return x
    # the end
'''
    assert stub(text) == '''\
"""A module."""

import math  # kept

LIMIT = 3


@staticmethod
def f(
    x,  # a comment: [N]
    y=(1, 2),
) -> int:
    """Do it.

    # TODO in a docstring is text
    """
    x = abs(x)  # given
    # TODO 1: first
    #   and more of it
    #     even deeper
    # TODO 2: last
    raise NotImplementedError("1.1 f")
'''


def test_a_stub_raises_what_is_missing() -> None:
    """A stub can be imported, and says which exercise is not written yet."""
    namespace: dict[str, Any] = {}
    exec(stub("def f(x):\n    # TODO: do it\n    return x\n"), namespace)
    with pytest.raises(NotImplementedError, match=r"^1\.1 f$"):
        namespace["f"](1)


def test_solutions_go_and_given_functions_stay() -> None:
    """A solution helper goes with the comment right above it; a given function and class stay whole."""
    text = '''\
# About the module.

# About g.
@cache
def g(x):
    return x


def h(x):
    # TODO for nobody
    return x


class K:
    pass


def f(x):
    # TODO: call g
    return g(x)


async def last():
    return 1
'''
    made = stub(text, given=("h", "K"), solution=("g", "last"))
    assert "g(x)" not in made
    assert "About g" not in made
    assert "last" not in made
    assert made.startswith("# About the module.\n\ndef h(x):\n    # TODO for nobody\n    return x\n\n\n"
                           "class K:")
    assert made.endswith('    # TODO: call g\n    raise NotImplementedError("1.1 f")\n')


def test_windows_line_ends_and_tabs_are_fine() -> None:
    """The stub has plain line ends and the author's indentation."""
    assert stub("def f(x):\r\n\t# TODO: it\r\n\treturn x\r\n") == (
        'def f(x):\n\t# TODO: it\n\traise NotImplementedError("1.1 f")\n')


def test_comments_behind_the_last_statement_go() -> None:
    """A note below the code of an exercise is part of its solution."""
    text = "def f(x):\n    # TODO: it\n    return x\n# left\n    # because of this\n\n# About X.\nX = 1\n"
    assert stub(text) == (
        'def f(x):\n    # TODO: it\n    raise NotImplementedError("1.1 f")\n\n# About X.\nX = 1\n')


def test_imports_for_types_may_stand_under_if() -> None:
    """`if TYPE_CHECKING:` with imports is no hidden code."""
    text = "if True:\n    import a\nelse:\n    from b import c\n\n\ndef f():\n    # TODO: it\n    return 1\n"
    assert "from b import c" in stub(text)


_F = "def f(x):\n    # TODO: it\n    return x\n"


@pytest.mark.parametrize(("text", "line", "problem"), [
    ("def f(x:\n", 1, "this is not Python"),
    (_F + "def g():\n    return 1\n", 4, "`g` is neither an exercise nor given nor solution"),
    (_F + "class G:\n    pass\n", 4, "`G` is neither an exercise nor given nor solution"),
    (_F + "async def g():\n    pass\n", 4, "`g` is neither an exercise nor given nor solution"),
    (_F + _F, 4, "`f` is bound a second time"),
    (_F + "f = 3\n", 4, "`f` is bound a second time"),
    (_F + "from m import g as f\n", 4, "`f` is bound a second time"),
    ("import f.g\n" + _F, 2, "`f` is bound a second time"),
    ("X = 1\n", 1, "`f` is listed as exercise, but no definition at the top level has that name"),
    ("if True:\n    def f(x):\n        # TODO: it\n        return x\n", 1, "no definition at the top level"),
    (_F + "g = lambda x: x\n", 4, "a lambda at the top level is a function without a list"),
    (_F + "print(1)\n", 4, "only imports, constants and definitions may stand at the top level"),
    (_F + "for i in ():\n    pass\n", 4, "only imports, constants and definitions"),
    (_F + "if True:\n    X = 1\n", 4, "only imports, constants and definitions"),
    ("async def f(x):\n    # TODO: it\n    return x\n", 1, "the exercise `f` is not a plain function"),
    ("class f:\n    # TODO: it\n    x = 1\n", 1, "the exercise `f` is not a plain function"),
    ("def f(x): return x\n", 1, "the body of `f` stands on the line of its `def`"),
    ("def f(\n    x: dict[str, int],\n) -> int: return x\n", 1, "stands on the line of its `def`"),
    ('def f(x): "Doc."; return x  # TODO\n', 1, "stands on the line of its `def`"),
    ("def f(x):\n    return x\n", 1, "`f` has no TODO for the student"),
    ("def f(x):\n    for i in x:\n        # TODO: it\n        i()\n    return x\n", 3, "is inside a block"),
    ("def f(x):\n    for i in x:\n        i()\n        # TODO: it\n    return x\n", 4, "is inside a block"),
    ("def f(x):\n    if x:\n        x()\n    # TODO: it\n    else:\n        y()\n", 4, "is inside a block"),
    ("def f(x):\n    x = [\n    # TODO: it\n    ]\n    return x\n", 3, "a bracket"),
    ("def f(\n    x,\n    # TODO: it\n):\n    return x\n", 3, "a bracket"),
    ("def f(x):\n    x = 1  # TODO: it\n    return x\n", 2, "a line of code"),
    ("def f(x):\n    def g():\n        # TODO: it\n        return 1\n    return g\n", 3, "is inside a block"),
    ("def f(x):\n    # TODO: it\n    x = 1\n  # TODO: too far left\n    return x\n", 4, "is inside a block"),
    ("def f(x):\n    # todo: it\n    return x\n", 2, "is spelled another way"),
    ("def f(x):\n    #TODO it\n    return x\n", 2, "is spelled another way"),
    ("def f(x):\n    x = 1\n    # TODO: it\n", 3, "`f` has no code below its first TODO"),
    ("def f(x):\n    return x\n    # TODO: it\n    return x\n", 2, "`f` ends above its first TODO"),
    ("def f(x):\n    def g():\n        return 1\n    # TODO: it\n    return g\n", 2,
     "a function inside `f` stays"),
    ("def f(x):\n    g = lambda: 1\n    # TODO: it\n    return g\n", 2, "a function inside `f` stays"),
    ("X = f(1)\n" + _F, 1, "importing the stub would run the exercise `f`"),
    ("def f(x=1):\n    # TODO: it\n    return x\n@f\ndef h():\n    pass\n", 4, "would run the exercise `f`"),
    ("class h:\n    x = f(1)\n" + _F, 2, "importing the stub would run the exercise `f`"),
])
def test_a_module_that_cannot_be_cut_cleanly_is_refused(text: str, line: int, problem: str) -> None:
    """The build fails closed, and says file and line."""
    with pytest.raises(CourseError) as caught:
        stub(text, given=("h",) if " h" in text else ())
    assert problem in caught.value.problem
    assert caught.value.where == f"m.py:{line}"
    assert caught.value.fix


@pytest.mark.parametrize(("text", "line"), [
    ("def h():\n    return g()\n", 1),
    ("X = g()\n", 0),
    ('__all__ = ["g"]\n', 0),
])
def test_a_stub_that_needs_a_helper_is_refused(text: str, line: int) -> None:
    """What stays may not call what is taken out."""
    with pytest.raises(CourseError, match="the student's copy needs `g`, which is taken out") as caught:
        stub(text + _F + "def g():\n    return 1\n", given=("h",) if "h()" in text else (), solution=("g",))
    assert caught.value.where == f"m.py:{line + 1}"


def test_a_kept_line_that_needs_a_helper_is_refused() -> None:
    """The same holds for lines above the first TODO."""
    text = "def f(x):\n    x = g(x)\n    # TODO: it\n    return x\n\n\ndef g(x):\n    return x\n"
    with pytest.raises(CourseError, match="the student's copy needs `g`"):
        stub(text, solution=("g",))


def test_a_name_in_two_lists_is_refused() -> None:
    """A function is one thing only."""
    with pytest.raises(CourseError, match="`f` is listed as exercise and as given"):
        stub(_F, given=("f",))


# The plan


def test_the_plan_is_the_course_minus_its_secrets(root: Path) -> None:
    """The starter holds the student edition, the stubs, the given modules and the template."""
    plan = plan_build(load_course(root))
    assert list(plan) == [
        "assignments/01_add/add.py", "assignments/02_scale/scale.py", "starter/.gitignore",
        "starter/README.md",
        "starter/assignments/01_add/README.md", "starter/assignments/01_add/example_01_add.py",
        "starter/assignments/01_add/fingerprints.json",
        "starter/assignments/01_add/rubric.toml", "starter/assignments/01_add/test_public.py",
        "starter/assignments/02_scale/README.md", "starter/assignments/02_scale/fingerprints.json",
        "starter/assignments/02_scale/rubric.toml",
        "starter/assignments/02_scale/test_public.py", "starter/assignments/course.toml",
        "starter/assignments/shipped.json",
        "starter/toypkg/__init__.py", "starter/toypkg/add.py", "starter/toypkg/scale.py",
        "starter/toypkg/shapes.py",
    ]
    assert plan["starter/toypkg/add.py"] == plan["assignments/01_add/add.py"]
    assert b"_as_numbers" not in b"".join(plan[name] for name in plan if name.endswith(".py"))


def test_a_private_file_stays_private(root: Path) -> None:
    """A file that nobody thought of is not shipped from a lesson's folder."""
    (root / "assignments/01_add/notes_for_teachers.md").write_text("the answer", encoding="utf-8")
    assert not [name for name in plan_build(load_course(root)) if "notes" in name]


def test_pictures_and_pages_to_read_are_shipped(root: Path) -> None:
    """Pictures go with the lesson, and so does every page that the rubric sends students to."""
    (root / "assignments/01_add/sum.svg").write_text("<svg/>", encoding="utf-8")
    (root / "assignments/01_add/more.md").write_text("# Sums\n", encoding="utf-8")
    change(root, "assignments/01_add/rubric.toml", "README.md#sums", "more.md#sums")
    plan = plan_build(load_course(root))
    assert {"starter/assignments/01_add/sum.svg", "starter/assignments/01_add/more.md"} <= set(plan)


def test_the_starter_loads_as_a_students_copy(root: Path) -> None:
    """The same loader reads it, and the same reader finds a submission in it."""
    course = load_course(root)
    write_build(course, plan_build(course))
    starter = load_course(root / "starter")
    assert (starter.edition, starter.id) == ("student", course.id)
    assert list(read_submission(root / "starter", "toypkg").modules) == ["__init__", "add", "scale", "shapes"]


def test_a_teacher_edition_may_be_said_in_words(root: Path) -> None:
    """`edition = "teacher"` becomes "student"."""
    change(root, "assignments/course.toml", "package =", "edition = 'teacher'\npackage =")
    text = plan_build(load_course(root))["starter/assignments/course.toml"].decode()
    assert text.count("edition") == 1
    assert text.startswith('edition = "student"\n')


def test_windows_line_ends_are_not_shipped(root: Path) -> None:
    """A checkout with CRLF builds the same bytes."""
    wanted = plan_build(load_course(root))
    for path in root.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert plan_build(load_course(root)) == wanted


def test_pictures_are_shipped_byte_for_byte(root: Path) -> None:
    """Data with NUL bytes keeps its carriage returns."""
    (root / "assignments/01_add/sum.png").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    assert plan_build(load_course(root))["starter/assignments/01_add/sum.png"] == b"\x89PNG\r\n\x1a\n\0"


def test_off_the_path_exercises_are_given_whole(root: Path) -> None:
    """On the short path 1.2 is given, with its body; 1.1 is still to be written."""
    plan = plan_build(load_course(root), path="short")
    text = plan["starter/toypkg/add.py"].decode()
    assert "result = add(result, value)" in text
    assert 'raise NotImplementedError("1.1 add")' in text
    assert "_as_numbers" not in text
    assert b'raise NotImplementedError("1.2 total")' in plan["assignments/01_add/add.py"]


def test_helpers_of_given_exercises_are_given_with_them(root: Path) -> None:
    """What only an exercise off the path calls is shipped with it."""
    change(root, "reference/toypkg/add.py", "    return float(result)", "    return _end(result)")
    change(root, "reference/toypkg/add.py", "def add(", "def _end(x):\n    return float(x)\n\n\ndef add(")
    change(root, "assignments/01_add/rubric.toml", '["_as_numbers"]', '["_as_numbers", "_end"]')
    text = plan_build(load_course(root), path="short")["starter/toypkg/add.py"].decode()
    assert "def _end(x):\n    return float(x)" in text
    assert "_as_numbers" not in text


def test_a_helper_of_both_sides_is_refused(root: Path) -> None:
    """A helper that an exercise on the path needs as well must not be shipped by accident."""
    change(root, "reference/toypkg/add.py", "float(result)", "float(_as_numbers(result))")
    assert "the student's copy needs `_as_numbers`" in refusal(root, "short").problem


def test_an_unknown_path_is_refused(root: Path) -> None:
    """The error lists the paths."""
    error = refusal(root, "fast")
    assert error.problem == "there is no path 'fast'"
    assert error.fix == "The paths are: short, full."


def test_a_students_copy_cannot_be_built(root: Path) -> None:
    """There is no reference in it."""
    course = load_course(root)
    write_build(course, plan_build(course))
    assert "this is a student's copy" in refusal(root / "starter").problem


def test_a_template_may_not_replace_what_is_built(root: Path) -> None:
    """The template adds files, it does not overwrite stubs."""
    (root / "assignments/template/toypkg").mkdir()
    (root / "assignments/template/toypkg/add.py").touch()
    error = refusal(root)
    assert error.problem == "the build makes this file itself"
    assert error.where == "assignments/template/toypkg/add.py"


@needs_links
def test_a_link_in_the_template_is_refused(root: Path) -> None:
    """A link could ship anything."""
    (root / "assignments/template/link").symlink_to(root / "reference")
    assert refusal(root).problem == "a symbolic link cannot be shipped"


def test_a_file_that_cannot_be_read_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the file and the system's reason."""
    course = load_course(root)
    read = Path.read_bytes

    def closed(path: Path) -> bytes:
        if path.name == ".gitignore":
            raise PermissionError(13, "Permission denied")
        return read(path)
    monkeypatch.setattr(Path, "read_bytes", closed)
    with pytest.raises(CourseError, match=r"template/\.gitignore: .* cannot be read \(Permission denied\)"):
        plan_build(course)


@pytest.mark.parametrize("line", [
    "from toypkg.secret import x", "from toypkg import secret", "from .secret import x",
    "from . import secret", "import toypkg.secret",
])
def test_a_stub_that_imports_an_unshipped_module_is_refused(root: Path, line: str) -> None:
    """A student's copy must be able to import all that it imports."""
    (root / "reference/toypkg/secret.py").write_text("x = 1\n", encoding="utf-8")
    change(root, "reference/toypkg/scale.py", "import numpy as np", f"import numpy as np\n{line}")
    error = refusal(root)
    assert error.problem == "this imports toypkg.secret, which students do not get"
    assert error.where == "starter/toypkg/scale.py:4"


def test_a_given_module_in_a_folder_brings_its_packages(root: Path) -> None:
    """A nested given module is shipped with the `__init__` above it, and may import its neighbours."""
    folder = root / "reference/toypkg/sub"
    folder.mkdir()
    (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder / "tables.py").write_text("from ..shapes import size_of\n", encoding="utf-8")
    change(root, "assignments/course.toml", '["shapes"]', '["shapes", "sub.tables"]')
    plan = plan_build(load_course(root))
    assert {"starter/toypkg/sub/__init__.py", "starter/toypkg/sub/tables.py"} <= set(plan)


# Secrets


@pytest.mark.parametrize(("file", "leak", "what"), [
    ("assignments/template/README.md",
     "```python\nfirst = _as_numbers(a)\nreturn first+_as_numbers( b )  # so\n```",
     "the solution of 1.1 `add`"),
    ("assignments/01_add/README.md", "    first = _as_numbers(a)\n\n    return first + _as_numbers(b)\n",
     "the solution of 1.1 `add`"),
    ("assignments/01_add/README.md", ">>> first = _as_numbers(a)\n>>> return first + _as_numbers(b)\n",
     "the solution of 1.1 `add`"),
    ("assignments/01_add/README.md",
     "~~~\ndef plus(a, b):\n    'Doc.'\n    first = _as_numbers(\n        a)\n"
     "    return (first + _as_numbers(b))\n~~~\n", "the solution of 1.1 `add`"),
    ("assignments/01_add/test_public.py",
     "def other(values):\n    result = 0\n    for value in values:\n        result = add(result, value)\n"
     "    return float(result)\n", "the solution of 1.2 `total`"),
    ("assignments/01_add/test_public.py", "# first = _as_numbers(a)\n# return first + _as_numbers(b)\n",
     "the solution of 1.1 `add`"),
    ("reference/toypkg/shapes.py", "def numbers(values):\n    return np.asarray(values,dtype=np.float64)\n",
     "the solution helper `_as_numbers`"),
    ("assignments/01_add/example_01_add.py",
     "def check(student):\n    check_number(student.total(np.array([])), 0.0)\n",
     "the hidden test `test_nothing_sums_to_zero` (assignments/01_add/test_hidden.py:35)"),
    ("assignments/02_scale/test_public.py", "def wrong(a, b):\n    return np.subtract(a, b)\n",
     "the misconception `subtracts` (assignments/01_add/misconceptions.py:9)"),
    ("assignments/02_scale/README.md",
     "```\nnothing = np.zeros_like(x)\nreturn add(nothing, np.multiply(x, k))\n```",
     "the solution of 2.1 `scale`"),
])
def test_a_secret_in_the_output_is_refused(root: Path, file: str, leak: str, what: str) -> None:
    """A body that students must not see is found as statements, and as lines."""
    with (root / file).open("a", encoding="utf-8") as out:
        out.write("\n\n" + leak)
    error = refusal(root)
    assert error.problem.startswith(what)
    assert error.problem.endswith("would appear in this file")
    assert error.where is not None
    assert error.where.startswith("starter/")


@pytest.mark.parametrize("name", ["test_hidden.py", "misconceptions.py", "goldens.npz"])
def test_a_secret_file_in_the_template_is_refused(root: Path, name: str) -> None:
    """Files of these names never reach students."""
    (root / "assignments/template" / name).write_bytes(b"x = 1\n")
    error = refusal(root)
    assert (error.problem, error.where) == ("students must not get this file", f"starter/{name}")


def test_stored_numbers_under_another_name_are_refused(root: Path) -> None:
    """A copy of the goldens is found by its bytes."""
    for name in ("01_add/goldens.npz", "template/data.bin"):
        (root / "assignments" / name).write_bytes(b"PK\0numbers")
    assert refusal(root).where == "starter/data.bin"


def test_a_body_too_small_to_be_a_secret_is_not_one(root: Path) -> None:
    """`return x` gives nothing away."""
    change(root, "assignments/01_add/misconceptions.py", "return np.subtract(a, b)", "return a")
    change(root, "reference/toypkg/shapes.py", "return len(values)", "return a")
    plan_build(load_course(root))


# Writing


def written(root: Path) -> tuple[Course, dict[str, bytes]]:
    """Write a build, and give what made it."""
    course = load_course(root)
    plan = plan_build(course)
    write_build(course, plan)
    return course, plan


def test_a_build_is_fresh_and_writes_nothing_twice(root: Path) -> None:
    """The second build changes nothing, and `stale` finds nothing."""
    course, plan = written(root)
    assert stale(course, plan) == []
    assert write_build(course, plan) == []
    assert {name: (root / name).read_bytes() for name in plan} == plan


def test_builds_are_reproducible(root: Path, tmp_path: Path) -> None:
    """The same course elsewhere gives the same bytes."""
    other = Path(shutil.copytree(TOY, tmp_path / "elsewhere"))
    assert plan_build(load_course(root)) == plan_build(load_course(other))


def test_one_byte_is_found(root: Path) -> None:
    """`--check` sees a change of one byte, in the starter and in a lesson's stub."""
    course, plan = written(root)
    for name in ("starter/toypkg/add.py", "assignments/01_add/add.py"):
        path = root / name
        path.write_bytes(path.read_bytes()[:-1] + b" ")
        assert stale(course, plan) == [f"{name}: changed by hand, or its source has changed"]
        assert write_build(course, plan) == [name]


def test_missing_and_extra_files_are_found(root: Path) -> None:
    """A file too few or too many is stale, and is mended."""
    course, plan = written(root)
    (root / "starter/README.md").unlink()
    (root / "starter/old/deep").mkdir(parents=True)
    (root / "starter/old/deep/er.py").touch()
    assert stale(course, plan) == ["starter/README.md: missing",
                                   "starter/old/deep/er.py: extra, no source makes it"]
    assert write_build(course, plan) == ["starter/old/deep/er.py", "starter/README.md"]
    assert not (root / "starter/old").exists()


def test_traces_of_tools_are_left_alone(root: Path) -> None:
    """Caches are neither stale nor removed."""
    course, plan = written(root)
    for name in ("toypkg/__pycache__/add.pyc", ".git/HEAD", ".grader/x"):
        (root / "starter" / name).parent.mkdir(exist_ok=True)
        (root / "starter" / name).touch()
    assert stale(course, plan) == []
    assert write_build(course, plan) == []
    assert (root / "starter/.git/HEAD").exists()


@needs_links
def test_links_in_the_starter_are_replaced_not_followed(root: Path, tmp_path: Path) -> None:
    """A link at a file's place is replaced, an extra one removed, and their targets stay."""
    course, plan = written(root)
    target = tmp_path / "target"
    target.mkdir()
    (target / "keep").write_text("kept", encoding="utf-8")
    (root / "starter/README.md").unlink()
    (root / "starter/README.md").symlink_to(target / "keep")
    (root / "starter/extra").symlink_to(target)
    assert len(stale(course, plan)) == 2
    write_build(course, plan)
    assert not (root / "starter/extra").is_symlink()
    assert stale(course, plan) == []
    assert (target / "keep").read_text(encoding="utf-8") == "kept"


@needs_links
@pytest.mark.parametrize("name", ["starter", "assignments/01_add"])
def test_a_link_in_a_folders_place_is_refused(root: Path, tmp_path: Path, name: str) -> None:
    """The build does not write through a link."""
    course, plan = written(root)
    (root / "assignments/01_add/add.py").unlink()
    (root / name).rename(tmp_path / "moved")
    (root / name).symlink_to(tmp_path / "moved")
    with pytest.raises(CourseError, match="a symbolic link stands where a folder is built"):
        write_build(course, plan)


def test_a_folder_in_a_files_place_is_named(root: Path) -> None:
    """What cannot be written is said, with the system's reason."""
    course, plan = written(root)
    (root / "starter/README.md").unlink()
    (root / "starter/README.md").mkdir()
    with pytest.raises(CourseError, match=r"starter/README\.md: this file cannot be written"):
        write_build(course, plan)
    assert not list((root / "starter").glob(".build-*"))


def test_an_interrupted_write_leaves_the_old_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk costs nothing that was there."""
    course, plan = written(root)
    (root / "starter/README.md").write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CourseError, match=r"cannot be written \(No space left on device\)"):
        write_build(course, plan)
    assert (root / "starter/README.md").read_bytes() == b"old"
    assert not list((root / "starter").glob(".build-*"))


def test_an_output_folder_becomes_the_students_repository(root: Path, tmp_path: Path) -> None:
    """With an output only the starter is written, there, and can be checked and rebuilt."""
    course = load_course(root)
    plan = plan_build(course)
    output = tmp_path / "out" / "quick"
    write_build(course, plan, output)
    assert (output / "toypkg/add.py").is_file()
    assert not (root / "starter").exists()
    assert not (root / "assignments/01_add/add.py").exists()
    (output / "extra.txt").touch()
    assert stale(course, plan, output) == ["extra.txt: extra, no source makes it"]
    assert write_build(course, plan, output) == ["extra.txt"]


def test_an_output_folder_may_be_a_fresh_repository(root: Path, tmp_path: Path) -> None:
    """An empty folder with `.git` is fine."""
    (tmp_path / "out/.git").mkdir(parents=True)
    course = load_course(root)
    assert write_build(course, plan_build(course), tmp_path / "out")


@pytest.mark.parametrize(("name", "data", "problem"), [
    ("out/thesis.txt", "years of work", "holds something else than an earlier build of this course"),
    ("out/assignments/course.toml", 'id = "other"\nedition = "student"\n', "holds something else"),
    ("out/assignments/course.toml", 'id = "toy-course"\n', "holds something else"),
    ("out", "a file", "the output is not a folder"),
])
def test_an_output_with_something_else_in_it_is_refused(
    root: Path, tmp_path: Path, name: str, data: str, problem: str
) -> None:
    """The build clears its output, so it must be its own."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(data, encoding="utf-8")
    course = load_course(root)
    with pytest.raises(CourseError, match=problem):
        write_build(course, plan_build(course), tmp_path / "out")
    assert (tmp_path / name).read_text(encoding="utf-8") == data


# New lessons


def test_a_new_lesson_loads_and_builds(root: Path) -> None:
    """The skeleton is a whole lesson at once."""
    files = new_lesson(root, "07_my_lesson")
    assert all(path.is_file() for path in files)
    course = load_course(root)
    lesson = course.lesson("7")
    assert (lesson.title, lesson.module) == ("My lesson", "my_lesson")
    assert sum(exercise.points for exercise in lesson.exercises) == 100
    assert {c.id for c in lesson.exercises[0].criteria} == {
        lost for known in lesson.misconceptions for lost in known.loses}
    assert "starter/toypkg/my_lesson.py" in plan_build(course)


def test_the_module_may_have_another_name(root: Path) -> None:
    """The module need not be called like the folder."""
    new_lesson(root, "03_rows", "tables")
    assert load_course(root).lesson("3").module == "tables"


@pytest.mark.parametrize(("before", "after"), [
    ('lessons = ["01_add", "02_scale"]', 'lessons = ["01_add", "02_scale", "03_rows"]'),
    ('lessons = ["01_add", "02_scale",]', 'lessons = ["01_add", "02_scale", "03_rows"]'),
    ('lessons = [\n    "01_add",\n    "02_scale"\n]',
     'lessons = [\n    "01_add",\n    "02_scale",\n    "03_rows",\n]'),
])
def test_the_list_of_lessons_keeps_its_layout(root: Path, before: str, after: str) -> None:
    """One-line and many-line lists are extended in their own style, comments beside them stay."""
    change(root, "assignments/course.toml", 'lessons = [\n    "01_add",\n    "02_scale",\n]', before)
    new_lesson(root, "03_rows")
    text = (root / "assignments/course.toml").read_text(encoding="utf-8")
    assert after in text
    assert "# shipped whole" in text


def test_the_new_example_runs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The example needs nothing but Python."""
    new_lesson(root, "07_my_lesson")
    exec((root / "assignments/07_my_lesson/example_07_my_lesson.py").read_text(encoding="utf-8"), {})
    assert "has the mean 5" in capsys.readouterr().out


def test_the_new_reference_is_right(root: Path) -> None:
    """The skeleton's reference is Python that a stub can be made of."""
    new_lesson(root, "07_my_lesson")
    ast.parse((root / "assignments/07_my_lesson/test_hidden.py").read_text(encoding="utf-8"))
    assert b"NotImplementedError" in plan_build(load_course(root))["assignments/07_my_lesson/my_lesson.py"]


@pytest.mark.parametrize(("name", "module", "problem"), [
    ("my_lesson", None, "'my_lesson' with module '' cannot name a lesson"),
    ("7_my_lesson", None, "cannot name a lesson"),
    ("07_../x", None, "cannot name a lesson"),
    ("07_class", None, "'07_class' with module 'class' cannot name a lesson"),
    ("07_x", "a-b", "with module 'a-b' cannot name a lesson"),
    ("01_more", None, "there is a lesson 1 already"),
    ("07_x", "shapes", "already there: reference/toypkg/shapes.py"),
    ("07_x", "add", "already there: reference/toypkg/add.py"),
])
def test_a_bad_name_writes_nothing(root: Path, name: str, module: str | None, problem: str) -> None:
    """A name that does not fit, or is taken, is refused before anything is written."""
    before = sorted(root.rglob("*"))
    with pytest.raises(CourseError) as caught:
        new_lesson(root, name, module)
    assert problem in caught.value.problem
    assert sorted(root.rglob("*")) == before


def test_a_new_lesson_does_not_overwrite(root: Path) -> None:
    """A folder with files of these names is left alone."""
    (root / "assignments/03_rows").mkdir()
    (root / "assignments/03_rows/README.md").write_text("mine", encoding="utf-8")
    with pytest.raises(CourseError, match=r"already there: assignments/03_rows/README\.md"):
        new_lesson(root, "03_rows")
    assert (root / "assignments/03_rows/README.md").read_text(encoding="utf-8") == "mine"


def test_a_list_that_cannot_be_extended_is_refused(root: Path) -> None:
    """A list with brackets in its comments is left to the author, and nothing is written."""
    change(root, "assignments/course.toml", '"02_scale",', '"02_scale", # ] odd')
    with pytest.raises(CourseError, match="the list `lessons` cannot be extended as it is written"):
        new_lesson(root, "03_rows")
    assert not (root / "assignments/03_rows").exists()


def test_students_write_no_lessons(root: Path) -> None:
    """A student's copy is not the place for a new lesson."""
    written(root)
    with pytest.raises(CourseError, match="lessons are written in the teacher's repository"):
        new_lesson(root / "starter", "03_rows")


def test_a_copy_for_a_path_says_so(root: Path, tmp_path: Path, box: Box) -> None:
    """The student's copy names its path: `check` weighs its criteria, and leaves out what is given."""
    course = load_course(root)
    write_build(course, plan_build(course, path="short"), tmp_path / "short")
    copy = load_course(tmp_path / "short")
    assert copy.on_path == "short"
    result = check(copy, read_submission(copy.root, copy.package), box=box)
    assert [e.id for lesson in result.lessons for e in lesson.exercises] == ["1.1", "2.1"]
    assert [lesson.max_score + lesson.unchecked for lesson in result.lessons] == [100, 100]
    assert result.score == 0
    said = CliRunner().invoke(cli, ["check", "1.2", "--course", str(copy.root)])
    assert "1.2 is not on your path (short): it is solved for you in toypkg/" in str(said.exception)


@pytest.mark.parametrize("line", ['on_path = "short"', 'edition = "student"\non_path = "fast"'])
def test_a_path_that_build_did_not_write_is_refused(root: Path, line: str) -> None:
    """Only a student's copy has a path, and only one of the course's."""
    file = root / "assignments" / "course.toml"
    file.write_text(f"{line}\n{file.read_text()}")
    with pytest.raises(CourseError, match="on_path"):
        load_course(root)
