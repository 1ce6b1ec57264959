"""The programs: what there is, and how each becomes a submission."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Callable
from dataclasses import dataclass, replace
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


MODULES = {
    "1": "attention", "2": "self_attention", "3": "multi_head", "4": "positional", "5": "feed_forward",
    "6": "transformer",
}
"""The module of each lesson."""
ALL = "all"
"""For a program whose whole tree is graded, with the questions of the checkpoints."""


@dataclass
class Kit:
    """What a program that builds its own tree is given."""

    folder: Path
    canary: Path
    marker: str
    course: Path
    wrong: str
    right: str
    tools: str
    """The burglar's tools, to be put between wrong functions and a program."""
    honest: bool = False
    """Whether its honest twin is wanted: the same tree without the attack."""

    def write(self, name: str, content: str | bytes) -> None:
        """Write a file of the tree, with its folders."""
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)

    def wrong_of(self, lesson: str) -> str:
        """Give the honestly wrong functions of a lesson."""
        return _part(f"wrong_{lesson}.py")

    def right_of(self, lesson: str) -> str:
        """Give the reference's module of a lesson."""
        return _right(lesson)

    def module_of(self, lesson: str) -> str:
        """Name the file of a lesson's module."""
        return _file(lesson)


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
    honest: bool = False
    """Whether this is the twin: the same tree without the attack."""

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
    def lessons(self) -> tuple[str, ...]:
        """Name the lessons that it is graded on, by the line `Lesson: 6` of its docstring; else lesson 1."""
        line = re.search(r"^Lessons?: ([1-6 ]+|all)$", ast.get_docstring(ast.parse(self.text)) or "", re.M)
        return tuple(line[1].split()) if line else ("1",)

    @property
    def files(self) -> tuple[str, ...]:
        """Name the files of its lessons' modules."""
        return tuple(map(_file, MODULES if ALL in self.lessons else self.lessons))

    @cached_property
    def twin(self) -> Program:
        """Give the same wrong functions without the attack: what they earn is what the attack may earn."""
        if self.builds_tree and "kit.honest" in self.text:
            return replace(self, name=f"{self.name} (honest)", honest=True)
        if ALL in self.lessons:
            return NOTHING
        if len(self.lessons) == 1:
            return Program(f"honest/wrong_{self.lessons[0]}", HERE / f"wrong_{self.lessons[0]}.py")
        raise ValueError(f"{self.name} needs `kit.honest`: its twin has several lessons")

    @cached_property
    def builds_tree(self) -> bool:
        """Tell whether it makes its own tree."""
        body = ast.parse(self.text).body
        return any(isinstance(node, ast.FunctionDef) and node.name == "build_tree" for node in body)

    def make_submission(self, folder: Path, bait: Bait) -> tuple[Path, Path | None]:
        """Write the submission; give its folder, and the report's place if the program says one."""
        folder.mkdir()
        tools = "\n\n".join([_facts(bait), _part("tools.py")])
        kit = Kit(folder, bait.canary, bait.marker, COURSE, _part("wrong_1.py"), _right("1"), tools,
                  self.honest)
        if self.builds_tree:
            build: Callable[[Kit], Path | None] = runpy.run_path(str(self.file))["build_tree"]
            report = build(kit)
            return kit.folder, report
        lesson = self.lessons[0]
        if self.kind == "honest":
            kit.write(_file(lesson), self.text)
        else:
            start = [_right(lesson)] if self.is_control else [_part(f"wrong_{lesson}.py"), tools]
            for earlier in MODULES if self.is_control else ():
                kit.write(_file(earlier), _right(earlier))
            kit.write(_file(lesson), "\n\n".join([*start, self.text]))
        return kit.folder, None


def _facts(bait: Bait) -> str:
    return (f"CANARY = {str(bait.canary)!r}\nPORT = {bait.port}\nMARKER = {bait.marker!r}\n"
            f"COURSE = {str(COURSE)!r}\n")


@cache
def _part(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _file(lesson: str) -> str:
    return f"minigpt/{MODULES[lesson]}.py"


@cache
def _right(lesson: str) -> str:
    return (COURSE / "reference" / _file(lesson)).read_text(encoding="utf-8")


NOTHING = Program("honest/nothing", HERE / "nothing.py")
"""The twin of what needs no wrong functions: an empty package, and no answers."""


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
    "forging/report_then_exit", "forging/proc_parent", "forging/exit_zero", "forging/stolen_loop",
    "forging/printed_verdicts", "forging/results_for_other_lessons",
    "forging/stub_that_is_not_one",
    "runner/swap_the_worker", "runner/steering_files", "runner/patch_numpy", "runner/swap_code_by_gc",
    "runner/numpy_settings", "runner/module_that_is_an_object", "runner/given_modules_replaced",
    "values/ndarray_subclass", "values/pickle_frame", "values/always_equal_in_a_dict",
    "values/duplicate_keys_on_the_wire", "values/recursive_dict", "values/forged_generator_states",
    "values/giants_that_multiply_heads", "values/read_only_unlocked", "values/dict_subclass",
    "values/odd_headers",
    "stealing/read_files", "stealing/network", "stealing/parent_through_proc",
    "stealing/door_of_a_later_exercise", "stealing/door_frames", "stealing/hunt_for_the_reference",
    "damage/processes", "damage/raw_system_calls", "damage/kill_the_others", "damage/disk", "damage/threads",
    "damage/shellcode",
    "inputs/linked_helpers", "inputs/unreadable_file", "inputs/hostile_toml",
    "controls/views_in_lesson_4",
)
"""Quick ones of every class and every lesson: forty."""
