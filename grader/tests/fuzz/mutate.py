"""Change bytes, and trees of JSON, in one place: what all fuzzers here share."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

Change = Callable[[random.Random, bytes], bytes]
NAMES = ("x", "v", "k", "T", "A", "score", "cells", "source", "outputs", "id")


def flip(rng: random.Random, data: bytes) -> bytes:
    """Put other bytes in the place of one to eight."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut(rng: random.Random, data: bytes) -> bytes:
    """Leave out the end."""
    return data[: rng.randrange(len(data) + 1)]


def grow(rng: random.Random, data: bytes) -> bytes:
    """Write a few bytes again, up to two hundred times."""
    place = rng.randrange(len(data) + 1)
    return data[:place] + data[place : place + 8] * rng.choice((1, 3, 200)) + data[place:]


def splice(others: Sequence[bytes]) -> Change:
    """Make a change that goes on with the end of another one."""

    def change(rng: random.Random, data: bytes) -> bytes:
        other, place = rng.choice(others), rng.randrange(len(data) + 1)
        return data[:place] + other[rng.randrange(len(other)) :]

    return change


def insert(pieces: Sequence[bytes]) -> Change:
    """Make a change that puts one of the pieces somewhere."""

    def change(rng: random.Random, data: bytes) -> bytes:
        place = rng.randrange(len(data) + 1)
        piece = rng.choice(pieces) * rng.choice((1, 1, 1, 2, 9))
        return data[:place] + piece + data[place + rng.choice((0, 0, 1, 3)) :]

    return change


def json_tree(odd: Sequence[Any]) -> Change:
    """Make a change that replaces something inside a text of JSON."""

    def change(rng: random.Random, data: bytes) -> bytes:
        try:
            return json.dumps(replaced(rng, json.loads(data), odd)).encode()
        except (ValueError, RecursionError):
            return data

    return change


def mutants(
    rng: random.Random, seeds: Sequence[bytes], ways: Sequence[Change], times: Sequence[int] = (1, 1, 1, 2, 4)
) -> bytes:
    """Change one of the seeds: most in one place, some in several."""
    data = rng.choice(seeds)
    for _ in range(rng.choice(times)):
        data = rng.choice(ways)(rng, data)
    return data


def replaced(rng: random.Random, node: Any, odd: Sequence[Any]) -> Any:
    """Take out, repeat, rename or replace one part of a tree of JSON."""
    inner = (
        list(node.items())
        if isinstance(node, dict)
        else list(enumerate(node))
        if isinstance(node, list)
        else []
    )
    if not inner or rng.random() < 0.2:
        return rng.choice(odd)
    key, part = rng.choice(inner)
    changed = dict(node) if isinstance(node, dict) else list(node)
    way = rng.random()
    if way < 0.15:
        del changed[key]
    elif way < 0.25 and isinstance(changed, list):
        changed += [part] * rng.choice((1, 2, 70))
    elif way < 0.3 and isinstance(changed, dict):
        changed[rng.choice(NAMES)] = part
    else:
        changed[key] = replaced(rng, part, odd)
    return changed
