"""Run the whole matrix and print our row of the published table: `python -m grader.tests.attacks --full`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

from grader.tests.attacks.catalogue import CLASSIC, Program, programs, spread
from grader.tests.attacks.cells import Cell, cells
from grader.tests.attacks.pythons import THIS, Python, prepared
from grader.tests.attacks.running import Outcome, run
from grader.tests.attacks.verdict import problems
from grader.tests.attacks.warm import Warm, warm


def main() -> int:
    """Run, and give exit code 1 if anything is not as it must be."""
    parser = argparse.ArgumentParser(prog="python -m grader.tests.attacks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="every program in every cell")
    parser.add_argument("--python", metavar="V,V", default=THIS.version,
                        help="the versions of Python, as 3.11,3.12,3.13; makes environments for them")
    parser.add_argument("--only", metavar="TEXT", default="", help="programs whose name holds this text")
    parser.add_argument("--cell", metavar="NAME", default="", help="only this cell")
    parser.add_argument("--jobs", type=int, default=3)
    parser.add_argument("--show", action="store_true", help="what each run printed")
    options = parser.parse_args()
    failed: dict[str, list[str]] = {}
    for python in _pythons(options.python.split(",")):
        for cell in cells(python):
            if options.cell in ("", cell.name):
                failed |= _run_cell(cell, options)
    return _conclude(failed, [p for p in programs() if options.only in p.name])


def _pythons(versions: Iterable[str]) -> Iterator[Python]:
    for version in versions:
        python = prepared(version)
        if python is None:
            print(f"Python {version}: is not installed here, so its cells did not run")
        else:
            yield python


def _run_cell(cell: Cell, options: argparse.Namespace) -> dict[str, list[str]]:
    """Run one cell's programs: in the main cell each by a command of its own, else forked from a warm one."""
    if cell.absent:
        print(f"{cell.name}: does not exist here: {cell.absent}")
        return {}
    every = options.full or cell.is_main
    chosen = [p for p in (programs() if every else spread()) if options.only in p.name]
    with nullcontext() if cell.is_main else warm(cell.python.executable) as kept:
        return _run_programs(cell, chosen, kept, options)


def _run_programs(
    cell: Cell, chosen: list[Program], kept: Warm | None, options: argparse.Namespace
) -> dict[str, list[str]]:
    failed = {}
    with ThreadPoolExecutor(options.jobs) as pool:
        twins = dict.fromkeys(program.twin for program in chosen)
        honest = dict(zip(twins, pool.map(lambda twin: run(twin, cell, kept), twins), strict=True))
        print(f"{cell.name}: {len(chosen)} programs")
        for outcome in pool.map(lambda program: run(program, cell, kept), chosen):
            wrong = problems(outcome, honest[outcome.program.twin])
            _tell(outcome, wrong, show=options.show)
            if wrong:
                failed[f"{cell.name} {outcome.program.name}"] = wrong
    return failed


def _tell(outcome: Outcome, wrong: list[str], *, show: bool) -> None:
    mark = "BAD" if wrong else "ok "
    print(f"  {mark} {outcome.program.name:45} exit {outcome.code}  {outcome.score:3} points  "
          f"{outcome.seconds:5.1f} s  {outcome.memory / 1e6:5.0f} MB", flush=True)
    for line in wrong:
        print(f"        {line}")
    if show:
        print(outcome.stdout, outcome.stderr)


def _conclude(failed: dict[str, list[str]], tried: list[Program]) -> int:
    attacks = [p for p in tried if not p.is_control]
    classic = set(CLASSIC) & {p.name for p in attacks}
    names = {name.partition(" ")[2] for name in failed}
    won = [p.name for p in attacks if p.name in names]
    print(f"Wins: {len(names & classic)} of {len(classic)} classic cheats, "
          f"{len(won)} of {len(attacks)} attacks; "
          f"{sum(p.is_control and p.name in names for p in tried)} honest programs lost points.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
