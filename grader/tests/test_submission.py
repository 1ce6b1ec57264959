"""Reading a submission: what is taken, what is set aside, and that nothing can hurt."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.errors import SubmissionError
from grader.submission import Submission, folder, read_submission, reader

TOY = Path(__file__).parent / "toy_course" / "reference"
needs_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


@pytest.fixture(params=[pytest.param(True, marks=needs_posix), False], ids=["by handle", "by path"])
def tree(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a small submission, read in both of the ways that systems need."""
    monkeypatch.setattr(folder, "BY_HANDLE", request.param)
    package = tmp_path / "ada" / "pkg"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('"""A package."""\n', encoding="utf-8")
    (package / "sums.py").write_text("def add(a, b):\n    return a + b\n", encoding="utf-8")
    return tmp_path / "ada"


@pytest.fixture
def alarm() -> Iterator[None]:
    """End a read that blocks: a test that hangs would tell nobody why."""
    def ring(*_: object) -> None:
        raise TimeoutError("the read blocked")
    old = signal.signal(signal.SIGALRM, ring)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, old)


def read(tree: Path) -> Submission:
    """Read the package `pkg`."""
    return read_submission(tree, "pkg")


def put(tree: Path, name: str, data: bytes = b"x = 1\n") -> Path:
    """Write one more file into the package."""
    path = tree / "pkg" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def aside(submission: Submission) -> dict[str, str]:
    """Map each file that was set aside to its sentence."""
    return {problem.file: problem.problem for problem in submission.problems}


# What is taken


def test_modules_arrive_as_text(tree: Path) -> None:
    """Each module of the package arrives under its name, and nothing is set aside."""
    found = read(tree)
    assert list(found.modules) == ["__init__", "sums"]
    assert found.modules["sums"] == "def add(a, b):\n    return a + b\n"
    assert (found.id, found.source, found.commit) == ("ada", "folder", None)
    assert (found.rejected, found.problems) == ({}, ())


def test_the_reference_is_a_submission() -> None:
    """The toy course's reference reads like a student's tree."""
    assert list(read_submission(TOY, "toypkg").modules) == ["__init__", "add", "scale", "shapes"]


def test_an_id_may_be_given(tree: Path) -> None:
    """A class list may name the student."""
    assert read_submission(tree, "pkg", id="s\x1b001").id == "s\\x1b001"


def test_nested_modules_have_dotted_names(tree: Path) -> None:
    """Folders in the package are packages."""
    put(tree, "sub/__init__.py")
    put(tree, "sub/tables.py")
    assert {"sub.__init__", "sub.tables"} <= set(read(tree).modules)


def test_caches_and_hidden_files_are_silently_ignored(tree: Path) -> None:
    """What tools leave behind is no problem of the student's."""
    for name in ("__pycache__/sums.pyc", ".hidden/x.py", ".x.py", "old.pyc", "notes.txt"):
        put(tree, name)
    assert (list(read(tree).modules), read(tree).problems) == (["__init__", "sums"], ())


def test_nothing_outside_the_package_is_read(tree: Path) -> None:
    """Files beside the package are not part of the submission."""
    (tree / "conftest.py").write_text("x", encoding="utf-8")
    (tree / "results.json").write_text("{}", encoding="utf-8")
    assert read(tree).problems == ()


def test_python_that_is_wrong_is_still_text(tree: Path) -> None:
    """Nothing is parsed here, however broken or deep it is."""
    put(tree, "deep.py", b"(" * 100_000)
    assert read(tree).modules["deep"] == "(" * 100_000


def test_a_bom_is_taken_off_and_line_ends_are_made_plain(tree: Path) -> None:
    """A Windows editor's file reads as any other."""
    put(tree, "win.py", b"\xef\xbb\xbfx = 1\r\ny = 2\rz = 3\n")
    assert read(tree).modules["win"] == "x = 1\ny = 2\nz = 3\n"


@pytest.mark.parametrize("cookie", ["utf-8", "UTF8", "utf_8"])
def test_an_encoding_line_may_say_utf_8(tree: Path, cookie: str) -> None:
    """A declaration of UTF-8 is fine."""
    put(tree, "cookie.py", f"# -*- coding: {cookie} -*-\nx = 'é'\n".encode())
    assert "cookie" in read(tree).modules


def test_letters_of_other_languages_are_fine(tree: Path) -> None:
    """A module may be named in the student's language."""
    put(tree, "größe.py")
    assert "größe" in read(tree).modules


# The digest


def test_the_digest_follows_names_and_text(tree: Path) -> None:
    """Another text, or the same text under another name, is another submission."""
    first = read(tree).digest
    path = put(tree, "more.py")
    second = read(tree).digest
    path.rename(path.with_name("most.py"))
    third = read(tree).digest
    assert len({first, second, third}) == 3
    path.with_name("most.py").unlink()
    assert read(tree).digest == first


def test_line_ends_do_not_change_the_digest(tree: Path) -> None:
    """The same code checked out on Windows is the same submission."""
    first = read(tree).digest
    put(tree, "sums.py", b"def add(a, b):\r\n    return a + b\r\n")
    assert read(tree).digest == first


# What is rejected, one file at a time


@pytest.mark.parametrize(("data", "sentence"), [
    (b"x = 1\n\0", "has a NUL byte in line 2"),
    (b"x = 1\r\ny = '\xe9'\n", "has the byte 0xe9 in line 2, which is not UTF-8. Save it as UTF-8"),
    ("x = 1\n".encode("utf-16"), "is UTF-16 text. Save it as UTF-8"),
    (b"# coding: latin-1\nx = 1\n", "declares the encoding 'latin-1' in line 1"),
    (b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n", "declares the encoding 'cp1252' in line 2"),
    (b"x" * (reader.FILE_BYTES + 1), "is larger than 1024 KiB"),
])
def test_a_bad_file_is_rejected_by_name(tree: Path, data: bytes, sentence: str) -> None:
    """One bad file costs that module only, and the sentence says what to do."""
    put(tree, "bad.py", data)
    found = read(tree)
    assert "sums" in found.modules
    assert "bad" not in found.modules
    assert found.rejected["bad"].startswith(f"pkg/bad.py {sentence}")
    assert aside(found)["pkg/bad.py"].startswith(f"This file {sentence}")


def test_an_encoding_word_in_code_is_no_declaration(tree: Path) -> None:
    """Only a comment in the first two lines declares an encoding."""
    put(tree, "fine.py", b"x = 1\n# coding: latin-1\n")
    assert "fine" in read(tree).modules


def test_a_file_of_exactly_the_limit_is_read(tree: Path) -> None:
    """One mebibyte is allowed."""
    put(tree, "big.py", b"#" * reader.FILE_BYTES)
    assert "big" in read(tree).modules


@needs_posix
def test_a_link_is_not_followed(tree: Path) -> None:
    """A link to a file outside, or in the package, is rejected."""
    (tree / "secret.py").write_text("SECRET = 1", encoding="utf-8")
    (tree / "pkg" / "link.py").symlink_to(tree / "secret.py")
    (tree / "pkg" / "linked").symlink_to(tree)
    (tree / "pkg" / "loop.py").symlink_to("loop.py")
    found = read(tree)
    assert "is a symbolic link, not a plain file" in found.rejected["link"]
    assert "is a symbolic link" in found.rejected["loop"]
    assert aside(found)["pkg/linked"] == "This is a symbolic link, and is not read."


@needs_posix
def test_a_pipe_does_not_block(tree: Path, alarm: None) -> None:
    """A FIFO named like a module is rejected at once."""
    os.mkfifo(tree / "pkg" / "pipe.py")
    os.mkfifo(tree / "pkg" / "pipe")
    found = read(tree)
    assert "is a named pipe, not a plain file" in found.rejected["pipe"]
    assert aside(found)["pkg/pipe"] == "This is a named pipe, and is not read."


@needs_posix
def test_a_socket_is_rejected(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket named like a module is rejected."""
    monkeypatch.chdir(tree / "pkg")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("sock.py")
    assert "is a socket, not a plain file" in read(tree).rejected["sock"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_rejected(tree: Path) -> None:
    """A device named like a module is rejected, unopened."""
    try:
        os.mknod(tree / "pkg" / "dev.py", 0o20644, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("devices are forbidden here")
    assert "is a device, not a plain file" in read(tree).rejected["dev"]


@needs_posix
def test_a_sparse_giant_is_rejected_unread(tree: Path) -> None:
    """A file that claims a terabyte is refused by its size."""
    with (tree / "pkg" / "giant.py").open("wb") as file:
        file.truncate(1 << 40)
    assert "is larger than 1024 KiB" in read(tree).rejected["giant"]


@needs_posix
def test_a_file_without_permission_is_rejected(tree: Path) -> None:
    """A file or folder that the grader may not read says so."""
    put(tree, "closed.py").chmod(0)
    put(tree, "shut/x.py").parent.chmod(0)
    if os.access(tree / "pkg" / "closed.py", os.R_OK):
        pytest.skip("root may read everything")
    found = read(tree)
    (tree / "pkg" / "shut").chmod(0o700)
    assert "cannot be opened (Permission denied)" in found.rejected["closed"]
    assert "(Permission denied)" in aside(found)["pkg/shut"]


def test_a_file_that_cannot_be_opened_is_rejected(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's reason is handed on, for files and for folders."""
    put(tree, "closed.py")
    put(tree, "shut/x.py")
    usual_open, usual_list = os.open, os.scandir

    def opened(path: Any, flags: int, *mode: int, dir_fd: int | None = None) -> int:
        if Path(path).name in ("closed.py", "shut"):
            raise PermissionError(13, "Permission denied")
        return usual_open(path, flags, *mode, dir_fd=dir_fd)

    def listed(path: Any) -> Any:
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied")
        return usual_list(path)
    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "scandir", listed)
    found = read(tree)
    assert "cannot be opened (Permission denied)" in found.rejected["closed"]
    assert "(Permission denied)" in aside(found)["pkg/shut"]


def test_a_file_that_fails_while_read_is_rejected(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the disk costs one file."""
    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")
    monkeypatch.setattr(os, "read", broken)
    assert "cannot be read (Input/output error)" in read(tree).rejected["sums"]


def test_a_file_that_grows_while_read_is_rejected(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit holds for what is read, not only for what the size promised."""
    monkeypatch.setattr(os, "read", lambda _handle, size: b"x" * size)
    assert "is larger than 1024 KiB" in read(tree).rejected["sums"]


def test_a_file_swapped_while_read_is_rejected(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another file put in the place of the one looked at is not read."""
    other = put(tree, "other.txt").stat()
    monkeypatch.setattr(os, "fstat", lambda _handle: other)
    assert "changed while it was being read" in read(tree).rejected["sums"]


def test_a_folder_named_like_a_module_is_rejected(tree: Path) -> None:
    """A folder x.py is no module x."""
    (tree / "pkg" / "trap.py").mkdir()
    assert "is a folder, not a plain file" in read(tree).rejected["trap"]


@pytest.mark.parametrize("name", [
    "conftest.py", "sitecustomize.py", "usercustomize.py", "pytest.ini", "evil.pth", "fast.so", "fast.pyd",
])
def test_files_that_steer_python_are_set_aside(tree: Path, name: str) -> None:
    """Configuration of Python or pytest, and compiled code, are not read."""
    put(tree, name)
    assert aside(read(tree)) == {f"pkg/{name}": "This file would steer Python or pytest, and is not read."}


@pytest.mark.parametrize("name", ["numpy", "grader"])
def test_folders_that_shadow_packages_are_set_aside(tree: Path, name: str) -> None:
    """A folder named like an imported package is not read."""
    put(tree, f"{name}/__init__.py")
    assert "the name of a package that your code imports" in aside(read(tree))[f"pkg/{name}"]


@pytest.mark.parametrize(("name", "sentence"), [
    ("my-sums.py", "This file has a name that Python cannot import. Use letters, digits and _."),
    ("2nd.py", "This file has a name that Python cannot import. Use letters, digits and _."),
    ("class.py", "This file is named like a word of Python's own. Rename it."),
    ("ﬁne.py", "This file has a name with letters that Python reads as others. Use plain letters."),
])
def test_names_that_cannot_be_imported_are_set_aside(tree: Path, name: str, sentence: str) -> None:
    """A file that no import could reach is said to be so."""
    put(tree, name)
    assert aside(read(tree)) == {f"pkg/{name}": sentence}


def test_a_folder_that_cannot_be_imported_is_set_aside(tree: Path) -> None:
    """The same holds for folders."""
    put(tree, "my folder/x.py")
    assert "This folder has a name that Python cannot import" in aside(read(tree))["pkg/my folder"]


def test_a_module_wins_over_a_folder_of_its_name(tree: Path) -> None:
    """Two things of one name are one module, and the other is said to be set aside."""
    put(tree, "sums/__init__.py")
    found = read(tree)
    assert found.modules["sums"].startswith("def add")
    assert "has the name of the module sums.py beside it" in aside(found)["pkg/sums"]


@needs_posix
@pytest.mark.parametrize(("name", "shown"), [
    ("a\nb.py", "pkg/a\\nb.py"),
    ("\x1b[31mred.py", "pkg/\\x1b[31mred.py"),
    ("\u202egnp.py", "pkg/\\u202egnp.py"),
    ("x" * 200 + "-.py", "pkg/" + "x" * 120 + "…"),
])
def test_hostile_names_are_spelled_out(tree: Path, name: str, shown: str) -> None:
    """No name can write to a terminal, turn its text round, or fill it."""
    put(tree, name)
    assert list(aside(read(tree))) == [shown]


@pytest.mark.skipif(os.name != "posix" or os.uname().sysname == "Darwin", reason="names are text there")
def test_names_that_are_no_text_are_spelled_out(tree: Path) -> None:
    """A name of stray bytes is escaped."""
    (Path(os.fsdecode(os.fsencode(tree / "pkg") + b"/\xff.py"))).write_text("", encoding="utf-8")
    assert list(aside(read(tree))) == ["pkg/\\udcff.py"]


# Limits of the tree


def test_more_than_two_hundred_files_are_not_read(tree: Path) -> None:
    """The first files in the order of their names count; the rest is rejected."""
    for number in range(reader.FILES):
        put(tree, f"m{number:03}.py", b"")
    found = read(tree)
    assert len(found.modules) == reader.FILES
    assert "comes after the first 200 files" in found.rejected["sums"]


def test_a_tree_of_more_than_eight_mebibytes_is_cut(tree: Path) -> None:
    """The sum of all files is limited too."""
    for number in range(9):
        put(tree, f"m{number}.py", b"#" * reader.FILE_BYTES)
    found = read(tree)
    assert "all files together may have 8 MiB" in found.rejected["m8"]
    assert sum(map(len, found.modules.values())) <= reader.TREE_BYTES


def test_deep_folders_are_set_aside(tree: Path) -> None:
    """A chain of folders ends."""
    put(tree, "/".join("abcdefgh") + "/x.py")
    assert "is more than 6 folders deep" in aside(read(tree))["pkg/a/b/c/d/e/f"]


def test_a_folder_with_thousands_of_names_is_set_aside(tree: Path) -> None:
    """Listing ends too, and the modules beside that folder still count."""
    (tree / "pkg" / "many").mkdir()
    for number in range(reader.NAMES + 1):
        (tree / "pkg" / "many" / f"{number}").touch()
    found = read(tree)
    assert "sums" in found.modules
    assert aside(found) == {"pkg/many": "This folder holds more than 2000 names."}


def test_a_package_with_thousands_of_names_is_refused(tree: Path) -> None:
    """Then there is nothing to grade, and the error says so."""
    for number in range(reader.NAMES):
        (tree / "pkg" / f"{number}").touch()
    with pytest.raises(SubmissionError, match=r"the folder pkg/ holds more than 2000 names"):
        read(tree)


def test_the_list_of_problems_is_cut(tree: Path) -> None:
    """A thousand bad names give a hundred lines and a count."""
    for number in range(150):
        put(tree, f"{number}-.py")
    problems = read(tree).problems
    assert len(problems) == reader.PROBLEMS + 1
    assert problems[-1].problem == "50 more files were set aside."


# Nothing to read at all


@pytest.mark.parametrize(("prepare", "problem", "fix"), [
    (lambda tree: None, "there is no folder pkg/ here; found: nothing",
     "Name the folder of a student's repository"),
    (lambda tree: (tree / "sums.py").touch(), "found: sums.py", "Move your modules into a folder pkg/."),
    (lambda tree: (tree / "in" / "pkg").mkdir(parents=True), "found: in", "It is in in/: name that folder."),
    (lambda tree: (tree / "pkg").touch(), "pkg is a file, not a folder", "Make pkg/ a plain folder"),
    (lambda tree: [(tree / f"f{n}").touch() for n in range(9)], "f7, …", "Name the folder"),
])
def test_without_a_package_the_next_step_is_said(
    tmp_path: Path, prepare: Callable[[Path], object], problem: str, fix: str
) -> None:
    """The error says what was found, and guesses the slip."""
    prepare(tmp_path)
    with pytest.raises(SubmissionError) as caught:
        read(tmp_path)
    assert problem in caught.value.problem
    assert fix in str(caught.value.fix)
    assert caught.value.exit_code == 2


def test_the_package_itself_is_one_folder_too_deep(tree: Path) -> None:
    """Naming pkg/ instead of the folder above is the usual slip."""
    with pytest.raises(SubmissionError, match=r"Name the folder above pkg/"):
        read(tree / "pkg")


@needs_posix
def test_a_link_in_the_packages_place_is_refused(tree: Path) -> None:
    """The package must be a folder of the submission itself."""
    (tree / "pkg").rename(tree / "real")
    (tree / "pkg").symlink_to("real")
    with pytest.raises(SubmissionError, match="pkg is a symbolic link, not a folder"):
        read(tree)


@needs_posix
def test_a_link_to_the_submission_is_fine(tree: Path) -> None:
    """The teacher may name a submission by a link."""
    link = tree.with_name("link")
    link.symlink_to(tree)
    assert "sums" in read(link).modules


@pytest.mark.parametrize(("name", "problem"), [
    ("nobody", "there is nothing here"), ("file", "this is no folder"),
])
def test_a_wrong_path_is_refused(tmp_path: Path, name: str, problem: str) -> None:
    """A path that is not there, or is a file, says so."""
    (tmp_path / "file").touch()
    with pytest.raises(SubmissionError, match=problem) as caught:
        read(tmp_path / name)
    assert caught.value.fix == "Name the folder of one student's repository."


def test_a_path_that_cannot_be_opened_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's reason is handed on."""
    def closed(*_: object) -> int:
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr(folder, "BY_HANDLE", True)
    monkeypatch.setattr(os, "O_DIRECTORY", 0, raising=False)
    monkeypatch.setattr(os, "open", closed)
    with pytest.raises(SubmissionError, match=r"cannot be opened \(Permission denied\)"):
        read(tmp_path)


def test_a_folder_that_cannot_be_listed_is_set_aside(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that the system will not list is said to be so."""
    def closed(*_: object) -> None:
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(SubmissionError, match=r"the folder pkg/ cannot be listed \(Permission denied\)"):
        read(tree)


# The commit


SHA = "0123456789abcdef" * 2 + "01234567"


def git(tree: Path, files: dict[str, str]) -> None:
    """Write files of a `.git` folder."""
    for name, text in files.items():
        path = tree / ".git" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("files", [
    {"HEAD": f"{SHA}\n"},
    {"HEAD": "ref: refs/heads/main\n", "refs/heads/main": f"{SHA}\n"},
    {"HEAD": "ref: refs/heads/a/b\n",
     "packed-refs": f"# pack-refs\n{'f' * 40} refs/heads/a\n{SHA} refs/heads/a/b\n"},
])
def test_the_commit_is_read_from_files(tree: Path, files: dict[str, str]) -> None:
    """A detached HEAD, a loose ref and a packed ref all name the commit."""
    git(tree, files)
    assert read(tree).commit == SHA


def test_a_sha256_commit_is_read(tree: Path) -> None:
    """Repositories with longer names work too."""
    git(tree, {"HEAD": "ab" * 32})
    assert read(tree).commit == "ab" * 32


@pytest.mark.parametrize("files", [
    {"HEAD": "nonsense"},
    {"HEAD": "ref: refs/heads/none\n"},
    {"HEAD": "ref: refs/../../secret\n", "packed-refs": f"{SHA} refs/../../secret\n"},
    {"HEAD": "ref: /etc/passwd\n"},
    {"HEAD": "ref: refs/heads/main\n", "refs/heads/main": "\x1b[31m" + SHA},
    {"HEAD": SHA.upper()},
    {"HEAD": "ref: refs/heads/main\n", "packed-refs": "x" * (2 << 20)},
])
def test_a_strange_repository_has_no_commit(tree: Path, files: dict[str, str]) -> None:
    """Whatever is not plainly a commit is none, and is no error."""
    git(tree, files)
    assert read(tree).commit is None


@needs_posix
def test_a_link_in_git_is_not_followed(tree: Path) -> None:
    """A ref that links out of the repository is not read."""
    git(tree, {"HEAD": "ref: refs/heads/main\n", "refs/heads/x": ""})
    (tree / "sha").write_text(SHA, encoding="utf-8")
    (tree / ".git/refs/heads/main").symlink_to(tree / "sha")
    assert read(tree).commit is None
