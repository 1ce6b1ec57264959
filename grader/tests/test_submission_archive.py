"""An archive is read in memory, and nothing that it says can reach outside, or fill the machine."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.errors import SubmissionError
from grader.submission import Submission, read_archive, read_files, read_submission

PACKAGE = "pkg"


def archive(path: Path, *entries: tuple[str | zipfile.ZipInfo, str | bytes]) -> Path:
    """Write an archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in entries:
            file.writestr(name, text)
    return path


def link(name: str, kind: int = stat.S_IFLNK) -> zipfile.ZipInfo:
    """Make an entry that claims to be a link, or another thing."""
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (kind | 0o777) << 16
    return entry


def read(path: Path) -> Submission:
    """Read an archive as a class run does."""
    return read_archive(path, PACKAGE, id="ada")


def refused(path: Path) -> str:
    """Give the message that an archive gets."""
    with pytest.raises(SubmissionError) as caught:
        read(path)
    return str(caught.value)


@pytest.mark.parametrize("top", ["", "repository-main/", "a/b/c/"])
def test_an_archive_is_read_like_a_folder(tmp_path: Path, top: str) -> None:
    """The same files give the same digest, whatever folders stand above them."""
    folder = tmp_path / "folder" / PACKAGE
    folder.mkdir(parents=True)
    (folder / "sums.py").write_text("x = 1\n")
    whole = read_submission(tmp_path / "folder", PACKAGE)
    found = read(archive(tmp_path / "a.zip", (f"{top}{PACKAGE}/sums.py", "x = 1\n"), ("__MACOSX/x", "junk")))
    assert (found.modules, found.digest) == (whole.modules, whole.digest)
    assert (found.source, found.id) == ("zip", "ada")


@pytest.mark.parametrize("name", [
    "../pkg/evil.py", "/pkg/evil.py", "pkg/../../evil.py", "C:/pkg/evil.py", "..\\pkg\\evil.py",
    "\\pkg\\evil.py",
    "pkg/" + "a/" * 30 + "evil.py",
])
def test_names_that_lead_out_are_set_aside(tmp_path: Path, name: str) -> None:
    """A name that climbs out, starts at the root or a drive, or has no end is no part of it."""
    found = read(archive(tmp_path / "a.zip", ("pkg/sums.py", "x = 1\n"), (name, "x = 2\n")))
    assert dict(found.modules) == {"sums": "x = 1\n"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip"]


def test_links_and_devices_are_refused(tmp_path: Path) -> None:
    """An entry that says it is a link or a device is not read, and is named."""
    path = archive(tmp_path / "a.zip", ("pkg/sums.py", "x = 1\n"), (link("pkg/stolen.py"), "/etc/passwd"),
                   (link("pkg/device.py", stat.S_IFCHR), ""))
    found = read(path)
    assert list(found.modules) == ["sums"]
    assert found.rejected["stolen"].startswith("pkg/stolen.py is a symbolic link, not a plain file")
    assert found.rejected["device"].startswith("pkg/device.py is a device, not a plain file")


def test_a_bomb_is_not_inflated(tmp_path: Path) -> None:
    """A file that inflates to a gigabyte costs what one file may have, and is refused."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        with file.open("pkg/bomb.py", "w", force_zip64=True) as stream:
            for _ in range(64):
                stream.write(b"#" * (1 << 20))
        file.writestr("pkg/sums.py", "x = 1\n")
    assert path.stat().st_size < 1 << 18
    found = read(path)
    assert list(found.modules) == ["sums"]
    assert "pkg/bomb.py is larger than 1024 KiB" in found.rejected["bomb"]


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """Two readers could take different ones, so neither counts; also a file where a folder is."""
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = archive(tmp_path / "a.zip", ("pkg/sums.py", "x = 1\n"), ("pkg/sums.py", "x = 2\n"),
                       ("pkg/inner", "a file"), ("pkg/inner/x.py", "x = 3\n"))
    found = read(path)
    assert "sums" not in found.modules
    assert found.rejected["sums"].startswith("pkg/sums.py stands twice in the archive")


def test_an_encrypted_or_odd_file_is_refused(tmp_path: Path) -> None:
    """What cannot be inflated with the plain method only rejects itself."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("pkg/odd.py", "x = 1\n", zipfile.ZIP_BZIP2)
        file.writestr("pkg/sums.py", "x = 1\n")
        file.writestr("pkg/locked.py", "x = 1\n")
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)
    found = read(path)
    assert list(found.modules) == ["sums"]
    assert "is packed in a way that is not read here" in found.rejected["odd"]
    assert "is encrypted" in found.rejected["locked"]


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    """Plain text, half an archive, a link to one, and one that lists too much get a message each."""
    path = tmp_path / "a.zip"
    path.write_text("no archive")
    assert "this is no .zip archive\n  Next: Hand in a plain .zip of" in refused(path)
    whole = archive(tmp_path / "b.zip", ("pkg/sums.py", "x = 1\n")).read_bytes()
    path.write_bytes(whole[:-30])
    assert "this is no .zip archive" in refused(path)
    path.write_bytes(whole.replace(b"PK\x01\x02", b"XX\x01\x02"))
    assert "this archive is damaged (Bad magic number for central directory)" in refused(path)
    end = whole.rindex(b"PK\x05\x06")
    for place, form, value in ((end + 10, "<H", 30_000), (end + 12, "<I", 1 << 30)):
        data = bytearray(whole)
        struct.pack_into(form, data, place, value)
        path.write_bytes(data)
        assert "this archive lists more than 20000 files" in refused(path)
    path.write_bytes(whole[:end] + b"PK\x06\x07" + bytes(16) + whole[end:])
    assert "this archive lists more than 20000 files" in refused(path)
    path.unlink()
    path.symlink_to(tmp_path / "b.zip")
    assert "this archive is a symbolic link, not a plain file" in refused(path)


def test_a_file_that_is_damaged_only_rejects_itself(tmp_path: Path) -> None:
    """Bytes that do not fit their checksum are refused; the other files are read."""
    path = archive(tmp_path / "a.zip", ("pkg/bad.py", "x = 1\n" * 50), ("pkg/sums.py", "y = 1\n"))
    data = bytearray(path.read_bytes())
    data[45:52] = b"\xff" * 7
    path.write_bytes(data)
    found = read(path)
    assert list(found.modules) == ["sums"]
    assert "pkg/bad.py is damaged" in found.rejected["bad"]


def _zip_bytes() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("pkg/sums.py", "x = 1\n" * 20)
        file.writestr("pkg/more/__init__.py", "")
    return buffer.getvalue()


WHOLE = _zip_bytes()


@given(changes=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=6))
@example(changes=[])
@example(changes=[(WHOLE.rindex(b"pkg/more"), 0)])  # a name that ends before it begins
@settings(max_examples=200)
def test_whatever_the_bytes_are_there_is_an_answer(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    """Any damage to an archive ends in a submission, or in a SubmissionError."""
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    path = tmp_path_factory.mktemp("zip") / "a.zip"
    path.write_bytes(data)
    try:
        found = read(path)
    except SubmissionError as error:
        assert error.fix
    else:
        assert set(found.modules) <= {"sums", "more.__init__"} or changes


def test_files_that_are_told_by_name_are_read_the_same_way() -> None:
    """Files of a commit are read through the same door: links out are not there to be followed."""
    files = {"pkg/sums.py": lambda limit: b"x = 1\n", "../pkg/evil.py": lambda limit: b""}
    found = read_files(files, PACKAGE, id="ada", place=Path("repository"), source="git", commit="c" * 40)
    assert (dict(found.modules), found.commit, found.source) == ({"sums": "x = 1\n"}, "c" * 40, "git")
