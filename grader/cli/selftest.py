"""`grader selftest`: what is proved on this machine, and the published table."""

# The work is imported when a command runs, so that `grader --help` stays quick.

from __future__ import annotations

import importlib.util
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import click

from grader.cli.say import say
from grader.cli.words import plain_option
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.sandbox.box import Box
    from grader.sandbox.sweep import Family

_LAYERS = {
    "seccomp": "a list of the only system calls there are",
    "rlimits": "limits of CPU time, memory, files",
    "pidfd": "kills that cannot hit another process",
    "landlock": "no file, even if a call could open one",
    "uid": "another user than the grader's",
    "prlimit": "CPU limits set from outside (else the grader's clock is the limit)",
}
_ATTACKS = "grader.tests.attacks"


@click.command("selftest")
@click.option("--attacks", is_flag=True, help="Then run every attack program; takes minutes.")
@plain_option
@click.pass_context
def command(ctx: click.Context, *, attacks: bool, plain: bool) -> None:
    """Prove what this machine can hold.

    A confined process tries to break out, and calls all of NumPy. Then comes the published table of
    what cheats win elsewhere and here.

    Exit code: 0 when the kernel confines student code, 1 when something of NumPy is stopped or an
    attack pays, 3 when student code cannot be confined here.
    """
    if attacks and importlib.util.find_spec(_ATTACKS) is None:
        raise UsageError(
            "the attack programs are not in this installation: they are tests, and not installed.",
            fix="run `grader selftest --attacks` in a copy of the source repository.")

    from grader.sandbox import open_box

    with open_box() as box:
        _tell_level(box, plain=plain)
        from grader.sandbox.sweep import sweep_numpy

        families = sweep_numpy(box)
    _tell_numpy(families)
    _tell_table()
    code = 1 if any(family.stopped for family in families) else 0
    if attacks:
        sys.stdout.flush()
        code = subprocess.run([sys.executable, "-m", _ATTACKS], check=False).returncode or code  # noqa: S603
    ctx.exit(code)


def _tell_level(box: Box, *, plain: bool) -> None:
    from grader.sandbox.canary import ATTEMPTS

    say(f"Level: {box.level}")
    signs = ("proved", "missing") if plain else ("  + ", "  - ")
    for layer in (*box.proved, *box.missing):
        sign = signs[layer in box.missing]
        name = f"{sign} {layer}:" if plain else f"{sign}{layer:<9}"
        say(f"{name} {_LAYERS.get(layer, '')}")
    say("A confined process of this machine has tried, and could not:")
    say(textwrap.fill("; ".join(ATTEMPTS) + ".", 78, initial_indent="  ", subsequent_indent="  "))


def _tell_numpy(families: tuple[Family, ...]) -> None:
    total = sum(family.functions for family in families)
    say(f"NumPy in the box: {total} functions of {len(families)} families were called.")
    for family in families:
        for problem in family.stopped:
            say(f"  stopped: {family.name}.{problem}")
    if not any(family.stopped for family in families):
        say("  None is stopped by the box. (What opens files by nature is left out; it is refused.)")


def _tell_table() -> None:
    from grader.sandbox.published import CLASSIC, OTHER_ATTACKS, PEERS

    say(f"Wrong solutions that cheat, and how many of {CLASSIC} win (November 2026):")
    for name, wins in PEERS:
        say(f"  {wins:>3}  {name}")
    say(f"    0  this one, and 0 of {OTHER_ATTACKS} other attacks")
    say("  Make the last row again with: grader selftest --attacks")
