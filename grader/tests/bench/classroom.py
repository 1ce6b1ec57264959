"""Measure the grading of a class: throughput against plain pytest, what jobs gain, how it grows.

Run it with `python -m grader.tests.bench.classroom`. The class is a made-up one without those that hang, for
plain pytest never ends on them. The baseline is a shell loop: for each submission a new
`python -m pytest --json-report` over the same two test files, one at a time, in its cheapest form.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from grader.classroom import demo, demo_code
from grader.course import load_course
from grader.tests.bench.__main__ import PLAIN_CONFTEST, ROOT, Table
from grader.tests.bench.measure import Cost, process, python

TESTS = ROOT / "assignments" / "01_attention_mechanism"
LOOP = """
for submission in "$1"/*/; do
    SUBMISSION=$submission "$2" -m pytest -q -p pytest_jsonreport.plugin --json-report \\
        --json-report-file=report.json -c /dev/null --rootdir . . >/dev/null 2>&1
done
exit 0
"""
PLACE = '__import__("os").environ["SUBMISSION"]'
CONFTEST = PLAIN_CONFTEST.replace("str(pathlib.Path(__file__).parent)", PLACE)


def make_class(folder: Path, students: int) -> Path:
    """Make up a class as plain folders, without endless loops."""
    demo_code.HOSTILE.pop("never ends", None)
    demo.ARCHIVED = 0.0
    demo.make_class(load_course(ROOT), folder, students, seed=1)
    return folder


def grade(place: Path, book: Path, jobs: int) -> Cost:
    """Grade lesson 1 of a class as its teacher would."""
    words = ["-m", "grader", "grade", str(place), "--course", str(ROOT), "--lesson", "1", "--gradebook",
             str(book), "--jobs", str(jobs)]
    return process(python(*words), cwd=place)


def loop(place: Path, folder: Path) -> Cost:
    """Run plain pytest over the class: no other plugin, and the tests compiled once for all."""
    tests = folder / "tests"
    tests.mkdir()
    for name in ("test_public.py", "test_hidden.py", "goldens.npz"):
        shutil.copy(TESTS / name, tests)
    (tests / "conftest.py").write_text(CONFTEST)
    return process(["sh", "-c", LOOP, "loop", str(place), sys.executable], cwd=tests,
                   environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})


class Peak(threading.Thread):
    """Watch the memory of the processes that this one started, all together, while something runs."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most_mb = 0.0
        self._done = threading.Event()

    def run(self) -> None:
        """Look five times a second."""
        while not self._done.wait(0.2):
            self.most_mb = max(self.most_mb, sum(map(_own_mb, _descendants(os.getpid()))))

    def __enter__(self) -> Peak:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self.join()


def _descendants(pid: int) -> list[int]:
    try:
        tasks = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # it has just ended
        return []
    children = [int(word) for text in tasks for word in text.split()]
    return children + [inner for child in children for inner in _descendants(child)]


def _own_mb(pid: int) -> float:
    """Give the proportional share of a process: pages that several share are counted once."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def throughput(table: Table, students: int) -> None:
    """Compare with the loop, and two jobs with one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = make_class(folder / "class", students)
        theirs = loop(place, folder)
        one, two = grade(place, folder / "1.db", 1), grade(place, folder / "2.db", 2)
    table.row(f"{students} submissions: plain pytest in a loop, wall", theirs.wall, "s", None)
    table.row("  and CPU", theirs.cpu, "s", None)
    table.row("grader, one job, wall", one.wall, "s", None)
    table.row("grader, two jobs, wall", two.wall, "s", None)
    table.row("  and CPU", two.cpu, "s", None)
    table.row("throughput of two jobs to the loop (wall)", theirs.wall / two.wall, "x", least=10)
    table.row("CPU of the loop to the grader's", theirs.cpu / two.cpu, "x", None)
    table.row("two jobs to one (wall)", one.wall / two.wall, "x", least=1.7)


def growth(table: Table, few: int, many: int) -> None:
    """Compare memory and cost of a small class and a large one."""
    costs = {}
    with tempfile.TemporaryDirectory() as name:
        for students in (few, many):
            place = make_class(Path(name) / f"class-{students}", students)
            with Peak() as peak:
                costs[students] = grade(place, Path(name) / f"{students}.db", 2), peak
            size = (Path(name) / f"{students}.db").stat().st_size
            each = 1000 * costs[students][0].cpu / students
            table.row(f"{students} submissions: CPU each", each, "ms", None)
            table.row("  memory of all processes", peak.most_mb, "MB", None)
            table.row("  gradebook each", size / students, "B", None)
    cost, peaks = [costs[n][0].cpu / n for n in (few, many)], [costs[n][1].most_mb for n in (few, many)]
    table.row(f"cost each, {many} to {few}", cost[1] / cost[0], "x", 1.1)
    table.row(f"memory, {many} to {few}", peaks[1] / peaks[0], "x", 1.2)


def main() -> int:
    """Run all, print a table, and exit 1 if a budget is not kept."""
    parser = argparse.ArgumentParser(prog="python -m grader.tests.bench.classroom", description=__doc__)
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--many", type=int, default=0, help="also compare with a class of so many")
    options = parser.parse_args()
    table = Table()
    print(f"load {os.getloadavg()[0]:.1f} at the start, {time.strftime('%H:%M')}")
    throughput(table, options.students)
    if options.many:
        growth(table, options.students, options.many)
    print(f"load {os.getloadavg()[0]:.1f} at the end")
    print(f"over budget: {', '.join(table.over)}" if table.over else "every budget is kept")
    return 1 if table.over else 0


if __name__ == "__main__":
    sys.exit(main())
