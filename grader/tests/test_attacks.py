"""Every attack, run for real through `grader grade`: none earns a point, touches a file or stays behind."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from grader.tests.attacks.catalogue import CLASSES, CLASSIC, HONEST, SPREAD, Program, programs, spread
from grader.tests.attacks.cells import Cell, cells
from grader.tests.attacks.running import Outcome, run
from grader.tests.attacks.verdict import problems

JOBS = 3
"""One more than the cores of a small machine: some programs only sleep."""
CASES = [(cell, program) for cell in cells() if not cell.absent
         for program in (programs() if cell.is_main else spread())]
Runs = dict[tuple[Cell, Program], "Future[Outcome]"]


def _id(case: tuple[Cell, Program]) -> str:
    return f"{case[0].name}-{case[1].name}"


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> Iterator[Runs]:
    """Start the runs that the chosen tests will ask for, a few at a time, in the order of the tests."""
    names = "".join(item.name for item in request.session.items)
    asked = [case for case in CASES if f"[{_id(case)}]" in names]
    with ThreadPoolExecutor(JOBS) as pool:
        wanted = dict.fromkeys([*((cell, HONEST) for cell, _ in asked), *asked])
        futures = {case: pool.submit(run, case[1], case[0]) for case in wanted}
        try:
            yield futures
        finally:
            pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_no_attack_pays(case: tuple[Cell, Program], runs: Runs) -> None:
    """Nothing is earned beyond the honest twin's points, shown, touched, or left behind."""
    assert problems(runs[case].result(), runs[case[0], HONEST].result()) == []


def test_every_class_has_programs() -> None:
    """All classes of attack are tried, with seventy programs or more, and each says what it tries."""
    assert {p.kind for p in programs()} == set(CLASSES)
    assert len(programs()) >= 70
    assert all(p.text.lstrip().startswith(('"""Tried', "'''Tried", '"""Honest')) for p in programs())


def test_lists_name_programs() -> None:
    """The classic cheats and the spread name programs that exist, 21 of them classic."""
    names = {p.name for p in programs()}
    assert len(set(CLASSIC)) == 21
    assert names >= {*CLASSIC, *SPREAD}
    assert {p.kind for p in spread()} == set(CLASSES)


def test_matrix_is_complete() -> None:
    """Root and an ordinary user, with Landlock and without; what is missing says why."""
    assert len(cells()) == 4
    assert len({cell.name for cell in cells()}) == 4
    assert any(cell.is_main and not cell.absent for cell in cells())
