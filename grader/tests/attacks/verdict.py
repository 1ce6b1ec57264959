"""What must hold after a run, whatever the program tried."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

from grader.tests.attacks.catalogue import COURSE
from grader.tests.attacks.running import SECONDS, Outcome

MEMORY = 1_300_000_000
"""A worker may have 1 GiB of address space; the grader itself needs far less."""
_TELLS_PUBLIC_INPUTS = ("inputs_by_exception_text", "inputs_by_type_name", "inputs_by_printing",
                        "inputs_by_dict_keys", "inputs_by_strings")
"""What these tell of a public test may be shown: its inputs are public."""
_COMMAND = re.compile(r"^\s*::|##\[", re.MULTILINE)
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_LONG_ENOUGH = 24


def problems(outcome: Outcome, honest: Outcome) -> list[str]:
    """List everything that is not as it must be."""
    return [
        *outcome.left, *_ending(outcome), *_isolation(outcome), *_points(outcome, honest), *_texts(outcome),
        *_leaks(outcome), *_places(outcome),
    ]


def _ending(outcome: Outcome) -> Iterator[str]:
    if outcome.code not in (0, 1, 2):
        yield f"exit code {outcome.code}: {outcome.stderr[-600:]}"
    if outcome.seconds > SECONDS:
        yield f"took {outcome.seconds:.0f} s"
    if outcome.memory > MEMORY:
        yield f"a process took {outcome.memory / 1e6:.0f} MB"
    if "Traceback" in outcome.stderr or (outcome.code in (0, 1) and outcome.stderr):
        yield f"said on stderr: {outcome.stderr[-600:]}"
    if outcome.code in (0, 1) and outcome.result is None:
        yield "wrote no result"
    if outcome.code == 2 and "Next:" not in outcome.stderr:
        yield f"an error that does not say what to do next: {outcome.stderr[-600:]}"


def _isolation(outcome: Outcome) -> Iterator[str]:
    if outcome.result is None:
        return
    box = outcome.result["isolation"]
    if box["level"] not in ("kernel", "kernel+") or "seccomp" not in box["proved"]:
        yield f"level {box['level']}, proved {box['proved']}"
    if ("landlock" in box["proved"]) != outcome.cell.landlock:
        yield f"Landlock should be {outcome.cell.landlock}: proved {box['proved']}"


def _points(outcome: Outcome, honest: Outcome) -> Iterator[str]:
    if outcome.program.is_control:
        lost = [f"{e['id']}/{c['id']} ({c['status']}: {(c['feedback'] or {}).get('detail', '')[:200]})"
                for e in outcome.exercises for c in e["criteria"] if not c["score"]]
        if outcome.code != 0 or lost or outcome.score != (outcome.result or {}).get("max_score"):
            yield f"honest work lost points: exit {outcome.code}, {outcome.score}; {lost[:4]}"
        return
    if not honest.passed >= outcome.passed:
        yield f"forged: {sorted(outcome.passed - honest.passed)}"
    if outcome.score > honest.score:
        yield f"{outcome.score} points where the honest twin has {honest.score}"
    if outcome.result and outcome.result["max_score"] != (honest.result or {})["max_score"]:
        yield f"a maximum of {outcome.result['max_score']}"


def _texts(outcome: Outcome) -> Iterator[str]:
    shown = {"stdout": outcome.stdout, "stderr": outcome.stderr, "the JSON file": outcome.raw_result}
    for name, text in shown.items():
        command = _COMMAND.search(text)
        if command:
            yield f"a workflow command on {name}: {text[command.start():command.start() + 80]!r}"
        yield from _unprintable(text, name)
    for text in _strings(outcome.result):
        yield from _unprintable(text, "a text in the JSON file")


def _unprintable(text: str, name: str) -> Iterator[str]:
    odd = {c for c in set(text) - {"\n"} if unicodedata.category(c) in _UNPRINTABLE}
    if odd:
        yield f"unprintable characters on {name}: {sorted(odd)!r}"


def _places(outcome: Outcome) -> Iterator[str]:
    """Look for lines outside of the file: their numbers would carry what a hidden test sent."""
    shown = [e["location"] for e in outcome.exercises if e.get("location")]
    yield from (f"shown as line {place['line']} of {place['file']}" for place in shown
                if not 1 <= place["line"] <= outcome.lines.get(place["file"], 10**9) + 1)
    for text in _strings(outcome.result):
        for file, number in re.findall(r"(minigpt/\w+\.py), line (\d+)", text):
            if int(number) > outcome.lines.get(file, 10**9) + 1:
                yield f"line {number} of {file} in a text"


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for part in node:
            yield from _strings(part)
    elif isinstance(node, dict):
        for key, part in node.items():
            yield from _strings(key)
            yield from _strings(part)


def _leaks(outcome: Outcome) -> Iterator[str]:
    everything = "\n".join([outcome.stdout, outcome.stderr, *_strings(outcome.result)])
    if any(secret in everything for secret in outcome.secrets):
        yield "a secret was shown"
    yield from (f"text of a hidden test was shown: {line}" for line in _hidden_lines() if line in everything)
    hidden = [c["feedback"] for e in outcome.exercises for c in e["criteria"] if c["visibility"] == "hidden"]
    told = any("LEAKED" in text for text in _strings(hidden))
    if outcome.program.file.stem not in _TELLS_PUBLIC_INPUTS:
        told = told or "LEAKED" in everything
    if told:
        place = everything.index("LEAKED")
        yield f"leaked: {everything[place:place + 200]!r}"


@cache
def _hidden_lines() -> frozenset[str]:
    """Collect the lines of hidden tests that nobody may see; the sentences of their docstrings are shown."""
    lessons = sorted((COURSE / "assignments").glob("0?_*"))
    shown = "".join((lesson / name).read_text(encoding="utf-8") for lesson in lessons
                    for name in ("test_public.py", "README.md"))
    lines = [line.strip() for lesson in lessons
             for line in (lesson / "test_hidden.py").read_text(encoding="utf-8").splitlines()]
    return frozenset(line for line in lines
                     if len(line) >= _LONG_ENOUGH and '"""' not in line and line not in shown)
