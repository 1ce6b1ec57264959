"""Mutated files: answers in TOML, trees of submissions, courses."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

PIECES = (
    "[",
    "]",
    "{",
    "}",
    "=",
    ".",
    ",",
    '"',
    "'",
    '"""',
    "'''",
    "\\",
    "#",
    "\n",
    " ",
    "-",
    "_",
    "0x",
    "1e",
    "nan",
    "inf",
    "true",
    "[[",
    "]]",
    "id",
    "answer",
    "text",
    "roles",
    "1979-05-27",
    "\\u202e",
    "é",
    "\0",
    "\x1b",
    "::error::",
    "9",
)
ANSWERS = (
    'id = "eve"\n',
    "[two-words]\nscores = [7.5, 4.5]\nweights = [0.95, 0.05]\nout = 7.76\n",
    '[roles]\nanswer = "b"\n[who-decides]\nanswer = ["a", "b"]\n',
    '[to-a-friend]\ntext = """\nIt looks.\n"""\n',
)


def answer_files(seed: int, count: int) -> Iterator[str]:
    """Make texts that are nearly TOML, and some that are one piece again and again."""
    rng = random.Random(seed)
    for _ in range(count):
        text = rng.choice(ANSWERS)
        for _ in range(rng.choice((1, 2, 5, 20))):
            place = rng.randrange(len(text) + 1)
            piece = rng.choice(PIECES) * rng.choice((1, 1, 1, 2, 9))
            text = text[:place] + piece + text[place + rng.choice((0, 0, 1, 3)) :]
        yield text


def long_answer_files(seed: int, count: int, size: int) -> Iterator[str]:
    """Make texts of full length from one to three pieces: what makes a slow parser slow."""
    rng = random.Random(seed)
    for _ in range(count):
        pattern = "".join(rng.choice(PIECES) for _ in range(rng.choice((1, 1, 2, 3, 5))))
        start = rng.choice(("", "x = ", 'x = """', "x = '''", "[", 'x = "'))
        yield (start + pattern * (size // max(1, len(pattern.encode()))))[: size // 2 + 1]


NAMES = (
    "attention.py",
    "a.py",
    "b.PY",
    "é.py",
    "import.py",
    "x.pyc",
    "conftest.py",
    "numpy",
    "sub",
    "__init__.py",
    "a b.py",
    ".hidden.py",
    "\u202e.py",
    "x" * 200 + ".py",
    "::error::.py",
    "me.toml",
    "checkpoint_1.toml",
    "p.png",
)
CONTENTS = (
    b"x = 1\n",
    b"",
    b"\0",
    b"\xff\xfea\0",
    b"\xef\xbb\xbfx",
    b"# coding: latin-1\n\xe9",
    b"\r\r\n",
    b"(" * 5000,
    b"id = 'x'",
    bytes(range(256)),
)


def tree(rng: random.Random, root: Path, package: str) -> None:
    """Fill a folder as a submission that somebody or something has spoilt."""
    for folder in (root / package, root / "answers", root / package / "sub", root / ".git"):
        if rng.random() < 0.8:
            folder.mkdir(parents=True, exist_ok=True)
    for _ in range(rng.randrange(12)):
        folder = rng.choice([root, root / package, root / package / "sub", root / "answers", root / ".git"])
        if folder.is_dir():
            _put(rng, folder / rng.choice((*NAMES, "HEAD", "packed-refs")), root)


def _put(rng: random.Random, place: Path, root: Path) -> None:
    way = rng.randrange(8)
    if place.exists() or place.is_symlink():
        return
    if way == 0:
        place.symlink_to(rng.choice(("/etc/passwd", ".", "..", str(root), "nowhere")))
    elif way == 1:
        place.mkdir()
    else:
        content = rng.choice(CONTENTS)
        at = rng.randrange(len(content) + 1)
        place.write_bytes(
            content[:at] + bytes(rng.randrange(256) for _ in range(rng.randrange(4))) + content[at:]
        )


SPOILT = (
    "course.toml",
    "rubric.toml",
    "test_hidden.py",
    "test_public.py",
    "misconceptions.py",
    "1.toml",
    "keys.py",
    "add.py",
    "scale.py",
    "README.md",
)


def spoil_course(rng: random.Random, source: Path, root: Path) -> None:
    """Copy a course, and change one or two of its files."""
    shutil.copytree(source, root, ignore=shutil.ignore_patterns("__pycache__"))
    files = sorted(f for f in root.rglob("*") if f.is_file() and f.name in SPOILT)
    ways: list[Callable[[random.Random, bytes], bytes]] = [
        _without_a_line,
        _twice_a_line,
        _other_bytes,
        _other_word,
    ]
    for file in rng.sample(files, rng.choice((1, 1, 2))):
        file.write_bytes(rng.choice(ways)(rng, file.read_bytes()))


def _without_a_line(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    del lines[rng.randrange(len(lines))]
    return b"\n".join(lines)


def _twice_a_line(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    place = rng.randrange(len(lines))
    return b"\n".join([*lines[:place], lines[place], *lines[place:]])


def _other_bytes(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 3))):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _other_word(rng: random.Random, data: bytes) -> bytes:
    words = [b'"', b"1", b"[", b"true", b"1.1", b"points", b"needs", b"nan", b"''", b"99999999999999999999"]
    return data.replace(rng.choice(words), rng.choice(words), rng.choice((1, 2, -1)))
