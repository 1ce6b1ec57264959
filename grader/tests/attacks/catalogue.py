"""The programs: what there is, and how each becomes a submission."""

from __future__ import annotations

import ast
import runpy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

HERE = Path(__file__).parent / "programs"
COURSE = Path(__file__).parents[3]
CLASSES = ("forging", "runner", "values", "stealing", "damage", "inputs", "controls")

CLASSIC = (
    "forging/exit_zero", "forging/report_then_exit", "forging/atexit_rewrite", "forging/daemon_child",
    "forging/report_path_from_frames", "forging/printed_verdicts", "forging/committed_results",
    "forging/pytest_skip", "forging/pytest_exit_and_xfail", "runner/patch_numpy_testing",
    "runner/patch_numpy", "runner/patch_builtins", "runner/swap_code_by_gc", "runner/patch_test_report",
    "runner/sys_modules", "runner/steering_files", "values/always_equal", "values/ndarray_subclass",
    "stealing/expected_from_frames", "stealing/call_the_tests_reference", "stealing/read_files",
)
"""The 21 kinds of cheat whose wins over other graders are in the published table."""


@dataclass
class Kit:
    """What a program that builds its own tree is given."""

    folder: Path
    canary: Path
    marker: str
    course: Path
    wrong: str
    right: str

    def write(self, name: str, content: str | bytes) -> None:
        """Write a file of the tree, with its folders."""
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)


@dataclass(frozen=True)
class Bait:
    """What lies around for an attack to find."""

    canary: Path
    port: int
    marker: str


@dataclass(frozen=True)
class Program:
    """One program. Most are the end of a student's module; some build their whole tree."""

    name: str
    """`class/name`."""
    file: Path

    @property
    def kind(self) -> str:
        """Name its class."""
        return self.name.partition("/")[0]

    @property
    def is_control(self) -> bool:
        """Tell whether it is honest work that must earn full marks."""
        return self.kind == "controls"

    @cached_property
    def text(self) -> str:
        """Read its source."""
        return self.file.read_text(encoding="utf-8")

    @cached_property
    def builds_tree(self) -> bool:
        """Tell whether it makes its own tree."""
        body = ast.parse(self.text).body
        return any(isinstance(node, ast.FunctionDef) and node.name == "build_tree" for node in body)

    def make_submission(self, folder: Path, bait: Bait) -> tuple[Path, Path | None]:
        """Write the submission; give its folder, and the report's place if the program says one."""
        folder.mkdir()
        kit = Kit(folder, bait.canary, bait.marker, COURSE, _part("wrong.py"), _right())
        if self.builds_tree:
            build: Callable[[Kit], Path | None] = runpy.run_path(str(self.file))["build_tree"]
            report = build(kit)
            return kit.folder, report
        start = [_right()] if self.is_control else [_part("wrong.py"), _facts(bait), _part("tools.py")]
        kit.write("minigpt/attention.py", "\n\n".join([*start, self.text]))
        return kit.folder, None


def _facts(bait: Bait) -> str:
    return (f"CANARY = {str(bait.canary)!r}\nPORT = {bait.port}\nMARKER = {bait.marker!r}\n"
            f"COURSE = {str(COURSE)!r}\n")


@cache
def _part(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@cache
def _right() -> str:
    return (COURSE / "reference" / "minigpt" / "attention.py").read_text(encoding="utf-8")


HONEST = Program("honest/wrong", HERE / "wrong.py")
"""The twin of every attack: the same wrong functions without the attack."""


@cache
def programs() -> tuple[Program, ...]:
    """List all programs, class by class."""
    return tuple(Program(f"{kind}/{file.stem}", file)
                 for kind in CLASSES for file in sorted((HERE / kind).glob("*.py")))


@cache
def spread() -> tuple[Program, ...]:
    """Choose a few quick programs of each class, for the cells that do not run them all."""
    return tuple(p for p in programs() if p.name in SPREAD)


SPREAD = (
    "forging/report_then_exit", "forging/proc_parent",
    "runner/swap_the_worker", "runner/steering_files",
    "values/ndarray_subclass", "values/pickle_frame",
    "stealing/read_files", "stealing/network", "stealing/parent_through_proc",
    "damage/processes", "damage/raw_system_calls", "damage/kill_the_others", "damage/disk",
    "inputs/linked_helpers", "inputs/unreadable_file",
    "controls/numpy_at_large",
)
