"""No rule of the box, the wire or the trusted side without evidence that it is needed.

All of them are put on trial by `python -m grader.tests.rules`; here a few of every kind, and the list itself.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import grader
from grader.sandbox import confine
from grader.tests.rules import RULES, Rule
from grader.tests.rules.box import ALLOWED, DENIED
from grader.tests.rules.model import evidence, take_away

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel box is for Linux")

PACKAGE = Path(grader.__file__).parent
QUICK = (
    "no openat", "no socket", "no kill", "limit RLIMIT_AS", "Landlock", "no executable memory",
    "no x32 numbers",
    "the filter itself", "descriptors are closed", "strict JSON", "known dtypes", "bytes that are there",
    "the number of the request", "doors that are there", "lines of the package", "no early bytes",
    "links are not followed", "size of a file", "a test asks the reference", "points come from the report",
)
WITHOUT_A_PROBE = {"restart_syscall", "exit", "exit_group"}
"""Calls that a process makes of itself only when it is stopped or ends."""
CHECKED = ("sandbox/wire.py", "sandbox/values.py", "sandbox/client.py", "sandbox/channel.py")


@pytest.mark.parametrize("name", QUICK)
def test_a_rule_has_evidence(name: str) -> None:
    """With the rule the probe is held; without it, or without it and its partner, it gets through."""
    rule = next(rule for rule in RULES if rule.name == name)
    assert evidence(rule, RULES) == []


def test_rules_are_there_and_have_one_name() -> None:
    """Every rule stands where it says, once; every partner is a rule; no name stands twice."""
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names) > 150
    for rule in RULES:
        assert (PACKAGE / rule.file).read_text(encoding="utf-8").count(rule.old) == 1, rule.name
        assert rule.partner in ("", *names), rule.name


def test_every_check_of_a_frame_is_a_rule() -> None:
    """Each `raise` of a WireError on the trusted side is taken away by a rule of its own."""
    for file in CHECKED:
        text = (PACKAGE / file).read_text(encoding="utf-8")
        lines = text.splitlines()
        covered = {
            number for rule in RULES if rule.file == file
            for number in range(text[: text.index(rule.old)].count("\n") + 1,
                                text[: text.index(rule.old)].count("\n") + rule.old.count("\n") + 2)
        }
        raises = {
            node.lineno for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Raise) and "WireError" in ast.unparse(node)
        }
        assert not {lines[n - 1].strip() for n in raises if not {n, n - 1} & covered}


def test_every_number_and_limit_is_a_rule() -> None:
    """Each allowed call shows what it is for, each limit what it holds; forty refused calls are tried."""
    names = {rule.name for rule in RULES}
    allowed = set(confine._ALLOWED["x86_64"])
    assert set(ALLOWED) == allowed
    assert {f"{name} is allowed" for name in allowed - WITHOUT_A_PROBE} <= names
    assert len([rule for rule in RULES if rule.name.startswith("limit ")]) == len(
        {**confine.LIMITS, **confine.LATE_LIMITS})
    assert len(DENIED) >= 50
    assert not set(DENIED) & allowed


def test_a_rule_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Taking away what does not stand there once would prove nothing."""
    (tmp_path / "x.py").write_text("a = 1\na = 1\n")
    with pytest.raises(ValueError, match=r"'a = 1' stands 2 times in x.py"):
        take_away(tmp_path, Rule("twice", "x.py", "a = 1", "", ""))
