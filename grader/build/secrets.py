"""Prove that nothing secret is in what students get.

A secret is a body of code: of a hidden test, of a misconception, of an exercise, of a solution helper.
It is looked for twice: as statements in Python files and code blocks of lessons (so spacing, comments
and docstrings do not hide it), and as lines in every file (so commented-out code is found).
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.course import Course
from grader.errors import CourseError

SECRET_FILES = ("test_hidden.py", "misconceptions.py", "goldens.npz", "keys.py", "reviews.toml", "me.toml")
_SIGNIFICANT_NODES = 4
"""`return a + b` has four nodes. A smaller body (`return x`, `pass`) gives nothing away."""
_PROMPT = re.compile(r"^(?:[>#|+-]|\.\.\.|\s)+")
_COMMENT = re.compile(r"\s#.*$")
_CODE_BLOCK = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n]*\n(.*?)^[ \t]*\1", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Secret:
    """A body of code that students must not see."""

    what: str
    statements: tuple[str, ...]
    """Dumps of its syntax trees."""
    lines: str
    """Its lines, without spaces and comments."""


def secret_of(what: str, body: Iterable[ast.stmt], source: str) -> Secret | None:
    """Make the secret of a body; None if it is too small to give anything away."""
    statements = [node for node in body if not _is_text(node)]
    size = sum(isinstance(inner, (ast.stmt, ast.expr)) for node in statements for inner in ast.walk(node))
    if size < _SIGNIFICANT_NODES:
        return None
    code = source.split("\n")[statements[0].lineno - 1 : statements[-1].end_lineno]
    return Secret(what, _dumps(statements), _significant("\n".join(code)))


def _is_text(node: ast.stmt) -> bool:
    """Tell a docstring (or another text that stands alone) from code."""
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _dumps(statements: Iterable[ast.stmt]) -> tuple[str, ...]:
    return tuple(ast.dump(node) for node in statements if not _is_text(node))


def _significant(text: str) -> str:
    """Join a text's lines without prompts, trailing comments, spaces and blank lines."""
    lines = (re.sub(r"\s", "", _COMMENT.sub("", _PROMPT.sub("", line))) for line in text.split("\n"))
    return "\n" + "".join(f"{line}\n" for line in lines if line)


def course_secrets(course: Course) -> Iterator[Secret]:
    """List the secrets in the hidden tests and misconceptions of all lessons."""
    for lesson in course.lessons:
        for file, prefix, what in (
            ("test_hidden.py", "test", "the hidden test"), ("misconceptions.py", "", "the misconception"),
        ):
            path = lesson.folder / file
            source = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
            for node in ast.parse(source).body:
                if isinstance(node, ast.FunctionDef) and node.name.startswith(prefix):
                    place = f"{path.relative_to(course.root).as_posix()}:{node.lineno}"
                    secret = secret_of(f"{what} `{node.name}` ({place})", node.body, source)
                    if secret:
                        yield secret


def refuse_secrets(course: Course, output: Mapping[str, bytes], secrets: Iterable[Secret]) -> None:
    """Refuse an output that holds a secret; raises CourseError with the file and the secret."""
    known = list(secrets)
    goldens = [lesson.folder / "goldens.npz" for lesson in course.lessons]
    numbers = [path.read_bytes() for path in goldens if path.is_file()]
    for name, data in output.items():
        if PurePosixPath(name).name in SECRET_FILES or data in numbers:
            raise CourseError("students must not get this file", where=name,
                              fix="Take it out of assignments/template/.")
        found = _search(name, data.decode("utf-8", "replace"), known)
        if found:
            raise CourseError(f"{found.what} would appear in this file", where=name,
                              fix="Take it out of the file this one is made from, or rewrite it there.")


def _search(name: str, text: str, secrets: list[Secret]) -> Secret | None:
    lines = _significant(text)
    code = [text] if name.endswith(".py") else [block[2] for block in _CODE_BLOCK.finditer(text)]
    blocks = [block for part in code for block in _blocks(textwrap.dedent(part))]
    # Nearly no secret begins like anything in the file: only those that do are looked for in full.
    first_lines, statements = set(lines.split("\n")), {dump for block in blocks for dump in block}
    for secret in secrets:
        if secret.lines.split("\n", 2)[1] in first_lines and secret.lines in lines:
            return secret
        if secret.statements[0] in statements and any(_holds(block, secret.statements) for block in blocks):
            return secret
    return None


def _holds(block: Sequence[str], statements: Sequence[str]) -> bool:
    """Tell whether a block has these statements, one after the other."""
    return any(block[start:start + len(statements)] == statements for start in range(len(block)))


def _blocks(code: str) -> Iterator[tuple[str, ...]]:
    """Dump each block of statements of some code; code that is no Python has none."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield _dumps(value)
