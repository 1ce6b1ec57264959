"""Look whether this machine and this copy of the course are fit for work; name a fix for what is not."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from grader.course import Course, load_course
from grader.course.shipped import SHIPPED, content_digest, read_shipped
from grader.errors import GraderError
from grader.render.screen import Screen
from grader.render.statuses import BAD, GOOD, OPEN
from grader.render.text import fit
from grader.sandbox import open_box
from grader.submission import read_submission

OLDEST_PYTHON = (3, 11)
OLDEST: Mapping[str, tuple[str, tuple[int, ...]]] = {
    "numpy": ("numpy", (2, 0)),
    "pytest": ("pytest", (8, 2)),
    "pytest-json-report": ("pytest_jsonreport", (1, 5)),
    "nbformat": ("nbformat", (5, 10)),
    "click": ("click", (8, 1)),
    "rich": ("rich", (13, 7)),
}
"""Package -> the module that is imported, and the oldest version that will do (as in pyproject.toml)."""
WIDTH = 80
_SECONDS = 60
_SHOWN_FILES = 5
_LEVELS = {
    "kernel+": "the kernel confines your code, and a second layer stands behind it",
    "kernel": "the kernel confines your code",
    "process": "your code runs in a process of its own; the kernel does not confine it here",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. Without a fix, it is well."""

    what: str
    found: str
    fix: str = ""
    harmless: bool = False
    """It is worth knowing, and nothing depends on it."""

    @property
    def well(self) -> bool:
        """Tell whether nothing has to be done."""
        return self.harmless or not self.fix


def examine(root: Path, console: Console) -> Iterator[Finding]:
    """Look at everything, one finding after another; no finding stops the next."""
    yield _python()
    yield from _packages()
    yield from _terminal(console)
    yield from _git(root)
    yield _isolation()
    yield from _course(root)


def show_finding(screen: Screen, finding: Finding) -> None:
    """Write a finding, and its fix below it."""
    symbol, word = (OPEN, "Note") if finding.well else (BAD, "Not well")
    if not finding.fix:
        symbol, word = GOOD, "Well"
    lead = f"{word}: " if screen.plain else ""
    screen.sentence(f"{lead}{finding.what}: {finding.found}", symbol=symbol)
    if finding.fix:
        screen.labelled("Fix", finding.fix)


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("Python", version, "install Python 3.11 or newer, and make the environment anew.")
    if sys.version_info[:3] == (3, 13, 0):
        return Finding("Python", f"{version}, which itself can hang on endless recursion",
                       "install 3.13.1 or newer when you can.", harmless=True)
    return Finding("Python", version)


def _packages() -> Iterator[Finding]:
    """Import each package in a process of its own: a broken one may end the process that imports it."""
    for package, (module, oldest) in OLDEST.items():
        install = f"run `{_python_command()} -m pip install -U {package}`."
        version, problem = _imported(package, module)
        if problem:
            yield Finding(package, problem, install)
        elif _numbers(version) < oldest:
            yield Finding(package, f"{version}, which is too old", install)
        else:
            yield Finding(package, version)


def _python_command() -> str:
    inside = sys.prefix != sys.base_prefix and os.environ.get("VIRTUAL_ENV")
    return "python" if inside or " " in sys.executable else sys.executable


def _imported(package: str, module: str) -> tuple[str, str]:
    """Give a package's version, or what is wrong with it."""
    program = (f"import importlib.metadata as m, {module}\n"
               f"print('version', m.version({package!r}))")
    # -P: a file of the student's named like a package is not the package.
    done = _run([sys.executable, "-P", "-c", program])
    if done is None:
        return "", f"importing it took longer than {_SECONDS} seconds"
    words = done.stdout.split()
    if done.returncode == 0 and words[-2:-1] == ["version"]:
        return words[-1], ""
    if "ModuleNotFoundError" in done.stderr or "PackageNotFoundError" in done.stderr:
        return "", "it is not installed"
    last = done.stderr.strip().splitlines()[-1:] or [f"it ended with exit code {done.returncode}"]
    return "", f"it cannot be imported: {last[0][:200]}"


def _run(command: list[str]) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(  # noqa: S603 - our own words, no shell
            command, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False,
            stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    parts = []
    for part in version.split("."):
        digits = "".join(letter for letter in part if letter.isdigit()) if part[:1].isdigit() else ""
        if not digits:
            break
        parts.append(int(digits))
    return tuple(parts)


def _terminal(console: Console) -> Iterator[Finding]:
    encoding = console.encoding
    if fit("✓✗–·█░", encoding) == "✓✗–·█░":
        yield Finding("Terminal", f"{encoding}, all symbols can be shown")
    else:
        yield Finding("Terminal", f"{encoding}, symbols are shown as letters",
                      "set PYTHONUTF8=1, and choose UTF-8 in the settings of your terminal.", harmless=True)
    if not console.is_terminal:
        yield Finding("Width", "the output does not go to a terminal, so there is none")
    elif console.width < WIDTH:
        yield Finding("Width", f"{console.width} columns", f"widen the window to {WIDTH} columns.",
                      harmless=True)
    else:
        yield Finding("Width", f"{console.width} columns")


def _git(root: Path) -> Iterator[Finding]:
    program = shutil.which("git")
    done = _run([program, "--version"]) if program else None
    if done is None or done.returncode:
        yield Finding("git", "it is not installed", "install it from git-scm.com, then open a new terminal.")
    else:
        yield Finding("git", done.stdout.strip().removeprefix("git version "))
    if any((folder / ".git").exists() for folder in (root, *root.parents)):
        yield Finding("Repository", "this folder is under version control")
    else:
        yield Finding("Repository", "this folder is no git repository: nothing you write is kept or pushed",
                      "clone your repository again and work there, or begin one here with `git init`.")


def _isolation() -> Finding:
    try:
        with open_box(minimum="process") as box:
            level = box.level
    except GraderError as error:
        return Finding("Isolation", error.problem, error.fix or "report this.")
    return Finding("Isolation", f"{level}: {_LEVELS.get(level, level)}")


def _course(root: Path) -> Iterator[Finding]:
    try:
        course = load_course(root)
    except GraderError as error:
        yield Finding("Course", f"{error.where}: {error.problem}",
                      "get the course's files back with `git checkout -- assignments`.")
        return
    lessons = "1 lesson" if len(course.lessons) == 1 else f"{len(course.lessons)} lessons"
    yield Finding("Course", f"{course.title}, {course.version}, {lessons}")
    if course.edition == "student":
        yield from _given_files(course)
        yield from _own_files(course)


def _given_files(course: Course) -> Iterator[Finding]:
    """Compare what students do not write with what was shipped."""
    try:
        shipped = read_shipped(course.root)
    except GraderError as error:
        yield Finding("Given files", f"{SHIPPED}: {error.problem}",
                      error.fix or "ask your teacher for a newer copy of the course.")
        return
    changed = [name for name, digest in shipped.files.items() if _digest(course.root / name) != digest]
    if not changed:
        yield Finding("Given files", f"all {len(shipped.files)} are as they were given")
        return
    shown = changed[:_SHOWN_FILES]
    more = f" and {len(changed) - len(shown)} more" if len(changed) > len(shown) else ""
    yield Finding("Given files", f"changed or missing: {', '.join(shown)}{more}",
                  f"get them back with `git checkout -- {' '.join(shown)}`; your teacher grades with the "
                  "original ones in any case.")


def _digest(path: Path) -> str:
    try:
        return content_digest(path.read_bytes())
    except OSError:
        return ""


def _own_files(course: Course) -> Iterator[Finding]:
    """Say which of the student's own files cannot be taken."""
    try:
        tree = read_submission(course.root, course.package)
    except GraderError as error:
        yield Finding("Your files", error.problem, error.fix or "")
        return
    for problem in tree.problems:
        yield Finding("Your files", f"{problem.file}: {problem.problem}",
                      "put a plain UTF-8 text in its place.")
    for lesson in course.lessons:
        if lesson.module in tree.rejected:
            continue
        if lesson.module not in tree.modules:
            name = f"{course.package}/{lesson.module}.py"
            first = lesson.exercises[0].id
            yield Finding("Your files", f"{name} is missing", f"get it back with `grader reset {first}`.")
    if not tree.problems:
        yield Finding("Your files", f"{len(tree.modules)} modules can be read")
