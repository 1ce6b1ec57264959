"""The three proofs of a lesson, and two rules that keep its rubric honest."""

from __future__ import annotations

import ast
import hashlib
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from grader.course import Course, Lesson, Misconception, load_course
from grader.grading import Grader
from grader.grading.variants import variant
from grader.result import ExerciseResult, Result
from grader.sandbox import Box, open_box, pooled
from grader.submission import Submission
from grader.verify.needs import undeclared_calls

SURE_SHARE = 0.95
"""The part of a lesson's misconceptions that must be named with certainty "sure"."""

PACKAGE_SEEDS = 2
"""Seeds for an exercise that runs the whole package: that takes seconds, and its inputs are fixed."""

Progress = Callable[[str], None]


@dataclass
class Report:
    """What was proved of one lesson, in lines fit for a terminal."""

    lesson: Lesson
    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Tell whether every proof held."""
        return not self.problems


def verify(
    course: Course, lesson_id: str, *, box: Box, seeds: int = 20, progress: Progress | None = None,
    jobs: int | None = None,
) -> Report:
    """Prove one lesson on a number of fixed seeds; `jobs` processes share the misconceptions."""
    lesson = course.lesson(lesson_id)
    report = Report(lesson)
    with Grader(course, box) as grader:
        proof = _Proof(course, lesson, grader, report, seeds, progress or (lambda _: None))
        proof.reference()
        proof.stub()
        proof.misconceptions(jobs or os.cpu_count() or 1)
        proof.rubric()
    return report


@dataclass
class _Proof:
    course: Course
    lesson: Lesson
    grader: Grader
    report: Report
    seeds: int
    progress: Progress

    def reference(self) -> None:
        """Demand every point for the reference, on every seed, and honest `needs`."""
        self.progress("the reference")
        first = self._grade(self.grader.reference, 0)
        others = (self._grade(self.grader.reference, seed, self._apart()) for seed in range(1, self.seeds))
        lost = next((lost for result in (first, *others) if (lost := _lost(result))), [])
        self._say(f"reference {first.score}/{first.max_score}", lost)
        self.report.problems += undeclared_calls(self.course, self.lesson, self.grader.reference)

    def stub(self) -> None:
        """Demand that the stub earns nothing, nor the same functions once they return None or raise."""
        self.progress("the stub")
        stub = self.lesson.folder / f"{self.lesson.module}.py"
        if not stub.is_file():
            self.report.problems.append(f"there is no stub {stub.name}: run `grader build` first")
            return
        text = stub.read_text(encoding="utf-8")
        bodies = {"": text, " returning None": _with_bodies(text, self.lesson, "return None"),
                  " raising": _with_bodies(text, self.lesson, "raise ValueError('no')")}
        results = {
            name: self._grade({**self.grader.reference, self.lesson.module: source}, 0)
            for name, source in bodies.items()
        }
        first = results[""]
        untouched = all(e.status == "not_started" for e in _exercises(first))
        self._say(f"stub {first.score}/{first.max_score}",
                  [] if untouched else ["the stub's exercises are not seen as not_started"])
        for name, result in results.items():
            won = [f"{e.id}/{c.id}" for e in _exercises(result) for c in e.criteria if c.score]
            if won:
                self.report.problems.append(f"a stub{name} wins {', '.join(won)}")

    def misconceptions(self, jobs: int) -> None:
        """Demand that each loses exactly what it claims and is named, on every seed."""
        known = self.lesson.misconceptions
        bad: list[str] = []
        sure = 0
        for number, (found, proved) in enumerate(zip(known, self._proved(jobs), strict=True), start=1):
            problems, named_surely = proved
            self.progress(f"misconception {number} of {len(known)}: {found.id}")
            bad += problems
            sure += named_surely
        wrong = {line.split(":")[0] for line in bad}
        self._say(f"{len(known) - len(wrong)} of {len(known)} misconceptions lose exactly what they claim "
                  f"and are named, on {self.seeds} seeds ({sure} with certainty \"sure\")", bad)
        if known and sure < SURE_SHARE * len(known):
            self.report.problems.append(f"only {sure} of {len(known)} are named with certainty \"sure\"")

    def _proved(self, jobs: int) -> Iterator[tuple[list[str], bool]]:
        """Prove the lesson's misconceptions one after another, or in processes of their own."""
        known = self.lesson.misconceptions
        jobs = min(jobs, len(known))
        if jobs <= 1:
            yield from (self.misconception(found) for found in known)
            return
        context = multiprocessing.get_context("spawn")
        where = (str(self.course.root), self.lesson.id, self.seeds, pooled.places(jobs, context))
        with ProcessPoolExecutor(jobs, context, _begin_job, where) as pool:
            try:
                with pooled.starting():
                    proved = pool.map(_prove_in_job, range(len(known)))
                yield from proved
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)  # Ctrl-C does not wait for the whole lesson
                raise

    def misconception(self, found: Misconception) -> tuple[list[str], bool]:
        """Grade one misconception: the whole lesson on the first seed, its exercise on the others.

        What runs the whole package is left out where it is another exercise's: any mistake may cost it.
        """
        modules = variant(self.course, found, self.grader.reference)
        claimed = {f"{found.exercise}/{criterion}" for criterion in found.loses}
        sure = True
        seeds = self.seeds if found.exercise in self._apart() else min(self.seeds, PACKAGE_SEEDS)
        for seed in range(seeds):
            exercises = self._apart() | {found.exercise} if seed == 0 else {found.exercise}
            result = self._grade(modules, seed, exercises)
            lost = set(_lost(result))
            name = f"{found.exercise} {found.id}"
            if lost != claimed:
                return [f"{name}: loses {_list(lost)} but claims {_list(claimed)} (seed {seed})"], False
            named = _named(result, found)
            if named is None:
                return [f"{name}: is not named (seed {seed})"], False
            sure = sure and named == "sure"
        return [], sure

    def _apart(self) -> set[str]:
        """Name the lesson's exercises that are graded by themselves, without the whole package."""
        return {e.id for e in self.lesson.exercises if not any(c.package for c in e.criteria)}

    def rubric(self) -> None:
        """Demand that every criterion is lost by some misconception: else nothing shows that it can be."""
        lost = {(m.exercise, criterion) for m in self.lesson.misconceptions for criterion in m.loses}
        idle = [f"{e.id}/{c.id}" for e in self.lesson.exercises for c in e.criteria
                if (e.id, c.id) not in lost]
        total = sum(len(e.criteria) for e in self.lesson.exercises)
        self._say(f"{total - len(idle)} of {total} criteria are lost by some misconception",
                  [f"no misconception loses {name}" for name in idle])

    def _say(self, line: str, problems: list[str]) -> None:
        self.report.lines.append(line)
        self.report.problems += problems

    def _grade(self, modules: Mapping[str, str], seed: int, exercises: set[str] | None = None) -> Result:
        return self.grader.grade(
            submission_of(modules), lessons=[self.lesson.id], exercises=exercises,
            secret=hashlib.sha256(f"verify {seed}".encode()).digest())


_job: list[_Proof] = []
"""In a process of the pool: the proof that it works on."""


def _begin_job(root: str, lesson_id: str, seeds: int, free: pooled.Places | None) -> None:
    pooled.begin(free)
    course = load_course(Path(root))
    lesson = course.lesson(lesson_id)
    grader = Grader(course, open_box(minimum="process"))
    _job.append(_Proof(course, lesson, grader, Report(lesson), seeds, lambda _: None))


def _prove_in_job(number: int) -> tuple[list[str], bool]:
    return _job[0].misconception(_job[0].lesson.misconceptions[number])


def submission_of(modules: Mapping[str, str]) -> Submission:
    """Make a submission of texts that the grader itself has put together."""
    return Submission(id="verify", source="memory", commit=None, digest="0" * 64, modules=dict(modules),
                      rejected={}, problems=())


def _exercises(result: Result) -> list[ExerciseResult]:
    return [e for lesson in result.lessons for e in lesson.exercises]


def _lost(result: Result) -> list[str]:
    return [f"{e.id}/{c.id}" for e in _exercises(result) for c in e.criteria if c.status != "passed"]


def _named(result: Result, found: Misconception) -> str | None:
    """Give the certainty with which every lost criterion names the misconception; None where one does not."""
    weakest = "sure"
    for exercise in _exercises(result):
        for criterion in exercise.criteria:
            if criterion.status == "passed":
                continue
            name = criterion.feedback.misconception if criterion.feedback else None
            if name is None or found.title not in (name.title, *name.others):
                return None
            if name.certainty != "sure":
                weakest = "one_of"
    return weakest


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _with_bodies(text: str, lesson: Lesson, statement: str) -> str:
    """Give every exercise of a stub the same one-statement body."""
    tree = ast.parse(text)
    names = {e.function for e in lesson.exercises}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            node.body = [_statement(statement)]
    return ast.unparse(ast.fix_missing_locations(tree))


def _statement(text: str) -> ast.stmt:
    function = ast.parse(f"def body():\n    {text}").body[0]
    assert isinstance(function, ast.FunctionDef)
    return function.body[0]
