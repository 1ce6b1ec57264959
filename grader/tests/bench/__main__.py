"""Run the benchmarks of one lesson and hold them against their budgets."""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from grader.sandbox import open_box
from grader.tests.bench.measure import Cost, median_ms, pairs, process, python, ratio, timed

ROOT = Path(__file__).resolve().parents[3]
PLAIN_CONFTEST = '''
import importlib, pathlib, sys
import numpy as np, pytest
sys.path.insert(0, str(pathlib.Path(__file__).parent))

@pytest.fixture
def student():
    return importlib.import_module("minigpt.attention")

@pytest.fixture
def rng():
    return np.random.default_rng(1)

@pytest.fixture(scope="module")
def goldens(request):
    with np.load(request.path.parent / "goldens.npz") as file:
        return dict(file)
'''
EMPTY_CLICK = "import click\n@click.command()\ndef main(): 'Do nothing.'\nmain()\n"
MB = 1_000_000


class Table:
    """Prints figures as they come, and remembers which were over budget."""

    def __init__(self) -> None:
        self.over: list[str] = []

    def row(
        self, name: str, value: float, unit: str, budget: float | None = None, note: str = "",
        *, least: float | None = None,
    ) -> None:
        """Print one figure; it should be at most `budget`, or at least `least`."""
        over = (budget is not None and value > budget) or (least is not None and value < least)
        bound = f"  budget {budget:g}" if budget is not None else f"  at least {least:g}" if least else ""
        verdict = f"{bound}  {'OVER' if over else 'ok'}" if bound else ""
        print(f"{name:<52} {value:8.3f} {unit:<3}{verdict}  {note}", flush=True)
        if over:
            self.over.append(name)


def plain_repository(folder: Path) -> Path:
    """Lay out what a plain pytest run needs: the same tests beside the same package."""
    tests = folder / "tests"
    tests.mkdir(parents=True)
    for name in ("test_public.py", "test_hidden.py", "goldens.npz"):
        shutil.copy(ROOT / "assignments" / "01_attention_mechanism" / name, tests)
    shutil.copytree(ROOT / "reference" / "minigpt", folder / "minigpt",
                    ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "conftest.py").write_text(PLAIN_CONFTEST)
    return folder


def plain(folder: Path) -> Cost:
    """Run plain pytest with pytest-json-report on it, in-process, without any other plugin."""
    return process(python("-m", "pytest", "-q", "-p", "pytest_jsonreport.plugin", "--json-report",
                          "--json-report-file=report.json", "-c", "/dev/null", "--rootdir", ".", "tests"),
                   cwd=folder, environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})


def cold(table: Table, folder: Path, runs: int) -> float:
    """Grade one submission in a new process; give the CPU seconds of the baseline."""
    grade = python("-m", "grader", "grade", "reference", "--lesson", "1")
    measured = pairs(lambda: process(grade, cwd=ROOT), lambda: plain(folder), runs)
    table.row("one submission, cold: CPU ratio to plain pytest", ratio(measured), "x", 2.2)
    table.row("  CPU seconds of ours", statistics.median(a.cpu for a, _ in measured), "s", None)
    table.row("  CPU seconds of plain pytest", statistics.median(b.cpu for _, b in measured), "s", None)
    table.row("  wall ratio", statistics.median(a.wall / b.wall for a, b in measured), "x", None)
    table.row("  peak memory of ours", max(a.peak_mb for a, _ in measured), "MB", 200)
    return statistics.median(b.cpu for _, b in measured)


def warm(table: Table, folder: Path, submissions: int) -> None:
    """Grade many submissions in one process: the difference of two runs is the cost of the extra ones."""
    few, many = 1, submissions + 1
    run = [process(python("-m", "grader.tests.bench.warm", str(n)), cwd=ROOT) for n in (few, many, few, many)]
    each = min(run[1].cpu, run[3].cpu) - min(run[0].cpu, run[2].cpu)
    base = statistics.median(plain(folder).cpu for _ in range(5))
    table.row(f"{submissions} submissions, warm: CPU ratio each", each / submissions / base, "x", 0.3)
    table.row("  CPU milliseconds each", 1000 * each / submissions, "ms", None)
    table.row("  peak memory", run[1].peak_mb, "MB", 200)


def box(table: Table) -> None:
    """Time the box: a worker, a call, a large array."""
    source = {"m": "def f(x):\n    return x\n"}
    with open_box() as opened:
        opened.worker().close()

        def ready() -> None:
            worker = opened.worker()
            worker.load("p", source)
            worker.begin("m", cpu_seconds=5, wall_seconds=20)
            worker.close()

        def confined() -> float:
            started = time.perf_counter()
            worker = opened.worker()
            worker.load("p", {"m": "x = 1\n"})
            worker.begin("m", cpu_seconds=5, wall_seconds=20)
            passed = time.perf_counter() - started
            worker.close()
            return passed

        table.row("a worker ready (confined, module imported)",
                  median_ms([confined() for _ in range(60)]), "ms", 10)
        table.row("  and closed again", median_ms(timed(ready, 40)), "ms", None)
        fresh = [process(python("-c", "import numpy"), cwd=ROOT).wall for _ in range(5)]
        table.row("  baseline: a fresh interpreter with NumPy", median_ms(fresh), "ms", None)
        with opened.worker() as worker:
            worker.load("p", source)
            worker.begin("m", cpu_seconds=60, wall_seconds=60)
            small, large = np.random.default_rng(0).random((64, 64)), np.zeros(MB)
            table.row("a call with 64 x 64 float64",
                      median_ms(timed(lambda: worker.call("f", (small,), {}), 400)), "ms", 0.3)
            table.row("a call with 8 MB there and back",
                      median_ms(timed(lambda: worker.call("f", (large,), {}), 20)), "ms", None)


def help_page(table: Table, folder: Path, runs: int) -> None:
    """Compare `grader --help` with a click program that does nothing."""
    empty = folder / "empty.py"
    empty.write_text(EMPTY_CLICK)
    measured = pairs(lambda: process(python("-m", "grader", "--help"), cwd=folder),
                     lambda: process(python(str(empty), "--help"), cwd=folder), runs)
    table.row("grader --help: CPU ratio to an empty click program", ratio(measured), "x", 1.3)


def main() -> int:
    """Run all, print a table, and exit 1 if a budget is not kept."""
    parser = argparse.ArgumentParser(prog="python -m grader.tests.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="pairs of runs a figure")
    parser.add_argument("--submissions", type=int, default=100, help="how many in the warm run")
    options = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory() as name:
        folder = plain_repository(Path(name) / "plain")
        help_page(table, Path(name), 3 * options.runs)
        cold(table, folder, options.runs)
        warm(table, folder, options.submissions)
    box(table)
    print(f"over budget: {', '.join(table.over)}" if table.over else "every budget is kept")
    return 1 if table.over else 0


if __name__ == "__main__":
    sys.exit(main())
