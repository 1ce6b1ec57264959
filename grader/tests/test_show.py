"""`grader show`: any sentence becomes maps, with the student's functions or without them, and no harm."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from grader.cli import cli
from grader.course import Course, load_course
from grader.errors import CourseError, SubmissionError, UsageError
from grader.render.heat_map import Grid, HeatMaps, show_maps
from grader.render.heat_page import Heading, render_page
from grader.sandbox import Box
from grader.student.show import draw, map_for
from grader.tests.browser import chromium, complaints, open_page, prefer, requests
from grader.tests.screens import check_golden, shown

TOY = Path(__file__).parent / "toy_course"
CACHES = shutil.ignore_patterns("__pycache__")  # another process may be writing them
SHOW = '\n[[show]]\nlesson = "1"\nmodule = "pictures"\nfunction = "draw"\nsentence = "a b"\n'
HOSTILE = 'say "<script>alert(1)</script>" & \x1b[31mred\u202e ::error::x 🐱‍👤 שלום a<b>c'
PICTURE = """
def draw(sentence, own):
    import numpy as np
    from toypkg.add import total
    if own:
        total([1.0])
    words = sentence.split()
    shares = np.eye(len(words))
    return {"words": words, "maps": [{"title": "same", "shares": shares}], "note": "A note."}
"""
Maker = Callable[..., Course]


def with_total(body: str) -> str:
    """Give the text of lesson 1's module with another body of `total`."""
    text = (TOY / "reference/toypkg/add.py").read_text(encoding="utf-8")
    return f"{text.split('def total')[0]}def total(values):\n    {body}\n"


LAST_LINE = f"toypkg/add.py:{with_total('pass').count(chr(10))}"


@pytest.fixture
def picturing(tmp_path: Path) -> Maker:
    """Give a maker of toy courses with a map: the text of its module, and of the lesson's."""

    def make(pictures: str = PICTURE, add: str | None = None, show: str = SHOW) -> Course:
        root = Path(shutil.copytree(TOY, tmp_path / "toy", ignore=CACHES))
        toml = root / "assignments" / "course.toml"
        text = toml.read_text(encoding="utf-8").replace('["shapes"]', '["shapes", "pictures"]') + show
        toml.write_text(text, encoding="utf-8")
        (root / "reference/toypkg/pictures.py").write_text(pictures, encoding="utf-8")
        if add is not None:
            (root / "reference/toypkg/add.py").write_text(add, encoding="utf-8")
        return load_course(root)

    return make


def maps(words: str = "the cat sat", *shares: list[list[float]]) -> HeatMaps:
    """Make maps by hand."""
    cut = tuple(words.split())
    grids = shares or (np.full((len(cut), len(cut)), 1 / len(cut)).tolist(),)
    return HeatMaps(cut, tuple(Grid(f"map {n}", np.array(one)) for n, one in enumerate(grids)), "A note.")


# What the course declares


@pytest.mark.parametrize(("old", "new", "problem"), [
    ('lesson = "1"\nmodule', 'lesson = "9"\nmodule', "there is no lesson '9'"),
    ('module = "pictures"', 'module = "add"', "'add' is no given module"),
    ('function = "draw"', 'function = "draw it"', "`function` is 'draw it', which is not a function's name"),
    ('sentence = "a b"', 'sentence = ""', "`sentence` must be some text in quotes"),
    ('sentence = "a b"\n', f'sentence = "a b"\n{SHOW}', "lesson 1 has a map already"),
    ('sentence = "a b"', 'sentence = "a b"\nhead = 1', "unknown key `head`"),
    ('sentence = "a b"', 'sentence = "a b"\narrays = "../x.npz"', "is not the name of an .npz file"),
    ('sentence = "a b"', 'sentence = "a b"\narrays = "x.npz"', "`made_by` is missing"),
])
def test_a_wrong_table_is_refused(picturing: Maker, old: str, new: str, problem: str) -> None:
    """Each rule of [[show]] names the line and the fix."""
    with pytest.raises(CourseError, match=re.escape(problem)) as caught:
        picturing(show=SHOW.replace(old, new, 1))
    assert caught.value.fix
    assert re.match(r"assignments/course\.toml:\d+$", caught.value.where or "")


def test_a_lesson_without_a_map_names_those_that_have_one(picturing: Maker) -> None:
    """The message lists the others; a course may have none."""
    course = picturing()
    with pytest.raises(UsageError, match="there is no map for lesson 2") as caught:
        map_for(course, "2")
    assert caught.value.fix == "lessons with a map: 1."
    with pytest.raises(UsageError) as caught:
        map_for(load_course(TOY), "1")
    assert caught.value.fix == "no lesson of this course has one."


# What is drawn


def test_the_students_functions_draw(picturing: Maker, box: Box) -> None:
    """Words and shares come out of the box as plain data."""
    course = picturing()
    found = draw(course, course.maps[0], "a b c", box)
    assert (found.maps.words, found.missing) == (("a", "b", "c"), "")
    assert found.maps.grids[0].shares.tolist() == np.eye(3).tolist()


def test_before_a_function_is_written_the_course_draws(picturing: Maker, box: Box) -> None:
    """A stub that is met is named, and there is a map all the same."""
    course = picturing(add=with_total("raise NotImplementedError('1.2 total')"))
    found = draw(course, course.maps[0], "a b c", box)
    assert found.missing == "1.2 total"
    assert found.maps.words == ("a", "b", "c")


@pytest.mark.parametrize(("body", "problem"), [
    ("raise ValueError('\\x1b[31m')", "ValueError: \\x1b[31m"),
    ("raise NotImplementedError('9.9 none')", "NotImplementedError: 9.9 none"),
    ("import os; os._exit(0)", "ModuleNotFoundError"),
    ("[0] * 10**12", "MemoryError"),
])
def test_a_mistake_is_told_with_its_line(
    picturing: Maker, box: Box, body: str, problem: str
) -> None:
    """What the student's function raises is shown where it was raised, neutralised."""
    course = picturing(add=with_total(body))
    with pytest.raises(SubmissionError, match=re.escape(problem)) as caught:
        draw(course, course.maps[0], "a b", box)
    assert caught.value.where == LAST_LINE
    assert caught.value.fix == "`grader check 1` finds out more."


def test_a_module_that_cannot_be_imported_is_told(picturing: Maker, box: Box) -> None:
    """A syntax error of the student ends in a message, not in a map of the course's."""
    course = picturing()
    (course.reference / "toypkg" / "add.py").write_text("def add(a, b:\n", encoding="utf-8")
    with pytest.raises(SubmissionError, match="SyntaxError"):
        draw(course, course.maps[0], "a b", box)


@pytest.mark.parametrize(("answer", "problem"), [
    ("None", "what came back is no map."),
    ("{'words': [], 'maps': [], 'note': ''}", "what came back is no map."),
    ("{'words': [1], 'maps': [{'title': '', 'shares': np.eye(1)}], 'note': ''}", "what came back is no map."),
    ("{'words': ['w'] * 65, 'maps': [{'title': '', 'shares': np.eye(65)}], 'note': ''}", "is no map."),
    ("{'words': ['w'], 'maps': [1], 'note': ''}", "a part of what came back is no map."),
    ("{'words': ['w'], 'maps': [{'title': 't', 'shares': np.eye(1) * 1j}], 'note': ''}", "a part of what"),
    ("{'words': ['w'], 'maps': [{'title': 't', 'shares': np.eye(2)}], 'note': ''}",
     "the map 't' has the shape [2, 2], not [1, 1]."),
    ("{'words': ['w'], 'maps': [{'title': 't', 'shares': np.eye(1)}] * 17, 'note': ''}", "is no map."),
    ("object()", "what came back is no plain data"),
])
def test_an_odd_answer_is_refused(picturing: Maker, box: Box, answer: str, problem: str) -> None:
    """Only words and square tables of numbers are drawn."""
    course = picturing(f"import numpy as np\n\n\ndef draw(sentence, own):\n    return {answer}\n")
    with pytest.raises(SubmissionError, match=re.escape(problem)):
        draw(course, course.maps[0], "a b", box)


def test_code_that_does_not_end_is_ended(
    picturing: Maker, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop without end costs its time and gives a sentence."""
    monkeypatch.setattr("grader.student.show.CPU_SECONDS", 0.5)
    course = picturing("def draw(sentence, own):\n    while True:\n        pass\n")
    with pytest.raises(SubmissionError, match="your code used up its time"):
        draw(course, course.maps[0], "a b", box)


@pytest.mark.parametrize(("sentence", "problem"), [
    ("", "there is no word in this sentence."), (" \t\n", "there is no word in this sentence."),
    ("w" * 10_001, "this sentence has 10,001 characters; 10,000 is the most."),
])
def test_a_sentence_that_cannot_be_drawn_is_refused(
    picturing: Maker, box: Box, sentence: str, problem: str
) -> None:
    """Nothing, and far too much."""
    course = picturing()
    with pytest.raises(UsageError, match=re.escape(problem)) as caught:
        draw(course, course.maps[0], sentence, box)
    assert caught.value.fix


# A map of what the student has trained

TRAINED = SHOW + 'arrays = "model.npz"\nmade_by = "make it so"\n'
OF_ARRAYS = """
import numpy as np
from toypkg.add import total


def draw(sentence, own, arrays):
    total([1.0])
    return {"words": sorted(arrays), "maps": [{"title": "t", "shares": arrays["a"]}], "note": ""}
"""


def test_a_map_can_have_arrays_of_the_student(picturing: Maker, box: Box) -> None:
    """Numbers of the file reach the function; text in it does not."""
    course = picturing(OF_ARRAYS, show=TRAINED)
    np.savez(course.root / "model.npz", a=np.eye(2), b=np.arange(3), words=np.array("text"))
    found = draw(course, course.maps[0], "x", box)
    assert found.maps.words == ("a", "b")
    assert found.maps.grids[0].shares.tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(("data", "problem"), [
    (None, "this file is not there yet."), (b"no arrays", "this is no file of NumPy arrays."),
    (b"PK\x03\x04 torn", "this is no file of NumPy arrays."), (b"", "this is no file of NumPy arrays."),
])
def test_arrays_that_are_not_there_tell_how_to_make_them(
    picturing: Maker, box: Box, data: bytes | None, problem: str
) -> None:
    """The command that makes the file stands in the course."""
    course = picturing(OF_ARRAYS, show=TRAINED)
    if data is not None:
        (course.root / "model.npz").write_bytes(data)
    with pytest.raises(UsageError, match=re.escape(problem)) as caught:
        draw(course, course.maps[0], "x", box)
    assert (caught.value.where, caught.value.fix) == ("model.npz", "make it with: make it so")


def test_arrays_are_never_unpickled(picturing: Maker, box: Box, tmp_path: Path) -> None:
    """A pickle in the file is refused, and does nothing; a link is not followed, and a giant not read."""

    class Trap:
        def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
            return os.system, (f"touch '{tmp_path / 'sprung'}'",)

    course = picturing(OF_ARRAYS, show=TRAINED)
    file = course.root / "model.npz"
    np.savez(file, a=np.array([Trap()], dtype=object))
    with pytest.raises(UsageError, match="this is no file of NumPy arrays"):
        draw(course, course.maps[0], "x", box)
    assert not (tmp_path / "sprung").exists()
    with file.open("wb") as giant:
        giant.truncate((64 << 20) + 1)
    with pytest.raises(UsageError, match="this file is larger than 65536 KiB"):
        draw(course, course.maps[0], "x", box)
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere.npz")
    (tmp_path / "elsewhere.npz").write_bytes(b"")
    with pytest.raises(UsageError, match="this file is a symbolic link, not a plain file"):
        draw(course, course.maps[0], "x", box)


def test_a_map_of_arrays_needs_the_exercises(picturing: Maker, box: Box) -> None:
    """There is no arithmetic in their place."""
    course = picturing(OF_ARRAYS, add=with_total("raise NotImplementedError('1.2 total')"), show=TRAINED)
    np.savez(course.root / "model.npz", a=np.eye(1))
    with pytest.raises(SubmissionError, match=r"^1\.2 total is not written yet, and this map") as caught:
        draw(course, course.maps[0], "x", box)
    assert caught.value.fix == "grader read 1.2"


# The real course


SAVE = """
import sys
from minigpt.text import vocabulary_of
from minigpt.train import SIZES, new_model, save_model
save_model(sys.argv[1], new_model(vocabulary_of("abc \\n"), SIZES["small"]))
"""


def test_every_head_of_a_trained_model_is_drawn(course: Course, box: Box, tmp_path: Path) -> None:
    """Two blocks of four heads, over the characters that the model knows; the shares are a causal map's."""
    home = Path(shutil.copytree(course.root / "starter", tmp_path / "home", ignore=CACHES))
    shutil.copytree(course.reference / "minigpt", home / "minigpt", ignore=CACHES, dirs_exist_ok=True)
    subprocess.run([sys.executable, "-c", SAVE, "my_model.npz"], cwd=home, check=True)
    mine = load_course(home)
    found = draw(mine, map_for(mine, "6"), "a cab É", box).maps
    assert found.words == ("a", "_", "c", "a", "b", "_")
    assert [grid.title for grid in found.grids][3:5] == ["block 0, head 3", "block 1, head 0"]
    assert found.note.endswith("Left out: 1 of 7, unknown to it or too many.")
    for grid in found.grids:
        np.testing.assert_allclose(grid.shares.sum(axis=1), 1, atol=1e-6)
        assert np.triu(grid.shares, 1).max() == 0
    with pytest.raises(SubmissionError, match=r"the model knows none of these characters, only abc"):
        draw(mine, map_for(mine, "6"), "É", box)


@pytest.mark.parametrize("lesson", ["1", "2", "3", "4", "5"])
def test_the_courses_arithmetic_and_the_reference_agree(lesson: str, course: Course, box: Box) -> None:
    """What is shown before an exercise is written is what the right function gives."""
    from grader.submission import read_submission

    wanted = map_for(course, lesson)
    modules = read_submission(course.reference, course.package).modules
    answers = []
    for own in (True, False):
        with box.worker() as worker:
            worker.load(course.package, modules)
            worker.begin(wanted.module, cpu_seconds=5, wall_seconds=20)
            reply = worker.call(wanted.function, ("the old cat saw the 🐱", own), {})
            answers.append(reply.value)  # type: ignore[union-attr]
    assert answers[0]["words"] == answers[1]["words"] == ["the", "old", "cat", "saw", "the", "🐱"]
    for mine, by_hand in zip(answers[0]["maps"], answers[1]["maps"], strict=True):
        np.testing.assert_allclose(mine["shares"], by_hand["shares"], atol=1e-12)
        np.testing.assert_allclose(by_hand["shares"].sum(axis=-1), 1)


def test_the_heads_of_lesson_3_do_what_they_say(course: Course, box: Box) -> None:
    """The first looks at the word before, the third at itself, the last at all alike."""
    found = draw(course, map_for(course, "3"), "one two three four", box)
    before, _, myself, alike = (grid.shares for grid in found.maps.grids)
    assert before.argmax(axis=1).tolist() == [0, 0, 1, 2]
    assert myself.argmax(axis=1).tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(alike[3], 0.25)


def test_the_maps_of_lesson_4_tell_equal_words_apart(course: Course, box: Box) -> None:
    """Without positions the rows of a word that comes twice are one; with any kind of them they are not."""
    found = draw(course, map_for(course, "4"), "the cat sat on the mat", box)
    without, *with_positions = (grid.shares for grid in found.maps.grids)
    np.testing.assert_allclose(without[0], without[4], atol=1e-15)
    assert len(with_positions) == 3
    assert all(np.abs(shares[0] - shares[4]).max() > 0.05 for shares in with_positions)
    assert np.triu(with_positions[-1], 1).max() == 0  # ALiBi: nobody looks ahead


def test_the_maps_of_lesson_5_show_a_wrong_axis(course: Course, box: Box, tmp_path: Path) -> None:
    """A layer_norm over the words instead of the features lights up where there should be nothing."""
    wanted = map_for(course, "5")
    right, _, mixed = (grid.shares for grid in draw(course, wanted, "a bee sees", box).maps.grids)
    assert right.tolist() == np.eye(3).tolist()
    assert (mixed > 0.001).all()
    home = Path(shutil.copytree(course.root / "starter", tmp_path / "home", ignore=CACHES))
    shutil.copytree(course.reference / "minigpt", home / "minigpt", ignore=CACHES, dirs_exist_ok=True)
    module = home / "minigpt" / "feed_forward.py"
    text = module.read_text("utf-8")
    begin, end = text.index("def layer_norm("), text.index("def layer_norm_backward(")
    module.write_text(text[:begin] + text[begin:end].replace("axis=-1", "axis=-2") + text[end:], "utf-8")
    wrong = draw(load_course(home), wanted, "a bee sees", box).maps.grids[0].shares
    assert (wrong > 0.01).all()


def test_a_long_sentence_says_what_is_left_out(course: Course, box: Box) -> None:
    """Only so many words are drawn, and the note says so."""
    found = draw(course, map_for(course, "2"), "word " * 300, box)
    assert len(found.maps.words) == 24
    assert found.maps.note.endswith("Only the first 24 words are shown; 276 more are not.")


# The terminal


def test_the_screens_are_as_agreed() -> None:
    """Numbers where there is room, shades where there is little, sentences with --plain."""
    few = maps("the cat sat", [[1, 0, 0], [0.05, 0.95, 0], [0.2, 0.3, 0.5]], [[np.nan] * 3] * 3)
    many = maps(" ".join(f"word{n}" for n in range(20)))
    screens = [shown(lambda screen: show_maps(few, screen)),
               shown(lambda screen: show_maps(few, screen), encoding="ascii"),
               shown(lambda screen: show_maps(few, screen), plain=True),
               shown(lambda screen: show_maps(many, screen)),
               shown(lambda screen: show_maps(many, screen), width=40)]
    check_golden("show.txt", "\n= = =\n\n".join(screens))


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
@pytest.mark.parametrize("plain", [True, False])
def test_hostile_words_are_harmless_in_the_terminal(encoding: str, plain: bool) -> None:
    """No escape sequence, no control, no workflow command comes out; columns stay in place."""
    text = shown(lambda screen: show_maps(maps(HOSTILE), screen), plain=plain, encoding=encoding)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", text)
    assert not re.search(r"^\s*::", text, re.MULTILINE)
    assert plain or max(map(len, text.splitlines())) <= 80


# The page


def page_of(found: HeatMaps, sentence: str) -> str:
    """Write a page."""
    return render_page(found, Heading("Lesson 2 · Scaling", sentence, "From your own functions."))


def tags(text: str, *only: str) -> Counter[str]:
    """Count the elements that a browser finds."""
    found: Counter[str] = Counter()

    class Finder(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            found[tag] += not only or tag in only

    Finder().feed(text)
    return +found


def test_the_page_is_one_file_and_escapes_what_came_in() -> None:
    """No address, no second script; every word is text, and the policy allows only its own code."""
    text = page_of(maps(HOSTILE), HOSTILE)
    assert not re.search(r"https?:|\bsrc=|\bhref=|@import|url\(", text)
    assert set(tags(text)) == {
        "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "bdi", "div", "section",
        "svg", "text", "rect", "details", "summary", "table", "thead", "tbody", "tr", "th", "td", "script"}
    assert tags(text, "script") == {"script": 1}
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "default-src 'none'; style-src 'sha256-" in text


def test_every_map_has_its_words_cells_and_table() -> None:
    """Rows, columns and numbers of the tree are those of the maps."""
    found = maps("the cat sat", [[1, 0, 0], [0.05, 0.95, 0], [0.2, 0.3, 0.5]], [[np.nan] * 3] * 3)
    text = page_of(found, "the cat sat")
    for number, section in enumerate(re.findall(r"<section>.*?</section>", text, re.DOTALL)):
        tree = ElementTree.fromstring(section)
        assert tree.findtext("h2") == f"map {number}"
        assert [node.text for node in tree.findall("svg/text")][:6:2] == ["the", "cat", "sat"]
        assert len(tree.findall("svg/rect")) == 9
        cells = [node.text for node in tree.findall("details/table/tbody/tr/td")]
        assert cells == (["1.00", "0.00", "0.00", "0.05", "0.95", "0.00", "0.20", "0.30", "0.50"]
                         if number == 0 else ["?"] * 9)


# The command


def run(root: Path, *words: str) -> tuple[int, str]:
    """Run the command in a course."""
    done = CliRunner().invoke(cli, ["show", *words, "--course", str(root)], catch_exceptions=True)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_the_command_draws_and_writes_the_page(picturing: Maker, tmp_path: Path) -> None:
    """The sentence may stand without quotes, or be left out; the page goes to `.grader/` or where asked."""
    root = picturing().root
    code, text = run(root, "1", "x", "y")
    assert code == 0
    assert "1 x █ 1.00 · 0.00" in text
    assert "Source       your own functions" in text
    page = root / ".grader" / "show" / "lesson_1.html"
    assert ">x y</bdi>" in page.read_text(encoding="utf-8")
    run(root, "1", "--output", str(tmp_path / "mine.html"))
    assert ">a b</bdi>" in (tmp_path / "mine.html").read_text(encoding="utf-8")
    assert run(root)[1] == '  Lesson 1 · Adding: grader show 1 "a b"\n'


def test_the_command_names_what_is_missing(picturing: Maker) -> None:
    """The screen says that this is not the student's work yet, and where to read."""
    course = picturing(add=with_total("raise NotImplementedError('1.2 total')"))
    _, text = run(course.root, "1", "x")
    assert "the course's own arithmetic, until 1.2 total is written" in " ".join(text.split())
    assert text.endswith("Next         grader read 1.2\n")


def test_the_commands_of_the_lessons_run_in_a_fresh_starter(course: Course, tmp_path: Path) -> None:
    """Before anything is written they draw, and say by what; lesson 6 says how to train what it draws."""
    home = Path(shutil.copytree(course.root / "starter", tmp_path / "home", ignore=CACHES))
    command = re.compile(r"^grader show (.*?)(?:   #.*)?$", re.MULTILINE)
    lines = [command.findall((lesson.folder / "README.md").read_text("utf-8")) for lesson in course.lessons]
    assert [len(found) for found in lines] == [1] * 6
    for (words,) in lines[:5]:
        code, text = run(home, *shlex.split(words))
        assert code == 0
        assert "the course's own arithmetic, until" in " ".join(text.split())
    with pytest.raises(UsageError, match="this file is not there yet") as caught:
        run(home, *shlex.split(lines[5][0]))
    assert caught.value.fix == "make it with: python -m minigpt train"


def test_a_course_without_maps_says_so() -> None:
    """Without [[show]] there is nothing to list."""
    assert run(TOY) == (0, "  No lesson of this course has a map.\n")


def test_a_page_is_not_written_through_a_link(picturing: Maker, tmp_path: Path) -> None:
    """A link in the page's place is refused before anything is drawn."""
    (tmp_path / "page.html").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="there is a symbolic link at this place"):
        run(picturing().root, "1", "x", "--output", str(tmp_path / "page.html"))


# The browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    """Start one browser for all tests of this file."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def opened(browser: Chrome, course: Course, box: Box, tmp_path: Path) -> Iterator[Chrome]:
    """Open lesson 3's page; the console stays silent and nothing is asked for."""
    sentence = f"the cat {HOSTILE}"
    found = draw(course, map_for(course, "3"), sentence, box).maps
    page = tmp_path / "page.html"
    page.write_text(page_of(found, sentence), encoding="utf-8")
    open_page(browser, page)
    yield browser
    assert complaints(browser) == []
    assert requests(browser) == [page.as_uri()]


def test_the_browser_shows_heads_and_words(opened: Chrome) -> None:
    """Four heads by name; the words stand at both edges as they were written, as far as they fit."""
    titles = [node.text for node in opened.find_elements(By.TAG_NAME, "h2")]
    assert titles == ["head 0: the word before me", "head 1: words with my letters", "head 2: myself",
                      "head 3: no question at all"]
    words = [node.text for node in opened.find_elements(By.CSS_SELECTOR, "section:first-child svg > text")]
    assert words[:4] == ["the", "the", "cat", "cat"]
    assert "שלום" in words
    assert opened.find_element(By.CSS_SELECTOR, ".sentence").text.startswith('the cat say "<script>')


def said(browser: Chrome) -> list[str]:
    """Read what stands below the maps, without the marks that keep words apart."""
    return [re.sub("[\u2068\u2069]", "", node.text) for node in browser.find_elements(By.CLASS_NAME, "said")]


def test_the_keyboard_and_the_mouse_move_through_a_map(opened: Chrome) -> None:
    """Arrows, Home and End move the mark in all maps, and stop at the edge; so does the mouse."""
    first = opened.find_element(By.TAG_NAME, "svg")
    first.send_keys(Keys.ARROW_DOWN)
    assert said(opened)[0] == "cat → the: 0.99"
    assert said(opened)[3] == "cat → the: 0.50"
    first.send_keys(Keys.ARROW_LEFT, Keys.ARROW_RIGHT)
    assert said(opened)[2] == "cat → cat: 0.99"
    first.send_keys(Keys.END, Keys.ARROW_RIGHT, Keys.HOME, Keys.ARROW_UP, Keys.ARROW_UP)
    assert said(opened)[0] == "the → the: 1.00"
    assert len(opened.find_elements(By.CSS_SELECTOR, "rect.here")) == 4
    cell = opened.find_element(By.CSS_SELECTOR, 'rect[data-row="2"][data-column="1"]')
    ActionChains(opened).move_to_element(cell).perform()
    assert said(opened)[0] == "say → cat: 0.97"
    live = [node.get_attribute("aria-live") for node in opened.find_elements(By.CLASS_NAME, "said")]
    assert live[0] == "polite"


@pytest.mark.parametrize(("scheme", "paper"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 24, 29)")])
def test_the_page_follows_light_and_dark(opened: Chrome, scheme: str, paper: str) -> None:
    """The background is the one of the scheme, and the ink stands out from every cell."""
    prefer(opened, scheme)
    colour = "return getComputedStyle(arguments[0]).getPropertyValue(arguments[1])"
    body = opened.find_element(By.TAG_NAME, "body")
    assert opened.execute_script(colour, body, "background-color") == paper
    lowest = opened.execute_script(CONTRASTS, scheme)
    assert lowest >= 4.5


CONTRASTS = """
const channels = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
const light = c => { const l = c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  return .2126 * l[0] + .7152 * l[1] + .0722 * l[2]; };
const paper = channels(getComputedStyle(document.body).backgroundColor);
const numbers = [...document.querySelectorAll('svg text[aria-hidden]')];
return Math.min(...numbers.map(text => {
  const rect = text.previousElementSibling, share = Number(rect.getAttribute('fill-opacity'));
  const cell = channels(getComputedStyle(rect).fill).map((v, n) => v * share + paper[n] * (1 - share));
  const [high, low] = [light(channels(getComputedStyle(text).fill)), light(cell)].sort((a, b) => b - a);
  return (high + .05) / (low + .05);
}));
"""
