"""`grader update`: a newer edition comes in, and nothing that a student wrote is lost."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.build import plan_build, write_build
from grader.cli import cli
from grader.course import load_course
from grader.course.shipped import SHIPPED, Shipped, content_digest, write_shipped
from grader.errors import CourseError, UsageError
from grader.result import write_bytes
from grader.student.edition import read_edition
from grader.student.merge import NotMerged, merge_module
from grader.student.update import apply_update, plan_update

TOY = Path(__file__).parent / "toy_course"
TOML = 'edition = "student"\nid = "toy"\nversion = "{version}"\npackage = "toypkg"\n'
HEAD = '"""Adding."""\n\nimport numpy as np\n\nZERO = 0.0\n\n\n'
ADD = 'def add(a, b):\n    """Add two arrays."""\n    # TODO: add\n    raise NotImplementedError("1.1 add")\n'
TOTAL = 'def total(values):\n    """Sum."""\n    # TODO: sum\n    raise NotImplementedError("1.2 total")\n'
MEAN = 'def mean(values):\n    """Give the mean."""\n    # TODO\n    raise NotImplementedError("1.3 mean")\n'
STUB = f"{HEAD}{ADD}\n\n{TOTAL}"
MINE = '''def add(a, b):
    """Add two arrays."""
    # my note
    return a + b  # done
'''
PROGRESS = """# Mine

<!-- grader:progress:start -->
- [{a}] 1.1 add
- [ ] 1.2 total
<!-- grader:progress:end -->

## My notes
"""
NEWER_PROGRESS = PROGRESS.replace("- [ ] 1.2 total\n", "- [ ] 1.2 total, again\n- [ ] 1.3 mean\n")
OTHERS = {"README.md": "Read me.\n", "MY_PROGRESS.md": PROGRESS.format(a=" "),
          "requirements.txt": "grader==1\n", "answers/checkpoint_1.toml": "# answer here\n"}
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def publish(
    root: Path, version: str = "1", *, add: str = STUB, files: Mapping[str, str | None] | None = None,
    others: Mapping[str, str | None] | None = None, modules: Mapping[str, str] | None = None,
    toml: str = TOML,
) -> Path:
    """Write a starter as `grader build` does; None takes a file out."""
    given_ = {"toypkg/__init__.py": "", "toypkg/shapes.py": "SHAPES = 1\n",
              "assignments/course.toml": toml.format(version=version),
              "assignments/01_add/README.md": "# Sums\n"}
    kept = {name: text for name, text in {**given_, **(files or {})}.items() if text is not None}
    extra = {name: text for name, text in {**OTHERS, **(others or {})}.items() if text is not None}
    stubs = {"add": add, **(modules or {})}
    for name, text in {**kept, **extra, **{f"toypkg/{m}.py": text for m, text in stubs.items()}}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    listed = Shipped({n: content_digest(t.encode()) for n, t in kept.items()}, stubs,
                     {n: content_digest(t.encode()) for n, t in extra.items()})
    (root / SHIPPED).write_text(write_shipped(listed), encoding="utf-8")
    return root


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Give a student's repository of edition 1."""
    return publish(tmp_path / "mine")


def snapshot(root: Path) -> dict[str, bytes]:
    """Read every file of a repository, backups aside."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*"))
            if path.is_file() and ".grader" not in path.parts and ".git" not in path.parts}


def update(root: Path, source: Path | str, *words: str) -> str:
    """Run the command; it must succeed."""
    done = CliRunner().invoke(cli, ["update", str(source), "--course", str(root), *words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def refusal(root: Path, source: Path | str, *words: str) -> UsageError:
    """Run the command; it must refuse, and change nothing."""
    before = snapshot(root)
    with pytest.raises(UsageError) as caught:
        update(root, source, *words)
    assert snapshot(root) == before
    assert caught.value.fix
    return caught.value


# What follows the course, and what stays


def test_untouched_files_follow_the_course(mine: Path, tmp_path: Path) -> None:
    """Lessons, given modules, stubs and pages are those of the new edition; the list is, too."""
    new = publish(tmp_path / "new", "2", add=f"{STUB}\n\n{MEAN}", files={
        "assignments/01_add/README.md": "# More sums\n", "assignments/02_mean/README.md": "# Means\n",
        "toypkg/shapes.py": None}, others={"README.md": "Read this.\n"})
    said = update(mine, new)
    assert snapshot(mine) == snapshot(new)
    assert said == """\
  Your copy went from edition 1 to 2.
    New          assignments/02_mean/README.md
    Updated      toypkg/add.py, assignments/01_add/README.md,
                 assignments/course.toml, README.md
    Removed      toypkg/shapes.py
    Next         grader check
"""
    assert not (mine / ".grader").exists()


def test_the_same_edition_changes_nothing(mine: Path, tmp_path: Path) -> None:
    """There is nothing to do, and no file is written."""
    before = {path: path.stat().st_mtime_ns for path in mine.rglob("*")}
    said = update(mine, publish(tmp_path / "new"))
    assert said == "  You have edition 1 already: there is nothing to do.\n"
    assert {path: path.stat().st_mtime_ns for path in mine.rglob("*")} == before


def test_a_students_work_stays(mine: Path, tmp_path: Path) -> None:
    """Functions, answers, notes and files of their own are as they were; new stubs stand among them."""
    (mine / "toypkg/add.py").write_text(f"{HEAD}{MINE}\n\n{TOTAL}", encoding="utf-8")
    (mine / "toypkg/my_own.py").write_text("x = 1\n", encoding="utf-8")
    (mine / "answers/checkpoint_1.toml").write_text('why = "because"\n', encoding="utf-8")
    (mine / "MY_PROGRESS.md").write_text(PROGRESS.format(a="x") + "It is fun.\n", encoding="utf-8")
    between = f"{HEAD}{ADD}\n\n{MEAN}\n\n{TOTAL}"
    new = publish(tmp_path / "new", "2", add=between, others={
        "MY_PROGRESS.md": NEWER_PROGRESS.format(a=" "), "answers/checkpoint_1.toml": "# a new question\n"})
    said = update(mine, new)
    assert (mine / "toypkg/add.py").read_text() == f"{HEAD}{MINE}\n\n{MEAN}\n\n{TOTAL}"
    assert (mine / "toypkg/my_own.py").read_text() == "x = 1\n"
    assert (mine / "answers/checkpoint_1.toml").read_text() == 'why = "because"\n'
    assert (mine / "MY_PROGRESS.md").read_text() == NEWER_PROGRESS.format(a="x") + "It is fun.\n"
    plain = " ".join(said.split())
    assert "In yours toypkg/add.py: 1.3 mean is new, and stands in it now" in plain
    assert "In yours MY_PROGRESS.md: the list of exercises; your ticks and notes stay" in plain
    assert "Look at answers/checkpoint_1.toml: its questions have changed. Your answers were kept" in plain


def test_a_changed_file_is_replaced_and_kept(mine: Path, tmp_path: Path) -> None:
    """What the student changed in the course's files is in the backup; what the course left alone stays."""
    (mine / "README.md").write_text("My own page.\n", encoding="utf-8")
    (mine / "toypkg/shapes.py").write_text("SHAPES = 2\n", encoding="utf-8")
    (mine / "assignments/01_add/README.md").write_text("# Sums\n\nMy remark.\n", encoding="utf-8")
    said = update(mine, publish(tmp_path / "new", "2", others={"README.md": "Newer.\n"},
                                files={"toypkg/shapes.py": None}))
    assert (mine / "README.md").read_text() == "Newer.\n"
    assert not (mine / "toypkg/shapes.py").exists()
    assert (mine / "assignments/01_add/README.md").read_text() == "# Sums\n\nMy remark.\n"
    place = re.search(r"as they were: (\S+)", " ".join(said.split()))
    assert place
    assert (mine / place[1] / "README.md").read_text() == "My own page.\n"
    assert (mine / place[1] / "toypkg/shapes.py").read_text() == "SHAPES = 2\n"


def test_what_a_student_took_away_stays_away(mine: Path, tmp_path: Path) -> None:
    """A page that the course has not changed does not come back; a lesson does."""
    for name in ("README.md", "MY_PROGRESS.md", "assignments/01_add/README.md"):
        (mine / name).unlink()
    update(mine, publish(tmp_path / "new", "2"))
    assert not (mine / "README.md").exists()
    assert not (mine / "MY_PROGRESS.md").exists()
    assert (mine / "assignments/01_add/README.md").exists()


def test_a_lesson_that_is_gone_leaves_the_students_module(mine: Path, tmp_path: Path) -> None:
    """A module that the student wrote in stays, an untouched one goes; written answers stay."""
    publish(mine, modules={"scale": TOTAL, "other": MEAN})
    (mine / "toypkg/scale.py").write_text("def total(values):\n    return 1\n", encoding="utf-8")
    (mine / "answers/checkpoint_1.toml").write_text("why = 1\n", encoding="utf-8")
    said = update(mine, publish(tmp_path / "new", "2", others={"answers/checkpoint_1.toml": None}))
    assert (mine / "toypkg/scale.py").read_text() == "def total(values):\n    return 1\n"
    assert not (mine / "toypkg/other.py").exists()
    assert (mine / "answers/checkpoint_1.toml").exists()
    assert "toypkg/scale.py is no longer part of the course." in " ".join(said.split())


def test_a_new_grader_asks_for_an_installation(mine: Path, tmp_path: Path) -> None:
    """When the requirements change, the next step is pip."""
    said = update(mine, publish(tmp_path / "new", "2", others={"requirements.txt": "grader==2\n"}))
    assert said.endswith("    Next         pip install -r requirements.txt\n")


def test_a_dry_run_says_and_does_nothing(mine: Path, tmp_path: Path) -> None:
    """With --dry-run nothing is written, not even a backup."""
    (mine / "README.md").write_text("My own page.\n", encoding="utf-8")
    before = snapshot(mine)
    said = update(mine, publish(tmp_path / "new", "2", others={"README.md": "Newer.\n"}), "--dry-run")
    assert said.startswith("  Your copy would go from edition 1 to 2.\n")
    assert "Next" not in said
    assert snapshot(mine) == before
    assert not (mine / ".grader").exists()


def test_windows_line_ends_count_as_untouched(mine: Path, tmp_path: Path) -> None:
    """A checkout with other line ends is no change, and a module keeps its line ends."""
    for name in ("README.md", "toypkg/shapes.py"):
        (mine / name).write_bytes((mine / name).read_bytes().replace(b"\n", b"\r\n"))
    text = f"{HEAD}{MINE}".replace("\n", "\r\n")
    (mine / "toypkg/add.py").write_bytes(text.encode())
    said = update(mine, publish(tmp_path / "new", "2", add=f"{HEAD}{ADD}\n\n{MEAN}",
                                others={"README.md": "Newer.\n"}))
    assert "toypkg/add.py, as they were" in " ".join(said.split())
    new = (mine / "toypkg/add.py").read_bytes().decode()
    assert new.startswith(text)
    assert "\n" not in new.replace("\r\n", "")


@pytest.mark.parametrize("broken", [
    "def add(a, b:\n", "def add(a, b):\n    return 1\n\n\ndef add(a):\n    pass\n", "add = lambda a, b: a\n",
])
def test_a_module_that_is_not_clear_is_left_alone(mine: Path, tmp_path: Path, broken: str) -> None:
    """What cannot be brought together safely stays byte for byte, and is named."""
    (mine / "toypkg/add.py").write_text(broken, encoding="utf-8")
    said = update(mine, publish(tmp_path / "new", "2", add=f"{STUB}\n\n{MEAN}"))
    assert (mine / "toypkg/add.py").read_text() == broken
    assert "Look at toypkg/add.py " in " ".join(said.split())
    assert "brings the stubs of new exercises." in " ".join(said.split())


def test_a_module_in_another_encoding_is_left_alone(mine: Path, tmp_path: Path) -> None:
    """Latin-1 is no reason to lose a byte."""
    data = "# é\n".encode("latin-1") + MINE.encode()
    (mine / "toypkg/add.py").write_bytes(data)
    said = update(mine, publish(tmp_path / "new", "2", add=f"{STUB}\n\n{MEAN}"))
    assert (mine / "toypkg/add.py").read_bytes() == data
    assert "toypkg/add.py is no UTF-8 text, so it was left alone." in " ".join(said.split())


# An update that is cut short


@pytest.mark.parametrize("writes", range(7))
def test_an_interrupted_update_is_completed_by_another(
    mine: Path, tmp_path: Path, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut short after any file, a second run ends where an undisturbed one does, and loses nothing."""
    (mine / "toypkg/add.py").write_text(f"{HEAD}{MINE}\n\n{TOTAL}", encoding="utf-8")
    (mine / "README.md").write_text("My own page.\n", encoding="utf-8")
    undisturbed = Path(shutil.copytree(mine, tmp_path / "undisturbed"))
    new = publish(tmp_path / "new", "2", add=f"{HEAD}{ADD}\n\n{MEAN}\n\n{TOTAL}",
                  files={"toypkg/shapes.py": None, "assignments/02/README.md": "# New\n"},
                  others={"README.md": "Newer.\n"})
    update(undisturbed, new)
    real, left = write_bytes, [writes]

    def cut(data: bytes, path: Path) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        real(data, path)

    planned = plan_update(mine, read_edition(str(new), mine))
    monkeypatch.setattr("grader.student.update.write_bytes", cut)
    with pytest.raises(KeyboardInterrupt):
        apply_update(mine, planned)
    monkeypatch.setattr("grader.student.update.write_bytes", real)
    update(mine, new)
    assert snapshot(mine) == snapshot(undisturbed)
    copies = [path.read_text() for path in (mine / ".grader/backup").rglob("README.md")]
    assert "My own page.\n" in copies


# Sources


def test_an_older_edition_is_refused(mine: Path, tmp_path: Path) -> None:
    """Going back needs a word."""
    publish(mine, "2026.10")
    old = publish(tmp_path / "old", "2026.9", others={"README.md": "Older.\n"})
    assert refusal(mine, old).problem == "this edition is 2026.9, and yours is 2026.10: it is older."
    update(mine, old, "--allow-older")
    assert (mine / "README.md").read_text() == "Older.\n"


@pytest.mark.parametrize(("toml", "problem"), [
    (TOML.replace('"toy"', '"other"'), "this is another course: 'other', and yours is 'toy'."),
    (TOML + 'on_path = "quick"\n', "this starter was made for the path 'quick', and yours for all paths."),
    (TOML.replace("student", "teacher"), "this is no starter of a course."),
    (TOML.replace("toypkg", "../x"), "this is no starter of a course."),
    ("no toml", "this is no starter of a course."),
])
def test_a_source_that_does_not_fit_is_refused(mine: Path, tmp_path: Path, toml: str, problem: str) -> None:
    """Another course, another path, the teacher's own tree."""
    assert refusal(mine, publish(tmp_path / "new", "2", toml=toml)).problem == problem


@pytest.mark.parametrize("source", ["nowhere", "empty", "origin", "-oProxyCommand=x", "--upload-pack=x"])
def test_a_source_that_is_none_is_refused(mine: Path, tmp_path: Path, source: str) -> None:
    """A word that names nothing, an empty folder, an option in disguise."""
    (tmp_path / "empty").mkdir()
    word = str(tmp_path / "empty") if source == "empty" else source
    if source.startswith("-"):
        with pytest.raises(UsageError, match="is no folder, no address of a git repository, and no remote"):
            read_edition(word, mine)
    else:
        assert refusal(mine, word).problem in (
            "this is no starter of a course.",
            f"{word!r} is no folder, no address of a git repository, and no remote of yours.")


def test_the_teachers_course_is_not_updated(tmp_path: Path) -> None:
    """There `grader build` does it."""
    root = Path(shutil.copytree(TOY, tmp_path / "toy"))
    with pytest.raises(UsageError, match="this is the teacher's course"):
        plan_update(root, read_edition(str(publish(tmp_path / "new")), root))


def test_a_damaged_copy_is_named(mine: Path, tmp_path: Path) -> None:
    """Without its own facts a copy cannot be compared."""
    (mine / "assignments/course.toml").write_text("= =", encoding="utf-8")
    with pytest.raises(CourseError, match="this file is missing or damaged") as caught:
        plan_update(mine, read_edition(str(publish(tmp_path / "new")), mine))
    assert caught.value.fix == "Get it back with `git checkout -- assignments/course.toml`."


def test_something_else_in_a_files_place_is_named(mine: Path, tmp_path: Path) -> None:
    """A link of the student's is not written through, nor a folder replaced."""
    new = publish(tmp_path / "new", "2", files={"assignments/02/README.md": "# New\n"})
    (tmp_path / "away").mkdir()
    (mine / "assignments/02").symlink_to(tmp_path / "away")
    found = refusal(mine, new)
    assert (found.problem, found.where) == ("something else stands in the place of a file of the course.",
                                            "assignments/02")
    assert not list((tmp_path / "away").iterdir())


@pytest.mark.parametrize("name", [
    "../escape.txt", "/tmp/escape.txt", "a/../../escape", "a\\..\\b", "C:evil", ".git/config", ".GIT/hooks/x",
    ".grader/path", ".venv/bin/python", "answers/me.toml", SHIPPED, "a//b", "./a", "a/.", "", "new\nline",
    "answers/ME.toml", "assignments/Shipped.json", ".git./config", "GIT~1/config", ".git /config",
])
def test_a_name_that_leads_elsewhere_is_refused(mine: Path, tmp_path: Path, name: str) -> None:
    """The list of a hostile starter can name no place outside the course's own."""
    new = publish(tmp_path / "new", "2")
    listed = Shipped({name: content_digest(b"x")}, {}, {})
    (new / SHIPPED).write_text(write_shipped(listed), encoding="utf-8")
    assert "is a place where no course may write" in refusal(mine, new).problem


def test_links_in_a_source_are_not_followed(mine: Path, tmp_path: Path) -> None:
    """A file of the starter that is a link to the student's secrets is refused."""
    secret = tmp_path / "id_rsa"
    secret.write_text("Read me.\n", encoding="utf-8")
    new = publish(tmp_path / "new", "2")
    (new / "README.md").unlink()
    (new / "README.md").symlink_to(secret)
    assert refusal(mine, new).problem == (
        "this starter is damaged: README.md is a symbolic link, not a plain file.")


@pytest.mark.parametrize(("damage", "problem"), [
    (("README.md", "Read", "Write"), f"README.md is not what {SHIPPED} says."),
    (("README.md", "Read", None), "README.md cannot be opened"),
    ((SHIPPED, "def add(a", "def add((a"), "toypkg/add.py is no Python."),
    ((SHIPPED, "toypkg/shapes.py", "toypkg/add.py"), "toypkg/add.py is listed twice."),
])
def test_a_damaged_source_is_refused_whole(
    mine: Path, tmp_path: Path, damage: tuple[str, str, str | None], problem: str
) -> None:
    """One file that is not what the list says, and nothing is taken."""
    file, old, changed = damage
    new = publish(tmp_path / "new", "2")
    text = (new / file).read_text(encoding="utf-8")
    assert old in text
    (new / file).unlink()
    if changed is not None:
        (new / file).write_text(text.replace(old, changed), encoding="utf-8")
    found = refusal(mine, new)
    assert found.problem.startswith(f"this starter is damaged: {problem}".removesuffix("."))
    assert found.fix == "nothing of yours was changed. Ask your teacher for a whole one."


def test_one_file_in_two_spellings_is_refused(mine: Path, tmp_path: Path) -> None:
    """On a disk that knows no capitals the second would overwrite the first."""
    new = publish(tmp_path / "new", "2", others={"readme.md": "x"})
    assert f"{SHIPPED} names a file in two spellings" in refusal(mine, new).problem


def test_too_much_is_refused(mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A starter has a size, and a number of files."""
    new = publish(tmp_path / "new", "2", others={"large.txt": "x" * 2000})
    monkeypatch.setattr("grader.student.edition.LARGEST_EDITION", 1500)
    assert "large.txt is larger than 1 KiB" in refusal(mine, new).problem
    monkeypatch.setattr("grader.student.edition.MOST_FILES", 3)
    assert f"{SHIPPED} names more than 3 files" in refusal(mine, new).problem


# Git


def git(root: Path, *words: str) -> None:
    """Run git in a folder, with a name and no configuration of this machine."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
                   "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b.c", "GIT_COMMITTER_NAME": "A",
                   "GIT_COMMITTER_EMAIL": "a@b.c"}
    subprocess.run(["git", "-C", str(root), *words], check=True, env=environment, capture_output=True)


def committed(root: Path) -> Path:
    """Put a folder under git."""
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A", "-f")
    git(root, "commit", "-qm", "An edition")
    return root


@needs_git
@pytest.mark.parametrize("form", ["address", "remote", "bare"])
def test_an_edition_comes_from_git(mine: Path, tmp_path: Path, form: str) -> None:
    """From an address, from a remote of the student's repository, from a bare repository."""
    new = committed(publish(tmp_path / "new", "2", others={"README.md": "Newer.\n"}))
    source = new.as_uri()
    if form == "remote":
        committed(mine)
        git(mine, "remote", "add", "upstream", source)
        source = "upstream"
    elif form == "bare":
        git(tmp_path, "clone", "-q", "--bare", str(new), "bare")
        source = str(tmp_path / "bare")
    update(mine, source)
    assert (mine / "README.md").read_text() == "Newer.\n"
    assert snapshot(mine) == snapshot(new)


@needs_git
def test_a_hostile_repository_runs_nothing(mine: Path, tmp_path: Path) -> None:
    """Hooks, filters, submodules and links of the source do nothing; a linked file is refused."""
    new = publish(tmp_path / "new", "2")
    trap = f"touch '{tmp_path / 'sprung'}'"
    (new / ".gitattributes").write_text("* filter=evil export-subst\n", encoding="utf-8")
    modules = f'[submodule "x"]\n path = x\n url = ext::sh -c "{trap}"\n'
    (new / ".gitmodules").write_text(modules, encoding="utf-8")
    (new / "README.md").unlink()
    (new / "README.md").symlink_to("/etc/passwd")
    committed(new)
    for hook in ("post-checkout", "post-upload-pack", "reference-transaction"):
        (new / ".git/hooks").mkdir(exist_ok=True)
        (new / f".git/hooks/{hook}").write_text(f"#!/bin/sh\n{trap}\n", encoding="utf-8")
        (new / f".git/hooks/{hook}").chmod(0o755)
    git(new, "config", "filter.evil.smudge", trap)
    git(new, "config", "uploadpack.packObjectsHook", trap)
    assert "README.md is no plain file" in refusal(mine, new.as_uri()).problem
    assert not (tmp_path / "sprung").exists()


@needs_git
@pytest.mark.parametrize("address", ["ext::sh -c touch% sprung", "file:///nowhere/at/all", "fd::17"])
def test_an_address_that_gives_nothing_is_told(mine: Path, address: str) -> None:
    """Git's own last line is shown; helpers that run commands are not allowed."""
    found = refusal(mine, address)
    assert "git could not fetch this: " in found.problem or "is no folder, no address" in found.problem
    assert not Path("sprung").exists()


def test_without_git_a_folder_is_named(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what else works."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    found = refusal(mine, "https://example.org/course.git")
    assert str(found) == "git is not installed.\n  Next: install it, or name a folder."


def test_a_git_that_hangs_is_ended(mine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A remote that never answers costs the time that is allowed."""
    slow = tmp_path / "git"
    slow.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    slow.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(slow))
    monkeypatch.setattr("grader.student.edition.GIT_SECONDS", 0.2)
    assert refusal(mine, "https://example.org/course.git").problem == "git did not answer in time."


# Modules, function by function


@pytest.mark.parametrize(("new", "mine_", "result", "said"), [
    # the description has changed, the code is the student's
    (ADD.replace("two arrays", "two arrays [N]"), MINE, MINE.replace("two arrays", "two arrays [N]"),
     "done: 1.1 add has the newer description; your code in it was kept"),
    # the student has changed the description too
    (ADD.replace("two arrays", "two arrays [N]"), MINE.replace("two arrays", "both"),
     MINE.replace("two arrays", "both"), "look: 1.1 add is described in another way now; you changed its "
     "description too, so yours was kept"),
    # the signature has changed
    (ADD.replace("(a, b)", "(a, b, scale=1)"), MINE, MINE,
     "look: 1.1 add is called in another way now: add(a, b, scale=1). Yours was kept"),
    # not begun: the newer stub
    (ADD.replace("(a, b)", "(a, b, scale=1)"), ADD, ADD.replace("(a, b)", "(a, b, scale=1)"),
     "done: 1.1 add is the newer stub now; you had not begun it"),
    # only the TODO has changed
    (ADD.replace("TODO: add", "TODO: add them"), MINE, MINE, ""),
    # taken out by the student
    (ADD.replace("TODO: add", "TODO: add them"), "", "",
     "look: 1.1 add is not in it any more; `grader reset add` writes its stub at the end"),
    # no exercise any more
    ("", MINE, MINE, "look: add is no exercise any more; yours was kept"),
    ("", ADD, "", "done: add is no exercise any more; its stub is gone"),
    # given, and changed on both sides
    ("def add(a, b):\n    return 7\n", MINE, MINE,
     "look: add is given, and has changed; you changed it too, so yours was kept"),
])
def test_each_function_follows_or_stays(new: str, mine_: str, result: str, said: str) -> None:
    """What the student has not touched follows the course; what they wrote stays, and is spoken of."""
    around = [HEAD + "{}" + f"\n\n{TOTAL}"] * 3
    old, newer, own = (text.format(part) for text, part in zip(around, (ADD, new, mine_), strict=True))
    merged = merge_module(old, newer, own)
    assert _functions(merged.text) == _functions(around[0].format(result))
    assert [f"done: {line}" for line in merged.done] + [f"look: {line}" for line in merged.look] == (
        [said] if said else [])


def _functions(text: str) -> dict[str, str]:
    return {node.name: ast.get_source_segment(text, node) or "" for node in ast.parse(text).body
            if isinstance(node, ast.FunctionDef)}


def test_new_lines_at_the_top_come_in() -> None:
    """A new import stands with the others, a new constant above the functions; the student's stay."""
    newer = STUB.replace("import numpy as np\n", "import math\n\nimport numpy as np\n").replace(
        "ZERO = 0.0\n", "ZERO = 0.0\nONE = 1.0\n")
    own = STUB.replace("ZERO = 0.0", "ZERO = 0.0\nMINE = 2").replace(ADD, f"# about add\n{MINE}")
    merged = merge_module(STUB, newer, own)
    assert merged.text == f'"""Adding."""\n\nimport numpy as np\nimport math\n\nZERO = 0.0\nMINE = 2\n\n\n' \
                          f"ONE = 1.0\n\n\n# about add\n{MINE}\n\n{TOTAL}"
    assert merged.done == ["a line is new: import math", "a line is new: ONE = 1.0"]


def test_a_function_of_the_same_name_is_kept() -> None:
    """A helper of the student's may have the name of a new exercise."""
    own = f"{STUB}\n\ndef mean(v):\n    return 3\n"
    merged = merge_module(STUB, f"{STUB}\n\n{MEAN}", own)
    assert merged.text == own
    assert merged.look == ["1.3 mean is new in the course, and you have a function of that name: it was kept"]


def test_a_stub_of_its_own_kind_is_not_merged() -> None:
    """Two functions of one name in the newer stub are nobody's to choose from."""
    with pytest.raises(NotMerged, match="`add` is defined 2 times"):
        merge_module(STUB, f"{STUB}\n\n{ADD}", STUB.replace(ADD, MINE))


_BODIES = st.lists(st.sampled_from([
    "    x = 1", "    # note", "    return a", "    def inner():\n        return 2", "",
    '    s = """\ntext\n"""', "    if a:\n        return b", "    # TODO: add",
    '    raise NotImplementedError("1.1 add")',
]), min_size=1, max_size=5)
_GAPS = st.lists(st.sampled_from(
    ["", "# between", "x = 3", "import os", "class C:\n    pass", "@staticmethod"]), max_size=3)


@given(body=_BODIES, other=_BODIES, gap=_GAPS, tail=_GAPS, crlf=st.booleans())
@settings(max_examples=150)
def test_no_line_of_a_student_is_lost(
    body: list[str], other: list[str], gap: list[str], tail: list[str], crlf: bool
) -> None:
    """Whatever was written: each function that is not the old stub is in the result as it was."""
    parts = [HEAD, "def add(a, b):\n", "\n".join(body), "\n", "\n".join(gap), "\n", "def helper(a, b):\n",
             "\n".join(other), "\n", "\n".join(tail), "\n"]
    text = "".join(parts)
    try:
        ast.parse(text)
    except SyntaxError:
        return
    own = text.replace("\n", "\r\n") if crlf else text
    newer = f"{HEAD}import math\n\n\n{ADD.replace('two', '2')}\n\n{MEAN}\n\n{TOTAL}"
    try:
        merged = merge_module(STUB, newer, own)
    except NotMerged:
        return
    result = merged.text.replace("\r\n", "\n")
    assert ("\r\n" in merged.text) == crlf
    before, after = _functions(text), _functions(result)
    assert after["helper"] == before["helper"]
    if before["add"] not in ADD:
        assert after["add"] == before["add"]
    assert set(after) >= {"add", "mean", "helper"}
    lost = [line for line in text.splitlines() if line.strip() and line not in result]
    assert not lost or before["add"] in ADD
    assert merge_module(STUB, newer, merged.text).text == merged.text


# The whole way


def test_a_real_edition_can_be_checked_afterwards(tmp_path: Path) -> None:
    """A course is built, a student works, a newer one is built: after the update `grader check` passes."""
    teacher = Path(shutil.copytree(TOY, tmp_path / "teacher", ignore=shutil.ignore_patterns("__pycache__")))
    course = load_course(teacher)
    write_build(course, plan_build(course), tmp_path / "mine")
    mine, package = tmp_path / "mine", tmp_path / "mine" / "toypkg"
    solved = (TOY / "reference/toypkg/add.py").read_text(encoding="utf-8")
    (package / "add.py").write_text(solved, encoding="utf-8")
    toml = teacher / "assignments/course.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace('"1.0"', '"1.1"'), encoding="utf-8")
    reference = teacher / "reference/toypkg/add.py"
    reference.write_text(reference.read_text(encoding="utf-8").replace("gives [N].", "gives [N], float64."),
                         encoding="utf-8")
    course = load_course(teacher)
    write_build(course, plan_build(course), tmp_path / "new")
    said = " ".join(update(mine, tmp_path / "new").split())
    assert "toypkg/add.py: 1.1 add has the newer description; your code in it was kept" in said
    text = (package / "add.py").read_text(encoding="utf-8")
    assert text == solved.replace("gives [N].", "gives [N], float64.")
    done = CliRunner().invoke(cli, ["check", "1", "--course", str(mine)])
    assert done.exit_code == 0, done.output
