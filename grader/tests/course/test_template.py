"""The files that every student's repository starts with, and the teacher's guide."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import click
import pytest

from grader.build import plan_build
from grader.cli.group import COMMANDS
from grader.course import Course
from grader.sandbox.allowed import ALLOWED_MODULES, NUMPY_MODULES, STANDARD_MODULES

ROOT = Path(__file__).resolve().parents[3]
ASSIGNMENTS = ROOT / "assignments"
TEMPLATE = ASSIGNMENTS / "template"
TOY = Path(__file__).resolve().parents[1] / "toy_course"
LESSON_PAGE = "01_attention_mechanism/README.md"
STUDENTS = ("README", "GETTING_STARTED", "quick_reference", "MY_PROGRESS", "RESOURCES", "PROJECTS")
PAGES = tuple(ASSIGNMENTS / page for page in (*(f"template/{name}.md" for name in STUDENTS), "README.md",
                                              LESSON_PAGE))
WITHOUT_COMMANDS = ("MY_PROGRESS.md", "RESOURCES.md", "PROJECTS.md")
MARKERS = ("<!-- grader:progress:start -->", "<!-- grader:progress:end -->")


def read(name: str) -> str:
    """Read a file of the template."""
    return (TEMPLATE / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ASSIGNMENTS)))
def test_promises_only_commands_that_exist(page: Path) -> None:
    """Each command in a page is one of the grader's, with options that it takes."""
    text = page.read_text(encoding="utf-8")
    # A command stands in backticks or fills a line of a block; elsewhere "grader" is a word.
    calls = re.findall(r"(?:^ *|`)(?:\S*/)?grader ([a-z]+(?:-[a-z]+)*)([^`\n]*)", text, re.MULTILINE)
    assert calls or page.name in WITHOUT_COMMANDS
    for name, rest in calls:
        assert name in COMMANDS
        command = import_module(COMMANDS[name].module).command
        assert isinstance(command, click.Command)
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ASSIGNMENTS)))
def test_fits_a_terminal_without_emoji(page: Path) -> None:
    """No page needs a picture character to be understood."""
    assert re.findall(r"[\U0001F000-\U0001FAFF\u2600-\u27BF]", page.read_text(encoding="utf-8")) == []


def test_set_up_is_three_commands() -> None:
    """The first block of the student's page sets everything up in three commands."""
    block = re.search(r"```bash\n(.*?)```", read("README.md"), re.DOTALL)
    assert block is not None
    assert block[1].splitlines() == [
        "python -m venv .venv",
        ".venv/bin/pip install -r requirements.txt",
        ".venv/bin/grader check 1",
    ]


def test_names_only_files_that_a_student_has() -> None:
    """Each file that the student's page links or runs is in the course or the template."""
    text = read("README.md")
    for path in re.findall(r"assignments/\w+/\w+\.\w+", text):
        assert (ROOT / path).is_file()
    for name in ("MY_PROGRESS.md", "requirements.txt", "pytest.ini"):
        assert f"`{name}`" in text or f"[{name}]({name})" in text
        assert (TEMPLATE / name).is_file()


def test_requires_this_version_of_the_grader() -> None:
    """The students install the grader that this repository is."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [line for line in read("requirements.txt").splitlines() if line and not line.startswith("#")]
    assert wanted == [f"{project['name']}=={project['version']}"]


def test_progress_lists_every_exercise_between_its_markers() -> None:
    """The list has one box for each exercise of the course, and the notes stand outside."""
    text = read("MY_PROGRESS.md")
    assert [text.count(marker) for marker in MARKERS] == [1, 1]
    inside = text.split(MARKERS[0])[1].split(MARKERS[1])[0]
    listed = re.findall(r"^- \[ \] (\d\.\d) (\w+)", inside, re.MULTILINE)
    lessons = tomllib.loads((ASSIGNMENTS / "course.toml").read_text(encoding="utf-8"))["lessons"]
    texts = [(ASSIGNMENTS / lesson / "rubric.toml").read_text(encoding="utf-8") for lesson in lessons]
    assert listed == [(e["id"], e["function"]) for text in texts for e in tomllib.loads(text)["exercise"]]
    assert "## My notes" in text.split(MARKERS[1])[1]


def test_the_quick_reference_lists_what_may_be_imported() -> None:
    """The page and the rule of the box name the same modules, in the same order."""
    table = read("quick_reference.md").split("## What you may import")[1]
    lines = [line.strip("| ").split("|", 1) for line in table.splitlines() if line.startswith("| ")]
    rows = {of.strip(): tuple(re.findall(r"`([\w.]+)`", modules)) for of, modules in lines}
    assert rows["NumPy"] == NUMPY_MODULES
    assert rows["the standard library"] == STANDARD_MODULES
    assert {name for names in rows.values() for name in names} == ALLOWED_MODULES


def student_copy(home: Path) -> Path:
    """Make a student's copy of the toy course, with the template of the real one."""
    shutil.copytree(TEMPLATE, home)
    hidden = shutil.ignore_patterns("test_hidden.py", "misconceptions.py", "template", "__pycache__")
    shutil.copytree(TOY / "assignments", home / "assignments", ignore=hidden)
    shutil.copytree(TOY / "reference" / "toypkg", home / "toypkg")
    toml = home / "assignments" / "course.toml"
    toml.write_text(f'edition = "student"\n{toml.read_text(encoding="utf-8")}', encoding="utf-8")
    return home


def plain_pytest(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder the way a student or an editor does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    return subprocess.run(
        command, cwd=home, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=600
    )


def test_plain_pytest_runs_the_students_own_functions(tmp_path: Path) -> None:
    """With the template's settings, pytest finds the public tests and calls the student's functions."""
    home = student_copy(tmp_path / "repository")
    done = plain_pytest(home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "`grader check` gives the score" in done.stdout
    assert "configfile: pytest.ini" in done.stdout


def test_plain_pytest_stops_at_the_students_mistake(tmp_path: Path) -> None:
    """A wrong function fails there too, in the student's own file."""
    home = student_copy(tmp_path / "repository")
    mistake = "def add(a, b):\n    raise ValueError('mine')\n"
    (home / "toypkg" / "add.py").write_text(mistake, encoding="utf-8")
    done = plain_pytest(home)
    assert done.returncode == 1
    assert "add.py:2: ValueError" in done.stdout


def test_vs_codes_test_explorer_finds_and_runs_the_public_tests(tmp_path: Path) -> None:
    """With the arguments of the settings, pytest collects the tests by file, and runs one of them."""
    told = json.loads(read(".vscode/settings.json"))
    assert (told["python.testing.pytestEnabled"], told["python.testing.unittestEnabled"]) == (True, False)
    home = student_copy(tmp_path / "repository")
    words = (f"--rootdir={home}", *told["python.testing.pytestArgs"])
    found = plain_pytest(home, *words, "--collect-only", "-q")
    tests = [line for line in found.stdout.splitlines() if "::" in line]
    assert "assignments/01_add/test_public.py::test_small_arrays_are_added" in tests
    done = plain_pytest(home, f"--rootdir={home}", tests[0])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "`grader check` gives the score" in done.stdout


def test_the_container_sets_up_as_the_readme_does() -> None:
    """What is run after it is made are the README's first two commands, as an ordinary user."""
    container = json.loads(read(".devcontainer/devcontainer.json"))
    block = re.search(r"```bash\n(.*?)```", read("README.md"), re.DOTALL)
    assert block is not None
    assert container["postCreateCommand"] == " && ".join(block[1].splitlines()[:2])
    lines = read(f".devcontainer/{container['build']['dockerfile']}").splitlines()
    assert [line for line in lines if line.startswith("USER")] == [f"USER {container['remoteUser']}"]
    image = re.search(r"^FROM python:3\.(\d+)", "\n".join(lines), re.MULTILINE)
    assert image
    assert int(image[1]) >= 11
    wanted = json.loads(read(".vscode/extensions.json"))["recommendations"]
    assert container["customizations"]["vscode"]["extensions"] == wanted


def test_settings_and_hidden_files_are_shipped(course: Course) -> None:
    """What begins with a dot in the template is in the starter, workflows included."""
    hidden = [path.relative_to(TEMPLATE).as_posix() for path in TEMPLATE.rglob("*") if path.is_file()
              and path.relative_to(TEMPLATE).parts[0].startswith(".")]
    assert {".gitignore", ".vscode/settings.json", ".devcontainer/devcontainer.json"} <= set(hidden)
    assert {f"starter/{name}" for name in hidden} <= set(plan_build(course))


@pytest.mark.parametrize("secret", ["test_hidden.py", "misconceptions.py", "goldens.npz", "reference/"])
def test_the_guide_names_every_secret(secret: str) -> None:
    """The teacher's guide lists what must never reach a student."""
    guide = (ASSIGNMENTS / "README.md").read_text(encoding="utf-8")
    private = guide.split("## Keep hidden tests private")[1].split("\n## ")[0]
    assert re.search(rf"^- `(assignments/\*/)?{re.escape(secret)}`$", private, re.MULTILINE)
