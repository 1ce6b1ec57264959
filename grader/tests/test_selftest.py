"""`grader selftest`: it says what was proved, what NumPy can do in the box, and what the table says."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from grader.__main__ import main
from grader.errors import IsolationError
from grader.sandbox import Box, published, sweep
from grader.tests.attacks.catalogue import CLASSIC, programs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel box is for Linux")

SECURITY = Path(__file__).resolve().parents[2] / ".github" / "SECURITY.md"


def test_it_tells_level_layers_numpy_and_table(capsys: pytest.CaptureFixture[str]) -> None:
    """One screen: the level, each layer, what was tried, NumPy's functions, and the table with our row."""
    assert main(["selftest"]) == 0
    out = capsys.readouterr().out
    assert re.match(r"Level: kernel\+?\n  \+ seccomp ", out)
    for words in (
        "read a file; write a file",
        "open a socket",
        "None is stopped by the box",
        "13  GitHub Classroom's Python grader",
        "0  this one, and 0 of ",
    ):
        assert words in out
    functions = re.search(r"NumPy in the box: (\d+) functions of (\d+) families", out)
    assert functions
    assert int(functions[1]) > 900
    assert int(functions[2]) == 13


def test_plain_says_the_same_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """A screen reader hears words for the signs."""
    assert main(["selftest", "--plain"]) == 0
    assert "\nproved seccomp: a list of the only system calls there are\n" in capsys.readouterr().out


def test_a_function_that_the_box_stops_is_named(
    box: Box, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a call fails for want of a permission, the self-test says which, and ends with 1."""
    spoilt = sweep.SWEEP + "\n\ndef opens(x):\n    open('/etc/hostname')\n\n\nnp.linalg.norm = opens\n"
    monkeypatch.setattr(sweep, "SWEEP", spoilt)
    families = {family.name: family for family in sweep.sweep_numpy(box)}
    assert families["numpy.linalg"].stopped[0].startswith("norm: PermissionError: ")
    assert not families["numpy.fft"].stopped
    assert main(["selftest"]) == 1
    assert "  stopped: numpy.linalg.norm: PermissionError" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import nothing_like_it", "NumPy cannot be imported in the box: Raised"),
        ("def sweep():\n    raise ValueError('no')", "NumPy could not be tried in the box: Raised"),
    ],
)
def test_a_sweep_that_fails_is_an_error(
    text: str, says: str, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No figures are shown that were not measured."""
    monkeypatch.setattr(sweep, "SWEEP", text)
    with pytest.raises(IsolationError, match=says):
        sweep.sweep_numpy(box)


def test_without_the_programs_it_says_where_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An installed grader has no tests in it; nothing else is run then."""
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "grader.tests.attacks" else real(name, *rest),
    )
    assert main(["selftest", "--attacks"]) == 2
    heard = capsys.readouterr()
    assert heard.out == ""
    assert "the attack programs are not in this installation" in heard.err
    assert "Next: run `grader selftest --attacks` in a copy of the source repository." in heard.err


@pytest.mark.parametrize("code", [0, 1])
def test_attacks_are_run_by_their_own_command(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its exit code is that of the attacks."""
    asked: list[list[str]] = []

    class Ran:
        returncode = code

    def run(command: list[str], **_: object) -> Ran:
        asked.append(command)
        return Ran()

    monkeypatch.setattr("grader.cli.selftest.subprocess.run", run)
    assert main(["selftest", "--attacks"]) == code
    assert asked == [[sys.executable, "-m", "grader.tests.attacks"]]


def test_the_published_figures_are_those_of_the_tests() -> None:
    """Our row counts the programs there are; the page in .github has the same table."""
    attacks = [p for p in programs() if not p.is_control]
    assert len(CLASSIC) == published.CLASSIC
    assert len(attacks) - len(CLASSIC) == published.OTHER_ATTACKS
    page = SECURITY.read_text(encoding="utf-8")
    for name, wins in published.PEERS:
        assert f"| {name} | {wins} |" in page
    assert f"| this one | 0, and 0 of {published.OTHER_ATTACKS} other attacks |" in page


def test_every_place_and_every_test_of_the_page_is_there() -> None:
    """The table of places names files of the grader, and tests that a reader can run."""
    table = SECURITY.read_text(encoding="utf-8").partition("## Where bytes of a submission")[2]
    rows = [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("| `")]
    assert len(rows) > 30
    tests = SECURITY.parents[1] / "grader" / "tests"
    for place, *_, test in rows:
        for name in re.findall(r"`([\w/]+/?(?:\.py)?)`", place):
            assert (tests.parent / name).exists(), name
        named = [name.removeprefix("attacks/programs/").removeprefix("tests/")
                 for name in re.findall(r"`([^`]+)`", test)]
        assert named or "the same" in test
        for name in named:
            start = name.removesuffix(".py").rstrip("*")
            files = [tests / name, *(tests / "attacks" / "programs").glob(f"{start}*")]
            assert any(file.exists() for file in files), name
