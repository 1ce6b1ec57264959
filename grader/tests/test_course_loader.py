"""The course loader: what it reads, and every rule it refuses to see broken."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grader.course import find_course, load_course
from grader.course.headings import anchors, slug
from grader.course.tables import locate
from grader.errors import CourseError

TOY = Path(__file__).parent / "toy_course"
COURSE = "assignments/course.toml"
RUBRIC = "assignments/01_add/rubric.toml"
RUBRIC_2 = "assignments/02_scale/rubric.toml"
PUBLIC = "assignments/01_add/test_public.py"
HIDDEN = "assignments/01_add/test_hidden.py"
MISCONCEPTIONS = "assignments/01_add/misconceptions.py"


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Give a copy of the toy course that a test may break."""
    return Path(shutil.copytree(TOY, tmp_path / "toy"))


def change(root: Path, file: str, old: str, new: str) -> None:
    """Replace the first occurrence of a text in a file that has it."""
    text = (root / file).read_text(encoding="utf-8")
    assert old in text
    (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def as_student(root: Path) -> None:
    """Make the copy a student's: no hidden tests, no misconceptions, no reference."""
    change(root, COURSE, "id =", 'edition = "student"\nid =')
    shutil.rmtree(root / "reference")
    for lesson in ("01_add", "02_scale"):
        (root / "assignments" / lesson / "test_hidden.py").unlink()
        (root / "assignments" / lesson / "misconceptions.py").unlink()


def refusal(root: Path) -> CourseError:
    """Load a course that must be refused."""
    with pytest.raises(CourseError) as caught:
        load_course(root)
    assert caught.value.fix
    return caught.value


# What is read


def test_the_toy_course_is_read_whole() -> None:
    """Lessons, exercises, criteria, paths and checkpoints arrive as written."""
    course = load_course(TOY)
    assert (course.id, course.package, course.edition) == ("toy-course", "toypkg", "teacher")
    assert [lesson.id for lesson in course.lessons] == ["1", "2"]
    assert list(course.exercises) == ["1.1", "1.2", "2.1"]
    assert [path.id for path in course.paths] == ["short", "full"]
    assert course.checkpoints[0].lessons == ("1", "2")
    assert course.lesson("1").solution == ("_as_numbers",)
    assert course.given_modules == ("shapes",)


def test_an_exercise_knows_its_tests() -> None:
    """A criterion has its public and its hidden tests, with the sentence that students read."""
    values = load_course(TOY).exercises["1.1"].criteria[0]
    assert [(test.name, test.public) for test in values.tests] == [
        ("test_small_arrays_are_added", True), ("test_random_arrays_are_added", False)]
    assert values.tests[0].sentence == "Two small arrays are added number by number."
    assert values.tests[0].line == 9
    assert values.public


def test_a_hidden_criterion_is_not_public() -> None:
    """A criterion with hidden tests only is not public."""
    assert not load_course(TOY).exercises["1.1"].criteria[1].public


def test_misconceptions_are_read_from_the_syntax_tree() -> None:
    """A misconception has its exercise, its title, its criteria and its text."""
    found = load_course(TOY).lesson("1").misconceptions[0]
    assert (found.id, found.exercise, found.title) == ("subtracts", "1.1", "subtracting")
    assert found.loses == ("values", "pure")
    assert found.text.startswith("Your numbers are differences.")
    assert not found.recognises


def test_a_misconception_may_recognise(toy: Path) -> None:
    """With recognise=True the function takes the recorded calls."""
    change(toy, MISCONCEPTIONS, 'title="subtracting"', 'title="subtracting", recognise=True')
    assert load_course(toy).lesson("1").misconceptions[0].recognises


def test_nothing_is_imported(toy: Path) -> None:
    """Tests, misconceptions and the reference are never run by the loader."""
    for file in (PUBLIC, HIDDEN, MISCONCEPTIONS, "reference/toypkg/add.py"):
        path = toy / file
        path.write_text(path.read_text(encoding="utf-8") + "\nraise SystemExit\n", encoding="utf-8")
    load_course(toy)


def test_decorators_may_be_stacked(toy: Path) -> None:
    """One test may check several criteria, also under another decorator."""
    mark = '@criterion("1.1", "values")'
    change(toy, HIDDEN, mark, f'@criterion("1.1", "pure")\n{mark}')
    values, pure = load_course(toy).exercises["1.1"].criteria
    assert "test_random_arrays_are_added" in {test.name for test in values.tests}
    assert "test_random_arrays_are_added" in {test.name for test in pure.tests}


def test_what_is_left_out_has_a_default() -> None:
    """Needs, budget and `read` may be left out."""
    scale = load_course(TOY).exercises["2.1"]
    assert scale.cpu_seconds == 2
    assert scale.criteria[1].read == ""


def test_an_exercise_without_paths_is_on_all(toy: Path) -> None:
    """An exercise that names no paths counts on every one."""
    change(toy, RUBRIC_2, 'paths = ["short", "full"]\n', "")
    assert load_course(toy).exercises["2.1"].paths == ("short", "full")


def test_a_student_edition_needs_no_secrets(toy: Path) -> None:
    """In a student's copy a criterion without a public test is simply hidden."""
    as_student(toy)
    course = load_course(toy)
    assert course.edition == "student"
    assert course.exercises["1.1"].criteria[1].tests == ()
    assert course.lesson("1").misconceptions == ()


def test_a_byte_order_mark_and_windows_line_ends_are_fine(toy: Path) -> None:
    """An author's editor may save a BOM and CRLF, and lines are still counted right."""
    text = (toy / RUBRIC).read_text(encoding="utf-8").replace("points = 40", "points = 41")
    (toy / RUBRIC).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert refusal(toy).where == f"{RUBRIC}:1"


# Finding a course


def test_the_nearest_course_above_is_found(toy: Path) -> None:
    """The course is found from any folder in it."""
    assert find_course(toy / "assignments" / "01_add") == toy.resolve()
    assert find_course(toy) == toy.resolve()


def test_no_course_is_said_with_the_next_step(tmp_path: Path) -> None:
    """Outside a course the error says where one would be looked for."""
    with pytest.raises(CourseError, match="no course here or above") as caught:
        find_course(tmp_path)
    assert "assignments/course.toml" in str(caught.value)


# The digest


@pytest.mark.parametrize("file", [
    RUBRIC, PUBLIC, HIDDEN, MISCONCEPTIONS, "reference/toypkg/add.py", "reference/toypkg/shapes.py",
])
def test_what_can_change_a_score_changes_the_digest(toy: Path, file: str) -> None:
    """One more line in a test, rubric or reference is another course."""
    before = load_course(toy).digest
    (toy / file).write_text((toy / file).read_text(encoding="utf-8") + "\n# more\n", encoding="utf-8")
    assert load_course(toy).digest != before


def test_goldens_change_the_digest(toy: Path) -> None:
    """Stored numbers are part of the course."""
    before = load_course(toy).digest
    (toy / "assignments/01_add/goldens.npz").write_bytes(b"numbers")
    assert load_course(toy).digest != before


def test_prose_does_not_change_the_digest(toy: Path) -> None:
    """A typo mended in a lesson's text leaves the course the same."""
    before = load_course(toy).digest
    change(toy, "assignments/01_add/README.md", "A sum", "The sum")
    assert load_course(toy).digest == before
    assert len(before) == 64


# Files and TOML


@pytest.mark.parametrize(("file", "data", "where", "problem"), [
    (COURSE, b"a = 1\nb = \n", ":2", "not TOML"),
    (COURSE, b"a = 'open\n", ":1", "not TOML"),
    (RUBRIC, b"title = 1\n\0", ":2", "NUL byte"),
    (RUBRIC, b"\ntitle = '\xe9'", ":2", "byte 0xe9 is not UTF-8"),
    (PUBLIC, b"def f(:\n", ":1", "not Python"),
    (MISCONCEPTIONS, b"\n\n  x = 1\n", ":3", "not Python"),
    ("reference/toypkg/add.py", b"x =\n", ":1", "not Python"),
])
def test_a_broken_file_is_named_with_its_line(
    toy: Path, file: str, data: bytes, where: str, problem: str
) -> None:
    """Syntax and encoding errors say the file, the line and what to do."""
    (toy / file).write_bytes(data)
    error = refusal(toy)
    assert error.where == file + where
    assert problem in error.problem


def test_a_missing_rubric_is_named(toy: Path) -> None:
    """A lesson without a rubric is refused."""
    (toy / RUBRIC).unlink()
    error = refusal(toy)
    assert (error.where, error.problem) == (RUBRIC, "this file is missing")


def test_a_folder_in_a_files_place_is_refused(toy: Path) -> None:
    """What cannot be read is said with the system's reason."""
    (toy / RUBRIC).unlink()
    (toy / RUBRIC).mkdir()
    assert "this file cannot be read" in refusal(toy).problem


def test_deeply_nested_toml_is_refused(toy: Path) -> None:
    """A file that would exhaust the parser is an error, not a crash."""
    (toy / RUBRIC).write_text("x = " + "[" * 100_000, encoding="utf-8")
    assert "not TOML" in refusal(toy).problem


# Rules of the rubric and of course.toml: one change, one refusal, at its own line


@pytest.mark.parametrize(("file", "old", "new", "line", "problem"), [
    (COURSE, 'title = "A toy', 'tittle = "A toy', 2, "unknown key `tittle`"),
    (COURSE, 'id = "toy-course"', "", 1, "`id` is missing"),
    (COURSE, 'id = "toy-course"', 'id = "Toy Course"', 1, "`id` is 'Toy Course', which is not small words"),
    (COURSE, 'version = "1.0"', "version = 1.0", 3, "`version` must be some text in quotes"),
    (COURSE, 'version = "1.0"', 'version = " "', 3, "`version` must be some text in quotes"),
    (COURSE, 'version = "1.0"', 'version = "1.0"\nedition = "other"', 4, "which is not student or teacher"),
    (COURSE, 'package = "toypkg"', 'package = "toy-pkg"', 4, "which is not the name of a Python package"),
    (COURSE, '["shapes"]', '["nowhere"]', 5, "the reference has no reference/toypkg/nowhere.py"),
    (COURSE, '["shapes"]', '["add"]', 5, "'add' holds exercises, so it cannot be given"),
    (COURSE, '["shapes"]', '["../shapes"]', 5, "'../shapes' is no name of a module"),
    (COURSE, '["shapes"]', '"shapes"', 5, "`given_modules` must be a list of texts in quotes"),
    (COURSE, '"02_scale",', '"02_scale", "03_none"', 6, "there is no folder assignments/03_none"),
    (COURSE, '"02_scale",', '"scale"', 6, "the lesson folder 'scale' has no number and name"),
    (COURSE, '"02_scale",', '"01_scale"', 6, "a second lesson 1: '01_scale'"),
    (COURSE, '"02_scale",', '"01_add"', 6, "`lessons` names '01_add' twice"),
    (COURSE, 'id = "full"', 'id = "short"', 17, "a second path 'short'"),
    (COURSE, 'title = "Full"', 'name = "Full"', 18, "unknown key `name`"),
    (COURSE, '["1", "2"]', '["1", "3"]', 24, "there is no lesson '3'"),
    (COURSE, "[[checkpoint]]", '[[checkpoint]]\nid = "0"\ntitle = "T"\nlessons = ["2"]\n[[checkpoint]]', 28,
     "lesson 2 is in checkpoint '0' already"),
    (COURSE, "[[checkpoint]]", '[[checkpoint]]\nid = "1"\ntitle = "T"\nlessons = []\n[[checkpoint]]', 26,
     "a second checkpoint '1'"),
    (RUBRIC, "hours", "hour", 3, "unknown key `hour`"),
    (RUBRIC, "[1, 1]", "[2, 1]", 3, "`hours` must be two whole numbers"),
    (RUBRIC, "[1, 1]", "[true, true]", 3, "`hours` must be two whole numbers"),
    (RUBRIC, "hours = [1, 1]\n", "", 1, "`hours` is missing"),
    (RUBRIC, 'module = "add"', 'module = "ad d"', 2, "which is not the name of a Python module"),
    (RUBRIC, 'module = "add"', 'module = "nowhere"', 2, "no module reference/toypkg/nowhere.py"),
    (RUBRIC, '["describe"]', '["nothing"]', 4, "reference/toypkg/add.py has no function or class `nothing`"),
    (RUBRIC, '["_as_numbers"]', '["describe"]', 5, "`describe` is both solution and given"),
    (RUBRIC, '["_as_numbers"]', '["add"]', 5, "`add` is both solution and exercise 1.1"),
    (RUBRIC, 'id = "1.1"', 'id = "2.1"', 8, "`id` is '2.1', which is not of the form 1.1"),
    (RUBRIC, 'id = "1.2"', 'id = "1.1"', 28, "a second exercise '1.1'"),
    (RUBRIC, 'id = "1.2"', 'id = "1.02"', 28, "which is not of the form 1.1"),
    (RUBRIC, 'function = "total"', 'function = "add"', 29, "a second exercise of the function 'add'"),
    (RUBRIC, 'function = "total"', 'function = "sum"', 29, "no function `sum` at its top level"),
    (RUBRIC, 'needs = ["1.1"]', 'needs = ["0.9"]', 30, "1.2 needs '0.9', which no earlier lesson has"),
    (RUBRIC, "needs = []", 'needs = ["1.1"]', 10, "1.1 needs itself: 1.1 → 1.1"),
    (RUBRIC, "needs = []", 'needs = ["1.2"]', 10, "1.1 needs itself: 1.1 → 1.2 → 1.1"),
    (RUBRIC, 'paths = ["full"]', 'paths = ["fast"]', 31, "unknown path 'fast'"),
    (RUBRIC, "cpu_seconds = 2", "cpu_seconds = 0", 12, "`cpu_seconds` must be a whole number above 0"),
    (RUBRIC, '"What is two and three?", ', "", 13, "2 hints"),
    (RUBRIC, '  id = "pure"', '  id = "values"', 22, "a second criterion 'values'"),
    (RUBRIC, '  id = "pure"', '  id = "Pure"', 22, "which is not small words joined by hyphens"),
    (RUBRIC, '  id = "pure"', '  id = "pure"\n  pakage = true', 23, "unknown key `pakage`"),
    (RUBRIC, '  id = "pure"', '  id = "pure"\n  package = 1', 23, "`package` must be true or false"),
    (RUBRIC, "points = 40", "points = 50", 1, "the points of this lesson sum to 110, not 100"),
    (RUBRIC, "points = 40", "points = 40.0", 17, "`points` must be a whole number above 0"),
    (RUBRIC, "points = 40", "points = true", 17, "`points` must be a whole number above 0"),
    (RUBRIC, "points = 40", "points = -40", 17, "`points` must be a whole number above 0"),
    (RUBRIC, "README.md#sums", "README.md#sumz", 19, "README.md has no heading for #sumz"),
    (RUBRIC, "README.md#sums", "OTHER.md#sums", 19, "`read` names OTHER.md, which is not there"),
    (RUBRIC, "README.md#sums", "README.md", 19, "`read` is 'README.md'"),
    (RUBRIC, "README.md#sums", "../x.md#sums", 19, "`read` is '../x.md#sums'"),
    (RUBRIC, '  id = "pure"', '  id = "other"', 22, "no test checks 1.1 'other'"),
    (RUBRIC_2, 'module = "scale"', 'module = "add"', None, "no function `scale`"),
])
def test_a_broken_rule_is_refused_at_its_line(
    toy: Path, *, file: str, old: str, new: str, line: int | None, problem: str
) -> None:
    """Each rule names the file, the line of the key, and the problem."""
    change(toy, file, old, new)
    if "no test checks" in problem:
        change(toy, HIDDEN, '@criterion("1.1", "pure")', '@criterion("1.1", "values")')
        change(toy, MISCONCEPTIONS, ', "pure"]', "]")
    error = refusal(toy)
    assert problem in error.problem
    assert line is None or error.where == f"{file}:{line}"


@pytest.mark.parametrize(("file", "old", "new", "problem"), [
    (RUBRIC, "[[exercise]]", "[[exercises]]", "unknown key `exercises`"),
    (RUBRIC_2, "[[exercise.criterion]]", "[[exercise.criteria]]", "unknown key `criteria`"),
])
def test_a_misspelt_table_is_refused(toy: Path, file: str, old: str, new: str, problem: str) -> None:
    """A table under a wrong name is an unknown key, with the nearest known one."""
    (toy / file).write_text((toy / file).read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    error = refusal(toy)
    assert problem in error.problem
    assert "Did you mean" in str(error)


def test_a_lesson_without_exercises_is_refused(toy: Path) -> None:
    """A rubric needs exercises."""
    (toy / RUBRIC).write_text('title = "T"\nmodule = "add"\nhours = [1, 1]\n', encoding="utf-8")
    assert refusal(toy).problem == "no exercise"


def test_an_exercise_without_criteria_is_refused(toy: Path) -> None:
    """An exercise needs criteria."""
    text = (toy / RUBRIC_2).read_text(encoding="utf-8")
    (toy / RUBRIC_2).write_text(text[: text.index("  [[exercise.criterion]]")], encoding="utf-8")
    assert refusal(toy).problem == "no criterion"


def test_a_table_written_as_a_value_is_refused(toy: Path) -> None:
    """An array of tables must be one."""
    (toy / RUBRIC).write_text('title = "T"\nmodule = "add"\nexercise = 3\n', encoding="utf-8")
    error = refusal(toy)
    assert error.problem == "`exercise` must be tables, each under its own [[exercise]]"
    assert error.where == f"{RUBRIC}:3"


def test_a_module_belongs_to_one_lesson(toy: Path) -> None:
    """Two lessons may not share a module, since each stub is one lesson's."""
    change(toy, RUBRIC_2, 'module = "scale"', 'module = "add"')
    with (toy / "reference/toypkg/add.py").open("a", encoding="utf-8") as file:
        file.write("\n\ndef scale(x, k):\n    return x\n")
    assert refusal(toy).problem == "lessons 1 and 2 share the module 'add'"


def test_a_later_exercise_is_no_need(toy: Path) -> None:
    """Needs point back, so that lessons are graded in order."""
    change(toy, RUBRIC, 'needs = ["1.1"]', "needs = []")
    change(toy, RUBRIC, "needs = []", 'needs = ["1.2"]')
    assert refusal(toy).problem == "1.1 needs 1.2, which comes later"


def test_the_package_needs_its_init(toy: Path) -> None:
    """The reference is a package."""
    (toy / "reference/toypkg/__init__.py").unlink()
    assert refusal(toy).problem == "the reference has no reference/toypkg/__init__.py"


def test_a_word_is_suggested(toy: Path) -> None:
    """A slip of the pen is answered with the nearest word."""
    change(toy, RUBRIC, "README.md#totals", "README.md#total")
    assert refusal(toy).fix == "Did you mean 'totals'?"


# Rules of tests and misconceptions


@pytest.mark.parametrize(("file", "old", "new", "line", "problem"), [
    (PUBLIC, '@criterion("1.1", "values")\n', "", 8, "belongs to no criterion"),
    (PUBLIC, '@criterion("1.1", "values")', "@criterion", 8, "@criterion takes two literal words"),
    (PUBLIC, '@criterion("1.1", "values")', '@criterion("1.1")', 8, "@criterion takes two literal words"),
    (PUBLIC, '@criterion("1.1", "values")', '@criterion("1.1", NAME)', 8, "takes two literal words"),
    (PUBLIC, '@criterion("1.1", "values")', '@criterion("1.1", criterion="values")', 8, "two literal words"),
    (PUBLIC, '@criterion("1.1", "values")', '@criterion("1.9", "values")', 8, "has no exercise '1.9'"),
    (PUBLIC, '@criterion("1.1", "values")', '@criterion("2.1", "values")', 8, "has no exercise '2.1'"),
    (PUBLIC, '@criterion("1.1", "values")', '@criterion("1.1", "value")', 8, "has no criterion 'value'"),
    (PUBLIC, '@criterion("1.1", "values")', '@criterion("1.1", "values")\n@criterion("1.1", "values")', 9,
     "names the criterion 1.1 values twice"),
    (PUBLIC, '    """Two small arrays are added number by number."""\n', "", 9, "has no docstring"),
    (PUBLIC, "Two small arrays are added number by number.", " ", 9, "has no docstring"),
    (PUBLIC, "def test_small_arrays", "def small_arrays", 9, "has a @criterion, but pytest would not run it"),
    (PUBLIC, "def test_small_arrays", "async def test_small_arrays", 9, "not a plain function at the top"),
    (PUBLIC, "test_small_arrays_are_added", "test_three_values_are_summed", 15, "is defined twice"),
    (MISCONCEPTIONS, '"1.1", loses=["values", "pure"]', '"1.7", loses=["values", "pure"]', 8,
     "this lesson has no exercise '1.7'"),
    (MISCONCEPTIONS, '["values", "pure"]', '["values", "poor"]', 8, "exercise 1.1 has no criterion 'poor'"),
    (MISCONCEPTIONS, '["values", "pure"]', "[]", 8, "the misconception `subtracts` loses nothing"),
    (MISCONCEPTIONS, '["values", "pure"]', "LOST", 8, "@misconception takes literal words only"),
    (MISCONCEPTIONS, ', title="subtracting"', "", 8, "@misconception takes literal words only"),
    (MISCONCEPTIONS, ', title="subtracting"', ', titel="subtracting"', 8, "takes literal words only"),
    (MISCONCEPTIONS, '"1.1", loses', "loses", 8, "@misconception takes literal words only"),
    (MISCONCEPTIONS, "def subtracts(", "def adds_in_place(", 15, "is defined twice"),
    (MISCONCEPTIONS, 'title="subtracting"', 'title="writing into the input"', 14,
     "a second misconception of 1.1 is called 'writing into the input'"),
    (MISCONCEPTIONS, "def subtracts", '@misconception("1.2", loses=["empty"], title="x")\ndef subtracts', 8,
     "has two @misconception lines"),
    (MISCONCEPTIONS, '"""Your numbers are differences. Adding brings two amounts together."""', "pass", 9,
     "has no docstring"),
])
def test_a_broken_test_or_misconception_is_refused(
    toy: Path, *, file: str, old: str, new: str, line: int, problem: str
) -> None:
    """Tests and misconceptions must say plainly, and rightly, what they belong to."""
    change(toy, file, old, new)
    error = refusal(toy)
    assert problem in error.problem
    assert error.where == f"{file}:{line}"


def test_tests_in_classes_are_refused(toy: Path) -> None:
    """A test that pytest would find, but the loader not, is refused."""
    with (toy / PUBLIC).open("a", encoding="utf-8") as file:
        file.write("\n\nclass TestMore:\n    def test_x(self):\n        pass\n")
    assert "`test_x` is not a plain function" in refusal(toy).problem


# The parts


def test_lines_are_found_in_odd_toml() -> None:
    """Strings with brackets, many-line values, dotted and quoted keys do not confuse the line numbers."""
    text = ('a = """\n[x]\nb = 1\n"""\nc = [\n  "]", # ]\n]\n[[t]]\n"d e".f = 1\n'
            "[[t.u]]\n[[t]]\n[[t.u]]\ng = '#'\n")
    lines = locate(text)
    assert lines["a",] == 1
    assert lines["c",] == 5
    assert lines["t", 0, "d e", "f"] == 9
    assert lines["t", 0, "u", 0] == 10
    assert lines["t", 1, "u", 0, "g"] == 13
    assert ("b",) not in lines


@pytest.mark.parametrize(("heading", "anchor"), [
    ("A softmax that does not overflow", "a-softmax-that-does-not-overflow"),
    ("Which axis?", "which-axis"),
    ("Masks: who may look at whom", "masks-who-may-look-at-whom"),
    ("`x @ W` and *more*", "x--w-and-more"),
    ("A [link](https://x.y/z) here", "a-link-here"),
    ("snake_case and _stress_", "snake_case-and-stress"),
    ("Größe √d", "größe-d"),
])
def test_slugs_are_those_of_github(heading: str, anchor: str) -> None:
    """Anchors follow GitHub's rule."""
    assert slug(heading) == anchor


def test_headings_in_code_are_none() -> None:
    """A comment in a code block is no heading, and a repeated heading gets a number."""
    text = "# One\n```python\n# Two\n~~~\n```\n## One ##\n~~~~\n# Three\n~~~\n~~~~\n#No\n# One\n"
    assert anchors(text) == ["one", "one-1", "one-2"]
