"""Kill the grading of a class at random moments, again and again, and compare with an undisturbed run.

Run it with `python -m grader.tests.bench.kills --kills 200`. Each kill is followed by the next run; when a
run ends before its kill comes, the gradebook is compared and a new one is begun.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from grader.course import load_course
from grader.submission import read_submission
from grader.tests.gradebooks import command, dump, small_class

TOY = Path(__file__).resolve().parents[1] / "toy_course"


def main() -> int:
    """Kill, compare, and exit 1 if a gradebook is not the undisturbed one."""
    parser = argparse.ArgumentParser(prog="python -m grader.tests.bench.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--students", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    course, random = load_course(TOY), Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference = read_submission(course.reference, course.package).modules
        place = small_class(folder / "class", course.package, reference, options.students)
        secret = folder / "secret"
        secret.write_text("the secret of a class that is killed")

        def words(book: Path) -> list[str]:
            return command(TOY, place, book, "--secret", str(secret), "--jobs", "2")

        started = time.perf_counter()
        subprocess.run(words(folder / "whole.db"), check=True, capture_output=True)
        longest = time.perf_counter() - started
        wanted, compared, rows = dump(folder / "whole.db"), 0, 0
        book = folder / "killed-0.db"
        kills = 0
        while kills < options.kills:
            run = subprocess.Popen(words(book), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                run.wait(random.uniform(0, longest))
            except subprocess.TimeoutExpired:
                run.kill()
                kills += 1
            if run.wait() == 0 or kills == options.kills:
                subprocess.run(words(book), check=True, capture_output=True)
                found = dump(book)
                if found != wanted:
                    print(f"after kill {kills} a gradebook differs from the undisturbed run:")
                    print("\n".join(sorted(set(found) ^ set(wanted))[:20]))
                    return 1
                compared, rows = compared + 1, rows + len(found)
                book = folder / f"killed-{kills}.db"
    print(f"{options.kills} kills: {compared} gradebooks, {rows} lines in all, equal to the undisturbed run")
    return 0


if __name__ == "__main__":
    sys.exit(main())
