"""Keep results small: deflate each with what every result of its course has in common.

The texts of a rubric fill most of a result, and are the same for every student. Deflate finds them in a
dictionary that is kept once in the gradebook.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable
from typing import Any

WINDOW = 32 << 10
"""Deflate looks back no further."""
LARGEST = 64 << 20
NAME = 16


def dictionary_of(result: dict[str, Any]) -> tuple[str, bytes]:
    """Make a dictionary from one result of a course; give its name and its bytes."""
    data = _compact(_common(result)).encode()[-WINDOW:]
    return hashlib.sha256(data).hexdigest()[:NAME], data


def pack(result: dict[str, Any], name: str, dictionary: bytes) -> bytes:
    """Deflate a result; the dictionary's name stands in front."""
    deflate = zlib.compressobj(9, zdict=dictionary)
    return name.encode() + deflate.compress(_compact(result).encode()) + deflate.flush()


def unpack(packed: bytes, dictionary: Callable[[str], bytes]) -> str:
    """Give the JSON text again."""
    inflate = zlib.decompressobj(zdict=dictionary(packed[:NAME].decode("ascii")))
    return inflate.decompress(packed[NAME:], LARGEST).decode()


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _common(value: Any) -> Any:
    """Leave out what belongs to one submission only: a dictionary should not hold a student's text."""
    if isinstance(value, dict):
        return {key: _common(item) for key, item in value.items()
                if key not in ("submission", "feedback", "integrity", "warnings", "signature", "graded_at",
                               "location")}
    return [_common(item) for item in value] if isinstance(value, list) else value
