"""What a rule is, and how it is put on trial."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
PRELUDE = Path(__file__).with_name("prelude.py")
SECONDS = 120
_RUN = """
import sys
prelude, probe = sys.argv[1:]
exec(compile(open(prelude).read(), prelude, "exec"))
try:
    exec(compile(probe, "probe", "exec"))
except BaseException as error:
    names = {c.__name__ for c in type(error).__mro__}
    print("HELD" if names & {"Held", "WireError", "NotPlain", "GraderError", "NotReadable"} else "BROKEN",
          type(error).__name__, str(error)[:200])
else:
    print("THROUGH")
"""
"""An error of our own is a rule that held; any other one is a hole as much as getting through is."""


@dataclass(frozen=True)
class Rule:
    """One rule: where it stands, what its absence looks like, and a probe that it alone holds."""

    name: str
    file: str
    """Below `grader/`."""
    old: str
    new: str
    probe: str
    """Python, with the prelude at hand. It comes to its end if nothing stops it."""
    partner: str = ""
    """The rule that holds the probe, too; then both have to be away for it to get through."""


def confined(body: str, without: Sequence[str] = ()) -> str:
    """Make a probe that runs inside a confined process."""
    return f"confined({body!r}, {tuple(without)!r})"


def verdict(rules: Sequence[Rule], probe: str) -> str:
    """Say what comes of a probe when these rules are away: `HELD …`, `THROUGH` or `BROKEN …`."""
    with tempfile.TemporaryDirectory(prefix="rules-") as folder:
        copy = Path(folder, "grader")
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("tests", "__pycache__"))
        Path(folder).chmod(0o755)
        for rule in rules:
            take_away(copy, rule)
        ran = subprocess.run(
            [sys.executable, "-c", _RUN, str(PRELUDE), probe],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
            cwd=folder,
            env={
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": folder,
                "PYTHONDONTWRITEBYTECODE": "1",
                "OPENBLAS_NUM_THREADS": "1",
            },
        )
    return ran.stdout.strip() or f"BROKEN {ran.stderr.strip()[-300:]}"


def take_away(copy: Path, rule: Rule) -> None:
    """Take one rule out of a copy of the grader; raise ValueError if it is not found exactly once."""
    file = copy / rule.file
    text = file.read_text(encoding="utf-8")
    if text.count(rule.old) != 1:
        raise ValueError(f"{rule.name}: {rule.old!r} stands {text.count(rule.old)} times in {rule.file}")
    file.write_text(text.replace(rule.old, rule.new), encoding="utf-8")


def evidence(rule: Rule, rules: Sequence[Rule]) -> list[str]:
    """List what is wrong with a rule's evidence: with it the probe is held, without it not."""
    problems = []
    with_all = verdict((), rule.probe)
    if not with_all.startswith("HELD"):
        problems.append(f"with every rule in place: {with_all}")
    alone = verdict((rule,), rule.probe)
    if not rule.partner and alone.startswith("HELD"):
        problems.append(f"without it alone, something else holds: {alone}")
    if rule.partner:
        if not alone.startswith("HELD"):
            problems.append(f"its partner {rule.partner} does not hold: {alone}")
        partner = next(r for r in rules if r.name == rule.partner)
        both = verdict((rule, partner), rule.probe)
        if both.startswith("HELD"):
            problems.append(f"without it and {rule.partner}, something else holds: {both}")
    return problems
