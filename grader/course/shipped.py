"""What a student's copy was like when it was built: `assignments/shipped.json`.

`grader build` writes it. It lets `grader reset` bring a stub back, `grader doctor` say which given file was
changed, and `grader update` tell a student's changes from the course's. It holds nothing that is not in
the student's copy anyway.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.course.files import CourseFiles
from grader.course.model import Course
from grader.errors import CourseError

SHIPPED = "assignments/shipped.json"
_ABOUT = "Written by `grader build`; `grader reset`, `doctor` and `update` read it. Leave it as it is."
_TEXTS = (".md", ".svg", ".png")
"""What people read; a change of it changes no score."""


@dataclass(frozen=True)
class Shipped:
    """The files that students do not write, by their digests, and the modules that they do, as text."""

    files: Mapping[str, str]
    """File from the root of the copy -> digest of its bytes."""
    stubs: Mapping[str, str]
    """Module with exercises -> its text before anything was written."""
    others: Mapping[str, str] = field(default_factory=dict)
    """File that came with the course, and that a student may change -> digest of its bytes."""


def content_digest(data: bytes) -> str:
    """Digest a file's bytes; in a text, Windows line ends count as plain ones."""
    plain = data if b"\0" in data else data.replace(b"\r\n", b"\n")
    return hashlib.sha256(plain).hexdigest()


def without_path(data: bytes) -> bytes:
    """Take out the line that says for which path a copy was built."""
    return re.sub(rb'^on_path = "[^"\n]*"\r?\n', b"", data, flags=re.MULTILINE)


def protected_files(course: Course) -> Mapping[str, str]:
    """Give the files that students do not write and that steer grading, by their digests.

    In the teacher's course they come from the starter that was built, without the given modules: of those
    the course's own are used, and a difference is told by the engine.
    """
    teacher = course.edition == "teacher"
    root = course.root / "starter" if teacher else course.root
    if teacher and not (root / SHIPPED).is_file():
        return {}
    try:
        files = read_shipped(root).files
    except CourseError:
        return {SHIPPED: "unreadable"}
    return {name: digest for name, digest in files.items() if not name.endswith(_TEXTS)
            and not (teacher and name.startswith(f"{course.package}/"))}


def write_shipped(shipped: Shipped) -> str:
    """Write the file's text, a line for each line of a stub, so that a difference can be read."""
    stubs = {name: text.split("\n") for name, text in sorted(shipped.stubs.items())}
    data = {"about": _ABOUT, "files": dict(sorted(shipped.files.items())),
            "others": dict(sorted(shipped.others.items())), "stubs": stubs}
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def read_shipped(root: Path) -> Shipped:
    """Read the file of a student's copy; raises CourseError where it is missing or damaged."""
    try:
        return parse_shipped(CourseFiles(root).text(root / SHIPPED))
    except ValueError:
        raise CourseError("this file is damaged", where=SHIPPED,
                          fix=f"Get it back with `git checkout -- {SHIPPED}`.") from None


def parse_shipped(text: str) -> Shipped:
    """Read the file's text; raises ValueError where it is damaged."""
    try:
        data = json.loads(text)
        stubs = {_word(name): "\n".join(map(_word, lines)) for name, lines in data["stubs"].items()}
        return Shipped(_words(data["files"]), stubs, _words(data.get("others", {})))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(str(error)) from None


def _words(table: dict[object, object]) -> dict[str, str]:
    return {_word(key): _word(value) for key, value in table.items()}


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
