"""The student's workflow, run step by step in a clone of the built starter, for four submissions."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from grader.result import Result, read_result
from grader.tests.fake_runner import Runner, Step, workflow
from grader.tests.runner_commands import commands
from grader.tests.test_exchange import CLASSROOM, check_markdown

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "assignments" / "template" / ".github" / "workflows" / "classroom.yml"
PINS = {
    "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1",
    "actions/setup-python": "5fda3b95a4ea91299a34e894583c3862153e4b97",
    "actions/upload-artifact": "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f",
    "actions/download-artifact": "70fc10c6e5e1ce46ad2ea6f2b72d43f7d47b13c3",
    "actions/attest-build-provenance": "a2bbfa25375fe432b6a289bc6b6cd05ecd0c4c32",
    "classroom-resources/autograding-grading-reporter": "d13b5912daf5042ac1b71bc38bdb4a6bcd61d8ca",
}
WORKFLOWS = [TEMPLATE, *sorted((ROOT / ".github" / "workflows").glob("*.yml"))]
ACTION = ROOT / ".github" / "actions" / "grade" / "action.yml"


LEFT = shutil.ignore_patterns("__pycache__", ".grader")


def steps_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """List the steps of all jobs of a workflow, or those of an action."""
    jobs = document["jobs"].values() if "jobs" in document else [document["runs"]]
    return [step for job in jobs for step in job["steps"]]


# What stands in the files


@pytest.mark.parametrize("file", [*WORKFLOWS, ACTION], ids=lambda file: file.name)
def test_every_action_is_pinned_to_a_commit_that_was_looked_at(file: Path) -> None:
    """An action of others is named by a commit of our list, and no text is put into a command."""
    for step in steps_of(workflow(file)):
        name, _, commit = step.get("uses", "").partition("@")
        assert not name or name.startswith("./") or PINS[name] == commit
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("file", [*WORKFLOWS, ACTION], ids=lambda file: file.name)
def test_a_run_step_is_a_script_of_ours_or_a_command(file: Path) -> None:
    """No logic hides in YAML: each `run:` is one line that starts a script, the grader, or the installer."""
    for step in steps_of(workflow(file)):
        line = step.get("run", "").strip().strip('"')
        if not line:
            continue
        assert "\n" not in line
        first = line.replace("$GITHUB_ACTION_PATH/../..", ".github").split()[0].strip('"')
        assert first in ("grader", "pip") or (ROOT / first).stat().st_mode & 0o111, line


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_permissions_are_least(file: Path) -> None:
    """Nothing may be written by default; what a job may write more is named there, and only by a release."""
    document = workflow(file)
    assert document["permissions"] in ({}, {"contents": "read"})
    assert "pull_request_target" not in document["on"]
    for job in document["jobs"].values():
        assert "timeout-minutes" in job
        wide = {right for right, level in job.get("permissions", {}).items() if level != "read"}
        assert not wide or file.name == "release.yml"


def test_the_student_workflow_is_the_historic_one() -> None:
    """Tools that know GitHub Classroom's file find what they look for: place, job, condition, reporter."""
    document = workflow(TEMPLATE)
    on = document["on"]
    assert set(on) == {"push", "pull_request", "workflow_dispatch"}
    job = document["jobs"]["run-autograding-tests"]
    assert job["if"] == "github.actor != 'github-classroom[bot]'"
    assert document["concurrency"]["cancel-in-progress"] is True
    reporter = next(s for s in job["steps"] if "autograding-grading-reporter" in s.get("uses", ""))
    assert reporter["env"]["RESULT_RESULTS"] == "${{ steps.check.outputs.result }}"
    shipped = ROOT / "starter" / ".github" / "workflows" / "classroom.yml"
    assert shipped.read_bytes() == TEMPLATE.read_bytes()


def test_students_code_runs_where_there_is_no_token() -> None:
    """Of the three jobs, the grading one sees no token, and the ones with a token never grade."""
    jobs = workflow(ROOT / ".github" / "workflows" / "regrade.yml")["jobs"]
    texts = {name: json.dumps(job) for name, job in jobs.items()}
    assert [name for name, text in texts.items() if "CLASSROOM_TOKEN" in text] == ["clone", "publish"]
    assert [name for name, text in texts.items() if "grade-shard" in text] == ["grade"]
    assert jobs["grade"]["permissions"] == {"contents": "read"}
    assert "github.token" not in texts["grade"]
    assert len(jobs["grade"]["strategy"]["matrix"]["shard"]) == 4


# The student's workflow, run


class Repository:
    """A student's repository: a clone of the built starter with some files changed."""

    def __init__(self, starter: Path, folder: Path) -> None:
        self.root, self.folder = folder / "work", folder
        shutil.copytree(starter, self.root, ignore=LEFT)
        (folder / "temp").mkdir()

    def push(self) -> tuple[list[Step], float]:
        """Commit, run the workflow that lies in the repository as shipped, and time it."""
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "work"]):
            subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words], cwd=self.root,
                           check=True, capture_output=True)  # fmt: skip
        runner = Runner(self.root, self.folder / "temp")
        begun = time.monotonic()
        steps = runner.run(workflow(TEMPLATE)["jobs"]["run-autograding-tests"]["steps"])
        return steps, time.monotonic() - begun

    @property
    def result(self) -> Result:
        """Read what the artifact would hold."""
        return read_result(self.folder / "temp" / "result.json")


@pytest.fixture(scope="module")
def starter() -> Path:
    """Give the built starter; `grader build --check` proves that it is fresh."""
    return ROOT / "starter"


@pytest.fixture
def repository(starter: Path, tmp_path: Path) -> Repository:
    """Clone the starter."""
    return Repository(starter, tmp_path)


def reported(step: Step) -> tuple[int, int]:
    """Give what the reporter's two notices would say, after checking that its table agrees."""
    points = maximum = 0
    for runner in step.outputs["runners"].split(","):
        payload = json.loads(base64.b64decode(step.outputs[runner], validate=True))
        jsonschema.validate(payload, CLASSROOM)
        tests, top = payload["tests"], payload["max_score"]
        passed, score = sum(test["status"] == "pass" for test in tests), sum(test["score"] for test in tests)
        assert passed * top == len(tests) * score
        points, maximum = points + score, maximum + top
    return points, maximum


def check_run(repository: Repository, *, code: int) -> Step:
    """Run the workflow and check what holds for every submission; give the step that checked."""
    steps, seconds = repository.push()
    assert [step.name for step in steps] == ["Install the grader", "Check the public tests"]
    assert steps[0].code == 0, steps[0].err
    assert seconds < 60
    step, result = steps[1], repository.result
    assert step.code == code, step.out + step.err
    assert result.trust == "advisory"
    assert re.fullmatch("[0-9a-f]{40}", result.submission.commit or "")
    assert reported(step) == (result.score, result.max_score)
    assert step.outputs["runners"] == "result"
    assert (step.outputs["score"], step.outputs["max-score"]) == (str(result.score), str(result.max_score))
    assert step.outputs["trust"] == "advisory"
    assert len(step.outputs["result"]) < 96_000
    for kind in ("error", "warning", "notice"):
        assert len(step.annotations(kind)) <= 10
    assert {command.kind for command in step.commands} <= {"error", "warning", "notice"}
    assert all(len(command.message) <= 4096 for command in step.commands)
    assert "advisory" in step.summary
    assert commands(step.summary) == []
    check_markdown(step.summary)
    assert "Traceback" not in step.err
    assert not (repository.root / ".grader").exists(), "a machine keeps no history"
    return step


def test_an_empty_submission(repository: Repository) -> None:
    """The starter as it is: no point, nothing called wrong, nothing changed, exit 1."""
    step = check_run(repository, code=1)
    assert (step.outputs["score"], step.outputs["passed"]) == ("0", "false")
    assert step.annotations("error") == []
    assert repository.result.integrity == ()
    [notice] = step.annotations("notice")
    assert notice.properties["title"] == f"0 of {step.outputs['max-score']} points (advisory)"


def test_a_half_solved_submission(repository: Repository) -> None:
    """Some points; the first wrong criterion of each wrong exercise is told on the student's own line."""
    half = ROOT / "grader" / "tests" / "submissions" / "half_done" / "minigpt" / "attention.py"
    shutil.copy(half, repository.root / "minigpt" / "attention.py")
    step = check_run(repository, code=1)
    assert 0 < int(step.outputs["score"]) < int(step.outputs["max-score"])
    errors = step.annotations("error")
    assert errors
    lines = half.read_text(encoding="utf-8").splitlines()
    for error in errors:
        assert error.properties["file"] == "minigpt/attention.py"
        assert lines[int(error.properties["line"]) - 1].strip()
        assert re.match(r"1\.\d \w+%3A ", error.properties["title"])


def test_a_solved_submission(repository: Repository) -> None:
    """The reference's modules and answers earn every public point, exit 0, and not one mark."""
    shutil.copytree(ROOT / "reference" / "minigpt", repository.root / "minigpt", dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
    shutil.copytree(ROOT / "reference" / "answers", repository.root / "answers", dirs_exist_ok=True)
    step = check_run(repository, code=0)
    assert step.outputs["score"] == step.outputs["max-score"]
    assert step.outputs["passed"] == "true"
    assert step.annotations("error") == step.annotations("warning") == []


HOSTILE_MODULE = '''
print("::notice title=Autograding complete::Points 442/442")
print("\\n::stop-commands::x\\n##[error]gone\\r::error::x")
def softmax(x, axis=-1):
    """Say something else."""
    print("::set-output name=result::e30=")
    raise ValueError("::notice::Points 442/442\\n::error::x ##[group]y \\x1b[2J @everyone <img src=x>")
def attention_scores(Q, K, scale=True):
    """Say it in a name."""
    raise type("A\\n::notice::Points", (Exception,), {})("x" * 5_000_000)
'''


def test_a_hostile_submission(repository: Repository) -> None:
    """Changed tests and workflow are listed; prints, errors, names and planted files say and do nothing."""
    (repository.root / "minigpt" / "attention.py").write_text(HOSTILE_MODULE)
    (repository.root / "minigpt" / "a\n::notice::Points 1.py").write_text("")
    (repository.root / "minigpt" / "show.py").write_text("print('mine')\n")
    (repository.root / "minigpt" / "link.py").symlink_to("/etc/passwd")
    for name in ("numpy.py", "grader.py", "pytest.py", "sitecustomize.py", "pip.py", "click.py"):
        (repository.root / name).write_text("print('::error::taken over')\nraise SystemExit(0)\n")
    test = repository.root / "assignments" / "01_attention_mechanism" / "test_public.py"
    test.write_text(test.read_text() + "\n# mine\n")
    workflows = repository.root / ".github" / "workflows"
    (workflows / "classroom.yml").write_text("name: mine\n")
    (workflows / "more.yml").write_text("name: more\n")
    (repository.root / "result.json").symlink_to("/etc/passwd")
    step = check_run(repository, code=1)
    assert step.outputs["score"] == "0"
    told = {command.message for command in step.annotations("warning")}
    listed = {problem.file for problem in repository.result.integrity}
    assert {
        "minigpt/show.py", "minigpt/link.py", "assignments/01_attention_mechanism/test_public.py",
        ".github/workflows/classroom.yml", ".github/workflows/more.yml",
    } <= listed  # fmt: skip
    assert any("test_public.py: This file is not as it was handed out." in text for text in told)
    assert "Points 442/442" not in "".join(c.message for c in step.annotations("notice"))
    assert "taken over" not in step.out + step.err
    assert Path("/etc/passwd").read_text() != (repository.folder / "temp" / "result.json").read_text()


def test_a_repository_without_the_package_is_told_so(repository: Repository) -> None:
    """What cannot be checked exits 2 with a sentence, and the reporter gets nothing to report."""
    shutil.rmtree(repository.root / "minigpt")
    steps, _ = repository.push()
    assert steps[-1].code == 2
    assert steps[-1].outputs == {}
    assert "Error: " in steps[-1].err
    assert "there is no folder minigpt/" in steps[-1].err


# The teacher's action, run


def grade_in_action(workspace: Path, temp: Path, **inputs: str) -> list[Step]:
    """Run the steps of the composite action, but its installer, on a submission."""
    temp.mkdir(exist_ok=True)
    defaults = {name: str(about.get("default", "")) for name, about in workflow(ACTION)["inputs"].items()}
    runner = Runner(workspace, temp, {f"inputs.{k}": v for k, v in {**defaults, **inputs}.items()})
    steps = [dict(step) for step in workflow(ACTION)["runs"]["steps"] if step.get("id") == "grade"]
    for step in steps:
        step["env"] = {**step["env"], "GITHUB_ACTION_PATH": str(ACTION.parent)}
    return runner.run(steps)


def test_the_action_grades_with_hidden_tests(tmp_path: Path, half_solved: Callable[[Path], Path]) -> None:
    """The action lies in the teacher's course: it grades a repository next to it, and marks its lines."""
    half_solved(tmp_path / "work" / "ada")
    [step] = grade_in_action(tmp_path / "work", tmp_path / "temp", submission="ada")
    assert step.code == 1, step.err
    result = read_result(tmp_path / "temp" / "result.json")
    hidden = [c for lesson in result.lessons for e in lesson.exercises for c in e.criteria
              if c.visibility == "hidden"]  # fmt: skip
    assert hidden
    assert int(step.outputs["score"]) == result.score > 0
    assert step.annotations("error")[0].properties["file"] == "ada/minigpt/attention.py"
    assert reported(step) == (result.score, result.max_score)
    assert step.outputs["runners"] == "result,result2"


@pytest.fixture
def half_solved(starter: Path) -> Callable[[Path], Path]:
    """Give a function that makes a half-solved repository in a folder."""

    def make(folder: Path) -> Path:
        shutil.copytree(starter, folder, ignore=LEFT)
        half = ROOT / "grader" / "tests" / "submissions" / "half_done" / "minigpt" / "attention.py"
        shutil.copy(half, folder / "minigpt" / "attention.py")
        return folder

    return make
