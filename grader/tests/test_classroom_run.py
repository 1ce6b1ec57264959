"""A class is graded: nobody stops the others, only what changed is graded again, nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest

from grader.__main__ import main
from grader.classroom import Gradebook, standings
from grader.course import Course
from grader.result import key_name, loads, to_json, verify
from grader.tests.gradebooks import (
    WRONG_ADD,
    command,
    dump,
    grade,
    kill_at_random,
    mixed_class,
    small_class,
    timeless,
    write,
)

SECRET = "the secret of a class in the tests"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Keep a secret, so that runs can be compared."""
    file = tmp_path / "secret"
    file.write_text(SECRET)
    return file


@pytest.fixture
def large(tmp_path: Path, toy: Course, toy_reference: Mapping[str, str]) -> Path:
    """Write a class whose lines fill more than a pipe of 4096 bytes: no run is over unless they are read."""
    place = small_class(tmp_path / "class", toy.package, toy_reference, 40)
    for folder in list(place.iterdir()):
        folder.rename(folder.with_name(folder.name + "x" * 150))
    return place


def begun(course: Path, place: Path, gradebook: Path, *more: str) -> subprocess.Popen[bytes]:
    """Start to grade a class, in a session of its own."""
    words = command(course, place, gradebook, *more)
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, pipesize=4096,
                            start_new_session=True)


@pytest.fixture
def small(tmp_path: Path, toy: Course, toy_reference: Mapping[str, str]) -> Path:
    """Write a class of seven that is graded quickly."""
    return small_class(tmp_path / "class", toy.package, toy_reference, 6)


def states(gradebook: Path) -> dict[str, tuple[str, int]]:
    """Map students to the state and the score that hold."""
    with Gradebook.open(gradebook) as book:
        return {s.student.login: (s.state, s.score) for s in standings(book)}


def test_no_submission_costs_another_anything(
    tmp_path: Path, toy: Course, toy_reference: Mapping[str, str]
) -> None:
    """One hostile, one endless, one 1-TB-sparse and one non-UTF-8 submission leave the others as they are."""
    place, book = mixed_class(tmp_path / "class", toy.package, toy_reference), tmp_path / "g.db"
    said = grade(toy.root, place, book, "--jobs", "2")
    assert "7 submissions: 4 graded, 2 partial, 1 rejected" in said
    found = states(book)
    assert found["honest"] == ("graded", 200)
    assert found["sparse"] == ("partial", 200)
    assert found["wrong"][0] == found["endless"][0] == found["hostile"][0] == "graded"
    assert found["endless"][1] == found["hostile"][1] == 100  # lesson 2 lives in another module
    assert found["latin-1"] == ("partial", 100)
    assert found["nothing"] == ("rejected", 0)
    with Gradebook.open(book) as opened:
        reasons = dict(opened.rows("SELECT team, reason FROM unread"))
    assert "byte 0xf6 in line 1, which is not UTF-8" in reasons["latin-1"]
    assert "huge.py is larger than 1024 KiB" in reasons["sparse"]
    assert reasons["nothing"].startswith("there is no folder toypkg/ here; found: nothing. Name the folder")


def test_the_gradebook_says_what_grade_says(
    tmp_path: Path, toy: Course, toy_reference: Mapping[str, str], secret: Path
) -> None:
    """The stored result of a submission is what grading it alone gives."""
    place, book, single = tmp_path / "class", tmp_path / "g.db", tmp_path / "one.json"
    write(place / "ada", toy.package, {**toy_reference, "add": WRONG_ADD})
    grade(toy.root, place, book, "--secret", str(secret))
    subprocess.run([sys.executable, "-m", "grader", "grade", str(place / "ada"), "--course", str(toy.root),
                    "--secret", str(secret), "--json", str(single)], check=False, capture_output=True)
    with Gradebook.open(book) as opened:
        (grading,) = opened.gradings()
        stored = opened.result(grading.id)
        assert stored is not None
        assert grading.score == stored.score
        assert opened.misconceptions()
    assert timeless(to_json(stored)) == timeless(to_json(loads(single.read_text())))


def test_a_rerun_grades_only_what_changed(
    small: Path, tmp_path: Path, toy: Course, toy_reference: Mapping[str, str]
) -> None:
    """What is as it was is not graded again; new work is a new attempt, and the old one stays."""
    book = tmp_path / "g.db"
    grade(toy.root, small, book)
    assert "7 submissions: 6 graded, 1 rejected; 7 of them unchanged" in grade(toy.root, small, book)
    write(small / "student-01", toy.package, toy_reference)
    said = grade(toy.root, small, book)
    assert "7 submissions: 6 graded, 1 rejected; 6 of them unchanged" in said
    with Gradebook.open(book) as opened:
        student = opened.student("student-01")
        assert [a.version for a in opened.attempts(student.team)] == [1, 2]
        assert [len(opened.gradings(a.id)) for a in opened.attempts(student.team)] == [1, 1]
    assert states(book)["student-01"] == ("graded", 200)


def test_a_drop_by_a_regrade_needs_leave(
    tmp_path: Path, toy: Course, toy_reference: Mapping[str, str], secret: Path
) -> None:
    """A changed course regrades; who would lose points keeps them until --allow-lower is given."""
    course = tmp_path / "course"
    shutil.copytree(toy.root, course)
    place, book = tmp_path / "class", tmp_path / "g.db"
    write(place / "ada", toy.package, toy_reference)
    write(place / "bob", toy.package, {**toy_reference, "scale": "def scale(x, k):\n    return x * abs(k)\n"})
    grade(course, place, book, "--secret", str(secret))
    rubric = course / "assignments" / "02_scale" / "rubric.toml"
    rubric.write_text(rubric.read_text().replace("points = 70", "points = 60").replace(
        "points = 30", "points = 40"))
    said = grade(course, place, book, "--secret", str(secret), expect=1)
    assert "2 regraded: 0 up, 1 down" in said
    assert "Not lowered: bob. The earlier results stand. Accept the drop with --allow-lower." in said
    before = states(book)["bob"]
    said = grade(course, place, book, "--secret", str(secret), "--allow-lower")
    assert "1 regraded: 0 up, 1 down" in said
    assert states(book)["bob"] == ("graded", before[1] - 10)


def test_shards_that_are_merged_equal_one_run(small: Path, tmp_path: Path, toy: Course, secret: Path) -> None:
    """Graded at once, or in parts that are merged in any order: the same gradebook."""
    whole, parts = tmp_path / "whole.db", [tmp_path / "1.db", tmp_path / "2.db", tmp_path / "3.db"]
    grade(toy.root, small, whole, "--secret", str(secret))
    for number, part in enumerate(parts, start=1):
        grade(toy.root, small, part, "--secret", str(secret), "--shard", f"{number}/3")
    merged = tmp_path / "merged.db"
    names = [str(p) for p in (parts[2], parts[0], parts[1], parts[0])]
    done = subprocess.run([sys.executable, "-m", "grader", "merge", *names, "--gradebook", str(merged)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "7 gradings added" in done.stdout
    assert dump(merged) == dump(whole)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start a Dask scheduler and two workers; once it knows both, give its address and one worker."""
    file, log = tmp_path / "scheduler.json", tmp_path / "dask.log"
    dask, where = (sys.executable, "-m", "dask"), ("--scheduler-file", str(file), "--no-dashboard")
    scheduler = (*dask, "scheduler", *where, "--host", "127.0.0.1", "--port", "0")
    worker = (*dask, "worker", *where, "--nthreads", "1", "--no-nanny")
    with log.open("w") as out:
        processes = [subprocess.Popen(words, stdout=out, stderr=out, cwd=tmp_path)
                     for words in (scheduler, worker, worker)]
        try:
            until = time.monotonic() + 180
            while log.read_text().count("Register worker") < 2:
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.05)
            yield json.loads(file.read_text())["address"], processes[1]
        finally:
            for process in processes:
                process.kill()
                process.wait()


@pytest.mark.skipif(find_spec("distributed") is None, reason="dask[distributed] is not installed")
def test_a_cluster_equals_one_run_though_a_worker_dies(
    cluster: tuple[str, subprocess.Popen[bytes]], small: Path, tmp_path: Path, toy: Course, secret: Path
) -> None:
    """Two Dask workers grade a class; one is killed in the middle, and the gradebook is the same."""
    local, remote, (address, worker) = tmp_path / "local.db", tmp_path / "remote.db", cluster
    grade(toy.root, small, local, "--secret", str(secret))
    words = command(toy.root, small, remote, "--secret", str(secret), "--executor", address)
    run = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stderr is not None
    assert "[1/7]" in run.stderr.readline()  # the one that cannot be read
    assert "[2/7]" in run.stderr.readline()
    worker.kill()
    said, more = run.communicate(timeout=300)
    assert run.returncode == 0, said + more
    assert dump(remote) == dump(local)


def test_kills_lose_and_double_nothing(small: Path, tmp_path: Path, toy: Course, secret: Path) -> None:
    """Runs that are killed at random moments, and one that is not, end with the undisturbed gradebook."""
    whole, killed = tmp_path / "whole.db", tmp_path / "killed.db"
    started = time.perf_counter()
    grade(toy.root, small, whole, "--secret", str(secret), "--jobs", "2")
    longest = 1.2 * (time.perf_counter() - started)
    words = command(toy.root, small, killed, "--secret", str(secret), "--jobs", "2")
    assert kill_at_random(words, kills=6, longest=longest, random=Random(1)) > 0
    grade(toy.root, small, killed, "--secret", str(secret), "--jobs", "2")
    assert dump(killed) == dump(whole)


def test_an_interrupt_says_how_to_go_on(large: Path, tmp_path: Path, toy: Course) -> None:
    """Ctrl-C ends a run at once; what was graded is kept, and the same command goes on."""
    book = tmp_path / "g.db"
    run = begun(toy.root, large, book, "--jobs", "1")
    assert run.stderr is not None
    first = [run.stderr.readline() for _ in range(2)]
    os.killpg(run.pid, signal.SIGINT)
    said, more = run.communicate(timeout=60)
    assert run.returncode == 130, said + more
    assert b"The same command goes on from here." in more
    assert len(first) <= len(states(book)) < 41
    grade(toy.root, large, book)
    assert len(states(book)) == 41


@pytest.mark.skipif(sys.platform != "linux", reason="looks at the process table of Linux")
@pytest.mark.parametrize("after", [0.0, 0.05, 0.1, 0.2])
def test_an_interrupt_while_processes_start_is_silent(
    after: float, large: Path, tmp_path: Path, toy: Course
) -> None:
    """A terminal sends Ctrl-C to all of them; those that have hardly begun print no traceback."""
    run = begun(toy.root, large, tmp_path / "g.db", "--jobs", "2")
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
    while run.poll() is None and not children.read_text("ascii"):
        time.sleep(0.005)
    time.sleep(after)
    os.killpg(run.pid, signal.SIGINT)
    said, more = run.communicate(timeout=60)
    assert run.returncode in (130, -signal.SIGINT), said + more
    assert b"Traceback" not in more


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_whose_exception_python_drops_is_heard(
    number: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An exception in a callback, and each import ends with one, goes nowhere: the signal comes again."""
    class Module:
        """Stands for a thing of an import."""

    def invoke(words: list[str]) -> int:
        lock = Module()
        ref = weakref.ref(lock, lambda _: signal.raise_signal(number))
        del lock
        assert ref() is None
        time.sleep(60)
        return 0

    monkeypatch.setattr("grader.__main__._invoke", invoke)
    assert main([]) == code
    assert capsys.readouterr() == ("", "")


def test_the_secret_is_drawn_once_and_kept(small: Path, tmp_path: Path, toy: Course) -> None:
    """Without --secret one is drawn, kept beside the gradebook for its owner alone, and used again."""
    book = tmp_path / "g.db"
    grade(toy.root, small, book, "--shard", "1/2")
    kept = Path(f"{book}.secret")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert book.stat().st_mode & 0o777 == 0o600
    grade(toy.root, small, book, "--shard", "2/2")
    with Gradebook.open(book) as opened:
        assert len({g.seed_id for g in opened.gradings()}) == 1
        assert kept.read_text().strip() not in str(opened.rows("SELECT * FROM grading, setting"))


def test_a_signed_class_is_authoritative(small: Path, tmp_path: Path, toy: Course, secret: Path) -> None:
    """With --key every result is signed, and the gradebook names the key."""
    book = tmp_path / "g.db"
    grade(toy.root, small, book, "--key", str(secret))
    with Gradebook.open(book) as opened:
        graded = [g for g in opened.gradings() if g.state == "graded"]
        assert {(g.trust, g.key_id) for g in graded} == {("authoritative", key_name(SECRET.encode()))}
        result = opened.result(graded[0].id)
    assert result is not None
    verify(result, SECRET.encode())


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 1 MB; only root may."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=False,
                          capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_loses_nothing(
    tiny_disk: Path, small: Path, tmp_path: Path, toy: Course, secret: Path
) -> None:
    """A full disk ends the run with a clear message; with room again, the same command goes on."""
    whole, book, filler = tmp_path / "whole.db", tiny_disk / "g.db", tiny_disk / "filler"
    grade(toy.root, small, whole, "--secret", str(secret))
    grade(toy.root, small, book, "--secret", str(secret), "--shard", "1/3")
    before = states(book)
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"x" * 4096)
    said = grade(toy.root, small, book, "--secret", str(secret), expect=3)
    assert "the disk is full; what was graded before is kept." in said
    assert "Next: make room, and run the same command again: it goes on from here." in said
    filler.unlink()
    assert states(book) == before
    grade(toy.root, small, book, "--secret", str(secret))
    assert dump(book) == dump(whole)


def test_a_place_that_cannot_be_written_is_named(
    tiny_disk: Path, small: Path, tmp_path: Path, toy: Course, secret: Path
) -> None:
    """A gradebook on a read-only disk is refused by name before anything is graded, and can still be read."""
    book = tiny_disk / "g.db"
    grade(toy.root, small, book, "--secret", str(secret), "--shard", "1/3")
    before = states(book)
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    said = grade(toy.root, small, book, "--secret", str(secret), expect=2)
    assert f"{book}: this gradebook cannot be written here." in said
    said = grade(toy.root, small, tiny_disk / "new.db", "--secret", str(secret), expect=2)
    assert "this gradebook cannot be opened: Read-only file system." in said
    assert states(book) == before
