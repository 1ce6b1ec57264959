"""The form of a result file: `schema.json`, and the check that a value has this form.

The schema is the only statement of the form. Serialising takes its keys and their order from it, reading
checks against it, so the published schema and the code cannot drift apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from grader.errors import UsageError

FIX = "grade the submission again, or use the version of the grader that wrote this file."

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_WORDS = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
}


def schema() -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of a result, as a fresh dictionary."""
    text = Path(__file__).with_name("schema.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


@cache
def root_rule() -> Mapping[str, Any]:
    """Give the schema, read once; not to be changed."""
    return schema()


def resolve(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a `$ref` into the schema's definitions."""
    reference = rule.get("$ref")
    if reference is None:
        return rule
    definition: Mapping[str, Any] = root_rule()["$defs"][reference.rpartition("/")[2]]
    return definition


def check_form(value: object, *, where: str) -> None:
    """Refuse a value that does not have the form of a result.

    `where` names the document. The error adds the place in it, such as `lessons[0].score`.
    """
    _check(value, root_rule(), where, "")


def _check(value: object, rule: Mapping[str, Any], where: str, place: str) -> None:
    rule = resolve(rule)
    problem = _wrong_value(value, rule)
    if problem:
        raise UsageError(problem, where=f"{where}: {place or 'the document'}", fix=FIX)
    if isinstance(value, dict):
        for name, member in value.items():
            _check(member, rule["properties"][name], where, f"{place}.{name}".lstrip("."))
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            _check(item, rule["items"], where, f"{place}[{index}]")


def _wrong_value(value: object, rule: Mapping[str, Any]) -> str | None:
    """Say what is wrong with this value itself, leaving out what it holds."""
    if "const" in rule or "enum" in rule:
        return _wrong_word(value, rule.get("enum") or [rule["const"]])
    names = [rule["type"]] if isinstance(rule["type"], str) else rule["type"]
    if not any(_is(value, name) for name in names):
        return f"expected {' or '.join(_WORDS[n] for n in names)}, found {_shown(value)}."
    if isinstance(value, dict):
        return _wrong_keys(value, rule)
    if isinstance(value, str):
        return _wrong_text(value, rule)
    if isinstance(value, int | float):
        return _wrong_number(value, rule)
    return None


def _is(value: object, name: str) -> bool:
    # True is an int in Python, and not a number in JSON.
    return isinstance(value, _TYPES[name]) and not isinstance(value, bool)


def _wrong_word(value: object, words: list[str]) -> str | None:
    if isinstance(value, str) and value in words:
        return None
    return f"expected {' or '.join(json.dumps(w) for w in words)}, found {_shown(value)}."


def _wrong_keys(value: Mapping[str, object], rule: Mapping[str, Any]) -> str | None:
    missing = [name for name in rule["required"] if name not in value]
    if missing:
        return f'the key "{missing[0]}" is missing.'
    unknown = [name for name in value if name not in rule["properties"]]
    return f"the key {_shown(unknown[0])} is unknown." if unknown else None


def _wrong_text(value: str, rule: Mapping[str, Any]) -> str | None:
    pattern = rule.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        return f"{_shown(value)} does not have the form {pattern}"
    if len(value) < rule.get("minLength", 0):
        return "expected some text, found none."
    return None


def _wrong_number(value: float, rule: Mapping[str, Any]) -> str | None:
    low, high = rule.get("minimum", float("-inf")), rule.get("maximum", float("inf"))
    if low <= value <= high:
        return None
    return f"{value} is out of range (from {low}{f' to {high}' if 'maximum' in rule else ''})."


def _shown(value: object) -> str:
    """Show a value from a file, in ASCII and cut short: it may be anything."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004
