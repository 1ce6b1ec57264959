"""Runs the `run:` steps of a workflow as GitHub's runner does, in a folder and with files of ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from grader.exchange.commands import LARGEST_SUMMARY
from grader.tests.runner_commands import lines_of

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_STOP = re.compile(r"\s*::stop-commands::(\S+)")
_COMMAND = re.compile(r"\s*::([a-z-]+)(?: ([^:]*))?::(.*)")


@dataclass(frozen=True)
class Command:
    """What the runner takes out of a step's output."""

    kind: str
    properties: Mapping[str, str]
    message: str


@dataclass(frozen=True)
class Step:
    """One step that ran: what it printed, and what it left in the runner's files."""

    name: str
    code: int
    out: str
    err: str
    outputs: Mapping[str, str]
    summary: str

    @property
    def commands(self) -> list[Command]:
        """Take the commands out of what it printed, as the runner does; a fence hides what is in it."""
        found, token = [], None
        for line in lines_of(self.out + "\n" + self.err):
            stop = _STOP.fullmatch(line)
            if token is None and stop:
                token = stop[1]
            elif token is not None:
                token = None if line.strip() == f"::{token}::" else token
            elif parts := _COMMAND.fullmatch(line):
                words = (word.split("=", 1) for word in (parts[2] or "").split(",") if word)
                found.append(Command(parts[1], dict(words), parts[3]))
            else:
                assert "##[" not in line, line[:200]
        assert token is None, "a fence was left open"
        return found

    def annotations(self, kind: str) -> list[Command]:
        """List the annotations of a type."""
        return [command for command in self.commands if command.kind == kind]


@dataclass
class Runner:
    """A job: its workspace, its temporary folder, and the contexts that its expressions may name."""

    workspace: Path
    temp: Path
    contexts: dict[str, str] = field(default_factory=dict)
    path: tuple[Path, ...] = ()
    """Folders in front of PATH, such as one with a fake `gh`."""
    extra: dict[str, str] = field(default_factory=dict)
    """More variables of every step."""

    def run(self, steps: list[dict[str, Any]]) -> list[Step]:
        """Run steps in order, as far as each one's `if` and the failures before it let it."""
        done: list[Step] = []
        failed = False
        for step in steps:
            always = "cancelled()" in str(step.get("if", ""))
            if "run" not in step or (failed and not always):
                continue
            done.append(self._step(step))
            failed = failed or done[-1].code != 0
        return done

    def _step(self, step: Mapping[str, Any]) -> Step:
        files = {name: self.temp / f"_{name.lower()}" for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_bytes(b"")
        environment = {
            **self._surroundings(), **{name: str(file) for name, file in files.items()},
            **{name: self.value(str(text)) for name, text in step.get("env", {}).items()},
        }  # fmt: skip
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", self.value(str(step["run"]))],
            cwd=self.workspace, env=environment, capture_output=True, text=True, errors="surrogateescape",
            check=False, timeout=600, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        outputs = _outputs(files["GITHUB_OUTPUT"].read_text(encoding="utf-8"))
        summary = files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        assert len(summary.encode()) < LARGEST_SUMMARY
        if "id" in step:
            self.contexts |= {f"steps.{step['id']}.outputs.{name}": text for name, text in outputs.items()}
        return Step(str(step.get("name", "")), done.returncode, done.stdout, done.stderr, outputs, summary)

    def _surroundings(self) -> dict[str, str]:
        """Give the variables of a runner, and nothing of the machine that the tests run on."""
        here = str(Path(sys.executable).parent)
        folders = [*map(str, self.path), here, "/usr/local/bin", "/usr/bin", "/bin"]
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR", "PIP_INDEX_URL", "PIP_CONFIG_FILE")
                if name in os.environ}  # fmt: skip
        return {
            **kept, **self.extra, "PATH": os.pathsep.join(folders), "HOME": str(self.temp), "CI": "true",
            "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(self.workspace), "RUNNER_TEMP": str(self.temp),
            "GITHUB_REPOSITORY": "class/gpt-ada", "GITHUB_REF_NAME": "main", "RUNNER_OS": "Linux",
        }  # fmt: skip

    def value(self, text: str) -> str:
        """Put in what the expressions of a text name; an unknown one is empty, as in Actions."""
        return _EXPRESSION.sub(lambda found: self.contexts.get(found[1], ""), text)


def _outputs(text: str) -> dict[str, str]:
    """Read GITHUB_OUTPUT: `name=value` lines; the other form, with a delimiter, is none of ours."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        assert equals, f"no output: {line[:100]!r}"
        assert "<<" not in name, line[:100]
        assert name not in found, f"{name} is written twice"
        found[name] = value
    return found


def workflow(path: Path) -> dict[str, Any]:
    """Read a workflow or an action."""
    data: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return data
