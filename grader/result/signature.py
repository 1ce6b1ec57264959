"""Sign a result with the teacher's key, and find out whether a result is what was signed.

A signature is `hmac-sha256:KEY:CODE`. CODE is the HMAC-SHA256 of the canonical JSON of the result: all of its
fields but `signature`, keys sorted, no spaces, ASCII. KEY names the key without telling it, so that a wrong
key and a changed result can be told apart. Whoever has the key can sign, so it stays with the teacher.

Only results that the teacher's own run made are signed. `grade` signs, `check` never does.
"""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import replace
from hashlib import sha256

from grader.errors import UsageError
from grader.result.model import SCHEMA, Result, Trust
from grader.result.serialise import to_json

CONFINED = ("kernel", "kernel+")
"""The levels of isolation at which a score cannot be written by the code that is scored."""

SHORTEST_COMMIT = 7
_FORM = re.compile(r"hmac-sha256:([0-9a-f]{16}):([0-9a-f]{64})")


def canonical(result: Result) -> bytes:
    """Write the fields that are signed, always in the same bytes."""
    data = to_json(replace(result, signature=None))
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def sign(result: Result, key: bytes) -> Result:
    """Sign a result of the whole tests, and settle its trust; an old signature is replaced.

    It becomes `authoritative` if student code was confined at level `kernel` or above and no point waits for
    tests that were not run; else it stays `advisory`, and is signed as such.
    """
    settled = replace(result, trust=_trust(result), signature=None)
    return replace(settled, signature=f"hmac-sha256:{key_name(key)}:{_code(settled, key)}")


def verify(result: Result, key: bytes, *, submission: str | None = None, where: str = "result") -> None:
    """Refuse a result that was not signed with this key, was changed since, or is somebody else's.

    `submission` is an id, a commit (at least seven digits) or a digest; without it, any will do. `where`
    names the result in an error. Raises UsageError, with a text of its own for each of these.
    """
    name, code = _signature(result, where)
    if name != key_name(key):
        problem = f"this result was signed with another key: with {name}, and yours is {key_name(key)}."
        raise UsageError(problem, where=where, fix="give the key that it was signed with, or grade again.")
    if not hmac.compare_digest(code, _code(result, key)):
        problem = "this result was changed after it was signed."
        raise UsageError(problem, where=where, fix="take the file that the grader wrote, or grade again.")
    if submission is not None and not _is_of(result, submission):
        problem = f"this is the result of another submission: of {_named(result)}, not of {submission!r}."
        raise UsageError(problem, where=where, fix="take that submission's own result, or grade it.")


def key_name(key: bytes) -> str:
    """Name a key without telling it."""
    return hmac.new(key, b"the name of this key", sha256).hexdigest()[:16]


def _trust(result: Result) -> Trust:
    whole = result.lessons and not any(lesson.unchecked for lesson in result.lessons)
    return "authoritative" if whole and result.isolation.level in CONFINED else "advisory"


def _code(result: Result, key: bytes) -> str:
    return hmac.new(key, SCHEMA.encode() + b"\0" + canonical(result), sha256).hexdigest()


def _signature(result: Result, where: str) -> tuple[str, str]:
    """Take a signature apart: the name of the key, and the code."""
    if result.signature is None:
        fix = "a result is signed where it is graded: grader grade SUBMISSION --key FILE --json F"
        raise UsageError("this result is not signed.", where=where, fix=fix)
    parts = _FORM.fullmatch(result.signature)
    if parts is None:
        fix = "take the file that the grader wrote, or grade again."
        raise UsageError("this result has a signature of an unknown form.", where=where, fix=fix)
    return parts[1], parts[2]


def _is_of(result: Result, word: str) -> bool:
    stamp = result.submission
    commit = stamp.commit or ""
    return word in (stamp.id, stamp.digest) or (len(word) >= SHORTEST_COMMIT and commit.startswith(word))


def _named(result: Result) -> str:
    commit = result.submission.commit
    return f"{result.submission.id!r}{f' at commit {commit[:12]}' if commit else ''}"
