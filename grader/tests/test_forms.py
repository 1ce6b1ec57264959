"""`--format`, `--output` and `--ci` of `grade` and `check`: what is printed, written, and refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grader.cli.forms import FORMS
from grader.course import Course
from grader.course.shipped import SHIPPED, protected_files, without_path
from grader.result import dumps, read_result
from grader.submission import changed_files
from grader.tests import result_samples as samples
from grader.tests.fake_runner import Runner
from grader.tests.test_cli import Engine, Run, engine, run

__all__ = ["engine", "run"]
VARIABLES = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "RUNNER_TEMP", "GITHUB_ACTIONS")


@pytest.fixture(autouse=True)
def no_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what a real runner sets, where these tests run in Actions."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


BEGINNINGS = {
    "json": '{\n  "schema": "grader/result/v1"', "markdown": "# ada: 15 of 15 points\n",
    "classroom": "result=",
    "classroom50": '{\n  "schema": "classroom50/result/v1"', "gradescope": '{\n  "score": 15,',
    "exercism": '{\n  "version": 3,', "junit": "<testsuites ", "github": "::notice title=15 of 15 points ",
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("command", ["grade", "check"])
def test_a_form_takes_the_terminals_place_or_goes_to_a_file(
    run: Run, engine: Engine, tmp_path: Path, command: str, form: str
) -> None:
    """Without a file the form alone is printed; with one, the file has it and the terminal its own text."""
    engine.edition = "teacher" if command == "grade" else "student"
    words = ["grade", "ada"] if command == "grade" else ["check"]
    printed = run(*words, "--format", form)
    assert (printed.code, printed.err) == (0, "")
    assert printed.out.startswith(BEGINNINGS[form])
    assert "1.1 add" not in printed.out.splitlines()[0]
    file = tmp_path / "form"
    written = run(*words, "--format", form, "--output", file)
    assert written.code == 0
    assert file.read_text() == printed.out
    assert "Adding up" in written.out
    assert (tmp_path / "release-body.md").exists() == (form == "classroom50")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["grade", "ada", "--output", "f"], "--output needs --format, one of: json, markdown, classroom, "),
        (["check", "--output", "f"], "--output needs --format, one of: json, markdown, classroom, "),
        (["check", "--ci", "--format", "junit"], "--ci prints a text of its own: give --format a file with"),
        (["grade", "ada", "--ci", "--format", "json"], "--ci prints a text of its own: give --format a file"),
        (["check", "--watch", "--ci"], "--watch goes with none of --ci, --format and --submission."),
        (["check", "--watch", "--submission", "ada"], "--watch goes with none of --ci, --format and --submi"),
    ],
)
def test_options_that_do_not_go_together(run: Run, engine: Engine, words: list[str], problem: str) -> None:
    """Two texts for one terminal, or a file without a form, is a usage error."""
    said = run(*words)
    assert (said.code, said.out) == (2, "")
    assert problem in said.err


def test_ci_tells_github(
    run: Run, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terminal's text stands between two markers; annotations, summary, outputs and result follow."""
    engine.edition, engine.result = "student", samples.mixed()
    for name in VARIABLES[:2]:
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(engine.root.parent))
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    (tmp_path / "GITHUB_OUTPUT").write_text("earlier=1\n")
    said = run("check", "--ci")
    assert (said.code, said.err) == (1, "")
    lines = said.out.splitlines()
    assert lines[0].startswith("::stop-commands::")
    close = lines.index(f"::{lines[0].removeprefix('::stop-commands::')}::")
    assert "Adding up" in "\n".join(lines[1:close])
    assert lines[close + 1].startswith("::error file=course/toypkg/add.py,line=31,")
    assert all(line.startswith("::") for line in lines[close + 1 :])
    outputs = dict(line.split("=", 1) for line in (tmp_path / "GITHUB_OUTPUT").read_text().splitlines())
    assert list(outputs) == ["earlier", "result", "runners", "score", "max-score", "passed", "trust"]
    assert (outputs["score"], outputs["passed"], outputs["trust"]) == ("25", "false", "advisory")
    assert (tmp_path / "GITHUB_STEP_SUMMARY").read_text().startswith("# ada: 25 of 90 points\n")
    assert read_result(tmp_path / "result.json") == engine.result


def test_ci_outside_of_actions_leaves_a_result_here(
    run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are no files of a runner, the annotations are printed and result.json is made here."""
    engine.edition = "student"
    said = run("check", "--ci")
    assert said.code == 0
    assert "::notice title=15 of 15 points (advisory)::" in said.out
    assert (engine.root / "result.json").read_text() == dumps(engine.result)


def test_a_runners_file_that_cannot_be_written_is_told(
    run: Run, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the variable and the file."""
    engine.edition = "student"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    said = run("check", "--ci")
    assert said.code == 2
    assert said.err == (
        f"Error: {tmp_path}: the file that GITHUB_STEP_SUMMARY names cannot be written: Is a directory.\n"
        "  Next: take GITHUB_STEP_SUMMARY away, or name a file.\n"
    )


def test_somebody_elses_work_gets_no_history(run: Run, engine: Engine, tmp_path: Path) -> None:
    """`--submission` is checked with the course's tests, and the course's folder learns nothing of it."""
    engine.edition, engine.notes = "student", ["a note for the student"]
    assert "a note for the student" in run("check").out
    said = run("check", "--submission", engine.root / "ada")
    assert said.code == 0
    assert "a note for the student" not in said.out
    assert engine.asked["submission"][0] == engine.root / "ada"


# Given files


def test_what_was_changed_is_listed(toy_student: Path, toy: Course) -> None:
    """A changed, a missing and an odd file are told; Windows line ends and a path's mark are no change."""
    from grader.course import load_course

    given = protected_files(load_course(toy_student))
    assert changed_files(toy_student, given, all_there=True) == ()
    test = toy_student / "assignments" / "01_add" / "test_public.py"
    test.write_bytes(test.read_bytes().replace(b"\n", b"\r\n"))
    assert changed_files(toy_student, given, all_there=True) == ()
    test.write_text("def test_nothing():\n    pass\n")
    (toy_student / "assignments" / "02_scale" / "test_public.py").unlink()
    rubric = toy_student / "assignments" / "02_scale" / "rubric.toml"
    rubric.unlink()
    rubric.symlink_to("/etc/passwd")
    found = {p.file: p.problem for p in changed_files(toy_student, given, all_there=True)}
    assert found == {
        "assignments/01_add/test_public.py": "This file is not as it was handed out.",
        "assignments/02_scale/test_public.py": "This file is missing.",
        "assignments/02_scale/rubric.toml":
            "This file, or a folder above it, is a symbolic link, not a plain file.",
    }  # fmt: skip
    assert "assignments/02_scale/test_public.py" not in {
        p.file for p in changed_files(toy_student, given, all_there=False)}  # fmt: skip


def test_a_workflow_that_was_not_handed_out_is_listed(tmp_path: Path) -> None:
    """Only where a workflow was handed out is another one a change; its name is made printable."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "mine\n::error::x.yml").write_text("")
    assert changed_files(tmp_path, {}, all_there=False) == ()
    [found] = changed_files(tmp_path, {".github/workflows/classroom.yml": "0" * 64}, all_there=False)
    assert found.file == ".github/workflows/mine\\n::error::x.yml"
    assert found.problem == "This workflow was not handed out."
    assert changed_files(tmp_path / "gone", {"a": "b"}, all_there=True) == ()


def test_a_copy_for_a_path_is_not_a_changed_one() -> None:
    """The line that a build for a path adds does not count."""
    assert without_path(b'id = "a"\non_path = "short"\n[x]\n') == b'id = "a"\n[x]\n'


def test_a_damaged_list_is_a_change_itself(toy_student: Path) -> None:
    """Without its list nothing can be compared, and that is told."""
    from grader.course import load_course

    course = load_course(toy_student)
    (toy_student / SHIPPED).write_text("{")
    [found] = changed_files(toy_student, protected_files(course), all_there=True)
    assert (found.file, found.problem) == (SHIPPED, "This file is not as it was handed out.")


def test_a_course_without_a_starter_protects_nothing(toy: Course, tmp_path: Path) -> None:
    """A teacher who has not built yet gets no list."""
    from dataclasses import replace

    assert protected_files(replace(toy, root=tmp_path)) == {}
    names = protected_files(toy)
    assert "assignments/01_add/test_public.py" in names
    assert not [name for name in names if name.startswith("toypkg/") or name.endswith(".md")]


# The fake runner itself


def test_the_fake_runner_sees_commands_and_fences(tmp_path: Path) -> None:
    """The tests' runner would notice a command that escaped, and takes none from a fence."""
    steps: list[dict[str, Any]] = [
        {"name": "a", "id": "a", "run": 'echo "::error file=x::y"; echo "n=1" >> "$GITHUB_OUTPUT"'},
        {"name": "b", "run": 'echo "::stop-commands::t"; echo "::error::hidden"; echo "::t::"; exit 3'},
        {"name": "c", "run": "echo never"},
        {"name": "d", "if": "${{ !cancelled() }}", "run": 'echo "$N"',
         "env": {"N": "${{ steps.a.outputs.n }}"}},
    ]
    done = Runner(tmp_path, tmp_path).run(steps)
    assert [(step.name, step.code) for step in done] == [("a", 0), ("b", 3), ("d", 0)]
    assert [command.message for command in done[0].commands] == ["y"]
    assert done[1].commands == []
    assert done[2].out == "1\n"
    with pytest.raises(AssertionError, match="a fence was left open"):
        _ = Runner(tmp_path, tmp_path).run([{"run": 'echo "::stop-commands::t"'}])[0].commands
