"""The section GitHub of the teacher's guide: every command in it is run, and what it says is so."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.cli.forms import FORMS
from grader.result import read_result, verify
from grader.tests.fake_runner import workflow

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "assignments" / "README.md").read_text(encoding="utf-8")
SECTION = re.split(r"^## ", GUIDE.partition("\n## GitHub\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
BLOCKS = [re.sub(r"^ +", "", block, flags=re.MULTILINE)
          for block in re.findall(r"^ *```sh\n(.*?)^ *```$", SECTION, re.MULTILINE | re.DOTALL)]
TEMPLATE, CHECK, BUNDLE, KEYS, CLASS, ONE, FORMAT = BLOCKS


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run commands of the guide with this interpreter's `grader` and this course."""
    command = re.sub(r"^grader ", "python -P -m grader ", command, flags=re.MULTILINE)
    command = re.sub(r"^python ", '"$PYTHON" ', command, flags=re.MULTILINE)
    return subprocess.run(["bash", "-c", command], cwd=cwd, text=True, capture_output=True, check=False,
                          env={**os.environ, "PYTHON": sys.executable, "PYTHONPATH": str(ROOT)},
                          stdin=subprocess.DEVNULL, timeout=900)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make the place a teacher works in: the course, and the clones of two students beside it."""
    folder = tmp_path_factory.mktemp("teacher")
    left = shutil.ignore_patterns("__pycache__")
    for name in ("assignments", "reference", "starter"):
        shutil.copytree(ROOT / name, folder / name, ignore=left)
    for login in ("ada", "ben"):
        shutil.copytree(ROOT / "starter", folder / "gpt-submissions" / f"gpt-{login}", ignore=left)
    half = ROOT / "grader" / "tests" / "submissions" / "half_done" / "minigpt" / "attention.py"
    shutil.copy(half, folder / "gpt-submissions" / "gpt-ada" / "minigpt" / "attention.py")
    made = shell("set -e\n" + KEYS, folder)
    assert made.returncode == 0, made.stderr
    yield folder


def test_the_template_repository_is_built(teacher: Path) -> None:
    """The command makes a repository with the workflow and the grader in it."""
    done = shell(TEMPLATE, teacher)
    assert done.returncode == 0, done.stderr
    assert (teacher / "template-repository" / ".github" / "workflows" / "classroom.yml").is_file()
    assert list((teacher / "template-repository" / "vendor").glob("*.whl"))


def test_a_student_checks_as_the_workflow_does(teacher: Path) -> None:
    """The workflow's command runs outside of Actions, too, and leaves the result file."""
    place = teacher / "gpt-submissions" / "gpt-ben"
    done = shell(CHECK, place)
    assert done.returncode == 1
    assert "::notice title=0 of " in done.stdout
    assert read_result(place / "result.json").trust == "advisory"
    (place / "result.json").unlink()
    assert CHECK.strip() in json.dumps(workflow(ROOT / "starter" / ".github" / "workflows" / "classroom.yml"))


def test_an_autograder_is_bundled(teacher: Path) -> None:
    """The folder for Classroom 50 is made, with its program."""
    done = shell(BUNDLE, teacher)
    assert (done.returncode, done.stderr) == (0, "")
    assert (teacher / "autograder" / "autograder.py").is_file()


def test_a_class_is_graded_reported_and_told(teacher: Path) -> None:
    """Gradebook, report and feedback come from the three commands, with the secret and the key."""
    done = shell("set -e\n" + CLASS, teacher)
    assert done.returncode == 0, done.stderr
    assert (teacher / "report.html").stat().st_size > 10_000
    assert sorted(file.name for file in (teacher / "feedback").iterdir()) == ["gpt-ada.md", "gpt-ben.md"]


def test_a_result_is_signed_and_verified(teacher: Path) -> None:
    """One submission is graded with the key, and its result is known again, as it says."""
    done = shell(ONE, teacher)
    assert done.returncode == 0, done.stderr
    assert "This result is as it was signed: gpt-ada" in done.stdout
    result = read_result(teacher / "ada.json")
    verify(result, (teacher / "key").read_bytes().strip(), submission="gpt-ada")
    assert result.trust == "authoritative"


def test_another_format_is_written(teacher: Path) -> None:
    """The format of the example is written to its file, and the table names every format there is."""
    done = shell(FORMAT, teacher)
    assert done.returncode == 1, done.stderr
    assert json.loads((teacher / "results.json").read_text())["tests"]
    assert re.findall(r"^\| `(\w+)` \|", SECTION, re.MULTILINE) == list(FORMS)


def test_the_names_in_it_are_those_of_the_workflows() -> None:
    """Each variable and secret that a workflow needs is in the guide, and the file says the same."""
    for name in ("regrade.yml", "publish-starter.yml"):
        text = (ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8")
        needed = set(re.findall(r"(?:vars|secrets)\.([A-Z_]+)", text))
        assert needed
        head = text.partition("\nname:")[0]
        for word in needed:
            assert f"`{word}`" in SECTION, word
            assert word in head, word
    assert "environment `regrade`" in SECTION


def test_the_action_in_it_has_these_inputs() -> None:
    """The example of the action names it, and inputs that it has."""
    example = re.search(r"```yaml\n(.*?)```", SECTION, re.DOTALL)
    assert example
    action = workflow(ROOT / ".github" / "actions" / "grade" / "action.yml")
    inputs = re.findall(r"^    (\w+):", example[1], re.MULTILINE)
    assert inputs
    assert set(inputs) <= set(action["inputs"])


def test_it_says_plainly_that_the_service_ended() -> None:
    """Both guides say when GitHub Classroom ended."""
    for text in (SECTION, (ROOT / "README.md").read_text(encoding="utf-8")):
        assert "GitHub Classroom, the service, ended on 2026-08-28" in text
