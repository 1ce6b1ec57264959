"""`grader build`: stubs and starter, or whether they are stale."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.say import say
from grader.cli.words import check_path, course_here, course_option


@click.command("build")
@course_option
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit 1 if a file is stale.")
@click.option("--path", metavar="P", help="Give what is off this learning path whole.")
@click.option("--vendor-wheel", is_flag=True, help="Put the grader in as well, as a file.")
@click.option("--output", type=click.Path(path_type=Path), metavar="DIR", help="Write here instead.")
@click.pass_context
def command(
    ctx: click.Context, *, course_folder: Path | None, only_check: bool, path: str | None, vendor_wheel: bool,
    output: Path | None,
) -> None:
    """Make the stubs and the student's repository.

    With --output, only the student's repository is made, in that folder. With --vendor-wheel as well,
    it is ready to publish: its requirements.txt installs the grader from a file in vendor/.
    """
    for option, given in (("--path", path), ("--vendor-wheel", vendor_wheel)):
        if given and not output:
            raise click.UsageError(f"{option} needs --output DIR: the course's own starter stays as it is.",
                                   ctx)
    root = course_here(course_folder)

    from grader.build import plan_build, stale, with_wheel, write_build
    from grader.course import load_course

    course = load_course(root)
    check_path(course, path)
    plan = plan_build(course, path=path)
    plan = with_wheel(course, plan) if vendor_wheel else plan
    if not only_check:
        done = write_build(course, plan, output)
        say("\n".join([*done, f"{len(done)} of {len(plan)} files changed in {output or course.root}."]))
        return
    old = stale(course, plan, output)
    for line in old:
        say(line)
    say(f"{len(old)} files are stale.\n  Next: run `grader build`." if old else "Everything is up to date.")
    ctx.exit(1 if old else 0)
