"""Golden screens: texts that a person has looked at.

To renew them after a wanted change: GRADER_WRITE_GOLDEN=1 pytest, then read the difference.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

from grader.render.screen import Screen, open_console

GOLDEN = Path(__file__).with_name("golden")


def check_golden(name: str, text: str) -> None:
    """Compare a screen with its golden file."""
    file = GOLDEN / name
    if os.environ.get("GRADER_WRITE_GOLDEN"):
        file.write_text(text, encoding="utf-8", newline="\n")
    assert text == file.read_text(encoding="utf-8")


def shown(
    write: Callable[[Screen], None], *, plain: bool = False, encoding: str = "utf-8", width: int = 80
) -> str:
    """Show a screen on a stream of an encoding, which fails on any character that it lacks."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    console = open_console(plain=plain, file=stream)
    console.width = width
    screen = Screen(console, plain=plain)
    write(screen)
    screen.show()
    stream.flush()
    return raw.getvalue().decode(encoding)
