"""The teacher's workflows, run step by step: a fake `gh`, bare repositories, and a class of four."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.classroom.feedback_texts import feedback_texts, repository_of
from grader.classroom.gradebook import Gradebook
from grader.errors import UsageError
from grader.result import dumps, verify
from grader.tests import result_samples as samples
from grader.tests.fake_runner import Runner, Step, workflow
from grader.tests.runner_commands import commands
from grader.tests.test_cli import Run, run
from grader.tests.test_exchange import check_markdown

__all__ = ["run"]
ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
KEY = "0123456789abcdef0123456789abcdef"
SECRET = "fedcba9876543210fedcba9876543210"
SUBMISSIONS = ROOT / "grader" / "tests" / "submissions"
HALF = SUBMISSIONS / "half_done" / "minigpt" / "attention.py"
SOLVED = SUBMISSIONS / "correct_einsum" / "minigpt" / "attention.py"

GH = """#!/usr/bin/env python3
import json, os, shutil, subprocess, sys
from pathlib import Path

words, state = sys.argv[1:], Path(os.environ["FAKE_GH"])
with (state / "calls").open("a") as log:
    print(json.dumps(words), file=log)
if os.environ.get("GH_TOKEN") != "token of the test":
    sys.exit("no token")
two = words[:2]
if two == ["repo", "list"]:
    print("\\n".join(sorted(p.name.removesuffix(".git") for p in (state / "hub").iterdir())))
elif two == ["repo", "clone"]:
    name = words[2].split("/")[1]
    extra = words[words.index("--") + 1:]
    sys.exit(subprocess.run(["git", "clone", *extra, f"file://{state}/hub/{name}.git", words[3]]).returncode)
elif two in (["pr", "list"], ["issue", "list"]):
    found = json.loads((state / "numbers").read_text()).get(f"{words[0]} {words[words.index('--repo') + 1]}")
    print(found or "")
elif two == ["run", "list"]:
    print("41" if "class/gpt-cora" in words or "class/gpt-dan" in words else "")
elif two == ["run", "download"]:
    folder = Path(words[words.index("--dir") + 1])
    folder.mkdir()
    name = words[words.index("--repo") + 1].split("/")[1]
    shutil.copy(state / f"{name}.json", folder / "result.json")
elif words[0] == "api":
    place = next(word for word in words if word.startswith("repos/"))
    if "PATCH" in words:
        sys.exit(0)
    print((state / "comment").read_text() if "gpt-cora" in place else "")
elif two in (["issue", "create"], ["issue", "comment"], ["auth", "setup-git"], ["release", "create"]):
    repository = words[words.index("--repo") + 1] if "--repo" in words else ""
    sys.exit("gone" if repository.endswith("gpt-dan") else 0)
else:
    sys.exit(f"not known to the fake: {words}")
"""


class Hub:
    """A place with bare repositories and a `gh` that knows them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "hub").mkdir(parents=True)
        (folder / "bin").mkdir()
        (folder / "bin" / "gh").write_text(GH)
        (folder / "bin" / "gh").chmod(0o755)
        (folder / "numbers").write_text("{}")
        (folder / "comment").write_text("77\n")

    def add(self, name: str, source: Path | None = None, changes: Mapping[str, str] | None = None) -> None:
        """Make a repository with one commit; without a source, one that has none."""
        work, bare = self.folder / "work" / name, self.folder / "hub" / f"{name}.git"
        git(["init", "-q", "--bare", "-b", "main", str(bare)], self.folder)
        if source is None:
            return
        shutil.copytree(source, work, ignore=shutil.ignore_patterns("__pycache__", ".grader"))
        for file, text in (changes or {}).items():
            (work / file).write_text(text)
        git(["init", "-q", "-b", "main"], work)
        git(["add", "-A"], work)
        git(["commit", "-qm", "work"], work)
        git(["push", "-q", str(bare), "main"], work)

    def head(self, name: str) -> str:
        """Name the newest commit of a repository."""
        return git(["rev-parse", "main"], self.folder / "hub" / f"{name}.git").strip()

    @property
    def calls(self) -> list[list[str]]:
        """List what `gh` was asked for, and forget it."""
        file = self.folder / "calls"
        found = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        file.unlink(missing_ok=True)
        return found


def git(words: list[str], folder: Path) -> str:
    """Run git as nobody in particular."""
    nobody = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    done = subprocess.run(["git", *nobody, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture(scope="module")
def starter() -> Path:
    """Give the built starter; `grader build --check` proves that it is fresh."""
    return ROOT / "starter"


def runner(hub: Hub, temp: Path, **contexts: str) -> Runner:
    """Make a runner in the course, with the fake `gh` in front and the class's variables and secrets."""
    temp.mkdir(exist_ok=True)
    known = {
        "secrets.CLASSROOM_TOKEN": "token of the test", "vars.CLASSROOM_ORGANIZATION": "class",
        "vars.CLASSROOM_ASSIGNMENT": "gpt", "secrets.GRADER_KEY": KEY, "secrets.GRADER_SECRET": SECRET,
        "secrets.TEMPLATE_TOKEN": "token of the test", "vars.TEMPLATE_REPOSITORY": "class/template",
        "github.token": "token of the test", **contexts,
    }  # fmt: skip
    made = Runner(ROOT, temp, known, (hub.folder / "bin",))
    made.extra["FAKE_GH"] = str(hub.folder)
    return made


def job_steps(file: str, job: str) -> list[dict[str, Any]]:
    """Give the steps of a job, but the one that installs: what it would install is what runs."""
    steps: list[dict[str, Any]] = workflow(WORKFLOWS / file)["jobs"][job]["steps"]
    return [step for step in steps if step.get("run") != ".github/scripts/install"]


def last(steps: list[Step], *, code: int = 0) -> Step:
    """Give the last step, after checking how the job ended."""
    assert steps[-1].code == code, steps[-1].out + steps[-1].err
    assert all(step.code == 0 for step in steps[:-1])
    return steps[-1]


@pytest.fixture(scope="module")
def regraded(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Hub, Path, list[Step]]:
    """Run the three jobs of `regrade.yml`: clone, four shards, publish."""
    folder = tmp_path_factory.mktemp("regrade")
    hub = Hub(folder / "github")
    hub.add("gpt-ada", starter, {"minigpt/attention.py": SOLVED.read_text()})
    hub.add("gpt-ben", starter, {"minigpt/attention.py": HALF.read_text()})
    hub.add("gpt-cora", starter, {
        "minigpt/attention.py": "print('::notice title=Autograding complete::Points 660/660')\n"
                                "raise SystemExit('::error::x')\n",
        "README.md": "# mine\n", "assignments/course.toml": "id = 'mine'\n",
    })  # fmt: skip
    hub.add("gpt-dan", starter)
    hub.add("gpt-empty")
    hub.add("other-eve", starter)
    (hub.folder / "hub" / "gpt-gone.git").mkdir()
    (folder / "github" / "numbers").write_text(json.dumps({"pr class/gpt-ben": 1, "issue class/gpt-cora": 5}))
    claim = replace(samples.all_passed(), lessons=(replace(samples.all_passed().lessons[0], exercises=(
        samples.exercise("1.1", "softmax", "passed", samples.criterion("shares", 5, "passed")),)),))
    (hub.folder / "gpt-cora.json").write_text(dumps(claim))
    (hub.folder / "gpt-dan.json").write_text("no result\n::error::x")
    temp = folder / "temp"
    steps = runner(hub, temp).run(job_steps("regrade.yml", "clone"))
    for shard in workflow(WORKFLOWS / "regrade.yml")["jobs"]["grade"]["strategy"]["matrix"]["shard"]:
        steps += runner(hub, temp, **{"matrix.shard": shard}).run(job_steps("regrade.yml", "grade"))
        place = temp / "shards" / f"shard-{shard[0]}"
        place.mkdir(parents=True)
        (temp / "shard.db").rename(place / "shard.db")
        for left in temp.glob("shard.db*"):
            left.unlink()
    steps += runner(hub, temp).run(job_steps("regrade.yml", "publish"))
    return hub, temp, steps


def test_regrade_runs_from_clones_to_feedback(regraded: tuple[Hub, Path, list[Step]]) -> None:
    """Every step but the last succeeds; the last says which repository it could not write to."""
    _, _, steps = regraded
    assert [step.name for step in steps] == [
        "Clone the submissions", *["Grade"] * 4, "Join them", "Write the feedback"]  # fmt: skip
    assert [step.code for step in steps] == [0, 0, 0, 0, 0, 0, 1], [step.err for step in steps]
    assert steps[0].out.splitlines()[-1] == "5 repositories cloned, 1 not"
    assert [command.message for command in steps[0].annotations("warning")] == ["gpt-gone"]
    assert [command.message for command in steps[-1].annotations("warning")] == ["gpt-dan"]
    assert steps[-1].out.splitlines()[-1] == "feedback written to 4 repositories, 1 failed"


def test_links_and_git_do_not_travel(regraded: tuple[Hub, Path, list[Step]]) -> None:
    """The archive holds the files and which commit they are, and nothing else of git."""
    hub, temp, _ = regraded
    with tarfile.open(temp / "submissions.tar.gz") as archive:
        names = archive.getnames()
        head = archive.extractfile("gpt-submissions/gpt-ada/.git/HEAD")
        assert head
        assert head.read() == b"ref: refs/heads/main\n"
    assert "gpt-submissions/gpt-ada/minigpt/attention.py" in names
    assert not [name for name in names if "other-eve" in name]
    inside = {name.split("/.git/")[1].split("/")[0] for name in names if "/.git/" in name}
    assert inside <= {"HEAD", "refs", "packed-refs"}
    assert len(hub.head("gpt-ada")) == 40


def test_the_gradebook_holds_signed_results_of_the_commits(regraded: tuple[Hub, Path, list[Step]]) -> None:
    """Each result is authoritative, signed with the teacher's key, and says which commit it is of."""
    hub, temp, _ = regraded
    with Gradebook.open(temp / "class" / "gradebook.db") as book:
        results = {a.place: book.result(book.gradings(a.id)[-1].id) for a in book.attempts()}
    graded = {place: result for place, result in results.items() if result}
    assert {"gpt-ada", "gpt-ben", "gpt-cora", "gpt-dan"} <= set(graded)
    for place, result in graded.items():
        verify(result, KEY.encode(), submission=hub.head(place))
        assert result.trust == "authoritative"
    assert graded["gpt-ada"].lessons[0].score == graded["gpt-ada"].lessons[0].max_score
    assert 0 < graded["gpt-ben"].score < graded["gpt-ada"].score
    assert graded["gpt-cora"].score == graded["gpt-dan"].score == 0
    assert "assignments/course.toml" in {problem.file for problem in graded["gpt-cora"].integrity}


def test_the_class_gets_a_report_and_each_student_a_text(regraded: tuple[Hub, Path, list[Step]]) -> None:
    """The artifact has the gradebook, the report, the grades, and Markdown that no command hides in."""
    _, temp, steps = regraded
    files = {file.name for file in (temp / "class").iterdir()}
    assert {"gradebook.db", "report.html", "grades.csv", "feedback"} <= files
    texts = {file.name: file.read_text() for file in (temp / "class" / "feedback").glob("*.md")}
    assert {"gpt-ada.md", "gpt-ben.md", "gpt-cora.md", "gpt-dan.md"} <= set(texts)
    for text in texts.values():
        check_markdown(text)
        assert commands(text) == []
        assert len(text.encode()) < 65_536
    assert "authoritative" in texts["gpt-ben.md"]
    assert KEY not in "".join(texts.values())
    for step in steps:
        assert not [c for c in step.commands if "660/660" in c.message]
        assert SECRET not in step.out + step.err
        assert KEY not in step.out + step.err


def test_what_a_repository_claims_is_compared(regraded: tuple[Hub, Path, list[Step]]) -> None:
    """A result that says more than was graded is told to the teacher and in the text; a broken one, too."""
    _, temp, steps = regraded
    joined = steps[5].out.splitlines()
    assert "gpt-cora claims 5 points for 1.1 softmax; graded are 0 of 5." in joined
    assert any(line.startswith("gpt-dan has a result of its own that cannot be read: this is not JSON")
               for line in joined)
    assert not [line for line in joined if "gpt-ada" in line]
    text = (temp / "class" / "feedback" / "gpt-cora.md").read_text()
    assert "- 1.1 softmax: it says 5, graded are 0 of 5 public points" in text


def test_feedback_goes_where_there_is_a_place_for_it(regraded: tuple[Hub, Path, list[Step]]) -> None:
    """A pull request or an issue of that name gets a comment, an old comment is replaced, else an issue."""
    hub, _, _ = regraded
    calls = [call for call in hub.calls if call[0] in ("issue", "api") and call[1] != "list"]
    shown = [[word for word in call if not word.startswith(("/", "body=", "--body", ".["))] for call in calls]
    assert ["issue", "create", "--repo", "class/gpt-ada", "--title", "Feedback"] in shown
    assert ["issue", "comment", "1", "--repo", "class/gpt-ben"] in shown
    assert any(call[:3] == ["api", "--method", "PATCH"] and "comments/77" in call[3] for call in calls)


def test_no_submission_is_an_error(tmp_path: Path) -> None:
    """An assignment that nobody has is told, and no empty archive is handed over."""
    hub = Hub(tmp_path / "github")
    hub.add("other-eve")
    step = last(runner(hub, tmp_path / "temp").run(job_steps("regrade.yml", "clone")), code=1)
    assert [c.message for c in step.annotations("error")] == ["no repository of class begins with gpt-"]
    assert not (tmp_path / "temp" / "submissions.tar.gz").exists()


def test_a_gradebook_with_a_foreign_signature_gives_no_feedback(
    regraded: tuple[Hub, Path, list[Step]], tmp_path: Path, run: Run
) -> None:
    """With another key, nothing is handed out; the command says whose result it is."""
    _, temp, _ = regraded
    book_file, key = temp / "class" / "gradebook.db", tmp_path / "key"
    key.write_text("another key of another teacher")
    said = run("feedback", book_file, "--output", tmp_path / "f", "--key", key)
    assert said.code == 2
    assert "gpt-ada: this result was signed with another key" in said.err
    assert list((tmp_path / "f").iterdir()) == []
    with Gradebook.open(book_file) as book, pytest.raises(UsageError, match="another key"):
        list(feedback_texts(book, key=b"another key of another teacher"))


def test_feedback_needs_a_folder(tmp_path: Path, run: Run) -> None:
    """A file in the folder's place is told before the gradebook is opened."""
    (tmp_path / "f").write_text("")
    said = run("feedback", tmp_path / "b.db", "--output", tmp_path / "f")
    assert said == (2, "", f"Error: {tmp_path / 'f'}: this folder cannot be made: File exists.\n"
                           "  Next: name another folder.\n")  # fmt: skip


@pytest.mark.parametrize(
    ("place", "name"),
    [("gpt-ada", "gpt-ada"), ("https://host/class/gpt-ada.git", "gpt-ada"), ("a/b/", "b"), ("..", ""),
     ("a b", ""), ("x\\n::error::", ""), (".git", ""), ("-rf", "-rf")],
)  # fmt: skip
def test_a_place_names_its_repository(place: str, name: str) -> None:
    """A folder, an address and a path name a repository; what can be none names nothing."""
    assert repository_of(place) == name


def test_publishing_the_starter_pushes_one_commit(tmp_path: Path) -> None:
    """The template gets the build with the grader in it; a second run has nothing to push."""
    hub = Hub(tmp_path / "github")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "old.txt").write_text("gone next time\n")
    hub.add("template", tmp_path / "old")
    before = hub.head("template")
    made = runner(hub, tmp_path / "temp")
    last(made.run(job_steps("publish-starter.yml", "publish")))
    after = hub.head("template")
    assert after != before
    bare = tmp_path / "github" / "hub" / "template.git"
    files = git(["ls-tree", "-r", "--name-only", "main"], bare).split()
    assert "minigpt/attention.py" in files
    assert ".github/workflows/classroom.yml" in files
    assert [name for name in files if name.startswith("vendor/") and name.endswith(".whl")]
    assert not [name for name in files if "hidden" in name or "misconception" in name or name == "old.txt"]
    again = last(made.run(job_steps("publish-starter.yml", "publish")[-1:]))
    assert again.out.splitlines()[-1] == "The template is up to date."
    assert hub.head("template") == after


def test_a_release_has_its_version(tmp_path: Path) -> None:
    """The wheel of a tag is built; a tag that is not the version is an error; the release is made of it."""
    hub = Hub(tmp_path / "github")
    script = str(ROOT / ".github" / "scripts" / "build-wheel")
    version = "0.1.0"
    steps = [{"run": f'"{script}" "$RUNNER_TEMP/dist" "v{version}"', "name": "build"}]
    made = runner(hub, tmp_path / "temp")
    built = made.run(steps)[0]
    if "No matching distribution" in built.err or "Could not find a version" in built.err:
        pytest.skip("no package registry can be reached from here, so no wheel can be built")
    assert built.code == 0, built.err
    assert built.out.splitlines() == [f"transformer_classroom-{version}-py3-none-any.whl"]
    wrong = made.run([{"run": steps[0]["run"].replace(version, "9.9.9")}])[0]
    assert wrong.code == 1
    assert wrong.annotations("error")[0].message == "the tag v9.9.9 is not the version in pyproject.toml"
    published = last(made.run(job_steps("release.yml", "publish")))
    assert published.code == 0
    [call] = hub.calls
    assert call[:5] == ["release", "create", "main", "--repo", "class/gpt-ada"]
    assert call[-1].endswith(f"transformer_classroom-{version}-py3-none-any.whl")


def test_scripts_are_executable() -> None:
    """A script that is not marked as a program would fail on the runner."""
    for script in (ROOT / ".github" / "scripts").iterdir():
        assert os.access(script, os.X_OK), script.name
        assert script.read_text().startswith("#!/usr/bin/env bash\n#")
        assert "set -euo pipefail\n" in script.read_text()
