"""Every attack, run for real through `grader grade`: none earns a point, touches a file or stays behind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from grader.tests.attacks.catalogue import ALL, CLASSES, CLASSIC, MODULES, SPREAD, Program, programs, spread
from grader.tests.attacks.cells import Cell, cells
from grader.tests.attacks.pythons import THIS, prepared
from grader.tests.attacks.running import Outcome, run
from grader.tests.attacks.verdict import problems
from grader.tests.attacks.warm import warm

JOBS = 3
"""One more than the cores of a small machine: some programs only sleep."""
CASES = [(cell, program) for cell in cells() if not cell.absent
         for program in (programs() if cell.is_main else spread())]
Runs = dict[tuple[Cell, Program], "Future[Outcome]"]


def _id(case: tuple[Cell, Program]) -> str:
    return f"{case[0].name}-{case[1].name}"


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> Iterator[Runs]:
    """Start the runs that the chosen tests will ask for, a few at a time, in the order of the tests.

    In the main cell each is a command of its own; in the others it is forked from a warm interpreter.
    """
    names = "".join(item.name for item in request.session.items)
    asked = [case for case in CASES if f"[{_id(case)}]" in names]
    with warm(THIS.executable) as kept, ThreadPoolExecutor(JOBS) as pool:
        wanted = dict.fromkeys([*((cell, program.twin) for cell, program in asked), *asked])
        futures = {(cell, program): pool.submit(run, program, cell, None if cell.is_main else kept)
                   for cell, program in wanted}
        try:
            yield futures
        finally:
            pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_no_attack_pays(case: tuple[Cell, Program], runs: Runs) -> None:
    """Nothing is earned beyond the honest twin's points, shown, touched, or left behind."""
    cell, program = case
    assert problems(runs[case].result(), runs[cell, program.twin].result()) == []


def test_every_class_has_programs() -> None:
    """All classes of attack are tried, with 180 programs or more, and each says what it tries."""
    assert {p.kind for p in programs()} == set(CLASSES)
    assert len(programs()) >= 180
    for program in programs():
        said = ast.get_docstring(ast.parse(program.text)) or ""
        assert said.startswith("Honest: " if program.is_control else "Tried: "), program.name
        assert program.is_control or "Must: " in said, program.name


def test_every_lesson_is_attacked() -> None:
    """Each lesson has five attacks or more, and an honest program; some attack the whole."""
    for lesson in MODULES:
        there = [p for p in programs() if lesson in p.lessons]
        assert len([p for p in there if not p.is_control]) >= 5, lesson
        assert any(p.is_control for p in there), lesson
    assert len([p for p in programs() if ALL in p.lessons]) >= 5


def test_lists_name_programs() -> None:
    """The classic cheats and the spread name programs that exist: 21 are classic, 40 run everywhere."""
    names = {p.name for p in programs()}
    assert len(set(CLASSIC)) == 21
    assert len(set(SPREAD)) == 40
    assert names >= {*CLASSIC, *SPREAD}
    assert {p.kind for p in spread()} == set(CLASSES)
    assert {lesson for p in spread() for lesson in p.lessons} == {*MODULES, ALL}


def test_matrix_is_complete() -> None:
    """Root and an ordinary user, with Landlock and without; what is missing says why."""
    assert len(cells()) == 4
    assert len({cell.name for cell in cells()}) == 4
    assert any(cell.is_main and not cell.absent for cell in cells())


def test_a_python_that_is_not_there_is_said_to_be_missing() -> None:
    """A version that no interpreter has gives no cells; this very version needs no environment."""
    assert prepared("3.999") is None
    assert prepared(THIS.version) == THIS


def test_a_warm_process_grades_as_the_command_does(tmp_path: Path) -> None:
    """The same program, in a new process and in a forked one, gets the same result, number by number."""
    program = next(p for p in programs() if p.name == "values/nan")
    cell = next(cell for cell in cells() if not cell.absent)
    with warm(THIS.executable) as kept:
        cold, hot = run(program, cell), run(program, cell, kept)
    assert (cold.code, cold.passed, cold.left) == (hot.code, hot.passed, hot.left)
    assert cold.score == hot.score > 0
