"""The command line: exit code and text of every command, with an engine made of cardboard."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import click
import pytest

import grader
import grader.course
import grader.student.place  # before cardboard takes the place of what it imports
from grader.__main__ import main
from grader.cli import COMMANDS, cli
from grader.cli.words import exercises_named, lesson_named
from grader.errors import CourseError, GraderError, IsolationError, UsageError
from grader.result import Result, loads
from grader.tests import result_samples as samples

SECRET = "0123456789abcdef0123456789abcdef"


class Said(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give a function that runs a command line in this process, without the surroundings' settings."""
    for name in ("GRADER_DEBUG", "GRADER_SECRET", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*words: str | Path) -> Said:
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return call


@dataclass
class Engine:
    """Stands for sandbox, submission, grading, build and verify; notes what it was asked for."""

    root: Path
    edition: Any = "teacher"
    result: Result = field(default_factory=samples.all_passed)
    asked: dict[str, Any] = field(default_factory=dict)
    proved: bool = True
    stale: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

    def modules(self) -> dict[str, dict[str, Any]]:
        """Give the names that the commands import."""
        return {
            "grader.sandbox": {"open_box": self.open_box},
            "grader.submission": {"read_submission": lambda path, package: (path, package)},
            "grader.grading": {"grade": self.grade, "check": self.grade, "Grader": self.grader},
            "grader.verify": {"verify": self.verify},
            "grader.build": {
                "plan_build": self.plan,
                "with_wheel": lambda course, plan: {**plan, "vendor/a.whl": b""},
                "write_build": self.write,
                "stale": lambda course, plan, output: list(self.stale),
                "new_lesson": self.new,
            },
        }

    def note(self, **words: Any) -> None:
        """Remember what was asked."""
        self.asked.update(words)

    @contextmanager
    def open_box(self, **words: Any) -> Iterator[str]:
        """Stand for the box."""
        self.note(**words)
        yield "box"

    def grade(self, course: Any, submission: Any, **words: Any) -> Result:
        """Stand for `grade` and `check`."""
        self.note(submission=submission, **words)
        words["progress"]("1.1")
        return self.result

    @contextmanager
    def grader(self, course: Any, box: Any) -> Iterator[SimpleNamespace]:
        """Stand for `Grader`, which checks again and again."""
        self.note(box=box)
        yield SimpleNamespace(course=course, check=partial(self.grade, course))

    def verify(self, course: Any, lesson: str, *, progress: Any, **words: Any) -> Any:
        """Stand for `verify`."""
        self.note(lesson=lesson, **words)
        progress("the reference")
        report = ModuleType("report")
        problems = [] if self.proved else ["the stub wins 1.1/sums"]
        report.__dict__.update(
            lesson=course.lesson(lesson), lines=["reference 100/100"], problems=problems, ok=self.proved
        )
        return report

    def plan(self, course: Any, *, path: str | None) -> dict[str, bytes]:
        """Stand for `plan_build`."""
        self.note(path=path)
        return {"a.py": b"", "b.py": b""}

    def write(self, course: Any, plan: Any, output: Path | None) -> list[str]:
        """Stand for `write_build`."""
        self.note(output=output)
        return ["a.py"]

    def new(self, root: Path, name: str, module: str | None) -> list[Path]:
        """Stand for `new_lesson`."""
        self.note(name=name, module=module)
        return [root / "assignments" / name / "README.md", Path("elsewhere.md")]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Put a course into an empty folder, go there, and put cardboard in the engine's place."""
    made = Engine(tmp_path / "course")
    samples.course(made.root)
    (made.root / "ada").mkdir()
    for name, members in made.modules().items():
        module = ModuleType(name)
        module.__dict__.update(members)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(grader.student, "prepare_answers", lambda course, tree: [])
    monkeypatch.setattr(grader.student, "after_check", lambda course, result: made.notes)
    monkeypatch.setattr(
        grader.course, "load_course", lambda root: samples.course(root, edition=made.edition)
    )
    monkeypatch.chdir(made.root)
    return made


def python(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(Path(grader.__file__).parents[1]), **settings}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env=environment, check=False, timeout=600
    )


# The group


def test_help_lists_every_command_with_its_sentence(run: Run) -> None:
    """`grader --help` names each command, in three groups, and exits 0."""
    said = run("--help")
    assert said.code == 0
    for name, entry in COMMANDS.items():
        assert f"  {name}" in said.out
        assert entry.help in said.out
    places = [said.out.index(title) for title in ("\nStudent:\n", "\nTeacher:\n", "\nAuthor:\n")]
    assert places == sorted(places)


def test_help_imports_nothing_heavy() -> None:
    """`grader --help` imports neither NumPy nor pytest, rich, nbformat, nor any command."""
    program = (
        "import sys\nfrom grader.__main__ import main\ncode = main(['--help'])\n"
        "print(code, *sorted(sys.modules), file=sys.stderr)"
    )
    code, *modules = python("-c", program).stderr.split()
    assert code == "0"
    assert not {"numpy", "pytest", "rich", "nbformat", "unicodedata"} & set(modules)
    ours = {name for name in modules if name.startswith("grader")}
    assert ours == {"grader", "grader.__main__", "grader.cli", "grader.cli.group", "grader.errors"}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_says(run: Run, name: str) -> None:
    """The sentence of the table is the first line of the command's own help, which exits 0."""
    said = run(name, "--help")
    assert said.code == 0
    assert COMMANDS[name].help in said.out
    assert cli.get_command(click.Context(cli), name).name == name  # type: ignore[union-attr]


def test_the_version_is_the_packages(run: Run) -> None:
    """`--version` prints name and version."""
    assert run("--version") == (0, f"grader, version {grader.__version__}\n", "")


def test_the_module_runs_as_a_program() -> None:
    """`python -m grader` is the same command line, and its exit code is the process's."""
    assert python("-m", "grader", "--version").stdout.startswith("grader, version")
    assert python("-m", "grader", "nonsense").returncode == 2


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["--nonsense"], "No such option"),
        (["grade"], "Missing argument 'SUBMISSION'"),
        (["grade", "ada", "--format", "pdf"], "'pdf' is not one of 'json', 'markdown', 'classroom', "),
        (["grade", "ada", "--allow-isolation", "none"], "'none' is not 'process'"),
        (["grade", "ada", "--output", "out.md"], "--output needs --format, one of: json, markdown, "),
        (["verify", "--seeds", "0"], "0 is not in the range"),
        (["build", "--path", "quick"], "--path needs --output DIR"),
        (["build", "--vendor-wheel"], "--vendor-wheel needs --output DIR"),
    ],
)
def test_a_wrong_word_exits_2_and_names_it(run: Run, words: list[str], problem: str) -> None:
    """A usage error is told with the command's usage, on stderr."""
    said = run(*words)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("Usage: grader")
    assert problem in said.err


# The edge


def failing(error: BaseException) -> Callable[..., Any]:
    """Give a function that raises."""

    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (UsageError("bad word.", where="here", fix="say it well."), 2,
         "Error: here: bad word.\n  Next: say it well.\n"),
        (CourseError("bad rubric"), 2, "Error: bad rubric\n"),
        (IsolationError("no box.", fix="use Linux."), 3, "Error: no box.\n  Next: use Linux.\n"),
        (GraderError("lost"), 3, "Error: lost\n"),
        (UsageError("\x1b[31m\n::error::x"), 2, "Error: \\x1b[31m\n: :error::x\n"),
    ],
)  # fmt: skip
def test_an_error_of_ours_has_its_exit_code(
    run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch, *, error: GraderError, code: int, text: str
) -> None:
    """An error says what, where and what next on stderr, without a traceback and without tricks."""
    monkeypatch.setattr(grader.course, "load_course", failing(error))
    assert run("verify") == (code, "", text)


UNEXPECTED = """\
Error: the grader itself failed: ZeroDivisionError: by \\x1b zero
  Next: run it again as `grader --debug …`, and report what it prints.
"""


def test_an_unexpected_error_is_one_clear_line(
    run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug of ours exits 3, says so, and keeps its traceback for who asks for it."""
    monkeypatch.setattr(grader.course, "load_course", failing(ZeroDivisionError("by \x1b zero")))
    assert run("verify") == (3, "", UNEXPECTED)
    said = run("--debug", "verify")
    assert said.code == 3
    assert said.err.startswith("Traceback (most recent call last):\n")
    assert said.err.endswith(UNEXPECTED)
    monkeypatch.setenv("GRADER_DEBUG", "1")
    assert run("verify").err.startswith("Traceback")
    monkeypatch.setenv("GRADER_DEBUG", "0")
    assert run("verify").err == UNEXPECTED


def test_ctrl_c_is_no_failure(run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted run exits 130 and prints no traceback."""
    monkeypatch.setattr(grader.course, "load_course", failing(KeyboardInterrupt()))
    said = run("verify")
    assert said.code == 130
    assert said.err.strip() == ""


@pytest.mark.skipif(os.name == "nt", reason="a closed pipe is another error on Windows")
def test_a_closed_pipe_is_quiet() -> None:
    """`grader --help | true` prints no traceback, and does not look like a failed criterion."""
    program = (
        "import os, sys\nread, write = os.pipe()\nos.close(read)\nos.dup2(write, 1)\n"
        "from grader.__main__ import main\nsys.exit(main(['--help']))"
    )
    done = python("-c", program)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(os.name == "nt", reason="a closed pipe is another error on Windows")
def test_a_closed_pipe_is_quiet_under_a_screen() -> None:
    """The screen of a result does not turn a closed pipe into exit 1, as rich would."""
    program = (
        "import os, sys\nread, write = os.pipe()\nos.close(read)\nos.dup2(write, 1)\n"
        "from grader.render.screen import open_console\n"
        "try:\n    open_console(plain=True).print('x')\n    sys.stdout.flush()\n"
        "except BrokenPipeError:\n    os._exit(5)"
    )
    done = python("-c", program)
    assert (done.returncode, done.stderr) == (5, "")


def test_another_exit_passes_through(run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exit that is not a closed pipe keeps its code."""
    monkeypatch.setattr(grader.course, "load_course", failing(SystemExit(7)))
    with pytest.raises(SystemExit, match="7"):
        run("verify")


# Where you are


def test_alone_outside_a_course_it_says_how_to_get_there(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nowhere is no error: exit 0 and the way to a course."""
    monkeypatch.chdir(tmp_path)
    said = run()
    assert said.code == 0
    assert said.out.startswith("You are not in a course")
    assert "Next: cd to your copy of a course" in said.out


def test_alone_in_the_teachers_course_it_says_where_you_are(run: Run, engine: Engine) -> None:
    """Title, edition, lessons and the next step, exit 0."""
    said = run()
    assert said.code == 0
    assert said.out.startswith("Toy course · 2026.1 · teacher's course\n   1  Adding up\nNext: ")
    assert "`grader grade SUBMISSION`" in said.out


def test_alone_in_a_students_copy_it_names_one_command(run: Run, engine: Engine) -> None:
    """Course, lessons, how to choose a path, and what to do first."""
    engine.edition = "student"
    said = run("--plain")
    assert said.code == 0
    assert said.out.startswith("Toy course: nothing checked yet.\nLesson 1, Adding up: 0 of 0 public points.")
    assert "choose with `grader plan --path quick`" in said.out
    assert said.out.endswith("Next: grader read 1\n")


def test_plain_stands_behind_a_command(run: Run, engine: Engine) -> None:
    """Before a command, --plain would be taken for nothing, so it is refused."""
    said = run("--plain", "check")
    assert said.code == 2
    assert "write --plain behind the command: grader check --plain" in said.err


def test_alone_in_a_course_without_lessons_it_says_how_to_start_one(
    run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new course has a next step, too."""
    empty = replace(samples.course(engine.root), lessons=())
    monkeypatch.setattr(grader.course, "load_course", lambda _: empty)
    assert "Next: start a lesson with `grader new 01_my_lesson`." in run().out


def test_any_terminal_can_show_it(run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A title with a dot does not crash a terminal that has only ASCII."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert main([]) == 0
    assert b"Toy course - 2026.1" in raw.getvalue()
    engine.edition = "student"
    assert main([]) == 0
    sys.stdout.flush()
    assert b". Lesson 1 - Adding up" in raw.getvalue()


# grade


def test_full_marks_exit_0_and_show_the_screen(run: Run, engine: Engine) -> None:
    """Grading prints points, isolation and trust."""
    said = run("grade", "ada")
    assert said.code == 0
    assert "15/15 points" in said.out
    assert "Isolation" in said.out
    assert said.err == ""
    assert engine.asked["submission"] == (Path("ada"), "toypkg")
    assert engine.asked["box"] == "box"
    assert (engine.asked["lessons"], engine.asked["path"], engine.asked["secret"]) == (None, None, None)
    assert (engine.asked["minimum"], engine.asked["without"]) == ("kernel", ())


def test_a_lost_criterion_exits_1(run: Run, engine: Engine) -> None:
    """One criterion not passed is exit code 1."""
    engine.result = samples.mixed()
    said = run("grade", "ada", "--plain")
    assert said.code == 1
    assert "1.2 total: failed, 10 of 25 points." in said.out


def test_the_options_reach_the_engine(run: Run, engine: Engine, tmp_path: Path) -> None:
    """Lessons, path, secret, isolation and record arrive as what they name."""
    (tmp_path / "secret").write_text(SECRET + "\n", encoding="ascii")
    said = run("grade", "ada", "--lesson", "01", "--lesson", "1", "--path", "quick", "--secret",
               tmp_path / "secret", "--allow-isolation", "process", "--record", "raw.json",
               "--without-layer", "landlock", "--without-layer", "uid")  # fmt: skip
    assert said.code == 0
    assert engine.asked["lessons"] == {"1"}
    assert engine.asked["path"] == "quick"
    assert engine.asked["secret"] == SECRET.encode()
    assert engine.asked["minimum"] == "process"
    assert engine.asked["without"] == ("landlock", "uid")
    assert engine.asked["record"] == Path("raw.json")


def test_the_secret_may_come_from_the_environment(
    run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GRADER_SECRET serves where a file would be in the way."""
    monkeypatch.setenv("GRADER_SECRET", SECRET)
    assert run("grade", "ada").code == 0
    assert engine.asked["secret"] == SECRET.encode()


def test_results_are_written_and_the_text_is_still_shown(run: Run, engine: Engine) -> None:
    """`--json` and `--output` never take the place of the terminal's text."""
    said = run("grade", "ada", "--json", "r.json", "--format", "markdown", "--output", "r.md")
    assert said.code == 0
    assert loads((engine.root / "r.json").read_text(encoding="utf-8")) == engine.result
    assert (engine.root / "r.md").read_text(encoding="utf-8").startswith("# ada: 15 of 15 points\n")
    assert "Isolation" in said.out


def test_a_form_without_a_file_goes_to_the_terminal(run: Run, engine: Engine) -> None:
    """`--format` alone prints that form and nothing else, so that it can be piped."""
    assert loads(run("grade", "ada", "--format", "json").out) == engine.result
    assert run("grade", "ada", "--format", "markdown").out.startswith("# ada: 15 of 15 points\n")


def test_nothing_to_grade_is_no_full_mark(run: Run, engine: Engine) -> None:
    """A path that has no exercise of the lesson must not exit 0."""
    engine.result = samples.result(samples.lesson())
    said = run("grade", "ada")
    assert said.code == 2
    assert said.err == (
        "Error: there is nothing to grade: no exercise of these lessons is on this path.\n"
        "  Next: choose another --lesson or --path.\n"
    )


def test_a_students_copy_names_check(run: Run, engine: Engine) -> None:
    """In a student's copy there is nothing to grade with; the message names `check`."""
    engine.edition = "student"
    said = run("grade", "ada")
    assert said.code == 2
    assert "this is a student's copy of the course: the hidden tests are not in it." in said.err
    assert "Next: run `grader check`" in said.err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--lesson", "7"], "Error: there is no lesson '7' in this course.\n"
                            "  Next: use one of: 1 (01_add).\n"),
        (["--path", "slow"], "Error: there is no path 'slow' in this course.\n  Next: use one of: quick.\n"),
        (["--course", "ada"], "Error: ada: there is no course in this folder.\n"
                              "  Next: name the folder that holds assignments/course.toml.\n"),
        (["--json", "no/r.json"], "Error: no/r.json: the folder of this file does not exist.\n"
                                  "  Next: make the folder first, or name another file.\n"),
        (["--json", "ada"], "Error: ada: there is a folder at this place, and only a regular file may be "
                            "replaced.\n  Next: name another file, or move this away.\n"),
        (["--json", "r", "--record", "./r"], "Error: r: two options name this file.\n"
                                             "  Next: give each its own file.\n"),
        (["--secret", "none"], "Error: none: the secret cannot be read: No such file or directory.\n"
                               "  Next: name a file that you can read.\n"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_before_any_work(
    run: Run, engine: Engine, words: list[str], text: str
) -> None:
    """A wrong name or an unwritable file exits 2 with the next step, and nothing is graded."""
    assert run("grade", "ada", *words) == (2, "", text)
    assert "submission" not in engine.asked


def test_a_weak_secret_is_refused(run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inputs are unguessable only if the secret is; the message says how to make one."""
    monkeypatch.setenv("GRADER_SECRET", "secret")
    said = run("grade", "ada")
    assert said.code == 2
    assert said.err.startswith("Error: GRADER_SECRET: a secret has 16 to 4096 bytes, this one has 6.\n")
    assert "secrets.token_hex(32)" in said.err


def test_a_course_without_paths_says_to_leave_it_out(
    run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no path to choose, the next step is to leave the option out."""
    without = replace(samples.course(engine.root), paths=())
    monkeypatch.setattr(grader.course, "load_course", lambda _: without)
    assert run("grade", "ada", "--path", "x").err.endswith("Next: leave --path out.\n")


NO_COURSE = """\
Error: {}: there is no course to grade this submission with.
  Next: name the course with --course DIR. In a student's copy, run `grader check`.
"""


def test_a_submission_never_brings_its_own_course(
    run: Run, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A course inside the submission would run the student's tests in the grader's own process."""
    submission = tmp_path / "clones" / "eve"
    samples.course(submission)
    monkeypatch.chdir(submission)
    assert run("grade", ".") == (2, "", NO_COURSE.format("."))
    assert run("grade", submission) == (2, "", NO_COURSE.format(submission))
    assert run("grade", ".", "--course", engine.root).code == 0


def test_the_course_is_looked_for_here_and_then_above_the_submission(
    run: Run, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A teacher can stand anywhere: the submission's folder lies below the course, too."""
    monkeypatch.chdir(tmp_path)
    assert run("grade", engine.root / "ada").code == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert run("grade", elsewhere) == (2, "", NO_COURSE.format(elsewhere))


# check


def test_check_shows_the_students_screen(run: Run, engine: Engine) -> None:
    """`check` runs in what isolation there is and shows the public points."""
    engine.edition, engine.result = "student", samples.mixed()
    said = run("check", "--json", "r.json")
    assert said.code == 1
    assert "public 25 / 90 points" in said.out
    assert "Next         grader hint 1.2" in said.out
    assert engine.asked["submission"] == (engine.root, "toypkg")
    assert (engine.asked["minimum"], engine.asked["exercises"]) == ("process", None)
    assert loads((engine.root / "r.json").read_text(encoding="utf-8")) == engine.result
    engine.result = samples.all_passed()
    assert run("check", "1.2", "--plain").code == 0
    assert engine.asked["exercises"] == {"1.2"}


def test_check_in_the_teachers_course_names_grade(run: Run, engine: Engine) -> None:
    """There is no student's work beside the teacher's course."""
    said = run("check")
    assert said.code == 2
    assert "this is the teacher's course: there is no student's work beside it to check." in said.err
    assert "Next: run `grader grade SUBMISSION`" in said.err


def test_check_outside_a_course_says_where_to_go(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loader's own error is shown, exit 2."""
    monkeypatch.chdir(tmp_path)
    said = run("check")
    assert said.code == 2
    assert "there is no course here or above" in said.err


@pytest.mark.parametrize("word", ["1", "01", "01_add", "01_add/"])
def test_a_lesson_has_three_names(tmp_path: Path, word: str) -> None:
    """A lesson is `1`, `01` or its folder, as the shell completes it."""
    assert lesson_named(samples.course(tmp_path), word).id == "1"
    assert exercises_named(samples.course(tmp_path), word) == {"1.1", "1.2"}


def test_an_exercise_has_two_names(tmp_path: Path) -> None:
    """An exercise is `1.2` or its function."""
    assert exercises_named(samples.course(tmp_path), "1.2") == {"1.2"}
    assert exercises_named(samples.course(tmp_path), "total") == {"1.2"}


def test_an_unknown_exercise_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    """A typing mistake is answered with what there is."""
    with pytest.raises(UsageError, match=r"^there is no exercise '1\.9' in this course\.") as refused:
        exercises_named(samples.course(tmp_path), "1.9")
    assert refused.value.fix == "use one of: 1.1, 1.2."


# verify, build, new


def test_verify_prints_what_was_proved(run: Run, engine: Engine) -> None:
    """Each lesson's proofs go to stdout, the progress to stderr."""
    said = run("verify", "--seeds", "3")
    assert said == (0, "Lesson 1 · Adding up: proved\n  reference 100/100\n", "the reference\n")
    assert (engine.asked["lesson"], engine.asked["seeds"], engine.asked["minimum"]) == ("1", 3, "process")
    engine.proved = False
    said = run("verify", "01_add")
    assert said.code == 1
    assert said.out == (
        "Lesson 1 · Adding up: not proved\n  reference 100/100\n  problem: the stub wins 1.1/sums\n"
    )


def test_build_says_what_changed(run: Run, engine: Engine) -> None:
    """`build` writes into the course, or with `--output` elsewhere."""
    said = run("build")
    assert said == (0, f"a.py\n1 of 2 files changed in {engine.root}.\n", "")
    assert (engine.asked["output"], engine.asked["path"]) == (None, None)
    assert run("build", "--path", "quick", "--output", "out").out.endswith("changed in out.\n")
    assert (engine.asked["output"], engine.asked["path"]) == (Path("out"), "quick")
    said = run("build", "--vendor-wheel", "--output", "out")
    assert said == (0, "a.py\n1 of 3 files changed in out.\n", "")


def test_build_check_fails_on_stale_files(run: Run, engine: Engine) -> None:
    """`--check` changes nothing, lists what is stale, and exits 1."""
    assert run("build", "--check") == (0, "Everything is up to date.\n", "")
    engine.stale = ("a.py: missing",)
    said = run("build", "--check")
    assert said == (1, "a.py: missing\n1 files are stale.\n  Next: run `grader build`.\n", "")
    assert "output" not in engine.asked


def test_new_lists_the_files_and_the_next_steps(run: Run, engine: Engine) -> None:
    """`new` says what it wrote, and how to go on."""
    said = run("new", "07_my_lesson", "--module", "mine")
    assert said.code == 0
    assert said.out.startswith("assignments/07_my_lesson/README.md\nelsewhere.md\nNext: change these files")
    assert "`grader verify 7`" in said.out
    assert (engine.asked["name"], engine.asked["module"]) == ("07_my_lesson", "mine")


@pytest.mark.skipif(os.name == "nt", reason="the signals are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_that_became_another_error_is_one(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python 3.11 makes a RuntimeError of a Ctrl-C in `__set_name__`: the grader did not fail."""

    def run(words: list[str]) -> int:
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt as error:
            raise RuntimeError("Error calling __set_name__") from error
        return 0

    monkeypatch.setattr("grader.__main__._invoke", run)
    before = signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    try:
        assert main(["progress"]) == 128 + number
    finally:
        signal.signal(number, before)
    assert "itself failed" not in capsys.readouterr().err
