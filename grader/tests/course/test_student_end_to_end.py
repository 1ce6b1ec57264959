"""A student's first evening, from the clone to a solved lesson, with nothing but the starter.

The repository is built with the grader in it, and installed as its README says, in an environment of its
own. That needs a package index for NumPy and the others; without one, these tests are skipped.
Other interpreters are looked for in GRADER_PYTHON_3_13 (a path), on PATH, and among pyenv's.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grader.build import plan_build, write_build
from grader.build.wheel import with_wheel
from grader.course import Course
from grader.course.shipped import SHIPPED, content_digest
from grader.submission.functions import function_text

pytestmark = pytest.mark.skipif(os.name == "nt", reason="this student works in a POSIX terminal")

SECONDS = 600
PAGE = "assignments/01_attention_mechanism/README.md"
NO_INDEX = ("No matching distribution", "Could not find a version", "Connection", "Temporary failure")


def interpreter(version: str) -> str:
    """Find a Python of a version, or skip with the places that were looked at."""
    candidates = [os.environ.get(f"GRADER_PYTHON_{version.replace('.', '_')}"),
                  sys.executable if sys.version.startswith(f"{version}.") else None,
                  *map(str, sorted((Path.home() / ".pyenv/versions").glob(f"{version}.*/bin/python"))),
                  shutil.which(f"python{version}")]
    for candidate in filter(None, candidates):
        done = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.startswith(f"Python {version}."):
            return candidate
    pytest.skip(f"no Python {version}: name one with GRADER_PYTHON_{version.replace('.', '_')}")


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str


@dataclass
class Student:
    """Somebody with a repository, an environment in it, and nothing else."""

    root: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """Give what a fresh shell would have."""
        kept = {k: v for k, v in os.environ.items()
                if not re.match(r"PYTHON|GRADER|VIRTUAL_ENV|NO_COLOR|COV_|PYTEST", k)}
        path = f"{self.root / '.venv/bin'}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**kept, "PATH": path, "PYTHONIOENCODING": "utf-8", "HOME": str(self.root.parent)}

    def run(self, *words: str, code: int = 0, **settings: str) -> str:
        """Run a command in the repository; it must end with this code, and without a traceback."""
        ended = self.tried(*words, **settings)
        assert ended.code == code, f"{' '.join(words)}\n{ended.out}"
        assert "Traceback" not in ended.out
        return ended.out

    def tried(self, *words: str, **settings: str) -> Ended:
        """Run a command, however it ends."""
        program = str(self.root / ".venv/bin" / words[0]) if words[0] in ("grader", "python") else words[0]
        done = subprocess.run([program, *words[1:]], cwd=self.root, env={**self.environment, **settings},
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
        return Ended(done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace"))

    def write(self, name: str, text: str) -> None:
        """Write a file of the repository."""
        (self.root / name).write_text(text, encoding="utf-8")

    def read(self, name: str) -> str:
        """Read a file of the repository."""
        return (self.root / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def clone(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the starter with the grader in it, once."""
    folder = tmp_path_factory.mktemp("clone")
    write_build(course, with_wheel(course, plan_build(course)), folder)
    return folder


@pytest.fixture(params=["3.11", "3.13"])
def student(request: pytest.FixtureRequest, clone: Path, tmp_path: Path) -> Iterator[Student]:
    """Copy the clone, and set it up in the README's way."""
    python = interpreter(request.param)
    root = tmp_path / "my course"
    shutil.copytree(clone, root)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run([python, "-m", "venv", ".venv"], cwd=root, check=True, env={**os.environ, "PYTHONHOME": ""}
                   if "PYTHONHOME" in os.environ else None)
    made = Student(root)
    settings = {k: v for k, v in os.environ.items() if k.startswith("PIP_") or k == "HOME"}
    settings |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_COMPILE": "1"}  # only for speed
    done = made.tried("python", "-m", "pip", "install", "-q", "-r", "requirements.txt", **settings)
    if done.code and any(word in done.out for word in NO_INDEX):
        pytest.skip(f"no package index can be reached: {done.out.strip().splitlines()[-1][:200]}")
    assert done.code == 0, done.out
    yield made
    shutil.rmtree(root)


def test_a_student_can_go_from_the_clone_to_a_solved_lesson(
    student: Student, course: Course, clone: Path, tmp_path: Path
) -> None:
    """Every command works, in the order in which somebody would meet them."""
    _look_around(student)
    _choose_a_path(student)
    _begin(student)
    _solve_lesson_1(student, course)
    _solve_lesson_2_in_a_notebook(student, course)
    _break_and_mend(student)
    _see_and_update(student, clone, tmp_path)
    _let_it_talk(student, course)
    _nothing_of_the_teachers_is_needed(student, course)


def _look_around(student: Student) -> None:
    assert "grader read 1" in student.run("grader")
    help_page = student.run("grader", "--help")
    assert "check" in help_page
    doctor = student.tried("grader", "doctor")
    assert "Given files: all " in doctor.out
    assert "1 thing to mend" not in doctor.out, doctor.out
    page = student.run("grader", "read", "1")
    assert "Attention is a soft look-up" in page
    assert max(map(len, page.splitlines())) <= 80
    assert "Common mistakes" in student.run("grader", "read", "1", "common", "mistakes", "--plain")


def _choose_a_path(student: Student) -> None:
    pexpect = pytest.importorskip("pexpect", reason="pexpect is not installed")
    child = pexpect.spawn(str(student.root / ".venv/bin/python"), ["-m", "grader"], cwd=str(student.root),
                          env={**student.environment, "TERM": "xterm"}, dimensions=(50, 80), timeout=300,
                          encoding="utf-8")
    child.expect_exact("Which path through the course do you take?")
    child.expect_exact("Enter to decide later")
    child.sendline("builder")
    child.expect_exact("grader read 1")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    plan = student.run("grader", "plan", "--rhythm", "two-hours", "--start", "2027-01-04",
                       "--output", "plan.md", "--ics", "plan.ics")
    assert "Builder · 2 hours a day" in plan
    assert student.read("plan.md").startswith("# ")
    assert student.read("plan.ics").startswith("BEGIN:VCALENDAR")


def _begin(student: Student) -> None:
    untouched = student.run("grader", "check", "--plain", code=1)
    assert "1.1 softmax: not started" in untouched
    assert "failed" not in untouched
    assert (student.root / "answers/me.toml").is_file()
    hints = [student.run("grader", "hint", "1.1") for _ in range(3)]
    assert [re.search(r"hint (\d) of 3", hint)[1] for hint in hints] == ["1", "2", "3"]  # type: ignore[index]
    wrong = student.read("minigpt/attention.py").replace(
        'raise NotImplementedError("1.1 softmax")', "return np.exp(x) / np.exp(x).sum()")
    student.write("minigpt/attention.py", wrong)
    assert student.run("grader", "check", "1.1", "--json", "result.json", code=1)
    result = json.loads(student.read("result.json"))
    assert result["lessons"][0]["exercises"][0]["status"] == "failed"
    for encoding in ("ascii", "cp1252"):
        shown = student.run("grader", "check", "1", code=1, PYTHONIOENCODING=encoding, NO_COLOR="1")
        assert "\x1b" not in shown


def _solve_lesson_1(student: Student, course: Course) -> None:
    shutil.copy(course.reference / "minigpt/attention.py", student.root / "minigpt/attention.py")
    assert "all public checks passed" in student.run("grader", "check", "1")
    assert "[x] 1.1" in student.read("MY_PROGRESS.md")
    assert "[ ] 2.1" in student.read("MY_PROGRESS.md")
    assert "Why it works" in student.run("grader", "hint", "1.1")
    assert "2.1 embed" in student.run("grader")
    assert "74/74" in student.run("grader", "progress")
    out = student.run("python", "-m", "pytest", "-q", "assignments/01_attention_mechanism")
    assert re.search(r"\d+ passed", out)


def _solve_lesson_2_in_a_notebook(student: Student, course: Course) -> None:
    file = "notebooks/02_self_attention.ipynb"
    assert f"Made {file}" in student.run("grader", "notebook", "2")
    notebook: dict[str, Any] = json.loads(student.read(file))
    reference = (course.reference / "minigpt/self_attention.py").read_text(encoding="utf-8")
    for cell in notebook["cells"]:
        name = re.match(r"def (\w+)", "".join(cell["source"]))
        if cell["id"].startswith("grader-exercise-") and name:
            cell["source"] = f"{function_text(reference, name[1])}\n\nprint({name[1]})\n%time {name[1]}"
    student.write(file, json.dumps(notebook))
    assert "all public checks passed" in student.run("grader", "check", "2")
    assert "embed is as in the notebook now" in student.run("grader", "notebook", "2", "--to-module")
    (student.root / file).unlink()
    assert "all public checks passed" in student.run("grader", "check", "2")


def _break_and_mend(student: Student) -> None:
    assert "is a stub again" in student.run("grader", "reset", "1.5")
    assert "1.5" in student.run("grader", "check", "1.5", code=1)
    [kept] = (student.root / ".grader/backup").glob("*_1.5_attention.py")
    shutil.copy(kept, student.root / "minigpt/attention.py")
    student.run("grader", "check", "1.5")
    student.write("minigpt/attention.py", kept.read_text(encoding="utf-8") + "\ndef (:\n")
    assert "SyntaxError" in student.run("grader", "check", "1.1", code=1)
    shutil.copy(kept, student.root / "minigpt/attention.py")
    for line, fix in (("check 9", "use one of"), ("grade .", "grader check"), ("hint x", "use one of")):
        assert fix in student.run("grader", *line.split(), code=2)


def _see_and_update(student: Student, clone: Path, tmp_path: Path) -> None:
    shown = student.run("grader", "show", "2", "the cat sat", "--output", "maps.html")
    assert "cat" in shown
    assert "<svg" in student.read("maps.html")
    newer = tmp_path / "newer"
    _newer_edition(clone, newer)
    own = {name: student.read(name) for name in ("minigpt/attention.py", "MY_PROGRESS.md", "answers/me.toml")}
    assert PAGE in student.run("grader", "update", str(newer), "--dry-run")
    assert "to 2099.1" in student.run("grader", "update", str(newer))
    assert student.read(PAGE).endswith("One more line.\n")
    assert {name: student.read(name) for name in own} == own


def _newer_edition(old: Path, new: Path) -> None:
    """Copy a starter with a line more in a lesson, as the teacher would build it."""
    shutil.copytree(old, new)
    shipped = json.loads((new / SHIPPED).read_text(encoding="utf-8"))
    course = (new / "assignments/course.toml").read_text(encoding="utf-8")
    texts = {PAGE: (new / PAGE).read_text(encoding="utf-8") + "\nOne more line.\n",
             "assignments/course.toml": re.sub('^version = .*', 'version = "2099.1"', course, flags=re.M)}
    for name, text in texts.items():
        (new / name).write_text(text, encoding="utf-8")
        if name in shipped["files"]:
            shipped["files"][name] = content_digest(text.encode())
    (new / SHIPPED).write_text(json.dumps(shipped), encoding="utf-8")


def _let_it_talk(student: Student, course: Course) -> None:
    """Say what is missing as long as something is; with the last function there, train and write."""
    assert "is not written yet" in student.run("python", "-m", "minigpt", "train", code=1)
    for lesson in course.lessons:
        file = f"minigpt/{lesson.module}.py"
        shutil.copy(course.reference / file, student.root / file)
    student.run("python", "-m", "minigpt", "train", "--steps", "3")
    assert student.run("python", "-m", "minigpt", "generate", "the cat").strip()


def _nothing_of_the_teachers_is_needed(student: Student, course: Course) -> None:
    """Look where the grader came from, and whether anything leads to the teacher's folder."""
    place = student.run("python", "-c", "import grader; print(grader.__file__)").strip()
    assert Path(place).is_relative_to(student.root / ".venv")
    files = [path for path in student.root.rglob("*")
             if path.is_file() and path.suffix in (".py", ".json", ".jsonl", ".toml", ".md", ".pth")]
    teachers = os.fsencode(course.root)
    assert [path for path in files if teachers in path.read_bytes()] == []
