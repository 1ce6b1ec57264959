"""What `grader check 1` costs in a student's repository, against plain pytest on the same public tests.

`python -m grader.tests.bench.check`. The solved lesson 1 stands in a freshly built starter, and once
with a mistake in its first exercise, so that the text of a failure is paid for as well.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from grader.build import plan_build, write_build
from grader.course import load_course
from grader.tests.bench.measure import Cost, pairs, process, python, ratio

ROOT = Path(__file__).resolve().parents[3]
MOST_CPU = 2.5
MOST_SECONDS = 1.0
RIGHT, WRONG = "np.exp(shifted)", "np.exp(scores)"


def student(folder: Path) -> Path:
    """Build the starter, and put the solved first lesson into it."""
    course = load_course(ROOT)
    write_build(course, plan_build(course), folder)
    shutil.copy(ROOT / "reference/minigpt/attention.py", folder / "minigpt/attention.py")
    return folder


def check(folder: Path) -> Cost:
    """Check lesson 1 as a student does."""
    return process(python("-m", "grader", "check", "1"), cwd=folder, expect=(0, 1))


def plain(folder: Path) -> Cost:
    """Run the same public tests with plain pytest, with no plugin but the one that they need."""
    tests = "assignments/01_attention_mechanism/test_public.py"
    return process(python("-m", "pytest", "-q", "-p", "grader.testing.plugin", tests), cwd=folder,
                   expect=(0, 1), environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})


def report(name: str, measured: list[tuple[Cost, Cost]]) -> bool:
    """Print the figures of one state; tell whether both budgets are kept."""
    cpu, wall = ratio(measured), statistics.median(ours.wall for ours, _ in measured)
    print(f"{name}: CPU {cpu:.2f} x plain pytest (budget {MOST_CPU}), "
          f"{statistics.median(ours.cpu for ours, _ in measured):.2f} s against "
          f"{statistics.median(base.cpu for _, base in measured):.2f} s; "
          f"wall {wall:.2f} s (budget {MOST_SECONDS} on an idle machine), "
          f"{statistics.median(base.wall for _, base in measured):.2f} s")
    return cpu <= MOST_CPU and wall <= MOST_SECONDS


def main() -> int:
    """Measure both states; exit 1 if a budget is not kept."""
    parser = argparse.ArgumentParser(prog="python -m grader.tests.bench.check", description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="pairs of runs a figure")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = student(Path(name) / "student")
        kept = report("all right", pairs(lambda: check(folder), lambda: plain(folder), options.runs))
        module = folder / "minigpt/attention.py"
        module.write_text(module.read_text(encoding="utf-8").replace(RIGHT, WRONG), encoding="utf-8")
        kept &= report("one mistake", pairs(lambda: check(folder), lambda: plain(folder), options.runs))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
