"""Measure the report of a large class: python -m grader.tests.bench.report [STUDENTS] [LESSONS].

Ten exercises a lesson. The gradebook is made first; the report runs in a process of its own.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grader.classroom import Gradebook
from grader.classroom.report.model import make_report
from grader.classroom.report.page import render
from grader.classroom.report.source import read_class
from grader.tests.class_samples import course
from grader.tests.gradebook_samples import BookMaker, drawn_work

STUDENTS, LESSONS = 2000, 6
MOST_SECONDS, MOST_MB = 5.0, 300.0
MB = 1_000_000


def make(folder: Path, students: int, lessons: int) -> None:
    """Write a gradebook of a drawn class."""
    maker = BookMaker(folder / "gradebook.db", course(folder, lessons=lessons))
    draw = random.Random(1)
    for number in range(students):
        maker.add(f"student{number:05}", drawn_work(maker.course, draw))


def measure(folder: Path, lessons: int) -> None:
    """Make the page of the class once, and print what it took."""
    made = course(folder, lessons=lessons)
    wall, start = time.perf_counter(), time.process_time()
    with Gradebook.open(folder / "gradebook.db") as book:
        record = read_class(book, made, command="bench")
    read = time.process_time()
    page = render(make_report(made, record))
    end = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB
    print(f"{len(record.students)} students, {len(made.exercises)} exercises, CPU: "
          f"read {read - start:.2f} s, page {end - read:.2f} s, in all {end - start:.2f} s "
          f"(budget {MOST_SECONDS:g} s; wall {time.perf_counter() - wall:.2f} s), "
          f"peak {peak:.0f} MB (budget {MOST_MB:g} MB), page of {len(page.encode()) / MB:.2f} MB", flush=True)
    sys.exit(end - start > MOST_SECONDS or peak > MOST_MB)


def main() -> None:
    """Make a class, and measure its report in another process."""
    words = [int(word) for word in sys.argv[1:3]]
    students, lessons = (*words, *(STUDENTS, LESSONS)[len(words):])
    with tempfile.TemporaryDirectory() as name:
        make(Path(name), students, lessons)
        again = [sys.executable, "-m", __spec__.name, "--measure", name, str(lessons)]
        done = subprocess.run(again, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]), int(sys.argv[3]))
    main()
