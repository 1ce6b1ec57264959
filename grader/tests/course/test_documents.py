"""The student's documents and the teacher's guide: links, files, numbers, commands, and what they promise."""

from __future__ import annotations

import ast
import math
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from grader.build import plan_build, write_build
from grader.cli.group import COMMANDS
from grader.course import Course
from grader.course.headings import anchors, slug
from grader.grading.scoring import points_on_path

ROOT = Path(__file__).resolve().parents[3]
ASSIGNMENTS = ROOT / "assignments"
TEMPLATE = ASSIGNMENTS / "template"
GUIDE = "../README.md"
STUDENTS = ("README.md", "GETTING_STARTED.md", "quick_reference.md", "MY_PROGRESS.md", "RESOURCES.md",
            "PROJECTS.md")
WORDS_A_MINUTE = 200
OF_THE_READER = ("my_text.txt", "my_project.py", "my_model.npz", ".venv/bin/grader", "answers/me.toml")
OF_THE_PLAN = ("10 to 15 hours, lessons 1", "20 to 25 hours, all lessons", "30 to 40 hours |",
               "20 to 30 hours |")
OTHERS = ("20 points, and its score", "20 points at each", "2 hours a day", "2 hours or weekends",
          "100 points should", "weighs the others to 100 points")
DIFFICULTY = {"1": 3, "2": 3, "3": 4, "4": 3, "5": 3, "6": 5}  # a judgement; two tables must agree on it
CRITICAL = {"1": "everybody", "2": "master", "3": "everybody", "4": "master", "5": "builder, master",
            "6": "everybody"}

each_student_page = pytest.mark.parametrize("page", STUDENTS)
each_page = pytest.mark.parametrize("page", (*STUDENTS, GUIDE))
posix_only = pytest.mark.skipif(os.name == "nt", reason="the commands are for a POSIX shell")


def read(page: str) -> str:
    """Read a document; its place is relative to the template."""
    return (TEMPLATE / page).read_text(encoding="utf-8")


def prose(text: str) -> str:
    """Take the fenced blocks out of a document."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def section(text: str, heading: str) -> str:
    """Give the text under a heading, up to the next one of its rank or above."""
    rank = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert rank, heading
    return re.split(rf"^#{{1,{len(rank[1])}}} ", text[rank.end():], maxsplit=1, flags=re.MULTILINE)[0]


def squeeze(text: str) -> str:
    """Make one blank of many."""
    return re.sub(r"[ \t]+", " ", text)


# ---------------------------------------------------------------- the course's numbers


def first_six(course: Course) -> list[str]:
    """Name the lessons that the documents speak of; a Master track comes after them."""
    return [lesson.id for lesson in course.lessons if int(lesson.id) <= 6]


def exercises(course: Course) -> dict[str, tuple[str, tuple[str, ...]]]:
    """List the exercises of the six lessons: id -> function and paths."""
    return {e.id: (e.function, e.paths) for e in course.exercises.values() if e.lesson in first_six(course)}


def on_path(course: Course, path: str, lesson: str | None = None) -> list[str]:
    """List the exercises of a path, of all lessons or of one."""
    found = exercises(course).items()
    return sorted(i for i, (_, paths) in found if path in paths and lesson in (None, i[0]))


def hours(course: Course) -> tuple[int, int]:
    """Add up the hours of the six lessons."""
    pairs = [lesson.hours for lesson in course.lessons if lesson.id in first_six(course)]
    return sum(low for low, _ in pairs), sum(high for _, high in pairs)


def ranges(ids: Sequence[str]) -> str:
    """Write exercises as the pages do: three or more in a row as "1.1 to 1.5"."""
    rows: list[list[str]] = []
    for one in ids:
        follows = rows and rows[-1][-1][:2] == one[:2] and int(one[2:]) == int(rows[-1][-1][2:]) + 1
        rows[-1:] = [[*rows[-1], one]] if follows else [*rows[-1:], [one]]
    parts = [p for r in rows for p in ([f"{r[0]} to {r[-1]}"] if len(r) > 2 else r)]
    return ", ".join(parts[:-1]) + f" and {parts[-1]}"


def lessons_in_words(ids: Sequence[str]) -> str:
    """Write lessons as "1, 2, 3 and 6"."""
    return ", ".join(ids[:-1]) + f" and {ids[-1]}"


def needed_lessons(course: Course, lesson: str) -> str:
    """Say which earlier lessons the exercises of one build on."""
    own = next(one for one in course.lessons if one.id == lesson)
    needs = sorted({need[0] for e in own.exercises for need in e.needs} - {lesson})
    if len(needs) > 2:
        return f"lessons {needs[0]} to {needs[-1]}"
    return f"lesson{'s' if len(needs) > 1 else ''} {' and '.join(needs)}" if needs else ""


def readme_claims(course: Course) -> list[str]:
    """Give what the student's first page must say."""
    rows = [
        f"| [{one.id} {one.title}](assignments/{one.folder.name}/README.md) | `minigpt/{one.module}.py` | "
        f"{len(on_path(course, 'master', one.id))} | {one.hours[0]}–{one.hours[1]} | {DIFFICULTY[one.id]} | "
        f"{CRITICAL[one.id]} |"
        for one in course.lessons if one.id in first_six(course)
    ]
    assert {sum(e.points for e in one.exercises) for one in course.lessons} == {100}
    assert len(first_six(course)) == 6
    return [
        *rows,
        f"Six lessons, {len(exercises(course))} exercises, 100 points each lesson.",
        f"**quick** with {len(on_path(course, 'quick'))} exercises in about {quick_hours(course)} hours, "
        f"**builder** with all {len(on_path(course, 'builder'))},",
    ]


def quick_hours(course: Course) -> int:
    """Read the hours of the quick path, which stand in `course.toml`."""
    text = next(path.text for path in course.paths if path.id == "quick")
    found = re.search(r"about (\d+) hours", text)
    assert found
    return int(found[1])


def guide_claims(course: Course) -> list[str]:
    """Give what the teacher's guide must say."""
    low, high = hours(course)
    whole = {i: on_path(course, "builder", i) for i in first_six(course)}
    quick = {i: on_path(course, "quick", i) for i in first_six(course)}
    rows = [
        f"| {one.id} {one.title} | `{one.module}` | {len(whole[one.id])} | {one.hours[0]}–{one.hours[1]} | "
        f"{len(quick[one.id])} | {needed_lessons(course, one.id)} |".replace("|  |", "| |")
        for one in course.lessons if one.id in first_six(course)
    ]
    hidden = {i: [e for e in whole[i] if e not in quick[i]] for i in whole}
    first = course.lessons[0]
    public = sum(c.points for e in first.exercises for c in e.criteria if c.public)
    weights = points_on_path(first, "quick")
    share = {c.id: c.points for e in first.exercises if e.id in ("1.1", "1.4") for c in e.criteria}
    on_quick = sum(e.points for e in first.exercises if "quick" in e.paths)
    assert share["stable"] == share["false-is-out"] == 4
    return [
        *rows, *(f"| {i} | {', '.join(ids)} |" for i, ids in hidden.items()),
        f"Six lessons of 100 points each, {len(exercises(course))} exercises, {low}–{high} hours for the",
        f"In lesson 1, {public} of the 100 points are public.",
        f"| quick | {len(on_path(course, 'quick'))} | "
        f"{lessons_in_words([i for i, ids in quick.items() if ids])} |",
        f"| builder | {len(on_path(course, 'builder'))} | all six |",
        f"| master | {len(on_path(course, 'master'))}, and the Master track **(later)** | all six |",
        f"These {sum(map(len, hidden.values()))} solutions are disclosed:",
        f"Lesson 1 has {on_quick} points on the quick path.",
        f"has 4 points, and an exact share of {4 * 100 / on_quick:.2f};",
        f"Both keep {4 * 100 // on_quick},",
        f"gets one more: {weights['1.1', 'stable']} and {weights['1.4', 'false-is-out']}.",
        f"`paths` in the rubrics; {len(on_path(course, 'quick'))} exercises, "
        f"about {quick_hours(course)} hours |",
        f"all {len(on_path(course, 'builder'))} exercises |",
        f"about {quick_hours(course)}, 20 to 25, 30 to 40 |",
    ]


def path_claims(course: Course) -> list[str]:
    """Give what "Getting started" must say about paths and plans."""
    low, high = hours(course)
    quick, builder = on_path(course, "quick"), on_path(course, "builder")
    short, long = quick_hours(course), (20, 25)
    assert low <= long[0] <= high <= long[1]
    chosen = [one for one in course.lessons if one.id in {i[0] for i in quick}]
    assert sum(one.hours[0] for one in chosen) <= short <= sum(one.hours[1] for one in chosen)
    assert {i for i in builder if not i.startswith(("4", "5"))} >= set(quick)
    weeks = [math.ceil(2 * long[0] / 5), math.ceil(2 * long[1] / 5)]
    by_day = section(read("GETTING_STARTED.md"), "2 hours a day")
    days = [row.split("|")[2:4] for row in by_day.splitlines() if re.match(r"\| \d+ \|", row)]
    assert 2 * sum(1 for quick_day, _ in days if quick_day.strip() and "spare" not in quick_day) == short
    assert long[0] <= 2 * len(days) <= long[1]
    return [
        f"| lessons | {lessons_in_words([one.id for one in chosen])} | 1 to 6 | 1 to 6, then the",
        f"| exercises | {len(quick)} | {len(builder)} | {len(on_path(course, 'master'))}, and more in",
        "| examples | 1, 2 and 6 | all six | all six |",
        f"| hours | about {short} | {long[0]} to {long[1]} | 30 to 40 |",
        f"The hours of the lessons alone are {low}–{high};",
        f"**Quick** has the exercises {ranges(quick)}.",
        f"Quick takes about {2 * short} such days, builder {2 * long[0]} to {2 * long[1]}; with five days a "
        f"week that is about {math.ceil(2 * short / 5)} weeks, or {weeks[0]} to {weeks[1]}.",
        "each lesson is worth 100 points:", "worth 20 points beside the points of the lessons",
    ]


def quiz_claims() -> list[str]:
    """Give the answers of the self-check, worked out here."""
    assert (np.ones((2, 3)) @ np.ones((3, 5))).shape == (2, 5)
    assert (np.ones((4, 3)) + np.ones(3)).shape == (4, 3)
    assert np.ones((2, 5, 7)).sum(-1).shape == (2, 5)
    assert np.ones((2, 5, 7)).sum(-1, keepdims=True).shape == (2, 5, 1)
    dot = [a * b for a, b in zip((1, 2, 3), (4, 0, -1), strict=True)]
    slope = ((2 * 4.001 - 6) ** 2 - (2 * 3.999 - 6) ** 2) / 0.002
    return [
        "1. A `[2, 3]` matrix times a `[3, 5]` matrix:", "1. `[2, 5]`.",
        "2. An array of shape `[4, 3]` and one of shape `[3]`",
        "2. It adds the three numbers to each of the four",
        "3. You sum an array of shape `[2, 5, 7]`", "3. `[2, 5]`, and `[2, 5, 1]`.",
        "4. What is the dot product of [1, 2, 3] and [4, 0, −1]?",
        f"4. {dot[0]} + {dot[1]} − {-dot[2]} = {sum(dot)}.",
        "7. The loss is $L = (2x − 6)^2$. What is its slope at x = 4?",
        f"7. 2 · (2x − 6) · 2, at x = 4 that is {slope:.0f}.",
    ]  # fmt: skip


def model_claims() -> list[str]:
    """Give the sizes of the famous models, counted again from their layers."""
    def parameters(layers: int, width: int, vocabulary: int, context: int) -> int:
        return layers * (12 * width**2 + 13 * width) + 2 * width + (vocabulary + context) * width

    init_gpt, count = (getattr(reference_module("parameters"), n) for n in ("init_gpt", "count_parameters"))
    own = count(init_gpt(np.random.default_rng(0), 30, 32, 2, 64))
    assert own == parameters(2, 64, 30, 32)
    small, extra = parameters(12, 768, 50_257, 1_024), parameters(48, 1_600, 50_257, 1_024)
    third = parameters(96, 12_288, 50_257, 2_048)
    assert 768 // 12 == 1_600 // 25 == 64
    assert 1.5e9 < extra < 1.6e9
    return [
        f"| 2 | 64 | 4 | about 30 characters | 32 | about {own / 1e3:.0f} thousand |",
        f"| 12 | 768 | 12 | 50,257 | 1,024 | {small / 1e6:.0f} million |",
        "| 48 | 1,600 | 25 | 50,257 | 1,024 | 1.5 billion |",  # as its makers write; exactly it is 1.56
        f"| 96 | 12,288 | 96 | 50,257 | 2,048 | {third / 1e9:.0f} billion |",
    ]


def reference_module(name: str) -> object:
    """Import a module of the reference's package."""
    sys.path.insert(0, str(ROOT / "reference"))
    try:
        return import_module(f"minigpt.{name}")
    finally:
        sys.path.remove(str(ROOT / "reference"))


def claims(course: Course) -> dict[str, list[str]]:
    """Collect what each page must say, each exactly once."""
    return {
        "README.md": readme_claims(course),
        "GETTING_STARTED.md": [*path_claims(course), *quiz_claims(), *model_claims()],
        GUIDE: guide_claims(course),
    }


def first_wrong(text: str, wanted: Sequence[str]) -> str | None:
    """Name the first claim that a text does not make exactly once."""
    squeezed = squeeze(text)
    return next((claim for claim in wanted if squeezed.count(claim) != 1), None)


@pytest.mark.parametrize("page", ["README.md", "GETTING_STARTED.md", GUIDE])
def test_every_number_about_the_course_is_right(page: str, course: Course) -> None:
    """Hours, exercises, points and answers are those of the course data and of plain arithmetic."""
    assert first_wrong(read(page), claims(course)[page]) is None


@pytest.mark.parametrize("page", ["README.md", "GETTING_STARTED.md", GUIDE])
def test_every_number_about_the_course_is_checked(page: str, course: Course) -> None:
    """A page in which one such number is changed is caught."""
    text, wanted = read(page), claims(course)[page]
    counted = r"(?=(?:–\d+| to \d+)? (?:hours|exercises|points|solutions|lessons)\b)"
    shown = prose_with_blanks(text)
    for other in OF_THE_PLAN + OTHERS:  # these are numbers of something else
        shown = shown.replace(other, " " * len(other))
    numbers = list(re.finditer(rf"(?<![\w.,])\d+{counted}", shown))
    assert numbers
    for match in numbers:
        changed = str((int(match[0][-1]) + 1) % 10)
        mutant = text[: match.end() - 1] + changed + text[match.end():]
        line = text.count("\n", 0, match.start()) + 1
        assert first_wrong(mutant, wanted), f"{page}:{line}: nothing checks the number {match[0]}"


def prose_with_blanks(text: str) -> str:
    """Blank out fenced blocks, so that places stay what they are."""
    return re.sub(r"^```.*?^```$", lambda m: " " * len(m[0]), text, flags=re.DOTALL | re.MULTILINE)


# ---------------------------------------------------------------- links, files, sections, exercises


@pytest.fixture(scope="module")
def starter(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the student's repository, as `grader build --output` does."""
    home = tmp_path_factory.mktemp("documents") / "repository"
    write_build(course, plan_build(course), home)
    return home


def place(page: str, starter: Path) -> Path:
    """Say where a page is read: the guide in the teacher's repository, the others in a student's."""
    return ASSIGNMENTS / "README.md" if page == GUIDE else starter / page


@each_page
def test_every_link_leads_somewhere(page: str, starter: Path) -> None:
    """Each relative link names a file that is there, and a heading of it."""
    here = place(page, starter)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(read(page))):
        assert not link.startswith("http"), "an address may rot; name the work instead"
        file, _, anchor = link.partition("#")
        target = here.parent / file if file else here
        assert target.is_file(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


@each_student_page
def test_every_named_file_is_in_the_repository(page: str, starter: Path) -> None:
    """Each file or folder that a page names in code type is one that a student has."""
    named = re.findall(r"`((?:\.?[\w.-]+/)*[\w.-]+\.(?:py|md|toml|txt|ini|npz)|[\w/]+/)`", prose(read(page)))
    for name in set(named) - set(OF_THE_READER):
        found = (starter / name).exists() or any((starter / "minigpt").glob(name)) or any(
            (starter / "assignments").glob(f"*/{name}"))
        assert found, name


def test_the_guide_names_only_files_that_exist(course: Course) -> None:
    """Each file that the teacher's guide names is in the course, in the template or in a lesson."""
    text = read(GUIDE)
    homes = [ROOT, ASSIGNMENTS, TEMPLATE, ROOT / "reference", course.lessons[0].folder,
             ASSIGNMENTS / "checkpoints"]
    named = set(re.findall(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|md|toml|txt|ini|npz))`", prose(text)))
    for name in named:
        made = ("reference/minigpt/rms.py", "answers/me.toml", "release-body.md")  # by commands
        assert "07_root" in name or name in made or any(
            (home / name).exists() for home in homes), name


@each_page
def test_every_exercise_that_is_named_exists(page: str, course: Course) -> None:
    """A number such as 5.7 in a page is an exercise of the course."""
    others = r"(?:Python|Linux) \d\.\d+|must be 3\.11|arXiv:[\d.]+|`[^`]*`|\$[^$]*\$"
    text = re.sub(others, "", prose(read(page)))
    known = exercises(course)
    of_the_paper = re.findall(r"^\| (\d\.\d(?:\.\d)?) \w", text, re.MULTILINE)
    text = re.sub(r"^\| \d\.\d(?:\.\d)? (?=\w)", "| ", text, flags=re.MULTILINE)
    assert len(of_the_paper) == (7 if page == "GETTING_STARTED.md" else 0)
    for name in re.findall(r"(?<![\w.,/×=])(?<!about )[1-7]\.\d{1,2}(?![\d.]|\d| billion)", text):
        assert name in known or name in ("7.1", "5.33", "0.7", "1.0", "1.5"), name


def sections_named(row: str) -> list[tuple[str, str]]:
    """List the sections that a row of the coverage table names, with the page that each is on."""
    found, page = [], ""
    for part in re.findall(r"\bG,|\w+\.md|[Ll]esson \d|\"[^\"]+\"", row):
        if not part.startswith('"'):
            page = part
        elif page:
            found.append((page, part.strip('"')))
    return found


def test_the_coverage_table_points_at_sections_that_exist(course: Course) -> None:
    """Every row of the table of the plan says where, and the section is there."""
    table = section(read(GUIDE), "What of the plan is covered, and where")
    rows = [row.strip("|").split("|") for row in table.splitlines() if row.startswith("| ")]
    rows = [row for row in rows if row[0].strip() != "item of the plan"]
    assert len(rows) > 70
    headings = {f"{one.id}": one.folder / "README.md" for one in course.lessons}
    for item, where in rows:
        assert item.strip()
        assert where.strip()
        for page, heading in sections_named(where):
            path = TEMPLATE / ("GETTING_STARTED.md" if page == "G," else page)
            if page[:1] in "Ll" and page[-1].isdigit():
                path = headings[page[-1]]
            text = path.read_text(encoding="utf-8")
            assert slug(heading) in anchors(text) or f"**{heading}.**" in text, f"{item}: {heading}"


def test_what_comes_later_is_not_there_yet() -> None:
    """A command that the guide marks as coming later is none of the grader's, or the mark must go."""
    marked = re.findall(r"commands? `(\w+)`[^|.\n]* \*\*\(later\)\*\*", read(GUIDE))
    assert [name for name in marked if name in COMMANDS] == []


@each_student_page
def test_students_are_promised_nothing_that_comes_later(page: str) -> None:
    """A student's page has no marks of unfinished work."""
    assert not re.search(r"\*\*\((later|being built)\)\*\*|TODO:|to be written", read(page))


@each_page
def test_has_one_sentence_a_line(page: str) -> None:
    """No line of running text goes on after a full stop, so that changes are easy to read."""
    text = re.sub(r'`[^`]*`|"[^"]*"|\([^)]*\)', "x", prose(read(page)))
    lines = [line for line in text.splitlines() if re.match(r"[A-Z*]", line)]
    assert [line for line in lines if re.search(r"[a-z]{2}[.?] [A-Z]", line)] == []


def test_says_truly_how_long_it_is() -> None:
    """The reading time of "Getting started" is its words outside code, at 200 a minute."""
    text = read("GETTING_STARTED.md")
    words = len(re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", prose(text)))
    stated = re.search(r"Reading time: about (\d+) minutes", text)
    assert stated
    assert int(stated[1]) == round(words / WORDS_A_MINUTE)


def test_the_progress_list_marks_what_is_not_on_the_quick_path(course: Course) -> None:
    """Each exercise off the quick path says so, and each lesson has its ticks for text and example."""
    text = read("MY_PROGRESS.md")
    for name, (function, paths) in exercises(course).items():
        off = "" if "quick" in paths else " (builder and master paths)"
        assert f"\n- [ ] {name} {function}{off}\n" in text
    for tick in ("Read the lesson", "Run the example", "Run the example again, with my own functions"):
        assert text.count(f"- [ ] {tick}\n") == len(first_six(course))
    for lesson in course.lessons:
        if lesson.id in first_six(course):
            assert f"\n## Lesson {lesson.id} · {lesson.title}\n" in text


def test_the_reference_page_has_the_right_sizes() -> None:
    """The sizes of GPT-2 and the count of a block's parameters are right."""
    text = read("quick_reference.md")
    assert 4 * 768 == 3_072
    assert "| 3,072 |" in text
    width = 8
    block = 4 * width + (3 * width * width + 3 * width) + (width * width + width) + (
        4 * width * width + 4 * width) + (4 * width * width + width)
    assert block == 12 * width**2 + 13 * width
    assert "One block has $12 D^2 + 13 D$ parameters." in text


@each_student_page
def test_gives_no_solution_away(page: str) -> None:
    """No page holds Python that computes: only the project's script, which calls what is given."""
    blocks = re.findall(r"^```python\n(.*?)^```$", read(page), re.MULTILINE | re.DOTALL)
    assert len(blocks) == (1 if page == "PROJECTS.md" else 0)
    for block in blocks:
        nodes = list(ast.walk(ast.parse(block)))
        assert not [node for node in nodes if isinstance(node, ast.BinOp | ast.FunctionDef)]
    assert not re.search(r"\bnp\.\w+\(", read(page))


def test_works_are_named_once_and_with_a_year_or_an_author() -> None:
    """No work stands twice under one number, and the numbers look like arXiv's."""
    text = read("RESOURCES.md")
    numbers = Counter(re.findall(r"arXiv:(\d\S*?)[.,:]?(?=\s)", text))
    assert len(numbers) > 25
    assert {name: n for name, n in numbers.items() if n > 1} == {}
    assert [name for name in numbers if not re.fullmatch(r"\d{4}\.\d{4,5}", name)] == []


# ---------------------------------------------------------------- commands


def shell(command: str, home: Path) -> tuple[int, str]:
    """Run a line of a page with this interpreter and this grader; give the exit code and all it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1",
                    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b.c",
                    "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b.c"}
    words = {"grader": f"'{sys.executable}' -m grader", "python": f"'{sys.executable}'"}
    line = re.sub(r"^(grader|python)\b", lambda match: words[match[1]], command.strip())
    done = subprocess.run(["bash", "-c", line], cwd=home, env=environment, capture_output=True,
                          encoding="utf-8", check=False, stdin=subprocess.DEVNULL, timeout=900)
    return done.returncode, done.stdout + done.stderr


def commands(page: str) -> list[str]:
    """List the lines of a page's shell blocks, without those that install, or that never end (a watch)."""
    blocks = re.findall(r"^ *```bash\n(.*?)^ *```$", read(page), re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if not re.match(r"pip |python -m venv|\.venv/|.*--watch", line)]


@pytest.fixture
def repository(starter: Path, tmp_path: Path) -> Path:
    """Give a student's repository under git, with a place to push to."""
    home = tmp_path / "mine"
    shutil.copytree(starter, home)
    for line in ("git init -q -b main", f"git init -q --bare '{tmp_path / 'remote'}'",
                 f"git remote add origin '{tmp_path / 'remote'}'",
                 "git add -A && git commit -qm start && git push -q -u origin main"):
        code, printed = shell(line, home)
        assert code == 0, printed
    (home / "minigpt" / "notes.txt").write_text("changed", encoding="utf-8")
    return home


@posix_only
@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("page", ["README.md", "GETTING_STARTED.md", "quick_reference.md"])
def test_every_command_of_a_student_works(page: str, repository: Path) -> None:
    """Each command of a page runs in a new repository; a check exits with 1, since nothing is solved."""
    lines = commands(page)
    assert lines
    for line in dict.fromkeys(lines):
        code, printed = shell(line, repository)
        if "compare_with_pytorch" in line:
            assert code in (0, 2), printed  # 2 where PyTorch is not installed
        else:
            unsolved = line.startswith(("grader check", "python -m minigpt"))
            wanted = 2 if "--pdb" in line else int(unsolved)  # 2: left the debugger
            assert code == wanted, f"{line}\n{printed}"
        assert "--pdb" in line or "Traceback" not in printed, line


def test_the_first_check_looks_as_the_page_shows(starter: Path) -> None:
    """The lines of the README's sample are what the third command prints."""
    sample = re.search(r"^```text\n(.*?)^```$", read("README.md"), re.MULTILINE | re.DOTALL)
    assert sample
    _, printed = shell("grader check 1", starter)
    assert sample[1] in printed


def test_what_is_optional_is_what_the_project_calls_so() -> None:
    """Each package that a student may install is an extra of the grader's project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    known = {re.split(r"\W", name)[0] for names in extras for name in names}
    assert set(re.findall(r"^pip install (\w+)$", read("GETTING_STARTED.md"), re.MULTILINE)) == {
        "matplotlib", "torch"} <= known


@posix_only
def test_the_guides_commands_work(tmp_path: Path, course: Course) -> None:
    """The commands of the teacher outside the walk grade, and build the repository of the quick path."""
    text = read(GUIDE).split("## Keep hidden tests private")[1]
    lines = re.findall(r"^```bash\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)
    assert lines == ["grader grade path/to/submission", "grader grade path/to/submission --path quick",
                     "grader build --path quick --vendor-wheel --output ../quick_starter"]
    for line in lines[:2]:
        code, printed = shell(line.replace("path/to/submission", "reference --lesson 1"), ROOT)
        assert code == 0, printed
    code, printed = shell(lines[2].replace("..", str(tmp_path)), ROOT)
    assert code == 0, printed
    home = tmp_path / "quick_starter"
    assert disclosed(home, course) == sorted(set(on_path(course, "builder")) - set(on_path(course, "quick")))
    code, printed = shell("grader check", home)
    assert code == 1
    assert sorted(set(re.findall(r"^ +\S (\d\.\d) ", printed, re.MULTILINE))) == on_path(course, "quick")


def disclosed(home: Path, course: Course) -> list[str]:
    """List the exercises whose solutions stand in a built repository."""
    found = []
    for exercise in course.exercises.values():
        tree = ast.parse((home / "minigpt" / f"{exercise.module}.py").read_text(encoding="utf-8"))
        body = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == exercise.function)
        if "NotImplementedError" not in ast.unparse(body):
            found.append(exercise.id)
    return sorted(found)


def test_the_projects_script_runs(tmp_path: Path, course: Course) -> None:
    """The lines of PROJECTS.md train and write, here for two steps, with the reference."""
    package = ROOT / "reference" / "minigpt"
    block = re.search(r"^```python\n(.*?)^```$", read("PROJECTS.md"), re.MULTILINE | re.DOTALL)
    assert block
    shutil.copytree(package, tmp_path / "minigpt", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "my_text.txt").write_text("the cat sat on the mat.\n" * 40, encoding="utf-8")
    shorter = "import minigpt.train as t\nt.SIZES['small'] = t.SIZES['small']._replace(steps=2, warm_up=1)\n"
    (tmp_path / "my_project.py").write_text(shorter + block[1], encoding="utf-8")
    code, printed = shell("python my_project.py", tmp_path)
    assert code == 0, printed
    assert (tmp_path / "my_model.npz").is_file()
    assert "validation loss" in printed
