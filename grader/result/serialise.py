"""A result to JSON and back. What comes back equals what went out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from types import UnionType
from typing import Any, NoReturn, Union, get_args, get_origin, get_type_hints

from grader.errors import UsageError
from grader.result.model import SCHEMA, Result
from grader.result.schema import FIX, check_form, resolve, root_rule

LARGEST = 16 * 1024 * 1024
"""Characters of a result file. A course of six lessons needs about a hundred thousand."""


def to_json(result: Result) -> dict[str, Any]:
    """Turn a result into plain data, keys in the order of the schema."""
    written = {"schema": SCHEMA, "grader": {"version": result.grader_version}}
    return {
        name: written[name] if name in written else _encode(getattr(result, name), rule)
        for name, rule in root_rule()["properties"].items()
        if name in written or _is_written(name, getattr(result, name), root_rule())
    }


def dumps(result: Result) -> str:
    """Write a result as JSON text: the same result gives the same bytes.

    The text is pure ASCII, so that no bidirectional control, line separator or lone surrogate in a
    student's text reaches a reader of the file as such. Nor does a command of GitHub's runner, which may
    see the text in a log.
    """
    text = json.dumps(to_json(result), indent=2, allow_nan=False)
    return text.replace("##[", "##\\u005b") + "\n"


def from_json(data: object, *, where: str = "result") -> Result:
    """Rebuild a result from plain data, or refuse it with a UsageError that names the place."""
    check_form(data, where=where)
    assert isinstance(data, dict)  # check_form has seen to it
    _check_scores(data, where, "")
    fields = {name: value for name, value in data.items() if name not in ("schema", "grader")}
    result: Result = _decode(Result, {**fields, "grader_version": data["grader"]["version"]})
    return result


def loads(text: str, *, where: str = "result") -> Result:
    """Rebuild a result from JSON text; `where` names the text in an error."""
    if len(text) > LARGEST:
        raise UsageError(f"the text is longer than {LARGEST} characters.", where=where, fix=FIX)
    try:
        data = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"this is not JSON: {error}.", where=where, fix=FIX) from error
    return from_json(data, where=where)


def _is_written(name: str, value: object, rule: Mapping[str, Any]) -> bool:
    """Tell whether a field stands in the JSON: optional keys are left out when there is nothing."""
    return value is not None or name in rule["required"]


def _encode(value: object, rule: Mapping[str, Any]) -> Any:
    rule = resolve(rule)
    if isinstance(value, tuple):
        return [_encode(item, rule["items"]) for item in value]
    if not is_dataclass(value):
        return value
    return {
        name: _encode(getattr(value, name), member)
        for name, member in rule["properties"].items()
        if _is_written(name, getattr(value, name), rule)
    }


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _decode(kind: Any, value: Any) -> Any:
    """Build what the type of a field says, from data that has been checked."""
    origin = get_origin(kind)
    if value is None:
        return None
    if origin in (Union, UnionType):
        return _decode(next(k for k in get_args(kind) if k is not type(None)), value)
    if origin is tuple:
        return tuple(_decode(get_args(kind)[0], item) for item in value)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _decode(hints[name], member) for name, member in value.items()})
    return float(value) if kind is float else value


def _check_scores(value: object, where: str, place: str) -> None:
    """Refuse a score above its maximum: the one rule that JSON Schema cannot state."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            _check_scores(item, where, f"{place}[{index}]")
    if not isinstance(value, dict):
        return
    top = value.get("max_score", value.get("points"))
    if top is not None and value["score"] > top:
        problem = f"the score {value['score']} is above the maximum {top}."
        raise UsageError(problem, where=f"{where}: {f'{place}.score'.lstrip('.')}", fix=FIX)
    for name, member in value.items():
        _check_scores(member, where, f"{place}.{name}".lstrip("."))


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse a key that stands twice: two readers could take different values from it."""
    data = dict(pairs)
    if len(data) < len(pairs):
        raise ValueError("an object has the same key twice")
    return data
