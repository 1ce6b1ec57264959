"""Read single keys from a terminal, and leave the terminal as it was."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Keys = Callable[[float], str]
"""Waits so many seconds for a key, and gives it; nothing if there was none."""
_TERMINATED = 128 + signal.SIGTERM


@contextmanager
def reading_keys() -> Iterator[Keys | None]:
    """Give a function that reads keys; None where no keys can be typed. Ctrl-C stays Ctrl-C."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield None
    elif sys.platform == "win32":
        yield _windows_key
    else:
        with _posix_keys() as keys:
            yield keys


if sys.platform == "win32":
    import msvcrt

    def _windows_key(seconds: float) -> str:
        end = time.monotonic() + seconds
        while True:
            if msvcrt.kbhit():
                return msvcrt.getwch()
            if time.monotonic() >= end:
                return ""
            time.sleep(min(seconds, 0.05))
else:
    import termios
    import tty

    @contextmanager
    def _posix_keys() -> Iterator[Keys]:
        handle = sys.stdin.fileno()
        before = termios.tcgetattr(handle)

        def end(number: int, frame: object) -> None:
            raise SystemExit(_TERMINATED)

        old = signal.signal(signal.SIGTERM, end)  # or the terminal would stay without an echo
        try:
            tty.setcbreak(handle, termios.TCSANOW)
            yield lambda seconds: _posix_key(handle, seconds)
        finally:
            termios.tcsetattr(handle, termios.TCSADRAIN, before)
            signal.signal(signal.SIGTERM, old)

    def _posix_key(handle: int, seconds: float) -> str:
        if not select.select([handle], [], [], seconds)[0]:
            return ""
        data = os.read(handle, 64)
        if not data:  # the terminal is gone
            raise SystemExit(_TERMINATED)
        return data.decode("utf-8", "replace")[:1]
