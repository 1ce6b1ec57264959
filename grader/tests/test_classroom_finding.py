"""Submissions are found whatever they are kept in, and belong to the right student."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from grader.classroom.finding import Found, find, shard_of
from grader.classroom.listing import read_list
from grader.classroom.roster import Roster, moment, read_roster
from grader.errors import GraderError, SubmissionError, UsageError

LESSONS = ("1", "2")
PACKAGE = "pkg"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Make a folder for a class."""
    folder = tmp_path / "class"
    folder.mkdir()
    return folder


def submission(folder: Path) -> Path:
    """Write a small submission."""
    (folder / PACKAGE).mkdir(parents=True)
    (folder / PACKAGE / "sums.py").write_text("x = 1\n")
    return folder


def archive(path: Path) -> Path:
    """Write a small submission as an archive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"repository/{PACKAGE}/sums.py", "x = 1\n")
    return path


def roster(folder: Path, *lines: str) -> Roster:
    """Write and read a roster."""
    (folder / "roster.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_roster(folder / "roster.csv", LESSONS)


def teams(found: list[Found]) -> dict[str, str]:
    """Map places to teams."""
    return {one.place: one.team for one in found}


@pytest.mark.parametrize(("folder", "names", "logins"), [
    ("hw-1-submissions", ["hw-1-ada", "hw-1-bob-b"], ["ada", "bob-b"]),
    ("class", ["cs101-hw1-ada", "cs101-hw1-bob-b"], ["ada", "bob-b"]),
    ("class", ["cs101-hw1-student-01", "cs101-hw1-student-02", "cs101-hw1-zoe"],
     ["student-01", "student-02", "zoe"]),
    ("class", ["ada", "bob"], ["ada", "bob"]),
    ("class", ["team-1", "team-2"], ["team-1", "team-2"]),
    ("class", ["only-one-folder"], ["only-one-folder"]),
])
def test_clones_are_named_after_their_students(
    tmp_path: Path, folder: str, names: list[str], logins: list[str]
) -> None:
    """gh-classroom's and Classroom 50's names give the login; any other folder is its own name."""
    for name in names:
        submission(tmp_path / folder / name)
    found = find(tmp_path / folder, PACKAGE, Roster())
    assert teams(found) == dict(zip(names, logins, strict=True))
    assert [one.open(PACKAGE).modules["sums"] for one in found] == ["x = 1\n"] * len(names)


def test_the_roster_knows_logins_with_hyphens(place: Path) -> None:
    """Where two names begin alike, the roster tells what is the login."""
    for name in ("cs-hw-ann-a", "cs-hw-ann-b"):
        submission(place / name)
    assert set(teams(find(place, PACKAGE, Roster())).values()) == {"a", "b"}
    assert set(teams(find(place, PACKAGE, roster(place, "login", "ann-a", "ann-b"))).values()) == {
        "ann-a", "ann-b"}


def test_gh_classroom_s_folder_is_entered(tmp_path: Path) -> None:
    """The folder above `<assignment>-submissions` serves as well."""
    submission(tmp_path / "hw-submissions" / "hw-ada")
    assert teams(find(tmp_path, PACKAGE, Roster())) == {"hw-ada": "ada"}


def test_moodle_s_folders_go_by_the_name_of_the_student(place: Path) -> None:
    """`Name_12345_assignsubmission_file_`: with a folder, an archive in it, or an archive beside it."""
    submission(place / "Ada Abel_101_assignsubmission_file_")
    archive(place / "Zoë King, Jr._102_assignsubmission_file_" / "work.zip")
    archive(place / "Bo Li_103_assignsubmission_file_work.zip")
    known = roster(place, "login,name", "ada,Ada Abel", 'zk,"Zoë King, Jr."', "bo,Bo Li")
    found = find(place, PACKAGE, known)
    assert sorted(one.team for one in found) == ["ada", "bo", "zk"]
    assert {one.open(PACKAGE).modules["sums"] for one in found} == {"x = 1\n"}


def test_two_of_one_name_stay_two(place: Path) -> None:
    """Without a roster that tells them apart, two students of one name are not mixed up."""
    for number in (101, 102):
        submission(place / f"Ada Abel_{number}_assignsubmission_file_")
    assert len({one.team for one in find(place, PACKAGE, Roster())}) == 2


def test_canvas_s_archives_go_by_name_or_number(place: Path) -> None:
    """`login_12345_67890_file.zip`, also when it was late."""
    archive(place / "abelada_5001_9001_work.zip")
    archive(place / "libo_LATE_5002_9002_work.zip")
    found = find(place, PACKAGE, roster(place, "login,number", "ada,5001"))
    assert sorted(one.team for one in found) == ["ada", "libo"]


def test_gradescope_s_export_says_who_and_when(place: Path) -> None:
    """`submission_metadata.yml` gives the submitter and the time of record."""
    for number in (11, 12):
        submission(place / f"submission_{number}")
    (place / "submission_metadata.yml").write_text("""---
submission_11:
  :submitters:
  - :name: Ada Abel
    :sid: '5001'
    :email: ada@example.org
  :created_at: 2026-10-02 23:19:33.000000000 -07:00
  :score: 10.0
submission_12:
  :submitters:
  - :name: "Bo Li"
    :sid:
    :email: bo@example.org
  :created_at: a while ago
""")
    known = roster(place, "login,email", "ada,ada@example.org")
    found = {one.place: (one.team, one.collected_at) for one in find(place, PACKAGE, known)}
    assert found["submission_11"] == ("ada", "2026-10-03T06:19:33Z")
    assert found["submission_12"] == ("bo@example.org", None)


def test_the_teachers_record_of_times_is_read(place: Path) -> None:
    """`collected.csv` beside the submissions says when each was collected."""
    submission(place / "ada")
    archive(place / "bob.zip")
    (place / "collected.csv").write_text(
        "place,collected\nada,2026-11-01T10:00:00+01:00\nbob,2026-11-02T00:00:00Z\n")
    assert {one.team: one.collected_at for one in find(place, PACKAGE, Roster())} == {
        "ada": "2026-11-01T09:00:00Z", "bob": "2026-11-02T00:00:00Z"}
    (place / "collected.csv").write_text("folder,when\n")
    with pytest.raises(UsageError, match="this file has no columns place and collected"):
        find(place, PACKAGE, Roster())
    (place / "collected.csv").write_text("place,collected\nada,yesterday\n")
    with pytest.raises(UsageError, match="'yesterday' is no time with a time zone") as caught:
        find(place, PACKAGE, Roster())
    assert "collected.csv:2" in str(caught.value)


def test_a_record_that_is_no_text_is_refused(place: Path) -> None:
    """`collected.csv` in another encoding is named."""
    submission(place / "ada")
    (place / "collected.csv").write_bytes(b"place,collected\n\xff")
    with pytest.raises(UsageError, match="this file is not UTF-8 text"):
        find(place, PACKAGE, Roster())


def test_an_export_that_cannot_be_read_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails under Gradescope's file is told."""
    def fail(path: Path) -> bytes:
        raise OSError(5, "Input/output error")

    submission(place / "submission_11")
    (place / "submission_metadata.yml").write_text("---\n")
    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(UsageError, match="this file cannot be read: Input/output error"):
        find(place, PACKAGE, Roster())


def test_what_is_no_submission_is_told_apart(place: Path, tmp_path: Path) -> None:
    """A single submission, an empty folder, a link and another kind of archive are each refused by name."""
    with pytest.raises(UsageError, match="there is no submission in this folder"):
        find(place, PACKAGE, Roster())
    submission(tmp_path / "one")
    with pytest.raises(UsageError, match="this is one submission, not a class"):
        find(tmp_path / "one", PACKAGE, Roster())
    (place / "ada").symlink_to(tmp_path / "one")
    (place / "bob.tar.gz").write_bytes(b"")
    (place / "notes.txt").write_text("not one")
    link, other = find(place, PACKAGE, Roster())
    with pytest.raises(SubmissionError, match="this is a link"):
        link.open(PACKAGE)
    with pytest.raises(SubmissionError, match="this is an archive of another kind"):
        other.open(PACKAGE)


def test_hostile_names_are_kept_printable(place: Path) -> None:
    """A folder's name cannot carry control characters, or bytes that are no text, into the gradebook."""
    submission(place / "ada\x1b[2J")
    submission(place / "b\udce9b")
    submission(place / ("x" * 240))
    names = [one.team for one in find(place, PACKAGE, Roster())]
    assert all(name.isprintable() and len(name) < 220 for name in names)
    assert "ada\\x1b[2J" in names


def test_a_group_hands_in_once(place: Path) -> None:
    """Several logins, one submission: by the group's name or by a member's."""
    submission(place / "a-team")
    submission(place / "cara")
    known = roster(place, "login,group", "ada,a-team", "bob,a-team", "cara,c-team", "dan,c-team")
    assert teams(find(place, PACKAGE, known)) == {"a-team": "a-team", "cara": "c-team"}


def test_shards_are_whole_and_stable() -> None:
    """Every team is in one shard, and always in the same."""
    parts = [shard_of(f"student-{n}", 4) for n in range(200)]
    assert set(parts) == {0, 1, 2, 3}
    assert parts == [shard_of(f"student-{n}", 4) for n in range(200)]


@pytest.mark.parametrize(("text", "message"), [
    ("name\nAda\n", "the roster has no column login"),
    ("login,LOGIN\n", "the roster has two columns for login"),
    ("login,extension 7\n", "there is no lesson 7"),
    ("login,name\n,Ada\n", "this line has no login"),
    ("login\nada\nAda\n", "the login 'Ada' stands here twice"),
    ("login,extension\nada,tomorrow\n", "'tomorrow' is no time with a time zone"),
    ("login,extension 1\nada,2026-11-01T00:00:00\n", "is no time with a time zone"),
    ("login,extension 1\nada,0001-01-01T00:00:00+14:00\n", "is no time with a time zone"),
    ('login,name\nada,"' + "x" * 200_000, r"the roster is no CSV: field larger .*\n.*a quotation mark"),
])
def test_a_roster_that_cannot_be_meant_is_refused(place: Path, text: str, message: str) -> None:
    """File, line and fix for each slip in a roster."""
    (place / "roster.csv").write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        read_roster(place / "roster.csv", LESSONS)
    assert "roster.csv:" in str(caught.value)
    assert caught.value.fix


def test_a_roster_that_cannot_be_read_is_refused(place: Path) -> None:
    """No file, and no UTF-8."""
    with pytest.raises(UsageError, match="the roster cannot be read: No such file"):
        read_roster(place / "none.csv", LESSONS)
    (place / "roster.csv").write_bytes(b"login\nad\xe9\n")
    with pytest.raises(UsageError, match=r"the roster is not UTF-8 text"):
        read_roster(place / "roster.csv", LESSONS)
    with (place / "roster.csv").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UsageError, match="the roster has more than 32 MiB"):
        read_roster(place / "roster.csv", LESSONS)


def test_a_roster_may_have_semicolons(place: Path) -> None:
    """Spreadsheets write them in countries with a decimal comma; a cell may go over two lines."""
    known = roster(place, "\ufefflogin;name;email", 'ada;"Abel,\nAda";a@example.org')
    (person,) = known.people
    assert (person.login, person.name, person.email) == ("ada", "Abel,\nAda", "a@example.org")


def test_a_roster_reads_what_others_export(place: Path) -> None:
    """GitHub Classroom's columns, quotes, empty lines and extensions."""
    known = roster(place, "identifier,github_username,name,extension,extension 2", "",
                   '7,ada,"Abel, Jr., Ada",2026-11-05T00:00:00+01:00,2026-11-07T00:00:00Z')
    (person,) = known.people
    assert (person.login, person.number, person.name) == ("ada", "7", "Abel, Jr., Ada")
    assert person.extensions == {"": "2026-11-04T23:00:00Z", "2": "2026-11-07T00:00:00Z"}


def test_a_time_is_kept_as_utc() -> None:
    """Any zone is understood, and none is refused."""
    assert moment("2026-07-01T12:00:00+05:30", "here") == "2026-07-01T06:30:00Z"
    assert moment("2026-07-01 12:00:00Z", "here") == "2026-07-01T12:00:00Z"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a repository with two commits, a link, and a hook that must never run."""
    folder = submission(tmp_path / "repository")
    (folder / PACKAGE / "stolen.py").symlink_to("/etc/passwd")

    def git(*words: str) -> None:
        who = ("-c", "user.name=n", "-c", "user.email=e@example.org")
        subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)

    git("init", "--quiet")
    git("add", "-A")
    git("commit", "--quiet", "-m", "one")
    (folder / PACKAGE / "sums.py").write_text("x = 2\n")
    (folder / PACKAGE / "large.py").write_text("#" * (2 << 20))
    git("add", "-A")
    git("commit", "--quiet", "-m", "two")
    return folder


def commits(folder: Path) -> list[str]:
    """List a repository's commits, the newest first."""
    done = subprocess.run(["git", "-C", str(folder), "log", "--format=%H"], check=True, capture_output=True,
                          text=True)
    return done.stdout.split()


def test_a_list_names_repositories_and_commits(tmp_path: Path, repository: Path) -> None:
    """A URL gives its newest commit, a commit that very state, a plain path the folder as it is."""
    new, old = commits(repository)
    table = tmp_path / "list.csv"
    table.write_text(f"login,source,commit,date\nada,{repository.as_uri()},,2026-11-01T00:00:00Z\n"
                     f"bob,repository,{old[:9]},\ncara,repository,,\n\n")
    ada, bob, cara = read_list(table, Roster())
    assert (ada.collected_at, bob.collected_at) == ("2026-11-01T00:00:00Z", None)
    first = ada.open(PACKAGE)
    assert (first.modules["sums"], first.commit, first.source) == ("x = 2\n", new, "git")
    assert "larger than 1024 KiB" in first.rejected["large"]
    assert "stolen" not in first.modules
    second = bob.open(PACKAGE)
    assert (second.modules["sums"], second.commit) == ("x = 1\n", old)
    assert cara.open(PACKAGE).source == "folder"


def test_github_classroom_s_grades_are_a_list(tmp_path: Path) -> None:
    """`grades.csv` has the login, the repository and the time of the submission."""
    table = tmp_path / "grades.csv"
    table.write_text("assignment_name,github_username,student_repository_url,submission_timestamp\n"
                     "hw,ada,https://user:token@example.org/hw-ada,2026-11-01 10:00:00 UTC\n")
    (ada,) = read_list(table, Roster())
    assert (ada.team, ada.place, ada.collected_at) == (
        "ada", "https://example.org/hw-ada", "2026-11-01T10:00:00Z")


@pytest.mark.parametrize(("text", "message"), [
    ("who,where\n", "this list has no columns login and source"),
    ("login,source\nada,\n", "this line has no login or no source"),
    ("login,source,commit\nada,x,HEAD~1\n", "'HEAD~1' is no commit"),
    ("login,source,date\nada,x,noon\n", "'noon' is no time with a time zone"),
])
def test_a_list_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """File, line and fix for each slip in a list."""
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        read_list(tmp_path / "list.csv", Roster())
    assert "list.csv:" in str(caught.value)


def test_a_repository_that_does_not_answer_is_no_ones_fault(tmp_path: Path, repository: Path) -> None:
    """What git cannot reach is the grader's failure; a commit that is not there is the submission's."""
    table = tmp_path / "list.csv"
    table.write_text(f"login,source,commit\nada,file:///nowhere,\nbob,{repository.as_uri()},{'0' * 40}\n")
    ada, bob = read_list(table, Roster())
    with pytest.raises(GraderError, match="git could not read this repository") as caught:
        ada.open(PACKAGE)
    assert not isinstance(caught.value, SubmissionError)
    with pytest.raises(SubmissionError, match=f"there is no commit {'0' * 40}"):
        bob.open(PACKAGE)


def test_a_repository_that_takes_too_long_is_told(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone has its time; then the others go on, and the next run tries again."""
    (tmp_path / "list.csv").write_text(f"login,source\nada,{repository.as_uri()}\n")
    monkeypatch.setattr("grader.classroom.listing.CLONE_SECONDS", 0)
    (ada,) = read_list(tmp_path / "list.csv", Roster())
    with pytest.raises(GraderError, match="git took longer than 0 seconds"):
        ada.open(PACKAGE)


def test_without_git_a_list_of_repositories_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without git gets a sentence, and folders still work."""
    (tmp_path / "list.csv").write_text("login,source\nada,https://example.org/x\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    (ada,) = read_list(tmp_path / "list.csv", Roster())
    with pytest.raises(UsageError, match="git is not installed here"):
        ada.open(PACKAGE)


def test_a_list_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Bytes that are no text are refused by name."""
    (tmp_path / "list.csv").write_bytes(b"login\xff")
    with pytest.raises(UsageError, match="this list is not UTF-8 text"):
        read_list(tmp_path / "list.csv", Roster())
